/*
 * link.c - bridges, and links between them and containers
 *
 * rtnetlink(7). A container's link is made by one message: both ends, the other one directly in the
 * container's namespace with its name and address, this one as a port of the bridge. Taking
 * it down costs the kernel 10 ms and a lock that all of its network needs, so nobody does: when the
 * container's namespace goes, the kernel takes all links of all that ended then together.
 *
 * A bridge gets a MAC of its own. Otherwise it takes the lowest of its ports, and each change makes
 * it forget all its neighbours.
 */
#include "net/net.h"

#include "base/own.h"
#include "base/str.h"
#include "net/link.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { LOOPBACK_INDEX = 1 };

void net_mac_of(const struct ip_block *address, unsigned char ret[NET_MAC_LEN])
{
	const uint8_t *b = address->bytes;

	ret[0] = 0x02;
	ret[1] = 0x42;
	for (size_t i = 0; i < 4; i++)
		ret[2 + i] = address->family == 4 ? b[i] : b[8 + i] ^ b[12 + i];
}

int net_link_socket(int *ret_fd, struct err *err)
{
	int r = netlink_open(NETLINK_ROUTE, ret_fd);

	return r < 0 ? err_code(err, r, "rtnetlink of the kernel") : 0;
}

/* -- messages -- */

/* None asks for an acknowledgement: the kernel tells of errors without being asked. */
void link_begin(struct netlink_batch *b, uint16_t type, uint16_t flags, int index, bool up)
{
	struct ifinfomsg head = { .ifi_index = index };

	if (up)
		head.ifi_flags = head.ifi_change = IFF_UP;
	netlink_begin(b, type, flags, &head, sizeof(head));
}

static uint8_t kernel_family(const struct ip_block *address)
{
	return address->family == 4 ? AF_INET : AF_INET6;
}

static void put_bytes(struct netlink_batch *b, uint16_t type, const struct ip_block *address)
{
	netlink_put(b, type, address->bytes, ip_block_bytes(address));
}

/* Addresses of IPv6 are good at once: we gave them out, so nobody has to be asked (RFC 4862, 5.4).
 */
static void add_address(struct netlink_batch *b, int index, const struct ip_block *address)
{
	struct ifaddrmsg head = { .ifa_family = kernel_family(address),
				  .ifa_prefixlen = address->prefix,
				  .ifa_scope = ip_block_is_link_local(address) ? RT_SCOPE_LINK
									       : RT_SCOPE_UNIVERSE,
				  .ifa_index = (unsigned)index };
	struct ip_block last = ip_block_last(address);

	netlink_begin(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
	put_bytes(b, IFA_LOCAL, address);
	put_bytes(b, IFA_ADDRESS, address);
	if (address->family == 6)
		netlink_put_u32(b, IFA_FLAGS, IFA_F_NODAD);
	else if (address->prefix < 31)
		put_bytes(b, IFA_BROADCAST, &last);
}

static void add_default_route(struct netlink_batch *b, int index, const struct ip_block *gateway)
{
	struct rtmsg head = { .rtm_family = kernel_family(gateway),
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_BOOT,
			      .rtm_scope =
				      ip_block_is_any(gateway) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
			      .rtm_type = RTN_UNICAST };

	netlink_begin(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
	if (!ip_block_is_any(gateway))
		put_bytes(b, RTA_GATEWAY, gateway);
	netlink_put_u32(b, RTA_OIF, (uint32_t)index);
}

/* -- looking -- */

int net_link_index(int fd, const char *name, int *ret)
{
	/* Any socket answers this, and says nothing else: an interface's whole message has 2 KB. */
	struct ifreq r = { .ifr_ifindex = 0 };

	if (strlen(name) >= sizeof(r.ifr_name))
		return -ENODEV;
	memcpy(r.ifr_name, name, strlen(name));
	if (ioctl(fd, SIOCGIFINDEX, &r) < 0)
		return -errno;
	*ret = r.ifr_ifindex;
	return 0;
}

static int take_received(void *ctx, const struct nlmsghdr *h)
{
	const struct ifinfomsg *m = NLMSG_DATA(h);
	const struct nlattr *stats;
	struct rtnl_link_stats64 all;

	if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return 0;
	stats = netlink_find(IFLA_RTA(m), h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)), IFLA_STATS64);
	/* A later kernel's is longer; what is used stands in front. */
	if (!stats || netlink_len(stats) < sizeof(all.rx_packets))
		return 0;
	memcpy(&all.rx_packets, netlink_data(stats), sizeof(all.rx_packets));
	*(uint64_t *)ctx = all.rx_packets;
	return 0;
}

