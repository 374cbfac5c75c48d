/*
 * start.h - from the plan to a running container
 */
#ifndef SHIM_START_H
#define SHIM_START_H

#include "shim/supervisor.h"

/* What an earlier self leaves to the one that starts the container again (again.c). */
struct start_again {
	uint32_t delay_ms;   /* that was waited */
	const char *clients; /* their descriptors, see START_CLIENT_FDS: 'w' waits for the end, else
				'-' */
};
enum { START_FD_STATUS = 4, START_FD_LISTENER = 5, START_FD_CLIENTS = 6 };

/*
 * The process becomes the container's parent; again: NULL for the first start. On failure the
 * container does not run, nothing of it is left but its directory, and *ret_exit is docker's exit
 * status for it.
 */
int start_container(struct supervisor *s, const struct start_again *again, int *ret_exit,
		    struct err *err);
/* To whoever started us, when that failed. */
void start_report_failure(int fd, int exit_code, const struct err *err);

#endif
