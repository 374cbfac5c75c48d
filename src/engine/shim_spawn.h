/*
 * shim_spawn.h - executing berth-shim with a plan
 */
#ifndef ENGINE_SHIM_SPAWN_H
#define ENGINE_SHIM_SPAWN_H

#include "base/arena.h"
#include "base/err.h"
#include "codec/schema.h"
#include "engine/room.h"

/* A sealed memfd that holds the packed document; close-on-exec. */
int shim_spawn_plan(const struct schema *s, const void *plan, int *ret_fd, struct err *err);

/*
 * Executes berth-shim as a child: descriptors 0, 1, 2 are /dev/null, SHIM_FD_PLAN the plan and
 * SHIM_FD_CLIENT the other end of *ret_client; nothing else is open. It leads a session of its own.
 * argv begins with "berth-shim". guest: an ordinary user's, whose shims are
 * in the machine's network namespace; or NULL.
 */
int shim_spawn(const struct engine_guest *guest, int plan_fd, const char *const *argv,
	       int *ret_client, struct err *err);
/*
 * Becomes berth-shim, with descriptors 0, 1, 2 kept and the plan as SHIM_FD_PLAN. Does not return
 * on success.
 */
int shim_spawn_become(int plan_fd, const char *const *argv, struct err *err);

#endif