int net_link_received(int fd, const char *name, uint64_t *ret)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	uint64_t packets = UINT64_MAX;
	int r;

	link_begin(&b, RTM_GETLINK, 0, 0, false);
	netlink_put_str(&b, IFLA_IFNAME, name);
	r = netlink_send(fd, &b, take_received, &packets, NULL);
	if (r == 0)
		*ret = packets;
	return r;
}

struct looking {
	const struct ip_block *subnet;
	bool found;
};

static int look_at_route(void *ctx, const struct nlmsghdr *h)
{
	struct looking *l = ctx;
	const struct rtmsg *m = NLMSG_DATA(h);
	const struct nlattr *to;
	struct ip_block route;

	if (h->nlmsg_type != RTM_NEWROUTE || m->rtm_dst_len == 0 ||
	    h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || m->rtm_family != kernel_family(l->subnet) ||
	    (m->rtm_type != RTN_UNICAST && m->rtm_type != RTN_LOCAL))
		return 0;
	to = netlink_find(RTM_RTA(m), h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)), RTA_DST);
	if (!to || netlink_len(to) != ip_block_bytes(l->subnet))
		return 0;
	route = ip_block_of(l->subnet->family, netlink_data(to));
	route.prefix = m->rtm_dst_len;
	l->found = l->found || ip_block_overlaps(&route, l->subnet);
	return 0;
}

int net_route_overlaps(int fd, const struct ip_block *subnet, bool *ret, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	struct rtmsg head = { .rtm_family = kernel_family(subnet), .rtm_table = RT_TABLE_MAIN };
	struct looking l = { .subnet = subnet };
	int r;

	*ret = false;
	if (subnet->family == 6 && !net_has_ipv6())
		return 0;
	netlink_begin(&b, RTM_GETROUTE, NLM_F_DUMP, &head, sizeof(head));
	r = netlink_send(fd, &b, look_at_route, &l, NULL);
	if (r < 0)
		return err_code(err, r, "reading the host's routes");
	*ret = l.found;
	return 0;
}

/* -- bridges -- */

static int create_bridge(int fd, const struct net_bridge *b, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch batch = { 0 };
	size_t info;
	int r;

	link_begin(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, true);
	netlink_put_str(&batch, IFLA_IFNAME, b->name);
	netlink_put(&batch, IFLA_ADDRESS, b->mac, sizeof(b->mac));
	netlink_put_u32(&batch, IFLA_MTU, b->mtu);
	info = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_str(&batch, IFLA_INFO_KIND, "bridge");
	netlink_unnest(&batch, info);
	r = netlink_send(fd, &batch, NULL, NULL, NULL);
	return r < 0 ? err_code(err, r, "creating the bridge %s", b->name) : 0;
}

static int set_bridge(const struct net_bridge *b, const char *version, const char *name,
		      const char *value, struct err *err)
{
	OWN(str) char *path = str_printf("/proc/sys/net/%s/conf/%s/%s", version, b->name, name);
	int r = file_put_at(AT_FDCWD, path, value, strlen(value));

	return r < 0 ? err_code(err, r, "%s", path) : 0;
}

static bool has_version(const struct ip_block *addresses, size_t n, size_t version)
{
	for (size_t i = 0; i < n; i++)
		if (net_version(&addresses[i]) == version)
			return true;
	return false;
}

