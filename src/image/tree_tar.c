/*
 * tree_tar.c - a directory tree as a tar, the same bytes for the same tree
 *
 * Every step names one component beneath a descriptor and follows no link. What decides about an
 * entry (its size, its attributes) is asked of the descriptor that is read from; only what cannot
 * be opened (links, devices) is asked by name, and then nothing but itself can come of it.
 */
#include "image/tree_tar.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/own.h"
#include "image/image.h"
#include "image/tree_walk.h"
#include "sys/overlay.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

enum { XATTRS_MAX = 64, NAMES_MAX = 64 << 10, PIECES_MAX = 4096 };

/* The first name of a file that has several. */
struct first_name {
	dev_t dev;
	ino_t ino;
	const char *path;
};

struct writer {
	struct tree_tar *t;
	struct arena names;        /* of firsts */
	struct first_name *firsts; /* a hash table; cap is a power of two */
	size_t n_firsts, cap;
	struct err *err;
};

static int write_dir(struct writer *w, int dir, const char *prefix, int depth);

/* -- attributes -- */

static bool is_kept(const char *name)
{
	if (str_after(name, "trusted.overlay.") || str_after(name, "user.overlay."))
		return false;
	return str_eq(name, "security.capability") || str_after(name, "user.") ||
	       str_after(name, "trusted.");
}

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct tar_xattr *)x)->name, ((const struct tar_xattr *)y)->name);
}

/* path: "/proc/self/fd/N" or beneath one; its last component is not followed unless it is that. */
static int read_xattrs(const char *path, bool follow, struct arena *a, struct tar_entry *e)
{
	ssize_t (*const list_them)(const char *, char *, size_t) = follow ? listxattr : llistxattr;
	OWN(mem) char *names = NULL;
	struct tar_xattr *list;
	ssize_t len = list_them(path, NULL, 0);
	size_t n = 0;

	if (len > 0) {
		names = mem_alloc(NAMES_MAX);
		len = list_them(path, names, NAMES_MAX);
	}
	if (len < 0)
		return errno == EOPNOTSUPP || errno == ENOENT ? 0 : -errno;
	if (len == 0) /* as nearly all */
		return 0;
	list = arena_array(a, XATTRS_MAX, sizeof(*list));
	for (const char *name = names; name < names + len && n < XATTRS_MAX;
	     name += strlen(name) + 1) {
		OWN(mem) char *value = NULL;
		ssize_t size;

		if (!is_kept(name))
			continue;
		value = mem_alloc(XATTR_SIZE_MAX);
		size = follow ? getxattr(path, name, value, XATTR_SIZE_MAX)
			      : lgetxattr(path, name, value, XATTR_SIZE_MAX);
		if (size < 0)
			continue; /* it went meanwhile */
		list[n++] =
			(struct tar_xattr){ arena_strdup(a, name),
					    arena_memdup(a, value, (size_t)size), (size_t)size };
	}
	if (n)
		qsort(list, n, sizeof(*list), by_name);
	e->xattrs = list;
	e->n_xattrs = n;
	return 0;
}

static bool has_attribute(int fd, const char *name, char value)
{
	char got[4];

	return fgetxattr(fd, name, got, sizeof(got)) >= 1 && (!value || got[0] == value);
}

/* What overlayfs keeps elsewhere than in this directory would be missing in the tar. */
static int check_overlay(struct writer *w, int fd, const char *path)
{
	if (w->t->is_layer && (has_attribute(fd, overlay_attribute(OVERLAY_REDIRECT), '\0') ||
			       has_attribute(fd, overlay_attribute(OVERLAY_METACOPY), '\0')))
		return err_set(
			w->err, -ENOTSUP,
			"%.300s: overlayfs keeps only a reference to it here (redirect_dir or "
			"metacopy is on); turn these options of the module off",
			path);
	return 0;
}

/* -- contents -- */

/* Where the file has data; NULL when it has no holes worth telling. */
static void find_pieces(int fd, const struct stat *st, struct arena *a, struct tar_entry *e)
{
	struct tar_piece *list;
	off_t at = 0;
	size_t n = 0;

	if (st->st_blocks * 512 >= st->st_size)
		return;
	list = arena_array(a, PIECES_MAX, sizeof(*list));
	while (at < st->st_size) {
		off_t data = lseek(fd, at, SEEK_DATA), hole;

		if (data < 0 && errno == ENXIO)
			break;
		hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
		if (data < 0 || hole <= data || n == PIECES_MAX)
			return;
		if (hole > st->st_size)
			hole = st->st_size;
		list[n++] = (struct tar_piece){ data, hole - data };
		at = hole;
	}
	e->pieces = list;
	e->n_pieces = n;
}

