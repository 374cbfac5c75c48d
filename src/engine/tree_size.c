/*
 * tree_size.c - the bytes of files in a directory tree
 *
 * The tree belongs to a container that may be changing it: every step is beneath a descriptor and
 * never through a symbolic link. Files with several names count once a name, as docker counts them.
 */
#include "engine/tree_size.h"

#include "base/own.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

/* A descriptor a level; what is deeper than any sane tree does not count. */
enum { DEPTH_MAX = 512 };

static int sum(int parent, const char *name, int depth, int64_t *total)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	DIR *dir = fdopendir(fd);

	if (!dir) {
		(void)close(fd);
		return -ENOMEM;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		struct stat st;
		bool dots = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");

		if (dots || fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (!S_ISDIR(st.st_mode))
			*total += st.st_size;
		else if (depth < DEPTH_MAX)
			(void)sum(fd, entry->d_name, depth + 1, total);
	}
	(void)closedir(dir);
	return 0;
}

int tree_size(int dir, const char *name, int64_t *ret_bytes)
{
	int64_t total = 0;
	int r = sum(dir, name, 0, &total);

	if (r == 0)
		*ret_bytes = total;
	return r;
}
