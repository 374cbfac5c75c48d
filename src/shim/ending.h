/*
 * ending.h - from the end of a container's init to nothing left, or to the next run
 */
#ifndef SHIM_ENDING_H
#define SHIM_ENDING_H

#include "shim/supervisor.h"

/* Init has ended (a status of waitpid()): what it has written last is waited for. */
void ending_begin(struct supervisor *s, int wait_status);
/* Has all output been read, and taken by all clients? */
bool ending_is_drained(const struct supervisor *s);
/* It has, or its time is over: the end is told, and what follows from it begins. */
void ending_decide(struct supervisor *s);
/* The user does not want the restart that is being waited for. */
void ending_cancel_restart(struct supervisor *s);
/* The next run could not be started. */
void ending_restart_failed(struct supervisor *s, int exit_code, const struct err *err);
/* Clients that were slow have taken more: are they done? late: nothing has moved for a while. */
void ending_linger(struct supervisor *s, bool late);
/* The container's output, or a client, has moved. */
void ending_note_progress(struct supervisor *s);
/*
 * The very last: removes STATE/c/ID if a command had the lock before, or executes
 * `berth container reap` when nobody else removes a --rm container.
 */
void ending_leave(struct supervisor *s);

#endif
