/*
 * gather.h - the facts about this machine that a plan needs
 */
#ifndef RUNTIME_GATHER_H
#define RUNTIME_GATHER_H

#include "runtime/plan.h"

/* For a start; the container's control group exists by then. */
int gather_start(const struct runtime_start *start, struct arena *a, struct plan_facts *ret,
		 struct err *err);
int gather_exec(const struct runtime_exec *exec, struct plan_facts *ret, struct err *err);

#endif
