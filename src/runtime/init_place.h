/*
 * init_place.h - where a mount goes, and what takes its place when it is none
 */
#ifndef RUNTIME_INIT_PLACE_H
#define RUNTIME_INIT_PLACE_H

#include "runtime/init_kernel.h"
#include "runtime/init_mount.h"
#include "runtime/init_plan.h"
#include "runtime/init_report.h"

#include "sys/raw.h"
#include "sys/raw_path.h"

/* An O_PATH descriptor of the mount's target, which is made when it is missing. */
static inline long init_place_open(const struct init_mount *m)
{
	long fd = m->on_link ? raw_path_open_how(AT_FDCWD, m->target, O_PATH | O_NOFOLLOW,
						 RAW_PATH_CONFINED)
			     : -ENOENT;

	if (fd != -ENOENT)
		return fd;
	return m->kind == INIT_MOUNT_AGAIN ? raw_path_open(m->target, false)
					   : raw_path_open_or_make(m->target, m->dir, m->no_links);
}

/* Wherever links lead: nothing is mounted over procfs but what shows the container's own limits. */
static inline long init_place_check(const struct init_plan *p, const struct init_mount *m,
				    long target)
{
	struct statfs fs;
	long r = m->over_proc ? 0 : RAW(fstatfs, target, &fs);

	if (r < 0 || m->over_proc || fs.f_type != PROC_SUPER_MAGIC)
		return r;
	return init_report_failed(p, INIT_OVER_PROC, -EPERM);
}

/* What the parent sets itself where the kernel lets it. */
static inline long init_place_set_bind(const struct init_mount *m, long tree)
{
	const struct mount_attr attr = { .attr_set = m->attr_set | m->tree_attr_set,
					 .attr_clr = m->attr_clear | m->tree_attr_clear,
					 .propagation = m->propagation };

	return init_mount_set_old(tree, &attr, m->tree_propagation ? MS_REC_ : 0);
}

/* The kernel says no more than EINVAL of a file upon a directory, and the other way round. */
static inline long init_place_explain(const struct init_mount *m, long target, long error)
{
	struct statx st;
	bool is_dir;

	if (error != -EINVAL || RAW(statx, target, "", AT_EMPTY_PATH, STATX_TYPE, &st) < 0)
		return error;
	is_dir = (st.stx_mode & S_IFMT) == S_IFDIR;
	return is_dir == m->dir ? error : is_dir ? -EISDIR : -ENOTDIR;
}

/* Other attributes for what an earlier mount has brought there. */
static inline long init_place_change(const struct init_plan *p, const struct init_mount *m,
				     long target)
{
	const struct mount_attr tree = { .attr_set = m->tree_attr_set,
					 .attr_clr = m->tree_attr_clear };
	const struct mount_attr top = { .attr_set = m->attr_set,
					.attr_clr = m->attr_clear,
					.propagation = m->propagation };
	long r = 0;

	if (tree.attr_set || tree.attr_clr)
		r = RAW(mount_setattr, target, "", AT_EMPTY_PATH | AT_RECURSIVE, &tree,
			sizeof(tree));
	if (r >= 0)
		r = init_mount_set(p, target, &top);
	return r == -EINVAL ? init_report_failed(p, INIT_NOT_MOUNTED, r) : r;
}

/* A link like the source's, in place of the mount; one that is there already must be the same. */
static inline long init_place_link(const struct init_plan *p, const struct init_mount *m)
{
	char *name = m->target;
	long dir, r, n;

	for (char *at = m->target; *at; at++)
		if (*at == '/')
			name = at + 1;
	if (name == m->target) {
		dir = RAW(openat, AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	} else {
		name[-1] = '\0';
		dir = raw_path_open_or_make(m->target, true, false);
		name[-1] = '/';
	}
	if (dir < 0)
		return dir;
	r = RAW(symlinkat, m->link, dir, name);
	n = r == -EEXIST ? RAW(readlinkat, dir, name, p->scratch, INIT_SCRATCH_SIZE) : 0;
	for (long i = 0; i < n && p->scratch[i] == m->link[i]; i++)
		if (i + 1 == n && !m->link[n])
			r = 0;
	(void)RAW(close, dir);
	return r;
}

/* What was filled meanwhile; a step of its own. */
static inline long init_place_late_readonly(const struct init_plan *p)
{
	long r = 0;

	for (size_t i = 0; p->late && i < p->late->n && r >= 0; i++) {
		r = init_mount_readonly(p, p->late->fds[i]);
		(void)RAW(close, p->late->fds[i]);
	}
	return r;
}

#endif
