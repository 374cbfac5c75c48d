/*
 * criu.c - having CRIU write a tree of processes into files, or make one of them
 *
 * The protocol is protobuf messages over a SOCK_SEQPACKET socket: one request, then a message for
 * each point of the work, which it waits at, and one with the outcome. It is spoken here, not by
 * libcriu, which Debian does not have, and which reports neither terminals nor namespaces.
 *
 * CRIU is our child, for it makes a restored tree as its sibling: that must be our child, too.
 */
#include "cmd/criu.h"

#include "base/own.h"
#include "cmd/criu_rpc.pb-c.h"
#include "sys/fd_send.h"
#include "sys/file.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TYPE_DUMP = 1, TYPE_RESTORE = 2, TYPE_NOTIFY = 6, TYPE_FEATURES = 9, TYPE_VERSION = 10 };
enum { TYPE_PRE_DUMP = 13 }; /* one, not a series over the same connection */
enum { ANSWER_MAX = 1 << 16, LOG_LEVEL = 4, NOT_STARTED = 125, VERSION_MIN = 31500 };

/* Engines are often started without the directories of administrators in PATH. */
static void execute(const char *program, char *const argv[])
{
	static const char *const places[] = { "/usr/local/sbin/", "/usr/sbin/", "/sbin/" };
	char path[64];

	(void)execvp(program, argv);
	for (size_t i = 0; errno == ENOENT && !strchr(program, '/') && strlen(program) < 32 &&
			   i < sizeof(places) / sizeof(places[0]);
	     i++) {
		(void)snprintf(path, sizeof(path), "%s%s", places[i], program);
		(void)execv(path, argv);
	}
}

static int describe_missing(const char *program, struct err *err)
{
	if (errno == ENOENT)
		return err_set(err, -ENOENT,
			       "%s is not installed; install the package criu, or give --criu",
			       program);
	return err_sys(err, "executing %s", program);
}

static ssize_t receive(int socket, void *data, size_t len, int *ret_fd, int *ret_flags)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec to = { .iov_base = data, .iov_len = len };
	struct msghdr message = { .msg_iov = &to,
				  .msg_iovlen = 1,
				  .msg_control = control.room,
				  .msg_controllen = sizeof(control.room) };
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	*ret_fd = -1;
	*ret_flags = message.msg_flags;
	c = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return n;
}

static int hand_over(const char *path, int report, struct err *err)
{
	OWN(fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd_send(report, "", 1, fd);

	return r < 0 ? err_code(err, r, "%s", path) : 0;
}

static _Noreturn void child(const struct criu_start *s, int socket, int report)
{
	struct err err = ERR_INIT;
	char number[16];
	char *argv[] = { "criu", "swrk", number, NULL };
	sigset_t none;
	int r;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)snprintf(number, sizeof(number), "%d", socket);
	r = s->prepare ? s->prepare(s->ctx, &err) : 0;
	if (r == 0 && s->work)
		r = hand_over(s->work, report, &err);
	if (r == 0) {
		(void)fcntl(socket, F_SETFD, 0);
		for (size_t i = 0; i < s->n_inherit; i++)
			(void)fcntl(s->inherit[i].fd, F_SETFD, 0);
		execute(s->program, argv);
		(void)describe_missing(s->program, &err);
	}
	(void)send(report, &err, sizeof(err), MSG_NOSIGNAL);
	_exit(NOT_STARTED);
}

void criu_cleanup(struct criu *c)
{
	fd_cleanup(&c->work_fd);
	fd_cleanup(&c->socket); /* it ends by that, undoing what it has done */
	if (c->pid > 0)
		(void)waitpid(c->pid, NULL, 0);
	c->pid = -1;
}

/* When nothing more comes, it was executed. */
static int hear_start(int report, int *ret_work, struct err *err)
{
	struct err why;
	int fd, flags;
	ssize_t n = receive(report, &why, sizeof(why), &fd, &flags);

	if (n == 1 && fd >= 0) {
		*ret_work = fd;
		n = receive(report, &why, sizeof(why), &fd, &flags);
	}
	if (n == 0)
		return 0;
	if (n != (ssize_t)sizeof(why))
		return err_set(err, -EIO, "criu could not be started");
	*err = why;
	return why.code;
}

