/*
 * layer_shadow.c - what a layer's tar says of its files beside their contents
 *
 * Who reads the tar hands it on through a ring of buffers to a thread that takes it apart. A
 * directory that no entry names, and what hides something below, was made when it was unpacked, and
 * so was its time: in the shadow such a time is one since the beginning, and is not compared.
 */
#include "image/layer_shadow.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/str.h"
#include "image/layer_tree.h"
#include "image/ring.h"
#include "image/tar_in.h"
#include "image/tree_walk.h"
#include "sys/rmtree.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

struct linked {
	ino_t ours, theirs;
};

struct layer_shadow {
	int tmp, dir;
	char name[64]; /* below tmp */
	time_t begun;
	pthread_t thread;
	struct ring ring;
	char *slot;
	size_t filled;
	int code;
	struct err err;
	/* the comparison */
	char *problem;
	size_t size;
	struct linked *linked;
	size_t n_linked, linked_cap;
};

/* -- taking the tar apart -- */

static la_ssize_t next_input(struct archive *a, void *ctx, const void **ret)
{
	size_t len = 0;

	(void)a;
	*ret = ring_next(ctx, &len);
	return (la_ssize_t)len;
}

static int add_entry(struct archive_entry *ae, struct layer_tree *t, struct err *err)
{
	struct layer_xattr xattrs[TAR_IN_XATTRS_MAX];
	struct layer_entry e;
	OWN(fd) int fd = -1;
	int r = tar_in_entry(ae, xattrs, &e, err);

	if (r == 0)
		r = layer_tree_add(t, &e, &fd, err);
	return r < 0 || fd < 0 ? r : layer_tree_close(t, &e, &fd, err);
}

static int add_entries(struct archive *a, struct layer_tree *t, struct err *err)
{
	struct archive_entry *ae;
	int r;

	while ((r = archive_read_next_header(a, &ae)) != ARCHIVE_EOF) {
		if (r < ARCHIVE_WARN)
			return tar_in_failed(a, err);
		r = add_entry(ae, t, err);
		if (r < 0)
			return r;
	}
	return layer_tree_finish(t, err);
}

static void *make_entries(void *ctx)
{
	struct layer_shadow *s = ctx;
	OWN(layer_tree) struct layer_tree *t = layer_tree_new(s->dir);
	struct archive *a = archive_read_new();
	const void *rest;

	if (!a)
		mem_exhausted(0);
	(void)archive_read_support_format_tar(a);
	(void)archive_read_support_format_empty(a);
	s->code = archive_read_open(a, &s->ring, NULL, next_input, NULL) < ARCHIVE_WARN
			  ? tar_in_failed(a, &s->err)
			  : add_entries(a, t, &s->err);
	while (next_input(a, &s->ring, &rest) > 0) /* what follows the end, or the failure */
		;
	(void)archive_read_free(a);
	return NULL;
}

static void shadow_free(struct layer_shadow *s)
{
	fd_cleanup(&s->dir);
	if (s->name[0])
		(void)rmtree_at(s->tmp, s->name);
	ring_done(&s->ring);
	free(s->linked);
	free(s);
}

int layer_shadow_start(int tmp, struct layer_shadow **ret, struct err *err)
{
	struct layer_shadow *s = mem_alloc(sizeof(*s));
	int r = 0;

	s->tmp = tmp;
	s->dir = -1;
	s->begun = time(NULL);
	ring_init(&s->ring);
	(void)snprintf(s->name, sizeof(s->name), "check.%d.%p", (int)getpid(), (void *)s);
	if (mkdirat(tmp, s->name, 0755) < 0)
		r = err_sys(err, "tmp/%s", s->name);
	if (r == 0) {
		s->dir = tree_walk_open(tmp, s->name);
		r = s->dir < 0 ? err_code(err, s->dir, "tmp/%s", s->name) : 0;
	}
	if (r == 0) {
		r = -pthread_create(&s->thread, NULL, make_entries, s);
		if (r < 0)
			(void)err_code(err, r, "making a thread");
	}
	if (r < 0)
		shadow_free(s);
	else
		*ret = s;
	return r;
}

int layer_shadow_add(void *shadow, const void *data, size_t len)
{
	struct layer_shadow *s = shadow;
	const char *bytes = data;

	while (len > 0) {
		size_t n = RING_SLOT_SIZE - s->filled;

		if (!s->slot)
			s->slot = ring_slot(&s->ring);
		n = n < len ? n : len;
		memcpy(s->slot + s->filled, bytes, n);
		s->filled += n;
		bytes += n;
		len -= n;
		if (s->filled == RING_SLOT_SIZE) {
			ring_push(&s->ring, s->filled);
			s->slot = NULL;
			s->filled = 0;
		}
	}
	return 0;
}

