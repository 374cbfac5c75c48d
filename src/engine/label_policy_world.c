/*
 * label_policy_world.c - networks, containers and policies of the store, as policies see them
 */
#include "engine/label_policy.h"

#include "base/own.h"
#include "codec/port.h"
#include "engine/network_device.h"
#include "engine/network_option.h"

#include <stdlib.h>

/* A list that grows while the store is walked. */
struct gathering {
	struct arena *a;
	char *items;
	size_t n, room, size;
	struct err *err;
};

static void *next_item(struct gathering *g)
{
	if (g->n == g->room) {
		char *grown;

		g->room = g->room ? 2 * g->room : 16;
		grown = arena_array(g->a, g->room, g->size);
		if (g->n)
			memcpy(grown, g->items, g->n * g->size);
		g->items = grown;
	}
	return g->items + g->n++ * g->size;
}

/* -- policies -- */

static int add_policy(void *ctx, const char *key, const void *data, size_t len)
{
	struct gathering *g = ctx;
	struct network_policy p;
	int r = schema_read(&network_policy_schema, data, len, g->a, &p, g->err);

	if (r == 0)
		r = network_policy_check(&p, g->a, g->err);
	/* To leave one out could let through what it forbids. */
	if (r < 0)
		return err_wrap(g->err, "policy %.128s in the store", key);
	*(struct network_policy *)next_item(g) = p;
	return 0;
}

int label_policy_read(struct state_txn *txn, struct arena *a, struct network_policy_list *ret,
		      struct err *err)
{
	struct gathering g = { .a = a, .size = sizeof(struct network_policy), .err = err };
	/* Keys are names, and come in order. */
	int r = state_each(txn, STATE_POLICIES, "", add_policy, &g);

	*ret = (struct network_policy_list){ (void *)g.items, g.n };
	return r;
}

/* -- networks -- */

static int add_network(void *ctx, const char *key, const void *data, size_t len)
{
	struct gathering *g = ctx;
	struct network_doc n;
	struct policy_network *ret;
	struct ip_block *subnets;
	int r = schema_read(&network_doc_schema, data, len, g->a, &n, g->err);

	if (r < 0)
		return err_wrap(g->err, "network %.64s in the store", key);
	ret = next_item(g);
	subnets = arena_array(g->a, n.ipam.config.n, sizeof(*subnets));
	*ret = (struct policy_network){ .name = n.name,
					.subnets = subnets,
					.internal = n.internal,
					.no_icc = n.device && !network_option_icc(&n),
					.unfiltered = !n.device };
	for (size_t i = 0; i < n.ipam.config.n; i++)
		if (n.ipam.config.items[i].subnet &&
		    ip_block_parse(n.ipam.config.items[i].subnet, &subnets[ret->n_subnets], NULL) ==
			    0)
			ret->n_subnets++;
	return 0;
}

/* -- containers -- */

static void add_published(struct policy_container *ret, const struct container *c, struct arena *a)
{
	struct policy_published *all = arena_array(a, c->ports.n, sizeof(*all));

	for (size_t i = 0; i < c->ports.n; i++) {
		struct policy_port port;

		if (c->ports.items[i].port &&
		    network_policy_parse_port(c->ports.items[i].port, &port, NULL) == 0)
			all[ret->n_published++] = (struct policy_published){
				(uint8_t)network_policy_protocol(port.protocol),
				(uint16_t)port.port,
			};
	}
	ret->published = all;
}

struct policy_container label_policy_container(const struct container *c, struct arena *a)
{
	struct policy_container ret = { .id = c->id,
					.name = c->name,
					.labels = c->config.labels,
					.host = str_eq(c->host_config.network_mode, "host") };
	struct policy_address *at = arena_array(a, 2 * c->endpoints.n, sizeof(*at));

	for (size_t i = 0; i < c->endpoints.n; i++) {
		const struct endpoint *ep = &c->endpoints.items[i];
		const char *const texts[] = { ep->ip, ep->ip6 };

		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
			at[ret.n_addresses].network = ep->network;
			if (!str_is_empty(texts[k]) &&
			    ip_block_parse_address(texts[k], &at[ret.n_addresses].address) == 0)
				ret.n_addresses++;
		}
	}
	ret.addresses = at;
	add_published(&ret, c, a);
	return ret;
}

static int add_container(void *ctx, const char *key, const void *data, size_t len)
{
	struct gathering *g = ctx;
	struct container c;

	(void)key;
	/* One document that cannot be read must not hide the others. */
	if (schema_read(&container_schema, data, len, g->a, &c, NULL) == 0)
		*(struct policy_container *)next_item(g) = label_policy_container(&c, g->a);
	return 0;
}

int label_policy_gather(struct state_txn *txn, struct arena *a, struct policy_world *ret,
			struct err *err)
{
	struct gathering networks = { .a = a, .size = sizeof(struct policy_network), .err = err };
	struct gathering containers = { .a = a,
					.size = sizeof(struct policy_container),
					.err = err };
	struct network_policy_list policies;
	int r = label_policy_read(txn, a, &policies, err);

	if (r == 0)
		r = state_each(txn, STATE_NETWORKS, "", add_network, &networks);
	if (r == 0)
		r = state_each(txn, STATE_CONTAINERS, "", add_container, &containers);
	if (r < 0)
		return r;
	*ret = (struct policy_world){ (void *)networks.items,   networks.n,
				      (void *)containers.items, containers.n,
				      policies.items,           policies.n };
	return 0;
}
