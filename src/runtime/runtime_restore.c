/*
 * runtime_restore.c - what a container that CRIU makes anew needs from us: its control group, the
 * places of its mounts, a loopback interface that is up, and a root that is read-only
 */
#include "runtime/runtime.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "runtime/mount_option.h"
#include "runtime/resources.h"
#include "sys/namespace.h"
#include "sys/openat2.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int runtime_restore_cgroup(const struct oci_config *config, const char *cgroup, struct arena *a,
			   struct err *err)
{
	struct cgroup_limits limits;

	resources_limits(config->linux_->resources, a, &limits);
	return cgroup_setup(cgroup, &limits, err);
}

int runtime_restore_class(const struct oci_config *config, struct cgroup_class *class,
			  const char *id, struct err *err)
{
	struct cgroup_class_want want;

	if (!class)
		return 0;
	resources_class(config->linux_->intel_rdt, id, &want);
	return cgroup_class_setup(class, &want, err);
}

/* -- places of mounts -- */

static bool is_bind(const struct oci_mount *m)
{
	return str_eq(m->type, "bind") || strv_has(&m->options, "bind") ||
	       strv_has(&m->options, "rbind");
}

/* CRIU brings a tmpfs back with all that is in it, places of mounts, too. */
static bool is_on_tmpfs(const struct oci_config *config, const struct oci_mount *m)
{
	for (size_t i = 0; i < config->mounts.n; i++) {
		const struct oci_mount *other = &config->mounts.items[i];
		const char *rest = str_after(m->destination, other->destination);

		if (str_eq(other->type, "tmpfs") && rest && *rest == '/')
			return true;
	}
	return false;
}

static int make_file(int root, const char *path, struct err *err)
{
	OWN(str) char *parent = str_dup(path);
	OWN(fd) int dir = -1;
	OWN(fd) int fd = -1;
	char *name = strrchr(parent, '/');

	if (!name)
		return err_set(err, -EINVAL, "mount on %s: is no absolute path", path);
	*name++ = '\0';
	dir = openat2_mkdirs(root, *parent ? parent : "/", 0755);
	if (dir < 0)
		return err_code(err, dir, "making the directory of %s", path);
	fd = openat2_open(dir, name, O_PATH, 0, RESOLVE_IN_ROOT);
	if (fd == -ENOENT)
		fd = openat2_open(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644,
				  RESOLVE_IN_ROOT);
	return fd < 0 ? err_code(err, fd, "making %s", path) : 0;
}

static int make_place(int root, const struct oci_mount *m, const char *source, struct err *err)
{
	OWN(fd) int fd = -1;
	struct stat st;

	/* A link may lead it anywhere in the root: then it is there, or a directory is made. */
	fd = openat2_open(root, m->destination, O_PATH, 0, RESOLVE_IN_ROOT);
	if (fd >= 0)
		return 0;
	if (source && stat(source, &st) < 0)
		return err_sys(err, "mount on %s: source %s", m->destination, source);
	if (source && !S_ISDIR(st.st_mode))
		return make_file(root, m->destination, err);
	fd = openat2_mkdirs(root, m->destination, 0755);
	return fd < 0 ? err_code(err, fd, "making %s", m->destination) : 0;
}

/* A place may be beneath a bind mount, so they are mounted meanwhile; a copy of a tree is by its
 * descriptor put where a descriptor leads. */
static int cover(int root, const struct oci_mount *m, const char *source, struct err *err)
{
	OWN(fd) int tree = -1;
	OWN(fd) int place = openat2_open(root, m->destination, O_PATH, 0, RESOLVE_IN_ROOT);

	if (place < 0)
		return err_code(err, place, "mount on %s", m->destination);
	tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0)
		return err_sys(err, "mount on %s: source %s", m->destination, source);
	if (move_mount(tree, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(err, "mount on %s", m->destination);
	return 0;
}

static int uncover(int root, const struct oci_mount *m, struct err *err)
{
	OWN(fd) int place = openat2_open(root, m->destination, O_PATH, 0, RESOLVE_IN_ROOT);
	char path[64];

	if (place < 0)
		return err_code(err, place, "unmounting %s", m->destination);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", place);
	return umount2(path, MNT_DETACH) < 0 ? err_sys(err, "unmounting %s", m->destination) : 0;
}

int runtime_restore_mount_points(const struct oci_config *config, const char *bundle,
				 const char *root, struct err *err)
{
	OWN(fd) int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t i;
	int r = fd < 0 ? err_sys(err, "%s", root) : 0;

	for (i = 0; r == 0 && i < config->mounts.n; i++) {
		const struct oci_mount *m = &config->mounts.items[i];
		OWN(str) char *source = NULL;

		if (str_eq(m->type, "cgroup") || str_eq(m->type, "cgroup2") ||
		    is_on_tmpfs(config, m))
			continue;
		if (is_bind(m))
			source = m->source[0] == '/' ? str_dup(m->source)
						     : str_printf("%s/%s", bundle, m->source);
		r = make_place(fd, m, source, err);
		if (r == 0 && source)
			r = cover(fd, m, source, err);
	}
	while (r == 0 && i-- > 0) {
		const struct oci_mount *m = &config->mounts.items[i];

		if (is_bind(m) && !is_on_tmpfs(config, m))
			r = uncover(fd, m, err);
	}
	return r;
}

/* -- loopback -- */

static int bring_up(struct err *err)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	OWN(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return err_sys(err, "bringing the loopback interface up");
	return 0;
}

int runtime_restore_loopback(pid_t pid, struct err *err)
{
	OWN(fd) int ours = namespace_own("net");
	OWN(fd) int theirs = -1;
	OWN(str) char *path = str_printf("/proc/%d/ns/net", (int)pid);
	int r;

	if (ours < 0)
		return err_code(err, ours, "our own network namespace");
	theirs = namespace_open(path, CLONE_NEWNET);
	if (theirs < 0)
		return err_code(err, theirs, "%s", path);
	if (setns(theirs, CLONE_NEWNET) < 0)
		return err_sys(err, "joining %s", path);
	r = bring_up(err);
	if (setns(ours, CLONE_NEWNET) < 0 && r == 0)
		r = err_sys(err, "coming back from %s", path);
	return r;
}

/* -- the root -- */

/* In a process of its own: who joins a mount namespace loses its working directory. */
static _Noreturn void make_readonly(int space)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (setns(space, CLONE_NEWNS) < 0 ||
	    mount_setattr(AT_FDCWD, "/", 0, &attr, sizeof(attr)) < 0)
		_exit(errno);
	_exit(0);
}

int runtime_restore_readonly(pid_t pid, struct err *err)
{
	OWN(str) char *path = str_printf("/proc/%d/ns/mnt", (int)pid);
	OWN(fd) int space = namespace_open(path, CLONE_NEWNS);
	pid_t child;
	int status;

	if (space < 0)
		return err_code(err, space, "%s", path);
	child = fork();
	if (child < 0)
		return err_sys(err, "fork");
	if (child == 0)
		make_readonly(space);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, "waiting for a child");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_code(err, WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO,
				"making the root read-only");
	return 0;
}
