/*
 * container_start.h - starting a container that this command has locked
 */
#ifndef ENGINE_CONTAINER_START_H
#define ENGINE_CONTAINER_START_H

#include "engine/container_dir.h"

/*
 * Writes "running" into the store, then starts. *c is the document as it stands there, of a
 * container that does not run. Takes the lock in any case. Results as of container_start(); opts
 * without an attach flag: detached.
 */
int container_start_locked(struct engine *e, struct container_dir *d, struct container *c,
			   const struct start_opts *opts, struct shim_client **ret_client,
			   int *ret_exit, struct err *err);

#endif
