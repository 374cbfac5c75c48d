/*
 * exec_terminal.c - between the caller's terminal and that of an exec'd process
 *
 * The process lives on when we are left, but it would be hung up if nobody had its terminal's other
 * side open. So a child stays behind that does nothing else, and ends with the process.
 */
#include "shim/exec_terminal.h"

#include "base/own.h"
#include "shim/exec_leave.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

enum { CHUNK = 4096, EXIT_OUTPUT = 1 };

struct exec_relay {
	int console, pidfd, signals;
	bool input_open, raw;
	struct termios before;
	const char *keys;
	size_t keys_seen;
	size_t in_len, in_sent;
	char in[CHUNK + EXEC_TERMINAL_KEYS_MAX];
};

static void copy_size(const struct exec_relay *r)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ||
	    ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(r->console, TIOCSWINSZ, &size);
}

static void make_raw(struct exec_relay *r)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &r->before) < 0)
		return;
	raw = r->before;
	cfmakeraw(&raw);
	r->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

/* Takes typed bytes over; true when the keys to detach are complete. */
static bool take_typed(struct exec_relay *r, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (r->keys_seen && data[i] != r->keys[r->keys_seen]) {
			memcpy(r->in + r->in_len, r->keys, r->keys_seen);
			r->in_len += r->keys_seen;
			r->keys_seen = 0;
		}
		if (!*r->keys || data[i] != r->keys[r->keys_seen])
			r->in[r->in_len++] = data[i];
		else if (!r->keys[++r->keys_seen])
			return true;
	}
	return false;
}

static int read_input(struct exec_relay *r)
{
	char typed[CHUNK];
	ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return EXEC_GOES_ON;
	if (n <= 0) {
		r->input_open = false;
		return EXEC_GOES_ON;
	}
	return take_typed(r, typed, (size_t)n) ? 0 : EXEC_GOES_ON;
}

static void write_input(struct exec_relay *r)
{
	ssize_t n = write(r->console, r->in + r->in_sent, r->in_len - r->in_sent);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	r->in_sent += n < 0 ? r->in_len - r->in_sent : (size_t)n;
	if (r->in_sent == r->in_len)
		r->in_sent = r->in_len = 0;
}

static int write_all(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, data, len);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

			(void)poll(&p, 1, -1);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* 1: there was something; 0: there is nothing now, or nothing more; negative: nobody takes it. */
static int copy_output(struct exec_relay *r)
{
	char data[CHUNK];
	ssize_t n;

	do
		n = read(r->console, data, sizeof(data));
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return write_all(data, (size_t)n) < 0 ? -EIO : 1;
	return 0;
}

/* Returns EXEC_GOES_ON, EXEC_HAS_ENDED, or the exit status with which we are left. */
static int turn(struct exec_relay *r)
{
	bool waiting = r->in_sent < r->in_len;
	struct pollfd p[] = {
		{ .fd = r->signals, .events = POLLIN },
		{ .fd = r->console, .events = (short)(POLLIN | (waiting ? POLLOUT : 0)) },
		{ .fd = r->input_open && !waiting ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = r->pidfd, .events = POLLIN },
	};
	bool resized = false;
	int end = EXEC_GOES_ON;

	if (poll(p, sizeof(p) / sizeof(p[0]), -1) < 0)
		return EXEC_GOES_ON;
	/* What is typed after a resize is read after it, though poll may have looked here before.
	 */
	if (p[0].revents || p[2].revents)
		end = exec_leave_read(r->signals, &resized);
	if (resized)
		copy_size(r);
	if (end == EXEC_GOES_ON && p[2].revents)
		end = read_input(r);
	if (r->in_sent < r->in_len)
		write_input(r);
	if (end != EXEC_GOES_ON)
		return end;
	if (p[1].revents & (POLLIN | POLLHUP) && copy_output(r) < 0)
		return EXIT_OUTPUT;
	if (!p[3].revents)
		return EXEC_GOES_ON;
	while (copy_output(r) > 0)
		;
	return EXEC_HAS_ENDED;
}

void exec_terminal_hold(const struct runtime_process *process)
{
	char data[CHUNK];
	struct pollfd p[] = { { .fd = process->pidfd, .events = POLLIN },
			      { .fd = process->console_fd, .events = POLLIN } };

	while (!p[0].revents) {
		if (poll(p, 2, -1) < 0)
			continue;
		/* Hung up for a moment, or for good: the process itself says when it is over. */
		if (p[1].revents && read(process->console_fd, data, sizeof(data)) <= 0 &&
		    errno != EINTR && errno != EAGAIN)
			p[1].fd = -1;
	}
}

int exec_terminal_relay(const struct runtime_process *process, bool interactive, const char *keys)
{
	struct exec_relay r = {
		.console = process->console_fd,
		.pidfd = process->pidfd,
		.signals = exec_leave_signals(),
		.input_open = interactive,
		.keys = keys,
	};
	int end = EXEC_GOES_ON;

	(void)fcntl(r.console, F_SETFL, O_NONBLOCK);
	copy_size(&r);
	if (interactive)
		make_raw(&r);
	while (end == EXEC_GOES_ON)
		end = turn(&r);
	if (r.raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &r.before);
	/* What would end us finds the terminal raw, so it came as an event. */
	if (end != EXEC_HAS_ENDED && exec_leave_fork()) {
		exec_terminal_hold(process);
		_exit(0);
	}
	return end;
}
