/*
 * relay.c - between the caller's stdin, stdout, stderr, signals, terminal and a container's shim
 *
 * One poll loop over stdin, a signalfd and the shim's socket. What goes to the shim waits in a
 * buffer and is sent as far as the socket takes it: were we to block there, a program that
 * answers before it has read all its input (cat) would wait for us while we wait for it. stdin is
 * read only when that buffer is empty, so it stays small.
 */
#include "cmd/relay.h"

#include "base/own.h"
#include "base/str.h"
#include "cmd/terminal.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 32768 };

struct relay {
	struct shim_client *c;
	const struct relay_opts *opts;
	struct detach_keys keys;
	struct terminal terminal;
	struct buf out; /* frames for the shim */
	size_t sent;    /* of them */
	int signals;    /* signalfd */
	sigset_t mask_before;
	bool stdin_open;
	bool stdin_untaken; /* the container has not taken the last of it yet */
	bool done;
	enum relay_end end;
	struct shim_status *status;
	struct err *err;
};

static void relay_done(struct relay *r)
{
	terminal_restore(&r->terminal);
	buf_done(&r->out);
	if (r->signals >= 0) {
		(void)close(r->signals);
		(void)sigprocmask(SIG_SETMASK, &r->mask_before, NULL);
	}
}

static void relay_cleanup(struct relay *r)
{
	relay_done(r);
}

/* -- to the shim -- */

static void queue(struct relay *r, enum shim_frame type, const void *data, size_t len)
{
	const unsigned char header[SHIM_FRAME_HEADER] = {
		(unsigned char)type,
		0,
		0,
		0,
		(unsigned char)(len >> 24),
		(unsigned char)(len >> 16),
		(unsigned char)(len >> 8),
		(unsigned char)len,
	};

	buf_add(&r->out, header, sizeof(header));
	buf_add(&r->out, data, len);
}

static bool is_waiting(const struct relay *r)
{
	return r->sent < r->out.len;
}

/* A shim that is gone shows as the end of what we read: errors here are not told. */
static void send_some(struct relay *r)
{
	while (is_waiting(r)) {
		ssize_t n = send(shim_client_fd(r->c), r->out.data + r->sent, r->out.len - r->sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			break;
		r->sent += (size_t)n;
	}
	r->out.len = r->sent = 0;
}

static void queue_size(struct relay *r)
{
	struct shim_resize size;
	uint32_t height, width;

	terminal_size(&height, &width);
	size = (struct shim_resize){ (uint16_t)height, (uint16_t)width };
	if (height && width)
		queue(r, SHIM_RESIZE, &size, sizeof(size));
}

static void end_stdin(struct relay *r)
{
	r->stdin_open = false;
	queue(r, SHIM_STDIN_EOF, "", 0);
}

static void read_stdin(struct relay *r)
{
	char in[CHUNK], typed[CHUNK + DETACH_KEYS_MAX];
	const char *data = in;
	size_t len;
	ssize_t n = read(STDIN_FILENO, in, sizeof(in));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end_stdin(r);
		return;
	}
	len = (size_t)n;
	if (r->opts->tty) {
		if (detach_keys_filter(&r->keys, in, len, typed, &len)) {
			r->done = true;
			r->end = RELAY_DETACHED;
		}
		data = typed;
	}
	if (len) {
		queue(r, SHIM_STDIN, data, len);
		r->stdin_untaken = true;
	}
}

/* -- signals -- */

/* What is passed on: everything that can be caught and is not about this process alone. */
static void proxied_signals(sigset_t *set)
{
	static const int not [] = { SIGCHLD, SIGPIPE, SIGURG,  SIGWINCH, SIGSEGV, SIGBUS,
				    SIGFPE,  SIGILL,  SIGTRAP, SIGSYS,   SIGTTIN, SIGTTOU };

	(void)sigfillset(set);
	for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
		(void)sigdelset(set, not [i]);
}

static int open_signals(struct relay *r)
{
	sigset_t set;

	(void)sigemptyset(&set);
	if (r->opts->sig_proxy)
		proxied_signals(&set);
	if (r->opts->tty)
		(void)sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, &r->mask_before) < 0)
		return err_sys(r->err, "blocking signals");
	r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->signals < 0)
		return err_sys(r->err, "signalfd");
	return 0;
}

static void read_signals(struct relay *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		struct shim_kill kill = { .signal = (int32_t)info.ssi_signo };

		if (info.ssi_signo == SIGWINCH)
			queue_size(r);
		else
			queue(r, SHIM_KILL, &kill, sizeof(kill));
	}
}

/* -- from the shim -- */

static int write_all(struct relay *r, int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };

			(void)poll(&p, 1, -1);
			continue;
		}
		if (n < 0)
			return err_sys(r->err, "write /dev/%s",
				       fd == STDOUT_FILENO ? "stdout" : "stderr");
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static void finish(struct relay *r, enum relay_end end)
{
	r->done = true;
	r->end = end;
}

/* One frame. The start by which this connection began is told again here: it is passed over. */
static int read_frame(struct relay *r)
{
	enum shim_frame type;
	const void *data;
	size_t len;
	int n = shim_client_read(r->c, &type, &data, &len);

	if (n == 0 || n == -EPIPE || n == -ECONNRESET) {
		finish(r, RELAY_LOST);
		return 0;
	}
	if (n < 0)
		return err_code(r->err, n, "reading from the container's supervisor");
	if (type == SHIM_STDIN_TAKEN)
		r->stdin_untaken = false;
	if (type == SHIM_STDOUT)
		return write_all(r, STDOUT_FILENO, data, len);
	if (type == SHIM_STDERR)
		return write_all(r, STDERR_FILENO, data, len);
	if (type == SHIM_EXITED && len >= sizeof(*r->status)) {
		memcpy(r->status, data, sizeof(*r->status));
		finish(r, RELAY_EXITED);
	}
	return 0;
}

static int turn(struct relay *r)
{
	struct pollfd p[] = {
		{ .fd = shim_client_fd(r->c),
		  .events = (short)(POLLIN | (is_waiting(r) ? POLLOUT : 0)) },
		{ .fd = r->signals, .events = POLLIN },
		{ .fd = r->stdin_open && !r->stdin_untaken && !is_waiting(r) ? STDIN_FILENO : -1,
		  .events = POLLIN },
	};

	if (poll(p, 3, -1) < 0)
		return errno == EINTR ? 0 : err_sys(r->err, "poll");
	/* What is typed after a resize is sent after it, though poll may have looked here before.
	 */
	if (p[1].revents || p[2].revents)
		read_signals(r);
	if (p[2].revents)
		read_stdin(r);
	send_some(r);
	if (p[0].revents & (POLLIN | POLLHUP | POLLERR))
		return read_frame(r);
	return 0;
}

int relay_run(struct shim_client *c, const struct relay_opts *opts, enum relay_end *ret_end,
	      struct shim_status *ret_status, struct err *err)
{
	OWN(relay) struct relay r = {
		.c = c,
		.opts = opts,
		.signals = -1,
		.stdin_open = opts->stdin_open,
		.status = ret_status,
		.err = err,
	};
	int res = detach_keys_parse(opts->detach_keys, &r.keys, err);

	if (res == 0)
		res = open_signals(&r);
	if (res == 0 && opts->tty && opts->stdin_open)
		res = terminal_raw(&r.terminal, err);
	if (res == 0 && opts->tty)
		queue_size(&r);
	while (res == 0 && !r.done)
		res = turn(&r);
	if (res == 0)
		*ret_end = r.end;
	return res;
}
