/*
 * network_graph.c - the networks and who is in them, as text, for Graphviz, and as JSON
 */
#include "cmd/network_graph.h"

#include "base/own.h"
#include "codec/json.h"

/* -- text -- */

static void write_network(const struct graph_network *n, struct buf *out)
{
	buf_printf(out, "%s (%s", n->name, n->driver);
	for (size_t i = 0; i < n->subnets.n; i++)
		buf_printf(out, ", %s", n->subnets.items[i]);
	if (*n->device)
		buf_printf(out, ", %s", n->device);
	buf_printf(out, "%s)\n", n->internal ? ", internal" : "");
}

static void write_list(const char *title, const struct strv *list, struct buf *out)
{
	for (size_t i = 0; i < list->n; i++)
		buf_printf(out, "%s%s", i ? ", " : title, list->items[i]);
}

static void write_container(const struct graph_container *c, const char *address, bool is_last,
			    struct buf *out)
{
	buf_printf(out, "%s %s", is_last ? "└──" : "├──", c->name);
	if (*address)
		buf_printf(out, "  %s", address);
	if (!str_eq(c->state, "running"))
		buf_printf(out, "  (%s)", c->state);
	if (*c->ports)
		buf_printf(out, "  %s", c->ports);
	write_list("  policies: ", &c->policies, out);
	buf_addc(out, '\n');
}

/* Those that have the network of a container are below it; they have no place of their own. */
static void write_sharers(const struct graph *g, const char *with, bool is_last, struct buf *out)
{
	for (size_t i = 0; i < g->n_containers; i++)
		if (str_eq(g->containers[i].shares, with))
			buf_printf(out, "%s   └── %s  (shares its network)\n", is_last ? " " : "│",
				   g->containers[i].name);
}

static size_t count_places(const struct graph *g, size_t network)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_places; i++)
		n += g->places[i].network == network;
	return n;
}

static void write_policies(const struct graph *g, struct buf *out)
{
	if (g->n_policies)
		buf_adds(out, "policies\n");
	for (size_t i = 0; i < g->n_policies; i++) {
		const struct graph_policy *p = &g->policies[i];

		buf_printf(out, "%s %s (%s)", i + 1 == g->n_policies ? "└──" : "├──", p->name,
			   p->selector);
		write_list("  ", &p->rules, out);
		buf_addc(out, '\n');
	}
}

void network_graph_text(const struct graph *g, struct buf *out)
{
	for (size_t n = 0; n < g->n_networks; n++) {
		size_t left = count_places(g, n);

		write_network(&g->networks[n], out);
		for (size_t i = 0; i < g->n_places; i++) {
			const struct graph_place *p = &g->places[i];
			const struct graph_container *c = &g->containers[p->container];

			if (p->network != n)
				continue;
			left--;
			write_container(c, p->address, left == 0, out);
			write_sharers(g, c->name, left == 0, out);
		}
	}
	write_policies(g, out);
}

/* -- Graphviz -- */

/* Between quotation marks (the DOT language): these two mean something there. */
static void add_dot(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
}

static void begin_node(struct buf *out, char kind, const char *id, const char *shape,
		       const char *name)
{
	buf_printf(out, "\t\"%c:", kind);
	add_dot(out, id);
	buf_printf(out, "\" [shape=%s, label=\"", shape);
	add_dot(out, name);
}

static void add_line(struct buf *out, const char *text)
{
	if (!*text)
		return;
	buf_adds(out, "\\n");
	add_dot(out, text);
}

static void end_node(struct buf *out)
{
	buf_adds(out, "\"];\n");
}

static void dot_nodes(const struct graph *g, struct buf *out)
{
	for (size_t i = 0; i < g->n_networks; i++) {
		const struct graph_network *n = &g->networks[i];

		begin_node(out, 'n', n->id, "box", n->name);
		for (size_t k = 0; k < n->subnets.n; k++)
			add_line(out, n->subnets.items[k]);
		add_line(out, n->internal ? "internal" : "");
		end_node(out);
	}
	for (size_t i = 0; i < g->n_containers; i++) {
		begin_node(out, 'c', g->containers[i].id, "ellipse", g->containers[i].name);
		add_line(out, g->containers[i].ports);
		end_node(out);
	}
	for (size_t i = 0; i < g->n_policies; i++) {
		const struct graph_policy *p = &g->policies[i];

		begin_node(out, 'p', p->name, "note", p->name);
		for (size_t k = 0; k < p->rules.n; k++)
			add_line(out, p->rules.items[k]);
		end_node(out);
	}
}