/* No bridge takes its addresses and routes from what a container says. */
static int set_bridge_up(const struct net_bridge *b, struct err *err)
{
	int r = 0;

	if (b->is_nat)
		r = set_bridge(b, "ipv4", "route_localnet", "1", err);
	if (r == 0 && net_has_ipv6())
		r = set_bridge(b, "ipv6", "accept_ra", "0", err);
	if (r < 0 || !has_version(b->addresses, b->n_addresses, NET_V6))
		return r;
	r = set_bridge(b, "ipv6", "disable_ipv6", "0", err);
	return r < 0 ? r : set_bridge(b, "ipv6", "accept_dad", "0", err);
}

int net_bridge_setup(int fd, const struct net_bridge *b, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch batch = { 0 };
	int index, r = net_link_index(fd, b->name, &index);

	if (r == -ENODEV) {
		r = create_bridge(fd, b, err);
		if (r < 0)
			return r;
		r = net_link_index(fd, b->name, &index);
	}
	if (r < 0)
		return err_code(err, r, "bridge %s", b->name);
	r = set_bridge_up(b, err);
	if (r < 0)
		return r;
	link_begin(&batch, RTM_NEWLINK, 0, index, true);
	for (size_t i = 0; i < b->n_addresses; i++)
		add_address(&batch, index, &b->addresses[i]);
	r = netlink_send(fd, &batch, NULL, NULL, NULL);
	return r < 0 ? err_code(err, r, "address of the bridge %s", b->name) : 0;
}

int net_link_remove(int fd, const char *name, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	int r;

	link_begin(&b, RTM_DELLINK, 0, 0, false);
	netlink_put_str(&b, IFLA_IFNAME, name);
	r = netlink_send(fd, &b, NULL, NULL, NULL);
	return r < 0 && r != -ENODEV ? err_code(err, r, "removing the interface %s", name) : 0;
}

/* -- links of containers -- */

static void create_veth(struct netlink_batch *b, const struct net_veth *v, int bridge)
{
	struct ifinfomsg other = { .ifi_index = 0 }; /* that it is up can only be said later */
	size_t info, data, peer;

	link_begin(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, true);
	netlink_put_str(b, IFLA_IFNAME, v->host_name);
	netlink_put_u32(b, IFLA_MTU, v->mtu);
	netlink_put_u32(b, IFLA_MASTER, (uint32_t)bridge);
	info = netlink_nest(b, IFLA_LINKINFO);
	netlink_put_str(b, IFLA_INFO_KIND, "veth");
	data = netlink_nest(b, IFLA_INFO_DATA);
	peer = netlink_nest(b, VETH_INFO_PEER);
	netlink_put_raw(b, &other, sizeof(other));
	netlink_put_str(b, IFLA_IFNAME, v->name);
	netlink_put(b, IFLA_ADDRESS, v->mac, sizeof(v->mac));
	netlink_put_u32(b, IFLA_MTU, v->mtu);
	netlink_put_u32(b, IFLA_NET_NS_FD, (uint32_t)v->netns);
	netlink_unnest(b, peer);
	netlink_unnest(b, data);
	netlink_unnest(b, info);
}

/*
 * Hairpin: with br_netfilter a container that calls its own published port is sent back to it by
 * the bridge itself.
 */
static void set_port(struct netlink_batch *b, const struct net_veth *v)
{
	static const uint8_t on = 1;
	size_t info, data;

	link_begin(b, RTM_NEWLINK, 0, 0, false);
	netlink_put_str(b, IFLA_IFNAME, v->host_name);
	info = netlink_nest(b, IFLA_LINKINFO);
	netlink_put_str(b, IFLA_INFO_SLAVE_KIND, "bridge");
	data = netlink_nest(b, IFLA_INFO_SLAVE_DATA);
	netlink_put(b, IFLA_BRPORT_MODE, &on, sizeof(on));
	if (v->isolated)
		netlink_put(b, IFLA_BRPORT_ISOLATED, &on, sizeof(on));
	netlink_unnest(b, data);
	netlink_unnest(b, info);
}

