/*
 * loop.c - the event loop of a container's supervisor
 *
 * One poll() over signals, the socket, the container's streams and the clients. What is polled for
 * says what is wanted next: the container's output only when no client has still to get the last
 * piece of it, its input only when there is something to write. Nothing here allocates.
 */
#include "shim/loop.h"

#include "shim/again.h"
#include "shim/ending.h"
#include "shim/memory.h"
#include "shim/request.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	AT_SIGNALS,
	AT_LISTENER,
	AT_INPUT,
	AT_OUTPUT,
	AT_HEALTH = AT_OUTPUT + STREAMS_OUTPUTS,
	AT_RESOLVER,
	AT_CLIENTS,
	POLLED_MAX = AT_CLIENTS + CLIENTS_MAX,
};
enum { FRAMES_A_TURN = 16 };
/* A container that ends at once has no use for what giving memory back costs. */
enum { IDLE_MS = 500 };

/* -- gathering -- */

static bool has_input(const struct clients *all)
{
	for (size_t i = 0; i < all->top; i++)
		if (all->items[i].used && all->items[i].held > 0)
			return true;
	return false;
}

static size_t gather(const struct supervisor *s, struct pollfd *p)
{
	const struct clients *all = &s->clients;

	p[AT_SIGNALS] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
	p[AT_LISTENER] = (struct pollfd){ .fd = s->listener, .events = POLLIN };
	p[AT_INPUT] =
		(struct pollfd){ .fd = has_input(all) ? s->streams.input : -1, .events = POLLOUT };
	for (int i = 0; i < STREAMS_OUTPUTS; i++)
		p[AT_OUTPUT + i] = (struct pollfd){ .fd = all->owed ? -1 : s->streams.output[i],
						    .events = POLLIN };
	p[AT_HEALTH] = (struct pollfd){ .fd = s->health.output, .events = POLLIN };
	p[AT_RESOLVER] = (struct pollfd){ .fd = s->resolver.epoll, .events = POLLIN };
	for (size_t i = 0; i < all->top; i++) {
		const struct client *c = &all->items[i];
		short events = c->used ? client_events(c) : 0;
		bool polled = c->used && (events || !c->gone);

		p[AT_CLIENTS + i] = (struct pollfd){ .fd = polled ? c->fd : -1, .events = events };
	}
	return AT_CLIENTS + all->top;
}

/* Where -1 is never. */
static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int timeout_ms(const struct supervisor *s)
{
	int64_t left;

	if (s->phase == PHASE_RUNNING) {
		left = sooner(health_wait_ms(s), resolver_wait_ms(&s->resolver));
		left = sooner(left, s->gave_back ? -1 : IDLE_MS);
		return left > INT32_MAX ? INT32_MAX : (int)left;
	}
	left = s->deadline_ms - supervisor_steady_ms();
	return left > 0 ? (int)left : 0;
}

/* -- acting -- */

/* As a subreaper we get the container's orphans as well, if its PIDs are the host's. */
static void reap(struct supervisor *s)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	(void)!read(s->signals, &info, sizeof(info));
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!health_reap(s, pid, status) && pid == s->pid)
			ending_begin(s, status);
}

static void accept_client(struct supervisor *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		(void)client_add(&s->clients, fd);
}

static void read_output(struct supervisor *s, int output)
{
	struct clients *all = &s->clients;
	unsigned char *room = client_chunk_room(all);
	ssize_t n = streams_read(&s->streams, output, room, CLIENT_CHUNK_MAX);

	if (n == -EAGAIN)
		return;
	ending_note_progress(s);
	if (n <= 0)
		return;
	log_file_add(&s->log, (enum log_stream)output, (const char *)room, (size_t)n,
		     supervisor_now_ns());
	client_chunk_send(all, output == LOG_STDERR ? SHIM_STDERR : SHIM_STDOUT, (size_t)n);
}

/* True while the client may have sent more. */
static bool receive(struct supervisor *s, struct client *c)
{
	int r = client_receive(&s->clients, c);

	if (r > 0)
		r = request_serve(s, c) < 0 ? -EPROTO : 1;
	if (r < 0) {
		request_client_left(s, c);
		return false;
	}
	client_send(&s->clients, c);
	return r > 0 && (client_events(c) & POLLIN);
}

static void serve_client(struct supervisor *s, struct client *c, short events)
{
	if (events & (POLLHUP | POLLERR))
		client_lose(&s->clients, c);
	if (events & POLLOUT) {
		client_send(&s->clients, c);
		ending_note_progress(s);
	}
	/* POLLHUP alone: what it had sent was read, and now its end is. */
	if ((events & (POLLIN | POLLHUP)) && (client_events(c) & POLLIN))
		for (int i = 0; i < FRAMES_A_TURN && receive(s, c); i++)
			;
}

static void change_phase(struct supervisor *s)
{
	bool late = s->deadline_ms <= supervisor_steady_ms();
	struct err err = ERR_INIT;

	switch (s->phase) {
	case PHASE_DRAINING:
		if (late || ending_is_drained(s))
			ending_decide(s);
		break;
	case PHASE_RESTARTING:
		if (late && again_execute(s, &err) < 0)
			ending_restart_failed(s, s->status.now.exit_code, &err);
		break;
	case PHASE_LINGERING:
		ending_linger(s, late);
		break;
	case PHASE_RUNNING:
	case PHASE_DONE:
		break;
	}
}

static void turn(struct supervisor *s)
{
	struct pollfd p[POLLED_MAX];
	size_t n = gather(s, p);

	int ready = poll(p, n, timeout_ms(s));

	if (ready < 0) /* EINTR, or out of memory for a moment */
		return;
	if (ready == 0 && !s->gave_back) {
		s->gave_back = true;
		resolver_give_back(&s->resolver);
		memory_give_back();
	}
	if (p[AT_SIGNALS].revents)
		reap(s);
	/* Where nobody reads any more all of it counts as taken. */
	if (p[AT_INPUT].revents || s->streams.input < 0)
		request_pass_input(s);
	if (p[AT_HEALTH].revents)
		health_read(s);
	if (p[AT_RESOLVER].revents)
		s->gave_back = false; /* it is in use, but perhaps for a moment only */
	resolver_turn(&s->resolver);
	for (int i = 0; i < STREAMS_OUTPUTS; i++)
		if (p[AT_OUTPUT + i].revents && s->clients.owed == 0)
			read_output(s, i);
	for (size_t i = AT_CLIENTS; i < n; i++) {
		struct client *c = &s->clients.items[i - AT_CLIENTS];

		if (p[i].revents && c->used && c->fd == p[i].fd)
			serve_client(s, c, p[i].revents);
	}
	/* Last, so that no slot means another client than the one that was polled. */
	if (p[AT_LISTENER].revents && s->listener >= 0)
		accept_client(s);
	change_phase(s);
	health_turn(s);
}

void loop_run(struct supervisor *s)
{
	while (s->phase != PHASE_DONE)
		turn(s);
}
