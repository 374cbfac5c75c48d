/*
 * container_dir.h - STATE/c/ID: the lock of one container, and what its shim says of itself
 *
 * The directory exists exactly while there may be processes, cgroups or half-made files of ID.
 */
#ifndef ENGINE_CONTAINER_DIR_H
#define ENGINE_CONTAINER_DIR_H

#include "engine/room.h"

/* The locked directory of a container; -1 and -1: nothing. */
struct container_dir {
	int dir;
	int lock;
};

#define CONTAINER_DIR_INIT                                                                         \
	{                                                                                          \
		.dir = -1, .lock = -1                                                              \
	}

enum container_dir_flags {
	CONTAINER_DIR_CREATE = 1, /* make it when it is missing; otherwise -ENOENT */
	CONTAINER_DIR_TRY = 2,    /* -EWOULDBLOCK when somebody else works on the container */
};

/* Locks a container for this command. */
int container_dir_lock(struct engine *e, const char *id, int flags, struct container_dir *ret,
		       struct err *err);
/* Lets go; the directory stays. */
void container_dir_unlock(struct container_dir *d);
static inline void container_dir_cleanup(struct container_dir *d)
{
	container_dir_unlock(d);
}
/*
 * Lets go of a container that may be running. A shim that ends while a command has the lock leaves
 * the directory to that command: then it is removed here.
 */
void container_dir_leave(struct engine *e, const char *id, struct container_dir *d);
/* Removes the directory, whoever made what is in it, then lets go. */
void container_dir_remove(struct engine *e, const char *id, struct container_dir *d);
/* Removes a directory that could be made but not locked, if there is nothing in it. */
void container_dir_drop(struct engine *e, const char *id);
/*
 * Lets go of a container that does not run: a shim that is ending is waited for (it could not
 * remove the directory while this command had the lock), then the directory goes.
 */
void container_dir_settle(struct engine *e, const char *id, struct container_dir *d);

/*
 * The shim's status. -ENOENT: no shim has been there. *ret_alive: a living shim holds it, else it
 * is the last word of a dead one. dir: a descriptor of STATE/c/ID.
 */
int container_dir_status(int dir, struct shim_status *ret, bool *ret_alive);
/* The same by ID, for those who only look; -ENOENT also when there is no directory. */
int container_dir_peek(struct engine *e, const char *id, struct shim_status *ret, bool *ret_alive);
/*
 * Waits until no living shim holds the status, at most so long. Returns whether that is so. The
 * caller keeps its lock: a shim that ends never waits for it.
 */
bool container_dir_wait_shim(int dir, int timeout_ms);

/* Reads ROOT/exits/ID; -ENOENT when there is none, -EBADMSG when it is torn. */
int container_dir_exit_record(struct engine *e, const char *id, struct shim_status *ret);

#endif
