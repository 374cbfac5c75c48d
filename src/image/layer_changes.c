/*
 * layer_changes.c - what a container's own layer changes of those beneath
 *
 * Both trees are walked side by side, name by name; no link is followed. A directory is in the
 * layer also when only something in it has changed, or nothing at all: it counts as changed when
 * something in it has, or when its own attributes differ.
 */
#include "image/image.h"

#include "base/own.h"
#include "base/str.h"
#include "image/tree_walk.h"
#include "sys/overlay.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

struct changes {
	struct arena *a;
	struct layer_change *items;
	size_t n, cap;
	struct err *err;
};

static void add(struct changes *c, char kind, const char *path)
{
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		struct layer_change *grown = arena_array(c->a, cap, sizeof(*grown));

		if (c->n)
			memcpy(grown, c->items, c->n * sizeof(*grown));
		c->items = grown;
		c->cap = cap;
	}
	c->items[c->n++] = (struct layer_change){ kind, path };
}

static bool is_opaque(int fd)
{
	char value;

	return fgetxattr(fd, overlay_attribute(OVERLAY_OPAQUE), &value, 1) == 1 && value == 'y';
}

static bool same_attributes(const struct stat *x, const struct stat *y)
{
	return x->st_mode == y->st_mode && x->st_uid == y->st_uid && x->st_gid == y->st_gid &&
	       x->st_mtim.tv_sec == y->st_mtim.tv_sec && x->st_mtim.tv_nsec == y->st_mtim.tv_nsec;
}

static int each(int dirfd, int (*act)(void *ctx, const char *name), void *ctx)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		r = -errno;
		fd_cleanup(&fd);
		return r;
	}
	while (r == 0 && (e = readdir(dir)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			r = act(ctx, e->d_name);
	(void)closedir(dir);
	return r;
}

struct pair {
	struct changes *c;
	const char *path; /* "" or "/etc" */
	int upper, lower; /* lower: -1 where there is none */
	int depth;
};

static int compare_dirs(struct pair *p);

/* An opaque directory hides what is beneath: all of that is gone which it does not have itself. */
static int look_at_hidden(void *ctx, const char *name)
{
	struct pair *p = ctx;
	struct stat st;

	if (fstatat(p->upper, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		add(p->c, 'D', arena_printf(p->c->a, "%s/%s", p->path, name));
	return 0;
}

static int look_at_directory(struct pair *p, const char *name, const char *path,
			     const struct stat *above, const struct stat *beneath)
{
	OWN(fd) int upper = tree_walk_open(p->upper, name);
	OWN(fd) int lower =
		beneath && S_ISDIR(beneath->st_mode) ? tree_walk_open(p->lower, name) : -1;
	struct pair next = { p->c, path, upper, lower, p->depth + 1 };
	size_t before = p->c->n, at;
	int r;

	if (upper < 0)
		return upper == -ENOENT ? 0 : upper;
	if (p->depth >= TREE_WALK_DEPTH)
		return -E2BIG;
	add(p->c, beneath ? 'C' : 'A', path);
	at = p->c->n;
	r = compare_dirs(&next);
	/* It is here because something was about to change. */
	if (r == 0 && lower >= 0 && p->c->n == at && same_attributes(above, beneath))
		p->c->n = before;
	return r;
}

static int look_at_entry(void *ctx, const char *name)
{
	struct pair *p = ctx;
	const char *path = arena_printf(p->c->a, "%s/%s", p->path, name);
	struct stat above, beneath;
	bool was;

	if (fstatat(p->upper, name, &above, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	was = p->lower >= 0 && fstatat(p->lower, name, &beneath, AT_SYMLINK_NOFOLLOW) == 0;
	if (S_ISCHR(above.st_mode) && above.st_rdev == makedev(0, 0)) {
		if (was)
			add(p->c, 'D', path);
		return 0;
	}
	if (S_ISDIR(above.st_mode))
		return look_at_directory(p, name, path, &above, was ? &beneath : NULL);
	add(p->c, was ? 'C' : 'A', path);
	return 0;
}

static int compare_dirs(struct pair *p)
{
	int r = each(p->upper, look_at_entry, p);

	if (r == 0 && p->lower >= 0 && is_opaque(p->upper))
		r = each(p->lower, look_at_hidden, p);
	return r;
}

static int by_path(const void *x, const void *y)
{
	return strcmp(((const struct layer_change *)x)->path,
		      ((const struct layer_change *)y)->path);
}

int layer_changes(int upper, int lower, struct arena *a, struct layer_change **ret, size_t *ret_n,
		  struct err *err)
{
	struct changes c = { .a = a, .err = err };
	struct pair top = { &c, "", upper, lower, 0 };
	int r = compare_dirs(&top);

	if (r < 0)
		return err_code(err, r, "comparing the container's files");
	if (c.n)
		qsort(c.items, c.n, sizeof(*c.items), by_path);
	*ret = c.items;
	*ret_n = c.n;
	return 0;
}
