/*
 * policy_nft.c - label policies into the kernel
 *
 *	table inet berth_policy {
 *		map in4, in6, out4, out6 { address : verdict }
 *		set guarded4, guarded6 { address }
 *		set nets4, nets6 { address; interval }
 *		chain forwarded { filter forward -10
 *			ct state established,related accept
 *			[tcp that opens nothing] ip saddr, ip daddr @guarded4 drop
 *			ip saddr vmap @out4
 *			ip daddr vmap @in4
 *			[all but the first also for ip6]
 *		}
 *		chain arriving { filter input -10: the same by saddr for what comes
 *			to the host itself; neighbour discovery is let through }
 *		chain leaving { filter output -10: guards for what the host sends,
 *			and no redirects of IPv6 }
 *		set s4_…, chain in_… and so on: policy_compile.c
 *	}
 *
 * It stands beside the table of the networks: what it drops is dropped, what it lets through still
 * has to pass that one. So a policy never opens what a network forbids, and either table can be
 * written anew without the other. One table for both versions of IP: one chain serves both.
 *
 * - A chain is jumped to and returns what it allows, so that a packet meets the sender's chain and
 *   then the receiver's.
 * - The guard: after a connection was cut (policy_flows.c), a packet of it from the other end would
 *   begin it anew the other way round (nf_conntrack_tcp_loose), and what was cut would go on as the
 *   reply. So only what opens a connection may begin one with a selected container.
 * - What the host sends to its containers is not judged (as in Kubernetes); what they send to the
 *   host is.
 */
#include "net/policy.h"

#include "base/own.h"
#include "net/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/icmp6.h>
#include <stdio.h>

static const char table_name[] = "berth_policy";

enum { IPV4_TYPE = 7, IPV6_TYPE = 8, PRIORITY = -10 };
enum { SOURCE4 = 12, DESTINATION4 = 16, SOURCE6 = 8, DESTINATION6 = 24 };
enum { PORT_AT = 2, PORT_LEN = 2, FLAGS_AT = 13, FLAGS_OPENING = 0x02, FLAGS_MASK = 0x17 };
enum { STATE_ESTABLISHED = 2, STATE_RELATED = 4 }; /* NF_CT_STATE_BIT() of the kernel */
enum { COMMENT_MAX = 120 };
/* Multicast listeners and neighbours: how IPv6 finds the host at all. */
enum { NEIGHBOUR_FIRST = 130, NEIGHBOUR_LAST = 137 };

/* -- messages that only policies need -- */

static void begin(struct nft *n, uint16_t type, uint16_t flags)
{
	struct nfgenmsg head = { .nfgen_family = n->family, .version = NFNETLINK_V0 };

	netlink_begin(&n->batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &head,
		      sizeof(head));
}

