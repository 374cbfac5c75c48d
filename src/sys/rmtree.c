/*
 * rmtree.c - removing a directory tree that others may have filled
 *
 * Every step is one name beneath a directory descriptor, and a directory is only entered through
 * openat2(RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS), so neither a link nor a mount leads out.
 *
 * Depth: a tree can be deeper than the stack and the descriptors reach. What is found DEPTH_MAX
 * levels down is renamed into the topmost directory, under a name that nobody else has, and the
 * topmost directory is read again until nothing arrives there any more.
 */
#include "sys/rmtree.h"

#include "base/own.h"
#include "sys/openat2.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DEPTH_MAX = 24, BUFFER_SIZE = 8192 };

struct removal {
	int top;      /* the topmost directory */
	unsigned n;   /* directories hoisted so far */
	bool hoisted; /* ... since the top was last read */
	int error;    /* the first one */
};

/* As getdents64(2) writes it. */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

static void note(struct removal *rm, int error)
{
	if (rm->error == 0)
		rm->error = error;
}

static int enter(int dirfd, const char *name)
{
	struct stat parent, child;
	int fd = openat2_open(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
			      RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH);

	if (fd != -ENOSYS)
		return fd;
	/* Without openat2 a mount of the same file system is not seen, but rmdir refuses it. */
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(dirfd, &parent) < 0 || fstat(fd, &child) < 0 || parent.st_dev != child.st_dev) {
		(void)close(fd);
		return -EXDEV;
	}
	return fd;
}

/* Moves a directory that is too deep to enter up to the top. */
static int hoist(struct removal *rm, int dirfd, const char *name)
{
	char to[64];
	int r;

	do {
		(void)snprintf(to, sizeof(to), ".rmtree.%d.%u", (int)getpid(), rm->n++);
		r = renameat2(dirfd, name, rm->top, to, RENAME_NOREPLACE) < 0 ? -errno : 0;
	} while (r == -EEXIST);
	rm->hoisted |= r == 0;
	return r;
}

static void empty(struct removal *rm, int dirfd, int depth);

/* A directory: most are empty by now or were so all the time. */
static int remove_directory(struct removal *rm, int dirfd, const char *name, int depth)
{
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	if (depth == DEPTH_MAX)
		return hoist(rm, dirfd, name);

	OWN(fd) int fd = enter(dirfd, name);

	if (fd < 0)
		return fd;
	empty(rm, fd, depth + 1);
	return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int remove_entry(struct removal *rm, int dirfd, const struct entry *e, int depth)
{
	if (e->type == DT_DIR)
		return remove_directory(rm, dirfd, e->name, depth);
	if (unlinkat(dirfd, e->name, 0) == 0)
		return 0;
	/* EPERM is what POSIX says for a directory; it may also be one since we read its type. */
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	return remove_directory(rm, dirfd, e->name, depth);
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static void empty(struct removal *rm, int dirfd, int depth)
{
	_Alignas(struct entry) char buf[BUFFER_SIZE];
	long len;

	while ((len = syscall(SYS_getdents64, dirfd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < len;) {
			const struct entry *e = (const void *)(buf + at);
			int r = is_dots(e->name) ? 0 : remove_entry(rm, dirfd, e, depth);

			if (r < 0 && r != -ENOENT)
				note(rm, r);
			at += e->len;
		}
	}
	if (len < 0)
		note(rm, -errno);
}

int rmtree_contents(int dirfd)
{
	OWN(fd) int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct removal rm = { .top = fd };

	if (fd < 0)
		return -errno;
	do {
		rm.hoisted = false;
		if (lseek(fd, 0, SEEK_SET) < 0)
			return -errno;
		empty(&rm, fd, 0);
	} while (rm.hoisted);
	return rm.error;
}

int rmtree_at(int dirfd, const char *name)
{
	int r;

	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTDIR)
		return unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;

	OWN(fd) int fd = enter(dirfd, name);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = rmtree_contents(fd);
	if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT && r == 0)
		r = -errno;
	return r;
}
