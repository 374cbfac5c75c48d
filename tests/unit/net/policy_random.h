/*
 * policy_random.h - random networks, containers and policies, and a reference model of a few lines
 *
 * The model says in the fewest words what policies mean; whatever else decides is held against it.
 */
#ifndef TESTS_UNIT_NET_POLICY_RANDOM_H
#define TESTS_UNIT_NET_POLICY_RANDOM_H

#include "base/mem.h"
#include "net/policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONTAINERS_MOST = 8, POLICIES_MOST = 5, NETWORKS = 3 };

struct dice {
	uint64_t state;
	struct arena *a;
};

/* 0 to n - 1; xorshift64*. */
static inline uint32_t roll(struct dice *d, uint32_t n)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return (uint32_t)((d->state * 0x2545f4914f6cdd1d) >> 33) % n;
}

static inline const char *pick(struct dice *d, const char *const *words, uint32_t n)
{
	return words[roll(d, n)];
}

static inline uint64_t dice_seed(void)
{
	const char *given = getenv("BERTH_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : 1;

	return seed * 0x9e3779b97f4a7c15 + 1;
}

static const char *const dice_keys[] = { "app", "tier", "env" };
static const char *const dice_values[] = { "a", "b", "c" };
static const char *const dice_networks[] = { "front", "back", "side" };
static const char *const dice_protocols[] = { "tcp", "udp", "sctp", "icmp" };
static const char *const dice_cidrs[] = { "10.1.0.0/16", "10.2.0.0/24", "10.1.0.2/32", "0.0.0.0/0",
					  "fd01::/64",   "::/0",        "192.0.2.0/24" };

/* -- making -- */

static inline struct ip_block dice_address(const char *text)
{
	struct ip_block b = { 0 };

	(void)ip_block_parse_address(text, &b);
	return b;
}

static inline const struct policy_network *random_networks(struct dice *d)
{
	struct policy_network *all = arena_array(d->a, NETWORKS, sizeof(*all));

	for (unsigned i = 0; i < NETWORKS; i++) {
		struct ip_block *subnets = arena_array(d->a, 2, sizeof(*subnets));

		(void)ip_block_parse(arena_printf(d->a, "10.%u.0.0/16", i + 1), &subnets[0], NULL);
		(void)ip_block_parse(arena_printf(d->a, "fd0%u::/64", i + 1), &subnets[1], NULL);
		all[i] = (struct policy_network){ .name = dice_networks[i],
						  .subnets = subnets,
						  .n_subnets = 2 };
	}
	return all;
}

static inline struct policy_container random_container(struct dice *d, unsigned number)
{
	struct policy_container c = { .id = arena_printf(d->a, "%064x", number + 1),
				      .name = arena_printf(d->a, "c%u", number) };
	struct policy_address *at = arena_array(d->a, 2 * NETWORKS, sizeof(*at));

	for (unsigned i = 0; i < 3; i++)
		if (roll(d, 2))
			str_map_set(&c.labels, d->a, dice_keys[i], pick(d, dice_values, 3));
	for (unsigned i = 0; i < NETWORKS; i++) {
		if (roll(d, 2))
			continue;
		at[c.n_addresses++] = (struct policy_address){
			dice_networks[i],
			dice_address(arena_printf(d->a, "10.%u.0.%u", i + 1, number + 2))
		};
		at[c.n_addresses++] = (struct policy_address){
			dice_networks[i],
			dice_address(arena_printf(d->a, "fd0%u::%u", i + 1, number + 2))
		};
	}
	c.addresses = at;
	return c;
}

static inline const struct label_selector *random_selector(struct dice *d)
{
	struct label_selector *s = arena_new(d->a, struct label_selector);
	uint32_t n = roll(d, 3);

	if (roll(d, 2))
		str_map_set(&s->match_labels, d->a, pick(d, dice_keys, 3), pick(d, dice_values, 3));
	s->match_expressions.items = arena_array(d->a, n, sizeof(struct label_requirement));
	for (; s->match_expressions.n < n; s->match_expressions.n++) {
		struct label_requirement *q = &s->match_expressions.items[s->match_expressions.n];

		q->key = pick(d, dice_keys, 3);
		q->op = (int)roll(d, SELECTOR_OPERATORS);
		for (uint32_t k = roll(d, 2); q->op <= SELECTOR_NOT_IN && k < 2; k++)
			strv_add(&q->values, d->a, pick(d, dice_values, 3));
	}
	return s;
}

static inline struct policy_peer random_peer(struct dice *d)
{
	switch (roll(d, 5)) {
	case 0:
		return (struct policy_peer){ .world = true };
	case 1: {
		struct policy_peer p = { .cidr = pick(d, dice_cidrs, 7) };

		if (roll(d, 2) && p.cidr[0] != 'f' && p.cidr[0] != ':' && p.cidr[3] != '2')
			strv_add(&p.except, d->a, p.cidr[0] == '1' ? "10.1.0.2/32" : "10.2.0.0/16");
		if (p.except.n && !str_eq(p.cidr, "10.1.0.0/16") && !str_eq(p.cidr, "0.0.0.0/0"))
			p.except = (struct strv){ 0 };
		return p;
	}
	case 2:
		return (struct policy_peer){ .network = pick(d, dice_networks, 3) };
	case 3:
		return (struct policy_peer){ .network = pick(d, dice_networks, 3),
					     .selector = random_selector(d) };
	default:
		return (struct policy_peer){ .selector = random_selector(d) };
	}
}

static inline struct policy_rule random_rule(struct dice *d)
{
	struct policy_rule rule = { 0 };
	uint32_t n = roll(d, 3);

	rule.peers.items = arena_array(d->a, n, sizeof(*rule.peers.items));
	for (; rule.peers.n < n; rule.peers.n++)
		rule.peers.items[rule.peers.n] = random_peer(d);
	n = roll(d, 3);
	rule.ports.items = arena_array(d->a, n, sizeof(*rule.ports.items));
	for (; rule.ports.n < n; rule.ports.n++) {
		struct policy_port *port = &rule.ports.items[rule.ports.n];

		port->protocol = pick(d, dice_protocols, 4);
		if (port->protocol[0] == 'i' || roll(d, 4) == 0)
			continue;
		port->port = 7000 + roll(d, 4);
		port->end_port = roll(d, 2) ? port->port + roll(d, 3) : 0;
	}
	return rule;
}

static inline struct network_policy random_policy(struct dice *d, unsigned number)
{
	struct network_policy p = { .name = arena_printf(d->a, "policy%u", number),
				    .selector = random_selector(d) };
	uint32_t which = 1 + roll(d, 3);

	if (which & 1) {
		p.ingress.n = roll(d, 3);
		p.ingress.items = arena_array(d->a, p.ingress.n, sizeof(struct policy_rule));
		strv_add(&p.directions, d->a, "ingress");
	}
	if (which & 2) {
		p.egress.n = roll(d, 3);
		p.egress.items = arena_array(d->a, p.egress.n, sizeof(struct policy_rule));
		strv_add(&p.directions, d->a, "egress");
	}
	for (size_t i = 0; i < p.ingress.n; i++)
		p.ingress.items[i] = random_rule(d);
	for (size_t i = 0; i < p.egress.n; i++)
		p.egress.items[i] = random_rule(d);
	return p;
}

static inline struct policy_world random_world(struct dice *d)
{
	struct policy_container *containers =
		arena_array(d->a, CONTAINERS_MOST, sizeof(*containers));
	struct network_policy *policies = arena_array(d->a, POLICIES_MOST, sizeof(*policies));
	struct policy_world w = { .networks = random_networks(d),
				  .n_networks = NETWORKS,
				  .containers = containers,
				  .n_containers = 2 + roll(d, CONTAINERS_MOST - 1),
				  .policies = policies,
				  .n_policies = roll(d, POLICIES_MOST + 1) };

	for (unsigned i = 0; i < w.n_containers; i++)
		containers[i] = random_container(d, i);
	for (unsigned i = 0; i < w.n_policies; i++)
		policies[i] = random_policy(d, i);
	return w;
}

/* -- the reference model -- */

static inline const struct policy_container *model_who(const struct policy_world *w,
						       const struct ip_block *ip, const char *net)
{
	for (size_t i = 0; i < w->n_containers; i++)
		for (size_t k = 0; k < w->containers[i].n_addresses; k++)
			if (!memcmp(&w->containers[i].addresses[k].address, ip, sizeof(*ip)) &&
			    (!net || !strcmp(net, w->containers[i].addresses[k].network)))
				return &w->containers[i];
	return NULL;
}

static inline bool model_labels(const struct label_selector *s, const struct policy_container *c)
{
	bool ok = true;

	for (size_t i = 0; i < s->match_labels.n; i++)
		ok &= str_eq(str_map_get(&c->labels, s->match_labels.items[i].key),
			     s->match_labels.items[i].value);
	for (size_t i = 0; i < s->match_expressions.n; i++) {
		const struct label_requirement *q = &s->match_expressions.items[i];
		const char *v = str_map_get(&c->labels, q->key);
		bool in = v && strv_has(&q->values, v);

		ok &= (bool[]){ in, !in, v, !v }[q->op];
	}
	return ok;
}

static inline bool model_block(const char *cidr, const struct ip_block *ip)
{
	int bits = (int)strtol(strchr(cidr, '/') + 1, NULL, 10);
	char text[IP_BLOCK_TEXT_MAX] = "";
	struct ip_block net;

	memcpy(text, cidr, (size_t)(strchr(cidr, '/') - cidr));
	net = dice_address(text);
	for (int i = 0; i < bits; i++)
		if ((net.bytes[i / 8] ^ ip->bytes[i / 8]) & (0x80 >> i % 8))
			return false;
	return net.family == ip->family;
}

static inline bool model_peer(const struct policy_world *w, const struct policy_peer *p,
			      const struct ip_block *ip)
{
	const struct policy_container *c = model_who(w, ip, p->network);
	bool in_network = false, excepted = false;

	for (size_t i = 0; i < p->except.n; i++)
		excepted |= model_block(p->except.items[i], ip);
	for (size_t i = 0; i < w->n_networks; i++)
		for (size_t k = 0; k < w->networks[i].n_subnets; k++)
			in_network |= ip_block_has(&w->networks[i].subnets[k], ip);
	if (p->cidr)
		return model_block(p->cidr, ip) && !excepted;
	return p->world ? !in_network : c && (!p->selector || model_labels(p->selector, c));
}

static inline bool model_rule(const struct policy_world *w, const struct policy_rule *r,
			      const struct ip_block *ip, const char *protocol, uint32_t port)
{
	bool peer = !r->peers.n, there = !r->ports.n;

	for (size_t i = 0; i < r->peers.n; i++)
		peer |= model_peer(w, &r->peers.items[i], ip);
	for (size_t i = 0; i < r->ports.n; i++) {
		const struct policy_port *p = &r->ports.items[i];
		uint32_t last = p->end_port ? p->end_port : p->port;

		there |= str_eq(p->protocol, protocol) &&
			 (!p->port || (p->port <= port && port <= last));
	}
	return peer && there;
}

/* Whether the policies let a new connection from one address to another one through. */
static inline bool model_passes(const struct policy_world *w, const struct ip_block *from,
				const struct ip_block *to, const char *protocol, uint32_t port)
{
	const struct policy_container *ends[] = { model_who(w, to, NULL),
						  model_who(w, from, NULL) };
	const struct ip_block *others[] = { from, to };
	bool passes = true;

	for (int d = 0; d < 2; d++) {
		bool selected = false, allowed = false;

		for (size_t i = 0; ends[d] && i < w->n_policies; i++) {
			const struct network_policy *p = &w->policies[i];
			struct policy_rule_list rules = network_policy_rules(p, d);

			if (!strv_has(&p->directions, d ? "egress" : "ingress") ||
			    !model_labels(p->selector, ends[d]))
				continue;
			selected = true;
			for (size_t k = 0; k < rules.n; k++)
				allowed |=
					model_rule(w, &rules.items[k], others[d], protocol, port);
		}
		passes &= !selected || allowed;
	}
	return passes;
}

#endif
