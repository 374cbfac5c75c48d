/*
 * watch.h - does something still come?
 *
 * Time is cut into windows; in each, a least number of bytes must move in either direction. Whoever
 * sends a byte now and then keeps nobody waiting for ever. Time that we take ourselves, because a
 * disk is slow, is not counted.
 */
#ifndef REGISTRY_WATCH_H
#define REGISTRY_WATCH_H

#include <stdbool.h>
#include <stdint.h>

enum { WATCH_LEAST = 1024 }; /* bytes a window */

struct watch {
	int64_t window_ms;
	int64_t start_ms, start_bytes;
};

static inline void watch_start(struct watch *w, int64_t window_ms, int64_t now_ms)
{
	*w = (struct watch){ .window_ms = window_ms, .start_ms = now_ms };
}

/* bytes: moved since the start in all. False: too few for too long. */
static inline bool watch_goes_on(struct watch *w, int64_t now_ms, int64_t bytes)
{
	if (now_ms - w->start_ms < w->window_ms)
		return true;
	if (bytes - w->start_bytes < WATCH_LEAST)
		return false;
	w->start_ms = now_ms;
	w->start_bytes = bytes;
	return true;
}

/* We were busy for so long. */
static inline void watch_excuse(struct watch *w, int64_t ms)
{
	w->start_ms += ms;
}

#endif
