/*
 * container_query.h - finding containers: by what a user types, with the state they are in now
 */
#ifndef ENGINE_CONTAINER_QUERY_H
#define ENGINE_CONTAINER_QUERY_H

#include "engine/container_dir.h"
#include "engine/container_status.h"

enum { CONTAINER_NAME_MAX = 255 };

/*
 * The ID that a name, ID or unique beginning of an ID means. -ENOENT "No such container: NAME",
 * -EINVAL when several begin so.
 */
int container_query_id(struct state_txn *txn, const char *name, char ret_id[CONTAINER_ID_LEN + 1],
		       struct err *err);
/* The document as it stands in the store, without its live state. */
int container_query_doc(struct engine *e, const char *name, struct arena *a, struct container *ret,
			struct err *err);
/* All documents that can be read, as they stand in the store. */
int container_query_all(struct engine *e, struct arena *a, struct container_list *ret,
			struct err *err);
/*
 * Resolves the name, locks the container and reads its document under the lock. A container that is
 * removed meanwhile is -ENOENT.
 */
int container_query_locked(struct engine *e, const char *name, struct arena *a,
			   struct container_dir *ret_dir, struct container *ret, struct err *err);
/*
 * Puts c's state, restart count and has_been_manually_stopped into the stored document, whose other
 * members stay as they are there (it may have been renamed meanwhile). -ENOENT when it is gone.
 */
int container_query_store_state(struct engine *e, enum state_mode mode, const struct container *c,
				struct err *err);
/*
 * The same of a container that is about to run: it gets its addresses and ports, which are then in
 * c, too, in the arena.
 */
int container_query_store_start(struct engine *e, enum state_mode mode, struct container *c,
				struct arena *a, struct err *err);
/* The same inside a transaction. */
int container_query_put_state(struct state_txn *txn, const struct container *c, struct err *err);

#endif
