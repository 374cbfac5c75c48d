/*
 * resolver_upstream.c - questions that are passed on to name servers outside
 *
 *	ask -> a server -> its answer -> back to the asker
 *	  ^        | says nothing for 4 s, refuses the connection, SERVFAIL, NOTIMP, REFUSED
 *	  +--------+ the next one; after the last: what it said, or SERVFAIL
 *
 * What comes is believed when its number and its question are ours and it comes from the server;
 * anything else is passed over, and the wait goes on.
 */
#include "shim/resolver_upstream.h"

#include "base/own.h"
#include "shim/resolver_stream.h"
#include "shim/supervisor.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

enum { SERVER_MS = 4000, BAD_MS = 30000, MESSAGES_A_TURN = 8 };

static void close_socket(struct resolver_flight *f)
{
	fd_cleanup(&f->fd); /* which takes it out of the epoll set */
}

static void end(struct resolver *r, struct resolver_flight *f)
{
	close_socket(f);
	f->is_used = false;
	r->n_flights--;
}

static uint8_t *query_of(struct resolver_flight *f)
{
	return f->query + RESOLVER_PREFIX;
}

/* -- asking a server -- */

/* -EINPROGRESS is fine for TCP: it is sent when the connection is there. */
static int open_socket(struct resolver *r, struct resolver_flight *f)
{
	const struct resolver_server *s = &r->servers.items[f->server];
	int type = (f->asker.is_stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
	uint16_t id;

	f->fd = socket(s->address.any.sa_family, type, 0);
	if (f->fd < 0)
		return -errno;
	if (connect(f->fd, &s->address.any, s->len) < 0 && errno != EINPROGRESS)
		return -errno;
	if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id))
		return -EAGAIN;
	dns_set_id(query_of(f), id);
	f->is_sent = !f->asker.is_stream;
	if (f->is_sent && send(f->fd, query_of(f), f->len, MSG_NOSIGNAL) < 0)
		return -errno;
	return resolver_watch(r, EPOLL_CTL_ADD, f->fd, f->is_sent ? EPOLLIN : EPOLLOUT,
			      RESOLVER_FLIGHT, (size_t)(f - r->room->flights));
}

/* What it was called by whoever asked. */
static void refuse(struct resolver *r, struct resolver_flight *f)
{
	struct resolver_asker asker = f->asker;

	dns_set_id(query_of(f), f->asker_id);
	end(r, f);
	resolver_refuse(r, &asker, query_of(f), f->len, DNS_SERVFAIL);
}

static void ask_next(struct resolver *r, struct resolver_flight *f)
{
	int64_t now = supervisor_steady_ms();
	int next;

	while ((next = resolver_servers_next(&r->servers, f->tried, now)) >= 0) {
		close_socket(f);
		f->server = (uint8_t)next;
		f->tried |= (uint8_t)(1U << next);
		f->deadline_ms = now + SERVER_MS;
		if (open_socket(r, f) == 0)
			return;
	}
	refuse(r, f);
}

/* It has not answered; the file of servers may have become shorter meanwhile. */
static void give_up_server(struct resolver *r, struct resolver_flight *f, bool is_bad)
{
	if (is_bad && f->server < r->servers.n)
		r->servers.items[f->server].bad_until_ms = supervisor_steady_ms() + BAD_MS;
	ask_next(r, f);
}

void resolver_upstream_ask(struct resolver *r, const struct resolver_asker *asker,
			   const uint8_t *query, size_t len)
{
	struct resolver_flight *f = NULL;

	resolver_servers_refresh(&r->servers);
	/* The first free one, so that few pages are in use. */
	for (size_t i = 0; i < RESOLVER_FLIGHTS_MAX && !f; i++)
		if (!r->room->flights[i].is_used)
			f = &r->room->flights[i];
	if (!f || r->servers.n == 0) {
		resolver_refuse(r, asker, query, len, DNS_SERVFAIL);
		return;
	}
	f->is_used = true;
	f->tried = 0;
	f->fd = -1;
	f->asker = *asker;
	f->asker_id = dns_id(query);
	f->len = (uint16_t)len;
	f->query[0] = (uint8_t)(len >> 8);
	f->query[1] = (uint8_t)len;
	memcpy(query_of(f), query, len);
	r->n_flights++;
	ask_next(r, f);
}