/*
 * Namespaces of containers have no IPv6 on what comes, so that an interface without addresses of it
 * has none. Where there are some, they come from us alone: not from routers, and nobody is asked.
 */
static int allow_ipv6(const struct net_veth *v, struct err *err)
{
	static const char *const all[][2] = { { "disable_ipv6", "0" },
					      { "accept_ra", "0" },
					      { "accept_dad", "0" } };
	enum { N = sizeof(all) / sizeof(all[0]) };
	char paths[N][64];
	struct net_setting settings[N];

	for (size_t i = 0; i < N; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "ipv6/conf/%s/%s", v->name, all[i][0]);
		settings[i] = (struct net_setting){ paths[i], all[i][1] };
	}
	return net_settings_write(v->netns, settings, N, err);
}

static int set_before_up(const struct net_veth *v, struct err *err)
{
	int r = has_version(v->addresses, v->n_addresses, NET_V6) ? allow_ipv6(v, err) : 0;

	return r < 0 ? r : net_settings_write(v->netns, v->settings, v->n_settings, err);
}

int link_configure(int inside, const struct net_veth *v, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	uint32_t failed;
	int index, r = net_link_index(inside, v->name, &index);

	if (r < 0)
		return err_code(err, r, "interface %s of the container", v->name);
	r = set_before_up(v, err);
	if (r < 0)
		return r;
	link_begin(&b, RTM_NEWLINK, 0, LOOPBACK_INDEX, true);
	link_begin(&b, RTM_NEWLINK, 0, index, true);
	for (size_t i = 0; i < v->n_addresses; i++)
		add_address(&b, index, &v->addresses[i]);
	for (size_t i = 0; i < NET_VERSIONS; i++)
		if (v->gateways[i].family)
			add_default_route(&b, index, &v->gateways[i]);
	r = netlink_send(inside, &b, NULL, NULL, &failed);
	return r < 0 ? err_code(err, r, "%s of interface %s in the container",
				failed > 2 + v->n_addresses ? "default route" : "address", v->name)
		     : 0;
}

int net_veth_setup(int host, int inside, const struct net_veth *v, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	struct err ignored = ERR_INIT;
	uint32_t failed;
	int bridge, r = net_link_index(host, v->bridge, &bridge);

	if (r < 0)
		return err_code(err, r, "the network's bridge %s", v->bridge);
	create_veth(&b, v, bridge);
	set_port(&b, v);
	r = netlink_send(host, &b, NULL, NULL, &failed);
	if (r == -EXFULL || r == -ENOSPC)
		return err_set(err, r,
			       "the bridge %s has as many ports as a bridge can have (1023); use "
			       "another network",
			       v->bridge);
	if (r < 0 && failed == 1)
		return err_code(err, r, "linking %s in the container to the bridge %s", v->name,
				v->bridge);
	if (r < 0)
		r = err_code(err, r, "setting %s up at the bridge %s", v->host_name, v->bridge);
	else
		r = link_configure(inside, v, err);
	if (r < 0)
		(void)net_link_remove(host, v->host_name, &ignored);
	return r;
}

int net_loopback_setup(int inside, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	int r;

	link_begin(&b, RTM_NEWLINK, 0, LOOPBACK_INDEX, true);
	r = netlink_send(inside, &b, NULL, NULL, NULL);
	return r < 0 ? err_code(err, r, "interface lo of the container") : 0;
}

int net_default_route(int inside, const char *name, const struct ip_block *gateway, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	int index, r = net_link_index(inside, name, &index);

	if (r < 0)
		return err_code(err, r, "interface %s of the container", name);
	add_default_route(&b, index, gateway);
	r = netlink_send(inside, &b, NULL, NULL, NULL);
	return r < 0 ? err_code(err, r, "default route of the container") : 0;
}
