/*
 * init_mount.h - what init.c does with mounts, by descriptor alone
 */
#ifndef RUNTIME_INIT_MOUNT_H
#define RUNTIME_INIT_MOUNT_H

#include "runtime/init_kernel.h"
#include "runtime/init_plan.h"

#include "sys/raw.h"

/* A detached mount of a new file system. */
static inline long init_mount_new(const struct init_mount *m)
{
	long fs = RAW(fsopen, m->fstype, FSOPEN_CLOEXEC), r = 0, fd;

	if (fs < 0)
		return fs;
	for (size_t i = 0; i < m->n_options && r >= 0; i++)
		r = m->options[i].value
			    ? RAW(fsconfig, fs, FSCONFIG_SET_STRING, m->options[i].key,
				  m->options[i].value, 0)
			    : RAW(fsconfig, fs, FSCONFIG_SET_FLAG, m->options[i].key, 0, 0);
	if (r >= 0)
		r = RAW(fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0);
	fd = r < 0 ? r : RAW(fsmount, fs, FSMOUNT_CLOEXEC, m->attr_set);
	(void)RAW(close, fs);
	return fd;
}

/* Attaches a detached mount to what target, an O_PATH descriptor, is open on. */
static inline long init_mount_move(long tree, long target)
{
	return RAW(move_mount, tree, "", target, "",
		   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* Attributes as mount(2) takes them, which are those that statfs(2) shows, but for two. */
static inline unsigned long init_mount_old_flags(uint64_t attributes)
{
	const uint64_t same =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	uint64_t atime = attributes & MOUNT_ATTR__ATIME;

	return (attributes & same) | (attributes & MOUNT_ATTR_NODIRATIME ? MS_NODIRATIME_ : 0) |
	       (atime == MOUNT_ATTR_NOATIME       ? MS_NOATIME_
		: atime == MOUNT_ATTR_STRICTATIME ? MS_STRICTATIME_
						  : MS_RELATIME_);
}

static inline uint64_t init_mount_attributes(const struct statfs *fs)
{
	const uint64_t same =
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	uint64_t flags = (uint64_t)fs->f_flags;

	return (flags & same) | (flags & MS_NODIRATIME_ ? MOUNT_ATTR_NODIRATIME : 0) |
	       (flags & MS_NOATIME_    ? MOUNT_ATTR_NOATIME
		: flags & ST_RELATIME_ ? MOUNT_ATTR_RELATIME
				       : MOUNT_ATTR_STRICTATIME);
}

/*
 * Before Linux 5.12 only mounts that are attached can be changed, by a path, and all flags at once.
 * The host's procfs, at "/" until the old root is left, has a path for a descriptor.
 */
static inline long init_mount_set_old(long tree, const struct mount_attr *a,
				      unsigned long recursive)
{
	char path[32] = "/proc/self/fd/";
	size_t at = sizeof("/proc/self/fd/") - 1;
	uint64_t want;
	struct statfs fs;
	long r = RAW(fstatfs, tree, &fs), scale = 1;

	while (tree / scale >= 10)
		scale *= 10;
	for (; scale; scale /= 10)
		path[at++] = (char)('0' + tree / scale % 10);
	path[at] = '\0';
	if (r >= 0 && (a->attr_set || a->attr_clr)) {
		want = (init_mount_attributes(&fs) & ~a->attr_clr) | a->attr_set;
		r = RAW(mount, 0, path, 0, MS_REMOUNT_ | MS_BIND_ | init_mount_old_flags(want), 0);
	}
	if (r >= 0 && a->propagation)
		r = RAW(mount, 0, path, 0, a->propagation | recursive, 0);
	return r;
}

/* Changes a mount that is attached. */
static inline long init_mount_set(const struct init_plan *p, long tree, const struct mount_attr *a)
{
	if (p->old_mounts)
		return init_mount_set_old(tree, a, 0);
	return RAW(mount_setattr, tree, "", AT_EMPTY_PATH, a, sizeof(*a));
}

static inline long init_mount_readonly(const struct init_plan *p, long tree)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	return init_mount_set(p, tree, &attr);
}

/* Of what the parent made and could not make private itself. */
static inline long init_mount_private(const struct init_plan *p, long tree)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE_ };

	return p->old_mounts ? init_mount_set_old(tree, &attr, 0) : 0;
}

/* The first use of a detached mount is itself, every other one a copy of it. */
static inline long init_mount_again(long tree, bool *used)
{
	if (!*used) {
		*used = true;
		return RAW(dup, tree);
	}
	return RAW(open_tree, tree, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
}

#endif
