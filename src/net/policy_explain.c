/*
 * policy_explain.c - whether traffic passes from one end to another, and what decides
 *
 * In the order in which it would meet them: what the networks say (no network, isolation, icc,
 * internal, ports that are not published), then the policies of the sender for egress, then those
 * of the receiver for ingress. Containers that share several networks have several ways; one that
 * passes is enough.
 */
#include "net/policy.h"

#include <netinet/in.h>
#include <stdio.h>

const char *const policy_reason_names[POLICY_REASONS + 1] = {
	"free", "policy",   "host",        "unfiltered", "default", "isolated",
	"icc",  "internal", "unpublished", "no-network", NULL,
};

struct way {
	const struct policy_world *w;
	const struct policy_query *q;
	struct arena *a;
};

static const struct policy_network *network_named(const struct policy_world *w, const char *name)
{
	for (size_t i = 0; i < w->n_networks; i++)
		if (str_eq(w->networks[i].name, name))
			return &w->networks[i];
	return NULL;
}

static const char *end_name(const struct policy_end *end, struct arena *a)
{
	char text[IP_BLOCK_TEXT_MAX];

	if (end->container)
		return end->container->name;
	if (!end->address.family)
		return "the world";
	ip_block_write(&end->address, text);
	return arena_strdup(a, text);
}

static void deny(struct policy_verdict *v, enum policy_reason reason, const char *network,
		 const char *text)
{
	*v = (struct policy_verdict){ .reason = reason, .network = network, .text = text };
}

/* -- policies -- */

static const char *allowed_text(const struct way *way, const struct policy_verdict *v)
{
	struct strv parts = { 0 };

	for (int d = POLICY_DIRECTIONS - 1; d >= 0; d--)
		if (v->decisions[d].selected)
			strv_add(&parts, way->a,
				 arena_printf(way->a, "%s rule %zu of policy %s",
					      policy_direction_names[d], v->decisions[d].rule + 1,
					      v->decisions[d].policy->name));
	return strv_join(&parts, way->a, " and ");
}

static const char *denied_text(const struct way *way, enum policy_direction d,
			       const struct policy_decision *decision)
{
	const struct policy_end *end = d == POLICY_INGRESS ? &way->q->to : &way->q->from;

	return arena_printf(way->a,
			    "policy %s selects %s for %s, and no rule of a policy allows this",
			    decision->policy->name, end_name(end, way->a),
			    policy_direction_names[d]);
}

/* The networks let it pass, between these addresses. */
static void ask_policies(const struct way *way, const struct ip_block *from,
			 const struct ip_block *to, const char *network, struct policy_verdict *v)
{
	const struct policy_query *q = way->q;
	const struct {
		const struct policy_container *c;
		const struct ip_block *remote;
	} ends[POLICY_DIRECTIONS] = {
		[POLICY_INGRESS] = { q->to.container, from },
		[POLICY_EGRESS] = { q->from.container, to },
	};

	*v = (struct policy_verdict){ .network = network };
	for (int d = POLICY_DIRECTIONS - 1; d >= 0; d--) {
		struct policy_flow flow = { *ends[d].remote, q->protocol, q->port };

		v->decisions[d] = ends[d].c ? policy_decide(way->w, d, ends[d].c, &flow)
					    : (struct policy_decision){ .allowed = true };
		if (v->decisions[d].allowed)
			continue;
		v->reason = POLICY_REASON_DEFAULT;
		v->text = denied_text(way, d, &v->decisions[d]);
		return;
	}
	v->passes = true;
	if (v->decisions[0].selected || v->decisions[1].selected) {
		v->reason = POLICY_REASON_POLICY;
		v->text = allowed_text(way, v);
	} else {
		v->reason = POLICY_REASON_FREE;
		v->text = "no policy selects either end in this direction";
	}
}

/* -- networks -- */

