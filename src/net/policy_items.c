/*
 * policy_items.c - compiled policies as lists of items: order, difference, text
 */
#include "net/policy.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

const struct policy_fixed_set policy_items_fixed[POLICY_FIXED_SETS] = {
	{ "in4", 4, false, true },       { "in6", 6, false, true },
	{ "out4", 4, false, true },      { "out6", 6, false, true },
	{ "guarded4", 4, false, false }, { "guarded6", 6, false, false },
	{ "nets4", 4, true, false },     { "nets6", 6, true, false },
};

/* -- order -- */

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare(const struct policy_item *a, const struct policy_item *b)
{
	int r = (int)a->kind - (int)b->kind;

	if (r == 0)
		r = compare_text(a->name, b->name);
	if (r == 0)
		r = ip_block_compare(&a->key, &b->key);
	if (r == 0)
		r = compare_text(a->chain, b->chain);
	return r ? r : compare_text(a->text, b->text);
}

static int compare_any(const void *a, const void *b)
{
	return compare(a, b);
}

void policy_items_add(struct policy_items *list, struct arena *a, const struct policy_item *item)
{
	/* Full whenever the number is a power of two. */
	if ((list->n & (list->n - 1)) == 0) {
		struct policy_item *grown =
			arena_array(a, list->n ? 2 * list->n : 1, sizeof(*grown));

		if (list->n)
			memcpy(grown, list->items, list->n * sizeof(*grown));
		list->items = grown;
	}
	list->items[list->n++] = *item;
}

/* Two of these of one name would be one in the kernel. */
static bool clash(const struct policy_item *a, const struct policy_item *b)
{
	if (a->kind != b->kind || !str_eq(a->name, b->name))
		return false;
	return a->kind != POLICY_ELEMENT || ip_block_compare(&a->key, &b->key) == 0;
}

int policy_items_sort(struct policy_items *list, struct err *err)
{
	size_t n = 0;

	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), compare_any);
	for (size_t i = 0; i < list->n; i++) {
		if (n && compare(&list->items[n - 1], &list->items[i]) == 0)
			continue;
		if (n && clash(&list->items[n - 1], &list->items[i]))
			return err_set(err, -EEXIST,
				       "policies: two different things would be called %s; two "
				       "containers with one address, or rename a policy",
				       list->items[i].name);
		list->items[n++] = list->items[i];
	}
	list->n = n;
	return 0;
}

/* -- difference -- */

/* Sets and chains come before what refers to them and go behind it; of an element that leads
 * elsewhere, the old one goes first. */
enum { PHASES = 6 };

static int phase(const struct policy_op *op)
{
	static const int adding[] = { 0, 1, 3 }, removing[] = { 5, 4, 2 };

	return op->add ? adding[op->item->kind] : removing[op->item->kind];
}

static void order(const struct policy_ops *all, struct arena *a, struct policy_ops *ret)
{
	ret->ops = arena_array(a, all->n, sizeof(*ret->ops));
	ret->n = 0;
	for (int p = 0; p < PHASES; p++)
		for (size_t i = 0; i < all->n; i++)
			if (phase(&all->ops[i]) == p)
				ret->ops[ret->n++] = all->ops[i];
}

void policy_items_diff(const struct policy_items *from, const struct policy_items *to,
		       struct arena *a, struct policy_ops *ret)
{
	struct policy_ops all = { arena_array(a, from->n + to->n, sizeof(*all.ops)), 0 };
	size_t i = 0, k = 0;

	while (i < from->n || k < to->n) {
		int r = i == from->n ? 1
			: k == to->n ? -1
				     : compare(&from->items[i], &to->items[k]);

		if (r < 0)
			all.ops[all.n++] = (struct policy_op){ false, &from->items[i] };
		else if (r > 0)
			all.ops[all.n++] = (struct policy_op){ true, &to->items[k] };
		i += r <= 0;
		k += r >= 0;
	}
	order(&all, a, ret);
}

void policy_items_all(const struct policy_items *list, struct arena *a, struct policy_ops *ret)
{
	policy_items_diff(&(struct policy_items){ 0 }, list, a, ret);
}

/* -- text -- */

static const char *protocol_name(unsigned protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	case IPPROTO_ICMP:
		return "icmp";
	default:
		return "ipv6-icmp";
	}
}

void policy_items_write_match(const struct policy_match *m, enum policy_direction d,
			      struct buf *out)
{
	const char *ip = m->family == 4 ? "ip" : "ip6";
	const char *field = d == POLICY_INGRESS ? "saddr" : "daddr";
	char text[IP_BLOCK_TEXT_MAX];

	if (m->set)
		buf_printf(out, "%s %s %s@%s ", ip, field, m->outside ? "!= " : "", m->set);
	if (m->block) {
		ip_block_write(m->block, text);
		buf_printf(out, "%s %s %s ", ip, field, text);
	}
	for (size_t i = 0; i < m->n_excepts; i++) {
		ip_block_write(&m->excepts[i], text);
		buf_printf(out, "%s %s != %s ", ip, field, text);
	}
	if (m->protocol)
		buf_printf(out, "meta l4proto %s ", protocol_name(m->protocol));
	if (m->port && m->end_port > m->port)
		buf_printf(out, "th dport %u-%u ", m->port, m->end_port);
	else if (m->port)
		buf_printf(out, "th dport %u ", m->port);
	buf_printf(out, "return comment \"%s %s[%zu]\"", m->policy, policy_direction_names[d],
		   m->rule);
}

static void write_item(const struct policy_item *item, struct buf *out)
{
	char text[IP_BLOCK_TEXT_MAX];

	switch (item->kind) {
	case POLICY_SET:
		buf_printf(out, "set %s { %s }  # %s\n", item->name,
			   item->family == 4 ? "ipv4_addr" : "ipv6_addr", item->text);
		break;
	case POLICY_CHAIN:
		buf_printf(out, "chain %s {\n", item->name);
		for (size_t i = 0; i < item->n_matches; i++) {
			buf_adds(out, "\t");
			policy_items_write_match(&item->matches[i], item->direction, out);
			buf_addc(out, '\n');
		}
		buf_adds(out, "\tdrop\n}\n");
		break;
	case POLICY_ELEMENT:
		ip_block_write(&item->key, text);
		buf_printf(out, "element %s { %s%s%s }\n", item->name, text,
			   item->chain ? " : jump " : "", item->chain ? item->chain : "");
		break;
	}
}

void policy_items_write(const struct policy_items *list, struct buf *out)
{
	for (size_t i = 0; i < list->n; i++)
		write_item(&list->items[i], out);
}