static void add_set(struct nft *n, const char *name, unsigned family, bool interval, bool jumps)
{
	uint32_t flags = (interval ? NFT_SET_INTERVAL : 0) | (jumps ? NFT_SET_MAP : 0);

	begin(n, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
	netlink_put_str(&n->batch, NFTA_SET_TABLE, n->table);
	netlink_put_str(&n->batch, NFTA_SET_NAME, name);
	netlink_put_be32(&n->batch, NFTA_SET_ID, n->batch.n);
	netlink_put_be32(&n->batch, NFTA_SET_FLAGS, flags);
	netlink_put_be32(&n->batch, NFTA_SET_KEY_TYPE, family == 4 ? IPV4_TYPE : IPV6_TYPE);
	netlink_put_be32(&n->batch, NFTA_SET_KEY_LEN, family == 4 ? 4 : IP_BYTES);
	if (jumps)
		netlink_put_be32(&n->batch, NFTA_SET_DATA_TYPE, NFT_DATA_VERDICT);
}

/* A set or a chain: both have their name where sets have it. */
static void remove_named(struct nft *n, uint16_t type, const char *name)
{
	_Static_assert((int)NFTA_SET_TABLE == (int)NFTA_CHAIN_TABLE, "one number");

	begin(n, type, 0);
	netlink_put_str(&n->batch, NFTA_SET_TABLE, n->table);
	netlink_put_str(&n->batch, type == NFT_MSG_DELSET ? NFTA_SET_NAME : NFTA_CHAIN_NAME, name);
}

/* New: -EEXIST when it is there, so that rules never stand in it twice. */
static void add_chain(struct nft *n, const char *name)
{
	begin(n, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
	netlink_put_str(&n->batch, NFTA_CHAIN_TABLE, n->table);
	netlink_put_str(&n->batch, NFTA_CHAIN_NAME, name);
}

static void put_value(struct nft *n, uint16_t type, const void *value, size_t len)
{
	size_t nest = netlink_nest(&n->batch, type | NLA_F_NESTED);

	netlink_put(&n->batch, NFTA_DATA_VALUE, value, len);
	netlink_unnest(&n->batch, nest);
}

static void put_jump(struct nft *n, const char *chain)
{
	size_t data = netlink_nest(&n->batch, NFTA_SET_ELEM_DATA | NLA_F_NESTED);
	size_t verdict = netlink_nest(&n->batch, NFTA_DATA_VERDICT | NLA_F_NESTED);

	netlink_put_be32(&n->batch, NFTA_VERDICT_CODE, (uint32_t)NFT_JUMP);
	netlink_put_str(&n->batch, NFTA_VERDICT_CHAIN, chain);
	netlink_unnest(&n->batch, verdict);
	netlink_unnest(&n->batch, data);
}

static void put_element(struct nft *n, bool add, const struct policy_item *item,
			const uint8_t key[IP_BYTES], bool is_end)
{
	size_t all, one;

	begin(n, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, add ? NLM_F_CREATE : 0);
	netlink_put_str(&n->batch, NFTA_SET_ELEM_LIST_TABLE, n->table);
	netlink_put_str(&n->batch, NFTA_SET_ELEM_LIST_SET, item->name);
	all = netlink_nest(&n->batch, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
	one = netlink_nest(&n->batch, NFTA_LIST_ELEM | NLA_F_NESTED);
	put_value(n, NFTA_SET_ELEM_KEY, key, ip_block_bytes(&item->key));
	if (item->chain && add)
		put_jump(n, item->chain);
	if (is_end)
		netlink_put_be32(&n->batch, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	netlink_unnest(&n->batch, one);
	netlink_unnest(&n->batch, all);
}

/* The address behind the block; false when there is none. */
static bool behind(const struct ip_block *block, uint8_t ret[IP_BYTES])
{
	size_t i = ip_block_bytes(block);

	ip_block_edge(block, true, ret);
	while (i-- > 0)
		if (++ret[i])
			return true;
	return false;
}

static bool is_interval_set(const char *name)
{
	for (size_t i = 0; i < POLICY_FIXED_SETS; i++)
		if (str_eq(policy_items_fixed[i].name, name))
			return policy_items_fixed[i].interval;
	return false;
}

static void put_item_element(struct nft *n, bool add, const struct policy_item *item)
{
	uint8_t end[IP_BYTES];

	put_element(n, add, item, item->key.bytes, false);
	if (is_interval_set(item->name) && behind(&item->key, end))
		put_element(n, add, item, end, true);
}

/* -- words of rules that only policies need -- */

static size_t begin_expr(struct nft *n, const char *name, size_t *ret_data)
{
	size_t expr = netlink_nest(&n->batch, NFTA_LIST_ELEM | NLA_F_NESTED);

	netlink_put_str(&n->batch, NFTA_EXPR_NAME, name);
	*ret_data = netlink_nest(&n->batch, NFTA_EXPR_DATA | NLA_F_NESTED);
	return expr;
}

static void end_expr(struct nft *n, size_t expr, size_t data)
{
	netlink_unnest(&n->batch, data);
	netlink_unnest(&n->batch, expr);
}

/* Register 0 and so many bytes. */
static void mask(struct nft *n, const void *bits, size_t len)
{
	static const uint8_t none[IP_BYTES];
	size_t data, expr = begin_expr(n, "bitwise", &data);

	netlink_put_be32(&n->batch, NFTA_BITWISE_SREG, NFT_REG32_00);
	netlink_put_be32(&n->batch, NFTA_BITWISE_DREG, NFT_REG32_00);
	netlink_put_be32(&n->batch, NFTA_BITWISE_LEN, (uint32_t)len);
	put_value(n, NFTA_BITWISE_MASK, bits, len);
	put_value(n, NFTA_BITWISE_XOR, none, len);
	end_expr(n, expr, data);
}

static void is_between(struct nft *n, const void *first, const void *last, size_t len)
{
	size_t data, expr = begin_expr(n, "range", &data);

	netlink_put_be32(&n->batch, NFTA_RANGE_SREG, NFT_REG32_00);
	netlink_put_be32(&n->batch, NFTA_RANGE_OP, NFT_RANGE_EQ);
	put_value(n, NFTA_RANGE_FROM_DATA, first, len);
	put_value(n, NFTA_RANGE_TO_DATA, last, len);
	end_expr(n, expr, data);
}

static void jump_by(struct nft *n, const char *map)
{
	size_t data, expr = begin_expr(n, "lookup", &data);

	netlink_put_str(&n->batch, NFTA_LOOKUP_SET, map);
	netlink_put_be32(&n->batch, NFTA_LOOKUP_SREG, NFT_REG32_00);
	netlink_put_be32(&n->batch, NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
	end_expr(n, expr, data);
}

static void is_version(struct nft *n, unsigned family)
{
	uint8_t proto = family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	nft_load_meta(n, NFT_META_NFPROTO, 0);
	nft_compare(n, 0, true, &proto, sizeof(proto));
}

static void load_address(struct nft *n, unsigned family, bool source)
{
	uint32_t at = family == 4 ? source ? SOURCE4 : DESTINATION4
		      : source    ? SOURCE6
				  : DESTINATION6;

	nft_load_payload(n, NFT_PAYLOAD_NETWORK_HEADER, at, family == 4 ? 4 : IP_BYTES, 0);
}

static void is_protocol(struct nft *n, uint8_t protocol)
{
	nft_load_meta(n, NFT_META_L4PROTO, 0);
	nft_compare(n, 0, true, &protocol, sizeof(protocol));
}

static void has_state(struct nft *n, uint32_t bits)
{
	uint32_t none = 0;

	nft_load_ct(n, NFT_CT_STATE, 0);
	nft_mask(n, 0, bits);
	nft_compare(n, 0, false, &none, sizeof(none));
}

static void in_block(struct nft *n, const struct ip_block *block, bool source, bool is_in)
{
	struct ip_block ones = *block;
	uint8_t bits[IP_BYTES];
	size_t len = ip_block_bytes(block);

	load_address(n, block->family, source);
	if (!ip_block_is_address(block)) {
		memset(ones.bytes, 0xff, sizeof(ones.bytes));
		ip_block_edge(&ones, false, bits);
		mask(n, bits, len);
	}
	nft_compare(n, 0, is_in, block->bytes, len);
}

static void has_port(struct nft *n, uint16_t port, uint16_t end_port)
{
	uint16_t first = htons(port), last = htons(end_port);

	nft_load_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, PORT_AT, PORT_LEN, 0);
	if (end_port > port)
		is_between(n, &first, &last, sizeof(first));
	else
		nft_compare(n, 0, true, &first, sizeof(first));
}

static void finish(struct nft *n, int verdict)
{
	nft_verdict(n, verdict, NULL);
	nft_end_rule(n);
}

/* -- chains of policies -- */

/* A comment as nft(8) keeps it: type, length, text. */
static void put_comment(struct nft *n, const struct policy_match *m, enum policy_direction d)
{
	char bytes[2 + COMMENT_MAX + 1];
	int len = snprintf(bytes + 2, COMMENT_MAX + 1, "%.100s %s[%zu]", m->policy,
			   policy_direction_names[d], m->rule);

	bytes[0] = 0;
	bytes[1] = (char)(len + 1);
	netlink_put(&n->batch, NFTA_RULE_USERDATA, bytes, (size_t)len + 3);
}

static void put_match(struct nft *n, const char *chain, const struct policy_match *m,
		      enum policy_direction d)
{
	bool source = d == POLICY_INGRESS;

	nft_begin_rule(n, chain);
	if (m->family)
		is_version(n, m->family);
	if (m->set) {
		load_address(n, m->family, source);
		nft_in_set(n, 0, m->set, !m->outside);
	}
	if (m->block && m->block->prefix)
		in_block(n, m->block, source, true);
	for (size_t i = 0; i < m->n_excepts; i++)
		in_block(n, &m->excepts[i], source, false);
	if (m->protocol)
		is_protocol(n, m->protocol);
	if (m->port)
		has_port(n, m->port, m->end_port);
	finish(n, NFT_RETURN);
	put_comment(n, m, d);
}

static void put_chain(struct nft *n, const struct policy_item *item)
{
	add_chain(n, item->name);
	for (size_t i = 0; i < item->n_matches; i++)
		put_match(n, item->name, &item->matches[i], item->direction);
	nft_begin_rule(n, item->name);
	finish(n, NF_DROP);
}

static void put_op(struct nft *n, const struct policy_op *op)
{
	const struct policy_item *item = op->item;

	switch (item->kind) {
	case POLICY_SET:
		if (op->add)
			add_set(n, item->name, item->family, false, false);
		else
			remove_named(n, NFT_MSG_DELSET, item->name);
		break;
	case POLICY_CHAIN:
		if (op->add)
			put_chain(n, item);
		else
			remove_named(n, NFT_MSG_DELCHAIN, item->name);
		break;
	case POLICY_ELEMENT:
		put_item_element(n, op->add, item);
		break;
	}
}

/* -- what is always there -- */

static void put_established(struct nft *n, const char *chain)
{
	nft_begin_rule(n, chain);
	has_state(n, STATE_ESTABLISHED | STATE_RELATED);
	finish(n, NF_ACCEPT);
}

static void put_guard(struct nft *n, const char *chain, bool source)
{
	static const uint8_t flags = FLAGS_MASK, opening = FLAGS_OPENING;
	static const char *const sets[] = { "guarded4", "guarded6" };

	for (unsigned i = 0; i < 2; i++) {
		nft_begin_rule(n, chain);
		is_protocol(n, IPPROTO_TCP);
		nft_load_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, FLAGS_AT, sizeof(flags), 0);
		mask(n, &flags, sizeof(flags));
		nft_compare(n, 0, false, &opening, sizeof(opening));
		is_version(n, i ? 6 : 4);
		load_address(n, i ? 6 : 4, source);
		nft_in_set(n, 0, sets[i], true);
		finish(n, NF_DROP);
	}
}

static void put_jumps(struct nft *n, const char *chain, bool source)
{
	static const char *const maps[2][2] = { { "in4", "in6" }, { "out4", "out6" } };

	for (unsigned i = 0; i < 2; i++) {
		nft_begin_rule(n, chain);
		is_version(n, i ? 6 : 4);
		load_address(n, i ? 6 : 4, source);
		jump_by(n, maps[source][i]);
		nft_end_rule(n);
	}
}

static void put_neighbours(struct nft *n, const char *chain)
{
	uint8_t first = NEIGHBOUR_FIRST, last = NEIGHBOUR_LAST;

	nft_begin_rule(n, chain);
	is_version(n, 6);
	is_protocol(n, IPPROTO_ICMPV6);
	nft_load_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(first), 0);
	is_between(n, &first, &last, sizeof(first));
	finish(n, NF_ACCEPT);
}

/*
 * "You are neighbours: talk to each other": just that they cannot, at the isolated ports of a
 * bridge (policy_bridge.c). For IPv4 there is a sysctl.
 */
static void put_no_redirects(struct nft *n, const char *chain)
{
	uint8_t type = ND_REDIRECT;

	nft_begin_rule(n, chain);
	is_version(n, 6);
	is_protocol(n, IPPROTO_ICMPV6);
	nft_load_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(type), 0);
	nft_compare(n, 0, true, &type, sizeof(type));
	load_address(n, 6, false);
	nft_in_set(n, 0, "nets6", true);
	finish(n, NF_DROP);
}

static void put_skeleton(struct nft *n)
{
	static const struct nft_chain chains[] = {
		{ "forwarded", "filter", NF_INET_FORWARD, PRIORITY },
		{ "arriving", "filter", NF_INET_LOCAL_IN, PRIORITY },
		{ "leaving", "filter", NF_INET_LOCAL_OUT, PRIORITY },
	};

	for (size_t i = 0; i < POLICY_FIXED_SETS; i++) {
		const struct policy_fixed_set *s = &policy_items_fixed[i];

		add_set(n, s->name, s->family, s->interval, s->jumps);
	}
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		nft_add_chain(n, &chains[i]);
		put_established(n, chains[i].name);
	}
	put_guard(n, "forwarded", true);
	put_guard(n, "forwarded", false);
	put_jumps(n, "forwarded", true);
	put_jumps(n, "forwarded", false);
	put_neighbours(n, "arriving");
	put_guard(n, "arriving", true);
	put_jumps(n, "arriving", true);
	put_no_redirects(n, "leaving");
	put_guard(n, "leaving", false);
}

