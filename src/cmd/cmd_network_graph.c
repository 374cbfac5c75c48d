/*
 * cmd_network_graph.c - berth network graph: who is connected to what
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/network_graph.h"
#include "cmd/ports_text.h"
#include "model/label_selector.h"
#include "model/network_policy.h"

#include <errno.h>

struct graph_flags {
	bool all;
	const char *format;
};

static const struct opt graph_opts[] = {
	FLAG(struct graph_flags, all, 'a', "all",
	     "Show all containers (default shows just running)"),
	STR(struct graph_flags, format, 0, "format", "string",
	    "Format output:\n"
	    "'text': Print a tree of each network (default)\n"
	    "'dot':  Print a graph for Graphviz\n"
	    "'json': Print in JSON format\n"
	    "'svg':  Print a picture"),
	OPT_END,
};

static const struct graph_form {
	const char *name;
	void (*write)(const struct graph *g, struct buf *out);
} forms[] = {
	{ "text", network_graph_text },
	{ "dot", network_graph_dot },
	{ "json", network_graph_json },
	{ "svg", network_graph_svg },
};

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* -- networks -- */

static struct graph_network take_network(const struct network_doc *n, struct arena *a)
{
	struct graph_network ret = { .id = n->id,
				     .name = n->name,
				     .driver = n->driver,
				     .device = or_empty(n->device),
				     .internal = n->internal };

	for (size_t i = 0; i < n->ipam.config.n; i++)
		if (n->ipam.config.items[i].subnet)
			strv_add(&ret.subnets, a, n->ipam.config.items[i].subnet);
	return ret;
}

static void take_networks(struct graph *g, const struct network_list *all, struct arena *a)
{
	g->networks = arena_array(a, all->n, sizeof(*g->networks));
	for (size_t i = 0; i < all->n; i++)
		g->networks[g->n_networks++] = take_network(&all->items[i], a);
}

/* -- containers -- */

static const char *name_of(const struct container_list *all, const char *id)
{
	for (size_t i = 0; i < all->n; i++)
		if (str_eq(all->items[i].id, id))
			return all->items[i].name;
	return id;
}

static void take_containers(struct graph *g, const struct container_list *all,
			    const struct network_policy_list *policies, struct arena *a)
{
	g->containers = arena_array(a, all->n, sizeof(*g->containers));
	for (size_t i = 0; i < all->n; i++) {
		const struct container *c = &all->items[i];
		struct graph_container *to = &g->containers[g->n_containers++];
		const char *shared = str_after(c->host_config.network_mode, "container:");

		*to = (struct graph_container){ .id = c->id,
						.name = c->name,
						.state = container_status_names[c->state.status],
						.ports = ports_text(c, a),
						.shares = shared ? name_of(all, shared) : "" };
		for (size_t k = 0; k < policies->n; k++)
			if (label_selector_matches(policies->items[k].selector, &c->config.labels))
				strv_add(&to->policies, a, policies->items[k].name);
	}
}

/* Its endpoint there; one without an interface of Berth's, in "host" or "none", has an empty one.
 */
static bool is_in(const struct container *c, const struct network_doc *n, struct endpoint *ret)
{
	*ret = (struct endpoint){ .network = n->name };
	for (size_t i = 0; i < c->endpoints.n; i++) {
		if (!str_eq(c->endpoints.items[i].network_id, n->id))
			continue;
		*ret = c->endpoints.items[i];
		return true;
	}
	return c->endpoints.n == 0 && str_eq(c->host_config.network_mode, n->name);
}

