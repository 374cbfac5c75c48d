/*
 * cgroup.c - a container's group in every tree: made, joined, limited, removed
 *
 * A start makes the same path in every tree and touches no file but those of limits that are set:
 * one mkdir a tree. The processes join by writing to descriptors that are opened beforehand.
 */
#include "cgroup/cgroup.h"

#include "base/own.h"
#include "base/str.h"
#include "cgroup/group.h"
#include "cgroup/group_file.h"
#include "cgroup/limits.h"
#include "sys/file.h"

#include <fcntl.h>
#include <time.h>

/* How long the last processes of a group may take to vanish. */
enum { TEARDOWN_WAIT_MS = 5000 };

enum cgroup_mode cgroup_mode(void)
{
	size_t n;
	const struct hierarchy *all = hierarchy_all(&n);
	uint32_t v1 = 0;

	for (size_t i = 0; i < n; i++)
		if (!all[i].is_v2 && !all[i].optional)
			v1 |= all[i].controllers & ~(1U << CONTROLLER_SYSTEMD);
	if (n == 0)
		return CGROUP_NONE;
	if (v1 == 0)
		return all[n - 1].is_v2 ? CGROUP_V2 : CGROUP_NONE;
	return all[n - 1].is_v2 ? CGROUP_HYBRID : CGROUP_V1;
}

int cgroup_controllers(struct arena *a, struct strv *ret, struct err *err)
{
	size_t n;

	*ret = (struct strv){ 0 };
	(void)hierarchy_all(&n);
	if (n == 0)
		return err_set(err, -ENOENT, "no control groups are mounted");
	for (size_t c = 0; c < CONTROLLERS; c++) {
		bool in_v2 = hierarchy_v2() && (c == CONTROLLER_DEVICES || c == CONTROLLER_FREEZER);

		if (c != CONTROLLER_SYSTEMD && (hierarchy_of(c) || in_v2))
			strv_add(ret, a, hierarchy_controller_name(c));
	}
	return 0;
}

static int check_path(const char *path, struct err *err)
{
	if (!group_path_is_valid(path))
		return err_set(err, -EINVAL, "control group path %s must be absolute, without ..",
			       path ? path : "(none)");
	return 0;
}

static void undo(const char *path, const bool made[CGROUP_HIERARCHIES_MAX])
{
	size_t n;
	const struct hierarchy *all = hierarchy_all(&n);

	for (size_t i = 0; i < n; i++)
		if (made[i])
			(void)group_remove(&all[i], path);
}

/* All where v2 is all there is, so that statistics are kept; beside v1 only what a limit needs. */
static void enable_controllers(const struct hierarchy *v2, const char *path,
			       const struct cgroup_limits *limits)
{
	uint32_t limited = limits ? limits_controllers(limits) : 0,
		 want = v2->controllers & limited;

	if (cgroup_mode() == CGROUP_V2)
		want |= v2->controllers & ~(1U << CONTROLLER_RDMA);
	group_enable_controllers(v2, path, want);
}

enum make_how { MAKE_NEW, MAKE_ADOPT, MAKE_WHERE_ALLOWED };

static bool is_forbidden(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS;
}

static int make_all(const char *path, const struct cgroup_limits *limits, enum make_how how,
		    bool *ret_partial, struct err *err)
{
	size_t n;
	const struct hierarchy *all = hierarchy_all(&n);
	bool made[CGROUP_HIERARCHIES_MAX] = { false };
	uint32_t wanted = limits ? limits_controllers(limits) : 0;
	size_t there = 0;
	int forbidden = 0;
	int r = check_path(path, err);

	*ret_partial = false;
	if (r < 0)
		return r;
	if (n == 0)
		return err_set(err, -ENOTSUP,
			       "no control groups are mounted; mount them at /sys/fs/cgroup");
	for (size_t i = 0; i < n && r >= 0; i++) {
		if (all[i].optional && !(wanted & all[i].controllers))
			continue;
		r = how == MAKE_ADOPT ? group_adopt(&all[i], path, err)
				      : group_make(&all[i], path, err);
		if (is_forbidden(r) && how == MAKE_WHERE_ALLOWED &&
		    !(wanted & all[i].controllers)) {
			*ret_partial = true;
			forbidden = r;
			r = 0;
			continue;
		}
		there++;
		made[i] = r == 1;
		if (r >= 0 && all[i].is_v2)
			enable_controllers(&all[i], path, limits);
	}
	if (r >= 0 && there == 0)
		r = forbidden;
	if (r >= 0 && limits)
		r = limits_apply(path, limits, err);
	if (r < 0 && how != MAKE_ADOPT)
		undo(path, made);
	return r < 0 ? r : 0;
}

