/*
 * tree_size.h - the bytes of files in a directory tree
 */
#ifndef ENGINE_TREE_SIZE_H
#define ENGINE_TREE_SIZE_H

#include <stdint.h>

/*
 * Sum of the sizes of everything beneath dir/name that is not a directory. Nothing is followed, and
 * what vanishes meanwhile does not count. -ENOENT when there is no such directory.
 */
int tree_size(int dir, const char *name, int64_t *ret_bytes);

#endif
