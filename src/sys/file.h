/*
 * file.h - small files whole, replaced atomically, and locks on files
 *
 * Everything is beneath a directory descriptor (AT_FDCWD for trusted absolute paths) and returns
 * a negative errno.
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The contents of a regular file, at most max bytes (-EFBIG beyond), with a NUL behind them; the
 * caller frees. The last component is not followed when it is a link (-ELOOP), and a FIFO or a
 * device is -EINVAL without waiting for it. ret_len may be NULL.
 */
int file_read_at(int dirfd, const char *name, size_t max, char **ret_text, size_t *ret_len);
/* The same from where the descriptor stands. */
int file_read_fd(int fd, size_t max, char **ret_text, size_t *ret_len);
/* The same of a trusted path, whose links are followed: settings and certificates often are some.
 */
int file_read_path(int dirfd, const char *path, size_t max, char **ret_text, size_t *ret_len);
/*
 * The same into a buffer of size bytes, always ended by a NUL, for files of the kernel (procfs,
 * cgroupfs): number of bytes, or -EFBIG when the buffer is too small. Allocates nothing.
 */
ssize_t file_read_into(int dirfd, const char *name, char *buf, size_t size);

enum file_write_flags {
	FILE_SYNC = 1, /* on the disk, with its name, when the call returns */
};
/*
 * Makes or replaces a file: whoever reads it sees the old contents or the new, never a part. Writes
 * ".NAME.PID" beside it and renames. On failure nothing has changed.
 */
int file_write_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		  unsigned flags);
/* One write() into an existing file, for files of the kernel. A short write is -EIO. */
int file_put_at(int dirfd, const char *name, const void *data, size_t len);
/* Writes all of it, whatever signals come in between. */
int file_write_all(int fd, const void *data, size_t len);

/*
 * flock(2), exclusive: belongs to the open file, goes with its last descriptor. -EWOULDBLOCK when
 * it is taken and wait is false.
 */
int file_lock(int fd, bool wait);
/*
 * Write lock of the open file description on byte 0 (F_OFD_SETLK), which F_OFD_GETLK can ask
 * about without taking it. -EAGAIN when it is taken and wait is false.
 */
int file_lock_ofd(int fd, bool wait);
/* 1: somebody else holds the lock of file_lock_ofd(); 0: nobody; or a negative errno. */
int file_is_locked_ofd(int fd);

#endif
