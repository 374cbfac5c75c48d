/*
 * child_program.h - a program that is asked something and answers
 */
#ifndef SYS_CHILD_PROGRAM_H
#define SYS_CHILD_PROGRAM_H

#include "base/err.h"
#include "base/str.h"

/* argv[0] is its path; it has no environment but env, and no descriptors but 0, 1 and 2. */
struct child_program {
	const char *const *argv, *const *env; /* end with NULL */
	const char *input;                    /* its stdin */
	size_t input_len;
	size_t answer_max; /* bytes of stdout */
	bool wants_errors; /* stderr is part of the answer; else it is nobody's */
	int timeout_ms;
};

/*
 * Runs it to its end, in a session of its own; what is left of its process group then is killed.
 * *ret_status: as of waitpid(2). -ENOENT and so on: it cannot be executed; -ETIMEDOUT: it took too
 * long and was killed; -EFBIG: it said too much and was killed. Appends to *ret_answer.
 */
int child_program_run(const struct child_program *p, struct buf *ret_answer, int *ret_status);

#endif
