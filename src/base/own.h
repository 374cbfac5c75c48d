/*
 * own.h - who frees it is visible at the declaration
 *
 * OWN(x) runs x_cleanup() on the variable when its scope ends; every type brings its own
 * cleanup function, and cleaning up nothing (NULL, -1, a zeroed struct) is always fine.
 * take() and take_fd() hand a value on: the variable they empty no longer owns anything.
 */
#ifndef BASE_OWN_H
#define BASE_OWN_H

#include <stdlib.h>
#include <unistd.h>

#define OWN(type) __attribute__((__cleanup__(type##_cleanup)))

/* The pointer's value; the variable becomes NULL. */
#define take(p)                                                                                    \
	({                                                                                         \
		__typeof__(*(p)) own_taken_ = *(p);                                                \
		*(p) = NULL;                                                                       \
		own_taken_;                                                                        \
	})

/* The descriptor; the variable becomes -1. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void fd_cleanup(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* For heap strings and plain malloc()ed memory. */
static inline void str_cleanup(char **s)
{
	free(*s);
	*s = NULL;
}

static inline void mem_cleanup(void *p)
{
	free(*(void **)p);
	*(void **)p = NULL;
}

#endif