static int write_contents(struct writer *w, int fd, const struct tar_entry *e)
{
	const struct tar_piece whole = { 0, e->size };
	const struct tar_piece *pieces = e->pieces ? e->pieces : &whole;
	size_t n = e->pieces ? e->n_pieces : 1;
	int64_t total = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (pieces[i].len)
			r = tar_out_range(w->t->out, fd, pieces[i].offset, pieces[i].len);
		total += pieces[i].len;
	}
	if (r == -ENODATA)
		return err_set(w->err, -EIO, "%.300s has shrunk while it was read", e->path);
	return r < 0 ? r : tar_out_pad(w->t->out, total);
}

/* -- kinds of entries -- */

static int put(struct writer *w, const struct tar_entry *e)
{
	w->t->n++;
	return tar_out_entry(w->t->out, e);
}

static void describe(const struct stat *st, const char *path, struct tar_entry *e)
{
	*e = (struct tar_entry){ .path = path,
				 .mode = st->st_mode & 07777,
				 .uid = st->st_uid,
				 .gid = st->st_gid,
				 .mtime = st->st_mtim };
}

/* Its place in the table, or the free one where it belongs. */
static struct first_name *find_first(const struct writer *w, dev_t dev, ino_t ino)
{
	size_t i = (size_t)(ino * 0x9e3779b97f4a7c15U >> 20) & (w->cap - 1);

	while (w->firsts[i].path && (w->firsts[i].ino != ino || w->firsts[i].dev != dev))
		i = (i + 1) & (w->cap - 1);
	return &w->firsts[i];
}

static void grow_firsts(struct writer *w)
{
	struct first_name *old = w->firsts;
	size_t n = w->cap;

	w->cap = n ? n * 2 : 64;
	w->firsts = mem_alloc(w->cap * sizeof(*w->firsts));
	for (size_t i = 0; i < n; i++)
		if (old[i].path)
			*find_first(w, old[i].dev, old[i].ino) = old[i];
	free(old);
}

/* True when the file has been written under another name: *ret is that. */
static bool was_written(struct writer *w, const struct stat *st, const char *path, const char **ret)
{
	struct first_name *slot;

	if (st->st_nlink < 2)
		return false;
	if (2 * w->n_firsts >= w->cap)
		grow_firsts(w);
	slot = find_first(w, st->st_dev, st->st_ino);
	if (slot->path) {
		*ret = slot->path;
		return true;
	}
	*slot = (struct first_name){ st->st_dev, st->st_ino, arena_strdup(&w->names, path) };
	w->n_firsts++;
	return false;
}

static int write_link_to(struct writer *w, const struct stat *st, const char *path,
			 const char *first)
{
	struct tar_entry e;

	describe(st, path, &e);
	e.type = TAR_HARDLINK;
	e.link = first;
	return put(w, &e);
}

static int write_file(struct writer *w, int dir, const char *name, const char *path)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(fd) int place = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	OWN(fd) int fd = -1;
	const char *first;
	struct tar_entry e;
	struct stat st;
	int r;

	if (place < 0 || fstat(place, &st) < 0)
		return errno == ENOENT ? 0 : err_sys(w->err, "%.300s", path);
	/* Another one, since we looked: to open a device, say, would do something. */
	if (!S_ISREG(st.st_mode))
		return 0;
	fd = open(arena_printf(&a, "/proc/self/fd/%d", place), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(w->err, "%.300s", path);
	if (was_written(w, &st, path, &first))
		return write_link_to(w, &st, path, first);
	r = check_overlay(w, fd, path);
	if (r < 0)
		return r;
	describe(&st, path, &e);
	e.type = TAR_FILE;
	e.size = st.st_size;
	find_pieces(fd, &st, &a, &e);
	r = read_xattrs(arena_printf(&a, "/proc/self/fd/%d", fd), true, &a, &e);
	if (r == 0)
		r = put(w, &e);
	return r < 0 ? r : write_contents(w, fd, &e);
}

/* ".wh.NAME", or the mark in an opaque directory. */
static int write_mark(struct writer *w, const struct stat *st, const char *prefix, const char *name)
{
	OWN(str) char *path = str_printf("%s.wh.%s", prefix, name);
	struct tar_entry e;

	describe(st, path, &e);
	e.type = TAR_FILE;
	e.mode = 0;
	return put(w, &e);
}

static bool is_kernel_s(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC ||
		fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC);
}

static int write_directory(struct writer *w, int dir, const char *name, const char *path, int depth)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(fd) int fd = tree_walk_open(dir, name);
	const char *prefix = arena_printf(&a, "%s/", path);
	struct tar_entry e;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : err_code(w->err, fd, "%.300s", path);
	r = check_overlay(w, fd, path);
	if (r < 0)
		return r;
	describe(&st, path, &e);
	e.type = TAR_DIRECTORY;
	r = read_xattrs(arena_printf(&a, "/proc/self/fd/%d", fd), true, &a, &e);
	if (r == 0)
		r = put(w, &e);
	if (r == 0 && w->t->is_layer && has_attribute(fd, overlay_attribute(OVERLAY_OPAQUE), 'y'))
		r = write_mark(w, &st, prefix, ".wh..opq");
	return r < 0 || is_kernel_s(fd) ? r : write_dir(w, fd, prefix, depth + 1);
}

