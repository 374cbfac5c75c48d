/*
 * again.c - the shim executes itself for the container's next run
 *
 * So each run begins from a clean image and nothing grows with their number. What goes on: the
 * plan, the status file with its lock, the socket, and clients that wait for the end or have not
 * said yet what they want. A client that is in the middle of a frame is lost; it had the whole wait
 * to finish it.
 *
 * The program is executed through /proc/self/exe: that is the sealed mount that it was started
 * from, whatever its path means by now.
 */
#include "shim/again.h"

#include "base/own.h"
#include "base/str.h"
#include "model/shim_plan.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

/* Above every descriptor that is handed on. */
enum { FIRST_SPARE_FD = START_FD_CLIENTS + CLIENTS_MAX };

static bool can_go_on(const struct client *c)
{
	return !c->gone && !c->attached && c->in.have == 0 && c->held == 0 && c->pending == 0;
}

struct handed_on {
	int fds[FIRST_SPARE_FD - START_FD_STATUS];
	size_t n;
	char clients[CLIENTS_MAX + 1];
};

static void gather(struct supervisor *s, struct handed_on *h)
{
	size_t n = 0;

	h->fds[h->n++] = s->status.fd;
	h->fds[h->n++] = s->listener;
	for (size_t i = 0; i < s->clients.top; i++) {
		struct client *c = &s->clients.items[i];

		if (!c->used || !can_go_on(c))
			continue;
		h->fds[h->n++] = c->fd;
		h->clients[n++] = c->waits == CLIENT_WAITS_END ? 'w' : '-';
	}
}

/* Out of each other's way first, then each to its number. */
static int place(struct handed_on *h)
{
	for (size_t i = 0; i < h->n; i++) {
		h->fds[i] = fcntl(h->fds[i], F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
		if (h->fds[i] < 0)
			return -errno;
	}
	for (size_t i = 0; i < h->n; i++)
		if (dup2(h->fds[i], START_FD_STATUS + (int)i) < 0)
			return -errno;
	return fcntl(SHIM_FD_PLAN, F_SETFD, 0) < 0 ? -errno : 0;
}

/* Back to what ending.c needs: by now any of our numbers may be something else's. */
static void take_back(struct supervisor *s, const struct handed_on *h)
{
	for (size_t i = 0; i < s->clients.top; i++)
		s->clients.items[i].used = false;
	s->clients.top = 0;
	s->signals = -1;
	s->status.fd = h->fds[0];
	s->listener = h->fds[1];
	for (size_t i = 2; i < h->n; i++) {
		struct client *c = h->fds[i] < 0 ? NULL : client_add(&s->clients, h->fds[i]);

		if (c)
			c->waits = h->clients[i - 2] == 'w' ? CLIENT_WAITS_END : CLIENT_WAITS_NOT;
	}
	(void)syscall(SYS_close_range, START_FD_STATUS, FIRST_SPARE_FD - 1, 0);
	s->dir = open(s->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int again_execute(struct supervisor *s, struct err *err)
{
	struct handed_on h = { .n = 0 };
	char delay[16];
	const char *argv[] = { "berth-shim", s->id, "again", delay, h.clients, NULL };
	int r;

	(void)snprintf(delay, sizeof(delay), "%u", s->delay_ms);
	gather(s, &h);
	r = place(&h);
	if (r == 0) {
		(void)execve("/proc/self/exe", (char *const *)(uintptr_t)argv, environ);
		r = -errno;
	}
	take_back(s, &h);
	return err_code(err, r, "executing the container's supervisor again");
}

int again_parse(int argc, char **argv, struct start_again *ret)
{
	enum { ID = 1, WORD, DELAY, CLIENTS, ARGS };

	if (argc != ARGS || !str_eq(argv[WORD], "again") || strlen(argv[CLIENTS]) > CLIENTS_MAX)
		return -EINVAL;
	ret->delay_ms = (uint32_t)strtoul(argv[DELAY], NULL, 10);
	ret->clients = argv[CLIENTS];
	return 0;
}
