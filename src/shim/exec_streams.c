/*
 * exec_streams.c - between the caller's descriptors and those of an exec'd process
 *
 * Pipes, sockets and the null device are passed on as they are, and nothing waits for a relay. A
 * file, a directory or a terminal of the host is not: through /proc/self/fd a process opens a file
 * again for what it was not opened for (it writes its input, reads what others wrote to its
 * output), a directory leads into the host's tree, and a terminal gives away what is typed long
 * after the command. In their place the process gets pipes, and we copy.
 */
#include "shim/exec_streams.h"

#include "base/own.h"
#include "shim/exec_leave.h"
#include "shim/memory.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* As long as nothing happens for this time, a process is taken for one that stays. */
enum { IDLE_MS = 500 };

/* A descriptor that is not open is the runtime's to judge. */
static bool is_passed_on(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return true;
	return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) ||
	       (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
}

static bool are_same(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino && sa.st_rdev == sb.st_rdev;
}

/* Our end does not block; the process's does, as it expects. */
static int open_pipe(struct exec_streams *s, int fd, uid_t owner)
{
	int ends[2], ours = fd == STDIN_FILENO;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	s->ours[fd] = ends[ours];
	s->given[fd] = ends[1 - ours];
	if (fcntl(ends[ours], F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return owner != 0 && fchown(ends[0], owner, (gid_t)-1) < 0 ? -errno : 0;
}

int exec_streams_open(struct exec_streams *s, bool interactive, bool terminal, uid_t owner,
		      struct err *err)
{
	int r = 0;

	s->null = -1;
	s->in_len = s->in_sent = 0;
	s->lost = 0;
	for (int fd = 0; fd < 3; fd++) {
		s->given[fd] = fd;
		s->ours[fd] = -1;
	}
	/* A process with a terminal of its own gets none of these. */
	if (terminal)
		return 0;
	if (!interactive) {
		s->null = s->given[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (s->null < 0)
			return err_sys(err, "/dev/null");
	}
	for (int fd = interactive ? 0 : 1; r == 0 && fd < 3; fd++) {
		if (is_passed_on(fd))
			continue;
		/* What goes to one file through two pipes would lose its order. */
		if (fd == STDERR_FILENO && s->ours[1] >= 0 && are_same(1, 2))
			s->given[2] = s->given[1];
		else
			r = open_pipe(s, fd, owner);
	}
	return r < 0 ? err_code(err, r, "pipes for the command's streams") : 0;
}

void exec_streams_hand_over(struct exec_streams *s)
{
	fd_cleanup(&s->null);
	for (int fd = 0; fd < 3; fd++)
		if (s->ours[fd] >= 0)
			fd_cleanup(&s->given[fd]);
}

void exec_streams_close(struct exec_streams *s)
{
	exec_streams_hand_over(s);
	for (int fd = 0; fd < 3; fd++)
		fd_cleanup(&s->ours[fd]);
}

bool exec_streams_are_relayed(const struct exec_streams *s)
{
	return s->ours[0] >= 0 || s->ours[1] >= 0 || s->ours[2] >= 0;
}

static void read_input(struct exec_streams *s)
{
	ssize_t n = read(STDIN_FILENO, s->data, sizeof(s->data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		fd_cleanup(&s->ours[0]);
	else
		s->in_len = (size_t)n;
}

static void write_input(struct exec_streams *s)
{
	ssize_t n = write(s->ours[0], s->data + s->in_sent, s->in_len - s->in_sent);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {
		fd_cleanup(&s->ours[0]);
		return;
	}
	s->in_sent += (size_t)n;
	if (s->in_sent == s->in_len)
		s->in_sent = s->in_len = 0;
}

/* Waits for a caller whose descriptor does not block. */
static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EAGAIN)
			(void)poll(&p, 1, -1);
		else if (n < 0 && errno != EINTR)
			return -errno;
		data += n < 0 ? 0 : n;
		len -= n < 0 ? 0 : (size_t)n;
	}
	return 0;
}

/* True when there was something. What nobody takes breaks the process's pipe, as it would break
 * ours. */
static bool copy_output(struct exec_streams *s, int fd)
{
	char data[EXEC_STREAM_CHUNK];
	ssize_t n;
	int r;

	do
		n = read(s->ours[fd], data, sizeof(data));
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	r = n > 0 ? write_all(fd, data, (size_t)n) : 0;
	if (r < 0)
		s->lost = -r;
	if (n <= 0 || r < 0)
		fd_cleanup(&s->ours[fd]);
	return n > 0;
}

/* EXEC_GOES_ON, EXEC_HAS_ENDED, or the exit status with which we end before the process. */
static int turn(struct exec_streams *s, int pidfd, int signals, int wait_ms, bool *ret_idle)
{
	bool resized, waiting = s->in_sent < s->in_len;
	struct pollfd p[] = {
		{ .fd = waiting || s->ours[0] < 0 ? s->ours[0] : STDIN_FILENO,
		  .events = waiting ? POLLOUT : POLLIN },
		{ .fd = s->ours[1], .events = POLLIN },
		{ .fd = s->ours[2], .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	int n = poll(p, sizeof(p) / sizeof(p[0]), wait_ms);

	*ret_idle = n == 0;
	if (n <= 0)
		return EXEC_GOES_ON;
	if (p[0].revents && waiting)
		write_input(s);
	else if (p[0].revents)
		read_input(s);
	for (int fd = 1; fd < 3; fd++) {
		if (p[fd].revents)
			(void)copy_output(s, fd);
		/* All of it is there when the process is gone; what others still hold open is not
		 * waited for. */
		while (p[3].revents && s->ours[fd] >= 0 && copy_output(s, fd))
			;
	}
	if (p[3].revents)
		return EXEC_HAS_ENDED;
	return p[4].revents ? exec_leave_read(signals, &resized) : EXEC_GOES_ON;
}

/* Takes and forgets, until the process has ended or nobody writes any more. */
static void hold(struct exec_streams *s, int pidfd)
{
	fd_cleanup(&s->ours[0]);
	while (s->ours[1] >= 0 || s->ours[2] >= 0) {
		struct pollfd p[] = { { .fd = pidfd, .events = POLLIN },
				      { .fd = s->ours[1], .events = POLLIN },
				      { .fd = s->ours[2], .events = POLLIN } };

		if (poll(p, 3, -1) < 0)
			continue;
		for (int fd = 1; fd < 3; fd++)
			if (p[fd].revents)
				(void)copy_output(s, fd);
		if (p[0].revents)
			return;
	}
}

int exec_streams_relay(struct exec_streams *s, const struct runtime_process *process)
{
	OWN(fd) int signals = exec_leave_signals();
	int wait_ms = IDLE_MS, end = EXEC_GOES_ON;

	while (end == EXEC_GOES_ON) {
		bool idle;

		end = turn(s, process->pidfd, signals, wait_ms, &idle);
		if (idle) {
			memory_give_back();
			wait_ms = -1;
		}
	}
	if (end != EXEC_HAS_ENDED && exec_leave_fork()) {
		hold(s, process->pidfd);
		_exit(0);
	}
	return end;
}
