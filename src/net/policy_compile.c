/*
 * policy_compile.c - label policies as sets, chains and elements
 *
 *	set s4_HASH        addresses of the containers that a peer means: one set for each distinct
 *	                   pair of selector and network, and family
 *	set nets4          blocks of all networks: what is not in it is the world
 *	chain in_HASH      what some combination of policies allows; shared by all containers with
 *	                   that combination, which is their identity
 *	map in4, out4      a selected container's address to its chain in that direction
 *	set guarded4       addresses of all selected containers
 *
 * Names of chains come from what is in them: one that is there is right, and never changes. Another
 * policy is another chain, to which elements are led, and the old one goes; at once, for it is one
 * transaction. So a start costs a few elements, and a chain when its identity is new.
 */
#include "net/policy.h"

#include <netinet/in.h>
#include <stdio.h>

struct compiler {
	const struct policy_world *w;
	struct arena *a;
	struct policy_items *out;
};

static const unsigned families[] = { 4, 6 };
enum { FAMILIES = 2 };

/* FNV-1a. Two texts of one hash are found by policy_items_sort(). */
static uint64_t hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return h;
}

/* -- sets -- */

static bool is_set(const struct policy_peer *peer)
{
	return peer->selector || peer->network;
}

static const char *set_text(const struct policy_peer *peer, struct arena *a)
{
	return arena_printf(a, "%s@%s", peer->selector ? label_selector_key(peer->selector, a) : "",
			    peer->network ? peer->network : "");
}

static const char *set_name(const char *text, unsigned family, struct arena *a)
{
	return arena_printf(a, "s%u_%016llx", family, (unsigned long long)hash(text));
}

static void add_set(struct compiler *c, const struct policy_peer *peer)
{
	const char *text = set_text(peer, c->a);

	for (size_t i = 0; i < FAMILIES; i++)
		policy_items_add(c->out, c->a,
				 &(struct policy_item){ .kind = POLICY_SET,
							.name = set_name(text, families[i], c->a),
							.text = text,
							.family = (uint8_t)families[i] });
}

typedef void peer_fn(struct compiler *c, const struct policy_peer *peer, const void *ctx);

/* Each peer that is a set, of all policies. */
static void each_set(struct compiler *c, peer_fn *each, const void *ctx)
{
	for (size_t i = 0; i < c->w->n_policies; i++) {
		for (int d = 0; d < POLICY_DIRECTIONS; d++) {
			struct policy_rule_list rules = network_policy_rules(&c->w->policies[i], d);

			for (size_t k = 0; k < rules.n; k++)
				for (size_t m = 0; m < rules.items[k].peers.n; m++)
					if (is_set(&rules.items[k].peers.items[m]))
						each(c, &rules.items[k].peers.items[m], ctx);
		}
	}
}

static void each_add_set(struct compiler *c, const struct policy_peer *peer, const void *ctx)
{
	(void)ctx;
	add_set(c, peer);
}

static void add_element(struct compiler *c, const char *set, const struct ip_block *key,
			const char *chain)
{
	policy_items_add(c->out, c->a,
			 &(struct policy_item){ .kind = POLICY_ELEMENT,
						.name = set,
						.key = *key,
						.chain = chain });
}

int policy_compile_base(const struct policy_world *w, struct arena *a, struct policy_items *ret,
			struct err *err)
{
	struct policy_items out = { 0 };
	struct compiler c = { w, a, &out };
	int r;

	each_set(&c, each_add_set, NULL);
	for (size_t i = 0; i < w->n_networks; i++) {
		for (size_t k = 0; k < w->networks[i].n_subnets; k++) {
			const struct ip_block *subnet = &w->networks[i].subnets[k];

			add_element(&c, subnet->family == 4 ? "nets4" : "nets6", subnet, NULL);
		}
	}
	r = policy_items_sort(&out, err);
	if (r == 0)
		*ret = out;
	return r;
}

/* -- chains -- */

struct matches {
	struct policy_match *items;
	size_t n, room;
};

static void add_match(struct compiler *c, struct matches *all, const struct policy_match *m)
{
	if (all->n == all->room) {
		struct policy_match *grown;

		all->room = all->room ? 2 * all->room : 8;
		grown = arena_array(c->a, all->room, sizeof(*grown));
		if (all->n)
			memcpy(grown, all->items, all->n * sizeof(*grown));
		all->items = grown;
	}
	all->items[all->n++] = *m;
}

static void add_port(struct compiler *c, struct matches *all, struct policy_match m,
		     const struct policy_port *port)
{
	int protocol = network_policy_protocol(port->protocol);

	m.protocol = (uint8_t)protocol;
	m.port = (uint16_t)port->port;
	m.end_port = (uint16_t)port->end_port;
	if (protocol != IPPROTO_ICMP) {
		add_match(c, all, &m);
		return;
	}
	/* Each version has its own. */
	for (size_t i = 0; i < FAMILIES; i++) {
		if (m.family && m.family != families[i])
			continue;
		struct policy_match one = m;

		one.family = (uint8_t)families[i];
		one.protocol = families[i] == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
		add_match(c, all, &one);
	}
}

static void add_ports(struct compiler *c, struct matches *all, const struct policy_rule *rule,
		      const struct policy_match *m)
{
	for (size_t i = 0; i < rule->ports.n; i++)
		add_port(c, all, *m, &rule->ports.items[i]);
	if (rule->ports.n == 0)
		add_match(c, all, m);
}

