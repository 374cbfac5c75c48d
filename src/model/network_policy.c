/*
 * network_policy.c - which traffic of containers passes, by their labels
 */
#include "model/network_policy.h"

#include "base/own.h"
#include "codec/ip_block.h"
#include "codec/json.h"
#include "model/container.h"

#include <netinet/in.h>

enum { PORT_MAX = 65535, ITEMS_MAX = 256 };

const char *const policy_direction_names[POLICY_DIRECTIONS + 1] = { "ingress", "egress", NULL };

static const struct {
	const char *name;
	int number;
	bool has_ports;
} protocols[] = {
	{ "tcp", IPPROTO_TCP, true },
	{ "udp", IPPROTO_UDP, true },
	{ "sctp", IPPROTO_SCTP, true },
	{ "icmp", IPPROTO_ICMP, false },
};
enum { PROTOCOLS = sizeof(protocols) / sizeof(protocols[0]) };

#define T struct policy_peer
SCHEMA(policy_peer, T, F_PTR(T, selector, "selector", label_selector, OMIT_EMPTY),
       F_STR(T, network, "network", OMIT_EMPTY), F_STR(T, cidr, "cidr", OMIT_EMPTY),
       F_STRV(T, except, "except", OMIT_EMPTY), F_BOOL(T, world, "world", OMIT_EMPTY));
#undef T

#define T struct policy_port
SCHEMA(policy_port, T, F_STR(T, protocol, "protocol", OMIT_EMPTY),
       F_U32(T, port, "port", OMIT_EMPTY), F_U32(T, end_port, "endPort", OMIT_EMPTY));
#undef T

#define T struct policy_rule
SCHEMA(policy_ingress_rule, T, F_LIST(T, peers, "from", policy_peer, OMIT_EMPTY),
       F_LIST(T, ports, "ports", policy_port, OMIT_EMPTY));
SCHEMA(policy_egress_rule, T, F_LIST(T, peers, "to", policy_peer, OMIT_EMPTY),
       F_LIST(T, ports, "ports", policy_port, OMIT_EMPTY));
#undef T

#define T struct network_policy
SCHEMA(network_policy, T, F_INT(T, version, "version", OMIT_EMPTY),
       F_STR(T, name, "name", REQUIRED), F_TIME(T, created, "created", OMIT_EMPTY),
       F_PTR(T, selector, "selector", label_selector, OMIT_EMPTY),
       F_STRV(T, directions, "directions", OMIT_EMPTY),
       F_LIST(T, ingress, "ingress", policy_ingress_rule, OMIT_EMPTY),
       F_LIST(T, egress, "egress", policy_egress_rule, OMIT_EMPTY));
#undef T

/* -- asking -- */

bool network_policy_has(const struct network_policy *p, enum policy_direction d)
{
	return strv_has(&p->directions, policy_direction_names[d]);
}

struct policy_rule_list network_policy_rules(const struct network_policy *p,
					     enum policy_direction d)
{
	if (d == POLICY_INGRESS)
		return (struct policy_rule_list){ p->ingress.items, p->ingress.n };
	return (struct policy_rule_list){ p->egress.items, p->egress.n };
}

static size_t find_protocol(const char *name)
{
	size_t i = 0;

	while (i < PROTOCOLS && strcasecmp(protocols[i].name, name) != 0)
		i++;
	return i;
}

int network_policy_protocol(const char *name)
{
	size_t i = find_protocol(name);

	return i < PROTOCOLS ? protocols[i].number : -EINVAL;
}

const char *network_policy_port_text(const struct policy_port *port, struct arena *a)
{
	if (!port->port)
		return port->protocol;
	if (port->end_port > port->port)
		return arena_printf(a, "%s/%u-%u", port->protocol, port->port, port->end_port);
	return arena_printf(a, "%s/%u", port->protocol, port->port);
}

const char *network_policy_peer_text(const struct policy_peer *peer, struct arena *a)
{
	const char *who = peer->selector ? label_selector_text(peer->selector, a) : "";

	if (peer->world)
		return "world";
	if (peer->cidr)
		return peer->except.n ? arena_printf(a, "%s except %s", peer->cidr,
						     strv_join(&peer->except, a, ","))
				      : peer->cidr;
	if (!peer->network)
		return who;
	return arena_printf(a, "%s%snetwork:%s", who, *who ? " in " : "", peer->network);
}

/* -- checking -- */

/* Where in the document we are: "ingress[0].from[1]". */
struct place {
	const char *text;
	struct arena *a;
	struct err *err;
};

static struct place into(const struct place *at, const char *member, size_t i)
{
	return (struct place){ arena_printf(at->a, "%s%s%s[%zu]", at->text, *at->text ? "." : "",
					    member, i),
			       at->a, at->err };
}

