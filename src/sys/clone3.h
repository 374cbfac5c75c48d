/*
 * clone3.h - a child with a stack of its own
 */
#ifndef SYS_CLONE3_H
#define SYS_CLONE3_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct clone3_request {
	uint64_t flags; /* CLONE_…, without the exit signal, which is SIGCHLD */
	void *stack;    /* lowest address */
	size_t stack_size;
	int *pidfd;         /* with CLONE_PIDFD */
	int cgroup_dir;     /* v2 directory that the child is born in, or -1 */
	int (*run)(void *); /* what the child does; its result is the exit status */
	void *arg;
};

/*
 * The child's PID, or a negative errno. Uses clone3(2) only when a cgroup is wanted, since
 * containers and old kernels may lack it: -ENOSYS then.
 */
pid_t clone3_start(const struct clone3_request *request);

#endif
