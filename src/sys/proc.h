/*
 * proc.h - what procfs says about a process, and handles on processes
 */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include <stdint.h>
#include <sys/types.h>

/*
 * When a process began, in clock ticks since boot (field 22 of /proc/PID/stat): with the PID it
 * names a process for good. -ESRCH when there is none (or only a zombie's remains without one).
 */
int proc_start_time(pid_t pid, uint64_t *ret);
/*
 * A pidfd (close-on-exec) of the process that has this PID and began at start; -ESRCH when that
 * one is gone and the PID is free or somebody else's.
 */
int proc_open(pid_t pid, uint64_t start);
/* pidfd_send_signal(2): 0 or a negative errno. */
int proc_signal(int pidfd, int signal);
/* A duplicate (close-on-exec) of another process's descriptor, or a negative errno. */
int proc_take_fd(int pidfd, int fd);

#endif