static void add_edge(struct buf *out, char kind, const char *from, const char *to,
		     const char *style, const char *label)
{
	buf_printf(out, "\t\"%c:", kind);
	add_dot(out, from);
	buf_adds(out, "\" -- \"c:");
	add_dot(out, to);
	buf_printf(out, "\" [style=%s, label=\"", style);
	add_dot(out, label);
	end_node(out);
}

static void dot_edges(const struct graph *g, struct buf *out)
{
	for (size_t i = 0; i < g->n_places; i++)
		add_edge(out, 'n', g->networks[g->places[i].network].id,
			 g->containers[g->places[i].container].id, "solid", g->places[i].address);
	for (size_t i = 0; i < g->n_containers; i++) {
		const struct graph_container *c = &g->containers[i];

		for (size_t k = 0; k < g->n_containers && *c->shares; k++)
			if (str_eq(g->containers[k].name, c->shares))
				add_edge(out, 'c', g->containers[k].id, c->id, "dotted", "shared");
		for (size_t k = 0; k < c->policies.n; k++)
			add_edge(out, 'p', c->policies.items[k], c->id, "dashed", "");
	}
}

void network_graph_dot(const struct graph *g, struct buf *out)
{
	buf_adds(out, "graph berth {\n\trankdir=LR;\n");
	dot_nodes(g, out);
	dot_edges(g, out);
	buf_adds(out, "}\n");
}

/* -- JSON -- */

static void put(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static void put_list(struct json_object *o, const char *key, const struct strv *list)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < list->n; i++)
		(void)json_object_array_add(array, json_object_new_string(list->items[i]));
	json_object_object_add(o, key, array);
}

static struct json_object *network_tree(const struct graph *g, size_t at)
{
	const struct graph_network *n = &g->networks[at];
	struct json_object *o = json_object_new_object();
	struct json_object *places = json_object_new_array();

	put(o, "Id", n->id);
	put(o, "Name", n->name);
	put(o, "Driver", n->driver);
	put_list(o, "Subnets", &n->subnets);
	put(o, "Device", n->device);
	json_object_object_add(o, "Internal", json_object_new_boolean(n->internal));
	for (size_t i = 0; i < g->n_places; i++) {
		const struct graph_place *p = &g->places[i];
		struct json_object *place;

		if (p->network != at)
			continue;
		place = json_object_new_object();
		put(place, "Container", g->containers[p->container].name);
		put(place, "Interface", p->interface);
		put(place, "Address", p->address);
		put(place, "MacAddress", p->mac);
		(void)json_object_array_add(places, place);
	}
	json_object_object_add(o, "Containers", places);
	return o;
}

static struct json_object *container_tree(const struct graph_container *c)
{
	struct json_object *o = json_object_new_object();

	put(o, "Id", c->id);
	put(o, "Name", c->name);
	put(o, "State", c->state);
	put(o, "Ports", c->ports);
	put(o, "SharesNetworkOf", c->shares);
	put_list(o, "Policies", &c->policies);
	return o;
}

static struct json_object *policy_tree(const struct graph_policy *p)
{
	struct json_object *o = json_object_new_object();

	put(o, "Name", p->name);
	put(o, "Selector", p->selector);
	put_list(o, "Rules", &p->rules);
	return o;
}

void network_graph_json(const struct graph *g, struct buf *out)
{
	OWN(json) struct json_object *o = json_object_new_object();
	struct json_object *networks = json_object_new_array();
	struct json_object *containers = json_object_new_array();
	struct json_object *policies = json_object_new_array();

	for (size_t i = 0; i < g->n_networks; i++)
		(void)json_object_array_add(networks, network_tree(g, i));
	for (size_t i = 0; i < g->n_containers; i++)
		(void)json_object_array_add(containers, container_tree(&g->containers[i]));
	for (size_t i = 0; i < g->n_policies; i++)
		(void)json_object_array_add(policies, policy_tree(&g->policies[i]));
	json_object_object_add(o, "Networks", networks);
	json_object_object_add(o, "Containers", containers);
	json_object_object_add(o, "Policies", policies);
	json_write_pretty(o, out);
	buf_addc(out, '\n');
}
