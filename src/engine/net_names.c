/*
 * net_names.c - what a container is called in its networks
 */
#include "engine/net_names.h"

#include "base/own.h"
#include "codec/ip_block.h"
#include "engine/network.h"
#include "net/names.h"

bool net_names_has(const struct endpoint *ep)
{
	return !str_eq(ep->network, NETWORK_DEFAULT);
}

bool net_names_wanted(const struct container *c)
{
	for (size_t i = 0; i < c->endpoints.n; i++)
		if (net_names_has(&c->endpoints.items[i]))
			return true;
	return false;
}

static struct name_index_new entry_of(const struct container *c, const struct endpoint *ep,
				      struct arena *a)
{
	const char **names = arena_array(a, ep->aliases.n + 1, sizeof(*names));

	names[0] = c->name;
	for (size_t i = 0; i < ep->aliases.n; i++)
		names[i + 1] = ep->aliases.items[i];
	return (struct name_index_new){ .id = c->id, .names = names, .n_names = ep->aliases.n + 1 };
}

static int publish_one(struct engine *e, const struct container *c, const struct endpoint *ep,
		       struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct name_index_new entry = entry_of(c, ep, &a);
	const struct names_network network = { .id = ep->network_id,
					       .name = ep->network,
					       .is_internal = str_is_empty(ep->gateway) &&
							      str_is_empty(ep->gateway6),
					       .is_nameless = !net_names_has(ep) };
	struct ip_block v4, v6;

	if (!str_is_empty(ep->ip) && ip_block_parse_address(ep->ip, &v4) == 0)
		entry.v4 = v4.bytes;
	if (!str_is_empty(ep->ip6) && ip_block_parse_address(ep->ip6, &v6) == 0)
		entry.v6 = v6.bytes;
	return names_publish(e->state, &network, &entry, err);
}

int net_names_publish(struct engine *e, const struct container *c, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && net_names_wanted(c) && i < c->endpoints.n; i++)
		r = publish_one(e, c, &c->endpoints.items[i], err);
	return r;
}

int net_names_check(const struct container *c, const struct endpoint *ep, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct name_index_new entry = entry_of(c, ep, &a);
	const char *wrong;

	if (ep->aliases.n == 0)
		return 0;
	if (!net_names_has(ep))
		return err_set(err, -EINVAL,
			       "network-scoped aliases are only supported for user-defined "
			       "networks; %s is none",
			       ep->network);
	if (name_index_check(&entry, &wrong) < 0)
		return err_set(err, -EINVAL,
			       "network %s: \"%.100s\" cannot be a container's name there, or it "
			       "has too many",
			       ep->network, wrong);
	return 0;
}

struct resolver_plan *net_names_plan(const struct container *c, struct arena *a)
{
	struct resolver_plan *plan;

	if (!net_names_wanted(c))
		return NULL;
	plan = arena_new(a, struct resolver_plan);
	plan->servers = c->host_config.dns;
	return plan;
}