static void add_block(struct compiler *c, struct matches *all, const struct policy_rule *rule,
		      const struct policy_peer *peer, struct policy_match m)
{
	struct ip_block *blocks = arena_array(c->a, 1 + peer->except.n, sizeof(*blocks));

	/* They were checked when the policy was read. */
	if (ip_block_parse(peer->cidr, &blocks[0], NULL) < 0)
		return;
	for (size_t i = 0; i < peer->except.n; i++)
		if (ip_block_parse(peer->except.items[i], &blocks[1 + i], NULL) < 0)
			return;
	m.family = blocks[0].family;
	m.block = &blocks[0];
	m.excepts = &blocks[1];
	m.n_excepts = peer->except.n;
	add_ports(c, all, rule, &m);
}

static void add_peer(struct compiler *c, struct matches *all, const struct policy_rule *rule,
		     const struct policy_peer *peer, struct policy_match m)
{
	const char *text = is_set(peer) ? set_text(peer, c->a) : NULL;

	if (peer->cidr) {
		add_block(c, all, rule, peer, m);
		return;
	}
	for (size_t i = 0; i < FAMILIES; i++) {
		m.family = (uint8_t)families[i];
		m.outside = peer->world;
		m.set = text ? set_name(text, families[i], c->a)
			     : arena_printf(c->a, "nets%u", families[i]);
		add_ports(c, all, rule, &m);
	}
}

static void add_policy(struct compiler *c, struct matches *all, const struct network_policy *p,
		       enum policy_direction d)
{
	struct policy_rule_list rules = network_policy_rules(p, d);

	for (size_t i = 0; i < rules.n; i++) {
		const struct policy_rule *rule = &rules.items[i];
		struct policy_match m = { .policy = p->name, .rule = i };

		for (size_t k = 0; k < rule->peers.n; k++)
			add_peer(c, all, rule, &rule->peers.items[k], m);
		if (rule->peers.n == 0)
			add_ports(c, all, rule, &m);
	}
}

static const char *chain_text(struct compiler *c, const struct matches *all,
			      enum policy_direction d)
{
	struct buf text = { 0 };
	const char *copy;

	for (size_t i = 0; i < all->n; i++) {
		policy_items_write_match(&all->items[i], d, &text);
		buf_addc(&text, '\n');
	}
	copy = arena_strdup(c->a, buf_text(&text));
	buf_done(&text);
	return copy;
}

/* The chain of the policies that select the container in that direction; NULL: none does. */
static const char *add_identity(struct compiler *c, const struct policy_container *of,
				enum policy_direction d)
{
	struct policy_item chain = { .kind = POLICY_CHAIN, .direction = d };
	struct matches all = { 0 };
	bool selected = false;

	for (size_t i = 0; i < c->w->n_policies; i++) {
		const struct network_policy *p = &c->w->policies[i];

		if (!network_policy_has(p, d) || !label_selector_matches(p->selector, &of->labels))
			continue;
		selected = true;
		add_policy(c, &all, p, d);
	}
	if (!selected)
		return NULL;
	chain.text = chain_text(c, &all, d);
	chain.name = arena_printf(c->a, "%s_%016llx", d == POLICY_INGRESS ? "in" : "out",
				  (unsigned long long)hash(chain.text));
	chain.matches = all.items;
	chain.n_matches = all.n;
	policy_items_add(c->out, c->a, &chain);
	return chain.name;
}

/* -- containers -- */

static void each_add_member(struct compiler *c, const struct policy_peer *peer, const void *ctx)
{
	const struct policy_container *of = ctx;
	const char *text;

	if (peer->selector && !label_selector_matches(peer->selector, &of->labels))
		return;
	text = set_text(peer, c->a);
	for (size_t i = 0; i < of->n_addresses; i++) {
		const struct policy_address *at = &of->addresses[i];

		if (!peer->network || str_eq(peer->network, at->network))
			add_element(c, set_name(text, at->address.family, c->a), &at->address,
				    NULL);
	}
}

static void add_container(struct compiler *c, const struct policy_container *of)
{
	const char *in = add_identity(c, of, POLICY_INGRESS);
	const char *out = add_identity(c, of, POLICY_EGRESS);

	each_set(c, each_add_member, of);
	for (size_t i = 0; i < of->n_addresses; i++) {
		const struct ip_block *address = &of->addresses[i].address;
		bool v4 = address->family == 4;

		if (in)
			add_element(c, v4 ? "in4" : "in6", address, in);
		if (out)
			add_element(c, v4 ? "out4" : "out6", address, out);
		if (in || out)
			add_element(c, v4 ? "guarded4" : "guarded6", address, NULL);
	}
}

int policy_compile_container(const struct policy_world *w, const struct policy_container *c,
			     struct arena *a, struct policy_items *ret, struct err *err)
{
	struct policy_items out = { 0 };
	int r;

	/* Without an address nothing leads to a chain. */
	if (c->n_addresses)
		add_container(&(struct compiler){ w, a, &out }, c);
	r = policy_items_sort(&out, err);
	if (r == 0)
		*ret = out;
	return r;
}

int policy_compile(const struct policy_world *w, struct arena *a, struct policy_items *ret,
		   struct err *err)
{
	struct policy_items out;
	int r = policy_compile_base(w, a, &out, err);

	for (size_t i = 0; r == 0 && i < w->n_containers; i++) {
		struct policy_items one = { 0 };

		r = policy_compile_container(w, &w->containers[i], a, &one, err);
		for (size_t k = 0; k < one.n; k++)
			policy_items_add(&out, a, &one.items[k]);
	}
	if (r == 0)
		r = policy_items_sort(&out, err);
	if (r == 0)
		*ret = out;
	return r;
}
