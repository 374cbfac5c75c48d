/*
 * skeleton.c - the lowest directory of every container's stack: empty mount points
 *
 * Every container has mounts on /proc, /sys, /dev and on three files in /etc. Where an image lacks
 * one of these, it would have to be made in the container's own layer: 4 KB for each directory that
 * is made there or copied up. So one directory below ROOT has them all and lies under the lowest
 * layer of every image. It holds only what every container mounts over: nothing of it is seen, and
 * whatever an image has by such a name, be it a link, a file or a whiteout, hides it.
 *
 * It is stacked while others may still look at it, so it must never change. Whoever opens the store
 * makes, in this order, what is missing, and goes on when the last entry is there: then all are,
 * and others who are at the same can change nothing any more.
 */
#include "engine/skeleton.h"

#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

enum { DIR_MODE = 0755, FILE_MODE = 0644 };

static const struct {
	const char *path;
	bool is_dir;
} entries[] = {
	{ SKELETON_DIR, true },
	{ SKELETON_DIR "/proc", true },
	{ SKELETON_DIR "/sys", true },
	{ SKELETON_DIR "/dev", true },
	{ SKELETON_DIR "/etc", true },
	{ SKELETON_DIR "/etc/hosts", false },
	{ SKELETON_DIR "/etc/hostname", false },
	{ SKELETON_DIR "/etc/resolv.conf", false },
};
static const size_t n_entries = sizeof(entries) / sizeof(entries[0]);

static int make_entry(int root_fd, size_t i)
{
	if (entries[i].is_dir)
		return mkdirat(root_fd, entries[i].path, DIR_MODE) < 0 && errno != EEXIST ? -errno
											  : 0;

	OWN(fd) int fd =
		openat(root_fd, entries[i].path, O_RDONLY | O_CREAT | O_CLOEXEC, FILE_MODE);

	return fd < 0 ? -errno : 0;
}

int skeleton_make(int root_fd, const char *root, struct err *err)
{
	mode_t mask;
	int r = 0;

	if (faccessat(root_fd, entries[n_entries - 1].path, F_OK, 0) == 0)
		return 0;
	mask = umask(0); /* an image without /etc shows ours, to everybody in the container */
	for (size_t i = 0; r == 0 && i < n_entries; i++) {
		r = make_entry(root_fd, i);
		if (r < 0)
			err_code(err, r, "creating %s/%s", root, entries[i].path);
	}
	(void)umask(mask);
	return r;
}
