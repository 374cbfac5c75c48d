/*
 * fetch_cp.c - berth-fetch cp: files into a container and out of it
 *
 * What is copied goes as a tar from one side to the other: a thread writes it into a pipe. Both
 * ends are a directory's descriptor and a name in it. Paths of a container are resolved by the
 * kernel, confined to its root, once; what it changes about links afterwards changes nothing.
 */
#include "base/own.h"
#include "cmd/fetch.h"
#include "codec/size.h"
#include "engine/engine.h"
#include "sys/openat2.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>

struct cp_opts {
	bool archive, follow_link, quiet;
};

static const struct opt cp_table[] = {
	FLAG(struct cp_opts, archive, 'a', "archive", "Keep owners"),
	FLAG(struct cp_opts, follow_link, 'L', "follow-link", "Follow a symbolic link in SRC_PATH"),
	FLAG(struct cp_opts, quiet, 'q', "quiet", "Do not say how much was copied"),
	OPT_END,
};

enum { LINKS_MAX = 40 };

/* One side of it. */
struct end {
	const char *container; /* NULL: here */
	const char *path;
	int root; /* of the container; AT_FDCWD here */
	/* found */
	int parent;
	const char *name;        /* in it; "." for a root, or what ends so */
	const char *base;        /* what it is called where it is copied to; "" for a root */
	bool exists, slash, dot; /* slash: ends in one; dot: ends in "/.": what is in it */
	struct stat st;
};

static void end_cleanup(struct end *e)
{
	fd_cleanup(&e->parent);
}

/* -- where it is -- */

/* "box:/path"; what begins like a path is one. */
static void parse(struct fetch *f, const char *text, struct end *e)
{
	const char *colon = strchr(text, ':');

	*e = (struct end){ .path = text, .root = AT_FDCWD, .parent = -1 };
	if (!colon || colon == text || text[0] == '/' || text[0] == '.')
		return;
	e->container = arena_strndup(&f->a, text, (size_t)(colon - text));
	e->path = *(colon + 1) ? colon + 1 : "/";
}

static int open_directory(const struct end *e, const char *path)
{
	unsigned long long resolve = e->container ? RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS : 0;

	return openat2_open(e->root, path, O_PATH | O_DIRECTORY, 0, resolve);
}

/* path without what it ends in: "/a/b" is "/a" and "b". */
static void split(struct fetch *f, const struct end *e, const char *path, const char **ret_dir,
		  const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash ? slash + 1 : path;
	*ret_dir = !slash          ? (e->container ? "/" : ".")
		   : slash == path ? "/"
				   : arena_strndup(&f->a, path, (size_t)(slash - path));
}

static char *trim(struct fetch *f, struct end *e)
{
	char *path = arena_strdup(&f->a, e->path);
	size_t len = strlen(path);

	for (;;) {
		if (len > 1 && path[len - 1] == '/') {
			e->slash = true;
			path[--len] = '\0';
		} else if (len > 1 && path[len - 1] == '.' && path[len - 2] == '/') {
			e->dot = true;
			path[--len] = '\0';
		} else {
			break;
		}
	}
	e->dot = e->dot || str_eq(path, ".");
	return path;
}

static bool names_directory(const char *name)
{
	return !*name || str_eq(name, ".") || str_eq(name, "..");
}

static int look(struct fetch *f, struct end *e, const char *path)
{
	const char *dir;

	fd_cleanup(&e->parent);
	split(f, e, path, &dir, &e->name);
	if (names_directory(e->name)) {
		dir = path;
		e->name = ".";
	}
	e->parent = open_directory(e, dir);
	if (e->parent < 0)
		return e->parent;
	e->exists = fstatat(e->parent, e->name, &e->st, AT_SYMLINK_NOFOLLOW) == 0;
	return e->exists || errno == ENOENT ? 0 : -errno;
}

/* The path that a link leads to, seen from the same root. */
static const char *follow(struct fetch *f, const struct end *e, const char *path)
{
	char target[PATH_MAX];
	const char *dir, *name;
	ssize_t n = readlinkat(e->parent, e->name, target, sizeof(target) - 1);

	if (n <= 0)
		return NULL;
	target[n] = '\0';
	if (target[0] == '/')
		return arena_strdup(&f->a, target);
	split(f, e, path, &dir, &name);
	return arena_printf(&f->a, "%s/%s", dir, target);
}

