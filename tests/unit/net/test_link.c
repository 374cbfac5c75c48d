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

static const struct ip_block own_addresses[] = { { 4, 24, { 10, 9, 0, 1 } },
						 { 6, 64, { 0xfd, [15] = 1 } } };
static const struct ip_block its_addresses[] = { { 4, 24, { 10, 9, 0, 2 } },
						 { 6, 64, { 0xfd, [15] = 2 } },
						 { 6, 64, { 0xfe, 0x80, [15] = 9 } } };
static const struct net_bridge bridge = { .name = "br-test",
					  .mac = { 2, 0x42, 10, 9, 0, 1 },
					  .addresses = own_addresses,
					  .n_addresses = 2,
					  .mtu = 1400 };
static const struct net_setting martians = { "ipv4/conf/eth0/log_martians", "1" };

static struct net_veth veth(void)
{
	struct net_veth v = {
		.bridge = "br-test",
		.host_name = "bv-test",
		.netns = netns,
		.name = "eth0",
		.addresses = its_addresses,
		.n_addresses = 3,
		.gateways = { { 4, 32, { 10, 9, 0, 1 } }, { 6, 128, { 0xfd, [15] = 1 } } },
		.settings = &martians,
		.n_settings = 1,
		.mtu = 1400,
	};

	net_mac_of(&v.addresses[0], v.mac);
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

/* A file of /proc, where we are. */
static const char *contents(const char *path)
{
	static char text[4096];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = '\0';
	if (f)
		(void)fclose(f);
	return text;
}

TEST(a_container_gets_its_interface_and_route)
{
	struct net_veth v = veth();
	struct err err = ERR_INIT;
	int index;

	CHECK_OK(net_veth_setup(host, inside, &v, &err));
	CHECK_OK(net_link_index(inside, "eth0", &index));
	CHECK_OK(net_link_index(host, "bv-test", &index));
	CHECK_OK(setns(netns, CLONE_NEWNET));
	CHECK(strstr(contents("/proc/thread-self/net/route"), "eth0\t00000000\t0100090A"));
	CHECK(strstr(contents("/proc/thread-self/net/if_inet6"),
		     "fd000000000000000000000000000002"));
	CHECK(strstr(contents("/proc/thread-self/net/if_inet6"),
		     "fe800000000000000000000000000009"));
	CHECK(strstr(contents("/proc/thread-self/net/ipv6_route"),
		     "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
		     "fd000000000000000000000000000001"));
	CHECK_STR(contents("/proc/sys/net/ipv6/conf/eth0/accept_ra"), "0\n");
	CHECK_STR(contents("/proc/sys/net/ipv4/conf/eth0/log_martians"), "1\n");
	CHECK_OK(setns(own, CLONE_NEWNET));
}

TEST(a_default_route_is_replaced)
{
	static const struct ip_block other = { 6, 128, { 0xfd, [15] = 7 } };
	struct err err = ERR_INIT;

	CHECK_OK(net_default_route(inside, "eth0", &other, &err));
	CHECK_OK(setns(netns, CLONE_NEWNET));
	CHECK(strstr(contents("/proc/thread-self/net/ipv6_route"),
		     " 00 fd000000000000000000000000000007"));
	CHECK(!strstr(contents("/proc/thread-self/net/ipv6_route"),
		      " 00 fd000000000000000000000000000001"));
	CHECK_OK(setns(own, CLONE_NEWNET));
}

TEST(a_route_of_the_host_overlaps_what_it_leads_to)
{
	struct ip_block within = { 4, 16, { 10, 9 } }, beside = { 4, 16, { 10, 10 } },
			within6 = { 6, 48, { 0xfd } }, beside6 = { 6, 48, { 0xfd, 1 } };
	struct err err = ERR_INIT;
	bool overlaps;

	CHECK_OK(net_route_overlaps(host, &within, &overlaps, &err));
	CHECK(overlaps);
	CHECK_OK(net_route_overlaps(host, &beside, &overlaps, &err));
	CHECK(!overlaps);
	CHECK_OK(net_route_overlaps(host, &within6, &overlaps, &err));
	CHECK(overlaps);
	CHECK_OK(net_route_overlaps(host, &beside6, &overlaps, &err));
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

	static const struct ip_block v4 = { 4, 32, { 172, 17, 0, 2 } },
				     v6 = { 6, 128, { 0xfd, [15] = 2 } };
	static const unsigned char want6[] = { 0x02, 0x42, 0, 0, 0, 2 };

	net_mac_of(&v4, mac);
	CHECK(memcmp(mac, want, sizeof(want)) == 0);
	net_mac_of(&v6, mac);
	CHECK(memcmp(mac, want6, sizeof(want6)) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_bridge_is_made_once_and_then_found),
		T(a_container_gets_its_interface_and_route),
		T(a_default_route_is_replaced),
		T(a_route_of_the_host_overlaps_what_it_leads_to),
		T(a_second_link_of_the_same_name_is_refused_and_leaves_nothing),
		T(a_missing_bridge_is_named),
		T(removing_what_is_gone_is_fine),
		T(a_mac_follows_from_the_address),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