static int wrong(const struct place *at, const char *member, const char *why)
{
	return err_set(at->err, -EINVAL, "%s%s%s: %s", at->text, *at->text && *member ? "." : "",
		       member, why);
}

static int check_selector(const struct label_selector *s, const struct place *at)
{
	int r = label_selector_check(s, at->err);

	return r < 0 ? err_wrap(at->err, "%s%sselector", at->text, *at->text ? "." : "") : 0;
}

static int check_blocks(const struct policy_peer *peer, const struct place *at)
{
	struct ip_block whole, part;
	int r = ip_block_parse(peer->cidr, &whole, at->err);

	if (r < 0)
		return err_wrap(at->err, "%s.cidr", at->text);
	for (size_t i = 0; i < peer->except.n; i++) {
		r = ip_block_parse(peer->except.items[i], &part, at->err);
		if (r < 0)
			return err_wrap(at->err, "%s.except[%zu]", at->text, i);
		if (!ip_block_has(&whole, &part))
			return err_set(at->err, -EINVAL, "%s.except[%zu]: %s is not within %s",
				       at->text, i, peer->except.items[i], peer->cidr);
	}
	return 0;
}

static int check_peer(const struct policy_peer *peer, const struct place *at)
{
	bool containers = peer->selector || peer->network;

	if (containers + (peer->cidr != NULL) + peer->world != 1)
		return wrong(at, "",
			     "must be one of: selector, network (or both), cidr, world: true");
	if (peer->except.n && !peer->cidr)
		return wrong(at, "except", "there is no cidr");
	if (peer->except.n > ITEMS_MAX)
		return wrong(at, "except", "too many");
	if (peer->network && !container_name_is_valid(peer->network))
		return wrong(at, "network", "not a network's name");
	if (peer->selector)
		return check_selector(peer->selector, at);
	return peer->cidr ? check_blocks(peer, at) : 0;
}

static int check_port(struct policy_port *port, const struct place *at)
{
	size_t i = find_protocol(port->protocol ? port->protocol : "tcp");

	if (i == PROTOCOLS)
		return wrong(at, "protocol", "must be tcp, udp, sctp or icmp");
	port->protocol = protocols[i].name;
	if (!protocols[i].has_ports && (port->port || port->end_port))
		return wrong(at, "port", "icmp has no ports");
	if (port->port > PORT_MAX)
		return wrong(at, "port", "must be 1 to 65535");
	if (port->end_port > PORT_MAX)
		return wrong(at, "endPort", "must be 1 to 65535");
	if (port->end_port && !port->port)
		return wrong(at, "endPort", "there is no port");
	if (port->end_port && port->end_port < port->port)
		return wrong(at, "endPort", "is less than port");
	return 0;
}

static int check_rule(struct policy_rule *rule, const char *peers, const struct place *at)
{
	int r = 0;

	if (rule->peers.n > ITEMS_MAX || rule->ports.n > ITEMS_MAX)
		return wrong(at, "", "more than 256 peers or ports");
	for (size_t i = 0; r == 0 && i < rule->peers.n; i++) {
		struct place below = into(at, peers, i);

		r = check_peer(&rule->peers.items[i], &below);
	}
	for (size_t i = 0; r == 0 && i < rule->ports.n; i++) {
		struct place below = into(at, "ports", i);

		r = check_port(&rule->ports.items[i], &below);
	}
	return r;
}

static size_t at_least_one(size_t n)
{
	return n ? n : 1;
}

static int check_direction(const struct network_policy *p, enum policy_direction d,
			   const struct place *at)
{
	struct policy_rule_list rules = network_policy_rules(p, d);
	const char *name = policy_direction_names[d];
	size_t total = 0;

	if (rules.n && !network_policy_has(p, d))
		return wrong(at, name, "has rules, but is not among the directions");
	for (size_t i = 0; i < rules.n; i++) {
		struct policy_rule *rule = &rules.items[i];
		struct place below = into(at, name, i);
		int r = check_rule(rule, d == POLICY_INGRESS ? "from" : "to", &below);

		if (r < 0)
			return r;
		total += at_least_one(rule->peers.n) * at_least_one(rule->ports.n);
	}
	if (total > NETWORK_POLICY_RULES_MAX)
		return wrong(at, name, "more than 1024 pairs of peers and ports: use wider ones");
	return 0;
}

static int fill_directions(struct network_policy *p, const struct place *at)
{
	for (size_t i = 0; i < p->directions.n; i++)
		if (!str_eq(p->directions.items[i], "ingress") &&
		    !str_eq(p->directions.items[i], "egress"))
			return wrong(at, "directions", "must be ingress, egress or both");
	if (p->directions.n)
		return 0;
	strv_add(&p->directions, at->a, policy_direction_names[POLICY_INGRESS]);
	if (p->egress.n)
		strv_add(&p->directions, at->a, policy_direction_names[POLICY_EGRESS]);
	return 0;
}

