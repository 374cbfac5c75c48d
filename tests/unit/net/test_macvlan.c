/* Interfaces that share one of the host's, in network namespaces of the test's own. */
#include "check.h"
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

static int host, inside, netns;

static int setup(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (geteuid() != 0 && unshare(CLONE_NEWUSER) < 0)
		return -1;
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (net_link_socket(&inside, &err) < 0 || unshare(CLONE_NEWNET) < 0)
		return -1;
	return net_link_socket(&host, &err);
}

static const struct net_parent island = { .name = "dm-test",
					  .owner = "berth test",
					  .is_isolated = true };

static const struct ip_block address = { .family = 4, .prefix = 24, .bytes = { 10, 7, 0, 2 } };

static struct net_share share(const char *mode)
{
	return (struct net_share){ .kind = "macvlan",
				   .mode = mode,
				   .link = { .bridge = "dm-test",
					     .netns = netns,
					     .name = "eth0",
					     .addresses = &address,
					     .n_addresses = 1 } };
}

TEST(the_name_of_a_vlan_is_an_interface_and_a_number)
{
	static const char *const wrong[] = { "eth0",    ".7",        "eth0.",
					     "eth0.0",  "eth0.4095", "eth0.x",
					     "eth0.1x", "eth0.07",   "abcdefghijklmn.1",
					     "" };
	char parent[NET_NAME_MAX];
	uint16_t id;

	CHECK_OK(net_parent_parse_vlan("eth0.10", parent, &id));
	CHECK_STR(parent, "eth0");
	CHECK_INT(id, 10);
	CHECK_OK(net_parent_parse_vlan("eth0.10.4094", parent, &id));
	CHECK_STR(parent, "eth0.10");
	CHECK_INT(id, 4094);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_INT(net_parent_parse_vlan(wrong[i], parent, &id), -EINVAL);
}

TEST(modes_and_flags_are_those_of_their_kind)
{
	CHECK(net_share_has_mode("macvlan", "passthru"));
	CHECK(net_share_has_mode("macvlan", NULL));
	CHECK(!net_share_has_mode("macvlan", "l2"));
	CHECK(net_share_has_mode("ipvlan", "l3s"));
	CHECK(!net_share_has_mode("ipvlan", "bridge"));
	CHECK(net_share_has_flag("ipvlan", "vepa"));
	CHECK(net_share_has_flag("macvlan", NULL));
	CHECK(!net_share_has_flag("macvlan", "vepa"));
	CHECK(!net_share_has_mode("vxlan", NULL));
}

TEST(a_kind_that_the_kernel_lacks_is_known)
{
	CHECK(net_link_has_kind(host, "macvlan"));
	CHECK(!net_link_has_kind(host, "there-is-none"));
}

TEST(an_isolated_parent_is_made_once_and_removed_by_its_owner_alone)
{
	struct net_parent others = island;
	struct err err = ERR_INIT;
	int first, second;

	CHECK_OK(net_parent_setup(host, &island, &err));
	CHECK_OK(net_link_index(host, "dm-test", &first));
	CHECK_OK(net_parent_setup(host, &island, &err));
	CHECK_OK(net_link_index(host, "dm-test", &second));
	CHECK_INT(first, second);
	others.owner = "berth other";
	CHECK_OK(net_parent_teardown(host, &others, &err));
	CHECK_OK(net_link_index(host, "dm-test", &second));
	CHECK_OK(net_parent_teardown(host, &island, &err));
	CHECK_INT(net_link_index(host, "dm-test", &second), -ENODEV);
	CHECK_OK(net_parent_teardown(host, &island, &err));
}

TEST(a_parent_that_is_neither_there_nor_a_vlan_is_refused)
{
	const struct net_parent p = { .name = "nowhere", .owner = "berth test" };
	const struct net_parent vlan = { .name = "nowhere.7", .owner = "berth test" };
	struct err err = ERR_INIT;

	CHECK_ERR(net_parent_setup(host, &p, &err), -ENODEV, &err, "there is no interface nowhere");
	CHECK_ERR(net_parent_setup(host, &vlan, &err), -ENODEV, &err,
		  "interface nowhere, of which nowhere.7 is to be a VLAN");
}

TEST(an_interface_is_made_in_the_container_and_nothing_is_seen_on_the_host)
{
	struct net_share s = share("bridge");
	struct err err = ERR_INIT;
	int index;

	CHECK_OK(net_parent_setup(host, &island, &err));
	CHECK_OK(net_share_setup(host, inside, &s, &err));
	CHECK_OK(net_link_index(inside, "eth0", &index));
	CHECK_INT(net_link_index(host, "eth0", &index), -ENODEV);
	CHECK_OK(net_link_remove(inside, "eth0", &err));
	CHECK_OK(net_parent_teardown(host, &island, &err));
}

TEST(what_cannot_be_made_leaves_nothing_and_says_why)
{
	const struct ip_block nowhere = { .family = 4, .prefix = 32, .bytes = { 11, 0, 0, 1 } };
	struct net_share s = share("bridge"), second = share("passthru");
	struct err err = ERR_INIT;
	int index;

	CHECK_ERR(net_share_setup(host, inside, &s, &err), -ENODEV, &err,
		  "the network's parent interface dm-test");
	CHECK_OK(net_parent_setup(host, &island, &err));
	s.link.gateways[NET_V4] = nowhere;
	CHECK_ERR(net_share_setup(host, inside, &s, &err), -ENETUNREACH, &err,
		  "default route of interface eth0 in the container");
	CHECK_INT(net_link_index(inside, "eth0", &index), -ENODEV);
	s.link.gateways[NET_V4].family = 0;
	CHECK_OK(net_share_setup(host, inside, &s, &err));
	second.link.name = "eth1";
	CHECK_ERR(net_share_setup(host, inside, &second, &err), -EINVAL, &err,
		  "the interface dm-test cannot be shared by another macvlan (passthru)");
	CHECK_OK(net_link_remove(inside, "eth0", &err));
	CHECK_OK(net_parent_teardown(host, &island, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_name_of_a_vlan_is_an_interface_and_a_number),
		T(modes_and_flags_are_those_of_their_kind),
		T(a_kind_that_the_kernel_lacks_is_known),
		T(an_isolated_parent_is_made_once_and_removed_by_its_owner_alone),
		T(a_parent_that_is_neither_there_nor_a_vlan_is_refused),
		T(an_interface_is_made_in_the_container_and_nothing_is_seen_on_the_host),
		T(what_cannot_be_made_leaves_nothing_and_says_why),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
