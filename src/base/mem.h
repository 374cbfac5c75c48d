/*
 * mem.h - allocation that does not fail
 *
 * These end the process when the system has no memory. That is honest because sizes from outside
 * are capped before anything is allocated, and because any process may die at any moment without
 * harm. Results belong to the caller: free() them, or OWN(mem) / OWN(str).
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

/* Zeroed memory. */
void *mem_alloc(size_t size);
/* Grows or shrinks p to n items of size bytes; new bytes are not zeroed. */
void *mem_resize(void *p, size_t n, size_t size);
/* Says so on stderr and ends the process with status 125. */
_Noreturn void mem_exhausted(size_t size);

#endif
