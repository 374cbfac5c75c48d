/*
 * process_plan.h - deciding what a process may do and what it runs
 */
#ifndef RUNTIME_PROCESS_PLAN_H
#define RUNTIME_PROCESS_PLAN_H

#include "runtime/plan.h"

/* Fills in user, capabilities, limits, arguments and environment of the plan. Pure. */
int process_plan_make(const struct oci_process *process, const struct plan_facts *facts,
		      struct arena *a, struct init_plan *p, struct err *err);

#endif
