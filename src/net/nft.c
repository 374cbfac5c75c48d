/*
 * nft.c - what a transaction with nf_tables is made of
 *
 * Lengths, orders and numbers are those of linux/netfilter/nf_tables.h. A transaction is a run of
 * messages between NFNL_MSG_BATCH_BEGIN and _END. An acknowledgement is asked of the end alone: one
 * of the beginning arrives also when a later message has failed. Failures are told by message.
 */
#include "net/nft.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>

#include <string.h>

enum { INTERFACE_NAME = 16, IPV6_ADDRESS = 16 };
enum { FIELD = 4 /* what each field of a key is padded to */, TYPE_BITS = 6 };

static void begin_message(struct nft *n, uint16_t type, uint16_t flags)
{
	struct nfgenmsg head = { .nfgen_family = n->family, .version = NFNETLINK_V0 };

	netlink_begin(&n->batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &head,
		      sizeof(head));
}

static void edge(struct nft *n, uint16_t type, uint16_t flags)
{
	struct nfgenmsg head = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	netlink_begin(&n->batch, type, flags, &head, sizeof(head));
}

void nft_begin(struct nft *n, uint8_t family, const char *table)
{
	*n = (struct nft){ .family = family, .table = table };
	edge(n, NFNL_MSG_BATCH_BEGIN, 0);
}

void nft_end(struct nft *n)
{
	edge(n, NFNL_MSG_BATCH_END, NLM_F_ACK);
}

void nft_done(struct nft *n)
{
	buf_done(&n->batch.bytes);
}

int nft_commit(int fd, const struct nft *n, uint32_t *ret_failed)
{
	uint32_t failed = 0;
	int r = netlink_send(fd, &n->batch, NULL, NULL, &failed);

	if (ret_failed)
		*ret_failed = failed > 1 && failed < n->batch.n ? failed - 1 : 0;
	return r;
}

int nft_find_table(int fd, uint8_t family, const char *table)
{
	struct nft n = { .family = family, .table = table };
	int r;

	begin_message(&n, NFT_MSG_GETTABLE, NLM_F_ACK);
	netlink_put_str(&n.batch, NFTA_TABLE_NAME, table);
	r = netlink_send(fd, &n.batch, NULL, NULL, NULL);
	nft_done(&n);
	return r;
}

