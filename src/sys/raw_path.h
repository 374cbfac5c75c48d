/*
 * raw_path.h - opening and making paths in a container's tree, without libc
 *
 * For a process whose working directory is the container's root. Links are followed within that
 * root; links of procfs that lead to a process's descriptors (/proc/self/fd/N) are not.
 */
#ifndef SYS_RAW_PATH_H
#define SYS_RAW_PATH_H

#include "sys/raw.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum {
	RAW_PATH_MAX = 4096,
	RAW_PATH_LINKS = 8, /* links that lead nowhere, one after the other */
	RAW_PATH_DIR_MODE = 0755,
	RAW_PATH_FILE_MODE = 0644,
};
#define RAW_PATH_CONFINED ((unsigned long)(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS))

static inline long raw_path_open_how(int dirfd, const char *path, unsigned long flags,
				     unsigned long resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };
	long fd;

	do
		fd = RAW(openat2, dirfd, path, &how, sizeof(how));
	while (fd == -EAGAIN || fd == -EINTR);
	return fd;
}

/* What is at path, as it is; links on the way are followed within the container. */
static inline long raw_path_open(const char *path, bool no_links)
{
	return raw_path_open_how(AT_FDCWD, path, O_PATH,
				 no_links ? RAW_PATH_CONFINED | RESOLVE_NO_SYMLINKS
					  : RAW_PATH_CONFINED);
}

static inline long raw_path_make(char *path, bool dir, int depth);

/* A link that leads nowhere: makes what it names. path is the link's, its name begins at name_at.
 */
static __attribute__((noinline, unused)) long
raw_path_make_link_target_(int parent, const char *link, size_t name_at, bool dir, int depth)
{
	char path[RAW_PATH_MAX];
	size_t room = sizeof(path) - 1 - name_at;
	long n;

	if (name_at >= sizeof(path) / 2)
		return -ENAMETOOLONG;
	for (size_t i = 0; i < name_at; i++)
		path[i] = link[i];
	n = RAW(readlinkat, parent, link + name_at, path + name_at, room);
	if (n < 0 || (size_t)n == room)
		return n < 0 ? n : -ENAMETOOLONG;
	path[name_at + (size_t)n] = '\0';
	return raw_path_make(path[name_at] == '/' ? path + name_at + 1 : path, dir, depth + 1);
}

/* Opens path, which ends in one component that is missing from the directory parent. */
static inline long raw_path_make_missing_(int parent, const char *path, size_t name_at, bool dir,
					  int depth)
{
	const char *name = path + name_at;
	unsigned long flags = O_PATH | (dir ? O_DIRECTORY : 0);
	long r;

	r = dir ? RAW(mkdirat, parent, name, RAW_PATH_DIR_MODE)
		: RAW(mknodat, parent, name, S_IFREG | RAW_PATH_FILE_MODE, 0);
	if (r == -EEXIST && depth < RAW_PATH_LINKS) {
		r = raw_path_make_link_target_(parent, path, name_at, dir, depth);
		if (r >= 0)
			r = RAW(close, r);
	}
	return r < 0 ? r : raw_path_open_how(AT_FDCWD, path, flags, RAW_PATH_CONFINED);
}

/* The same when it may be there. */
static inline long raw_path_make_component_(int parent, const char *path, size_t name_at, bool dir,
					    int depth)
{
	unsigned long flags = O_PATH | (dir ? O_DIRECTORY : 0);
	long fd = raw_path_open_how(AT_FDCWD, path, flags, RAW_PATH_CONFINED);

	return fd == -ENOENT ? raw_path_make_missing_(parent, path, name_at, dir, depth) : fd;
}

/*
 * Opens path, making what is missing of it, one component at a time. Each prefix is resolved from
 * the root again, so ".." and links end where they would for the container itself.
 */
static inline long raw_path_make(char *path, bool dir, int depth)
{
	long parent = RAW(openat, AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t name_at = 0, at = 0;

	while (parent >= 0 && path[name_at]) {
		char end;
		long fd;

		for (at = name_at; path[at] && path[at] != '/'; at++)
			;
		end = path[at];
		path[at] = '\0';
		fd = raw_path_make_component_((int)parent, path, name_at, end || dir, depth);
		path[at] = end;
		(void)RAW(close, parent);
		parent = fd;
		for (name_at = at; path[name_at] == '/'; name_at++)
			;
	}
	return parent;
}

/* What is missing is mostly the last component alone; -ENOENT when it is more than that. */
static inline long raw_path_make_last_(char *path, bool dir)
{
	size_t name_at = 0;
	long parent, fd;

	for (size_t at = 0; path[at]; at++)
		if (path[at] == '/' && path[at + 1] && path[at + 1] != '/')
			name_at = at + 1;
	if (name_at == 0)
		return -ENOENT;
	path[name_at - 1] = '\0';
	parent = raw_path_open_how(AT_FDCWD, path, O_PATH | O_DIRECTORY, RAW_PATH_CONFINED);
	path[name_at - 1] = '/';
	if (parent < 0)
		return parent;
	fd = raw_path_make_missing_((int)parent, path, name_at, dir, 0);
	(void)RAW(close, parent);
	return fd;
}

/* An O_PATH descriptor of what is at path, which is made when it is missing. */
static inline long raw_path_open_or_make(char *path, bool dir, bool no_links)
{
	long fd = raw_path_open(path, no_links);

	if (fd == -ENOENT)
		fd = raw_path_make_last_(path, dir);
	return fd == -ENOENT ? raw_path_make(path, dir, 0) : fd;
}

#endif
