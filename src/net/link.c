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
#include "net/netlink.h"
#include "sys/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>

enum { LOOPBACK_INDEX = 1 };

void net_mac_of(uint32_t address, unsigned char ret[NET_MAC_LEN])
{
	uint32_t bytes = htonl(address);

	ret[0] = 0x02;
	ret[1] = 0x42;
	memcpy(ret + 2, &bytes, sizeof(bytes));
}

int net_link_socket(int *ret_fd, struct err *err)
{
	int r = netlink_open(NETLINK_ROUTE, ret_fd);

	return r < 0 ? err_code(err, r, "rtnetlink of the kernel") : 0;
}

/* -- messages -- */

static void begin_link(struct netlink_batch *b, uint16_t type, uint16_t flags, int index, bool up)
{
	struct ifinfomsg head = { .ifi_index = index };

	if (up)
		head.ifi_flags = head.ifi_change = IFF_UP;
	netlink_begin(b, type, flags | NLM_F_ACK, &head, sizeof(head));
}

static void add_address(struct netlink_batch *b, int index, const struct cidr *address)
{
	struct ifaddrmsg head = { .ifa_family = AF_INET,
				  .ifa_prefixlen = (uint8_t)address->prefix,
				  .ifa_index = (unsigned)index };

	netlink_begin(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, &head,
		      sizeof(head));
	netlink_put_be32(b, IFA_LOCAL, address->address);
	netlink_put_be32(b, IFA_ADDRESS, address->address);
	if (address->prefix < 31)
		netlink_put_be32(b, IFA_BROADCAST, cidr_last(address));
}

static void add_default_route(struct netlink_batch *b, int index, uint32_t gateway)
{
	struct rtmsg head = { .rtm_family = AF_INET,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_BOOT,
			      .rtm_scope = RT_SCOPE_UNIVERSE,
			      .rtm_type = RTN_UNICAST };

	netlink_begin(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, &head,
		      sizeof(head));
	netlink_put_be32(b, RTA_GATEWAY, gateway);
	netlink_put_u32(b, RTA_OIF, (uint32_t)index);
}

/* -- looking -- */

static int take_index(void *ctx, const struct nlmsghdr *h)
{
	if (h->nlmsg_type == RTM_NEWLINK)
		*(int *)ctx = ((const struct ifinfomsg *)NLMSG_DATA(h))->ifi_index;
	return 0;
}

int net_link_index(int fd, const char *name, int *ret)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	int index = 0, r;

	begin_link(&b, RTM_GETLINK, 0, 0, false);
	netlink_put_str(&b, IFLA_IFNAME, name);
	r = netlink_send(fd, &b, take_index, &index, NULL);
	if (r == 0 && index == 0)
		r = -ENODEV;
	if (r == 0)
		*ret = index;
	return r;
}

struct looking {
	const struct cidr *subnet;
	bool found;
};

static int look_at_route(void *ctx, const struct nlmsghdr *h)
{
	struct looking *l = ctx;
	const struct rtmsg *m = NLMSG_DATA(h);
	const struct nlattr *to;
	struct cidr route;

	if (h->nlmsg_type != RTM_NEWROUTE || m->rtm_dst_len == 0 ||
	    h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return 0;
	to = netlink_find(RTM_RTA(m), h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)), RTA_DST);
	if (!to || netlink_len(to) != sizeof(route.address))
		return 0;
	memcpy(&route.address, netlink_data(to), sizeof(route.address));
	route.address = ntohl(route.address);
	route.prefix = m->rtm_dst_len;
	l->found = l->found || cidr_overlaps(&route, l->subnet);
	return 0;
}

int net_route_overlaps(int fd, const struct cidr *subnet, bool *ret, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	struct rtmsg head = { .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN };
	struct looking l = { .subnet = subnet };
	int r;

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
	unsigned char mac[NET_MAC_LEN];
	size_t info;
	int r;

	net_mac_of(b->address.address, mac);
	begin_link(&batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, true);
	netlink_put_str(&batch, IFLA_IFNAME, b->name);
	netlink_put(&batch, IFLA_ADDRESS, mac, sizeof(mac));
	netlink_put_u32(&batch, IFLA_MTU, b->mtu);
	info = netlink_nest(&batch, IFLA_LINKINFO);
	netlink_put_str(&batch, IFLA_INFO_KIND, "bridge");
	netlink_unnest(&batch, info);
	r = netlink_send(fd, &batch, NULL, NULL, NULL);
	return r < 0 ? err_code(err, r, "creating the bridge %s", b->name) : 0;
}

static int put_sysctl(const char *path, const char *value, struct err *err)
{
	int r = file_put_at(AT_FDCWD, path, value, strlen(value));

	return r < 0 ? err_code(err, r, "%s", path) : 0;
}

int net_bridge_setup(int fd, const struct net_bridge *b, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch batch = { 0 };
	char path[64];
	int index, r = net_link_index(fd, b->name, &index);

	if (r == -ENODEV) {
		r = create_bridge(fd, b, err);
		if (r < 0)
			return r;
		r = net_link_index(fd, b->name, &index);
	}
	if (r < 0)
		return err_code(err, r, "bridge %s", b->name);
	begin_link(&batch, RTM_NEWLINK, 0, index, true);
	if (b->address.prefix)
		add_address(&batch, index, &b->address);
	r = netlink_send(fd, &batch, NULL, NULL, NULL);
	if (r < 0)
		return err_code(err, r, "address of the bridge %s", b->name);
	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/route_localnet", b->name);
	return b->is_nat ? put_sysctl(path, "1", err) : 0;
}

int net_link_remove(int fd, const char *name, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	int r;

	begin_link(&b, RTM_DELLINK, 0, 0, false);
	netlink_put_str(&b, IFLA_IFNAME, name);
	r = netlink_send(fd, &b, NULL, NULL, NULL);
	return r < 0 && r != -ENODEV ? err_code(err, r, "removing the interface %s", name) : 0;
}

/* -- links of containers -- */

static void create_veth(struct netlink_batch *b, const struct net_veth *v, int bridge)
{
	struct ifinfomsg other = { .ifi_index = 0 }; /* that it is up can only be said later */
	size_t info, data, peer;

	begin_link(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, true);
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

	begin_link(b, RTM_NEWLINK, 0, 0, false);
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

static int configure(int inside, const struct net_veth *v, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	uint32_t failed;
	int index, r = net_link_index(inside, v->name, &index);

	if (r < 0)
		return err_code(err, r, "interface %s of the container", v->name);
	begin_link(&b, RTM_NEWLINK, 0, LOOPBACK_INDEX, true);
	begin_link(&b, RTM_NEWLINK, 0, index, true);
	add_address(&b, index, &v->address);
	if (v->gateway)
		add_default_route(&b, index, v->gateway);
	r = netlink_send(inside, &b, NULL, NULL, &failed);
	return r < 0 ? err_code(err, r, "%s of interface %s in the container",
				failed == 4 ? "default route" : "address", v->name)
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
		r = configure(inside, v, err);
	if (r < 0)
		(void)net_link_remove(host, v->host_name, &ignored);
	return r;
}

int net_default_route(int inside, const char *name, uint32_t gateway, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	int index, r = net_link_index(inside, name, &index);

	if (r < 0)
		return err_code(err, r, "interface %s of the container", name);
	add_default_route(&b, index, gateway);
	r = netlink_send(inside, &b, NULL, NULL, NULL);
	return r < 0 ? err_code(err, r, "default route of the container") : 0;
}
