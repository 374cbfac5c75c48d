/*
 * memory.c - giving back what the start of a container used
 *
 * A shim lives as long as its container and mostly sleeps, and there may be hundreds of them: each
 * page that it keeps counts. Starting takes some hundred pages of heap and stack for a moment, and
 * most of the program, of which the event loop needs little.
 */
#include "shim/memory.h"

#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STACK_DEPTH = 256 * 1024, MARGIN = 1024 };

/* The linker's: where the program begins, and where its code ends. */
extern const char __executable_start[], etext[];

/* What lies below our frame is dead; the kernel gives zeros when the stack grows there again. */
static __attribute__((noinline)) void give_back_stack(uintptr_t page)
{
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - MARGIN) & ~(page - 1);

	/* Says ENOMEM for what the stack never reached, after having done the rest. */
	(void)madvise((void *)(end - STACK_DEPTH), STACK_DEPTH, MADV_DONTNEED);
}

/* Pages of the file: they stay in the page cache, and come back when they are needed. */
static void give_back_code(uintptr_t page)
{
	uintptr_t from = (uintptr_t)__executable_start & ~(page - 1);
	uintptr_t to = (uintptr_t)etext & ~(page - 1);

	(void)madvise((void *)from, to - from, MADV_DONTNEED);
}

void memory_give_back(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)malloc_trim(0);
	give_back_stack(page);
	give_back_code(page);
}
