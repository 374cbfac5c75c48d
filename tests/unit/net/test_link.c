/* Bridges and links of containers, in a network namespace of the test's own. */
#include "check.h"
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int host, inside, netns, own;

/* Two namespaces: we are in the first, "inside" is a socket of the second. */
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
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return net_link_socket(&host, &err);
}

static const struct net_bridge bridge = {
	.name = "br-test", .address = { 0x0a090001, 24 }, .mtu = 1400, .is_nat = false
};

static struct net_veth veth(void)
{
	struct net_veth v = {
		.bridge = "br-test",
		.host_name = "bv-test",
		.netns = netns,
		.name = "eth0",
		.address = { 0x0a090002, 24 },
		.gateway = 0x0a090001,
		.mtu = 1400,
	};

	net_mac_of(v.address.address, v.mac);
	return v;
}

TEST(a_bridge_is_made_once_and_then_found)
{
	struct err err = ERR_INIT;
	int first, second;

	CHECK_OK(net_bridge_setup(host, &bridge, &err));
	CHECK_OK(net_link_index(host, "br-test", &first));
	CHECK_OK(net_bridge_setup(host, &bridge, &err));
	CHECK_OK(net_link_index(host, "br-test", &second));
	CHECK_INT(first, second);
}

TEST(a_container_gets_its_interface_and_route)
{
	struct net_veth v = veth();
	struct err err = ERR_INIT;
	char text[512] = "";
	int index;
	FILE *routes;

	CHECK_OK(net_veth_setup(host, inside, &v, &err));
	CHECK_OK(net_link_index(inside, "eth0", &index));
	CHECK_OK(net_link_index(host, "bv-test", &index));
	CHECK_OK(setns(netns, CLONE_NEWNET));
	routes = fopen("/proc/thread-self/net/route", "r");
	CHECK(fread(text, 1, sizeof(text) - 1, routes) > 0);
	(void)fclose(routes);
	CHECK_OK(setns(own, CLONE_NEWNET));
	CHECK(strstr(text, "eth0\t00000000\t0100090A") != NULL);
}

TEST(a_route_of_the_host_overlaps_what_it_leads_to)
{
	struct cidr within = { 0x0a090000, 16 }, beside = { 0x0a0a0000, 16 };
	struct err err = ERR_INIT;
	bool overlaps;

	CHECK_OK(net_route_overlaps(host, &within, &overlaps, &err));
	CHECK(overlaps);
	CHECK_OK(net_route_overlaps(host, &beside, &overlaps, &err));
	CHECK(!overlaps);
}

TEST(a_second_link_of_the_same_name_is_refused_and_leaves_nothing)
{
	struct net_veth v = veth();
	struct err err = ERR_INIT;
	int index;

	v.host_name = "bv-other";
	CHECK_ERR(net_veth_setup(host, inside, &v, &err), -EEXIST, &err, "eth0");
	CHECK_INT(net_link_index(host, "bv-other", &index), -ENODEV);
}

TEST(a_missing_bridge_is_named)
{
	struct net_veth v = veth();
	struct err err = ERR_INIT;

	v.bridge = "br-none";
	CHECK_ERR(net_veth_setup(host, inside, &v, &err), -ENODEV, &err, "br-none");
}

TEST(removing_what_is_gone_is_fine)
{
	struct err err = ERR_INIT;
	int index;

	CHECK_OK(net_link_remove(host, "br-test", &err));
	CHECK_OK(net_link_remove(host, "br-test", &err));
	CHECK_INT(net_link_index(host, "br-test", &index), -ENODEV);
}

TEST(a_mac_follows_from_the_address)
{
	unsigned char mac[NET_MAC_LEN];
	static const unsigned char want[] = { 0x02, 0x42, 0xac, 0x11, 0x00, 0x02 };

	net_mac_of(0xac110002, mac);
	CHECK(memcmp(mac, want, sizeof(want)) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_bridge_is_made_once_and_then_found),
		T(a_container_gets_its_interface_and_route),
		T(a_route_of_the_host_overlaps_what_it_leads_to),
		T(a_second_link_of_the_same_name_is_refused_and_leaves_nothing),
		T(a_missing_bridge_is_named),
		T(removing_what_is_gone_is_fine),
		T(a_mac_follows_from_the_address),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