int network_policy_check(struct network_policy *p, struct arena *a, struct err *err)
{
	struct place at = { "", a, err };
	int r;

	if (p->version == 0)
		p->version = NETWORK_POLICY_DOC_VERSION;
	if (p->version != NETWORK_POLICY_DOC_VERSION)
		return wrong(&at, "version", "this Berth knows version 1 only");
	if (!container_name_is_valid(p->name) || strlen(p->name) > NETWORK_POLICY_NAME_MAX)
		return wrong(
			&at, "name",
			"must be letters, digits, \"_\", \".\", \"-\", at least two, and begin "
			"with a letter or digit");
	if (!p->selector)
		return wrong(&at, "selector",
			     "is missing: say whom the policy protects ({} is every container)");
	r = check_selector(p->selector, &at);
	if (r == 0)
		r = fill_directions(p, &at);
	for (int d = 0; r == 0 && d < POLICY_DIRECTIONS; d++)
		r = check_direction(p, d, &at);
	return r;
}

/* -- reading documents -- */

int network_policy_read_tree(struct json_object *tree, struct arena *a,
			     struct network_policy_list *list, struct err *err)
{
	struct network_policy p;
	int r;

	if (!json_object_is_type(tree, json_type_object))
		return err_set(err, -EINVAL, "not a policy: an object with name and selector");
	if (json_object_object_get_ex(tree, "apiVersion", NULL))
		return err_set(err, -EINVAL,
			       "apiVersion: a document of Kubernetes; name and what its spec holds "
			       "stand at the top here (podSelector is selector, ipBlock is cidr)");
	r = schema_check_known(&network_policy_schema, tree, err);
	if (r == 0)
		r = schema_read_tree(&network_policy_schema, tree, a, &p, err);
	if (r < 0)
		return r;
	r = network_policy_check(&p, a, err);
	if (r < 0)
		return err_wrap(err, "policy %.128s", p.name);
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->items[i].name, p.name))
			return err_set(err, -EINVAL, "policy %s stands there twice", p.name);
	if (list->n == NETWORK_POLICIES_MAX)
		return err_set(err, -EINVAL, "more than %d policies in one file",
			       NETWORK_POLICIES_MAX);
	list->items[list->n++] = p;
	return 0;
}

/* -- reading words of a command line -- */

int network_policy_parse_peer(const char *text, struct arena *a, struct policy_peer *ret,
			      struct err *err)
{
	struct label_selector *selector;
	struct ip_block block;
	const char *network = str_after(text, "network:");
	int r;

	*ret = (struct policy_peer){ 0 };
	if (str_eq(text, "world")) {
		ret->world = true;
		return 0;
	}
	if (network) {
		ret->network = arena_strdup(a, network);
		return 0;
	}
	if (ip_block_parse_address(text, &block) == 0) {
		ret->cidr = arena_printf(a, "%s/%u", text, block.prefix);
		return 0;
	}
	r = ip_block_parse(text, &block, err);
	if (r == 0) {
		ret->cidr = arena_strdup(a, text);
		return 0;
	}
	/* A label's name may hold a slash, but nobody calls one 10.0.0.1/8 or fd00::1/8. */
	if (strchr(text, '/') && !text[strspn(text, "0123456789abcdefABCDEF.:/")])
		return r;
	selector = arena_new(a, struct label_selector);
	r = label_selector_parse(text, a, selector, err);
	ret->selector = selector;
	return r;
}

static int parse_number(const char *text, size_t len, uint32_t *ret)
{
	uint32_t value = 0;

	if (len == 0 || len > 5)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (uint32_t)(text[i] - '0');
	}
	*ret = value;
	return value == 0 || value > PORT_MAX ? -EINVAL : 0;
}

int network_policy_parse_port(const char *text, struct policy_port *ret, struct err *err)
{
	size_t len = strcspn(text, "/"), first = strcspn(text, "-/");
	const char *protocol = text[len] ? text + len + 1 : "tcp";
	struct policy_port port = { 0 };
	size_t i = find_protocol(text);
	int r = 0;

	if (i == PROTOCOLS) {
		i = find_protocol(protocol);
		r = parse_number(text, first, &port.port);
		if (r == 0 && first < len)
			r = parse_number(text + first + 1, len - first - 1, &port.end_port);
		if (r == 0 && port.end_port && port.end_port < port.port)
			r = -EINVAL;
	}
	if (r < 0 || i == PROTOCOLS || (port.port && !protocols[i].has_ports))
		return err_set(err, -EINVAL,
			       "not a port: \"%.60s\" (80, 8000-8010, 53/udp, tcp, icmp)", text);
	port.protocol = protocols[i].name;
	*ret = port;
	return 0;
}
