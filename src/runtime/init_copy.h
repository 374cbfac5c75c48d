/*
 * init_copy.h - filling a new tmpfs with what its mount point holds (option tmpcopyup)
 *
 * The tree is the image's: links are copied, never followed.
 */
#ifndef RUNTIME_INIT_COPY_H
#define RUNTIME_INIT_COPY_H

#include "runtime/init_kernel.h"

#include "sys/raw.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { COPY_DEPTH_MAX = 32, COPY_ENTRIES_SIZE = 1024, COPY_CHUNK = 1 << 20 };

/* As getdents64(2) gives it. */
struct init_dirent {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

static inline long init_copy_owner(int dir, const char *name, const struct statx *st, bool link)
{
	long r = RAW(fchownat, dir, name, st->stx_uid, st->stx_gid, AT_SYMLINK_NOFOLLOW);

	return r < 0 || link ? r : RAW(fchmodat, dir, name, st->stx_mode & 07777);
}

static inline long init_copy_file(int from, int to, const char *name)
{
	long in = RAW(openat, from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	long out, r = 1;

	if (in < 0)
		return in;
	out = RAW(openat, to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	r = out < 0 ? out : r;
	while (r > 0)
		r = RAW(sendfile, out, in, 0, COPY_CHUNK);
	(void)RAW(close, in);
	if (out >= 0)
		(void)RAW(close, out);
	return r;
}

static __attribute__((noinline)) long init_copy_link(int from, int to, const char *name)
{
	char target[4096];
	long n = RAW(readlinkat, from, name, target, sizeof(target) - 1);

	if (n < 0)
		return n;
	target[n] = '\0';
	return RAW(symlinkat, target, to, name);
}

static inline long init_copy_tree(long from, long to, int depth);

static inline long init_copy_directory(int from, int to, const char *name, int depth)
{
	long r = RAW(mkdirat, to, name, S_IRWXU), in, out;

	if (r < 0)
		return r;
	in = RAW(openat, from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	out = RAW(openat, to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = in < 0 ? in : out < 0 ? out : init_copy_tree(in, out, depth + 1);
	if (in >= 0)
		(void)RAW(close, in);
	if (out >= 0)
		(void)RAW(close, out);
	return r;
}

static inline long init_copy_entry(int from, int to, const char *name, int depth)
{
	struct statx st;
	long r = RAW(statx, from, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st);
	unsigned type = st.stx_mode & S_IFMT;
	unsigned long dev = (st.stx_rdev_minor & 0xff) | st.stx_rdev_major << 8 |
			    (st.stx_rdev_minor & ~0xffU) << 12;

	if (r < 0)
		return r;
	if (type == S_IFDIR)
		r = init_copy_directory(from, to, name, depth);
	else if (type == S_IFREG)
		r = init_copy_file(from, to, name);
	else if (type == S_IFLNK)
		r = init_copy_link(from, to, name);
	else
		r = RAW(mknodat, to, name, st.stx_mode, dev);
	return r < 0 ? r : init_copy_owner(to, name, &st, type == S_IFLNK);
}

static inline bool init_copy_is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* What is in the directory from, which can be read, into the directory to. */
static inline long init_copy_tree(long from, long to, int depth)
{
	char entries[COPY_ENTRIES_SIZE] __attribute__((aligned(8)));
	long n = 0, r = depth > COPY_DEPTH_MAX ? -ELOOP : 0;

	while (r >= 0 && (n = RAW(getdents64, from, entries, sizeof(entries))) > 0) {
		for (long at = 0; at < n && r >= 0;) {
			const struct init_dirent *e = (const void *)(entries + at);

			at += e->length;
			if (!init_copy_is_dots(e->name))
				r = init_copy_entry((int)from, (int)to, e->name, depth);
		}
	}
	return r < 0 ? r : n;
}

/* Into a new file system what is where it is going to be mounted, with that directory's owner. */
static inline long init_copy_up(long tree, long target)
{
	long from = RAW(openat, target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	struct statx st;

	if (from < 0)
		return from;
	r = RAW(statx, from, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st);
	if (r >= 0)
		r = init_copy_tree(from, tree, 0);
	if (r >= 0)
		r = init_copy_owner((int)tree, ".", &st, false);
	(void)RAW(close, from);
	return r;
}

#endif
