/*
 * file_copy.c - bytes from one file to another without a detour through this process
 */
#include "sys/file_copy.h"

#include "sys/file.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/sendfile.h>
#include <unistd.h>

enum { CHUNK = 64 << 20, BLOCK = 64 << 10 };

static ssize_t by_range(int from, off_t *offset, int to, size_t len)
{
	return copy_file_range(from, offset, to, NULL, len, 0);
}

static ssize_t by_sendfile(int from, off_t *offset, int to, size_t len)
{
	return sendfile(to, from, offset, len);
}

static ssize_t by_hand(int from, off_t *offset, int to, size_t len)
{
	char block[BLOCK];
	ssize_t n = pread(from, block, len < sizeof(block) ? len : sizeof(block), *offset);
	int r = n > 0 ? file_write_all(to, block, (size_t)n) : 0;

	if (r < 0) {
		errno = -r;
		return -1;
	}
	*offset += n > 0 ? n : 0;
	return n;
}

/* The ways in the order in which they are tried. */
static ssize_t (*const ways[])(int from, off_t *offset, int to, size_t len) = {
	by_range,
	by_sendfile,
	by_hand,
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

/* Between these two files, or at this place (a pipe, another file system), it does not work. */
static bool is_no_way(int error)
{
	return error == EXDEV || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS ||
	       error == EBADF || error == ETXTBSY;
}

int file_copy_range(int from, off_t offset, int to, int64_t len)
{
	size_t way = 0;

	while (len > 0) {
		ssize_t n = ways[way](from, &offset, to, len < CHUNK ? (size_t)len : CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && is_no_way(errno) && way + 1 < WAYS) {
			way++;
			continue;
		}
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		len -= n;
	}
	return 0;
}
