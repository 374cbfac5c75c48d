/*
 * exec_leave.h - what ends the supervisor of an exec'd process does not end the process
 */
#ifndef SHIM_EXEC_LEAVE_H
#define SHIM_EXEC_LEAVE_H

#include <stdbool.h>

enum { EXEC_GOES_ON = -2, EXEC_HAS_ENDED = -1 };

/* A signalfd, not blocking, of SIGWINCH and of what would end us; SIGPIPE is ignored from now on.
 */
int exec_leave_signals(void);
/* Reads all: EXEC_GOES_ON, or the exit status by which we end. *ret_resized: there was a SIGWINCH.
 */
int exec_leave_read(int signals, bool *ret_resized);
/* True in a child that stays behind, in a session of its own, with /dev/null as descriptors 0 to 2.
 */
bool exec_leave_fork(void);

#endif
