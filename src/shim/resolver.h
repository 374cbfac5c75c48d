/*
 * resolver.h - the name server that a container finds at 127.0.0.11
 *
 * Its sockets are in the container's network namespace, it itself is its shim's event loop: so it
 * lives exactly as long as the container, and nobody shares it. It answers for the container's
 * networks (resolver_names.h) and passes other questions on to the servers of the host, from the
 * host's namespace (resolver_upstream.h), unless all networks are internal.
 *
 * Everything is static: tables of fixed sizes whose pages are touched when they are needed, and
 * given back when nothing is under way. When a table is full the question is answered with
 * SERVFAIL; the container can only harm itself.
 */
#ifndef SHIM_RESOLVER_H
#define SHIM_RESOLVER_H

#include "model/shim_plan.h"
#include "shim/resolver_names.h"
#include "shim/resolver_servers.h"

#include <netinet/in.h>

enum {
	RESOLVER_QUERY_MAX = 512, /* bytes: no question is longer */
	RESOLVER_FLIGHTS_MAX = 256,
	RESOLVER_STREAMS_MAX = 16,
	RESOLVER_PREFIX = 2, /* the length that is in front of each message over TCP */
};

/* Who is to get an answer: an address, or a connection and what it was then. */
struct resolver_asker {
	bool is_stream;
	uint8_t stream;
	uint32_t serial;
	struct sockaddr_in from;
};

/* A question that was passed on. */
struct resolver_flight {
	bool is_used, is_sent;
	uint8_t tried; /* bits: the servers that were asked */
	uint8_t server;
	int fd; /* to the server that is being asked */
	int64_t deadline_ms;
	struct resolver_asker asker;
	uint16_t asker_id;
	uint16_t len;
	uint8_t query[RESOLVER_PREFIX + RESOLVER_QUERY_MAX];
};

/* A TCP connection from within the container. One question at a time is under way. */
struct resolver_stream {
	bool is_used, is_busy;
	int fd;
	uint32_t serial;
	int64_t deadline_ms;
};

/* Its pages are touched when they are needed. */
struct resolver_room {
	/* The message that was received or is to be sent, with its length in front. */
	_Alignas(4096) uint8_t message[RESOLVER_PREFIX + DNS_MESSAGE_MAX];
	_Alignas(4096) struct resolver_flight flights[RESOLVER_FLIGHTS_MAX];
};

struct resolver {
	int epoll; /* -1: there is no resolver */
	int udp, listener;
	int rules; /* what protects the redirection; or -1 */
	size_t n_flights, n_streams;
	uint32_t serial;
	struct resolver_names names;
	struct resolver_servers servers;
	struct resolver_stream streams[RESOLVER_STREAMS_MAX];
	struct resolver_room *room;
};

/* There is none yet. */
void resolver_init(struct resolver *r, struct resolver_room *room);
/*
 * Opens it in the network namespace that the configuration of the plan joins. On failure there is
 * none.
 */
int resolver_open(struct resolver *r, const struct shim_plan *plan, int container_dir,
		  struct err *err);
/* With its last socket the container's namespace can go. Fine when there is none. */
void resolver_close(struct resolver *r);

/* Milliseconds until there is something to do although no descriptor (r->epoll) is ready; or -1. */
int64_t resolver_wait_ms(const struct resolver *r);
/* Does what there is to do. */
void resolver_turn(struct resolver *r);
/* Nothing is going on: pages that were used for a moment are the kernel's again. */
void resolver_give_back(struct resolver *r);

/* -- between its parts -- */

/* What an event of r->epoll is about. */
enum resolver_event { RESOLVER_UDP, RESOLVER_LISTENER, RESOLVER_STREAM, RESOLVER_FLIGHT };
int resolver_watch(const struct resolver *r, int op, int fd, uint32_t events,
		   enum resolver_event kind, size_t index);

/* A question has come; len is that of the message. False: it cannot be answered. */
bool resolver_ask(struct resolver *r, const struct resolver_asker *asker, const uint8_t *query,
		  size_t len);
/* Where a message is written that is to be sent. */
static inline uint8_t *resolver_message(struct resolver *r)
{
	return r->room->message + RESOLVER_PREFIX;
}
/* Sends it, if there is still somebody to get it. */
void resolver_reply(struct resolver *r, const struct resolver_asker *asker, size_t len);
/* Answers a question with an error, or (DNS_NOERROR) with nothing but that there is more. */
void resolver_refuse(struct resolver *r, const struct resolver_asker *asker, const uint8_t *query,
		     size_t len, enum dns_rcode rcode);

#endif
