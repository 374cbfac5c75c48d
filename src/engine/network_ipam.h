/*
 * network_ipam.h - which addresses are whose
 */
#ifndef ENGINE_NETWORK_IPAM_H
#define ENGINE_NETWORK_IPAM_H

#include "codec/ip_block.h"
#include "engine/room.h"

/*
 * Fills what the user left out of a network's pools (all of it when config is empty), and refuses
 * what overlaps: another network's, or a route of the host. Inside a writing transaction.
 */
int network_ipam_choose(struct state_txn *txn, struct network_doc *n, struct arena *a,
			struct err *err);

/* Addresses of the network are given out here, and not by a plugin. */
bool network_ipam_is_ours(const struct network_doc *n);
/*
 * Of such a container no address is known yet, or ever: the network is in use by it all the same.
 * Inside a writing transaction; leaving is fine for one that has not joined.
 */
int network_ipam_join(struct state_txn *txn, const char *network_id, const char *container_id,
		      struct err *err);
int network_ipam_leave(struct state_txn *txn, const char *network_id, const char *container_id,
		       struct err *err);

/* Addresses of the network are given out here, and not by a plugin. */
bool network_ipam_is_ours(const struct network_doc *n);
/*
 * Of such a container no address is known yet, or ever: the network is in use by it all the same.
 * Inside a writing transaction; leaving is fine for one that has not joined.
 */
int network_ipam_join(struct state_txn *txn, const char *network_id, const char *container_id,
		      struct err *err);
int network_ipam_leave(struct state_txn *txn, const char *network_id, const char *container_id,
		       struct err *err);

/*
 * An address of a family (4, 6) for a container: wanted, or the next one that is free (NULL), with
 * its pool's prefix. What the container has already is fine. -EADDRINUSE: it is another's; -ENOSPC:
 * all are in use.
 */
int network_ipam_take(struct state_txn *txn, const struct network_doc *n, unsigned family,
		      const char *wanted, const char *container_id, struct ip_block *ret,
		      struct err *err);
/* Nothing happens when it is not the container's. */
int network_ipam_release(struct state_txn *txn, const char *network_id, const char *address,
			 const char *container_id, struct err *err);
/* All that is known of a network's addresses. */
int network_ipam_forget(struct state_txn *txn, const char *network_id, struct err *err);

/* The pool that an address is in, or NULL. */
const struct ipam_config *network_ipam_pool(const struct network_doc *n,
					    const struct ip_block *address);
/* Whether the network has a pool of that family. */
bool network_ipam_has(const struct network_doc *n, unsigned family);
/* All pools' subnets: the arena's. */
size_t network_ipam_subnets(const struct network_doc *n, struct arena *a, struct ip_block **ret);
/* The gateways, with their subnets' prefixes: the arena's. */
size_t network_ipam_gateways(const struct network_doc *n, struct arena *a, struct ip_block **ret);

#endif
