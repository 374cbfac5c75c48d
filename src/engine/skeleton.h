/*
 * skeleton.h - the lowest directory of every container's stack: empty mount points
 */
#ifndef ENGINE_SKELETON_H
#define ENGINE_SKELETON_H

#include "base/err.h"

/* Its name below ROOT. */
#define SKELETON_DIR "skeleton"

/*
 * Makes what is missing of ROOT/skeleton (root_fd; root is its name in messages). Returns when all
 * of it is there; costs one system call when it was. What a failure or a kill leaves the next call
 * completes.
 */
int skeleton_make(int root_fd, const char *root, struct err *err);

#endif
