/*
 * names_redirect.c - the resolver's address without its port: rules of a container's own namespace
 *
 * The resolver listens at ports that nobody would want, and rules change the port of what goes to
 * 127.0.0.11:53 and of what comes back. Each packet is rewritten by itself: connection tracking,
 * which a NAT rule would switch on for everything that the container sends, is not needed. The
 * question is changed last on its way in and the answer first on its way out, so that the
 * container's own rules, and connection tracking if it uses that, see port 53 in both.
 *
 *	input,  behind all others:  to   127.0.0.11, port 53    -> the resolver's port
 *	output, before all others:  from 127.0.0.11, that port  -> 53
 *
 * The table belongs to our socket, so `nft flush ruleset` in a container with CAP_NET_ADMIN leaves
 * it; it persists when the socket is closed, for else closing would wait for the kernel's readers.
 * Kernels before 6.9 cannot do both, and get a table without an owner.
 *
 * Messages are those of linux/netfilter/nf_tables.h, in one buffer of a fixed size.
 */
#include "net/names.h"

#include "base/own.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#ifndef NFT_TABLE_F_OWNER
#define NFT_TABLE_F_OWNER 2
#endif
#define TABLE_F_PERSIST 4 /* Linux 6.9 */

enum {
	ROOM = 8192,
	PORT_DOMAIN = 53,
	FIRST = -400, /* priority: before everything, also connection tracking at -200 */
	LAST = 400,
	OFFSET_SOURCE = 12, /* of addresses, in an IPv4 header */
	OFFSET_DESTINATION = 16,
	OFFSET_SOURCE_PORT = 0,
	OFFSET_DESTINATION_PORT = 2,
	OFFSET_UDP_CHECKSUM = 6,
	OFFSET_TCP_CHECKSUM = 16,
};

static const char table[] = "berth_names";

/* -- messages -- */

struct messages {
	char bytes[ROOM] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t len, message; /* message: where the last one begins */
	uint32_t n;
};

static void add(struct messages *m, const void *data, size_t len)
{
	struct nlmsghdr *h = (void *)(m->bytes + m->message);
	size_t padded = NLMSG_ALIGN(len);

	memset(m->bytes + m->len, 0, padded);
	memcpy(m->bytes + m->len, data, len);
	m->len += padded;
	h->nlmsg_len = (uint32_t)(m->len - m->message);
}

static void begin(struct messages *m, uint16_t type, uint16_t flags, uint16_t resource)
{
	struct nfgenmsg head = { .nfgen_family = resource ? NFPROTO_UNSPEC : NFPROTO_IPV4,
				 .version = NFNETLINK_V0,
				 .res_id = htons(resource) };
	struct nlmsghdr *h = (void *)(m->bytes + m->len);

	*h = (struct nlmsghdr){ .nlmsg_type = type,
				.nlmsg_flags = NLM_F_REQUEST | flags,
				.nlmsg_seq = ++m->n };
	m->message = m->len;
	m->len += NLMSG_HDRLEN;
	add(m, &head, sizeof(head));
}

static void put(struct messages *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	add(m, &a, sizeof(a));
	add(m, data, len);
}

static void put_text(struct messages *m, uint16_t type, const char *text)
{
	put(m, type, text, strlen(text) + 1);
}

static void put_number(struct messages *m, uint16_t type, uint32_t value)
{
	uint32_t v = htonl(value);

	put(m, type, &v, sizeof(v));
}

static size_t nest(struct messages *m, uint16_t type)
{
	size_t at = m->len;

	put(m, type | NLA_F_NESTED, "", 0);
	return at;
}

static void unnest(struct messages *m, size_t at)
{
	((struct nlattr *)(void *)(m->bytes + at))->nla_len = (uint16_t)(m->len - at);
}

/* -- tables, chains, rules -- */

static void begin_nft(struct messages *m, uint16_t type, uint16_t flags)
{
	begin(m, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, 0);
}

