/*
 * exec_sealed.c - executing our own programs so that no container can overwrite them
 */
#include "sys/exec_sealed.h"

#include "base/own.h"
#include "sys/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

/* A copy of the mount that holds the file, attached nowhere and read-only for ever. */
static int open_mount(const char *path)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV,
		.propagation = MS_PRIVATE,
	};
	OWN(fd) int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	return take_fd(&fd);
}

static int open_copy(const char *path)
{
	OWN(fd) int from = open(path, O_RDONLY | O_CLOEXEC);
	OWN(fd) int to = memfd_create("berth", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	struct stat st;
	off_t at = 0;

	if (to < 0 && errno == EINVAL) /* before Linux 6.3 every memfd is executable */
		to = memfd_create("berth", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return -errno;
	while (at < st.st_size)
		if (sendfile(to, from, &at, (size_t)(st.st_size - at)) <= 0)
			return errno ? -errno : -EIO;
	if (fchmod(to, 0555) < 0 ||
	    fcntl(to, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -errno;
	return take_fd(&to);
}

int exec_sealed_open(const char *path)
{
	int fd = open_mount(path);

	/* ENOENT and the like are the same either way; no right to mount, or no such call, is not.
	 */
	return fd == -ENOSYS || fd == -EPERM || fd == -EINVAL ? open_copy(path) : fd;
}

/* A sealed copy; or a file that is a mount of its own, and that one read-only. */
static bool is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct statfs fs;
	struct statx st;

	if (seals >= 0 && seals & F_SEAL_WRITE)
		return true;
	return fstatfs(fd, &fs) == 0 && fs.f_flags & ST_RDONLY &&
	       statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) == 0 &&
	       st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

int exec_sealed_self(char *const *argv)
{
	static const char self[] = "/proc/self/exe";
	OWN(fd) int own = open(self, O_RDONLY | O_CLOEXEC), program = -1;
	int r;

	if (own < 0)
		return -errno;
	if (is_sealed(own))
		return 0;
	program = exec_sealed_open(self);
	/* What would not be recognised when it runs would be executed again for ever. */
	if (program >= 0 && !is_sealed(program)) {
		fd_cleanup(&program);
		program = open_copy(self);
	}
	r = program < 0 ? program : program_tell_libexec();
	if (r < 0)
		return r;
	(void)syscall(SYS_execveat, program, "", argv, environ, AT_EMPTY_PATH);
	return -errno;
}
