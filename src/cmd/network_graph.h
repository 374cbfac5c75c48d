/*
 * network_graph.h - who is connected to what: what `berth network graph` shows, and its forms
 */
#ifndef CMD_NETWORK_GRAPH_H
#define CMD_NETWORK_GRAPH_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>

/* A container in a network. */
struct graph_place {
	size_t network, container; /* their places in the lists below */
	const char *address;       /* "172.17.0.2/16"; "" while it has none */
	const char *mac, *interface;
};

struct graph_network {
	const char *id, *name, *driver;
	struct strv subnets;
	const char *device; /* "": none */
	bool internal;
};

struct graph_container {
	const char *id, *name, *state;
	const char *ports;  /* as ps has them */
	const char *shares; /* the name of the container whose network it has; "" */
	struct strv policies;
};

struct graph_policy {
	const char *name, *selector;
	struct strv rules; /* "ingress from app=web: tcp/80" */
};

struct graph {
	struct graph_network *networks;
	struct graph_container *containers;
	struct graph_place *places; /* by network */
	struct graph_policy *policies;
	size_t n_networks, n_containers, n_places, n_policies;
};

/* Each ends with a newline. All names are escaped as the form wants it. */
void network_graph_text(const struct graph *g, struct buf *out);
void network_graph_dot(const struct graph *g, struct buf *out);
void network_graph_json(const struct graph *g, struct buf *out);
void network_graph_svg(const struct graph *g, struct buf *out); /* network_graph_svg.c */

#endif
