/*
 * cgroup_process.c - the processes of a group: listed, frozen, killed
 *
 * They are looked for in the tree that freezes, so that a frozen group's list stays true while it
 * is used. Nothing is allocated but the list that cgroup_pids() returns.
 */
#include "cgroup/cgroup.h"

#include "base/own.h"
#include "base/str.h"
#include "cgroup/group.h"
#include "cgroup/group_file.h"
#include "cgroup/limits.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { FREEZE_WAIT_MS = 10000, KILL_WAIT_MS = 10000 };

static bool has_group(const struct hierarchy *h, const char *path)
{
	return h && limits_has(h, path, "cgroup.procs");
}

/* An ordinary user's group may not be in the tree that freezes. */
static const struct hierarchy *process_tree(const char *path)
{
	const struct hierarchy *freezer = hierarchy_of(CONTROLLER_FREEZER), *v2 = hierarchy_v2();
	size_t n;
	const struct hierarchy *all = hierarchy_all(&n);

	if (has_group(freezer, path))
		return freezer;
	if (has_group(v2, path))
		return v2;
	for (size_t i = 0; i < n; i++)
		if (has_group(&all[i], path))
			return &all[i];
	return freezer ? freezer : v2 ? v2 : all;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void pause_us(long us)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

static int check_group(const char *path, struct err *err)
{
	size_t n;

	(void)hierarchy_all(&n);
	if (n == 0)
		return err_set(err, -ENOTSUP, "no control groups are mounted");
	if (!group_path_is_valid(path))
		return err_set(err, -EINVAL, "control group path %s must be absolute, without ..",
			       path ? path : "(none)");
	return 0;
}

struct pid_list {
	struct arena *arena;
	pid_t *items;
	size_t n, cap;
};

static int list_add(void *ctx, pid_t pid)
{
	struct pid_list *list = ctx;

	if (list->n == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 16;
		pid_t *grown = arena_array(list->arena, cap, sizeof(*grown));

		if (list->n > 0)
			memcpy(grown, list->items, list->n * sizeof(*grown));
		list->items = grown;
		list->cap = cap;
	}
	list->items[list->n++] = pid;
	return 0;
}

int cgroup_pids(const char *path, struct arena *a, pid_t **ret_pids, size_t *ret_n, struct err *err)
{
	struct pid_list list = { .arena = a };
	int r = check_group(path, err);

	if (r < 0)
		return r;
	r = group_each_process(process_tree(path), path, list_add, &list);
	if (r < 0)
		return err_code(err, r, "processes of control group %s", path);
	*ret_pids = list.items;
	*ret_n = list.n;
	return 0;
}

static int v1_state(const struct hierarchy *h, const char *path, bool *ret_frozen)
{
	char text[32];
	ssize_t n = group_file_read(h, path, "freezer.state", text, sizeof(text));

	if (n < 0)
		return (int)n;
	*ret_frozen = strncmp(text, "FROZEN", 6) == 0;
	return 0;
}

/*
 * A v1 group is FREEZING until its last task has stopped. One that is being forked meanwhile can
 * stay out of it, which thawing for a moment and freezing again cures.
 */
static int v1_freeze(const struct hierarchy *h, const char *path)
{
	int64_t end = now_ms() + FREEZE_WAIT_MS;
	bool done = false;
	long wait_us = 50;
	int r = 0;

	for (int round = 1; r == 0; round++) {
		if (round % 64 == 0)
			(void)group_file_write(h, path, "freezer.state", "THAWED");
		r = group_file_write(h, path, "freezer.state", "FROZEN");
		if (r == 0)
			r = v1_state(h, path, &done);
		if (r < 0 || done)
			return r;
		if (now_ms() > end)
			r = -ETIMEDOUT;
		pause_us(wait_us);
		wait_us = wait_us < 10000 ? wait_us * 2 : wait_us;
	}
	(void)group_file_write(h, path, "freezer.state", "THAWED");
	return r;
}

static int v2_state(int events, bool *ret_frozen)
{
	char text[128];
	ssize_t n = pread(events, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	*ret_frozen = group_file_value(text, "frozen") == 1;
	return 0;
}

/* cgroup.events says when the last task has stopped, and wakes whoever polls it. */
static int v2_set(const struct hierarchy *h, const char *path, bool frozen)
{
	OWN(fd) int events = group_file_open(h, path, "cgroup.events", O_RDONLY);
	int64_t end = now_ms() + FREEZE_WAIT_MS;
	bool is = !frozen;
	int r = events < 0 ? events
			   : group_file_write(h, path, "cgroup.freeze", frozen ? "1" : "0");

	while (r == 0) {
		struct pollfd wait = { .fd = events, .events = POLLPRI };

		r = v2_state(events, &is);
		if (r < 0 || is == frozen)
			return r;
		if (now_ms() > end)
			r = -ETIMEDOUT;
		else
			(void)poll(&wait, 1, 100);
	}
	if (r == -ETIMEDOUT && frozen)
		(void)group_file_write(h, path, "cgroup.freeze", "0");
	return r;
}

static int set_frozen(const struct hierarchy *h, const char *path, bool frozen)
{
	if (h->is_v2)
		return v2_set(h, path, frozen);
	return frozen ? v1_freeze(h, path) : group_file_write(h, path, "freezer.state", "THAWED");
}

static bool can_freeze(const struct hierarchy *h)
{
	return h->is_v2 || (h->controllers & 1U << CONTROLLER_FREEZER);
}

int cgroup_freeze(const char *path, bool frozen, struct err *err)
{
	int r = check_group(path, err);
	const struct hierarchy *h = r < 0 ? NULL : process_tree(path);

	if (r < 0)
		return r;
	if (!can_freeze(h))
		return err_set(err, -ENOTSUP,
			       "control group %s is in no hierarchy that can freeze it", path);
	r = set_frozen(h, path, frozen);
	if (r == -ETIMEDOUT)
		return err_set(err, r, "control group %s did not %s within %d s", path,
			       frozen ? "freeze" : "thaw", FREEZE_WAIT_MS / 1000);
	return r < 0 ? err_code(err, r, "%s control group %s", frozen ? "freezing" : "thawing",
				path)
		     : 0;
}

int cgroup_is_frozen(const char *path, bool *ret_frozen)
{
	int r = check_group(path, NULL);
	const struct hierarchy *h = r < 0 ? NULL : process_tree(path);

	if (r < 0)
		return r;
	if (!can_freeze(h))
		return -ENOTSUP;
	if (!h->is_v2)
		return v1_state(h, path, ret_frozen);

	OWN(fd) int events = group_file_open(h, path, "cgroup.events", O_RDONLY);

	return events < 0 ? events : v2_state(events, ret_frozen);
}

struct kill_round {
	int signal;
	size_t n;
};

static int kill_one(void *ctx, pid_t pid)
{
	struct kill_round *round = ctx;

	round->n++;
	(void)kill(pid, round->signal);
	return 0;
}

/*
 * Processes that fork faster than they are listed are frozen meanwhile; a v1 group has to be thawed
 * for SIGKILL to take effect.
 */
static int kill_all(const struct hierarchy *h, const char *path, struct err *err)
{
	const struct hierarchy *v2 = hierarchy_v2();
	int64_t end = now_ms() + KILL_WAIT_MS;
	long wait_us = 200;

	if (v2)
		(void)group_file_write(v2, path, "cgroup.kill", "1");
	for (int n = 0;; n++) {
		struct kill_round round = { .signal = SIGKILL };
		bool freeze = n >= 4 && n % 4 == 0 && can_freeze(h);
		int r;

		if (freeze)
			(void)group_file_write(h, path,
					       h->is_v2 ? "cgroup.freeze" : "freezer.state",
					       h->is_v2 ? "1" : "FROZEN");
		r = group_each_process(h, path, kill_one, &round);
		if (freeze)
			(void)group_file_write(h, path,
					       h->is_v2 ? "cgroup.freeze" : "freezer.state",
					       h->is_v2 ? "0" : "THAWED");
		if (r == -ENOENT || round.n == 0)
			return 0;
		if (now_ms() > end)
			return err_set(
				err, -EBUSY,
				"%zu processes of control group %s do not die; they may wait "
				"for a device or a network file system",
				round.n, path);
		pause_us(wait_us);
		wait_us = wait_us < 20000 ? wait_us * 2 : wait_us;
	}
}

/* The kernel looks in no time, where a list of its processes takes a dozen system calls. */
static bool remove_empty_in(const struct hierarchy *h, const char *path)
{
	char dir[PATH_MAX];

	return hierarchy_path(h, path, NULL, dir) == 0 && (rmdir(dir) == 0 || errno == ENOENT);
}

bool cgroup_remove_empty(const char *path)
{
	const struct hierarchy *v2 = hierarchy_v2(), *h;

	if (check_group(path, NULL) < 0)
		return false;
	h = process_tree(path);
	return remove_empty_in(h, path) && (!v2 || v2 == h || remove_empty_in(v2, path));
}

int cgroup_kill(const char *path, int signal, struct err *err)
{
	struct kill_round round = { .signal = signal };
	int r = check_group(path, err);
	const struct hierarchy *h = r < 0 ? NULL : process_tree(path);

	if (r < 0)
		return r;
	if (can_freeze(h))
		(void)group_file_write(h, path, h->is_v2 ? "cgroup.freeze" : "freezer.state",
				       h->is_v2 ? "0" : "THAWED");
	if (signal == SIGKILL)
		return kill_all(h, path, err);
	r = group_each_process(h, path, kill_one, &round);
	return r < 0 ? err_code(err, r, "control group %s", path) : 0;
}
