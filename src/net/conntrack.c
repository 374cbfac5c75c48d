/*
 * conntrack.c - forgetting the connections of an address
 *
 * A client of a datagram service goes on from the same port, so what the kernel remembers of its
 * "connection" would lead it to an address that is somebody else's by now. The kernel filters while
 * it deletes: two messages, nothing is read (linux/netfilter/nfnetlink_conntrack.h, CTA_FILTER).
 */
#include "net/net.h"

#include "base/own.h"
#include "net/netlink.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

/* The kernel's bit for "by the tuple's source address". */
enum { BY_SOURCE = 1 };

static void forget(struct netlink_batch *b, uint16_t tuple, uint16_t flags,
		   const struct ip_block *address)
{
	/* With version 0 the family would count as "any". */
	struct nfgenmsg head = { .nfgen_family = address->family == 4 ? AF_INET : AF_INET6,
				 .version = 1 };
	size_t filter, outer, ip;

	netlink_begin(b, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE), NLM_F_ACK,
		      &head, sizeof(head));
	outer = netlink_nest(b, tuple | NLA_F_NESTED);
	ip = netlink_nest(b, CTA_TUPLE_IP | NLA_F_NESTED);
	netlink_put(b, address->family == 4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, address->bytes,
		    ip_block_bytes(address));
	netlink_unnest(b, ip);
	netlink_unnest(b, outer);
	filter = netlink_nest(b, CTA_FILTER | NLA_F_NESTED);
	netlink_put_u32(b, flags, BY_SOURCE);
	netlink_unnest(b, filter);
}

int net_conntrack_forget(const struct ip_block *address)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	OWN(fd) int fd = -1;
	int r = netlink_open(NETLINK_NETFILTER, &fd);

	if (r < 0)
		return r;
	forget(&b, CTA_TUPLE_ORIG, CTA_FILTER_ORIG_FLAGS, address);
	forget(&b, CTA_TUPLE_REPLY, CTA_FILTER_REPLY_FLAGS, address);
	return netlink_send(fd, &b, NULL, NULL, NULL);
}
