/*
 * container_remove.c - taking a container out of the store and off the disk
 *
 * The document goes first: from then on nobody can name the container, and STATE/c/ID, which goes
 * last, tells whoever comes after a crash that files of it may be left.
 *
 * A container of `run --rm` is taken out by the client that waited for it, while its shim removes
 * the files; one without such a client by `berth container reap`, which the shim executes.
 */
#include "engine/container_remove.h"

#include "base/log.h"
#include "base/own.h"
#include "engine/container_query.h"
#include "engine/container_stop.h"
#include "engine/net_endpoint.h"
#include "engine/heal.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <signal.h>

enum { LOG_FILES_MAX = 1000, SHIM_END_MS = 5000 };

static int remove_doc(struct state_txn *txn, const struct container *c, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *owner;
	int r = 0;

	/* The name may be another container's by now. */
	if (state_get_str(txn, STATE_CONTAINER_NAMES, c->name, &a, &owner) == 0 &&
	    str_eq(owner, c->id))
		r = state_del(txn, STATE_CONTAINER_NAMES, c->name, err);
	if (r == 0)
		r = net_endpoint_forget(txn, c, err);
	return r < 0 ? r : state_del(txn, STATE_CONTAINERS, c->id, err);
}

/* The stored document, whatever it is called by now; 0 also when it is gone. */
static int remove_stored(struct engine *e, enum state_mode mode, const char *id,
			 bool not_restarting, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	OWN(arena) struct arena a = ARENA_INIT;
	struct container c;
	int r = state_begin(e->st, mode, &txn, err);

	if (r < 0)
		return r;
	r = state_get_doc(txn, STATE_CONTAINERS, id, &container_schema, &a, &c, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_wrap(err, "container %.12s", id);
	if (not_restarting && c.state.status == CONTAINER_RESTARTING)
		return 0;
	r = remove_doc(txn, &c, err);
	return r < 0 ? r : state_commit(&txn, err);
}

int container_remove_doc(struct engine *e, const struct container *c, struct err *err)
{
	return remove_stored(e, c->host_config.auto_remove ? STATE_NOSYNC : STATE_WRITE, c->id,
			     false, err);
}

static int remove_tree(struct engine *e, const char *kind, const char *id)
{
	OWN(fd) int dir = openat(e->root_fd, kind, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -errno : rmtree_at(dir, id);
}

static int remove_file(struct engine *e, const char *path)
{
	return unlinkat(e->root_fd, path, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int container_remove_files(struct engine *e, const char *id)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const int results[] = {
		remove_tree(e, "upper", id),
		remove_tree(e, "work", id),
		remove_file(e, arena_printf(&a, "exits/%s", id)),
		remove_file(e, arena_printf(&a, "logs/%s.log", id)),
	};

	for (int i = 1; i < LOG_FILES_MAX; i++)
		if (unlinkat(e->root_fd, arena_printf(&a, "logs/%s.log.%d", id, i), 0) < 0)
			break;
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i] < 0)
			return results[i];
	return 0;
}

void container_remove_traces(struct engine *e, const char *id, struct container_dir *d)
{
	int r = container_remove_files(e, id);

	if (r == 0) {
		container_dir_settle(e, id, d);
		return;
	}
	log_debug("container %.12s: files are left: %s", id, strerror(-r));
	container_dir_unlock(d);
}

static int refuse_running(const struct container *c, struct err *err)
{
	const char *state = c->state.status == CONTAINER_PAUSED       ? "paused"
			    : c->state.status == CONTAINER_RESTARTING ? "restarting"
								      : "running";

	return err_set(
		err, -EBUSY,
		"cannot remove container \"/%s\": container is %s: stop the container before "
		"removing or force remove",
		c->name, state);
}

/* Under the lock: ends what runs, if that is wanted. */
static int end_locked(struct engine *e, struct container_dir *d, struct container *c, bool force,
		      struct arena *a, struct err *err)
{
	struct shim_status s;
	bool alive = false;

	if (container_dir_status(d->dir, &s, &alive) < 0 || !alive || s.state == SHIM_STATE_EXITED)
		return 0;
	container_status_merge(c, &s, a);
	return force ? container_stop_now(e, c, err) : refuse_running(c, err);
}

int container_remove(struct engine *e, const char *name, bool force, bool volumes, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(container_dir) struct container_dir d = CONTAINER_DIR_INIT;
	struct container c;
	int r = container_find(e, name, &a, &c, err);

	(void)volumes; /* what an image calls a volume is in the container's own layer */
	if (r < 0)
		return r;
	if (container_status_is_up(&c)) {
		if (!force)
			return refuse_running(&c, err);
		/* Without the lock, which a restart holds while it waits for the end. */
		r = container_stop_now(e, &c, err);
		if (r < 0)
			return r;
	}
	r = container_query_locked(e, c.id, &a, &d, &c, err);
	if (r == -ENOENT && force)
		return 0; /* an --rm one went by itself */
	if (r == 0)
		r = end_locked(e, &d, &c, force, &a, err);
	if (r == 0)
		r = container_remove_doc(e, &c, err);
	if (r < 0) {
		container_dir_leave(e, c.id, &d);
		return r;
	}
	if (container_dir_wait_shim(d.dir, SHIM_END_MS))
		heal_leftovers(e, &d, c.id, &c, &a);
	container_remove_traces(e, c.id, &d);
	return 0;
}

int container_finished(struct engine *e, const char *id, const struct shim_status *last,
		       struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct container c;
	int r = container_query_doc(e, id, &a, &c, err);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	/* No lock: an --rm container that ended is never started again, but by a restart, which
	 * says so. */
	if (c.host_config.auto_remove)
		return remove_stored(e, STATE_NOSYNC, id, true, err);
	return heal_fold(e, id, last, err);
}

int container_reap(struct engine *e, const char *id, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(container_dir) struct container_dir d = CONTAINER_DIR_INIT;
	struct container c;
	struct shim_status s;
	bool alive;
	int r = container_query_locked(e, id, &a, &d, &c, err);

	if (r == -ENOENT) /* somebody else has taken it out of the store, and sees to its files */
		return heal_container(e, id, err);
	if (r < 0)
		return r;
	/* Another command started it again before we got the lock. */
	if (container_dir_status(d.dir, &s, &alive) == 0 && alive) {
		container_dir_leave(e, id, &d);
		return 0;
	}
	if (!c.host_config.auto_remove) {
		container_dir_unlock(&d);
		return heal_container(e, id, err);
	}
	heal_leftovers(e, &d, id, &c, &a);
	r = container_remove_doc(e, &c, err);
	if (r < 0)
		container_dir_unlock(&d);
	else
		container_remove_traces(e, id, &d);
	return r;
}
