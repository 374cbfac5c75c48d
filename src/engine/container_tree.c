/*
 * container_tree.c - a container's files from outside, whether it runs or not
 *
 * A container that runs has its overlay mounted in its own mount namespace. All that its processes
 * see is reached through /proc/PID/root; without what is mounted into it, through a copy of its
 * root's mount alone, which a thread takes that visits the namespace. One that does not run gets an
 * overlay made, detached from any namespace, and its lock is held, so that nobody starts it
 * meanwhile: one upper directory must not be in two overlays. With what is mounted into it, it gets
 * a namespace of its own, which ends with this process.
 *
 * A container that is paused for this must go on whatever becomes of this process. So a child waits
 * for the end of a pipe, and continues it by `berth unpause` when nothing was written before.
 */
#include "engine/room.h"

#include "base/mem.h"
#include "base/own.h"
#include "engine/container_query.h"
#include "engine/heal.h"
#include "engine/skeleton.h"
#include "sys/overlay.h"
#include "sys/openat2.h"
#include "sys/proc.h"
#include "sys/program.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { SHIM_END_MS = 5000, OPTIONS_MAX = 4095, FSCONFIG_MAX = 255 };

struct container_tree {
	struct container c;
	struct arena a;
	struct container_dir lock; /* of one that does not run: nobody starts or removes it */
	int dir;                   /* its "/" or its own layer */
	int ns;                    /* a mount namespace that keeps what is mounted there, or -1 */
	bool paused;               /* by us */
	pid_t guard;               /* lets it go on if we die */
	int guard_pipe;
	struct engine *e;
};

/* -- an overlay -- */

static struct strv lower_of(const struct engine *e, const struct container *c, struct arena *a)
{
	struct strv lower = { 0 };

	for (size_t i = c->layers.n; i-- > 0;) {
		const char *dir = arena_printf(a, "%s/layers/%s", e->root, c->layers.items[i]);

		if (!strv_has(&lower, dir)) /* overlayfs refuses a directory twice */
			strv_add(&lower, a, dir);
	}
	strv_add(&lower, a, arena_printf(a, "%s/" SKELETON_DIR, e->root));
	return lower;
}

struct overlay {
	struct strv lower;
	const char *upper, *work; /* NULL: read-only */
	const char *place;        /* a directory to mount it over for a moment, in a namespace */
	int fd;                   /* the result */
	struct err err;
};

