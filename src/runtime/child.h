/*
 * child.h - making the child that carries a plan out, and hearing how far it came
 */
#ifndef RUNTIME_CHILD_H
#define RUNTIME_CHILD_H

#include "base/arena.h"
#include "base/err.h"
#include "runtime/init_plan.h"
#include "runtime/runtime.h"

/* Does what the child asks for (INIT_ASK_*) and lets it go on; the child is killed on failure. */
typedef int child_answer_fn(void *ctx, int what, pid_t pid, int talk, struct err *err);
/* For the answer: the child goes on. One that has died is no error. */
int child_say_go(int talk, struct err *err);

struct child_request {
	struct init_plan *plan;
	uint64_t namespaces; /* CLONE_NEW* */
	int cgroup_dir;      /* v2 group to be born in (the last of the plan's), or -1 */
	int pid_ns_fd;       /* pidfd or file of the PID namespace it is born in, or -1 */
	int time_ns_fd;      /* the same of a time namespace */
	/* Namespaces that are joined before it is born, by a process made for that; the last may be
	 * a user namespace, which then owns the new ones. */
	const struct init_join *before;
	size_t n_before;
	child_answer_fn *answer; /* NULL: it has nothing to ask */
	void *answer_ctx;
	bool hold;
	/* The answer to INIT_ASK_MAPS needs to reach its procfs as the same user, and shuts it. */
	bool open_until_mapped;
};

/*
 * Returns when the program runs or is held. On failure the child is gone and reaped. The plan's
 * memory must stay for as long as a held child waits. pid, pidfd, console_fd and hold_fd of
 * *ret_process are filled in.
 */
int child_start(const struct child_request *request, struct arena *a,
		struct runtime_process *ret_process, int *ret_exit, struct err *err);

/* The two halves of runtime_release() and runtime_reattach(). */
int child_release(struct runtime_process *process, int *ret_exit, struct err *err);
int child_find_hold(pid_t pid, int pidfd, int *ret_fd, struct err *err);

#endif
