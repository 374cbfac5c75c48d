/* The rules of networks, in a network namespace of the test's own. */
#include "check.h"
#include "net/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

static int fd;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (geteuid() != 0 && unshare(CLONE_NEWUSER) < 0)
		return -1;
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	return net_rules_socket(&fd, &err);
}

static const struct net_member members[] = {
	{ "br-one", { 0x0a010000, 16 }, false, true, true },
	{ "br-two", { 0x0a020000, 16 }, true, false, false },
};
static const struct net_port web = { IPPROTO_TCP, 0, 8080, 0x0a010002, 80 };
static const struct net_port local = { IPPROTO_UDP, 0x7f000001, 53, 0x0a010002, 53 };

static struct net_rules ports(const struct net_port *p, size_t n)
{
	return (struct net_rules){ .ports = p, .n_ports = n };
}

TEST(rules_are_not_there_before_they_are_written)
{
	struct err err = ERR_INIT;
	struct net_rules one = ports(&web, 1);

	CHECK_INT(net_rules_find(fd), -ENOENT);
	CHECK_INT(net_rules_add(fd, &one, &err), -ENOENT);
	CHECK_OK(net_rules_remove(fd, &err));
}

TEST(writing_replaces_everything)
{
	struct net_rules all = {
		.members = members, .n_members = 2, .ports = &web, .n_ports = 1, .no_transit = true
	};
	struct net_rules one = ports(&web, 1), none = { .n_ports = 0 };
	struct err err = ERR_INIT;

	CHECK_OK(net_rules_write(fd, &all, &err));
	CHECK_OK(net_rules_find(fd));
	CHECK_OK(net_rules_write(fd, &none, &err));
	CHECK_INT(net_rules_drop(fd, &one), -ENOENT);
}

TEST(a_port_is_added_twice_by_the_same_container_and_not_by_another)
{
	struct net_port other = web;
	struct net_rules one = ports(&web, 1), two = ports(&other, 1);
	struct err err = ERR_INIT;

	other.address++;
	CHECK_OK(net_rules_add(fd, &one, &err));
	CHECK_OK(net_rules_add(fd, &one, &err));
	CHECK_ERR(net_rules_add(fd, &two, &err), -EADDRINUSE, &err, "port 8080");
	CHECK_OK(net_rules_drop(fd, &one));
	CHECK_OK(net_rules_add(fd, &two, &err));
	CHECK_OK(net_rules_drop(fd, &two));
}

TEST(a_transaction_that_fails_changes_nothing)
{
	struct net_port both[] = { local, web };
	struct net_port taken = web;
	struct net_rules first = ports(&taken, 1), second = ports(both, 2), rest = ports(&local, 1);
	struct err err = ERR_INIT;

	taken.address++;
	CHECK_OK(net_rules_add(fd, &first, &err));
	CHECK_ERR(net_rules_add(fd, &second, &err), -EADDRINUSE, &err, "port 8080");
	CHECK_INT(net_rules_drop(fd, &rest), -ENOENT);
	CHECK_OK(net_rules_drop(fd, &first));
}

TEST(what_is_missing_does_not_keep_the_rest)
{
	struct net_port both[] = { local, web };
	struct net_rules rest = ports(&web, 1), all = ports(both, 2);
	struct err err = ERR_INIT;

	CHECK_OK(net_rules_add(fd, &rest, &err));
	CHECK_INT(net_rules_drop(fd, &all), -ENOENT);
	CHECK_INT(net_rules_drop(fd, &rest), -ENOENT);
}

TEST(five_thousand_ports_are_one_transaction)
{
	static struct net_port many[5000];
	struct net_rules all = ports(many, 5000);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 5000; i++) {
		many[i] = web;
		many[i].host_port = (uint16_t)(10000 + i);
	}
	CHECK_OK(net_rules_add(fd, &all, &err));
	CHECK_OK(net_rules_drop(fd, &all));
}

TEST(forgetting_connections_of_nobody_is_fine)
{
	CHECK_OK(net_conntrack_forget(0x0a010002));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(rules_are_not_there_before_they_are_written),
		T(writing_replaces_everything),
		T(a_port_is_added_twice_by_the_same_container_and_not_by_another),
		T(a_transaction_that_fails_changes_nothing),
		T(what_is_missing_does_not_keep_the_rest),
		T(five_thousand_ports_are_one_transaction),
		T(forgetting_connections_of_nobody_is_fine),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
