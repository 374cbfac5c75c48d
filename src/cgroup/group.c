/*
 * group.c - making and removing a group in one tree
 *
 * A new v1 cpuset group has neither CPUs nor memory nodes, and no process can join it. With
 * cgroup.clone_children in its parent the kernel copies the parent's, which is set on the parents
 * made here; beneath others the values are copied by hand.
 *
 * In v2 a group can use a controller when all its ancestors list it in cgroup.subtree_control.
 */
#include "cgroup/group.h"

#include "base/own.h"
#include "base/str.h"
#include "cgroup/group_file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { DEPTH_MAX = 32 };

bool group_path_is_valid(const char *group)
{
	if (!group || group[0] != '/' || strlen(group) > PATH_MAX / 2)
		return false;
	for (const char *part = group; *part;) {
		size_t len = strcspn(++part, "/");

		if (len == 0 || (len == 1 && part[0] == '.') ||
		    (len == 2 && !memcmp(part, "..", 2)))
			return false;
		part += len;
	}
	return true;
}

static int make_directory(const struct hierarchy *h, const char *group)
{
	char path[PATH_MAX];
	int r = hierarchy_path(h, group, NULL, path);

	if (r < 0)
		return r;
	return mkdir(path, 0755) < 0 ? -errno : 0;
}

/* The part of the path that ends before the slash at end. */
static void parent_of(const char *group, const char *end, char out[PATH_MAX])
{
	size_t len = (size_t)(end - group);

	memcpy(out, group, len);
	out[len] = '\0';
}

static void copy_cpuset(const struct hierarchy *h, const char *from, const char *to,
			const char *file)
{
	char text[4096];

	if (group_file_read(h, to, file, text, sizeof(text)) != 1 || text[0] != '\n')
		return;
	if (group_file_read(h, from, file, text, sizeof(text)) > 1)
		(void)group_file_write(h, to, file, text);
}

/* Every group on the way down that has no CPUs or nodes gets those of the one above. */
static void fill_cpuset(const struct hierarchy *h, const char *group)
{
	char above[PATH_MAX] = "", here[PATH_MAX], text[2];

	if (group_file_read(h, group, "cpuset.cpus", text, sizeof(text)) == 1 && text[0] != '\n' &&
	    group_file_read(h, group, "cpuset.mems", text, sizeof(text)) == 1 && text[0] != '\n')
		return;
	for (const char *end = group; *end;) {
		end = strchrnul(end + 1, '/');
		parent_of(group, end, here);
		copy_cpuset(h, above, here, "cpuset.cpus");
		copy_cpuset(h, above, here, "cpuset.mems");
		memcpy(above, here, sizeof(above));
	}
}

static int make_parents(const struct hierarchy *h, const char *group)
{
	char parent[PATH_MAX];

	for (const char *end = strchr(group + 1, '/'); end; end = strchr(end + 1, '/')) {
		int r;

		parent_of(group, end, parent);
		r = make_directory(h, parent);
		if (r < 0 && r != -EEXIST)
			return r;
		if (r == 0 && !h->is_v2 && (h->controllers & 1U << CONTROLLER_CPUSET)) {
			fill_cpuset(h, parent);
			(void)group_file_write(h, parent, "cgroup.clone_children", "1");
		}
	}
	return 0;
}

static int found_one(void *ctx, pid_t pid)
{
	*(pid_t *)ctx = pid;
	return 1;
}

static int use_existing(const struct hierarchy *h, const char *group, struct err *err)
{
	pid_t pid = 0;

	if (group_each_process(h, group, found_one, &pid) > 0)
		return err_set(err, -EEXIST,
			       "control group %s%s is in use by process %d; choose another path or "
			       "end it",
			       h->mount, group, pid);
	return 0;
}

static int make_or_find(const struct hierarchy *h, const char *group, struct err *err)
{
	int r = make_directory(h, group);

	if (r == -ENOENT) {
		r = make_parents(h, group);
		if (r == 0)
			r = make_directory(h, group);
	}
	if (r < 0 && r != -EEXIST)
		return err_code(err, r, "making control group %s%s", h->mount, group);
	if (!h->is_v2 && (h->controllers & 1U << CONTROLLER_CPUSET))
		fill_cpuset(h, group);
	return r == 0;
}