/* What never passes the host nobody there can hold up. */
static bool is_unfiltered(const struct way *way, const char *network, struct policy_verdict *v)
{
	const struct policy_network *n = network_named(way->w, network);

	if (!n || !n->unfiltered)
		return false;
	deny(v, POLICY_REASON_UNFILTERED, n->name,
	     arena_printf(way->a, "traffic of network %s does not pass the host: no policy holds",
			  n->name));
	v->passes = true;
	return true;
}

static void on_network(const struct way *way, const struct policy_address *from,
		       const struct policy_address *to, struct policy_verdict *v)
{
	const struct policy_network *n = network_named(way->w, from->network);

	if (is_unfiltered(way, from->network, v))
		return;
	if (n && n->no_icc) {
		deny(v, POLICY_REASON_ICC, n->name,
		     arena_printf(way->a, "network %s has icc=false: its containers may not talk",
				  n->name));
	} else {
		ask_policies(way, &from->address, &to->address, from->network, v);
	}
}

/* Of an end that was given as an address only that one counts. */
static bool is_meant(const struct policy_end *end, const struct policy_address *at)
{
	return !end->address.family || ip_block_compare(&end->address, &at->address) == 0;
}

static void between_containers(const struct way *way, struct policy_verdict *v)
{
	const struct policy_container *from = way->q->from.container, *to = way->q->to.container;
	bool met = false;

	deny(v, POLICY_REASON_ISOLATED, NULL,
	     arena_printf(way->a, "%s and %s share no network", from->name, to->name));
	for (size_t i = 0; i < from->n_addresses; i++) {
		for (size_t k = 0; k < to->n_addresses; k++) {
			struct policy_verdict one;

			if (!str_eq(from->addresses[i].network, to->addresses[k].network) ||
			    from->addresses[i].address.family != to->addresses[k].address.family ||
			    !is_meant(&way->q->from, &from->addresses[i]) ||
			    !is_meant(&way->q->to, &to->addresses[k]))
				continue;
			on_network(way, &from->addresses[i], &to->addresses[k], &one);
			if (one.passes || !met)
				*v = one;
			if (one.passes)
				return;
			met = true;
		}
	}
}

static bool is_published(const struct policy_container *c, const struct policy_query *q)
{
	for (size_t i = 0; i < c->n_published; i++)
		if (!q->protocol ||
		    (c->published[i].protocol == q->protocol && c->published[i].port == q->port))
			return true;
	return false;
}

/* A network by which a container reaches, or is reached from, outside; NULL: all are internal. */
static const struct policy_address *way_out(const struct way *way, const struct policy_container *c,
					    const struct ip_block *other)
{
	for (size_t i = 0; i < c->n_addresses; i++) {
		const struct policy_network *n = network_named(way->w, c->addresses[i].network);

		if ((!n || !n->internal) &&
		    (!other->family || c->addresses[i].address.family == other->family))
			return &c->addresses[i];
	}
	return NULL;
}

static void no_way_out(const struct way *way, const struct policy_container *c,
		       struct policy_verdict *v)
{
	bool internal = false;

	for (size_t i = 0; i < c->n_addresses; i++) {
		const struct policy_network *n = network_named(way->w, c->addresses[i].network);

		internal |= n && n->internal;
	}
	if (internal)
		deny(v, POLICY_REASON_INTERNAL, c->addresses[0].network,
		     arena_printf(way->a, "%s is in internal networks only", c->name));
	else
		deny(v, POLICY_REASON_NO_NETWORK, NULL,
		     arena_printf(way->a, "%s has no address of this family", c->name));
}

/* Another network's address that no container has: a gateway, or nobody. */
static bool is_foreign(const struct way *way, const struct policy_container *c,
		       const struct ip_block *address)
{
	const struct policy_network *n =
		address->family ? policy_decide_network(way->w, address) : NULL;

	for (size_t i = 0; n && i < c->n_addresses; i++)
		if (str_eq(c->addresses[i].network, n->name))
			return false;
	return n;
}