static int new_overlay(struct overlay *o)
{
	OWN(fd) int fs = fsopen("overlay", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -errno;
	for (size_t i = 0; i < o->lower.n; i++)
		if (strlen(o->lower.items[i]) > FSCONFIG_MAX ||
		    fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", o->lower.items[i], 0) < 0)
			return -EOPNOTSUPP; /* before 6.7 */
	if ((o->upper && (fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", o->upper, 0) < 0 ||
			  fsconfig(fs, FSCONFIG_SET_STRING, "workdir", o->work, 0) < 0)) ||
	    (overlay_is_users() && fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0) ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "source", "overlay", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	o->fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	return o->fd < 0 ? -errno : 0;
}

static int private_namespace(void)
{
	if (unshare(CLONE_FS | CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return 0;
}

/* By mount(2), in a thread's namespace, and out of it again. */
static void *old_overlay(void *ctx)
{
	struct overlay *o = ctx;
	OWN(buf) struct buf text = { 0 };
	int r = private_namespace();

	buf_adds(&text, "lowerdir=");
	for (size_t i = 0; i < o->lower.n; i++)
		buf_printf(&text, "%s%s", i ? ":" : "", o->lower.items[i]);
	if (overlay_is_users())
		buf_adds(&text, ",userxattr");
	if (o->upper)
		buf_printf(&text, ",upperdir=%s,workdir=%s", o->upper, o->work);
	if (r == 0 && text.len > OPTIONS_MAX)
		(void)err_set(&o->err, -E2BIG, "%zu layers are more than this kernel can mount",
			      o->lower.n);
	else if (r == 0 && mount("overlay", o->place, "overlay", 0, buf_text(&text)) < 0)
		r = -errno;
	else if (r == 0)
		o->fd = open_tree(AT_FDCWD, o->place, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (r == 0 && !o->err.code && o->fd < 0)
		r = -errno;
	if (r < 0)
		(void)err_code(&o->err, r, "mounting the overlay");
	return NULL;
}

static int run_thread(void *(*main)(void *), void *ctx, struct err *err)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, main, ctx);

	if (r != 0)
		return err_code(err, -r, "starting a thread");
	(void)pthread_join(thread, NULL);
	return 0;
}

static int make_overlay(struct overlay *o, struct err *err)
{
	int r = new_overlay(o);

	if (r == -EOPNOTSUPP || r == -ENOSYS) {
		r = run_thread(old_overlay, o, err);
		if (r == 0 && o->err.code) {
			*err = o->err;
			r = o->err.code;
		}
		return r;
	}
	return r < 0 ? err_code(err, r, "mounting the overlay") : 0;
}

int container_tree_lower(const struct container_tree *t, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct overlay o = { .lower = lower_of(t->e, &t->c, &a), .place = t->e->root, .fd = -1 };
	int r;

	/* overlayfs wants two. */
	if (o.lower.n == 1) {
		int fd = open(o.lower.items[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		return fd < 0 ? err_sys(err, "%s", o.lower.items[0]) : fd;
	}
	r = make_overlay(&o, err);
	return r < 0 ? r : o.fd;
}

/* -- one that runs -- */

struct visit {
	int ns;
	int fd; /* the result, or a negative errno */
};

static void *copy_root(void *ctx)
{
	struct visit *v = ctx;

	v->fd = -EIO;
	if (unshare(CLONE_FS) == 0 && setns(v->ns, CLONE_NEWNS) == 0)
		v->fd = open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (v->fd < 0)
		v->fd = -errno;
	return NULL;
}

static int open_running(struct container_tree *t, enum container_tree_what what,
			const struct shim_status *s, struct err *err)
{
	OWN(fd) int pidfd = proc_open(s->pid, s->pid_start);
	OWN(fd) int proc = -1;
	OWN(fd) int root = -1;
	struct visit v = { .ns = -1 };
	int r;

	proc = open(arena_printf(&t->a, "/proc/%d", s->pid), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc >= 0)
		root = openat(proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* It is the process that we mean if that one still lives now. */
	if (pidfd < 0 || root < 0 || proc_signal(pidfd, 0) < 0)
		return err_set(err, -ESRCH, "container %.12s has just ended; try again", t->c.id);
	if (what == CONTAINER_TREE_LIVE) {
		t->dir = take_fd(&root);
		return 0;
	}
	v.ns = openat(proc, "ns/mnt", O_RDONLY | O_CLOEXEC);
	r = v.ns < 0 ? err_sys(err, "its mount namespace") : run_thread(copy_root, &v, err);
	fd_cleanup(&v.ns);
	if (r < 0)
		return r;
	if (v.fd < 0)
		return err_code(err, v.fd, "container %.12s: its root", t->c.id);
	t->dir = v.fd;
	return 0;
}

/* -- one that does not run -- */

struct assemble {
	struct container_tree *t;
	const char *place;
	int overlay;
	int code;
	struct err err;
};

/* As a start makes it. */
static int make_mount_point(int root, const struct mount_point *m)
{
	OWN(str) char *parent = str_dup(m->destination);
	char *slash = strrchr(parent, '/');
	OWN(fd) int dir = -1;
	OWN(fd) int file = -1;
	struct stat st;

	if (stat(m->source, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return openat2_mkdirs(root, m->destination, 0755);
	if (!slash)
		return -EINVAL;
	*slash = '\0';
	dir = openat2_mkdirs(root, *parent ? parent : "/", 0755);
	if (dir < 0)
		return dir;
	file = openat(dir, slash + 1, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return file < 0 ? -errno : openat2_open(dir, slash + 1, O_PATH, 0, RESOLVE_IN_ROOT);
}

static int bind(struct assemble *as, int root, const struct mount_point *m)
{
	OWN(fd)
	int at = openat2_open(root, m->destination, O_PATH, 0,
			      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
	OWN(fd) int tree = -1;

	if (at == -ENOENT)
		at = make_mount_point(root, m);
	if (at < 0)
		return err_code(&as->err, at, "mount point %s", m->destination);
	tree = open_tree(AT_FDCWD, m->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0 ||
	    move_mount(tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(&as->err, "mounting %s", m->source);
	if (!m->rw) {
		struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

		if (mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
			return err_sys(&as->err, "mounting %s", m->source);
	}
	return 0;
}

/* A namespace lives as long as there is a descriptor of it, and its mounts with it. */
static void *assemble(void *ctx)
{
	struct assemble *as = ctx;
	struct container_tree *t = as->t;
	OWN(fd) int root = -1;

	as->code = private_namespace();
	if (as->code == 0 && t->c.host_config.readonly_rootfs &&
	    mount_setattr(as->overlay, "", AT_EMPTY_PATH,
			  &(struct mount_attr){ .attr_set = MOUNT_ATTR_RDONLY },
			  sizeof(struct mount_attr)) < 0)
		as->code = -errno;
	if (as->code == 0 &&
	    move_mount(as->overlay, "", AT_FDCWD, as->place, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		as->code = -errno;
	if (as->code == 0) {
		t->ns = open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
		root = open(as->place, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (t->ns < 0 || root < 0)
			as->code = -errno;
	}
	if (as->code < 0) {
		(void)err_code(&as->err, as->code, "mounting the container's files");
		return NULL;
	}
	for (size_t i = 0; as->code == 0 && i < t->c.mounts.n; i++)
		if (str_eq(t->c.mounts.items[i].type, "bind"))
			as->code = bind(as, root, &t->c.mounts.items[i]);
	if (as->code == 0)
		t->dir = take_fd(&root);
	return NULL;
}

static int open_stopped(struct container_tree *t, enum container_tree_what what, struct err *err)
{
	struct engine *e = t->e;
	const char *place = arena_printf(&t->a, "%s/c/%s", e->state, t->c.id);
	struct overlay o = {
		.lower = lower_of(e, &t->c, &t->a),
		.upper = arena_printf(&t->a, "%s/upper/%s", e->root, t->c.id),
		.work = arena_printf(&t->a, "%s/work/%s", e->root, t->c.id),
		.place = place,
		.fd = -1,
	};
	struct assemble as = { .t = t, .place = place };
	int r = make_overlay(&o, err);

	if (r < 0)
		return err_wrap(err, "container %.12s", t->c.id);
	if (what != CONTAINER_TREE_LIVE) {
		t->dir = o.fd;
		return 0;
	}
	as.overlay = o.fd;
	r = run_thread(assemble, &as, err);
	(void)close(o.fd);
	if (r == 0 && as.code < 0) {
		*err = as.err;
		r = as.code;
	}
	return r;
}

/* -- pausing -- */

/* Executed in the child: nothing but system calls between fork() and exec. */
static _Noreturn void guard(int pipe, const char *berth, char *const *argv)
{
	char byte;
	ssize_t n;

	(void)setsid();
	do
		n = read(pipe, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		(void)execv(berth, argv);
	_exit(0);
}

static int start_guard(struct container_tree *t, struct err *err)
{
	struct strv argv = { 0 };
	const char *berth;
	int fds[2], r = program_find("berth", &t->a, &berth, err);

	if (r < 0)
		return r;
	strv_add(&argv, &t->a, "berth");
	strv_add(&argv, &t->a, "--root");
	strv_add(&argv, &t->a, t->e->root);
	strv_add(&argv, &t->a, "--state");
	strv_add(&argv, &t->a, t->e->state);
	strv_add(&argv, &t->a, "unpause");
	strv_add(&argv, &t->a, t->c.id);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	t->guard = fork();
	if (t->guard == 0) {
		(void)close(fds[1]);
		guard(fds[0], berth, (char *const *)argv.items);
	}
	(void)close(fds[0]);
	t->guard_pipe = fds[1];
	return t->guard < 0 ? err_sys(err, "fork") : 0;
}

static void end_guard(struct container_tree *t)
{
	if (t->guard_pipe < 0)
		return;
	(void)!write(t->guard_pipe, "", 1);
	fd_cleanup(&t->guard_pipe);
	while (t->guard > 0 && waitpid(t->guard, NULL, 0) < 0 && errno == EINTR)
		;
}

static int pause_it(struct container_tree *t, struct err *err)
{
	int r = start_guard(t, err);

	if (r == 0)
		r = container_pause(t->e, t->c.id, err);
	if (r == 0)
		t->paused = true;
	else
		end_guard(t);
	return r;
}

/* -- both -- */

static int open_upper(struct container_tree *t, struct err *err)
{
	t->dir = openat(t->e->root_fd, arena_printf(&t->a, "upper/%s", t->c.id),
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return t->dir < 0 ? err_sys(err, "container %.12s: its own layer", t->c.id) : 0;
}

static int open_found(struct container_tree *t, enum container_tree_what what, bool pause,
		      struct err *err)
{
	struct shim_status s;
	bool alive = false;
	int r;

	if (container_status_is_up(&t->c) && t->c.state.pid > 0) {
		if (pause && !t->c.state.paused) {
			r = pause_it(t, err);
			if (r < 0)
				return r;
		}
		if (what == CONTAINER_TREE_UPPER)
			return open_upper(t, err);
		r = container_dir_peek(t->e, t->c.id, &s, &alive);
		if (r < 0 || !alive || s.pid <= 0)
			return err_set(err, -ESRCH, "container %.12s has just ended; try again",
				       t->c.id);
		return open_running(t, what, &s, err);
	}
	r = container_query_locked(t->e, t->c.id, &t->a, &t->lock, &t->c, err);
	if (r < 0)
		return r;
	if (container_dir_peek(t->e, t->c.id, &s, &alive) == 0 && alive &&
	    !container_dir_wait_shim(t->lock.dir, SHIM_END_MS))
		return err_set(err, -EBUSY, "container %.12s is starting; try again", t->c.id);
	if (what == CONTAINER_TREE_UPPER)
		return open_upper(t, err);
	return open_stopped(t, what, err);
}

int container_tree_open(struct engine *e, const char *name, enum container_tree_what what,
			bool pause, struct container_tree **ret, struct err *err)
{
	OWN(container_tree) struct container_tree *t = mem_alloc(sizeof(*t));
	int r;

	t->e = e;
	t->lock = (struct container_dir)CONTAINER_DIR_INIT;
	t->dir = t->ns = t->guard_pipe = -1;
	r = container_find(e, name, &t->a, &t->c, err);
	if (r == 0)
		r = open_found(t, what, pause, err);
	if (r == 0)
		*ret = take(&t);
	return r;
}

void container_tree_close(struct container_tree *t)
{
	if (!t)
		return;
	fd_cleanup(&t->dir);
	fd_cleanup(&t->ns);
	if (t->paused && container_unpause(t->e, t->c.id, NULL) == 0)
		end_guard(t);
	fd_cleanup(&t->guard_pipe); /* otherwise the guard tries */
	if (t->lock.dir >= 0)
		container_dir_remove(t->e, t->c.id, &t->lock);
	arena_done(&t->a);
	free(t);
}

const struct container *container_tree_document(const struct container_tree *t)
{
	return &t->c;
}

int container_tree_dir(const struct container_tree *t)
{
	return t->dir;
}