/* -- what a server says -- */

static bool is_refusal(int rcode)
{
	return rcode == DNS_SERVFAIL || rcode == DNS_NOTIMP || rcode == DNS_REFUSED;
}

static bool is_another_left(const struct resolver *r, const struct resolver_flight *f)
{
	return resolver_servers_next(&r->servers, f->tried, 0) >= 0;
}

/* A message is in the room. True: the flight has ended, or goes on with another server. */
static bool take_answer(struct resolver *r, struct resolver_flight *f, size_t len)
{
	uint8_t *message = resolver_message(r);
	int rcode = dns_check_reply(message, len, query_of(f), f->len);
	struct resolver_asker asker = f->asker;

	if (rcode < 0)
		return false;
	if (f->server < r->servers.n)
		r->servers.items[f->server].bad_until_ms = 0;
	if (is_refusal(rcode) && is_another_left(r, f)) {
		ask_next(r, f);
		return true;
	}
	dns_set_id(message, f->asker_id);
	end(r, f);
	resolver_reply(r, &asker, len);
	return true;
}

static void receive_datagrams(struct resolver *r, struct resolver_flight *f)
{
	for (int i = 0; i < MESSAGES_A_TURN; i++) {
		ssize_t n = recv(f->fd, resolver_message(r), DNS_MESSAGE_MAX, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) { /* nobody listens there, or there is no way */
			give_up_server(r, f, true);
			return;
		}
		if (take_answer(r, f, (size_t)n))
			return;
	}
}

static void send_over_tcp(struct resolver *r, struct resolver_flight *f)
{
	size_t whole = RESOLVER_PREFIX + (size_t)f->len;

	/* A socket that was connected just now takes some hundred bytes at once. */
	f->is_sent = send(f->fd, f->query, whole, MSG_NOSIGNAL) == (ssize_t)whole &&
		     resolver_watch(r, EPOLL_CTL_MOD, f->fd, EPOLLIN | EPOLLRDHUP, RESOLVER_FLIGHT,
				    (size_t)(f - r->room->flights)) == 0;
	if (!f->is_sent)
		give_up_server(r, f, true);
}

static void receive_over_tcp(struct resolver *r, struct resolver_flight *f, bool ended)
{
	int n = resolver_stream_take(f->fd, ended, DNS_MESSAGE_MAX, r->room->message);

	if (n == 0)
		return;
	if (n < 0 || !take_answer(r, f, (size_t)n))
		give_up_server(r, f, true);
}

void resolver_upstream_event(struct resolver *r, size_t flight, uint32_t events)
{
	struct resolver_flight *f = &r->room->flights[flight];

	if (!f->is_used)
		return;
	if (!f->asker.is_stream)
		receive_datagrams(r, f);
	else if (!f->is_sent)
		send_over_tcp(r, f);
	else
		receive_over_tcp(r, f, events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
}

/* -- time -- */

int64_t resolver_upstream_deadline(const struct resolver *r)
{
	int64_t first = INT64_MAX;
	size_t left = r->n_flights;

	for (size_t i = 0; i < RESOLVER_FLIGHTS_MAX && left > 0; i++) {
		const struct resolver_flight *f = &r->room->flights[i];

		if (!f->is_used)
			continue;
		left--;
		first = f->deadline_ms < first ? f->deadline_ms : first;
	}
	return first;
}

void resolver_upstream_expire(struct resolver *r, int64_t now_ms)
{
	size_t left = r->n_flights;

	for (size_t i = 0; i < RESOLVER_FLIGHTS_MAX && left > 0; i++) {
		struct resolver_flight *f = &r->room->flights[i];

		if (!f->is_used)
			continue;
		left--;
		if (f->deadline_ms <= now_ms)
			give_up_server(r, f, true);
	}
}

void resolver_upstream_close(struct resolver *r)
{
	for (size_t i = 0; i < RESOLVER_FLIGHTS_MAX && r->n_flights > 0; i++)
		if (r->room->flights[i].is_used)
			end(r, &r->room->flights[i]);
}
