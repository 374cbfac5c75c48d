/*
 * policy_plan.h - deciding what labels and policies a process runs under
 */
#ifndef RUNTIME_POLICY_PLAN_H
#define RUNTIME_POLICY_PLAN_H

#include "runtime/plan.h"

/* Scheduler, I/O priority, labels. -ENOTSUP where this machine lacks what is asked for. */
int policy_plan_process(const struct oci_process *process, const struct plan_facts *facts,
			struct arena *a, struct init_plan *p, struct err *err);
/* CPUs of a process that joins a container. */
void policy_plan_affinity(const struct oci_cpu_affinity *affinity, struct arena *a,
			  struct init_plan *p);
/* Personality and memory policy, which are the container's. */
void policy_plan_linux(const struct oci_linux *linux_, struct arena *a, struct init_plan *p);

#endif