static int spawn(const struct criu_start *s, struct criu *c, struct err *err)
{
	OWN(fd) int theirs = -1;
	OWN(fd) int ours = -1;
	OWN(fd) int report = -1;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys(err, "socketpair");
	c->socket = fds[0];
	theirs = fds[1];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys(err, "socketpair");
	ours = fds[0];
	report = fds[1];
	c->pid = fork();
	if (c->pid < 0)
		return err_sys(err, "fork");
	if (c->pid == 0)
		child(s, theirs, report);
	fd_cleanup(&theirs);
	fd_cleanup(&report);
	return hear_start(ours, &c->work_fd, err);
}

static int say(const struct criu *c, const CriuReq *request, struct err *err)
{
	size_t len = criu_req__get_packed_size(request);
	OWN(mem) uint8_t *data = malloc(len);
	ssize_t n;

	if (!data)
		return err_set(err, -ENOMEM, "out of memory");
	(void)criu_req__pack(request, data);
	do
		n = send(c->socket, data, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(err, "speaking to criu") : 0;
}

static void criu_resp_cleanup(CriuResp **r)
{
	if (*r)
		criu_resp__free_unpacked(*r, NULL);
}

static int hear(const struct criu *c, CriuResp **ret, int *ret_fd, struct err *err)
{
	OWN(mem) uint8_t *data = malloc(ANSWER_MAX);
	ssize_t n;
	int flags;

	if (!data)
		return err_set(err, -ENOMEM, "out of memory");
	n = receive(c->socket, data, ANSWER_MAX, ret_fd, &flags);
	if (n < 0)
		return err_sys(err, "hearing criu");
	if (n == 0)
		return err_set(err, -EPIPE, "criu ended without an answer");
	*ret = criu_resp__unpack(NULL, (size_t)n, data);
	if (!*ret || flags & MSG_TRUNC) {
		fd_cleanup(ret_fd);
		return err_set(err, -EPROTO, "criu: an answer that is none of its protocol");
	}
	return 0;
}

/* A question that the connection survives. */
static int ask(const struct criu *c, CriuReq *request, CriuResp **ret, struct err *err)
{
	OWN(fd) int fd = -1;
	int r;

	request->has_keep_open = request->keep_open = true;
	r = say(c, request, err);
	if (r == 0)
		r = hear(c, ret, &fd, err);
	if (r == 0 && (!(*ret)->success || (*ret)->type != request->type))
		r = err_set(err, -EPROTO, "criu did not answer what it was asked");
	return r;
}

static int ask_version(struct criu *c, struct err *err)
{
	CriuReq request = CRIU_REQ__INIT;
	OWN(criu_resp) CriuResp *answer = NULL;
	int r;

	request.type = TYPE_VERSION;
	r = ask(c, &request, &answer, err);
	if (r < 0 || !answer->version)
		return r < 0 ? r : err_set(err, -EPROTO, "criu does not say its version");
	c->version = answer->version->major_number * 10000 + answer->version->minor_number * 100;
	return criu_require(c, VERSION_MIN, "this", err);
}

int criu_open(const struct criu_start *start, struct criu *ret, struct err *err)
{
	struct criu c = CRIU_INIT;
	int r = spawn(start, &c, err);

	if (r == 0)
		r = ask_version(&c, err);
	if (r < 0) {
		criu_cleanup(&c);
		return r;
	}
	*ret = c;
	return 0;
}

int criu_require(const struct criu *c, int version, const char *what, struct err *err)
{
	if (c->version >= version)
		return 0;
	return err_set(err, -ENOTSUP, "%s needs criu %d.%d; this one is %d.%d", what,
		       version / 10000, version / 100 % 100, c->version / 10000,
		       c->version / 100 % 100);
}

int criu_check_features(struct criu *c, bool mem_track, bool lazy_pages, struct err *err)
{
	CriuReq request = CRIU_REQ__INIT;
	CriuFeatures features = CRIU_FEATURES__INIT;
	OWN(criu_resp) CriuResp *answer = NULL;
	const CriuFeatures *has;
	int r;

	features.has_mem_track = features.mem_track = mem_track;
	features.has_lazy_pages = features.lazy_pages = lazy_pages;
	request.type = TYPE_FEATURES;
	request.features = &features;
	r = ask(c, &request, &answer, err);
	if (r < 0)
		return r;
	has = answer->features;
	if (mem_track && (!has || !has->mem_track))
		return err_set(err, -ENOTSUP,
			       "criu or this kernel cannot track which memory has changed "
			       "(CONFIG_MEM_SOFT_DIRTY); checkpoint without --pre-dump");
	if (lazy_pages && (!has || !has->lazy_pages))
		return err_set(err, -ENOTSUP,
			       "criu or this kernel cannot load memory late (userfaultfd); "
			       "checkpoint without --lazy-pages");
	return 0;
}

/* -- the work -- */

/* Lists of messages, in memory that lasts as long as the request. */
struct lists {
	struct arena a;
};

static void lists_cleanup(struct lists *l)
{
	arena_done(&l->a);
}

static CriuMount **mounts(struct lists *l, const struct str_map *from)
{
	CriuMount **list = arena_array(&l->a, from->n, sizeof(CriuMount *));

	for (size_t i = 0; i < from->n; i++) {
		list[i] = arena_new(&l->a, CriuMount);
		criu_mount__init(list[i]);
		list[i]->key = (char *)from->items[i].key;
		list[i]->val = (char *)from->items[i].value;
	}
	return list;
}

static CriuJoin **joins(struct lists *l, const struct str_map *from)
{
	CriuJoin **list = arena_array(&l->a, from->n, sizeof(CriuJoin *));

	for (size_t i = 0; i < from->n; i++) {
		list[i] = arena_new(&l->a, CriuJoin);
		criu_join__init(list[i]);
		list[i]->ns = (char *)from->items[i].key;
		list[i]->ns_file = (char *)from->items[i].value;
	}
	return list;
}

static CriuCgroupRoot **cgroup_roots(struct lists *l, const struct str_map *from)
{
	CriuCgroupRoot **list = arena_array(&l->a, from->n, sizeof(CriuCgroupRoot *));

	for (size_t i = 0; i < from->n; i++) {
		list[i] = arena_new(&l->a, CriuCgroupRoot);
		criu_cgroup_root__init(list[i]);
		list[i]->ctrl = (char *)from->items[i].key;
		list[i]->path = (char *)from->items[i].value;
	}
	return list;
}

static CriuInherit **inherited(struct lists *l, const struct criu_inherit_fd *from, size_t n)
{
	CriuInherit **list = arena_array(&l->a, n, sizeof(CriuInherit *));

	for (size_t i = 0; i < n; i++) {
		list[i] = arena_new(&l->a, CriuInherit);
		criu_inherit__init(list[i]);
		list[i]->key = (char *)from[i].key;
		list[i]->fd = from[i].fd;
	}
	return list;
}

#define SET(message, member, value) ((message)->has_##member = true, (message)->member = (value))

static void put_lists(struct lists *l, const struct criu_options *o, CriuOpts *to)
{
	to->ext_mnt = mounts(l, &o->mounts);
	to->n_ext_mnt = o->mounts.n;
	to->join_ns = joins(l, &o->joins);
	to->n_join_ns = o->joins.n;
	to->cg_root = cgroup_roots(l, &o->cgroup_roots);
	to->n_cg_root = o->cgroup_roots.n;
	to->inherit_fd = inherited(l, o->inherit, o->n_inherit);
	to->n_inherit_fd = o->n_inherit;
	to->external = (char **)o->external.items;
	to->n_external = o->external.n;
	if (o->page_server) {
		to->ps = arena_new(&l->a, CriuPageServer);
		criu_page_server__init(to->ps);
		to->ps->address = (char *)o->page_server;
		SET(to->ps, port, o->page_server_port);
	}
}

static void put_switches(const struct criu_options *o, CriuOpts *to)
{
	SET(to, leave_running, o->leave_running);
	SET(to, ext_unix_sk, o->ext_unix_sk);
	SET(to, tcp_established, o->tcp_established);
	SET(to, tcp_skip_in_flight, o->tcp_skip_in_flight);
	SET(to, tcp_close, o->tcp_close);
	SET(to, shell_job, o->shell_job);
	SET(to, file_locks, o->file_locks);
	SET(to, link_remap, o->link_remap);
	SET(to, auto_dedup, o->auto_dedup);
	SET(to, lazy_pages, o->lazy_pages);
	SET(to, empty_ns, o->empty_network ? CLONE_NEWNET : 0);
	SET(to, notify_scripts, true);
	SET(to, orphan_pts_master, true);
	SET(to, log_level, LOG_LEVEL);
	SET(to, manage_cgroups_mode, o->cgroups_mode);
	if (o->network_lock != CRIU_LOCK_DEFAULT)
		SET(to, network_lock, o->network_lock);
}

static void put_options(struct lists *l, enum criu_work work, const struct criu_options *o,
			CriuOpts *to)
{
	to->images_dir_fd = o->images_fd;
	if (o->work_fd >= 0)
		SET(to, work_dir_fd, o->work_fd);
	to->log_file = (char *)o->log_file;
	to->root = (char *)o->root;
	to->parent_img = (char *)o->parent;
	to->config_file = (char *)o->config_file;
	to->freeze_cgroup = (char *)o->freeze_cgroup;
	to->cgroup_yard = (char *)o->cgroup_yard;
	to->lsm_profile = (char *)o->lsm_profile;
	to->lsm_mount_context = (char *)o->lsm_mount_context;
	if (work == CRIU_RESTORE) {
		SET(to, rst_sibling, true);
		SET(to, evasive_devices, true);
	} else {
		SET(to, pid, o->pid);
	}
	if (o->parent)
		SET(to, track_mem, true);
	put_switches(o, to);
	put_lists(l, o, to);
}

static int answer_notify(const struct criu *c, const CriuResp *point, int *fd,
			 criu_notify_fn *notify, void *ctx, struct err *err)
{
	CriuReq go_on = CRIU_REQ__INIT;
	const CriuNotify *n = point->notify;
	int r = 0;

	if (n && n->script)
		r = notify(ctx, n->script, n->has_pid ? n->pid : 0, fd, err);
	if (r < 0)
		return r;
	go_on.type = TYPE_NOTIFY;
	SET(&go_on, notify_success, true);
	return say(c, &go_on, err);
}

static int failed(const CriuResp *answer, struct err *err)
{
	int code = answer->has_cr_errno && answer->cr_errno > 0 ? -answer->cr_errno : -EIO;
	size_t len = answer->cr_errmsg ? strcspn(answer->cr_errmsg, "\n") : 0;

	if (len == 0)
		return err_code(err, code, "criu");
	return err_set(err, code, "criu: %.*s", (int)len, answer->cr_errmsg);
}

static int follow(const struct criu *c, int type, criu_notify_fn *notify, void *ctx,
		  struct err *err)
{
	for (;;) {
		OWN(criu_resp) CriuResp *answer = NULL;
		OWN(fd) int fd = -1;
		int r = hear(c, &answer, &fd, err);

		if (r < 0)
			return r;
		if (!answer->success)
			return failed(answer, err);
		if (answer->type == type)
			return 0;
		if (answer->type != TYPE_NOTIFY)
			return err_set(err, -EPROTO, "criu answers %d, which was not asked",
				       answer->type);
		r = answer_notify(c, answer, &fd, notify, ctx, err);
		if (r < 0)
			return r;
	}
}

/* After the answer there is nothing left for it to fail at but its own end. */
static int reap(struct criu *c, struct err *err)
{
	int status = 0;
	pid_t pid;

	fd_cleanup(&c->socket);
	do
		pid = waitpid(c->pid, &status, 0);
	while (pid < 0 && errno == EINTR);
	c->pid = -1;
	if (pid < 0)
		return err_sys(err, "waiting for criu");
	return WIFEXITED(status)
		       ? 0
		       : err_set(err, -EIO, "criu was killed by signal %d", WTERMSIG(status));
}

int criu_run(struct criu *c, enum criu_work work, const struct criu_options *options,
	     criu_notify_fn *notify, void *ctx, struct err *err)
{
	static const int types[] = { [CRIU_DUMP] = TYPE_DUMP,
				     [CRIU_PRE_DUMP] = TYPE_PRE_DUMP,
				     [CRIU_RESTORE] = TYPE_RESTORE };
	OWN(lists) struct lists lists = { ARENA_INIT };
	CriuReq request = CRIU_REQ__INIT;
	CriuOpts opts = CRIU_OPTS__INIT;
	int r;

	put_options(&lists, work, options, &opts);
	request.type = types[work];
	request.opts = &opts;
	r = say(c, &request, err);
	if (r == 0)
		r = follow(c, types[work], notify, ctx, err);
	if (r < 0) {
		criu_cleanup(c);
		return r;
	}
	return reap(c, err);
}
