/*
 * init_cover.h - hiding files and directories of the kernel
 */
#ifndef RUNTIME_INIT_COVER_H
#define RUNTIME_INIT_COVER_H

#include "runtime/init_kernel.h"
#include "runtime/init_mount.h"

#include "sys/raw.h"

/* What directories and files are covered with: one empty directory, and the null device. */
struct init_covers {
	long empty;
	bool empty_used, null_used;
};

static inline long init_cover(const struct init_plan *p, long target, struct init_covers *c)
{
	static const struct init_option source = { "source", "tmpfs" };
	static const struct init_mount tmpfs = { .fstype = "tmpfs",
						 .options = &source,
						 .n_options = 1,
						 .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
							     MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
	struct statx st;
	long tree, r = RAW(statx, target, "", AT_EMPTY_PATH, STATX_TYPE, &st);

	if (r < 0)
		return r;
	if ((st.stx_mode & S_IFMT) != S_IFDIR) {
		tree = init_mount_again(p->null_fd, &c->null_used);
	} else {
		if (c->empty < 0)
			c->empty = init_mount_new(&tmpfs);
		tree = c->empty < 0 ? c->empty : init_mount_again(c->empty, &c->empty_used);
	}
	r = tree < 0 ? tree : init_mount_move(tree, target);
	if (r >= 0)
		r = init_mount_private(p, tree);
	if (tree >= 0)
		(void)RAW(close, tree);
	return r;
}

#endif
