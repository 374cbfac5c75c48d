/*
 * resolver.c - the name server that a container finds at 127.0.0.11
 */
#include "shim/resolver.h"

#include "base/own.h"
#include "base/str.h"
#include "shim/resolver_sockets.h"
#include "shim/resolver_stream.h"
#include "shim/resolver_upstream.h"
#include "shim/supervisor.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
	EVENTS_A_TURN = 32,
	DATAGRAMS_A_TURN = 32,
	/* Over the loopback device nothing is lost; some askers have no more room than they say. */
	UDP_ANSWER_MAX = 4096,
	KIND_SHIFT = 32,
};

void resolver_init(struct resolver *r, struct resolver_room *room)
{
	r->epoll = r->udp = r->listener = r->rules = -1;
	r->names.dir = r->names.container = r->names.list = -1;
	r->room = room;
}

int resolver_watch(const struct resolver *r, int op, int fd, uint32_t events,
		   enum resolver_event kind, size_t index)
{
	struct epoll_event e = { .events = events,
				 .data.u64 = (uint64_t)kind << KIND_SHIFT | index };

	return epoll_ctl(r->epoll, op, fd, &e) < 0 ? -errno : 0;
}

/* -- opening -- */

static int watch_sockets(struct resolver *r, struct err *err)
{
	int result;

	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll < 0)
		return err_sys(err, "epoll");
	result = resolver_watch(r, EPOLL_CTL_ADD, r->udp, EPOLLIN, RESOLVER_UDP, 0);
	if (result == 0)
		result = resolver_watch(r, EPOLL_CTL_ADD, r->listener, EPOLLIN, RESOLVER_LISTENER,
					0);
	return result < 0 ? err_code(err, result, "epoll") : 0;
}

int resolver_open(struct resolver *r, const struct shim_plan *plan, int container_dir,
		  struct err *err)
{
	struct resolver_sockets sockets;
	int result = resolver_servers_init(&r->servers, &plan->resolver->servers, err);

	if (result == 0)
		result = resolver_sockets_open(&plan->config, &sockets, err);
	if (result < 0)
		return err_wrap(err, "name server of the container");
	r->udp = sockets.udp;
	r->listener = sockets.listener;
	r->rules = sockets.rules;
	result = watch_sockets(r, err);
	if (result == 0)
		result = resolver_names_open(&r->names, plan->state_root, container_dir, plan->id,
					     err);
	if (result == 0)
		return 0;
	resolver_close(r);
	return err_wrap(err, "name server of the container");
}

void resolver_close(struct resolver *r)
{
	resolver_upstream_close(r);
	resolver_stream_close(r);
	resolver_names_close(&r->names);
	fd_cleanup(&r->rules);
	fd_cleanup(&r->listener);
	fd_cleanup(&r->udp);
	fd_cleanup(&r->epoll);
}

/* -- answers -- */

void resolver_reply(struct resolver *r, const struct resolver_asker *asker, size_t len)
{
	if (asker->is_stream)
		resolver_stream_reply(r, asker, len);
	else /* who does not read what he asked for loses it */
		(void)sendto(r->udp, resolver_message(r), len, MSG_DONTWAIT | MSG_NOSIGNAL,
			     (const struct sockaddr *)&asker->from, sizeof(asker->from));
}

static size_t answer_max(const struct resolver_asker *asker, const struct dns_query *q)
{
	if (asker->is_stream)
		return DNS_MESSAGE_MAX;
	return q->udp_size < UDP_ANSWER_MAX ? q->udp_size : UDP_ANSWER_MAX;
}

void resolver_refuse(struct resolver *r, const struct resolver_asker *asker, const uint8_t *query,
		     size_t len, enum dns_rcode rcode)
{
	struct dns_answer a;
	struct dns_query q;

	if (dns_parse_query(query, len, &q) < 0)
		return;
	dns_answer_begin(&a, resolver_message(r), answer_max(asker, &q), query, &q, rcode);
	resolver_reply(r, asker, dns_answer_end(&a));
}