static void add_table(struct messages *m, uint32_t flags)
{
	begin_nft(m, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	put_text(m, NFTA_TABLE_NAME, table);
	put_number(m, NFTA_TABLE_FLAGS, flags);
}

static void add_chain(struct messages *m, const char *name, uint32_t hook, int32_t priority)
{
	size_t at;

	begin_nft(m, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	put_text(m, NFTA_CHAIN_TABLE, table);
	put_text(m, NFTA_CHAIN_NAME, name);
	at = nest(m, NFTA_CHAIN_HOOK);
	put_number(m, NFTA_HOOK_HOOKNUM, hook);
	put_number(m, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	unnest(m, at);
	put_text(m, NFTA_CHAIN_TYPE, "filter");
}

/* An expression's two nests: the element and its data. */
struct expression {
	size_t element, data;
};

static struct expression begin_expression(struct messages *m, const char *name)
{
	struct expression e = { .element = nest(m, NFTA_LIST_ELEM) };

	put_text(m, NFTA_EXPR_NAME, name);
	e.data = nest(m, NFTA_EXPR_DATA);
	return e;
}

static void end_expression(struct messages *m, struct expression e)
{
	unnest(m, e.data);
	unnest(m, e.element);
}

static void put_value(struct messages *m, uint16_t type, const void *value, size_t len)
{
	size_t at = nest(m, type);

	put(m, NFTA_DATA_VALUE, value, len);
	unnest(m, at);
}

/* Goes on when the bytes at an offset, or the protocol, are these. */
static void match(struct messages *m, uint32_t base, uint32_t offset, const void *value, size_t len)
{
	struct expression e = begin_expression(m, "payload");

	put_number(m, NFTA_PAYLOAD_DREG, NFT_REG32_00);
	put_number(m, NFTA_PAYLOAD_BASE, base);
	put_number(m, NFTA_PAYLOAD_OFFSET, offset);
	put_number(m, NFTA_PAYLOAD_LEN, (uint32_t)len);
	end_expression(m, e);
	e = begin_expression(m, "cmp");
	put_number(m, NFTA_CMP_SREG, NFT_REG32_00);
	put_number(m, NFTA_CMP_OP, NFT_CMP_EQ);
	put_value(m, NFTA_CMP_DATA, value, len);
	end_expression(m, e);
}

static void match_protocol(struct messages *m, uint8_t protocol)
{
	struct expression e = begin_expression(m, "meta");

	put_number(m, NFTA_META_DREG, NFT_REG32_00);
	put_number(m, NFTA_META_KEY, NFT_META_L4PROTO);
	end_expression(m, e);
	e = begin_expression(m, "cmp");
	put_number(m, NFTA_CMP_SREG, NFT_REG32_00);
	put_number(m, NFTA_CMP_OP, NFT_CMP_EQ);
	put_value(m, NFTA_CMP_DATA, &protocol, 1);
	end_expression(m, e);
}

static void set_port(struct messages *m, uint32_t offset, uint16_t port, uint32_t checksum)
{
	uint16_t value = htons(port);
	struct expression e = begin_expression(m, "immediate");

	put_number(m, NFTA_IMMEDIATE_DREG, NFT_REG32_00);
	put_value(m, NFTA_IMMEDIATE_DATA, &value, sizeof(value));
	end_expression(m, e);
	e = begin_expression(m, "payload");
	put_number(m, NFTA_PAYLOAD_SREG, NFT_REG32_00);
	put_number(m, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
	put_number(m, NFTA_PAYLOAD_OFFSET, offset);
	put_number(m, NFTA_PAYLOAD_LEN, sizeof(value));
	put_number(m, NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
	put_number(m, NFTA_PAYLOAD_CSUM_OFFSET, checksum);
	end_expression(m, e);
}

struct rewrite {
	const char *chain;
	uint8_t protocol;
	uint32_t address_at, port_at, checksum_at;
	uint16_t from, to;
};

static void add_rule(struct messages *m, const struct rewrite *w)
{
	uint32_t address = htonl(NAMES_ADDRESS);
	uint16_t from = htons(w->from);
	size_t list;

	begin_nft(m, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	put_text(m, NFTA_RULE_TABLE, table);
	put_text(m, NFTA_RULE_CHAIN, w->chain);
	list = nest(m, NFTA_RULE_EXPRESSIONS);
	match(m, NFT_PAYLOAD_NETWORK_HEADER, w->address_at, &address, sizeof(address));
	match_protocol(m, w->protocol);
	match(m, NFT_PAYLOAD_TRANSPORT_HEADER, w->port_at, &from, sizeof(from));
	set_port(m, w->port_at, w->to, w->checksum_at);
	unnest(m, list);
}

static void add_rules(struct messages *m, uint16_t udp_port, uint16_t tcp_port)
{
	const struct rewrite all[] = {
		{ "ask", IPPROTO_UDP, OFFSET_DESTINATION, OFFSET_DESTINATION_PORT,
		  OFFSET_UDP_CHECKSUM, PORT_DOMAIN, udp_port },
		{ "ask", IPPROTO_TCP, OFFSET_DESTINATION, OFFSET_DESTINATION_PORT,
		  OFFSET_TCP_CHECKSUM, PORT_DOMAIN, tcp_port },
		{ "answer", IPPROTO_UDP, OFFSET_SOURCE, OFFSET_SOURCE_PORT, OFFSET_UDP_CHECKSUM,
		  udp_port, PORT_DOMAIN },
		{ "answer", IPPROTO_TCP, OFFSET_SOURCE, OFFSET_SOURCE_PORT, OFFSET_TCP_CHECKSUM,
		  tcp_port, PORT_DOMAIN },
	};

	add_chain(m, "ask", NF_INET_LOCAL_IN, LAST);
	add_chain(m, "answer", NF_INET_LOCAL_OUT, FIRST);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		add_rule(m, &all[i]);
}

/* -- the transaction -- */

/*
 * The kernel has answered when sendmsg() returns: errors of single messages first. It acknowledges
 * the end of a transaction that it has carried out, before Linux 6.10 by silence.
 */
static int commit(int fd, struct messages *m)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	char reply[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *h = (const void *)reply;
	ssize_t n;

	begin(m, NFNL_MSG_BATCH_END, NLM_F_ACK, NFNL_SUBSYS_NFTABLES);
	if (sendto(fd, m->bytes, m->len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	n = recv(fd, reply, sizeof(reply), MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (!NLMSG_OK(h, (size_t)n) || h->nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
}

/* An error's answer need not repeat the whole message. */
static int open_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), on = 1;

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return fd;
}

/* What an earlier resolver in this namespace has left. */
static void remove_table(void)
{
	struct messages m = { .n = 0 };
	OWN(fd) int fd = open_socket();

	begin(&m, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES);
	begin_nft(&m, NFT_MSG_DELTABLE, 0);
	put_text(&m, NFTA_TABLE_NAME, table);
	if (fd >= 0)
		(void)commit(fd, &m);
}

static int redirect(uint16_t udp_port, uint16_t tcp_port, uint32_t flags, int *ret_fd)
{
	struct messages m = { .n = 0 };
	OWN(fd) int fd = open_socket();
	int r;

	if (fd < 0)
		return fd;
	begin(&m, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES);
	add_table(&m, flags);
	add_rules(&m, udp_port, tcp_port);
	r = commit(fd, &m);
	if (r == 0)
		*ret_fd = flags ? take_fd(&fd) : -1;
	return r;
}

int names_redirect(uint16_t udp_port, uint16_t tcp_port, int *ret_fd)
{
	const uint32_t owned = NFT_TABLE_F_OWNER | TABLE_F_PERSIST;
	int r = redirect(udp_port, tcp_port, owned, ret_fd);

	if (r == -EEXIST) {
		remove_table();
		r = redirect(udp_port, tcp_port, owned, ret_fd);
	}
	return r == -EOPNOTSUPP || r == -EINVAL ? redirect(udp_port, tcp_port, 0, ret_fd) : r;
}
