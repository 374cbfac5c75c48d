/*
 * container_stop.h - ending containers, for the other files of this room
 */
#ifndef ENGINE_CONTAINER_STOP_H
#define ENGINE_CONTAINER_STOP_H

#include "engine/room.h"
#include "engine/shim_client.h"

/*
 * Connects to the shim of a container that is up. A shim that begins anew (a restart by policy) is
 * waited for a moment. -ESRCH when there is none any more.
 */
int container_stop_connect(struct engine *e, const struct container *c, struct shim_client **ret,
			   struct err *err);
/*
 * Reads until SHIM_EXITED; timeout_ms -1 waits for ever. 1 and *ret, 0 when the shim went without
 * saying so, -ETIMEDOUT.
 */
int container_stop_await(struct shim_client *client, int timeout_ms, struct shim_status *ret);
/* SIGKILL, and waits for the end. A shim that does not answer is killed as well. */
int container_stop_now(struct engine *e, const struct container *c, struct err *err);

#endif
