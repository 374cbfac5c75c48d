/*
 * layer_tree.c - writing a layer's entries beneath one directory, whatever they are called
 *
 * The archive is hostile. Invariants:
 *  (1) Every system call names one component beneath a descriptor of a directory of this tree, and
 *      follows no link. So nothing outside is reached, whatever links the archive has made.
 *  (2) "..", or a name through a link or a file, is an error: no honest layer has one.
 *  (3) The last entry of a name wins; what stood there is removed, a directory with its contents.
 *
 * Whiteouts become what overlayfs knows: ".wh.NAME" a character device 0:0 by that name,
 * ".wh..wh..opq" the attribute for opaque ones (sys/overlay.h). They hide what *lower* layers have,
 * in whichever order the entries come: a name that is in this layer too needs no whiteout, unless
 * it is a directory; that becomes opaque.
 *
 * Directories get their time last, since each entry made in them changes it, and their set-group-ID
 * bit, since new entries would inherit the group.
 */
#include "image/layer_tree.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/str.h"
#include "image/tree_count.h"
#include "image/tree_walk.h"
#include "sys/overlay.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { DIR_MODE = 0755, PERMISSIONS = 01777, SPECIAL = 06000 };

/* Directories whose mode and time are set at the end. */
struct pending {
	struct pending *next;
	struct timespec mtime;
	mode_t mode;
	char path[];
};

struct layer_tree {
	struct tree_walk walk, links; /* where entries are made; where hard links lead */
	struct arena a;
	struct pending *first, **last;
	uid_t uid; /* what new files have without chown */
	gid_t gid;
	int64_t size, inodes;
	bool lost_directories; /* some that are pending may not be there any more */
	bool lost_files;
	bool is_plain;       /* no layer */
	char path[PATH_MAX]; /* of the entry at hand, normalized */
	char link[PATH_MAX];
};

struct layer_tree *layer_tree_new(int dirfd)
{
	struct layer_tree *t = mem_alloc(sizeof(*t));

	tree_walk_init(&t->walk, dirfd);
	tree_walk_init(&t->links, dirfd);
	t->last = &t->first;
	t->uid = geteuid();
	t->gid = getegid();
	return t;
}

void layer_tree_free(struct layer_tree *t)
{
	if (!t)
		return;
	tree_walk_reset(&t->walk);
	tree_walk_reset(&t->links);
	arena_done(&t->a);
	free(t);
}

void layer_tree_plain(struct layer_tree *t)
{
	t->is_plain = true;
}

int64_t layer_tree_size(const struct layer_tree *t)
{
	return t->size;
}

int64_t layer_tree_inodes(const struct layer_tree *t)
{
	return t->inodes;
}

bool layer_tree_has_lost(const struct layer_tree *t)
{
	return t->lost_files || t->lost_directories;
}

/* -- attributes -- */

/* Those that mean the same on every machine, and do not steer our own overlay. */
static bool is_kept(const char *name)
{
	if (str_after(name, "trusted.overlay.") || str_after(name, "user.overlay."))
		return false;
	return str_eq(name, "security.capability") || str_after(name, "user.") ||
	       str_after(name, "trusted.");
}

/* On a file by its descriptor, on anything else by its name beneath one. */
static int set_xattrs(const struct layer_entry *e, int fd, const char *name, struct err *err)
{
	for (size_t i = 0; i < e->n_xattrs; i++) {
		const struct layer_xattr *x = &e->xattrs[i];
		int r;

		if (!is_kept(x->name))
			continue;
		if (name) {
			OWN(str) char *path = str_printf("/proc/self/fd/%d/%s", fd, name);

			r = lsetxattr(path, x->name, x->value, x->len, 0);
		} else {
			r = fsetxattr(fd, x->name, x->value, x->len, 0);
		}
		/* user.* exists for files and directories only, and not on every file system. */
		if (r < 0 &&
		    !(str_after(x->name, "user.") && (errno == EPERM || errno == EOPNOTSUPP)))
			return err_sys(err, "%s: attribute %s", e->path, x->name);
	}
	return 0;
}

static bool is_owned_by_another(const struct layer_tree *t, const struct layer_entry *e)
{
	return e->uid != t->uid || e->gid != t->gid;
}