/* -- transactions -- */

static int commit(int fd, struct nft *n, const char *what, struct err *err)
{
	uint32_t failed = 0;
	int r;

	nft_end(n);
	r = nft_commit(fd, n, &failed);
	return r < 0 ? err_code(err, r, "%s (nf_tables, message %u)", what, failed) : 0;
}

int policy_nft_find(int fd)
{
	return nft_find_table(fd, NFPROTO_INET, table_name);
}

int policy_nft_write(int fd, const struct policy_items *items, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(nft) struct nft n = { 0 };
	struct policy_ops ops;

	policy_items_all(items, &a, &ops);
	nft_begin(&n, NFPROTO_INET, table_name);
	/* Deleting what is not there would be an error, adding what is there is none. */
	nft_add_table(&n);
	nft_del_table(&n);
	nft_add_table(&n);
	put_skeleton(&n);
	for (size_t i = 0; i < ops.n; i++)
		put_op(&n, &ops.ops[i]);
	return commit(fd, &n, "writing the policies of networks", err);
}

int policy_nft_apply(int fd, const struct policy_ops *ops, struct err *err)
{
	OWN(nft) struct nft n = { 0 };

	if (ops->n == 0)
		return 0;
	nft_begin(&n, NFPROTO_INET, table_name);
	for (size_t i = 0; i < ops->n; i++)
		put_op(&n, &ops->ops[i]);
	return commit(fd, &n, "changing the policies of networks", err);
}

