/*
 * policy_bridge.c - a bridge whose containers talk through the host
 *
 * Two ports of a bridge talk without any rule of IP seeing it. So where policies hold, all ports
 * are isolated (they reach the bridge itself alone), and the bridge answers for everybody:
 * proxy_arp, and proxy_arp_pvlan, since those asked for are behind the interface that asks. What
 * neighbours send each other is then routed by the host, in at the bridge and out at the bridge,
 * past the rules and conntrack. That costs a packet half of what br_netfilter does, and does not
 * depend on it. Broadcasts and multicasts between containers end there.
 *
 * For IPv6 the kernel answers for addresses that it is given one by one (proxy_ndp, and entries of
 * the neighbour table), so each container brings its own and takes it along.
 *
 * Neighbours that know each other already have to learn that the way is another one now: the bridge
 * says, for each address, that it is there (a gratuitous ARP, RFC 5227, or an unsolicited neighbour
 * advertisement, RFC 4861); otherwise they would talk into the void until they ask again.
 */
#include "net/policy.h"

#include "base/own.h"
#include "net/net.h"
#include "net/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* -- what the bridge answers -- */

struct answer {
	const char *version, *directory, *name, *on, *off;
};
static const struct answer answers[] = {
	/* The kernel waits up to 0.8 s with such an answer, so as not to be the first; here nobody
	 * else does. */
	{ "ipv4", "neigh", "proxy_delay", "0", "80" },
	/* "You are neighbours: talk to each other": just that they cannot. */
	{ "ipv4", "conf", "send_redirects", "0", "1" },
	{ "ipv4", "conf", "proxy_arp_pvlan", "1", "0" },
	{ "ipv4", "conf", "proxy_arp", "1", "0" },
	{ "ipv6", "neigh", "proxy_delay", "0", "80" },
	{ "ipv6", "conf", "proxy_ndp", "1", "0" },
};

int policy_bridge_answer(const char *bridge, bool on, struct err *err)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct answer *a = &answers[i];
		const char *value = on ? a->on : a->off;
		OWN(str) char *path = str_printf("/proc/sys/net/%s/%s/%s/%s", a->version,
						 a->directory, bridge, a->name);
		OWN(fd) int fd = -1;

		if (str_eq(a->version, "ipv6") && !net_has_ipv6())
			continue;
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, value, strlen(value)) < 0)
			return err_sys(err, "%s", path);
	}
	return 0;
}

static void add_proxy(struct netlink_batch *b, int index, const struct ip_block *address, bool on)
{
	struct ndmsg head = { .ndm_family = AF_INET6,
			      .ndm_ifindex = index,
			      .ndm_state = NUD_PERMANENT,
			      .ndm_flags = NTF_PROXY };

	netlink_begin(b, on ? RTM_NEWNEIGH : RTM_DELNEIGH,
		      (uint16_t)(NLM_F_ACK | (on ? NLM_F_CREATE | NLM_F_REPLACE : 0)), &head,
		      sizeof(head));
	netlink_put(b, NDA_DST, address->bytes, IP_BYTES);
}

/* One that is gone already is fine: all others are worked on. */
static int answer_for(int fd, int index, const struct ip_block *addresses, size_t n, bool on)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	int r = 0;

	for (size_t i = 0; i < n; i++)
		if (addresses[i].family == 6)
			add_proxy(&b, index, &addresses[i], on);
	if (b.n)
		r = netlink_send(fd, &b, NULL, NULL, NULL);
	return !on && r == -ENOENT ? 0 : r;
}

int policy_bridge_answer_for(const char *bridge, const struct ip_block *address, bool on,
			     struct err *err)
{
	OWN(fd) int fd = -1;
	int index, r = net_link_socket(&fd, err);

	if (r < 0)
		return r;
	r = net_link_index(fd, bridge, &index);
	if (r == 0)
		r = answer_for(fd, index, address, 1, on);
	return r < 0 && r != -ENODEV ? err_code(err, r, "neighbours at bridge %s", bridge) : 0;
}

/* -- its ports -- */

struct ports {
	uint32_t bridge;
	bool isolated;
	struct netlink_batch changes;
};

static int take_port(void *ctx, const struct nlmsghdr *h)
{
	struct ports *p = ctx;
	const struct ifinfomsg *info = NLMSG_DATA(h);
	struct ifinfomsg head = { .ifi_family = AF_BRIDGE, .ifi_index = info->ifi_index };
	uint8_t value = p->isolated;
	const struct nlattr *master;
	size_t nest;

	if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return 0;
	master = netlink_find(info + 1, h->nlmsg_len - NLMSG_LENGTH(sizeof(*info)), IFLA_MASTER);
	if (!master || netlink_len(master) != sizeof(p->bridge) ||
	    memcmp(netlink_data(master), &p->bridge, sizeof(p->bridge)) != 0)
		return 0;
	netlink_begin(&p->changes, RTM_SETLINK, NLM_F_ACK, &head, sizeof(head));
	nest = netlink_nest(&p->changes, IFLA_PROTINFO | NLA_F_NESTED);
	netlink_put(&p->changes, IFLA_BRPORT_ISOLATED, &value, sizeof(value));
	netlink_unnest(&p->changes, nest);
	return 0;
}

