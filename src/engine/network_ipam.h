/*
 * network_ipam.h - which addresses are whose
 */
#ifndef ENGINE_NETWORK_IPAM_H
#define ENGINE_NETWORK_IPAM_H

#include "codec/cidr.h"
#include "engine/room.h"

/*
 * Fills what the user left out of a network's pools (all of it when config is empty), and refuses
 * what overlaps: another network's, or a route of the host. Inside a writing transaction.
 */
int network_ipam_choose(struct state_txn *txn, struct network_doc *n, struct arena *a,
			struct err *err);

/*
 * An address for a container: wanted, or the next one that is free (NULL). What the container has
 * already is fine. -EADDRINUSE: it is another's; -ENOSPC: all are in use.
 */
int network_ipam_take(struct state_txn *txn, const struct network_doc *n, const char *wanted,
		      const char *container_id, uint32_t *ret, struct err *err);
/* Nothing happens when it is not the container's. */
int network_ipam_release(struct state_txn *txn, const char *network_id, const char *address,
			 const char *container_id, struct err *err);
/* All that is known of a network's addresses. */
int network_ipam_forget(struct state_txn *txn, const char *network_id, struct err *err);

/* The network's pool; prefix 0: it has none. */
struct cidr network_ipam_subnet(const struct network_doc *n);
/* The bridge's own address; 0: none. */
uint32_t network_ipam_gateway(const struct network_doc *n);

#endif