/* -- what stands in the way -- */

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* Removes what is called name; *ret_whiteout (may be NULL): it was one. */
static int clear_away(struct layer_tree *t, int parent, const char *name, bool *ret_whiteout)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (ret_whiteout)
		*ret_whiteout = is_whiteout(&st);
	if (S_ISDIR(st.st_mode) && t->is_plain)
		return -EISDIR;
	if (S_ISDIR(st.st_mode)) {
		OWN(fd) int fd = tree_walk_open(parent, name);
		struct tree_counts lost = { 0 };

		t->lost_directories = true;
		tree_walk_reset(&t->links);
		if (fd >= 0 && tree_count(fd, &lost) == 0) {
			t->inodes -= lost.inodes + 1;
			t->size -= lost.size;
		}
		return rmtree_at(parent, name);
	}
	t->lost_files |= S_ISREG(st.st_mode);
	if (st.st_nlink == 1) {
		t->inodes--;
		t->size -= S_ISREG(st.st_mode) ? st.st_size : 0;
	}
	return unlinkat(parent, name, 0) < 0 ? -errno : 0;
}

/* Hides what the directory has in lower layers. */
static int make_opaque(int parent, const char *name)
{
	OWN(fd) int fd = tree_walk_open(parent, name);

	if (fd < 0)
		return fd;
	return fsetxattr(fd, overlay_attribute(OVERLAY_OPAQUE), "y", 1, 0) < 0 ? -errno : 0;
}

/* Makes a directory; what is there and is none goes. *ret_new: there was no directory. */
static int make_directory(struct layer_tree *t, int parent, const char *name, mode_t mode,
			  bool *ret_new)
{
	bool whiteout = false;
	struct stat st;
	int r;

	*ret_new = true;
	if (mkdirat(parent, name, mode) == 0) {
		t->inodes++;
		return 0;
	}
	if (errno != EEXIST)
		return -errno;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		*ret_new = false;
		return 0;
	}
	if (t->is_plain)
		return -ENOTDIR;
	r = clear_away(t, parent, name, &whiteout);
	if (r == 0 && mkdirat(parent, name, mode) < 0)
		r = -errno;
	if (r == 0)
		t->inodes++;
	return r == 0 && whiteout ? make_opaque(parent, name) : r;
}

/* -- parents -- */

/* A directory that the archive has no entry for (yet), where a name ends after `reached` bytes. */
static int make_parent(struct layer_tree *t, const char *path, size_t reached)
{
	size_t start = reached + (reached > 0), n = strcspn(path + start, "/");
	char name[NAME_MAX + 1];
	struct stat st;
	bool is_new;

	memcpy(name, path + start, n);
	name[n] = '\0';
	/* In the way may only be a whiteout: a link is not replaced because something is in it. */
	if (fstatat(tree_walk_fd(&t->walk), name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !is_whiteout(&st))
		return -ENOTDIR;
	return make_directory(t, tree_walk_fd(&t->walk), name, DIR_MODE, &is_new);
}

/* The directory of the first len bytes of path, made where missing. */
static int go_to(struct layer_tree *t, const char *path, size_t len)
{
	size_t reached;
	int fd;

	for (;;) {
		fd = tree_walk_to(&t->walk, path, len, &reached);
		if (fd != -ENOENT && fd != -ENOTDIR)
			return fd;
		fd = make_parent(t, path, reached);
		if (fd < 0)
			return fd;
	}
}

static int path_error(const struct layer_entry *e, int r, struct err *err)
{
	if (r == -EINVAL)
		return err_set(err, r, "%.200s: the name leads out of the layer", e->path);
	if (r == -ENOTDIR)
		return err_set(err, r, "%.200s: the name leads through a link or a file", e->path);
	if (r == -E2BIG)
		return err_set(err, r, "%.100s…: deeper than %d directories", e->path,
			       TREE_WALK_DEPTH);
	return err_code(err, r, "%.200s", e->path);
}

/* -- kinds of entries -- */

static void add_pending(struct layer_tree *t, const struct layer_entry *e)
{
	size_t len = strlen(t->path) + 1;
	struct pending *p = arena_alloc(&t->a, sizeof(*p) + len);

	p->mtime = e->mtime;
	p->mode = e->mode & 07777;
	memcpy(p->path, t->path, len);
	*t->last = p;
	t->last = &p->next;
}

/* The layer's own root: it exists. */
static int add_root(struct layer_tree *t, const struct layer_entry *e, struct err *err)
{
	int fd = t->walk.root;

	if (!S_ISDIR(e->mode))
		return err_set(err, -EINVAL, "the root of the layer is no directory");
	if (fchmod(fd, e->mode & PERMISSIONS) < 0 || fchown(fd, e->uid, e->gid) < 0)
		return err_sys(err, "the root of the layer");
	add_pending(t, e);
	return set_xattrs(e, fd, NULL, err);
}

static int add_directory(struct layer_tree *t, const struct layer_entry *e, int parent,
			 const char *name, struct err *err)
{
	bool is_new;
	int r = make_directory(t, parent, name, e->mode & PERMISSIONS, &is_new);

	if (r == 0 && !is_new && fchmodat(parent, name, e->mode & PERMISSIONS, 0) < 0)
		r = -errno;
	if (r == 0 && (!is_new || is_owned_by_another(t, e)) &&
	    fchownat(parent, name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r < 0)
		return err_code(err, r, "%.200s", e->path);
	add_pending(t, e);
	return e->n_xattrs ? set_xattrs(e, parent, name, err) : 0;
}

static int add_file(struct layer_tree *t, const struct layer_entry *e, int parent, const char *name,
		    int *ret_fd, struct err *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(parent, name, flags, e->mode & PERMISSIONS);

	if (fd < 0 && errno == EEXIST) {
		int r = clear_away(t, parent, name, NULL);

		if (r < 0)
			return err_code(err, r, "%.200s", e->path);
		fd = openat(parent, name, flags, e->mode & PERMISSIONS);
	}
	if (fd < 0)
		return err_sys(err, "%.200s", e->path);
	t->inodes++;
	t->size += e->size;
	*ret_fd = fd;
	return 0;
}

int layer_tree_close(struct layer_tree *t, const struct layer_entry *e, int *fd, struct err *err)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, e->mtime };
	int r = 0;

	/* In this order: a new owner takes away special bits and capabilities. */
	if (is_owned_by_another(t, e) && fchown(*fd, e->uid, e->gid) < 0)
		r = err_sys(err, "%.200s: owner", e->path);
	if (r == 0 && (e->mode & SPECIAL) && fchmod(*fd, e->mode & 07777) < 0)
		r = err_sys(err, "%.200s: mode", e->path);
	if (r == 0 && e->n_xattrs)
		r = set_xattrs(e, *fd, NULL, err);
	if (r == 0 && futimens(*fd, times) < 0)
		r = err_sys(err, "%.200s: time", e->path);
	/* What was written late, over a network file system or a quota, fails here. */
	if (close(take_fd(fd)) < 0 && r == 0)
		r = err_sys(err, "%.200s", e->path);
	return r;
}