int policy_nft_remove(int fd, struct err *err)
{
	OWN(nft) struct nft n = { 0 };

	nft_begin(&n, NFPROTO_INET, table_name);
	nft_add_table(&n);
	nft_del_table(&n);
	return commit(fd, &n, "removing the policies of networks", err);
}

/* -- one container -- */

static int find_chain(int fd, const char *name)
{
	struct nft n = { .family = NFPROTO_INET, .table = table_name };
	int r;

	begin(&n, NFT_MSG_GETCHAIN, NLM_F_ACK);
	netlink_put_str(&n.batch, NFTA_CHAIN_TABLE, n.table);
	netlink_put_str(&n.batch, NFTA_CHAIN_NAME, name);
	r = netlink_send(fd, &n.batch, NULL, NULL, NULL);
	nft_done(&n);
	return r;
}

static int apply_one(int fd, const struct policy_item *item)
{
	struct policy_op op = { false, item };

	return policy_nft_apply(fd, &(struct policy_ops){ &op, 1 }, NULL);
}

static bool has_element(const struct policy_items *items, const char *set,
			const struct ip_block *key)
{
	for (size_t i = 0; i < items->n; i++)
		if (items->items[i].kind == POLICY_ELEMENT && str_eq(items->items[i].name, set) &&
		    ip_block_compare(&items->items[i].key, key) == 0)
			return true;
	return false;
}