static void to_outside(const struct way *way, struct policy_verdict *v)
{
	const struct policy_container *c = way->q->from.container;
	const struct policy_address *out = way_out(way, c, &way->q->to.address);

	if (is_foreign(way, c, &way->q->to.address))
		deny(v, POLICY_REASON_ISOLATED, NULL,
		     arena_printf(way->a, "%s is in a network that %s is not in",
				  end_name(&way->q->to, way->a), c->name));
	else if (!out)
		no_way_out(way, c, v);
	else if (!is_unfiltered(way, out->network, v))
		ask_policies(way, &out->address, &way->q->to.address, out->network, v);
}

static void from_outside(const struct way *way, struct policy_verdict *v)
{
	const struct policy_container *c = way->q->to.container;
	const struct policy_address *in = way_out(way, c, &way->q->from.address);

	if (is_foreign(way, c, &way->q->from.address))
		deny(v, POLICY_REASON_ISOLATED, NULL,
		     arena_printf(way->a, "%s is in a network that %s is not in",
				  end_name(&way->q->from, way->a), c->name));
	else if (!in)
		no_way_out(way, c, v);
	else if (is_unfiltered(way, in->network, v))
		return;
	else if (!is_published(c, way->q))
		deny(v, POLICY_REASON_UNPUBLISHED, in->network,
		     arena_printf(way->a,
				  "%s does not publish it: from outside only published "
				  "ports are reached",
				  c->name));
	else
		ask_policies(way, &way->q->from.address, &in->address, in->network, v);
}

/* What needs no way at all. */
static bool without_network(const struct way *way, struct policy_verdict *v)
{
	const struct policy_end *ends[] = { &way->q->from, &way->q->to };

	for (size_t i = 0; i < 2; i++) {
		const struct policy_container *c = ends[i]->container;

		if (!c || c->host || c->n_addresses)
			continue;
		deny(v, POLICY_REASON_NO_NETWORK, NULL,
		     arena_printf(way->a, "%s is in no network, or does not run", c->name));
		return true;
	}
	return false;
}

/* With the host's network an end is the host; ports need not be published for it. */
static bool with_host(const struct way *way, struct policy_verdict *v)
{
	const struct policy_container *from = way->q->from.container, *to = way->q->to.container;

	if (from && from->host) {
		*v = (struct policy_verdict){
			.passes = true,
			.reason = POLICY_REASON_HOST,
			.text = arena_printf(way->a,
					     "%s has the host's network, where no policy holds",
					     from->name),
		};
		return true;
	}
	if (!to || !to->host)
		return false;
	if (from) {
		ask_policies(way, &from->addresses[0].address, &(struct ip_block){ 0 },
			     from->addresses[0].network, v);
	} else {
		*v = (struct policy_verdict){ .passes = true, .reason = POLICY_REASON_HOST };
		v->text = arena_printf(way->a, "%s has the host's network, where no policy holds",
				       to->name);
	}
	return true;
}

static void decide(const struct way *way, struct policy_verdict *v)
{
	const struct policy_query *q = way->q;

	if (without_network(way, v) || with_host(way, v))
		return;
	if (q->from.container && q->to.container)
		between_containers(way, v);
	else if (q->from.container)
		to_outside(way, v);
	else if (q->to.container)
		from_outside(way, v);
	else
		deny(v, POLICY_REASON_NO_NETWORK, NULL,
		     "neither end is a container: policies are for containers");
}

/* -- without a port: which one would pass -- */

static bool try_port(const struct way *way, const struct policy_port *port)
{
	struct policy_query q = *way->q;
	struct policy_verdict v;

	q.protocol = (uint8_t)network_policy_protocol(port->protocol);
	q.port = (uint16_t)port->port;
	decide(&(struct way){ way->w, &q, way->a }, &v);
	return v.passes;
}