void nft_add_table(struct nft *n)
{
	begin_message(n, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	netlink_put_str(&n->batch, NFTA_TABLE_NAME, n->table);
}

void nft_del_table(struct nft *n)
{
	begin_message(n, NFT_MSG_DELTABLE, 0);
	netlink_put_str(&n->batch, NFTA_TABLE_NAME, n->table);
}

/* -- sets and their elements -- */

static uint32_t width(uint8_t type)
{
	return type == NFT_TYPE_IFNAME ? INTERFACE_NAME
	       : type == NFT_TYPE_IPV6 ? IPV6_ADDRESS
				       : FIELD;
}

/* One type stands alone; several are shifted together. The kernel wants the length of one as it is.
 */
static uint32_t join_types(const uint8_t types[4], uint32_t *ret_len)
{
	uint32_t all = 0, len = 0;
	size_t n = 0;

	for (; n < 4 && types[n]; n++) {
		all = all << TYPE_BITS | types[n];
		len += width(types[n]);
	}
	*ret_len = len;
	return all;
}

/* nft(8)'s note "the key's byte order (0, 4 bytes) is the host's (1)". */
static const unsigned char host_order[] = { 0, 4, 1, 0, 0, 0 };

void nft_add_set(struct nft *n, const struct nft_set *set, uint32_t id)
{
	uint32_t len, type = join_types(set->key, &len), flags = 0;

	if (set->data[0])
		flags |= NFT_SET_MAP;
	if (set->interval)
		flags |= NFT_SET_INTERVAL;
	begin_message(n, NFT_MSG_NEWSET, NLM_F_CREATE);
	netlink_put_str(&n->batch, NFTA_SET_TABLE, n->table);
	netlink_put_str(&n->batch, NFTA_SET_NAME, set->name);
	netlink_put_be32(&n->batch, NFTA_SET_ID, id);
	netlink_put_be32(&n->batch, NFTA_SET_FLAGS, flags);
	netlink_put_be32(&n->batch, NFTA_SET_KEY_TYPE, type);
	netlink_put_be32(&n->batch, NFTA_SET_KEY_LEN, len);
	/* How nft(8) shows names; the kernel only keeps it. */
	if (set->key[0] == NFT_TYPE_IFNAME && !set->key[1])
		netlink_put(&n->batch, NFTA_SET_USERDATA, host_order, sizeof(host_order));
	if (!set->data[0])
		return;
	type = join_types(set->data, &len);
	netlink_put_be32(&n->batch, NFTA_SET_DATA_TYPE, type);
	netlink_put_be32(&n->batch, NFTA_SET_DATA_LEN, len);
}

static void put_value(struct nft *n, uint16_t type, const void *value, size_t len)
{
	size_t nest = netlink_nest(&n->batch, type | NLA_F_NESTED);

	netlink_put(&n->batch, NFTA_DATA_VALUE, value, len);
	netlink_unnest(&n->batch, nest);
}

static void put_element(struct nft *n, const struct nft_element *e)
{
	size_t all, one;

	netlink_put_str(&n->batch, NFTA_SET_ELEM_LIST_TABLE, n->table);
	netlink_put_str(&n->batch, NFTA_SET_ELEM_LIST_SET, e->set);
	all = netlink_nest(&n->batch, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
	one = netlink_nest(&n->batch, NFTA_LIST_ELEM | NLA_F_NESTED);
	put_value(n, NFTA_SET_ELEM_KEY, e->key, e->key_len);
	if (e->data)
		put_value(n, NFTA_SET_ELEM_DATA, e->data, e->data_len);
	if (e->is_end)
		netlink_put_be32(&n->batch, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	netlink_unnest(&n->batch, one);
	netlink_unnest(&n->batch, all);
}

void nft_add_element(struct nft *n, const struct nft_element *e)
{
	begin_message(n, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	put_element(n, e);
}

void nft_del_element(struct nft *n, const struct nft_element *e)
{
	begin_message(n, NFT_MSG_DELSETELEM, 0);
	put_element(n, e);
}

/* -- chains and rules -- */

void nft_add_chain(struct nft *n, const struct nft_chain *chain)
{
	size_t hook;

	begin_message(n, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	netlink_put_str(&n->batch, NFTA_CHAIN_TABLE, n->table);
	netlink_put_str(&n->batch, NFTA_CHAIN_NAME, chain->name);
	if (!chain->type)
		return;
	hook = netlink_nest(&n->batch, NFTA_CHAIN_HOOK | NLA_F_NESTED);
	netlink_put_be32(&n->batch, NFTA_HOOK_HOOKNUM, chain->hook);
	netlink_put_be32(&n->batch, NFTA_HOOK_PRIORITY, (uint32_t)chain->priority);
	netlink_unnest(&n->batch, hook);
	netlink_put_str(&n->batch, NFTA_CHAIN_TYPE, chain->type);
}

void nft_begin_rule(struct nft *n, const char *chain)
{
	begin_message(n, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	netlink_put_str(&n->batch, NFTA_RULE_TABLE, n->table);
	netlink_put_str(&n->batch, NFTA_RULE_CHAIN, chain);
	n->list = netlink_nest(&n->batch, NFTA_RULE_EXPRESSIONS | NLA_F_NESTED);
}

void nft_end_rule(struct nft *n)
{
	netlink_unnest(&n->batch, n->list);
}

static void begin_expr(struct nft *n, const char *name)
{
	n->expr = netlink_nest(&n->batch, NFTA_LIST_ELEM | NLA_F_NESTED);
	netlink_put_str(&n->batch, NFTA_EXPR_NAME, name);
	n->data = netlink_nest(&n->batch, NFTA_EXPR_DATA | NLA_F_NESTED);
}

static void end_expr(struct nft *n)
{
	netlink_unnest(&n->batch, n->data);
	netlink_unnest(&n->batch, n->expr);
}

static void put_reg(struct nft *n, uint16_t type, unsigned reg)
{
	netlink_put_be32(&n->batch, type, NFT_REG32_00 + reg);
}

void nft_load_meta(struct nft *n, uint32_t key, unsigned reg)
{
	begin_expr(n, "meta");
	netlink_put_be32(&n->batch, NFTA_META_KEY, key);
	put_reg(n, NFTA_META_DREG, reg);
	end_expr(n);
}

void nft_load_payload(struct nft *n, uint32_t base, uint32_t offset, uint32_t len, unsigned reg)
{
	begin_expr(n, "payload");
	put_reg(n, NFTA_PAYLOAD_DREG, reg);
	netlink_put_be32(&n->batch, NFTA_PAYLOAD_BASE, base);
	netlink_put_be32(&n->batch, NFTA_PAYLOAD_OFFSET, offset);
	netlink_put_be32(&n->batch, NFTA_PAYLOAD_LEN, len);
	end_expr(n);
}

void nft_load_ct(struct nft *n, uint32_t key, unsigned reg)
{
	begin_expr(n, "ct");
	netlink_put_be32(&n->batch, NFTA_CT_KEY, key);
	put_reg(n, NFTA_CT_DREG, reg);
	end_expr(n);
}

void nft_load_address_type(struct nft *n, unsigned reg)
{
	begin_expr(n, "fib");
	put_reg(n, NFTA_FIB_DREG, reg);
	netlink_put_be32(&n->batch, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	netlink_put_be32(&n->batch, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	end_expr(n);
}

void nft_mask(struct nft *n, unsigned reg, uint32_t mask)
{
	uint32_t none = 0;

	begin_expr(n, "bitwise");
	put_reg(n, NFTA_BITWISE_SREG, reg);
	put_reg(n, NFTA_BITWISE_DREG, reg);
	netlink_put_be32(&n->batch, NFTA_BITWISE_LEN, sizeof(mask));
	put_value(n, NFTA_BITWISE_MASK, &mask, sizeof(mask));
	put_value(n, NFTA_BITWISE_XOR, &none, sizeof(none));
	end_expr(n);
}

void nft_compare(struct nft *n, unsigned reg, bool equal, const void *value, size_t len)
{
	begin_expr(n, "cmp");
	put_reg(n, NFTA_CMP_SREG, reg);
	netlink_put_be32(&n->batch, NFTA_CMP_OP, equal ? NFT_CMP_EQ : NFT_CMP_NEQ);
	put_value(n, NFTA_CMP_DATA, value, len);
	end_expr(n);
}

static void look_up(struct nft *n, unsigned reg, const char *set, bool inverted, bool map)
{
	begin_expr(n, "lookup");
	netlink_put_str(&n->batch, NFTA_LOOKUP_SET, set);
	put_reg(n, NFTA_LOOKUP_SREG, reg);
	if (map)
		put_reg(n, NFTA_LOOKUP_DREG, 0);
	if (inverted)
		netlink_put_be32(&n->batch, NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	end_expr(n);
}

void nft_in_set(struct nft *n, unsigned reg, const char *set, bool is_in)
{
	look_up(n, reg, set, !is_in, false);
}

void nft_look_up(struct nft *n, unsigned reg, const char *map)
{
	look_up(n, reg, map, false, true);
}

void nft_verdict(struct nft *n, int verdict, const char *chain)
{
	size_t data, code;

	begin_expr(n, "immediate");
	netlink_put_be32(&n->batch, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = netlink_nest(&n->batch, NFTA_IMMEDIATE_DATA | NLA_F_NESTED);
	code = netlink_nest(&n->batch, NFTA_DATA_VERDICT | NLA_F_NESTED);
	netlink_put_be32(&n->batch, NFTA_VERDICT_CODE, (uint32_t)verdict);
	if (chain)
		netlink_put_str(&n->batch, NFTA_VERDICT_CHAIN, chain);
	netlink_unnest(&n->batch, code);
	netlink_unnest(&n->batch, data);
	end_expr(n);
}

void nft_snat(struct nft *n)
{
	begin_expr(n, "nat");
	netlink_put_be32(&n->batch, NFTA_NAT_TYPE, NFT_NAT_SNAT);
	netlink_put_be32(&n->batch, NFTA_NAT_FAMILY, n->family);
	put_reg(n, NFTA_NAT_REG_ADDR_MIN, 0);
	end_expr(n);
}

void nft_dnat(struct nft *n, unsigned port_reg)
{
	begin_expr(n, "nat");
	netlink_put_be32(&n->batch, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	netlink_put_be32(&n->batch, NFTA_NAT_FAMILY, n->family);
	put_reg(n, NFTA_NAT_REG_ADDR_MIN, 0);
	put_reg(n, NFTA_NAT_REG_PROTO_MIN, port_reg);
	end_expr(n);
}

void nft_masquerade(struct nft *n)
{
	begin_expr(n, "masq");
	end_expr(n);
}
