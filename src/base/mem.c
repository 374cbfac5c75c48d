/*
 * mem.c - allocation that does not fail
 */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>

enum { EXIT_ENGINE = 125 };

void mem_exhausted(size_t size)
{
	(void)fprintf(stderr, "berth: out of memory (%zu bytes wanted)\n", size);
	_Exit(EXIT_ENGINE);
}

void *mem_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		mem_exhausted(size);
	return p;
}

void *mem_resize(void *p, size_t n, size_t size)
{
	size_t total;
	void *q;

	if (__builtin_mul_overflow(n, size, &total))
		mem_exhausted(SIZE_MAX);
	q = realloc(p, total ? total : 1);
	if (!q)
		mem_exhausted(total);
	return q;
}
