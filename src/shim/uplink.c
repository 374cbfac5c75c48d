/*
 * uplink.c - an ordinary user's container and what is outside
 *
 * The program's life is tied to ours by PR_SET_PDEATHSIG, and so to the container's, whose init is
 * tied to us as well: killed at any moment, no two of the three are left. When it is killed itself,
 * the container goes on without a way out until it is started again.
 *
 * It says that it is ready by writing to a pipe; what it says on stderr until then is why it is
 * not.
 */
#include "shim/uplink.h"

#include "base/own.h"
#include "shim/uplink_program.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { READY_MS = 15000, SAID_MAX = 400, FIRST_SPARE_FD = 64, PIPE_ENDS = 2 };

/* All that the child needs, decided and opened; each above the numbers that it gets. */
struct child {
	int null, said, netns, ready, dir;
	pid_t parent;
	bool ignores_pipes;
	const char *path;
	char *const *argv;
	volatile int error;
};

static void close_child(struct child *c)
{
	fd_cleanup(&c->null);
	fd_cleanup(&c->said);
	fd_cleanup(&c->netns);
	fd_cleanup(&c->ready);
	fd_cleanup(&c->dir);
}

/* It shares our memory: system calls only. */
static _Noreturn void run_child(struct child *c)
{
	static char *const env[] = { NULL };
	const int placed[][2] = {
		{ c->null, 0 },
		{ c->null, 1 },
		{ c->said, 2 },
		{ c->netns, UPLINK_FD_NETNS },
		{ c->ready, UPLINK_FD_READY },
		{ c->dir, UPLINK_FD_DIR },
	};
	sigset_t none;
	int r = prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);

	for (size_t i = 0; r >= 0 && i < sizeof(placed) / sizeof(placed[0]); i++)
		r = dup2(placed[i][0], placed[i][1]);
	if (r >= 0)
		r = (int)syscall(SYS_close_range, UPLINK_FD_DIR + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	/* We read what it says until it is ready, and not what it says later. pasta sees to that
	 * itself, and does not start where it has been seen to. */
	(void)signal(SIGPIPE, c->ignores_pipes ? SIG_IGN : SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (r >= 0 && getppid() == c->parent)
		(void)execve(c->path, c->argv, env);
	c->error = errno ? errno : ESRCH;
	_exit(127);
}

static int spawn(struct child *c, struct uplink *u)
{
	sigset_t all, before;
	pid_t pid;

	c->parent = getpid();
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = vfork();
	if (pid == 0)
		run_child(c);
	if (pid < 0)
		c->error = errno;
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid > 0) {
		u->pid = pid;
		u->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	}
	if (pid > 0 && (c->error || u->pidfd < 0)) {
		int error = c->error ? c->error : errno;

		uplink_stop(u);
		return -error;
	}
	return c->error ? -c->error : 0;
}

/* Waits until it is ready or has ended: true when it is ready. */
static bool wait_ready(const struct uplink *u, int ready)
{
	struct pollfd polled[] = { { .fd = ready, .events = POLLIN },
				   { .fd = u->pidfd, .events = POLLIN } };
	char byte;
	int n;

	do
		n = poll(polled, sizeof(polled) / sizeof(polled[0]), READY_MS);
	while (n < 0 && errno == EINTR);
	return n > 0 && polled[0].revents & POLLIN && read(ready, &byte, 1) == 1;
}

static int failed(struct uplink *u, const char *path, int said, struct err *err)
{
	char text[SAID_MAX];
	ssize_t n;

	uplink_stop(u);
	n = read(said, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = c[1] ? ';' : '\0';
	return err_set(err, -EIO, "%s cannot connect the container: %s", path,
		       *text ? text : "it says nothing");
}

static int raise_fd(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
}

static int open_child(struct child *c, int netns, int dir, int *ret_ready, int *ret_said,
		      struct err *err)
{
	int ready[PIPE_ENDS] = { -1, -1 }, said[PIPE_ENDS] = { -1, -1 };
	OWN(fd) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int r = pipe2(ready, O_CLOEXEC) < 0 || pipe2(said, O_CLOEXEC | O_NONBLOCK) < 0 ? -errno : 0;

	*ret_ready = ready[0];
	*ret_said = said[0];
	c->null = raise_fd(null);
	c->ready = raise_fd(ready[1]);
	c->said = raise_fd(said[1]);
	c->netns = raise_fd(netns);
	c->dir = raise_fd(dir);
	fd_cleanup(&ready[1]);
	fd_cleanup(&said[1]);
	if (r < 0 || c->null < 0 || c->ready < 0 || c->said < 0 || c->netns < 0 || c->dir < 0)
		return err_code(err, r < 0 ? r : -errno, "descriptors for the container's uplink");
	return 0;
}

int uplink_start(struct uplink *u, int netns, int dir, const struct net_plan *plan, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(fd) int ready = -1, said = -1;
	struct child c = { .null = -1, .said = -1, .netns = -1, .ready = -1, .dir = -1 };
	struct uplink_program program;
	int r = uplink_program_find(plan, &a, &program, err);

	if (r < 0)
		return r;
	c.path = program.path;
	c.ignores_pipes = program.asks;
	c.argv = (char *const *)program.argv.items;
	r = open_child(&c, netns, dir, &ready, &said, err);
	if (r == 0) {
		r = spawn(&c, u);
		if (r < 0)
			r = err_code(err, r, "executing %s", c.path);
	}
	close_child(&c);
	if (r < 0)
		return r;
	if (!wait_ready(u, ready))
		return failed(u, program.path, said, err);
	r = program.asks ? uplink_slirp_publish(dir, plan, err) : 0;
	if (r < 0)
		uplink_stop(u);
	return r;
}

void uplink_stop(struct uplink *u)
{
	if (u->pid <= 0)
		return;
	/* Its ports are free when it has ended. One that has been reaped is nobody's. */
	if (u->pidfd < 0 || proc_signal(u->pidfd, SIGKILL) == 0)
		while (waitpid(u->pid, NULL, 0) < 0 && errno == EINTR)
			;
	fd_cleanup(&u->pidfd);
	u->pid = 0;
}
