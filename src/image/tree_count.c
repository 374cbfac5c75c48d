/*
 * tree_count.c - how many inodes and bytes a layer's directory has
 */
#include "image/tree_count.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/str.h"
#include "image/tree_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct linked {
	ino_t ino;
	int64_t size;
};

struct counting {
	struct tree_counts counts;
	struct linked *linked; /* files with several names, once a name */
	size_t n, cap;
};

static void note_linked(struct counting *c, const struct stat *st)
{
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct linked *grown = mem_alloc(cap * sizeof(*grown));

		if (c->n)
			memcpy(grown, c->linked, c->n * sizeof(*grown));
		free(c->linked);
		c->linked = grown;
		c->cap = cap;
	}
	c->linked[c->n++] = (struct linked){ st->st_ino, S_ISREG(st->st_mode) ? st->st_size : 0 };
}

static int count_dir(struct counting *c, int fd, int depth);

static int count_entry(struct counting *c, int dir, const char *name, int depth)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		c->counts.inodes++;
		return count_dir(c, tree_walk_open(dir, name), depth + 1);
	}
	if (st.st_nlink > 1) {
		note_linked(c, &st);
		return 0;
	}
	c->counts.inodes++;
	c->counts.size += S_ISREG(st.st_mode) ? st.st_size : 0;
	return 0;
}

/* Takes the descriptor. */
static int count_dir(struct counting *c, int fd, int depth)
{
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (fd < 0)
		return fd;
	if (!dir || depth > TREE_WALK_DEPTH) {
		r = dir ? -E2BIG : -errno;
		if (dir)
			(void)closedir(dir);
		else
			(void)close(fd);
		return r;
	}
	while (r == 0 && (e = readdir(dir)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			r = count_entry(c, dirfd(dir), e->d_name, depth);
	(void)closedir(dir);
	return r;
}

static int by_ino(const void *x, const void *y)
{
	const struct linked *a = x, *b = y;

	return a->ino < b->ino ? -1 : a->ino > b->ino;
}

int tree_count(int dir, struct tree_counts *ret)
{
	struct counting c = { 0 };
	int r = count_dir(&c, openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);

	if (c.n)
		qsort(c.linked, c.n, sizeof(*c.linked), by_ino);
	for (size_t i = 0; i < c.n; i++) {
		if (i > 0 && c.linked[i].ino == c.linked[i - 1].ino)
			continue;
		c.counts.inodes++;
		c.counts.size += c.linked[i].size;
	}
	free(c.linked);
	if (r == 0)
		*ret = c.counts;
	return r;
}
