/*
 * policy_decide.c - what label policies say of one flow
 *
 * Kubernetes' semantics: a container that some policy selects in a direction has only the traffic
 * that some rule of such a policy allows; others have all. Peers are known by their addresses, as
 * in the kernel.
 */
#include "net/policy.h"

#include <netinet/in.h>

static bool selects(const struct network_policy *p, enum policy_direction d,
		    const struct policy_container *c)
{
	return network_policy_has(p, d) && label_selector_matches(p->selector, &c->labels);
}

static bool has_address(const struct policy_container *c, const struct ip_block *address,
			const char *network)
{
	for (size_t i = 0; i < c->n_addresses; i++)
		if (ip_block_compare(&c->addresses[i].address, address) == 0 &&
		    (!network || str_eq(c->addresses[i].network, network)))
			return true;
	return false;
}

const struct policy_container *policy_decide_owner(const struct policy_world *w,
						   const struct ip_block *address)
{
	for (size_t i = 0; i < w->n_containers; i++)
		if (has_address(&w->containers[i], address, NULL))
			return &w->containers[i];
	return NULL;
}

const struct policy_network *policy_decide_network(const struct policy_world *w,
						   const struct ip_block *address)
{
	for (size_t i = 0; i < w->n_networks; i++)
		for (size_t k = 0; k < w->networks[i].n_subnets; k++)
			if (ip_block_has(&w->networks[i].subnets[k], address))
				return &w->networks[i];
	return NULL;
}

static bool block_has(const struct policy_peer *peer, const struct ip_block *remote)
{
	struct ip_block block;

	if (ip_block_parse(peer->cidr, &block, NULL) < 0)
		return false;
	if (!remote->family)
		return block.prefix == 0;
	if (!ip_block_has(&block, remote))
		return false;
	for (size_t i = 0; i < peer->except.n; i++)
		if (ip_block_parse(peer->except.items[i], &block, NULL) < 0 ||
		    ip_block_has(&block, remote))
			return false;
	return true;
}

static bool is_peer(const struct policy_world *w, const struct policy_peer *peer,
		    const struct ip_block *remote)
{
	const struct policy_container *owner;

	if (peer->world)
		return !remote->family || !policy_decide_network(w, remote);
	if (peer->cidr)
		return block_has(peer, remote);
	owner = remote->family ? policy_decide_owner(w, remote) : NULL;
	if (!owner || (peer->selector && !label_selector_matches(peer->selector, &owner->labels)))
		return false;
	return has_address(owner, remote, peer->network);
}

static bool has_port(const struct policy_port *port, const struct policy_flow *flow)
{
	uint32_t last = port->end_port ? port->end_port : port->port;

	if (network_policy_protocol(port->protocol) != flow->protocol)
		return false;
	return !port->port || (flow->port >= port->port && flow->port <= last);
}

static bool allows(const struct policy_world *w, const struct policy_rule *rule,
		   const struct policy_flow *flow)
{
	bool peer = rule->peers.n == 0, port = rule->ports.n == 0;

	for (size_t i = 0; !port && i < rule->ports.n; i++)
		port = has_port(&rule->ports.items[i], flow);
	for (size_t i = 0; port && !peer && i < rule->peers.n; i++)
		peer = is_peer(w, &rule->peers.items[i], &flow->remote);
	return peer && port;
}

struct policy_decision policy_decide(const struct policy_world *w, enum policy_direction d,
				     const struct policy_container *c,
				     const struct policy_flow *flow)
{
	struct policy_decision decision = { .allowed = true };

	for (size_t i = 0; i < w->n_policies; i++) {
		const struct network_policy *p = &w->policies[i];
		struct policy_rule_list rules = network_policy_rules(p, d);

		if (!selects(p, d, c))
			continue;
		if (!decision.selected)
			decision = (struct policy_decision){ .selected = true, .policy = p };
		for (size_t k = 0; k < rules.n; k++)
			if (allows(w, &rules.items[k], flow))
				return (struct policy_decision){ true, true, p, k };
	}
	return decision;
}
