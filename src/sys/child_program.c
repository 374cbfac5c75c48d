/*
 * child_program.c - a program that is asked something and answers
 *
 * The question is a file in memory, so that writing it never waits for the program; the answer is a
 * pipe. Whoever holds the pipe's other end, be it a grandchild, keeps us until the time is up, and
 * is killed then: the group is killed while its first process is still there to hold its number.
 */
#include "sys/child_program.h"

#include "base/own.h"
#include "sys/file.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_SPARE_FD = 10, EXIT_POLL_MS = 5 };

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int question(const struct child_program *p)
{
	OWN(fd) int fd = memfd_create("question", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = file_write_all(fd, p->input, p->input_len);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : take_fd(&fd);
}

/* Out of the way of 0, 1 and 2, which are to be other things there. */
static int raise_fd(int *fd)
{
	int raised = fcntl(*fd, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);

	if (raised < 0)
		return -errno;
	(void)close(*fd);
	*fd = raised;
	return 0;
}

static int spawn(const struct child_program *p, int in, int out, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawnattr_init(&attributes);
	(void)posix_spawn_file_actions_adddup2(&files, in, 0);
	(void)posix_spawn_file_actions_adddup2(&files, out, 1);
	if (p->wants_errors)
		(void)posix_spawn_file_actions_adddup2(&files, out, 2);
	else
		(void)posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	(void)posix_spawn_file_actions_addclosefrom_np(&files, 3);
	(void)posix_spawnattr_setsigmask(&attributes, &none);
	(void)posix_spawnattr_setsigdefault(&attributes, &all);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETSIGDEF);
	r = posix_spawn(ret, p->argv[0], &files, &attributes, (char *const *)(uintptr_t)p->argv,
			(char *const *)(uintptr_t)p->env);
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&files);
	return -r;
}

static int read_answer(const struct child_program *p, int fd, int64_t until, struct buf *answer)
{
	size_t most = answer->len + p->answer_max;

	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		int64_t left = until - now_ms();
		char bytes[4096];
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&ready, 1, (int)left) <= 0)
			continue;
		n = read(fd, bytes, sizeof(bytes));
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			buf_add(answer, bytes, (size_t)n);
		if (answer->len > most)
			return -EFBIG;
	}
}

/* It may have closed its stdout and go on. Its number stays its own until it is waited for. */
static int await_exit(pid_t pid, int64_t until)
{
	const struct timespec pause = { .tv_nsec = EXIT_POLL_MS * 1000000L };
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
			return -errno;
		if (info.si_pid == pid)
			return 0;
		if (now_ms() >= until)
			return -ETIMEDOUT;
		(void)nanosleep(&pause, NULL);
	}
}

int child_program_run(const struct child_program *p, struct buf *ret_answer, int *ret_status)
{
	OWN(fd) int in = question(p), out = -1, answer = -1;
	int64_t until = now_ms() + p->timeout_ms;
	int pipe_fds[2], r = in;
	pid_t pid;

	if (r >= 0)
		r = pipe2(pipe_fds, O_CLOEXEC) < 0 ? -errno : 0;
	if (r < 0)
		return r;
	answer = pipe_fds[0];
	out = pipe_fds[1];
	r = raise_fd(&in);
	if (r == 0)
		r = raise_fd(&out);
	if (r == 0)
		r = spawn(p, in, out, &pid);
	if (r < 0)
		return r;
	fd_cleanup(&out);
	r = read_answer(p, answer, until, ret_answer);
	if (r == 0)
		r = await_exit(pid, until);
	(void)kill(-pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		continue;
	return r;
}
