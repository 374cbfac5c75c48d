/*
 * net_names.h - what a container is called in its networks
 *
 * In networks that a user has made, by its name, its aliases and its short ID; the default bridge
 * has no names, as docker's. What is published is in STATE (net/names.h) and is withdrawn by the
 * container's shim, or by whoever heals after it.
 */
#ifndef ENGINE_NET_NAMES_H
#define ENGINE_NET_NAMES_H

#include "engine/room.h"
#include "model/shim_plan.h"

/* Whether containers have names in the endpoint's network. */
bool net_names_has(const struct endpoint *ep);
/* Whether it finds others by name, and so has a name server of its own at 127.0.0.11. */
bool net_names_wanted(const struct container *c);
/*
 * Of a container that has addresses and a STATE/c/ID: all its names, in place of earlier ones.
 * Nothing when it wants none.
 */
int net_names_publish(struct engine *e, const struct container *c, struct err *err);
/* Aliases are for networks that have names: -EINVAL otherwise, or when one is no name. */
int net_names_check(const struct container *c, const struct endpoint *ep, struct err *err);
/* What its shim answers with; NULL: nothing. */
struct resolver_plan *net_names_plan(const struct container *c, struct arena *a);

#endif
