/*
 * request.c - what clients ask of a shim
 *
 * Stdin as docker has it: with stdin_once the first attached client that ends its input, or goes,
 * ends the container's. Without it the container's stdin stays open for whoever comes next. On a
 * terminal the end of input is a key that is typed.
 */
#include "shim/request.h"

#include "cgroup/cgroup.h"
#include "shim/ending.h"
#include "sys/proc.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

enum { SIGNAL_MAX = 64 };

typedef void serve_fn(struct supervisor *s, struct client *c, const void *payload);

static void answer(struct client *c, int result)
{
	c->result = result;
	c->pending |= CLIENT_RESULT;
}

static bool is_over(const struct supervisor *s)
{
	return s->phase == PHASE_LINGERING || s->phase == PHASE_DONE;
}

static void tell_exit(struct client *c)
{
	c->pending |= CLIENT_EXITED;
}

static void serve_attach(struct supervisor *s, struct client *c, const void *payload)
{
	struct shim_attach attach;

	memcpy(&attach, payload, sizeof(attach));
	if (s->phase != PHASE_RUNNING && s->phase != PHASE_DRAINING) {
		tell_exit(c);
		return;
	}
	c->attached = attach.flags != 0;
	c->output = attach.flags & (SHIM_ATTACH_STDOUT | SHIM_ATTACH_STDERR);
	c->gives_stdin = s->open_stdin && (attach.flags & SHIM_ATTACH_STDIN);
	if (!c->attached)
		c->waits = CLIENT_WAITS_END;
}

/* -- stdin -- */

static void end_input(struct supervisor *s, struct client *c)
{
	c->ends_stdin = c->held > 0;
	if (c->held > 0)
		return;
	if (c->gives_stdin && s->stdin_once)
		streams_end_input(&s->streams);
	c->gives_stdin = false;
}

static void pass_input(struct supervisor *s, struct client *c)
{
	const unsigned char *data = client_input(&s->clients, c);

	while (c->passed < c->held) {
		ssize_t n = streams_write(&s->streams, data + c->passed, c->held - c->passed);

		if (n < 0)
			return;
		c->passed += (uint32_t)n;
	}
	c->held = 0;
	c->pending |= CLIENT_TAKEN;
	if (c->ends_stdin)
		end_input(s, c);
}

/* It is held apart from requests, which go on. */
static void serve_input(struct supervisor *s, struct client *c)
{
	uint32_t len = c->in.len;

	client_next(c);
	if (c->held > 0) /* an empty one behind another: there is nothing to it */
		return;
	c->held = c->gives_stdin ? len : 0;
	c->passed = 0;
	pass_input(s, c);
}

void request_pass_input(struct supervisor *s)
{
	for (size_t i = s->clients.top; i-- > 0;) {
		struct client *c = &s->clients.items[i];

		if (!c->used || c->held == 0)
			continue;
		pass_input(s, c);
		client_send(&s->clients, c);
		if (c->ended)
			request_client_left(s, c);
	}
}

void request_client_left(struct supervisor *s, struct client *c)
{
	client_lose(&s->clients, c);
	c->ended = true;
	end_input(s, c);
	if (c->held == 0)
		client_drop(&s->clients, c);
}

static void serve_eof(struct supervisor *s, struct client *c, const void *payload)
{
	(void)payload;
	end_input(s, c);
}

static void serve_resize(struct supervisor *s, struct client *c, const void *payload)
{
	struct shim_resize size;

	(void)c;
	memcpy(&size, payload, sizeof(size));
	streams_resize(&s->streams, size.height, size.width);
}

/* -- signals -- */

static int send_signal(struct supervisor *s, const struct shim_kill *kill)
{
	int r;

	if (s->phase != PHASE_RUNNING)
		return -ESRCH;
	r = kill->all ? cgroup_kill(s->cgroup, kill->signal, NULL)
		      : proc_signal(s->pidfd, kill->signal);
	/* What is frozen does not even die. */
	if (r == 0 && kill->signal == SIGKILL && s->status.now.state == SHIM_STATE_PAUSED) {
		(void)cgroup_freeze(s->cgroup, false, NULL);
		s->status.now.state = SHIM_STATE_RUNNING;
		health_pause(s, false);
	}
	return r;
}

static void serve_kill(struct supervisor *s, struct client *c, const void *payload)
{
	struct shim_kill kill;
	int r;

	memcpy(&kill, payload, sizeof(kill));
	if (kill.signal < 1 || kill.signal > SIGNAL_MAX) {
		answer(c, -EINVAL);
		return;
	}
	if (kill.stop && !is_over(s)) {
		s->status.now.stopped_by_user = 1;
		s->keeps_files = s->keeps_files || kill.stop == SHIM_STOP_KEEP;
	}
	if (kill.stop && s->phase == PHASE_RESTARTING) {
		answer(c, 0);
		ending_cancel_restart(s);
		return;
	}
	r = send_signal(s, &kill);
	/* It has ended by itself, and what is stopped now is the restart that would follow. */
	answer(c, r == -ESRCH && kill.stop && !is_over(s) ? 0 : r);
	if (kill.stop)
		status_record_write(&s->status);
}

static void freeze(struct supervisor *s, struct client *c, bool frozen)
{
	int r = s->phase == PHASE_RUNNING ? cgroup_freeze(s->cgroup, frozen, NULL) : -ESRCH;

	if (r == 0) {
		s->status.now.state = frozen ? SHIM_STATE_PAUSED : SHIM_STATE_RUNNING;
		health_pause(s, frozen);
		status_record_write(&s->status);
	}
	answer(c, r);
}

static void serve_pause(struct supervisor *s, struct client *c, const void *payload)
{
	(void)payload;
	freeze(s, c, true);
}

static void serve_resume(struct supervisor *s, struct client *c, const void *payload)
{
	(void)payload;
	freeze(s, c, false);
}

/* -- waiting -- */

static void serve_wait(struct supervisor *s, struct client *c, const void *payload)
{
	(void)payload;
	if (is_over(s))
		tell_exit(c);
	else
		c->waits = CLIENT_WAITS_END;
}

static void serve_wait_next(struct supervisor *s, struct client *c, const void *payload)
{
	(void)payload;
	if (is_over(s))
		tell_exit(c);
	else
		c->waits = CLIENT_WAITS_NEXT;
}

static const struct {
	uint8_t type;
	uint8_t len;
	serve_fn *serve;
} requests[] = {
	{ SHIM_ATTACH, sizeof(struct shim_attach), serve_attach },
	{ SHIM_STDIN_EOF, 0, serve_eof },
	{ SHIM_RESIZE, sizeof(struct shim_resize), serve_resize },
	{ SHIM_KILL, sizeof(struct shim_kill), serve_kill },
	{ SHIM_PAUSE, 0, serve_pause },
	{ SHIM_RESUME, 0, serve_resume },
	{ SHIM_WAIT, 0, serve_wait },
	{ SHIM_WAIT_NEXT, 0, serve_wait_next },
};

int request_serve(struct supervisor *s, struct client *c)
{
	if (c->in.type == SHIM_STDIN) {
		serve_input(s, c);
		return 0;
	}
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].type != c->in.type)
			continue;
		if (requests[i].len != c->in.len)
			return -EPROTO;
		client_next(c);
		requests[i].serve(s, c, c->request);
		return 0;
	}
	return -EPROTO;
}
