/*
 * container_remove.h - taking a container out of the store and off the disk
 */
#ifndef ENGINE_CONTAINER_REMOVE_H
#define ENGINE_CONTAINER_REMOVE_H

#include "engine/container_dir.h"

/* Document and name, in one transaction; synced unless the container is an --rm one. */
int container_remove_doc(struct engine *e, const struct container *c, struct err *err);
/*
 * upper, work, log and exit record; what is absent is fine. When something is left (-EIO and the
 * like), STATE/c/ID must stay: it makes the next healing try again.
 */
int container_remove_files(struct engine *e, const char *id);
/* The same, then STATE/c/ID unless something is left, then lets go of the lock. */
void container_remove_traces(struct engine *e, const char *id, struct container_dir *d);

#endif
