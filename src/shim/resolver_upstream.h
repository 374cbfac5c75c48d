/*
 * resolver_upstream.h - questions that are passed on to name servers outside
 *
 * The way it was asked, over UDP or TCP, is the way it is passed on: an answer that is truncated
 * goes back as it is, and the container asks again over TCP. Each question has a socket of its own
 * to one server, so that its port is as random as its number, and the kernel drops what another
 * address sends. A server has 4 seconds; three are asked at most.
 */
#ifndef SHIM_RESOLVER_UPSTREAM_H
#define SHIM_RESOLVER_UPSTREAM_H

#include "shim/resolver.h"

/* Passes the question on; it is answered later, or at once when that cannot be. */
void resolver_upstream_ask(struct resolver *r, const struct resolver_asker *asker,
			   const uint8_t *query, size_t len);
/* Something has happened at the socket of a flight. */
void resolver_upstream_event(struct resolver *r, size_t flight, uint32_t events);
/* Servers whose time is over. */
void resolver_upstream_expire(struct resolver *r, int64_t now_ms);
/* When the next one's is (steady clock), or INT64_MAX. */
int64_t resolver_upstream_deadline(const struct resolver *r);
void resolver_upstream_close(struct resolver *r);

#endif
