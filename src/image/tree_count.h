/*
 * tree_count.h - inside the image room: how many inodes and bytes a layer's directory has
 */
#ifndef IMAGE_TREE_COUNT_H
#define IMAGE_TREE_COUNT_H

#include <stdint.h>

struct tree_counts {
	int64_t size;   /* bytes of regular files */
	int64_t inodes; /* all, without the directory itself */
};

/*
 * Counts what is beneath a directory, a file with several names once. Follows no link; as deep as
 * layers are. A negative errno.
 */
int tree_count(int dir, struct tree_counts *ret);

#endif
