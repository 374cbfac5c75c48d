/*
 * init_source.h - trees of the host that the child copies itself
 */
#ifndef RUNTIME_INIT_SOURCE_H
#define RUNTIME_INIT_SOURCE_H

#include "runtime/init_kernel.h"
#include "runtime/init_plan.h"
#include "runtime/init_report.h"

#include "sys/raw.h"

/* Is it what our parent saw at that path? */
static inline long init_source_check(const struct init_plan *p, const struct init_source *s,
				     long tree)
{
	struct statx st;
	long r = RAW(statx, tree, "", AT_EMPTY_PATH, STATX_INO, &st);

	if (r < 0)
		return r;
	return st.stx_ino == s->inode && st.stx_dev_major == s->dev_major &&
			       st.stx_dev_minor == s->dev_minor
		       ? 0
		       : init_report_failed(p, INIT_SOURCE_CHANGED, -ESTALE);
}

static inline long init_source_open(const struct init_plan *p, const struct init_source *s)
{
	long tree = RAW(open_tree, AT_FDCWD, s->path, s->flags), r;

	if (tree == -EINVAL && !(s->flags & AT_RECURSIVE))
		return init_report_failed(p, INIT_SOURCE_COVERED, tree);
	if (tree < 0)
		return tree;
	r = init_source_check(p, s, tree);
	for (size_t i = 0; i < s->n_attrs && r >= 0; i++) {
		struct mount_attr attr = { .attr_set = s->attrs[i].set,
					   .attr_clr = s->attrs[i].clear,
					   .propagation = s->attrs[i].propagation };

		r = RAW(mount_setattr, tree, "", AT_EMPTY_PATH | s->attrs[i].flags, &attr,
			sizeof(attr));
		if (r == -EPERM)
			r = init_report_failed(p, INIT_SOURCE_LOCKED, r);
	}
	if (r >= 0)
		*s->ret_fd = (int)tree;
	return r;
}

#endif
