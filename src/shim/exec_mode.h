/*
 * exec_mode.h - one more process in a running container
 */
#ifndef SHIM_EXEC_MODE_H
#define SHIM_EXEC_MODE_H

/* By the exec_plan on SHIM_FD_PLAN; the exit status. */
int exec_mode_run(void);

#endif
