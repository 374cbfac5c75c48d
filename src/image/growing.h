/*
 * growing.h - how much of a file that is still being written can be read already
 *
 * One side, of any number of threads, says how many bytes from the front are there; the other side
 * waits for more. Both outlive it.
 */
#ifndef IMAGE_GROWING_H
#define IMAGE_GROWING_H

#include "base/err.h"

#include <pthread.h>
#include <stdint.h>

struct growing {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int64_t ready;  /* bytes from the front */
	struct err err; /* with a code: no more will come */
};

void growing_init(struct growing *g);
void growing_done(struct growing *g);
/* As after growing_init(); nobody may be waiting. */
void growing_reset(struct growing *g);

/* The first ready bytes are there. Less than was said before changes nothing. */
void growing_advance(struct growing *g, int64_t ready);
/* No more will come, for this reason; the first one counts. */
void growing_fail(struct growing *g, const struct err *why);

/* Waits until there are more than beyond bytes; returns how many, or the code of growing_fail(). */
int64_t growing_wait(struct growing *g, int64_t beyond, struct err *err);

#endif
