/*
 * memory_budget.c - memory that threads take turns with
 *
 * Who holds some never waits for more, so nobody waits for ever.
 */
#include "image/memory_budget.h"

void memory_budget_init(struct memory_budget *b)
{
	(void)pthread_mutex_init(&b->lock, NULL);
	(void)pthread_cond_init(&b->changed, NULL);
	b->left = MEMORY_BUDGET;
}

void memory_budget_done(struct memory_budget *b)
{
	(void)pthread_cond_destroy(&b->changed);
	(void)pthread_mutex_destroy(&b->lock);
}

void memory_budget_take(struct memory_budget *b, int64_t bytes)
{
	(void)pthread_mutex_lock(&b->lock);
	while (b->left < bytes)
		(void)pthread_cond_wait(&b->changed, &b->lock);
	b->left -= bytes;
	(void)pthread_mutex_unlock(&b->lock);
}

void memory_budget_give(struct memory_budget *b, int64_t bytes)
{
	(void)pthread_mutex_lock(&b->lock);
	b->left += bytes;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
}
