/*
 * arena.h - one region of memory per document, freed at once
 *
 * A parsed document lives in an arena: its structs need no free functions and are read-only
 * once read. Memory comes zeroed and aligned to 16 bytes. Allocation never returns NULL: it
 * ends the process when the system has none (sizes from outside are capped before).
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used;                /* in the newest */
};

#define ARENA_INIT                                                                                 \
	{                                                                                          \
		.blocks = NULL                                                                     \
	}

/* Zeroed memory of size bytes; size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);
/* The same for n items of size bytes each; an overflowing product ends the process. */
void *arena_array(struct arena *a, size_t n, size_t size);
#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))

/* Copies into the arena; NULL stays NULL. */
char *arena_strdup(struct arena *a, const char *s);
/* len bytes of s and a NUL. */
char *arena_strndup(struct arena *a, const char *s, size_t len);
void *arena_memdup(struct arena *a, const void *p, size_t size);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Frees everything; the arena is empty and usable again. */
void arena_done(struct arena *a);
static inline void arena_cleanup(struct arena *a)
{
	arena_done(a);
}

#endif
