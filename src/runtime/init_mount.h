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

static inline long init_mount_readonly(long tree)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	return RAW(mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr));
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
