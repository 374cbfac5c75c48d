/*
 * resolver_stream.c - questions and answers over TCP
 *
 * RFC 7766. A message has a length of two bytes in front. There is no buffer for one that comes in
 * pieces: SO_RCVLOWAT has the kernel wake us when all of it is in its own. Nor is there one for an
 * answer: the socket's buffer is large enough for any, and who does not read one before asking for
 * more is cut off. A connection answers its questions one after the other.
 */
#include "shim/resolver_stream.h"

#include "base/own.h"
#include "shim/supervisor.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { IDLE_MS = 10000, SEND_BUFFER = 256 * 1024, QUESTIONS_A_TURN = 16 };

static const uint32_t listening = EPOLLIN | EPOLLRDHUP;

int resolver_stream_take(int fd, bool ended, size_t max, uint8_t *out)
{
	uint8_t prefix[RESOLVER_PREFIX];
	ssize_t n = recv(fd, prefix, sizeof(prefix), MSG_PEEK | MSG_DONTWAIT);
	size_t len = 0;
	int want = RESOLVER_PREFIX, there;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	if (n == RESOLVER_PREFIX) {
		len = (size_t)(prefix[0] << 8 | prefix[1]);
		want += (int)len;
		if (len < DNS_HEADER || len > max)
			return -EBADMSG;
	}
	if (ioctl(fd, FIONREAD, &there) < 0)
		return -errno;
	if (len == 0 || there < want) {
		if (ended)
			return -EPIPE;
		return setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &want, sizeof(want)) < 0 ? -errno
											: 0;
	}
	n = recv(fd, out, (size_t)want, MSG_DONTWAIT);
	if (n != want)
		return -EBADMSG;
	want = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &want, sizeof(want));
	return (int)len;
}

/* -- connections -- */

static void drop(struct resolver *r, struct resolver_stream *s)
{
	fd_cleanup(&s->fd);
	s->is_used = s->is_busy = false;
	r->n_streams--;
}

static void watch(const struct resolver *r, const struct resolver_stream *s, int op)
{
	(void)resolver_watch(r, op, s->fd, s->is_busy ? 0 : listening, RESOLVER_STREAM,
			     (size_t)(s - r->streams));
}

void resolver_stream_accept(struct resolver *r)
{
	OWN(fd) int fd = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct resolver_stream *s = NULL;
	int size = SEND_BUFFER;

	for (size_t i = 0; i < RESOLVER_STREAMS_MAX && !s; i++)
		if (!r->streams[i].is_used)
			s = &r->streams[i];
	if (fd < 0 || !s)
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	*s = (struct resolver_stream){
		.is_used = true,
		.serial = ++r->serial,
		.deadline_ms = supervisor_steady_ms() + IDLE_MS,
		.fd = take_fd(&fd),
	};
	r->n_streams++;
	watch(r, s, EPOLL_CTL_ADD);
}

/* True while there may be more to do on it. */
static bool serve(struct resolver *r, struct resolver_stream *s, bool ended)
{
	uint8_t message[RESOLVER_PREFIX + RESOLVER_QUERY_MAX];
	struct resolver_asker asker = {
		.is_stream = true,
		.stream = (uint8_t)(s - r->streams),
		.serial = s->serial,
	};
	int n = resolver_stream_take(s->fd, ended, RESOLVER_QUERY_MAX, message);

	if (n == 0)
		return false;
	/* Busy until resolver_stream_reply(), which may come before this returns. */
	s->is_busy = true;
	if (n < 0 || !resolver_ask(r, &asker, message + RESOLVER_PREFIX, (size_t)n)) {
		drop(r, s);
		return false;
	}
	if (s->is_used && s->is_busy)
		watch(r, s, EPOLL_CTL_MOD);
	return s->is_used && !s->is_busy;
}

void resolver_stream_event(struct resolver *r, size_t stream, uint32_t events)
{
	struct resolver_stream *s = &r->streams[stream];

	if (!s->is_used)
		return;
	if (s->is_busy) { /* it is not watched but for its end */
		if (events & (EPOLLHUP | EPOLLERR))
			drop(r, s);
		return;
	}
	s->deadline_ms = supervisor_steady_ms() + IDLE_MS;
	for (int i = 0; i < QUESTIONS_A_TURN; i++)
		if (!serve(r, s, events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
			return;
}

void resolver_stream_reply(struct resolver *r, const struct resolver_asker *asker, size_t len)
{
	struct resolver_stream *s = &r->streams[asker->stream];
	size_t whole = RESOLVER_PREFIX + len;
	uint8_t *message = r->room->message;

	if (!s->is_used || s->serial != asker->serial)
		return;
	message[0] = (uint8_t)(len >> 8);
	message[1] = (uint8_t)len;
	if (send(s->fd, message, whole, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)whole) {
		drop(r, s);
		return;
	}
	s->is_busy = false;
	s->deadline_ms = supervisor_steady_ms() + IDLE_MS;
	watch(r, s, EPOLL_CTL_MOD);
}

/* -- time -- */

int64_t resolver_stream_deadline(const struct resolver *r)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < RESOLVER_STREAMS_MAX && r->n_streams > 0; i++) {
		const struct resolver_stream *s = &r->streams[i];

		/* A busy one waits for a server, whose time is limited. */
		if (s->is_used && !s->is_busy && s->deadline_ms < first)
			first = s->deadline_ms;
	}
	return first;
}

void resolver_stream_expire(struct resolver *r, int64_t now_ms)
{
	for (size_t i = 0; i < RESOLVER_STREAMS_MAX && r->n_streams > 0; i++) {
		struct resolver_stream *s = &r->streams[i];

		if (s->is_used && !s->is_busy && s->deadline_ms <= now_ms)
			drop(r, s);
	}
}

void resolver_stream_close(struct resolver *r)
{
	for (size_t i = 0; i < RESOLVER_STREAMS_MAX && r->n_streams > 0; i++)
		if (r->streams[i].is_used)
			drop(r, &r->streams[i]);
}