/* Removing what is not there is an error, unless it was added before. */
static void put_absence(struct nft *n, const char *set, const struct ip_block *key)
{
	struct policy_item element = { .kind = POLICY_ELEMENT, .name = set, .key = *key };

	put_item_element(n, true, &element);
	put_item_element(n, false, &element);
}

/* An address belongs to one container at a time: it is in no set but its own. */
static void put_absences(int fd, struct nft *n, const struct policy_items *base,
			 const struct policy_items *own, const struct ip_block *key)
{
	for (size_t i = 0; i < base->n; i++)
		if (base->items[i].kind == POLICY_SET && base->items[i].family == key->family &&
		    !has_element(own, base->items[i].name, key))
			put_absence(n, base->items[i].name, key);
	for (size_t i = 0; i < POLICY_FIXED_SETS; i++) {
		const struct policy_fixed_set *s = &policy_items_fixed[i];
		struct policy_item element = { POLICY_ELEMENT, .name = s->name, .key = *key };

		if (s->family != key->family || s->interval || has_element(own, s->name, key))
			continue;
		if (s->jumps)
			(void)apply_one(fd, &element);
		else
			put_absence(n, s->name, key);
	}
}

int policy_nft_start(int fd, const struct policy_items *base, const struct policy_container *c,
		     const struct policy_items *of_container, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(nft) struct nft n = { 0 };
	struct policy_ops all;

	policy_items_all(of_container, &a, &all);
	nft_begin(&n, NFPROTO_INET, table_name);
	for (size_t i = 0; i < c->n_addresses; i++)
		put_absences(fd, &n, base, of_container, &c->addresses[i].address);
	for (size_t i = 0; i < all.n; i++)
		if (all.ops[i].item->kind != POLICY_CHAIN ||
		    find_chain(fd, all.ops[i].item->name) < 0)
			put_op(&n, &all.ops[i]);
	return commit(fd, &n, "adding a container to the policies", err);
}

int policy_nft_stop(int fd, const struct policy_items *of_container, struct err *err)
{
	OWN(nft) struct nft n = { 0 };
	int r, first = 0;

	nft_begin(&n, NFPROTO_INET, table_name);
	for (size_t i = 0; i < of_container->n; i++)
		if (of_container->items[i].kind == POLICY_ELEMENT)
			put_item_element(&n, false, &of_container->items[i]);
	nft_end(&n);
	r = nft_commit(fd, &n, NULL);
	/* One that is not there keeps the others: each on its own then. */
	for (size_t i = 0; r < 0 && i < of_container->n; i++) {
		const struct policy_item *item = &of_container->items[i];
		int one = item->kind == POLICY_ELEMENT ? apply_one(fd, item) : 0;

		if (one < 0 && one != -ENOENT && !first)
			first = one;
	}
	/* Busy: others have the same identity. */
	for (size_t i = 0; i < of_container->n; i++)
		if (of_container->items[i].kind == POLICY_CHAIN)
			(void)apply_one(fd, &of_container->items[i]);
	return first < 0 ? err_code(err, first, "removing a container from the policies") : 0;
}
