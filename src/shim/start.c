/*
 * start.c - from the plan to a running container
 *
 * The lock on the status file comes first: from then on others know that somebody is at work. The
 * socket is there before the container runs, so whoever sees it running can connect.
 */
#include "shim/start.h"

#include "base/own.h"
#include "base/str.h"
#include "model/shim_plan.h"
#include "runtime/runtime.h"
#include "shim/plan_map.h"
#include "shim/plugins.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

enum { BACKLOG = 64, EXIT_ENGINE = 125 };

/* -- the plan -- */

static void keep(struct supervisor *s, const struct shim_plan *plan)
{
	const struct oci_resources *r = plan->config.linux_ ? plan->config.linux_->resources : NULL;

	s->id = str_dup(plan->id);
	s->root_dir = str_dup(plan->root_dir);
	s->state_root = str_dup(plan->state_root);
	s->state_dir = str_dup(plan->state_dir);
	s->berth = str_dup(plan->berth);
	s->log_path = str_dup(plan->log_path);
	s->cgroup = str_dup(plan->cgroup);
	s->auto_remove = plan->auto_remove;
	s->open_stdin = plan->open_stdin;
	s->stdin_once = plan->stdin_once;
	s->own_pid_ns = oci_runtime_has_namespace(&plan->config, "pid");
	s->memory_limited = r && r->memory && r->memory->limit;
	s->restart = plan->restart;
	s->restart_max = plan->restart_max;
	log_file_init(&s->log, &s->log_room, s->log_path, plan->log_max_size, plan->log_max_file);
}

/* -- the process -- */

/*
 * Signals do nothing to us; what ends a shim is its container, or SIGKILL. The container begins
 * with an empty mask all the same.
 */
static int become_supervisor(struct supervisor *s, struct err *err)
{
	sigset_t all, child;

	(void)setsid();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 || chdir("/") < 0)
		return err_sys(err, "becoming the container's supervisor");
	(void)sigfillset(&all);
	(void)sigemptyset(&child);
	(void)sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	s->signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals < 0 ? err_sys(err, "signalfd") : 0;
}

static int set_cloexec(int first, int last)
{
	return syscall(SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

/* Descriptors that came with us and are nobody's. */
static void close_rest(const struct start_again *again)
{
	unsigned first =
		again ? START_FD_CLIENTS + (unsigned)strlen(again->clients) : SHIM_FD_CLIENT + 1;

	(void)set_cloexec(SHIM_FD_PLAN, SHIM_FD_CLIENT);
	(void)syscall(SYS_close_range, first, ~0U, 0);
}

/* A socket's address is short, and STATE may be long: it is bound by its name alone. */
static int open_listener(struct supervisor *s, struct err *err)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "shim.sock" };
	mode_t before = umask(0177);
	int r = 0;

	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)unlinkat(s->dir, name.sun_path, 0);
	if (s->listener < 0 || fchdir(s->dir) < 0 ||
	    bind(s->listener, (const struct sockaddr *)&name, sizeof(name)) < 0 ||
	    listen(s->listener, BACKLOG) < 0)
		r = err_sys(err, "%s/%s", s->state_dir, name.sun_path);
	(void)umask(before);
	if (chdir("/") < 0 && r == 0)
		r = err_sys(err, "/");
	return r;
}

