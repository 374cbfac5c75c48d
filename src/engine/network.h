/*
 * network.h - networks in the store, for the files of this room
 */
#ifndef ENGINE_NETWORK_H
#define ENGINE_NETWORK_H

#include "engine/room.h"

#define NETWORK_DEFAULT "bridge"

/*
 * Makes the networks that are always there, when they are not. In a transaction of its own, for
 * they outlast whoever came first.
 */
int network_ensure_predefined(struct engine *e, struct err *err);
/* By ID, name or the unique beginning of an ID. -ENOENT: "network NAME not found". */
int network_find_in(struct state_txn *txn, const char *name, struct arena *a,
		    struct network_doc *ret, struct err *err);

#endif