/* -- comparing -- */

static int compare_dirs(struct layer_shadow *s, int ours, int theirs, const char *path, int depth);

static void differs(struct layer_shadow *s, const char *path, const char *what)
{
	if (!s->problem[0])
		(void)snprintf(s->problem, s->size, "its %s%.200s has %s", *path ? "file " : "root",
			       path, what);
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* Sorted names of a file's attributes, in names; a negative errno. */
static ssize_t list_xattrs(const char *path, char *names, const char *sorted[], size_t most)
{
	ssize_t len = llistxattr(path, names, XATTR_LIST_MAX);
	size_t n = 0;

	if (len < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	for (const char *name = names; name < names + len && n < most; name += strlen(name) + 1)
		sorted[n++] = name;
	if (n)
		qsort(sorted, n, sizeof(*sorted), by_text);
	return (ssize_t)n;
}

static bool is_same_xattr(const char *ours, const char *theirs, const char *name)
{
	OWN(mem) char *a = mem_alloc(XATTR_SIZE_MAX);
	OWN(mem) char *b = mem_alloc(XATTR_SIZE_MAX);
	ssize_t n = lgetxattr(ours, name, a, XATTR_SIZE_MAX);

	return n >= 0 && lgetxattr(theirs, name, b, XATTR_SIZE_MAX) == n &&
	       memcmp(a, b, (size_t)n) == 0;
}

static bool has_xattrs(const char *path)
{
	return llistxattr(path, NULL, 0) > 0;
}

static bool are_same_xattrs(int ours, int theirs, const char *name)
{
	enum { MOST = 256 };
	char our_path[NAME_MAX + 40], their_path[NAME_MAX + 40];
	OWN(mem) char *our_names = NULL;
	OWN(mem) char *their_names = NULL;
	const char *our_list[MOST], *their_list[MOST];
	ssize_t n;

	(void)snprintf(our_path, sizeof(our_path), "/proc/self/fd/%d/%s", ours, name);
	(void)snprintf(their_path, sizeof(their_path), "/proc/self/fd/%d/%s", theirs, name);
	if (!has_xattrs(our_path) && !has_xattrs(their_path)) /* as nearly all */
		return true;
	our_names = mem_alloc(XATTR_LIST_MAX);
	their_names = mem_alloc(XATTR_LIST_MAX);
	n = list_xattrs(our_path, our_names, our_list, MOST);
	if (n < 0 || list_xattrs(their_path, their_names, their_list, MOST) != n)
		return false;
	for (ssize_t i = 0; i < n; i++)
		if (!str_eq(our_list[i], their_list[i]) ||
		    !is_same_xattr(our_path, their_path, our_list[i]))
			return false;
	return true;
}

static bool is_same_target(int ours, int theirs, const char *name)
{
	OWN(mem) char *a = mem_alloc(PATH_MAX);
	OWN(mem) char *b = mem_alloc(PATH_MAX);
	ssize_t n = readlinkat(ours, name, a, PATH_MAX);

	return n >= 0 && readlinkat(theirs, name, b, PATH_MAX) == n && memcmp(a, b, (size_t)n) == 0;
}

static void note_linked(struct layer_shadow *s, ino_t ours, ino_t theirs)
{
	if (s->n_linked == s->linked_cap) {
		s->linked_cap = s->linked_cap ? s->linked_cap * 2 : 64;
		s->linked = mem_resize(s->linked, s->linked_cap, sizeof(*s->linked));
	}
	s->linked[s->n_linked++] = (struct linked){ ours, theirs };
}

static bool is_same_time(const struct layer_shadow *s, const struct stat *ours,
			 const struct stat *theirs)
{
	if (ours->st_mtim.tv_sec >= s->begun)
		return true;
	return ours->st_mtim.tv_sec == theirs->st_mtim.tv_sec &&
	       ours->st_mtim.tv_nsec == theirs->st_mtim.tv_nsec;
}

/* What it has that it should not have, or NULL. */
static const char *difference(struct layer_shadow *s, int our_dir, int their_dir, const char *name,
			      const struct stat *ours, const struct stat *theirs)
{
	if ((ours->st_mode & S_IFMT) != (theirs->st_mode & S_IFMT))
		return "become something else";
	if (ours->st_mode != theirs->st_mode)
		return "another mode";
	if (ours->st_uid != theirs->st_uid || ours->st_gid != theirs->st_gid)
		return "another owner";
	if (!is_same_time(s, ours, theirs))
		return "another time";
	if ((S_ISCHR(ours->st_mode) || S_ISBLK(ours->st_mode)) && ours->st_rdev != theirs->st_rdev)
		return "another device";
	if (S_ISLNK(ours->st_mode) && !is_same_target(our_dir, their_dir, name))
		return "another target";
	if (!S_ISDIR(ours->st_mode) && ours->st_nlink != theirs->st_nlink)
		return "another number of names";
	return are_same_xattrs(our_dir, their_dir, name) ? NULL : "other attributes";
}

static int compare_entry(struct layer_shadow *s, int our_dir, int their_dir, const char *name,
			 const char *path, int depth)
{
	struct stat ours, theirs;
	const char *what;

	if (fstatat(our_dir, name, &ours, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (fstatat(their_dir, name, &theirs, AT_SYMLINK_NOFOLLOW) < 0) {
		(void)snprintf(s->problem, s->size, "its file %.200s is missing", path);
		return 0;
	}
	what = difference(s, our_dir, their_dir, name, &ours, &theirs);
	if (what)
		differs(s, path, what);
	else if (S_ISDIR(ours.st_mode))
		return compare_dirs(s, tree_walk_open(our_dir, name),
				    tree_walk_open(their_dir, name), path, depth + 1);
	else if (ours.st_nlink > 1)
		note_linked(s, ours.st_ino, theirs.st_ino);
	return 0;
}

/* Takes the descriptors. */
static int compare_dirs(struct layer_shadow *s, int ours, int theirs, const char *path, int depth)
{
	OWN(fd) int their_dir = theirs;
	DIR *dir = ours < 0 ? NULL : fdopendir(ours);
	struct dirent *e;
	int r = theirs < 0 ? theirs : depth > TREE_WALK_DEPTH ? -E2BIG : 0;

	if (!dir) {
		if (ours >= 0)
			(void)close(ours);
		return ours < 0 ? ours : -ENOMEM;
	}
	while (r == 0 && !s->problem[0] && (e = readdir(dir))) {
		OWN(str) char *below = NULL;

		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		below = str_printf("%s%s%s", path, *path ? "/" : "", e->d_name);
		r = compare_entry(s, dirfd(dir), their_dir, e->d_name, below, depth);
	}
	(void)closedir(dir);
	return r;
}

static int by_ours(const void *x, const void *y)
{
	const struct linked *a = x, *b = y;

	return a->ours < b->ours ? -1 : a->ours > b->ours;
}

/* Names of one file must be names of one file. */
static void compare_links(struct layer_shadow *s)
{
	if (s->n_linked)
		qsort(s->linked, s->n_linked, sizeof(*s->linked), by_ours);
	for (size_t i = 1; i < s->n_linked && !s->problem[0]; i++)
		if (s->linked[i].ours == s->linked[i - 1].ours &&
		    s->linked[i].theirs != s->linked[i - 1].theirs)
			(void)snprintf(s->problem, s->size, "hard links have changed");
}

static int compare(struct layer_shadow *s, int tree)
{
	struct stat ours, theirs;
	const char *what;
	int r;

	if (fstat(s->dir, &ours) < 0 || fstat(tree, &theirs) < 0)
		return -errno;
	what = difference(s, s->dir, tree, ".", &ours, &theirs);
	if (what)
		differs(s, "", what);
	r = compare_dirs(s, tree_walk_open(s->dir, "."), tree_walk_open(tree, "."), "", 0);
	if (r == 0)
		compare_links(s);
	return r;
}

int layer_shadow_end(struct layer_shadow *s, int tree, char *ret_problem, size_t size,
		     struct err *err)
{
	int r;

	s->problem = ret_problem;
	s->size = size;
	*ret_problem = '\0';
	if (s->filled)
		ring_push(&s->ring, s->filled);
	ring_end(&s->ring);
	(void)pthread_join(s->thread, NULL);
	r = s->code;
	if (r < 0)
		*err = s->err;
	else
		r = compare(s, tree);
	if (r < 0 && !err->code)
		(void)err_code(err, r, "comparing it");
	shadow_free(s);
	return r;
}
