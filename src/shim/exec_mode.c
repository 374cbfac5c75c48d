/*
 * exec_mode.c - one more process in a running container
 *
 * Without a terminal the process has our caller's pipes, so there is mostly nothing to do but wait
 * for it. As with docker, what ends us (SIGINT, SIGTERM, …) does not end the process.
 */
#include "shim/exec_mode.h"

#include "base/own.h"
#include "base/str.h"
#include "model/shim_plan.h"
#include "model/shim_proto.h"
#include "runtime/runtime.h"
#include "shim/exec_streams.h"
#include "shim/exec_terminal.h"
#include "shim/memory.h"
#include "shim/plan_map.h"
#include "shim/start.h"
#include "sys/proc.h"
#include "sys/userns.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { IDLE_MS = 500, EXIT_OUTPUT = 1, EXIT_ENGINE = 125 };

/* What outlives the plan. */
struct exec_mode {
	bool detach, interactive;
	int64_t timeout_ns;
	const char *init_pid, *init_start; /* of the command line; NULL: the plan's */
	char keys[EXEC_TERMINAL_KEYS_MAX + 1];
	struct runtime_process process;
	struct exec_streams streams;
};

static int start(struct exec_mode *m, struct arena *a, int *ret_exit, struct err *err)
{
	OWN(plan_map) struct plan_map map = { 0 };
	struct exec_plan plan;
	int r = plan_map_open(&exec_plan_schema, a, &plan, &map, err);

	if (r < 0)
		return r;
	m->detach = plan.detach;
	m->interactive = plan.interactive;
	m->timeout_ns = plan.timeout;
	if (m->init_pid) {
		plan.init_pid = (int)strtol(m->init_pid, NULL, 10);
		plan.init_start = strtoull(m->init_start, NULL, 10);
	}
	if (plan.detach_keys)
		(void)snprintf(m->keys, sizeof(m->keys), "%s", plan.detach_keys);
	r = exec_streams_open(&m->streams, plan.interactive, plan.process.terminal,
			      plan.process.user.uid, err);
	if (r < 0)
		return r;

	struct runtime_exec exec = {
		.init_pid = plan.init_pid,
		.init_start = plan.init_start,
		.cgroup = plan.cgroup,
		/* An ordinary user's container may be in a group nowhere, or not everywhere. */
		.cgroup_is_partial = !userns_is_roots(),
		.process = &plan.process,
		.seccomp = plan.seccomp,
		.seccomp_cache = plan.seccomp_cache,
		.seccomp_key = plan.seccomp_key,
		.stdin_fd = m->streams.given[0],
		.stdout_fd = m->streams.given[1],
		.stderr_fd = m->streams.given[2],
	};

	r = runtime_exec(&exec, a, &m->process, ret_exit, err);
	exec_streams_hand_over(&m->streams);
	return r;
}

static void report_start(const struct exec_mode *m)
{
	unsigned char frame[FRAME_HEADER + sizeof(struct shim_status)];
	struct shim_status status = {
		.version = SHIM_STATUS_VERSION,
		.state = SHIM_STATE_RUNNING,
		.pid = m->process.pid,
		.pid_start = m->process.start_time,
		.shim_pid = getpid(),
		.started_at = supervisor_now_ns(),
	};

	frame_header(frame, SHIM_STARTED, sizeof(status));
	memcpy(frame + FRAME_HEADER, &status, sizeof(status));
	(void)send(SHIM_FD_CLIENT, frame, sizeof(frame), MSG_NOSIGNAL);
	(void)close(SHIM_FD_CLIENT);
}

static void complain(const struct err *err)
{
	OWN(str) char *line = str_printf("berth: %s\n", err->msg);

	(void)!write(STDERR_FILENO, line, strlen(line));
}

/* Our caller knows before us whether it waits on the other side of SHIM_FD_CLIENT. */
static void report_failure(int exit_code, const struct err *err)
{
	if (fcntl(SHIM_FD_CLIENT, F_GETFD) >= 0)
		start_report_failure(SHIM_FD_CLIENT, exit_code, err);
	else
		complain(err);
}

/* A check that takes too long is killed; that it was, our own death by SIGALRM says. */
static void hold_to_time(const struct exec_mode *m)
{
	struct pollfd ended = { .fd = m->process.pidfd, .events = POLLIN };
	int64_t end = supervisor_steady_ms() + (m->timeout_ns + 999999) / 1000000, left;

	while ((left = end - supervisor_steady_ms()) > 0)
		if (poll(&ended, 1, left > INT32_MAX ? INT32_MAX : (int)left) > 0)
			return;
	(void)proc_signal(m->process.pidfd, SIGKILL);
	while (waitpid(m->process.pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void)signal(SIGALRM, SIG_DFL);
	(void)raise(SIGALRM);
}

static int wait_for(const struct exec_mode *m)
{
	struct pollfd ended = { .fd = m->process.pidfd, .events = POLLIN };
	int status = 0;

	if (m->timeout_ns)
		hold_to_time(m);
	/* Most commands are over at once, and then this would cost more than it saves. */
	else if (poll(&ended, 1, IDLE_MS) == 0)
		memory_give_back();
	while (waitpid(m->process.pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Output that was lost is not a success. */
static int relay(struct exec_mode *m)
{
	struct err err = ERR_INIT;
	int end = exec_streams_relay(&m->streams, &m->process);

	if (end >= 0)
		return end;
	end = wait_for(m);
	if (m->streams.lost) {
		(void)err_code(&err, -m->streams.lost, "the command's output");
		complain(&err);
	}
	return end == 0 && m->streams.lost ? EXIT_OUTPUT : end;
}

/* The lists of the plan are gone when this returns. */
static int start_and_report(struct exec_mode *m, int *ret_exit)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	int r = start(m, &a, ret_exit, &err);

	if (r < 0)
		report_failure(*ret_exit, &err);
	else if (m->detach)
		report_start(m);
	(void)close(SHIM_FD_PLAN);
	return r;
}

static int run(const char *init_pid, const char *init_start)
{
	struct exec_mode m = {
		.init_pid = init_pid,
		.init_start = init_start,
		.process = { .console_fd = -1 },
	};
	int exit_code = EXIT_ENGINE, end;

	for (int fd = SHIM_FD_PLAN; fd <= SHIM_FD_CLIENT; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (start_and_report(&m, &exit_code) < 0)
		return exit_code;
	if (m.process.console_fd < 0)
		return exec_streams_are_relayed(&m.streams) ? relay(&m) : wait_for(&m);
	if (m.detach) {
		exec_terminal_hold(&m.process);
		return wait_for(&m);
	}
	end = exec_terminal_relay(&m.process, m.interactive, m.keys);
	return end < 0 ? wait_for(&m) : end;
}

int exec_mode_run(void)
{
	return run(NULL, NULL);
}

int exec_mode_probe(const char *pid, const char *start_time)
{
	return run(pid, start_time);
}