static int isolate(int fd, uint32_t bridge, bool isolated)
{
	struct ports ports = { .bridge = bridge, .isolated = isolated };
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	struct ifinfomsg head = { 0 };
	int r;

	netlink_begin(&b, RTM_GETLINK, NLM_F_DUMP, &head, sizeof(head));
	r = netlink_send(fd, &b, take_port, &ports, NULL);
	if (r == 0 && ports.changes.n)
		r = netlink_send(fd, &ports.changes, NULL, NULL, NULL);
	netlink_batch_cleanup(&ports.changes);
	/* A port that is gone by now. */
	return r == -ENODEV ? 0 : r;
}

/* -- telling the neighbours -- */

static int bridge_mac(int fd, const char *bridge, unsigned char ret[ETH_ALEN])
{
	struct ifreq request = { 0 };

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", bridge);
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return -errno;
	memcpy(ret, request.ifr_hwaddr.sa_data, ETH_ALEN);
	return 0;
}

static void announce(int fd, int index, const unsigned char mac[ETH_ALEN],
		     const struct ip_block *address)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ARP),
				  .sll_ifindex = index,
				  .sll_halen = ETH_ALEN };
	struct ether_arp arp = { .ea_hdr = { .ar_hrd = htons(ARPHRD_ETHER),
					     .ar_pro = htons(ETH_P_IP),
					     .ar_hln = ETH_ALEN,
					     .ar_pln = 4,
					     .ar_op = htons(ARPOP_REQUEST) } };

	memset(to.sll_addr, 0xff, ETH_ALEN);
	memcpy(arp.arp_sha, mac, ETH_ALEN);
	memcpy(arp.arp_spa, address->bytes, 4);
	memcpy(arp.arp_tpa, address->bytes, 4);
	/* Who does not hear it asks again after some seconds. */
	(void)!sendto(fd, &arp, sizeof(arp), 0, (struct sockaddr *)&to, sizeof(to));
}

/* "Whoever asks for it: at this MAC, from now on", to all nodes of the link (RFC 4861, 4.4). */
static void announce6(int fd, int index, const unsigned char mac[ETH_ALEN],
		      const struct ip_block *address)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_scope_id = (uint32_t)index };
	struct {
		struct nd_neighbor_advert head;
		struct nd_opt_hdr option;
		unsigned char mac[ETH_ALEN];
	} message = { .option = { ND_OPT_TARGET_LINKADDR, 1 } };

	message.head.nd_na_type = ND_NEIGHBOR_ADVERT;
	message.head.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE;
	memcpy(&message.head.nd_na_target, address->bytes, IP_BYTES);
	memcpy(message.mac, mac, ETH_ALEN);
	(void)inet_pton(AF_INET6, "ff02::1", &to.sin6_addr);
	(void)!sendto(fd, &message, sizeof(message), 0, (struct sockaddr *)&to, sizeof(to));
}

/* Neighbours believe only what cannot have come through a router. */
static int open_announcer(int index)
{
	static const int hops = 255;
	OWN(fd) int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);

	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index)) < 0)
		return -errno;
	return take_fd(&fd);
}

static void announce_all(const char *bridge, int index, const struct ip_block *addresses, size_t n)
{
	OWN(fd) int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	OWN(fd) int fd6 = open_announcer(index);
	unsigned char mac[ETH_ALEN];

	if (fd < 0 || bridge_mac(fd, bridge, mac) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (addresses[i].family == 4)
			announce(fd, index, mac, &addresses[i]);
		else if (fd6 >= 0)
			announce6(fd6, index, mac, &addresses[i]);
	}
}

int policy_bridge_route(const char *bridge, bool on, bool isolated,
			const struct ip_block *addresses, size_t n, struct err *err)
{
	OWN(fd) int fd = -1;
	int index, r = net_link_socket(&fd, err);

	if (r < 0)
		return r;
	r = net_link_index(fd, bridge, &index);
	if (r < 0) /* nobody runs in it */
		return r == -ENODEV ? 0 : err_code(err, r, "bridge %s", bridge);
	/* First the way round, then the direct one is shut. */
	r = policy_bridge_answer(bridge, on, err);
	if (r < 0)
		return r;
	r = answer_for(fd, index, addresses, n, on);
	if (r < 0)
		return err_code(err, r, "neighbours at bridge %s", bridge);
	r = isolate(fd, (uint32_t)index, isolated);
	if (r < 0)
		return err_code(err, r, "isolating the ports of bridge %s", bridge);
	if (on)
		announce_all(bridge, index, addresses, n);
	return 0;
}