void cgroup_limited(const struct cgroup_limits *limits, struct arena *a, struct strv *ret)
{
	uint32_t bits = limits_controllers(limits);

	for (size_t c = 0; c < CONTROLLERS; c++)
		if (bits & 1U << c)
			strv_add(ret, a, hierarchy_controller_name(c));
}

const char *cgroup_own_v2(struct arena *a)
{
	char text[PATH_MAX];
	const char *path;

	if (cgroup_mode() != CGROUP_V2 ||
	    file_read_into(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	path = str_after(text, "0::");
	/* "/../x" is outside of our cgroup namespace. */
	return path && path[0] == '/' && !strstr(path, "/..") ? arena_strdup(a, path) : NULL;
}

int cgroup_setup(const char *path, const struct cgroup_limits *limits, struct err *err)
{
	bool partial;

	return make_all(path, limits, MAKE_NEW, &partial, err);
}

int cgroup_setup_where_allowed(const char *path, const struct cgroup_limits *limits,
			       bool *ret_partial, struct err *err)
{
	return make_all(path, limits, MAKE_WHERE_ALLOWED, ret_partial, err);
}

int cgroup_adopt(const char *path, const struct cgroup_limits *limits, struct err *err)
{
	bool partial;

	return make_all(path, limits, MAKE_ADOPT, &partial, err);
}

int cgroup_trees(const char *path, struct arena *a, struct cgroup_tree **ret, size_t *ret_n,
		 struct err *err)
{
	size_t n;
	const struct hierarchy *all = hierarchy_all(&n);
	struct cgroup_tree *trees = arena_array(a, n, sizeof(*trees));
	int r = check_path(path, err);
	size_t found = 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct cgroup_tree *tree = &trees[found];

		/* Few containers are in those that are optional, an ordinary user's in few. */
		if (!limits_has(&all[i], path, "cgroup.procs"))
			continue;
		found++;
		tree->is_v2 = all[i].is_v2;
		tree->name = strrchr(all[i].mount, '/') + 1;
		tree->dir = arena_printf(a, "%s%s", all[i].mount, path);
		for (size_t c = 0; c < CONTROLLERS && !all[i].is_v2; c++) {
			const char *name = hierarchy_controller_name(c);

			if (all[i].controllers & 1U << c)
				strv_add(&tree->controllers, a,
					 c == CONTROLLER_SYSTEMD ? str_after(name, "name=") : name);
		}
	}
	*ret = trees;
	*ret_n = found;
	return 0;
}

int cgroup_update(const char *path, const struct cgroup_limits *limits, struct err *err)
{
	int r = check_path(path, err);

	return r < 0 ? r : limits_apply(path, limits, err);
}

/* "oom_kill N" stands in v1's memory.oom_control and v2's memory.events. */
bool cgroup_oom_killed(const char *path)
{
	const struct hierarchy *h = hierarchy_of(CONTROLLER_MEMORY);
	char text[512];

	if (!h || group_file_read(h, path, h->is_v2 ? "memory.events" : "memory.oom_control", text,
				  sizeof(text)) <= 0)
		return false;
	return group_file_value(text, "oom_kill") > 0;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* One round over the trees where it still is; *ret_left says whether there are any. */
static int remove_round(const char *path, bool gone[CGROUP_HIERARCHIES_MAX], bool *ret_left,
			const struct hierarchy **ret_busy)
{
	size_t n;
	const struct hierarchy *all = hierarchy_all(&n);
	int first = 0;

	*ret_left = false;
	for (size_t i = 0; i < n; i++) {
		int r = gone[i] ? 0 : group_remove(&all[i], path);

		gone[i] = r != -EBUSY;
		if (r == -EBUSY) {
			*ret_left = true;
			*ret_busy = &all[i];
		} else if (r < 0 && first == 0) {
			first = r;
		}
	}
	return first;
}

int cgroup_teardown(const char *path, struct err *err)
{
	bool gone[CGROUP_HIERARCHIES_MAX] = { false }, left;
	const struct hierarchy *busy = NULL;
	long pause_us = 200;
	int64_t end = 0;
	int first = 0, r = check_path(path, err);

	if (r < 0)
		return r;
	for (;;) {
		r = remove_round(path, gone, &left, &busy);
		if (first == 0)
			first = r;
		if (!left)
			break;
		/* A process that was reaped leaves its group a moment later. */
		if (end == 0)
			end = now_ms() + TEARDOWN_WAIT_MS;
		if (now_ms() > end)
			return err_set(err, -EBUSY,
				       "control group %s%s still has processes; end them first",
				       busy->mount, path);
		(void)nanosleep(&(struct timespec){ .tv_nsec = pause_us * 1000 }, NULL);
		pause_us = pause_us < 20000 ? pause_us * 2 : pause_us;
	}
	return first < 0 ? err_code(err, first, "removing control group %s", path) : 0;
}
