/*
 * net_endpoint.h - a container's places in networks
 *
 * The store says of a container that runs which addresses and ports it has, and of one that does
 * not only what it wants: both change in the transaction in which the container's state does.
 */
#ifndef ENGINE_NET_ENDPOINT_H
#define ENGINE_NET_ENDPOINT_H

#include "engine/room.h"
#include "model/net_plan.h"
#include "net/net.h"

/*
 * Of a container that is being made: its networks are looked up, static addresses become its own
 * for good. Inside a writing transaction.
 */
int net_endpoint_resolve(struct state_txn *txn, struct container *c, struct arena *a,
			 struct err *err);
/* It is about to run: addresses and ports, in c. -ENOENT: a network has been removed. */
int net_endpoint_take(struct engine *e, struct state_txn *txn, struct container *c, struct arena *a,
		      struct err *err);
/* The same two for one endpoint; it is not in c yet. */
int net_endpoint_join(struct state_txn *txn, const struct container *c, struct endpoint *ep,
		      struct arena *a, struct err *err);
int net_endpoint_address(struct state_txn *txn, const struct container *c, struct endpoint *ep,
			 struct arena *a, struct err *err);
/* It does not run any more. */
int net_endpoint_release(struct state_txn *txn, struct container *c, struct err *err);
/* One endpoint's addresses are nobody's again. */
int net_endpoint_give_back(struct state_txn *txn, const char *id, const struct endpoint *ep,
			   struct err *err);
/* It is being removed. */
int net_endpoint_forget(struct state_txn *txn, const struct container *c, struct err *err);

/* What the shim makes of it, NULL: nothing. Networks that are not in the kernel are made. */
int net_endpoint_plan(struct engine *e, const struct container *c, struct arena *a,
		      struct net_plan **ret, struct err *err);

/*
 * What its interface in one of its networks is to be, whose part in the kernel is made if it is
 * missing. ep: of c.
 */
int net_endpoint_link(struct engine *e, const struct container *c, const struct endpoint *ep,
		      struct arena *a, struct net_link_plan *ret, struct err *err);

/*
 * The endpoint by which it reaches the world over one version of IP (NET_V4, NET_V6), and the world
 * its published ports: the one with the highest priority that has a gateway, or NULL.
 */
const struct endpoint *net_endpoint_way(const struct container *c, size_t version);
static inline const char *net_endpoint_gateway(const struct endpoint *ep, size_t version)
{
	return version == NET_V4 ? ep->gateway : ep->gateway6;
}
static inline const char *net_endpoint_ip(const struct endpoint *ep, size_t version)
{
	return version == NET_V4 ? ep->ip : ep->ip6;
}
/* The container whose network it shares ("container:ID"), or NULL. */
const char *net_endpoint_shared(const struct container *c);

/*
 * Addresses and interface of an endpoint that has them, as the shim or a command makes them: the
 * arena's.
 */
struct strv net_endpoint_addresses(const struct endpoint *ep, struct arena *a);

/* How published ports come into the network of one version's way. */
struct net_endpoint_door {
	const char *host_ip; /* for ports that name none */
	bool open;           /* there is a way */
	bool routed;         /* the container's own address is opened */
};
/* The ports that c wants, as numbers of the host that are free now. net_endpoint_port.c */
int net_endpoint_port_choose(struct engine *e, struct container *c,
			     const struct net_endpoint_door doors[NET_VERSIONS], struct arena *a,
			     struct err *err);
int net_endpoint_port_plan(const struct container *c, struct arena *a, struct net_plan *plan,
			   struct err *err);

#endif
