/*
 * tar_in.h - inside the image room: entries of a tar as libarchive reads them, for layer_tree.h
 */
#ifndef IMAGE_TAR_IN_H
#define IMAGE_TAR_IN_H

#include "image/layer_tree.h"

struct archive;
struct archive_entry;

enum { TAR_IN_XATTRS_MAX = 64 };

/* What libarchive has to say; -EINVAL. */
int tar_in_failed(struct archive *a, struct err *err);
/* The entry at hand; its strings are the archive's until the next one. -EINVAL. */
int tar_in_entry(struct archive_entry *ae, struct layer_xattr xattrs[TAR_IN_XATTRS_MAX],
		 struct layer_entry *e, struct err *err);
/* A file's contents; holes stay holes. */
int tar_in_contents(struct archive *a, const struct layer_entry *e, int fd, struct err *err);

#endif
