/*
 * file.c - small files whole, replaced atomically, and locks on files
 */
#include "sys/file.h"

#include "base/mem.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK: opening a FIFO that somebody put there must not hang; it has no effect on files. */
enum { READ_FLAGS = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK };

static int read_some(int fd, char *to, size_t size, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, to + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

int file_read_fd(int fd, size_t max, char **ret_text, size_t *ret_len)
{
	OWN(str) char *text = NULL;
	struct stat st;
	size_t len = 0, cap;
	int r;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > 0 && (uintmax_t)st.st_size > max)
		return -EFBIG;
	/* Files of the kernel say that they are empty; one byte more than max shows a longer one.
	 */
	cap = st.st_size > 0 ? (size_t)st.st_size : max < 4096 ? max : 4096;
	for (;;) {
		size_t got;

		text = mem_resize(text, cap + 2, 1);
		r = read_some(fd, text + len, cap + 1 - len, &got);
		if (r < 0)
			return r;
		len += got;
		if (len <= cap)
			break;
		if (len > max)
			return -EFBIG;
		cap = cap * 2 < max ? cap * 2 : max;
	}
	text[len] = '\0';
	*ret_text = take(&text);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int file_read_at(int dirfd, const char *name, size_t max, char **ret_text, size_t *ret_len)
{
	OWN(fd) int fd = openat(dirfd, name, READ_FLAGS | O_NOFOLLOW);

	return fd < 0 ? -errno : file_read_fd(fd, max, ret_text, ret_len);
}

int file_read_path(int dirfd, const char *path, size_t max, char **ret_text, size_t *ret_len)
{
	OWN(fd) int fd = openat(dirfd, path, READ_FLAGS);

	return fd < 0 ? -errno : file_read_fd(fd, max, ret_text, ret_len);
}

ssize_t file_read_into(int dirfd, const char *name, char *buf, size_t size)
{
	OWN(fd) int fd = openat(dirfd, name, READ_FLAGS);
	size_t len;
	int r;

	buf[0] = '\0';
	if (fd < 0)
		return -errno;
	r = read_some(fd, buf, size, &len);
	if (r < 0)
		return r;
	if (len == size) {
		buf[size - 1] = '\0';
		return -EFBIG;
	}
	buf[len] = '\0';
	return (ssize_t)len;
}

int file_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int fill(int dirfd, const char *name, const void *data, size_t len, mode_t mode, bool sync)
{
	OWN(fd) int fd =
		openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	int r;

	if (fd < 0)
		return -errno;
	r = file_write_all(fd, data, len);
	/* The mode asked for, whatever the umask. */
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	if (r == 0 && sync && fsync(fd) < 0)
		r = -errno;
	return r;
}

static int sync_directory(int dirfd, const char *name)
{
	OWN(fd) int dir = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 || fsync(dir) < 0 ? -errno : 0;
}

int file_write_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
		  unsigned flags)
{
	const char *base = strrchr(name, '/');
	char tmp[512];
	int r, n;

	base = base ? base + 1 : name;
	n = snprintf(tmp, sizeof(tmp), "%.*s.%s.%d", (int)(base - name), name, base, (int)getpid());
	if (n < 0 || (size_t)n >= sizeof(tmp))
		return -ENAMETOOLONG;
	r = fill(dirfd, tmp, data, len, mode, flags & FILE_SYNC);
	if (r == -EEXIST) { /* left by a dead process that had our number */
		(void)unlinkat(dirfd, tmp, 0);
		r = fill(dirfd, tmp, data, len, mode, flags & FILE_SYNC);
	}
	if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, tmp, 0);
		return r;
	}
	if (!(flags & FILE_SYNC))
		return 0;
	tmp[base - name] = '\0';
	return sync_directory(dirfd, *tmp ? tmp : ".");
}

int file_put_at(int dirfd, const char *name, const void *data, size_t len)
{
	OWN(fd) int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, data, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int file_lock(int fd, bool wait)
{
	while (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int file_lock_ofd(int fd, bool wait)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };

	while (fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

int file_is_locked_ofd(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };

	if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
		return -errno;
	return lock.l_type != F_UNLCK;
}