static int make_node(const struct layer_entry *e, int parent, const char *name)
{
	if (S_ISLNK(e->mode))
		return symlinkat(e->symlink ? e->symlink : "", parent, name) < 0 ? -errno : 0;
	return mknodat(parent, name, e->mode & (S_IFMT | PERMISSIONS), e->device) < 0 ? -errno : 0;
}

/* Links, devices, FIFOs. */
static int add_node(struct layer_tree *t, const struct layer_entry *e, int parent, const char *name,
		    struct err *err)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, e->mtime };
	int r = make_node(e, parent, name);

	if (r == -EEXIST) {
		r = clear_away(t, parent, name, NULL);
		if (r == 0)
			r = make_node(e, parent, name);
	}
	if (r == 0 && is_owned_by_another(t, e) &&
	    fchownat(parent, name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r == 0 && !S_ISLNK(e->mode) && (e->mode & SPECIAL) &&
	    fchmodat(parent, name, e->mode & 07777, 0) < 0)
		r = -errno;
	if (r < 0)
		return err_code(err, r, "%.200s", e->path);
	t->inodes++;
	if (e->n_xattrs) {
		r = set_xattrs(e, parent, name, err);
		if (r < 0)
			return r;
	}
	if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "%.200s: time", e->path);
	return 0;
}

/* The directory of a path's last component, which *ret_name is then. */
static size_t split(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	return slash ? (size_t)(slash - path) : 0;
}

static int add_hardlink(struct layer_tree *t, const struct layer_entry *e, int parent,
			const char *name, struct err *err)
{
	const char *target;
	size_t dir_len, reached;
	int from, r = tree_walk_normalize(e->hardlink, t->link);

	if (r < 0)
		return err_set(err, r,
			       "%.200s: a hard link to %.200s, which is outside of the layer",
			       e->path, e->hardlink);
	if (str_eq(t->link, t->path))
		return 0;
	dir_len = split(t->link, &target);
	from = tree_walk_to(&t->links, t->link, dir_len, &reached);
	r = from < 0 ? from : 0;
	if (r == 0 && linkat(from, target, parent, name, 0) < 0)
		r = -errno;
	if (r == -EEXIST) {
		r = clear_away(t, parent, name, NULL);
		if (r == 0) /* the walk may have stood in what was removed */
			r = from = tree_walk_to(&t->links, t->link, dir_len, &reached);
		if (r >= 0)
			r = linkat(from, target, parent, name, 0) < 0 ? -errno : 0;
	}
	if (r == -ENOENT || r == -ENOTDIR)
		return err_set(err, -ENOENT,
			       "%.200s: a hard link to %.200s, which is not in the layer", e->path,
			       e->hardlink);
	return r < 0 ? err_code(err, r, "%.200s", e->path) : 0;
}