static int locate(struct fetch *f, struct end *e, bool follow_link)
{
	const char *path = trim(f, e);
	const char *dir;
	int links = 0, r;

	split(f, e, path, &dir, &e->base);
	if (names_directory(e->base))
		e->base = "";
	while ((r = look(f, e, path)) == 0 && e->exists && S_ISLNK(e->st.st_mode) &&
	       (follow_link || e->slash || e->dot)) {
		path = ++links > LINKS_MAX ? NULL : follow(f, e, path);
		if (!path)
			return err_set(&f->err, -ELOOP, "%.300s: too many links", e->path);
	}
	if (r < 0)
		return err_code(&f->err, r, "%s%s%.300s", e->container ? e->container : "",
				e->container ? ":" : "", e->path);
	return 0;
}

static int not_there(struct fetch *f, const struct end *e)
{
	if (e->container)
		return err_set(&f->err, -ENOENT,
			       "Could not find the file %.300s in container %.100s", e->path,
			       e->container);
	return err_set(&f->err, -ENOENT, "lstat %.300s: no such file or directory", e->path);
}

/* -- what becomes of what -- */

struct plan {
	const char *as; /* what it is called there; "": what is in it */
	int into;       /* a directory; the caller's */
};

static int open_into(struct fetch *f, const struct end *dst, const char *name, int *ret)
{
	*ret = openat(dst->parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret < 0 ? err_sys(&f->err, "%.300s", dst->path) : 0;
}

static int decide(struct fetch *f, const struct end *src, const struct end *dst, struct plan *ret)
{
	bool is_dir = S_ISDIR(src->st.st_mode);

	if (dst->exists && S_ISDIR(dst->st.st_mode)) {
		ret->as = is_dir && (src->dot || !*src->base) ? "" : src->base;
		return open_into(f, dst, dst->name, &ret->into);
	}
	if (dst->exists && is_dir)
		return err_set(&f->err, -ENOTDIR, "cannot copy directory");
	if (!is_dir && (dst->slash || dst->dot))
		return err_set(&f->err, -ENOTDIR, "destination \"%.300s\" must be a directory",
			       dst->path);
	ret->as = dst->name;
	return open_into(f, dst, ".", &ret->into);
}

/* -- carrying it over -- */

struct sending {
	const struct end *src;
	const char *as;
	int fd; /* closed at the end */
	int code;
	struct err err;
};

static void *send_main(void *ctx)
{
	struct sending *s = ctx;

	s->code = tree_tar_part(s->src->parent, s->src->name, s->as, s->fd, &s->err);
	fd_cleanup(&s->fd);
	return NULL;
}

static int carry(struct fetch *f, const struct end *src, const char *as,
		 struct tree_untar_spec *spec, int64_t *ret_bytes)
{
	struct sending s = { .src = src, .as = as };
	pthread_t thread;
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(&f->err, "pipe");
	s.fd = fds[1];
	spec->from = fds[0];
	r = pthread_create(&thread, NULL, send_main, &s);
	if (r != 0) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return err_code(&f->err, -r, "starting a thread");
	}
	r = tree_untar(spec, ret_bytes, &f->err);
	(void)close(fds[0]); /* ends the other side, too */
	(void)pthread_join(thread, NULL);
	if (s.code < 0 && s.code != -EPIPE) {
		f->err = s.err;
		return s.code;
	}
	return r;
}

static void set_owners(struct tree_untar_spec *spec, const struct end *dst, bool archive)
{
	spec->owners = archive;
	spec->uid = dst->container ? 0 : getuid();
	spec->gid = dst->container ? 0 : getgid();
}

static int copy_between(struct fetch *f, const struct cp_opts *o, struct end *src, struct end *dst,
			int64_t *ret_bytes)
{
	struct plan plan = { .into = -1 };
	struct tree_untar_spec spec = { 0 };
	int r = locate(f, src, o->follow_link);

	if (r == 0 && !src->exists)
		r = not_there(f, src);
	if (r == 0)
		r = locate(f, dst, true);
	if (r == 0)
		r = decide(f, src, dst, &plan);
	spec.dir = plan.into;
	set_owners(&spec, dst, o->archive);
	if (r == 0)
		r = carry(f, src, plan.as, &spec, ret_bytes);
	fd_cleanup(&plan.into);
	return r;
}

