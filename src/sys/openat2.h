/*
 * openat2.h - opening paths that someone else has made
 */
#ifndef SYS_OPENAT2_H
#define SYS_OPENAT2_H

#include <linux/openat2.h>
#include <sys/types.h>

/*
 * openat2(2), since Linux 5.6: resolve is of RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_XDEV,
 * RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS. Always adds O_CLOEXEC; mode only counts with O_CREAT.
 * A descriptor or a negative errno; -EAGAIN (the tree was renamed under us) is tried again.
 *
 * There is no fallback that confines paths: on -ENOSYS the caller gives up.
 */
int openat2_open(int dirfd, const char *path, int flags, mode_t mode, unsigned long long resolve);

/*
 * Opens the directory path beneath dirfd, making what is missing with mode, one component at a
 * time, never outside of dirfd whatever the links on the way say. O_PATH descriptor.
 */
int openat2_mkdirs(int dirfd, const char *path, mode_t mode);

#endif