/* Of ranges that overlap, one's first port is in the other. */
static const struct policy_port *find_port(const struct way *way)
{
	for (size_t i = 0; i < way->w->n_policies; i++) {
		for (int d = 0; d < POLICY_DIRECTIONS; d++) {
			struct policy_rule_list rules =
				network_policy_rules(&way->w->policies[i], d);

			for (size_t k = 0; k < rules.n; k++)
				for (size_t m = 0; m < rules.items[k].ports.n; m++)
					if (try_port(way, &rules.items[k].ports.items[m]))
						return &rules.items[k].ports.items[m];
		}
	}
	return NULL;
}

void policy_explain(const struct policy_world *w, const struct policy_query *q, struct arena *a,
		    struct policy_verdict *ret)
{
	struct way way = { w, q, a };

	decide(&way, ret);
	if (!ret->passes && !q->protocol && ret->reason == POLICY_REASON_DEFAULT)
		ret->only_port = find_port(&way);
	if (ret->only_port)
		ret->text = arena_printf(a, "%s; but %s passes", ret->text,
					 network_policy_port_text(ret->only_port, a));
}

/* -- words -- */

static int find_container(const struct policy_world *w, const char *name,
			  const struct policy_container **ret, struct err *err)
{
	const struct policy_container *found = NULL;
	size_t len = strlen(name);

	for (size_t i = 0; i < w->n_containers; i++) {
		const struct policy_container *c = &w->containers[i];

		if (str_eq(c->name, name) || str_eq(c->id, name)) {
			*ret = c;
			return 0;
		}
		if (len && strncmp(c->id, name, len) == 0) {
			if (found)
				return err_set(err, -EINVAL,
					       "multiple IDs found with provided prefix: %s", name);
			found = c;
		}
	}
	if (!found)
		return err_set(err, -ENOENT,
			       "No such container: %.128s (or an address, or \"world\")", name);
	*ret = found;
	return 0;
}

static int parse_end(const struct policy_world *w, const char *text, struct policy_end *ret,
		     struct err *err)
{
	*ret = (struct policy_end){ 0 };
	if (str_eq(text, "world"))
		return 0;
	if (ip_block_parse_address(text, &ret->address) < 0)
		return find_container(w, text, &ret->container, err);
	ret->container = policy_decide_owner(w, &ret->address);
	return 0;
}

/* "[fd00::1]:80" has brackets, "fd00::1" none. */
static const char *split_port(const char *text, struct arena *a, const char **ret_port)
{
	const char *colon = strrchr(text, ':'), *close = strchr(text, ']');
	struct ip_block whole;

	*ret_port = NULL;
	if (*text == '[' && close) {
		if (close[1] == ':')
			*ret_port = close + 2;
		return arena_strndup(a, text + 1, (size_t)(close - text - 1));
	}
	if (!colon || ip_block_parse_address(text, &whole) == 0)
		return text;
	*ret_port = colon + 1;
	return arena_strndup(a, text, (size_t)(colon - text));
}

int policy_explain_parse(const struct policy_world *w, const char *from, const char *to,
			 struct arena *a, struct policy_query *ret, struct err *err)
{
	struct policy_query q = { 0 };
	struct policy_port port;
	const char *text, *end = split_port(to, a, &text);
	int r = parse_end(w, from, &q.from, err);

	if (r == 0)
		r = parse_end(w, end, &q.to, err);
	if (r == 0 && text) {
		r = network_policy_parse_port(text, &port, err);
		if (r == 0 && port.end_port)
			r = err_set(err, -EINVAL, "%s: one port, not a range", text);
		if (r == 0 && !port.port && !str_eq(port.protocol, "icmp"))
			r = err_set(err, -EINVAL, "%s: %s needs a port", text, port.protocol);
	}
	if (r < 0)
		return r;
	if (text) {
		q.protocol = (uint8_t)network_policy_protocol(port.protocol);
		q.port = (uint16_t)port.port;
	}
	*ret = q;
	return 0;
}
