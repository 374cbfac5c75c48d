/*
 * tree_walk.h - from one directory of a tree to the next, a step at a time
 */
#ifndef IMAGE_TREE_WALK_H
#define IMAGE_TREE_WALK_H

#include <limits.h>
#include <stddef.h>

enum { TREE_WALK_DEPTH = 256 };

/* Open descriptors of the directories from the root of the tree down to where the walk stands. */
struct tree_walk {
	int root; /* not owned */
	int depth;
	int fds[TREE_WALK_DEPTH];
	unsigned short ends[TREE_WALK_DEPTH]; /* where each directory's path ends in path */
	char path[PATH_MAX];
};

void tree_walk_init(struct tree_walk *w, int root);
/* Back to the root; frees what it holds. */
void tree_walk_reset(struct tree_walk *w);

/*
 * Rewrites path as names with one slash between them, without "." and outer slashes: "./a//b/" is
 * "a/b", the root is "". -EINVAL for "..", -ENAMETOOLONG.
 */
int tree_walk_normalize(const char *path, char out[PATH_MAX]);

/*
 * Stands in the directory that is the first len bytes of path (normalized) and returns its
 * descriptor, which stays the walk's. Links are not followed. -ENOENT, -ENOTDIR, -E2BIG when it is
 * deeper than TREE_WALK_DEPTH; *ret_reached is then how many bytes of path exist, and the walk
 * stands there.
 */
int tree_walk_to(struct tree_walk *w, const char *path, size_t len, size_t *ret_reached);
/* The directory where it stands. */
int tree_walk_fd(const struct tree_walk *w);

/* Flags that a directory of a tree is opened with. */
int tree_walk_open(int parent, const char *name);

#endif
