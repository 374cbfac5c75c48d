/*
 * floor_net.c - a container's network by bare netlink
 */
#include "floor_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONTAINER = 0x0a630002, GATEWAY = 0x0a630001, PREFIX = 16, PORT = 80 };

static struct {
	_Alignas(8) char bytes[1024];
	size_t len, message;
} out;
static int links, rules;
static uint32_t bridge_index;

static void must(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		_exit(1);
	}
}

/* -- messages -- */

static void add_bytes(const void *data, size_t len)
{
	if (len)
		memcpy(out.bytes + out.len, data, len);
	out.len += NLMSG_ALIGN(len);
	((struct nlmsghdr *)(void *)(out.bytes + out.message))->nlmsg_len =
		(uint32_t)(out.len - out.message);
}

static void begin(uint16_t type, uint16_t flags, const void *head, size_t len)
{
	struct nlmsghdr h = { .nlmsg_len = sizeof(h),
			      .nlmsg_type = type,
			      .nlmsg_flags = NLM_F_REQUEST | flags };

	out.message = out.len;
	add_bytes(&h, sizeof(h));
	add_bytes(head, len);
}

static size_t put(uint16_t type, const void *data, size_t len)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };
	size_t at = out.len;

	add_bytes(&a, sizeof(a));
	add_bytes(data, len);
	return at;
}

static void end_nest(size_t at)
{
	((struct nlattr *)(void *)(out.bytes + at))->nla_len = (uint16_t)(out.len - at);
}

/* Sends all of it and reads what the kernel says to that. */
static void talk(int fd, void *ret, size_t size, const char *what)
{
	static _Alignas(8) char reply[8192];
	ssize_t n;

	must(send(fd, out.bytes, out.len, 0), what);
	memset(&out, 0, sizeof(out));
	while ((n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT)) > 0) {
		for (const struct nlmsghdr *h = (const void *)reply; NLMSG_OK(h, (size_t)n);
		     h = NLMSG_NEXT(h, n)) {
			errno = h->nlmsg_type == NLMSG_ERROR
					? -((const struct nlmsgerr *)NLMSG_DATA(h))->error
					: 0;
			must(errno ? -1 : 0, what);
			if (ret && h->nlmsg_type != NLMSG_ERROR)
				memcpy(ret, NLMSG_DATA(h), size);
		}
	}
}

static int open_netlink(int family)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);

	must(fd, "netlink");
	return fd;
}

/* -- the link -- */

void floor_net_open(const char *bridge, bool port)
{
	bridge_index = if_nametoindex(bridge);
	must(bridge_index ? 0 : -1, bridge);
	links = open_netlink(NETLINK_ROUTE);
	if (port)
		rules = open_netlink(NETLINK_NETFILTER);
}

static void make_link(void)
{
	struct ifinfomsg up = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP },
			 other = { .ifi_index = 0 };
	int netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	size_t info, data, peer;

	must(netns, "network namespace");
	begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &up, sizeof(up));
	put(IFLA_MASTER, &bridge_index, sizeof(bridge_index));
	info = put(IFLA_LINKINFO, NULL, 0);
	put(IFLA_INFO_KIND, "veth", sizeof("veth"));
	data = put(IFLA_INFO_DATA, NULL, 0);
	peer = put(VETH_INFO_PEER, NULL, 0);
	add_bytes(&other, sizeof(other));
	put(IFLA_IFNAME, "eth0", sizeof("eth0"));
	put(IFLA_NET_NS_FD, &netns, sizeof(netns));
	end_nest(peer);
	end_nest(data);
	end_nest(info);
	talk(links, NULL, 0, "veth");
	(void)close(netns);
}

static int find_eth0(int fd)
{
	struct ifinfomsg link = { .ifi_index = 0 };

	begin(RTM_GETLINK, 0, &link, sizeof(link));
	put(IFLA_IFNAME, "eth0", sizeof("eth0"));
	talk(fd, &link, sizeof(link), "eth0");
	return link.ifi_index;
}

static void configure(void)
{
	int inside = open_netlink(NETLINK_ROUTE), index = find_eth0(inside);
	uint32_t address = htonl(CONTAINER), gateway = htonl(GATEWAY);
	struct ifinfomsg up = { .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct ifaddrmsg a = { .ifa_family = AF_INET,
			       .ifa_prefixlen = PREFIX,
			       .ifa_index = (unsigned)index };
	struct rtmsg route = { .rtm_family = AF_INET,
			       .rtm_table = RT_TABLE_MAIN,
			       .rtm_protocol = RTPROT_BOOT,
			       .rtm_type = RTN_UNICAST };

	begin(RTM_NEWLINK, 0, &up, sizeof(up));
	up.ifi_index = index;
	begin(RTM_NEWLINK, 0, &up, sizeof(up));
	begin(RTM_NEWADDR, NLM_F_CREATE, &a, sizeof(a));
	put(IFA_LOCAL, &address, sizeof(address));
	put(IFA_ADDRESS, &address, sizeof(address));
	begin(RTM_NEWROUTE, NLM_F_CREATE, &route, sizeof(route));
	put(RTA_GATEWAY, &gateway, sizeof(gateway));
	put(RTA_OIF, &index, sizeof(index));
	talk(inside, NULL, 0, "address and route");
	(void)close(inside);
}

void floor_net_attach(void)
{
	make_link();
	configure();
}

/* -- the port -- */

static void begin_rules(uint16_t type, uint16_t flags, uint8_t family, uint16_t res_id)
{
	struct nfgenmsg head = { .nfgen_family = family, .res_id = htons(res_id) };

	begin(type, flags, &head, sizeof(head));
}

static void put_value(uint16_t type, const void *bytes, size_t len)
{
	size_t at = put(type | NLA_F_NESTED, NULL, 0);

	put(NFTA_DATA_VALUE, bytes, len);
	end_nest(at);
}

static void change_port(uint16_t type, uint16_t flags, const char *what)
{
	/* Fields of four bytes each: protocol, port; address, port. */
	uint32_t key[] = { IPPROTO_TCP, htons((uint16_t)(1024 + getpid() % 60000)) };
	uint32_t data[] = { htonl(CONTAINER), htons(PORT) };
	size_t list, element;

	begin_rules(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	begin_rules((uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, NFPROTO_IPV4, 0);
	put(NFTA_SET_ELEM_LIST_TABLE, "floor", sizeof("floor"));
	put(NFTA_SET_ELEM_LIST_SET, "ports", sizeof("ports"));
	list = put(NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED, NULL, 0);
	element = put(NFTA_LIST_ELEM | NLA_F_NESTED, NULL, 0);
	put_value(NFTA_SET_ELEM_KEY, key, sizeof(key));
	if (type == NFT_MSG_NEWSETELEM)
		put_value(NFTA_SET_ELEM_DATA, data, sizeof(data));
	end_nest(element);
	end_nest(list);
	begin_rules(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	talk(rules, NULL, 0, what);
}

void floor_net_publish(void)
{
	change_port(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, "publishing");
}

void floor_net_unpublish(void)
{
	change_port(NFT_MSG_DELSETELEM, 0, "taking the port back");
}
