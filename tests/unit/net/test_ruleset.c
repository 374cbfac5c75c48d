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

#define V4(a, b, c, d)                                                                             \
	{                                                                                          \
		4, 32,                                                                             \
		{                                                                                  \
			a, b, c, d                                                                 \
		}                                                                                  \
	}
#define V6(last)                                                                                   \
	{                                                                                          \
		6, 128,                                                                            \
		{                                                                                  \
			0xfd, [15] = (last)                                                        \
		}                                                                                  \
	}

static const struct ip_block one_subnets[] = { { 4, 16, { 10, 1 } }, { 6, 64, { 0xfd } } };
static const struct ip_block two_subnets[] = { { 4, 16, { 10, 2 } } };
static const char *const trusted[] = { "wan", "lan" };
static const struct net_member members[] = {
	{ .bridge = "br-one",
	  .subnets = one_subnets,
	  .n_subnets = 2,
	  .icc = true,
	  .trusted = trusted,
	  .n_trusted = 2,
	  .nat = { { .on = true, .masquerade = true, .source = V4(192, 0, 2, 1) },
		   { .on = true, .masquerade = true, .unprotected = true, .routed = true } } },
	{ .bridge = "br-two",
	  .subnets = two_subnets,
	  .n_subnets = 1,
	  .is_internal = true,
	  .nat = { { .on = true } } },
};
static const struct net_port web = { IPPROTO_TCP, V4(0, 0, 0, 0), 8080, V4(10, 1, 0, 2), 80 };
static const struct net_port local = { IPPROTO_UDP, V4(127, 0, 0, 1), 53, V4(10, 1, 0, 2), 53 };
static const struct net_port web6 = { IPPROTO_TCP, { 6, 128, { 0 } }, 8080, V6(2), 80 };
static const struct net_port opened6 = { IPPROTO_TCP, { 6, 128, { 0 } }, 0, V6(2), 80 };

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
		.members = members,
		.n_members = 2,
		.ports = &web,
		.n_ports = 1,
		.no_transit = { true, true },
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

	other.address.bytes[3]++;
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

	taken.address.bytes[3]++;
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
	static const struct ip_block v4 = V4(10, 1, 0, 2), v6 = V6(2);

	CHECK_OK(net_conntrack_forget(&v4));
	CHECK_OK(net_conntrack_forget(&v6));
}

TEST(a_port_of_both_versions_is_two_elements_of_one_transaction)
{
	struct net_port both[] = { web, web6 }, taken6 = web6;
	struct net_rules all = ports(both, 2), rest = ports(&web, 1), other = ports(&taken6, 1);
	struct err err = ERR_INIT;

	taken6.address.bytes[15]++;
	CHECK_OK(net_rules_add(fd, &other, &err));
	CHECK_ERR(net_rules_add(fd, &all, &err), -EADDRINUSE, &err, "port 8080");
	CHECK_INT(net_rules_drop(fd, &rest), -ENOENT);
	CHECK_OK(net_rules_drop(fd, &other));
	CHECK_OK(net_rules_add(fd, &all, &err));
	CHECK_OK(net_rules_drop(fd, &all));
}

TEST(a_port_without_one_of_the_host_is_opened)
{
	struct net_rules one = ports(&opened6, 1);
	struct err err = ERR_INIT;

	CHECK_OK(net_rules_add(fd, &one, &err));
	CHECK_OK(net_rules_drop(fd, &one));
	CHECK_INT(net_rules_drop(fd, &one), -ENOENT);
}

TEST(networks_are_added_and_taken_back_whole)
{
	struct net_rules both = { .members = members, .n_members = 2 };
	struct err err = ERR_INIT;

	CHECK_OK(net_rules_add(fd, &both, &err));
	CHECK_OK(net_rules_add(fd, &both, &err));
	CHECK_OK(net_rules_drop(fd, &both));
	CHECK_INT(net_rules_drop(fd, &both), -ENOENT);
}

TEST(one_table_that_is_gone_is_missed)
{
	struct net_rules none = { .n_ports = 0 };
	struct err err = ERR_INIT;

	CHECK_OK(net_rules_find(fd));
	CHECK_OK(net_rules_remove(fd, &err));
	CHECK_INT(net_rules_find(fd), -ENOENT);
	CHECK_OK(net_rules_write(fd, &none, &err));
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
		T(a_port_of_both_versions_is_two_elements_of_one_transaction),
		T(a_port_without_one_of_the_host_is_opened),
		T(networks_are_added_and_taken_back_whole),
		T(one_table_that_is_gone_is_missed),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
