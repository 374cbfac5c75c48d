/*
 * label_policy.h - label policies, for the files of this room
 */
#ifndef ENGINE_LABEL_POLICY_H
#define ENGINE_LABEL_POLICY_H

#include "engine/room.h"
#include "net/policy.h"

/*
 * The policies hold for a container from before it runs until after it has its addresses: start
 * when they have become its own, stop before they are given back, both in the writing transaction
 * that does it, so that a change of policies sees either all of it or nothing. Without policies
 * neither does anything.
 */
int label_policy_start(struct state_txn *txn, const struct container *c, struct err *err);
int label_policy_stop(struct state_txn *txn, const struct container *c, struct err *err);

/* A network was made or removed, in the same transaction: the world is what no network has. */
int label_policy_networks(struct state_txn *txn, struct err *err);
/*
 * Whether there is any policy: then the ports of bridges are isolated, so that neighbours talk
 * through the host (policy_bridge_route()).
 */
bool label_policy_any(struct state_txn *txn);
/* Writes everything anew, or removes it when there is no policy. */
int label_policy_heal(struct engine *e, struct err *err);

/* What stands in the store, as policies see it: the arena's. label_policy_world.c */
int label_policy_gather(struct state_txn *txn, struct arena *a, struct policy_world *ret,
			struct err *err);
/* The policies alone, sorted by name. */
int label_policy_read(struct state_txn *txn, struct arena *a, struct network_policy_list *ret,
		      struct err *err);
/* One container, with the addresses that it has now. */
struct policy_container label_policy_container(const struct container *c, struct arena *a);

#endif
