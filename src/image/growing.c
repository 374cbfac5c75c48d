/*
 * growing.c - how much of a file that is still being written can be read already
 */
#include "image/growing.h"

void growing_init(struct growing *g)
{
	*g = (struct growing){ .err = ERR_INIT };
	(void)pthread_mutex_init(&g->lock, NULL);
	(void)pthread_cond_init(&g->changed, NULL);
}

void growing_done(struct growing *g)
{
	(void)pthread_cond_destroy(&g->changed);
	(void)pthread_mutex_destroy(&g->lock);
}

void growing_reset(struct growing *g)
{
	g->ready = 0;
	g->err = (struct err)ERR_INIT;
}

void growing_advance(struct growing *g, int64_t ready)
{
	(void)pthread_mutex_lock(&g->lock);
	if (ready > g->ready) {
		g->ready = ready;
		(void)pthread_cond_broadcast(&g->changed);
	}
	(void)pthread_mutex_unlock(&g->lock);
}

void growing_fail(struct growing *g, const struct err *why)
{
	(void)pthread_mutex_lock(&g->lock);
	if (!g->err.code)
		g->err = *why;
	(void)pthread_cond_broadcast(&g->changed);
	(void)pthread_mutex_unlock(&g->lock);
}

int64_t growing_wait(struct growing *g, int64_t beyond, struct err *err)
{
	int64_t r;

	(void)pthread_mutex_lock(&g->lock);
	while (g->ready <= beyond && !g->err.code)
		(void)pthread_cond_wait(&g->changed, &g->lock);
	r = g->ready > beyond ? g->ready : g->err.code;
	if (r < 0 && err)
		*err = g->err;
	(void)pthread_mutex_unlock(&g->lock);
	return r;
}
