/*
 * exec_mode.h - one more process in a running container
 */
#ifndef SHIM_EXEC_MODE_H
#define SHIM_EXEC_MODE_H

/* By the exec_plan on SHIM_FD_PLAN; the exit status. */
int exec_mode_run(void);
/* The same for a health check in the container whose init this is, by PID and start time. */
int exec_mode_probe(const char *pid, const char *start_time);

#endif
