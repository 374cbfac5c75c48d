/*
 * memory_budget.h - memory that threads take turns with
 *
 * What one decoder needs depends on the archive, how many there are on the machine. Together they
 * have a fixed amount; who needs more than is left waits until another one has ended.
 */
#ifndef IMAGE_MEMORY_BUDGET_H
#define IMAGE_MEMORY_BUDGET_H

#include <pthread.h>
#include <stdint.h>

/* What all have, and so the most that one can have. */
enum { MEMORY_BUDGET = 32 << 20 };

struct memory_budget {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int64_t left;
};

void memory_budget_init(struct memory_budget *b);
void memory_budget_done(struct memory_budget *b);
/* At most MEMORY_BUDGET bytes. Who has some already gives them back first. */
void memory_budget_take(struct memory_budget *b, int64_t bytes);
void memory_budget_give(struct memory_budget *b, int64_t bytes);

#endif
