/*
 * resolver_stream.h - questions and answers over TCP
 */
#ifndef SHIM_RESOLVER_STREAM_H
#define SHIM_RESOLVER_STREAM_H

#include "shim/resolver.h"

/*
 * Takes a whole message of at most max bytes, with its length in front, off a connection: the
 * message's length; 0: there is not all of it yet; negative: there will be none. Until it is whole
 * it stays in the kernel's buffer. ended: the other side sends no more.
 */
int resolver_stream_take(int fd, bool ended, size_t max, uint8_t *out);

/* Somebody connects. */
void resolver_stream_accept(struct resolver *r);
/* Something has happened on a connection. */
void resolver_stream_event(struct resolver *r, size_t stream, uint32_t events);
/* The message in the room is for it; it is closed when it does not take it. */
void resolver_stream_reply(struct resolver *r, const struct resolver_asker *asker, size_t len);
/* Connections that are of no use any more. */
void resolver_stream_expire(struct resolver *r, int64_t now_ms);
/* When the next one's time is over (steady clock), or INT64_MAX. */
int64_t resolver_stream_deadline(const struct resolver *r);
void resolver_stream_close(struct resolver *r);

#endif
