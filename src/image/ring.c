/*
 * ring.c - a few buffers between a thread that fills them and one that empties them
 *
 * The buffers together are as large as a processor's second cache, so that what one side has
 * written the other one still finds there.
 */
#include "image/ring.h"

#include "base/mem.h"

void ring_init(struct ring *r)
{
	*r = (struct ring){ .emptied = 0 };
	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_cond_init(&r->changed, NULL);
	for (int i = 0; i < RING_SLOTS; i++)
		r->slots[i] = mem_resize(NULL, RING_SLOT_SIZE, 1);
}

void ring_reset(struct ring *r)
{
	r->filled = r->emptied = 0;
	r->ended = r->stopped = r->holding = false;
}

void ring_done(struct ring *r)
{
	for (int i = 0; i < RING_SLOTS; i++)
		free(r->slots[i]);
	(void)pthread_cond_destroy(&r->changed);
	(void)pthread_mutex_destroy(&r->lock);
}

char *ring_slot(struct ring *r)
{
	char *slot;

	(void)pthread_mutex_lock(&r->lock);
	/* One slot is in the emptier's hands. */
	while (!r->stopped && r->filled - r->emptied == RING_SLOTS)
		(void)pthread_cond_wait(&r->changed, &r->lock);
	slot = r->stopped ? NULL : r->slots[r->filled % RING_SLOTS];
	(void)pthread_mutex_unlock(&r->lock);
	return slot;
}

static void change(struct ring *r, unsigned *count, bool *flag)
{
	(void)pthread_mutex_lock(&r->lock);
	if (count)
		++*count;
	if (flag)
		*flag = true;
	(void)pthread_cond_broadcast(&r->changed);
	(void)pthread_mutex_unlock(&r->lock);
}

void ring_push(struct ring *r, size_t len)
{
	r->lens[r->filled % RING_SLOTS] = len;
	change(r, &r->filled, NULL);
}

void ring_end(struct ring *r)
{
	change(r, NULL, &r->ended);
}

void ring_stop(struct ring *r)
{
	change(r, NULL, &r->stopped);
}

const char *ring_next(struct ring *r, size_t *ret_len)
{
	const char *slot = NULL;

	(void)pthread_mutex_lock(&r->lock);
	if (r->holding) {
		r->holding = false;
		r->emptied++;
		(void)pthread_cond_broadcast(&r->changed);
	}
	while (!r->stopped && !r->ended && r->filled == r->emptied)
		(void)pthread_cond_wait(&r->changed, &r->lock);
	if (!r->stopped && r->filled != r->emptied) {
		slot = r->slots[r->emptied % RING_SLOTS];
		*ret_len = r->lens[r->emptied % RING_SLOTS];
		r->holding = true;
	}
	(void)pthread_mutex_unlock(&r->lock);
	return slot;
}
