/*
 * container_wait.c - waiting for a container's end or removal
 *
 * While a shim lives it answers. Otherwise what is waited for is announced by STATE/c: a directory
 * appears there before anything happens to a container and goes after it has happened, so inotify
 * on that one directory wakes us, and the store says what has become of it.
 */
#include "engine/container_query.h"
#include "engine/container_stop.h"

#include "base/own.h"
#include "engine/heal.h"

#include <limits.h>
#include <poll.h>
#include <sys/inotify.h>

/* A wake-up may be missed only if the directory was replaced; then the store is looked at anyway.
 */
enum { LOOK_AGAIN_MS = 1000 };

static int watch(struct engine *e, int *ret_fd, struct err *err)
{
	OWN(str) char *path = str_printf("%s/c", e->state);
	OWN(fd) int fd = inotify_init1(IN_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "inotify");
	if (inotify_add_watch(fd, path, IN_CREATE | IN_DELETE | IN_ONLYDIR) < 0)
		return err_sys(err, "watching %s", path);
	*ret_fd = take_fd(&fd);
	return 0;
}

static void wait_for_change(int fd)
{
	char events[4096] __attribute__((aligned(8)));
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, LOOK_AGAIN_MS) > 0)
		(void)!read(fd, events, sizeof(events));
}

/*
 * The shim's word on the next or the last exit. 1 and *ret_exit; 0 when the shim went without it.
 */
static int ask_shim(struct engine *e, const struct container *c, enum shim_frame question,
		    struct shim_status *ret, struct err *err)
{
	OWN(shim_client) struct shim_client *client = NULL;
	int r = container_stop_connect(e, c, &client, err);

	if (r == -ESRCH)
		return 0;
	if (r < 0)
		return r;
	r = shim_client_send(client, question, NULL, 0);
	if (r == 0)
		r = container_stop_await(client, -1, ret);
	if (r == -EPIPE || r == -ECONNRESET)
		return 0;
	return r < 0 ? err_code(err, r, "waiting for container %.12s", c->id) : r;
}

static int wait_removed(struct engine *e, const char *id, int inotify, int *ret_exit,
			struct err *err)
{
	for (;;) {
		OWN(arena) struct arena a = ARENA_INIT;
		struct container c;
		struct err gone = ERR_INIT;
		int r = container_find(e, id, &a, &c, &gone);

		if (r == -ENOENT)
			return 0;
		if (r < 0)
			return err_set(err, r, "%s", gone.msg);
		if (container_status_is_up(&c)) {
			struct shim_status s;

			r = ask_shim(e, &c, SHIM_WAIT, &s, err);
			if (r < 0)
				return r;
			if (r == 1)
				*ret_exit = s.exit_code;
		} else {
			*ret_exit = c.state.exit_code;
		}
		wait_for_change(inotify);
	}
}

/* A container that does not run: until it has run and ended once more. */
static int wait_next(struct engine *e, const char *id, int64_t finished_before, int inotify,
		     int *ret_exit, struct err *err)
{
	for (;;) {
		OWN(arena) struct arena a = ARENA_INIT;
		struct container c;
		int r = container_find(e, id, &a, &c, err);

		if (r < 0)
			return r;
		if (container_status_is_up(&c)) {
			struct shim_status s;

			r = ask_shim(e, &c, SHIM_WAIT_NEXT, &s, err);
			if (r == 1)
				*ret_exit = s.exit_code;
			if (r != 0)
				return r < 0 ? r : 0;
		} else if (c.state.finished_at != finished_before) {
			*ret_exit = c.state.exit_code;
			return 0;
		}
		wait_for_change(inotify);
	}
}

static int wait_not_running(struct engine *e, const struct container *c, int *ret_exit,
			    struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct shim_status s;
	struct container after;
	int r;

	*ret_exit = c->state.exit_code;
	if (!container_status_is_up(c))
		return 0;
	r = ask_shim(e, c, SHIM_WAIT, &s, err);
	if (r == 1)
		*ret_exit = s.exit_code;
	if (r != 0)
		return r < 0 ? r : 0;
	/* Its record, or healing, says how it ended; an --rm one may be gone already. */
	r = container_find(e, c->id, &a, &after, err);
	if (r == 0)
		*ret_exit = after.state.exit_code;
	return r == -ENOENT ? 0 : r;
}

int container_wait(struct engine *e, const char *name, enum wait_for until, int *ret_exit,
		   struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(fd) int inotify = -1;
	struct container c;
	/* The watch comes first: what happens after the look is not missed then. */
	int r = until == WAIT_NOT_RUNNING ? 0 : watch(e, &inotify, err);

	if (r == 0)
		r = container_find(e, name, &a, &c, err);
	if (r < 0)
		return r;
	*ret_exit = c.state.exit_code;
	switch (until) {
	case WAIT_NOT_RUNNING:
		return wait_not_running(e, &c, ret_exit, err);
	case WAIT_NEXT_EXIT:
		return wait_next(e, c.id, c.state.finished_at, inotify, ret_exit, err);
	case WAIT_REMOVED:
		return wait_removed(e, c.id, inotify, ret_exit, err);
	}
	return 0;
}
