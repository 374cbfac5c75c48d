/*
 * openat2.c - opening paths that someone else has made
 */
#include "sys/openat2.h"

#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel asks to try again when a rename raced; an attacker may make it do so for ever. */
enum { TRIES_MAX = 64 };

int openat2_open(int dirfd, const char *path, int flags, mode_t mode, unsigned long long resolve)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
		.resolve = resolve,
	};

	for (int i = 0; i < TRIES_MAX; i++) {
		long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return -errno;
}

/* The length of the first component of path, and where the next one begins. */
static size_t component(const char *path, const char **ret_next)
{
	size_t len = strcspn(path, "/");

	*ret_next = path + len + strspn(path + len, "/");
	return len;
}

int openat2_mkdirs(int dirfd, const char *path, mode_t mode)
{
	const unsigned long long confined = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
	int fd = openat2_open(dirfd, path, O_PATH | O_DIRECTORY, 0, confined);
	char prefix[PATH_MAX];
	size_t len = strlen(path);

	if (fd != -ENOENT)
		return fd;
	if (len >= sizeof(prefix))
		return -ENAMETOOLONG;
	memcpy(prefix, path, len + 1);

	/* Each prefix in turn, resolved from the root of the tree again: "a/../b" stays inside. */
	OWN(fd) int at = openat2_open(dirfd, ".", O_PATH | O_DIRECTORY, 0, confined);
	const char *next = path + strspn(path, "/");

	while (at >= 0 && *next) {
		const char *name = next;
		size_t n = component(name, &next);
		char one[NAME_MAX + 1];
		int r;

		if (n >= sizeof(one))
			return -ENAMETOOLONG;
		memcpy(one, name, n);
		one[n] = '\0';
		prefix[(size_t)(name - path) + n] = '\0';
		r = openat2_open(dirfd, prefix, O_PATH | O_DIRECTORY, 0, confined);
		if (r == -ENOENT) {
			if (mkdirat(at, one, mode) < 0 && errno != EEXIST)
				return -errno;
			r = openat2_open(dirfd, prefix, O_PATH | O_DIRECTORY, 0, confined);
		}
		prefix[(size_t)(name - path) + n] = '/';
		if (r < 0)
			return r;
		(void)close(at);
		at = r;
	}
	return take_fd(&at);
}
