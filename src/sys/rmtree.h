/*
 * rmtree.h - removing a directory tree that others may have filled
 */
#ifndef SYS_RMTREE_H
#define SYS_RMTREE_H

/*
 * Removes name beneath dirfd, with everything in it; what is absent is fine. The tree is hostile:
 * links are removed, never followed; a mount in it is not entered (-EBUSY, or -EXDEV where it is
 * seen first) and stays; no mode is changed. name is one component. Goes on after an error, as far
 * as it can, and returns the first one. Depth is limited by the file system alone, not by the
 * stack or by the number of descriptors.
 */
int rmtree_at(int dirfd, const char *name);
/* The same for what is in a directory; the directory itself stays. */
int rmtree_contents(int dirfd);

#endif