static int open_state(struct supervisor *s, struct err *err)
{
	int r;

	s->dir = open(s->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return err_sys(err, "%s", s->state_dir);
	r = status_record_open(&s->status, s->dir, err);
	return r < 0 ? r : open_listener(s, err);
}

/* The same from an earlier self, which left everything open. */
static int inherit_state(struct supervisor *s, const struct start_again *again, struct err *err)
{
	int n = (int)strlen(again->clients), r;

	s->dir = open(s->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return err_sys(err, "%s", s->state_dir);
	s->listener = START_FD_LISTENER;
	r = set_cloexec(START_FD_STATUS, START_FD_CLIENTS + n - 1);
	if (r < 0)
		return err_code(err, r, "descriptors of the container's supervisor");
	for (int i = 0; i < n; i++) {
		struct client *c = client_add(&s->clients, START_FD_CLIENTS + i);

		if (c)
			c->waits = again->clients[i] == 'w' ? CLIENT_WAITS_END : CLIENT_WAITS_NOT;
	}
	s->delay_ms = again->delay_ms;
	return status_record_inherit(&s->status, START_FD_STATUS, err);
}

static void add_starter(struct supervisor *s, const struct shim_plan *plan)
{
	struct client *c = client_add(&s->clients, SHIM_FD_CLIENT);

	if (!c)
		return;
	c->starter = true;
	c->pending = CLIENT_STARTED;
	c->attached = plan->attach != 0;
	c->output = plan->attach & (SHIM_ATTACH_STDOUT | SHIM_ATTACH_STDERR);
	c->gives_stdin = plan->open_stdin && (plan->attach & SHIM_ATTACH_STDIN);
}

/* -- the container -- */

struct ends {
	int fds[3];
};

static void ends_cleanup(struct ends *e)
{
	for (int i = 0; i < 3; i++)
		fd_cleanup(&e->fds[i]);
}

static int run(struct supervisor *s, struct shim_plan *plan, struct arena *a, int *ret_exit,
	       struct err *err)
{
	OWN(ends) struct ends child = { { -1, -1, -1 } };
	OWN(fd) int netns = -1;
	struct runtime_overlay overlay = {
		.lower = &plan->lower,
		.upper = plan->upper,
		.work = plan->work,
		.is_volatile = plan->volatile_upper,
	};
	struct runtime_start start = {
		.config = &plan->config,
		.overlay = &overlay,
		.cgroup = plan->cgroup,
		.cgroup_is_optional = plan->keeper != NULL,
		.seccomp_cache = plan->seccomp_cache,
		.seccomp_key = plan->seccomp_key,
		.die_with_parent = true,
	};
	struct runtime_process process;
	uid_t owner = plan->config.process ? plan->config.process->user.uid : 0;
	int r = health_prepare(s, plan, err);

	if (r == 0 && !plan->terminal)
		r = streams_open(&s->streams, plan->open_stdin, owner, child.fds, err);
	if (r < 0)
		return r;
	if (plan->net) {
		r = netns_setup(&s->netns, plan->net, s->dir, &netns, err);
		if (r < 0)
			return r;
		netns_join(&plan->config, netns, a);
		r = plugins_join(s, plan, netns, a, err);
		if (r < 0) {
			netns_unpublish(&s->netns);
			return r;
		}
	}
	/* Before the container runs, so that its first question is heard. */
	if (plan->resolver) {
		r = resolver_open(&s->resolver, plan, s->dir, err);
		if (r < 0) {
			netns_unpublish(&s->netns);
			plugins_leave(s);
			return r;
		}
	}
	start.stdin_fd = child.fds[0];
	start.stdout_fd = child.fds[1];
	start.stderr_fd = child.fds[2];
	r = runtime_start(&start, a, &process, ret_exit, err);
	if (r < 0) {
		netns_unpublish(&s->netns);
		plugins_leave(s);
		resolver_close(&s->resolver);
		return r;
	}
	s->pid = process.pid;
	s->pidfd = process.pidfd;
	s->status.now.pid = process.pid;
	s->status.now.pid_start = process.start_time;
	if (plan->terminal)
		streams_open_terminal(&s->streams, process.console_fd, plan->open_stdin);
	return 0;
}

static void announce(struct supervisor *s)
{
	struct shim_status *now = &s->status.now;

	now->state = SHIM_STATE_RUNNING;
	now->exit_code = 0;
	now->oom_killed = 0;
	now->error[0] = '\0';
	now->started_at = supervisor_now_ns();
	now->shim_pid = getpid();
	health_begin(s);
	status_record_write(&s->status);
	s->clients.started = *now;
	for (size_t i = 0; i < s->clients.top; i++)
		if (s->clients.items[i].used)
			client_send(&s->clients, &s->clients.items[i]);
}

/* Open as long as we live, and in no program of the container. close_rest() has been. */
static int hold_keeper(const struct shim_plan *plan, struct err *err)
{
	if (!plan->keeper || open(plan->keeper, O_WRONLY | O_NONBLOCK | O_CLOEXEC) >= 0)
		return 0;
	return err_sys(err, "the process that holds your namespaces has ended: %s", plan->keeper);
}

static int start(struct supervisor *s, const struct start_again *again, struct arena *a,
		 int *ret_exit, struct err *err)
{
	OWN(plan_map) struct plan_map map = { 0 };
	struct shim_plan plan;
	int r = plan_map_open(&shim_plan_schema, a, &plan, &map, err);

	if (r < 0)
		return r;
	keep(s, &plan);
	close_rest(again);
	r = hold_keeper(&plan, err);
	if (r == 0)
		r = become_supervisor(s, err);
	if (r == 0)
		r = again ? inherit_state(s, again, err) : open_state(s, err);
	if (r < 0)
		return r;
	if (!again) {
		s->status.now.restart_count = (uint32_t)plan.restart_count;
		add_starter(s, &plan);
	}
	r = run(s, &plan, a, ret_exit, err);
	if (r < 0)
		return r;
	s->phase = PHASE_RUNNING;
	announce(s);
	if (s->restart == SHIM_RESTART_NO) /* the plan's memory is the kernel's again */
		(void)close(SHIM_FD_PLAN);
	return 0;
}

int start_container(struct supervisor *s, const struct start_again *again, int *ret_exit,
		    struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;

	s->streams = (struct streams)STREAMS_NONE;
	s->health = (struct health)HEALTH_NONE;
	s->netns = (struct netns)NETNS_NONE;
	s->clients.room = &s->client_room;
	resolver_init(&s->resolver, &s->resolver_room);
	s->dir = s->listener = s->signals = s->pidfd = s->status.fd = -1;
	*ret_exit = EXIT_ENGINE;
	return start(s, again, &a, ret_exit, err);
}

void start_report_failure(int fd, int exit_code, const struct err *err)
{
	unsigned char frame[FRAME_HEADER + sizeof(struct shim_failure) + sizeof(err->msg)];
	struct shim_failure failure = { .error = err->code, .exit_code = exit_code };
	size_t text = strlen(err->msg), len = sizeof(failure) + text;

	frame_header(frame, SHIM_FAILED, len);
	memcpy(frame + FRAME_HEADER, &failure, sizeof(failure));
	memcpy(frame + FRAME_HEADER + sizeof(failure), err->msg, text);
	(void)send(fd, frame, FRAME_HEADER + len, MSG_NOSIGNAL);
}
