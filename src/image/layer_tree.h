/*
 * layer_tree.h - writing a layer's entries beneath one directory, whatever they are called
 */
#ifndef IMAGE_LAYER_TREE_H
#define IMAGE_LAYER_TREE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct layer_xattr {
	const char *name;
	const void *value;
	size_t len;
};

/* One entry of a layer's tar. Strings are the caller's. */
struct layer_entry {
	const char *path;
	const char *hardlink; /* or NULL: the entry it is another name of */
	const char *symlink;  /* the target of a S_IFLNK */
	mode_t mode;          /* type and permissions */
	uint32_t uid, gid;
	dev_t device; /* of a S_IFCHR or S_IFBLK */
	int64_t size; /* of a S_IFREG: as it will be when it is written */
	struct timespec mtime;
	const struct layer_xattr *xattrs;
	size_t n_xattrs;
};

struct layer_tree;

/* dirfd stays the caller's and must outlive it. The process's umask must be 0. */
struct layer_tree *layer_tree_new(int dirfd);
void layer_tree_free(struct layer_tree *t);
static inline void layer_tree_cleanup(struct layer_tree **t)
{
	layer_tree_free(*t);
	*t = NULL;
}

/*
 * For trees that are no layers: ".wh." has no meaning, and a directory is not replaced by anything
 * else (-EISDIR), nor anything else by a directory (-ENOTDIR).
 */
void layer_tree_plain(struct layer_tree *t);
/*
 * Makes the entry; what stands there by this name goes first (an entry for a directory that exists
 * changes it). For a regular file *ret_fd is open for writing, and the caller, having written it,
 * calls layer_tree_close(); otherwise it is -1. -EINVAL for a name that leads out of the tree,
 * -ENOTDIR for one that leads through something which is no directory.
 */
int layer_tree_add(struct layer_tree *t, const struct layer_entry *e, int *ret_fd, struct err *err);
/* Owner, special mode bits, attributes and time of a file that was written; closes *fd always. */
int layer_tree_close(struct layer_tree *t, const struct layer_entry *e, int *fd, struct err *err);
/* The last step: modes and times of directories, which writing into them would have changed. */
int layer_tree_finish(struct layer_tree *t, struct err *err);

/* Bytes of regular files, and inodes. */
int64_t layer_tree_size(const struct layer_tree *t);
int64_t layer_tree_inodes(const struct layer_tree *t);
/* Whether the contents of a file that was written are not there any more. */
bool layer_tree_has_lost(const struct layer_tree *t);

#endif
