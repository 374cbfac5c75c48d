/*
 * ring.h - a few buffers between a thread that fills them and one that empties them
 */
#ifndef IMAGE_RING_H
#define IMAGE_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

enum { RING_SLOTS = 6, RING_SLOT_SIZE = 256 << 10 };

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *slots[RING_SLOTS];
	size_t lens[RING_SLOTS];
	unsigned filled, emptied; /* slots so far; their difference is what lies ready */
	bool ended;               /* by the filler: no more comes */
	bool stopped;             /* by either: the work is off */
	bool holding;             /* the emptier has a slot in its hands */
};

void ring_init(struct ring *r);
/* For the next piece of work; nobody may be in it. */
void ring_reset(struct ring *r);
void ring_done(struct ring *r);

/* The filler: a slot of RING_SLOT_SIZE bytes, or NULL when stopped. */
char *ring_slot(struct ring *r);
/* ... which has len bytes now. */
void ring_push(struct ring *r, size_t len);
void ring_end(struct ring *r);

/* The emptier: the next filled slot, which it had not before; the previous one is free then. NULL
 * at the end, or when stopped. */
const char *ring_next(struct ring *r, size_t *ret_len);

/* Both sides return NULL from now on. */
void ring_stop(struct ring *r);

#endif