/* Transfers of zones come in many messages, which nobody asks a resolver for. */
static bool is_transfer(const struct dns_query *q)
{
	return q->type == DNS_AXFR || q->type == DNS_IXFR;
}

bool resolver_ask(struct resolver *r, const struct resolver_asker *asker, const uint8_t *query,
		  size_t len)
{
	struct dns_answer a;
	struct dns_query q;
	int rcode = dns_parse_query(query, len, &q);

	if (rcode < 0)
		return false;
	if (rcode == 0 && is_transfer(&q))
		rcode = DNS_REFUSED;
	if (rcode > 0) {
		resolver_refuse(r, asker, query, len, (enum dns_rcode)rcode);
		return true;
	}
	resolver_names_refresh(&r->names);
	dns_answer_begin(&a, resolver_message(r), answer_max(asker, &q), query, &q, DNS_NOERROR);
	if (resolver_names_answer(&r->names, &q, &a))
		resolver_reply(r, asker, dns_answer_end(&a));
	else if (resolver_names_lead_out(&r->names))
		resolver_upstream_ask(r, asker, query, len);
	else
		resolver_refuse(r, asker, query, len, DNS_SERVFAIL);
	return true;
}

static void receive(struct resolver *r)
{
	for (int i = 0; i < DATAGRAMS_A_TURN; i++) {
		uint8_t query[RESOLVER_QUERY_MAX];
		struct resolver_asker asker = { .is_stream = false };
		socklen_t size = sizeof(asker.from);
		ssize_t n = recvfrom(r->udp, query, sizeof(query), MSG_DONTWAIT | MSG_TRUNC,
				     (struct sockaddr *)&asker.from, &size);

		if (n < 0)
			return;
		if ((size_t)n > sizeof(query)) /* what is there of it has a header at least */
			resolver_refuse(r, &asker, query, sizeof(query), DNS_FORMERR);
		else
			(void)resolver_ask(r, &asker, query, (size_t)n);
	}
}

/* -- the loop -- */

int64_t resolver_wait_ms(const struct resolver *r)
{
	int64_t flight, stream, left;

	if (r->n_flights == 0 && r->n_streams == 0)
		return -1;
	flight = resolver_upstream_deadline(r);
	stream = resolver_stream_deadline(r);
	if (flight == INT64_MAX && stream == INT64_MAX)
		return -1;
	left = (flight < stream ? flight : stream) - supervisor_steady_ms();
	return left > 0 ? left : 0;
}

void resolver_turn(struct resolver *r)
{
	struct epoll_event events[EVENTS_A_TURN];
	int64_t now;
	int n = r->epoll < 0 ? 0 : epoll_wait(r->epoll, events, EVENTS_A_TURN, 0);

	for (int i = 0; i < n; i++) {
		size_t index = events[i].data.u64 & UINT32_MAX;

		switch ((enum resolver_event)(events[i].data.u64 >> KIND_SHIFT)) {
		case RESOLVER_UDP:
			receive(r);
			break;
		case RESOLVER_LISTENER:
			resolver_stream_accept(r);
			break;
		case RESOLVER_STREAM:
			resolver_stream_event(r, index, events[i].events);
			break;
		case RESOLVER_FLIGHT:
			resolver_upstream_event(r, index, events[i].events);
			break;
		}
	}
	if (r->n_flights == 0 && r->n_streams == 0)
		return;
	now = supervisor_steady_ms();
	resolver_upstream_expire(r, now);
	resolver_stream_expire(r, now);
}

/* Pages of zeros are what an empty table is. */
void resolver_give_back(struct resolver *r)
{
	if (r->epoll >= 0 && r->n_flights == 0)
		(void)madvise(r->room, sizeof(*r->room), MADV_DONTNEED);
}