static void take_places(struct graph *g, const struct network_list *networks,
			const struct container_list *containers, struct arena *a)
{
	size_t most = 0;

	for (size_t i = 0; i < containers->n; i++)
		most += containers->items[i].endpoints.n + 1;
	g->places = arena_array(a, most, sizeof(*g->places));
	for (size_t n = 0; n < networks->n; n++)
		for (size_t c = 0; c < containers->n; c++) {
			struct endpoint ep;

			if (!is_in(&containers->items[c], &networks->items[n], &ep))
				continue;
			g->places[g->n_places++] = (struct graph_place){
				.network = n,
				.container = c,
				.address = str_is_empty(ep.ip)
						   ? or_empty(ep.wanted_ip)
						   : arena_printf(a, "%s/%d", ep.ip, ep.prefix),
				.mac = or_empty(ep.mac),
				.interface = or_empty(ep.interface),
			};
		}
}

/* -- policies -- */

static const char *rule_text(const struct policy_rule *rule, enum policy_direction d,
			     struct arena *a)
{
	struct strv peers = { 0 }, ports = { 0 };

	for (size_t i = 0; i < rule->peers.n; i++)
		strv_add(&peers, a, network_policy_peer_text(&rule->peers.items[i], a));
	for (size_t i = 0; i < rule->ports.n; i++)
		strv_add(&ports, a, network_policy_port_text(&rule->ports.items[i], a));
	return arena_printf(a, "%s %s %s: %s", policy_direction_names[d],
			    d == POLICY_INGRESS ? "from" : "to",
			    peers.n ? strv_join(&peers, a, " or ") : "everybody",
			    ports.n ? strv_join(&ports, a, " ") : "all ports");
}

static void take_policies(struct graph *g, const struct network_policy_list *all, struct arena *a)
{
	g->policies = arena_array(a, all->n, sizeof(*g->policies));
	for (size_t i = 0; i < all->n; i++) {
		const struct network_policy *p = &all->items[i];
		struct graph_policy *to = &g->policies[g->n_policies++];

		*to = (struct graph_policy){ .name = p->name,
					     .selector = label_selector_text(p->selector, a) };
		for (int d = 0; d < POLICY_DIRECTIONS; d++) {
			struct policy_rule_list rules = network_policy_rules(p, d);

			if (network_policy_has(p, d) && rules.n == 0)
				strv_add(&to->rules, a,
					 arena_printf(a, "%s: nothing", policy_direction_names[d]));
			for (size_t k = 0; k < rules.n; k++)
				strv_add(&to->rules, a, rule_text(&rules.items[k], d, a));
		}
	}
}

/* -- the command -- */

static int gather(struct cli *cli, bool all, struct graph *g)
{
	struct network_list networks = { 0 };
	struct container_list containers = { 0 };
	struct network_policy_list policies = { 0 };
	struct engine *e;
	int r = cli_engine(cli, &e);

	if (r == 0)
		r = network_list(e, cli->a, &networks, &cli->err);
	if (r == 0)
		r = container_list(e, all, cli->a, &containers, &cli->err);
	if (r == 0)
		r = label_policy_list(e, cli->a, &policies, &cli->err);
	if (r < 0)
		return r;
	take_networks(g, &networks, cli->a);
	take_containers(g, &containers, &policies, cli->a);
	take_places(g, &networks, &containers, cli->a);
	take_policies(g, &policies, cli->a);
	return 0;
}

static int graph(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct graph_flags *f = opts;
	const struct graph_form *form = NULL;
	struct graph g = { 0 };
	int r;

	(void)args;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (str_eq(str_is_empty(f->format) ? "text" : f->format, forms[i].name))
			form = &forms[i];
	if (!form)
		return err_set(&cli->err, -EINVAL,
			       "%.100s is no form of a graph; use text, dot, json or svg",
			       f->format);
	r = gather(cli, f->all, &g);
	if (r < 0)
		return r;
	form->write(&g, &cli->out);
	return 0;
}

const struct cmd cmd_network_graph_table[] = {
	{ NULL, "network", "graph", "[OPTIONS]", "Show which containers are in which networks",
	  graph_opts, NULL, sizeof(struct graph_flags), graph, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE,
	  0 },
	{ 0 },
};
