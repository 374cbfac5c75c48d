/*
 * heal.h - bringing store, files and kernel together again (see engine_heal)
 */
#ifndef ENGINE_HEAL_H
#define ENGINE_HEAL_H

#include "engine/container_dir.h"

/* engine_heal() when the last one is ten seconds ago. */
/* Only what killed shims have left, at once: ports that they held can be had again. */
void heal_dead(struct engine *e);
int heal_if_stale(struct engine *e, struct err *err);
/* The one time after a reboot: no process of before lives, and directories may lack their c/ID. */
int heal_after_boot(struct engine *e, struct err *err);
/* engine_heal(), and what containers left in ROOT that no c/ID tells of any more. */
int heal_all_files(struct engine *e, struct err *err);
/*
 * One container whose shim is dead: what it left is killed and removed, the store is told. Does
 * nothing while its shim lives or another command works on it. The caller holds no lock of it.
 */
int heal_container(struct engine *e, const char *id, struct err *err);
/*
 * The same under a lock that the caller holds and keeps, and without starting it again: afterwards
 * the document is final, and nothing of the container runs. An --rm container that ended is gone
 * then.
 */
int heal_locked(struct engine *e, struct container_dir *d, const char *id, struct err *err);
/* Kills and removes what the cgroup of a container without a shim holds. c NULL: no document. */
void heal_leftovers(struct engine *e, struct container_dir *d, const char *id,
		    const struct container *c, struct arena *a);
/*
 * Takes an end into the store and the exit record away, unless it has been started again since. 0
 * also when there is no such container any more.
 */
int heal_fold(struct engine *e, const char *id, const struct shim_status *end, struct err *err);

#endif
