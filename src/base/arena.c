/*
 * arena.c - one region of memory per document, freed at once
 *
 * Blocks grow with what was asked for so far, so a document of n bytes needs O(log n) blocks.
 */
#include "base/arena.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_MIN = 4096, ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t size; /* of data */
	_Alignas(ALIGN) char data[];
};

static void add_block(struct arena *a, size_t need)
{
	size_t size = a->blocks ? a->blocks->size * 2 : BLOCK_MIN - sizeof(struct arena_block);
	struct arena_block *b;

	if (size < need)
		size = need;
	b = mem_alloc(sizeof(*b) + size);
	b->size = size;
	b->next = a->blocks;
	a->blocks = b;
	a->used = 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
	void *p;

	if (size > SIZE_MAX / 4)
		mem_exhausted(size);
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!a->blocks || a->blocks->size - a->used < size)
		add_block(a, size);
	p = a->blocks->data + a->used;
	a->used += size;
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		mem_exhausted(SIZE_MAX);
	return arena_alloc(a, total);
}

void *arena_memdup(struct arena *a, const void *p, size_t size)
{
	void *copy = arena_alloc(a, size);

	if (size)
		memcpy(copy, p, size);
	return copy;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *copy = arena_alloc(a, len + 1);

	if (len)
		memcpy(copy, s, len);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *s;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = arena_alloc(a, (size_t)(len < 0 ? 0 : len) + 1);
	(void)vsnprintf(s, (size_t)(len < 0 ? 0 : len) + 1, fmt, again);
	va_end(again);
	return s;
}

void arena_done(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	a->used = 0;
}