int group_make(const struct hierarchy *h, const char *group, struct err *err)
{
	int r = make_or_find(h, group, err);

	return r == 0 ? use_existing(h, group, err) : r;
}

int group_adopt(const struct hierarchy *h, const char *group, struct err *err)
{
	return make_or_find(h, group, err);
}

static uint32_t controllers_of(const struct hierarchy *v2, const char *group)
{
	char text[256];

	return group_file_read(v2, group, "cgroup.controllers", text, sizeof(text)) > 0
		       ? hierarchy_parse_v2(text)
		       : 0;
}

/* One by one: a controller that cannot be had (realtime processes, cpuset holes) stops no other. */
static void enable_in(const struct hierarchy *v2, const char *group, uint32_t want)
{
	for (size_t c = 0; c < CONTROLLERS; c++) {
		const char *name = c == CONTROLLER_BLKIO ? "io" : hierarchy_controller_name(c);
		char text[32];

		if (!(want & 1U << c))
			continue;
		(void)snprintf(text, sizeof(text), "+%s", name);
		(void)group_file_write(v2, group, "cgroup.subtree_control", text);
	}
}

void group_enable_controllers(const struct hierarchy *v2, const char *group, uint32_t want)
{
	uint32_t missing = want ? want & ~controllers_of(v2, group) : 0;
	char parent[PATH_MAX] = "";

	for (const char *end = group; missing && end; end = strchr(end + 1, '/')) {
		parent_of(group, end, parent);
		enable_in(v2, parent, missing);
	}
}

static int remove_tree(int parent, const char *name, int depth);

/* The groups beneath an open directory; the kernel's files in it go with it. */
static int remove_children(int dir, int depth)
{
	char buf[2048] __attribute__((aligned(8)));
	int first = 0;
	long n;

	while ((n = syscall(SYS_getdents64, dir, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			struct dirent64 *entry = (struct dirent64 *)(buf + at);
			int r = 0;

			at += entry->d_reclen;
			if (entry->d_type == DT_DIR && !str_eq(entry->d_name, ".") &&
			    !str_eq(entry->d_name, ".."))
				r = remove_tree(dir, entry->d_name, depth + 1);
			if (first == 0)
				first = r;
		}
	}
	return first;
}

/* Without allocation, since the shim comes here after its container. */
static int remove_tree(int parent, const char *name, int depth)
{
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY)
		return -errno;
	if (depth == DEPTH_MAX)
		return -ELOOP;

	OWN(fd) int dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	r = remove_children(dir, depth);
	if (r < 0)
		return r;
	return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

int group_remove(const struct hierarchy *h, const char *group)
{
	char path[PATH_MAX];
	int r = hierarchy_path(h, group, NULL, path);

	return r < 0 ? r : remove_tree(AT_FDCWD, path, 0);
}

/* The numbers of an open cgroup.procs. 0 is a process that our PID namespace does not have. */
static int each_of_file(int fd, group_each_fn *each, void *ctx)
{
	char buf[4096];
	pid_t pid = 0;
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n && r == 0; i++) {
			if (isdigit((unsigned char)buf[i])) {
				pid = pid * 10 + (buf[i] - '0');
			} else {
				r = pid > 0 ? each(ctx, pid) : 0;
				pid = 0;
			}
		}
	}
	return r;
}

static int each_of_directory(int dir, int depth, group_each_fn *each, void *ctx)
{
	OWN(fd) int procs = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char buf[2048] __attribute__((aligned(8)));
	int r = procs < 0 ? 0 : each_of_file(procs, each, ctx);
	long n;

	while (r == 0 && depth < DEPTH_MAX &&
	       (n = syscall(SYS_getdents64, dir, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n && r == 0;) {
			struct dirent64 *entry = (struct dirent64 *)(buf + at);

			at += entry->d_reclen;
			if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
				continue;

			OWN(fd) int child = openat(dir, entry->d_name,
						   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (child >= 0)
				r = each_of_directory(child, depth + 1, each, ctx);
		}
	}
	return r;
}

int group_each_process(const struct hierarchy *h, const char *group, group_each_fn *each, void *ctx)
{
	OWN(fd) int dir = group_file_open(h, group, NULL, O_RDONLY | O_DIRECTORY);

	return dir < 0 ? dir : each_of_directory(dir, 0, each, ctx);
}