/* -- whiteouts -- */

static int add_whiteout(struct layer_tree *t, const struct layer_entry *e, int parent,
			const char *hidden, struct err *err)
{
	struct stat st;
	int r = 0;

	if (!*hidden || str_eq(hidden, ".") || str_eq(hidden, ".."))
		return err_set(err, -EINVAL, "%.200s: a whiteout of nothing", e->path);
	if (mknodat(parent, hidden, S_IFCHR, makedev(0, 0)) == 0) {
		t->inodes++;
		return 0;
	}
	if (errno != EEXIST)
		return err_sys(err, "%.200s", e->path);
	if (fstatat(parent, hidden, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "%.200s", e->path);
	if (S_ISDIR(st.st_mode))
		r = make_opaque(parent, hidden);
	return r < 0 ? err_code(err, r, "%.200s", e->path) : 0;
}

/* True when the name is one of aufs's, *ret what adding it gave. */
static bool add_special(struct layer_tree *t, const struct layer_entry *e, int parent,
			const char *name, int *ret, struct err *err)
{
	const char *hidden = str_after(name, ".wh.");

	if (!hidden)
		return false;
	*ret = 0;
	if (str_eq(name, ".wh..wh..opq")) {
		if (fsetxattr(parent, overlay_attribute(OVERLAY_OPAQUE), "y", 1, 0) < 0)
			*ret = err_sys(err, "%.200s", e->path);
	} else if (!str_after(hidden, ".wh.")) { /* the others are aufs's own affairs */
		*ret = add_whiteout(t, e, parent, hidden, err);
	}
	return true;
}

/* -- all of it -- */

int layer_tree_add(struct layer_tree *t, const struct layer_entry *e, int *ret_fd, struct err *err)
{
	const char *name;
	size_t dir_len;
	int parent, r = tree_walk_normalize(e->path, t->path);

	*ret_fd = -1;
	if (r < 0)
		return path_error(e, r, err);
	if (!t->path[0])
		return add_root(t, e, err);
	dir_len = split(t->path, &name);
	parent = go_to(t, t->path, dir_len);
	if (parent < 0)
		return path_error(e, parent, err);
	if (!t->is_plain && add_special(t, e, parent, name, &r, err))
		return r;
	if (e->hardlink)
		return add_hardlink(t, e, parent, name, err);
	if (S_ISDIR(e->mode))
		return add_directory(t, e, parent, name, err);
	if (S_ISREG(e->mode))
		return add_file(t, e, parent, name, ret_fd, err);
	if (S_ISLNK(e->mode) || S_ISCHR(e->mode) || S_ISBLK(e->mode) || S_ISFIFO(e->mode))
		return add_node(t, e, parent, name, err);
	return err_set(err, -EINVAL, "%.200s: an entry of unknown type", e->path);
}

static bool is_directory(int parent, const char *name)
{
	struct stat st;

	return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int finish_one(struct layer_tree *t, const struct pending *p)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, p->mtime };
	const char *name;
	size_t reached;
	int parent;

	if (!p->path[0]) {
		if ((p->mode & SPECIAL) && fchmod(t->walk.root, p->mode) < 0)
			return -errno;
		return futimens(t->walk.root, times) < 0 ? -errno : 0;
	}
	parent = tree_walk_to(&t->walk, p->path, split(p->path, &name), &reached);
	if (t->lost_directories && (parent < 0 || !is_directory(parent, name)))
		return 0;
	if (parent < 0)
		return parent;
	if ((p->mode & SPECIAL) && fchmodat(parent, name, p->mode, 0) < 0)
		return -errno;
	return utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int layer_tree_finish(struct layer_tree *t, struct err *err)
{
	for (const struct pending *p = t->first; p; p = p->next) {
		int r = finish_one(t, p);

		if (r < 0)
			return err_code(err, r, "%.200s/", p->path);
	}
	return 0;
}
