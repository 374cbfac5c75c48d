/*
 * policy_flows.c - cutting the connections that policies no longer allow
 *
 * What is established passes without a look at any policy. So after a change each connection that
 * the kernel remembers (conntrack) is judged as if it began now, and those that would not pass are
 * forgotten, one by one: to forget all would cut the good ones, too, for their next packet does not
 * open a connection and the guard rules (policy_nft.c) drop it.
 *
 * A connection is known by its original tuple; where it really goes to stands as the source of the
 * reply's, since publishing translates the destination.
 */
#include "net/policy.h"

#include "base/own.h"
#include "net/netlink.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <sys/socket.h>

bool policy_flows_allowed(const struct policy_world *w, const struct ip_block *source,
			  const struct ip_block *destination, uint8_t protocol, uint16_t port,
			  bool source_is_local)
{
	const struct policy_container *from = policy_decide_owner(w, source);
	const struct policy_container *to = policy_decide_owner(w, destination);
	struct policy_flow out = { *destination, protocol, port }, in = { *source, protocol, port };

	/* What the host itself sends is not forwarded, and not judged. */
	if (!from && source_is_local)
		return true;
	if (from && !policy_decide(w, POLICY_EGRESS, from, &out).allowed)
		return false;
	return !to || policy_decide(w, POLICY_INGRESS, to, &in).allowed;
}

/* -- reading conntrack -- */

struct connection {
	struct ip_block source, destination; /* destination: where it really goes to */
	uint8_t protocol;
	uint16_t port;
};

struct cutting {
	const struct policy_world *w;
	struct netlink_batch deletions;
	size_t n;
};

static const struct nlattr *inside(const struct nlattr *outer, uint16_t type)
{
	return outer ? netlink_find(netlink_data(outer), netlink_len(outer), type) : NULL;
}

static bool read_address(const struct nlattr *tuple, bool source, struct ip_block *ret)
{
	const struct nlattr *ip = inside(tuple, CTA_TUPLE_IP);
	const struct nlattr *v4 = inside(ip, source ? CTA_IP_V4_SRC : CTA_IP_V4_DST);
	const struct nlattr *v6 = inside(ip, source ? CTA_IP_V6_SRC : CTA_IP_V6_DST);

	if (v4 && netlink_len(v4) == 4)
		*ret = ip_block_of(4, netlink_data(v4));
	else if (v6 && netlink_len(v6) == IP_BYTES)
		*ret = ip_block_of(6, netlink_data(v6));
	else
		return false;
	return true;
}

static bool read_connection(const struct nlattr *original, const struct nlattr *reply,
			    struct connection *ret)
{
	const struct nlattr *proto = inside(reply, CTA_TUPLE_PROTO);
	const struct nlattr *number = inside(proto, CTA_PROTO_NUM);
	const struct nlattr *port = inside(proto, CTA_PROTO_SRC_PORT);
	uint16_t value = 0;

	if (!read_address(original, true, &ret->source) ||
	    !read_address(reply, true, &ret->destination) || !number || netlink_len(number) != 1)
		return false;
	ret->protocol = *(const uint8_t *)netlink_data(number);
	if (ret->protocol == IPPROTO_ICMPV6)
		ret->protocol = IPPROTO_ICMP;
	if (port && netlink_len(port) == sizeof(value))
		memcpy(&value, netlink_data(port), sizeof(value));
	ret->port = ntohs(value);
	return true;
}

/* Only an address of ours can be bound. */
static bool is_local(const struct ip_block *address)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	bool is_v4 = address->family == 4;
	OWN(fd) int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(&v4.sin_addr, address->bytes, sizeof(v4.sin_addr));
	memcpy(&v6.sin6_addr, address->bytes, sizeof(v6.sin6_addr));
	if (fd < 0)
		return false;
	return bind(fd, is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6,
		    is_v4 ? sizeof(v4) : sizeof(v6)) == 0;
}

static bool may_go_on(const struct policy_world *w, const struct connection *c)
{
	return policy_flows_allowed(w, &c->source, &c->destination, c->protocol, c->port, false) ||
	       (!policy_decide_owner(w, &c->source) && is_local(&c->source));
}

/* By tuple and number: not another one that has come in its place. */
static void put_deletion(struct cutting *cut, const struct nfgenmsg *head,
			 const struct nlattr *original, const struct nlattr *id,
			 const struct nlattr *zone)
{
	const struct nlattr *attributes[] = { original, id, zone };
	struct nfgenmsg copy = { .nfgen_family = head->nfgen_family, .version = NFNETLINK_V0 };

	netlink_begin(&cut->deletions,
		      (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE), NLM_F_ACK,
		      &copy, sizeof(copy));
	for (size_t i = 0; i < 3; i++)
		if (attributes[i])
			netlink_put(&cut->deletions, attributes[i]->nla_type,
				    netlink_data(attributes[i]), netlink_len(attributes[i]));
	cut->n++;
}

static int look_at(void *ctx, const struct nlmsghdr *message)
{
	struct cutting *cut = ctx;
	const struct nfgenmsg *head = NLMSG_DATA(message);
	const char *attributes = (const char *)head + NLMSG_ALIGN(sizeof(*head));
	size_t len = message->nlmsg_len - NLMSG_LENGTH(NLMSG_ALIGN(sizeof(*head)));
	const struct nlattr *original, *reply;
	struct connection c;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*head)))
		return 0;
	original = netlink_find(attributes, len, CTA_TUPLE_ORIG);
	reply = netlink_find(attributes, len, CTA_TUPLE_REPLY);
	if (original && reply && read_connection(original, reply, &c) && !may_go_on(cut->w, &c))
		put_deletion(cut, head, original, netlink_find(attributes, len, CTA_ID),
			     netlink_find(attributes, len, CTA_ZONE));
	return 0;
}

static int dump(int fd, unsigned family, struct cutting *cut)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	struct nfgenmsg head = { .nfgen_family = (uint8_t)family, .version = NFNETLINK_V0 };

	netlink_begin(&b, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET), NLM_F_DUMP,
		      &head, sizeof(head));
	return netlink_send(fd, &b, look_at, cut, NULL);
}

int policy_flows_cut(int fd, const struct policy_world *w, size_t *ret_cut, struct err *err)
{
	struct cutting cut = { .w = w };
	int r = dump(fd, AF_UNSPEC, &cut);

	if (r < 0)
		r = err_code(err, r, "reading the connections that the kernel knows");
	else if (cut.n)
		r = netlink_send(fd, &cut.deletions, NULL, NULL, NULL);
	/* One that has ended by itself is as good as cut. */
	if (r == -ENOENT || r > 0)
		r = 0;
	else if (r < 0 && cut.n)
		r = err_code(err, r, "forgetting connections that no policy allows");
	netlink_batch_cleanup(&cut.deletions);
	if (r == 0 && ret_cut)
		*ret_cut = cut.n;
	return r;
}