static int copy_in_stream(struct fetch *f, const struct cp_opts *o, struct end *dst,
			  int64_t *ret_bytes)
{
	struct tree_untar_spec spec = { .from = STDIN_FILENO };
	int r = locate(f, dst, true);

	if (r == 0 && !dst->exists)
		r = not_there(f, dst);
	if (r == 0 && !S_ISDIR(dst->st.st_mode))
		r = err_set(&f->err, -ENOTDIR, "destination \"%.200s:%.300s\" must be a directory",
			    dst->container, dst->path);
	if (r == 0)
		r = open_into(f, dst, dst->name, &spec.dir);
	if (r < 0)
		return r;
	/* docker takes the owners that a stream has. */
	(void)o;
	spec.owners = true;
	r = tree_untar(&spec, ret_bytes, &f->err);
	(void)close(spec.dir);
	return r;
}

static int copy_out_stream(struct fetch *f, const struct cp_opts *o, struct end *src)
{
	int r = locate(f, src, o->follow_link);

	if (r == 0 && !src->exists)
		r = not_there(f, src);
	if (r == 0 && isatty(STDOUT_FILENO))
		r = err_set(&f->err, -EINVAL, "cowardly refusing to write a tar to a terminal");
	if (r < 0)
		return r;
	return tree_tar_part(src->parent, src->name,
			     S_ISDIR(src->st.st_mode) && (src->dot || !*src->base) ? "" : src->base,
			     STDOUT_FILENO, &f->err);
}

/* -- the command -- */

static int check_ends(struct fetch *f, const struct end *src, const struct end *dst)
{
	if (src->container && dst->container)
		return err_set(&f->err, -EINVAL, "copying between containers is not supported");
	if (!src->container && !dst->container)
		return err_set(&f->err, -EINVAL, "must specify at least one container source");
	return 0;
}

static void say_copied(const struct end *dst, int64_t bytes)
{
	char size[SIZE_HUMAN_MAX];

	size_human(bytes, 3, size);
	(void)fprintf(stderr, "Successfully copied %s to %s%s%s\n", size,
		      dst->container ? dst->container : "", dst->container ? ":" : "", dst->path);
}

static int copy(struct fetch *f, const struct cp_opts *o, struct end *src, struct end *dst)
{
	int64_t bytes = 0;
	int r;

	if (str_eq(dst->path, "-") && !dst->container)
		return copy_out_stream(f, o, src);
	r = str_eq(src->path, "-") && !src->container ? copy_in_stream(f, o, dst, &bytes)
						      : copy_between(f, o, src, dst, &bytes);
	if (r == 0 && !o->quiet && isatty(STDOUT_FILENO))
		say_copied(dst, bytes);
	return r;
}

static int cp(struct fetch *f, struct image_store *is, const void *opts, const struct strv *args)
{
	const struct engine_paths paths = { .root = f->root, .state = f->state };
	OWN(end) struct end src = { .parent = -1 };
	OWN(end) struct end dst = { .parent = -1 };
	OWN(engine) struct engine *e = NULL;
	OWN(container_tree) struct container_tree *t = NULL;
	struct end *there;
	int r;

	(void)is;
	parse(f, args->items[0], &src);
	parse(f, args->items[1], &dst);
	r = check_ends(f, &src, &dst);
	if (r == 0)
		r = engine_open(&paths, &e, &f->err);
	there = src.container ? &src : &dst;
	if (r == 0)
		r = container_tree_open(e, there->container, CONTAINER_TREE_LIVE, false, &t,
					&f->err);
	if (r < 0)
		return r;
	there->root = container_tree_dir(t);
	return copy(f, opts, &src, &dst);
}

const struct fetch_cmd fetch_cp_cmd = {
	"cp", "cp [OPTIONS] SOURCE TARGET", cp_table, sizeof(struct cp_opts), 2, 2, true, cp,
};