/* Links, devices, FIFOs. */
static int write_node(struct writer *w, int dir, const char *name, const char *path,
		      const struct stat *st)
{
	OWN(arena) struct arena a = ARENA_INIT;
	char target[PATH_MAX];
	const char *first;
	struct tar_entry e;
	ssize_t n;
	int r;

	if (was_written(w, st, path, &first))
		return write_link_to(w, st, path, first);
	describe(st, path, &e);
	if (S_ISLNK(st->st_mode)) {
		n = readlinkat(dir, name, target, sizeof(target) - 1);
		if (n < 0)
			return errno == ENOENT || errno == EINVAL ? 0
								  : err_sys(w->err, "%.300s", path);
		target[n] = '\0';
		e.link = target;
		e.mode = 0777;
	}
	e.type = S_ISLNK(st->st_mode)   ? TAR_SYMLINK
		 : S_ISCHR(st->st_mode) ? TAR_CHAR
		 : S_ISBLK(st->st_mode) ? TAR_BLOCK_DEVICE
					: TAR_FIFO;
	if (e.type == TAR_CHAR || e.type == TAR_BLOCK_DEVICE) {
		e.major = major(st->st_rdev);
		e.minor = minor(st->st_rdev);
	}
	r = read_xattrs(arena_printf(&a, "/proc/self/fd/%d/%s", dir, name), false, &a, &e);
	return r < 0 ? r : put(w, &e);
}

static int write_entry(struct writer *w, int dir, const char *prefix, const char *name,
		       const char *path, int depth)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(w->err, "%.300s", path);
	if (S_ISDIR(st.st_mode))
		return write_directory(w, dir, name, path, depth);
	if (S_ISREG(st.st_mode))
		return write_file(w, dir, name, path);
	if (S_ISSOCK(st.st_mode))
		return 0;
	if (w->t->is_layer && S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
		return write_mark(w, &st, prefix, name);
	return write_node(w, dir, name, path, &st);
}

/* -- directories -- */

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int list(int fd, struct arena *a, struct strv *ret)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (!dir) {
		int r = -errno;

		fd_cleanup(&copy);
		return r;
	}
	while ((e = readdir(dir)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			strv_add(ret, a, arena_strdup(a, e->d_name));
	(void)closedir(dir);
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), by_text);
	return 0;
}

static int write_dir(struct writer *w, int dir, const char *prefix, int depth)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct strv names = { 0 };
	int r;

	if (depth > TREE_WALK_DEPTH)
		return err_set(w->err, -E2BIG, "%.100s…: deeper than %d directories", prefix,
			       TREE_WALK_DEPTH);
	r = list(dir, &a, &names);
	if (r < 0)
		return err_code(w->err, r, "%.300s", *prefix ? prefix : "/");
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		OWN(str) char *path = str_printf("%s%s", prefix, names.items[i]);

		r = write_entry(w, dir, prefix, names.items[i], path, depth);
	}
	return r;
}

static int end(struct writer *w, int r)
{
	free(w->firsts);
	arena_done(&w->names);
	return r < 0 && !w->err->code ? err_code(w->err, r, "writing the archive") : r;
}

int tree_tar_contents(struct tree_tar *t, int dir, const char *prefix, struct err *err)
{
	struct writer w = { .t = t, .err = err };

	return end(&w, write_dir(&w, dir, prefix, 0));
}

int tree_tar_entry(struct tree_tar *t, int dir, const char *name, const char *as, struct err *err)
{
	struct writer w = { .t = t, .err = err };

	return end(&w, write_entry(&w, dir, "", name, as, 0));
}

int tree_tar_export(int tree, int to, struct err *err)
{
	__attribute__((cleanup(tar_out_cleanup))) struct tar_out out;
	struct tree_tar t = { .out = &out };
	int r;

	tar_out_init(&out, to, true);
	r = tree_tar_contents(&t, tree, "", err);
	if (r < 0)
		return r;
	r = tar_out_end(&out);
	return r < 0 ? err_code(err, r, "writing the archive") : 0;
}

int tree_tar_part(int dir, const char *name, const char *as, int to, struct err *err)
{
	__attribute__((cleanup(tar_out_cleanup))) struct tar_out out;
	OWN(fd) int fd = *as ? -1 : tree_walk_open(dir, name);
	struct tree_tar t = { .out = &out };
	int r;

	tar_out_init(&out, to, true);
	if (*as)
		r = tree_tar_entry(&t, dir, name, as, err);
	else
		r = fd < 0 ? err_code(err, fd, "%.300s", name) : tree_tar_contents(&t, fd, "", err);
	if (r < 0)
		return r;
	r = tar_out_end(&out);
	return r < 0 ? err_code(err, r, "writing the archive") : 0;
}
