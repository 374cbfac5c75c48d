/*
 * tree_tar.h - a directory tree as a tar, the same bytes for the same tree
 */
#ifndef IMAGE_TREE_TAR_H
#define IMAGE_TREE_TAR_H

#include "base/err.h"
#include "image/tar_out.h"

struct tree_tar {
	struct tar_out *out;
	/*
	 * The tree is a container's own layer, as overlayfs keeps it: whiteouts and opaque
	 * directories become ".wh.NAME" and ".wh..wh..opq". Otherwise everything is what it is.
	 */
	bool is_layer;
	size_t n; /* entries so far */
};

/*
 * Writes what is in a directory (without the directory itself), sorted by name, with owners, modes,
 * times, attributes, hard links and holes; sockets are left out, and what a proc or sysfs holds.
 * prefix stands before each name: "", or "DIR/". The tree may be hostile and change meanwhile: no
 * link is followed. -EIO when a file shrinks while it is read.
 */
int tree_tar_contents(struct tree_tar *t, int dir, const char *prefix, struct err *err);
/* One entry of a directory, a directory with its contents, under another name. */
int tree_tar_entry(struct tree_tar *t, int dir, const char *name, const char *as, struct err *err);

#endif
