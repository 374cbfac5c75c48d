/*
 * cgroup_joins.c - which group of each tree a process joins, and the descriptors for that
 */
#include "cgroup/cgroup.h"

#include "base/own.h"
#include "cgroup/group.h"
#include "cgroup/group_file.h"
#include "sys/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

enum { CGROUP_FILE_MAX = 64 << 10 };

static bool has_controller(const struct hierarchy *h, const char *name)
{
	for (size_t c = 0; c < CONTROLLERS; c++)
		if (h->controllers & 1U << c && str_eq(name, hierarchy_controller_name(c)))
			return true;
	return false;
}

/* What was asked for beneath the container's group in this tree, or NULL. */
static int find_beneath(const struct hierarchy *h, const struct str_map *beneath,
			const char **ret_path, struct err *err)
{
	const char *path = beneath ? str_map_get(beneath, "") : NULL;

	for (size_t i = 0; beneath && i < beneath->n; i++) {
		const struct str_pair *p = &beneath->items[i];

		if (h->is_v2 || !has_controller(h, p->key))
			continue;
		if (path && !str_eq(path, p->value))
			return err_set(err, -EINVAL,
				       "%s: another controller of its hierarchy %s has another "
				       "path",
				       p->key, h->mount);
		path = p->value;
	}
	*ret_path = str_is_empty(path) ? NULL : path;
	return 0;
}

static int check_controllers(const struct str_map *beneath, struct err *err)
{
	size_t n;
	const struct hierarchy *all = hierarchy_all(&n);

	for (size_t i = 0; beneath && i < beneath->n; i++) {
		const char *name = beneath->items[i].key;
		bool found = !*name;

		for (size_t j = 0; j < n && !found; j++)
			found = !all[j].is_v2 && has_controller(&all[j], name);
		if (!found)
			return err_set(err, -EINVAL,
				       "no v1 hierarchy has a controller %s; in v2 one path holds "
				       "for all, without a name before it",
				       name);
	}
	return 0;
}

static bool is_divided(const struct hierarchy *v2, const char *path)
{
	char text[256];

	return group_file_read(v2, path, "cgroup.subtree_control", text, sizeof(text)) > 0 &&
	       text[0] != '\n';
}

/* The v2 group of a process, if it is beneath path: "0::/PATH" in its list. */
static bool find_beside(pid_t pid, const char *path, char ret[PATH_MAX])
{
	OWN(str) char *text = NULL, *file = str_printf("/proc/%d/cgroup", (int)pid);
	const char *line;
	size_t len;

	if (file_read_at(AT_FDCWD, file, CGROUP_FILE_MAX, &text, NULL) < 0)
		return false;
	line = str_after(text, "0::");
	if (!line) {
		line = strstr(text, "\n0::");
		line = line ? line + 4 : NULL;
	}
	len = line ? strcspn(line, "\n") : 0;
	if (len == 0 || len >= PATH_MAX || strncmp(line, path, strlen(path)) != 0 ||
	    line[strlen(path)] != '/')
		return false;
	(void)snprintf(ret, PATH_MAX, "%.*s", (int)len, line);
	return true;
}

static int find_group(const struct hierarchy *h, const struct cgroup_place *place,
		      char ret[PATH_MAX], struct err *err)
{
	const char *beneath = NULL;
	int r = find_beneath(h, place->beneath, &beneath, err);

	if (r < 0)
		return r;
	if (!beneath && h->is_v2 && place->beside && is_divided(h, place->path) &&
	    find_beside(place->beside, place->path, ret))
		return 0;
	if (snprintf(ret, PATH_MAX, "%s%s%s", place->path, beneath ? "/" : "",
		     beneath ? beneath : "") >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "control group beneath %s", place->path);
	if (!group_path_is_valid(ret))
		return err_set(err, -EINVAL, "control group path %s must be absolute, without ..",
			       ret);
	return 0;
}

/* Appends to fds what a process joins this tree by. */
static int open_one(const struct hierarchy *h, const struct cgroup_place *place, int *fds,
		    size_t *n, int *ret_v2_dir, struct err *err)
{
	char group[PATH_MAX];
	int r = find_group(h, place, group, err);

	if (r < 0)
		return r;
	r = group_file_open(h, group, h->is_v2 ? "cgroup.procs" : "tasks", O_WRONLY);
	if (r == -ENOENT && (h->optional || place->is_partial))
		return 0;
	if ((r == -EACCES || r == -EPERM || r == -EROFS) && place->is_partial)
		return 0;
	if (r >= 0)
		fds[(*n)++] = r;
	if (r >= 0 && h->is_v2)
		r = *ret_v2_dir = group_file_open(h, group, NULL, O_RDONLY | O_DIRECTORY);
	return r < 0 ? err_code(err, r, "control group %s%s", h->mount, group) : 0;
}

int cgroup_open_joins(const struct cgroup_place *place, int ret_fds[CGROUP_HIERARCHIES_MAX],
		      size_t *ret_n, int *ret_v2_dir, struct err *err)
{
	size_t n, opened = 0;
	const struct hierarchy *all = hierarchy_all(&n);
	int v2_dir = -1, r = check_controllers(place->beneath, err);

	for (size_t i = 0; i < n && r == 0; i++)
		r = open_one(&all[i], place, ret_fds, &opened, &v2_dir, err);
	if (r < 0) {
		for (size_t i = 0; i < opened; i++)
			(void)close(ret_fds[i]);
		return r;
	}
	*ret_n = opened;
	*ret_v2_dir = v2_dir;
	return 0;
}
