/*
 * init_policy.h - which CPUs, disks and memory a process is given, and when
 */
#ifndef RUNTIME_INIT_POLICY_H
#define RUNTIME_INIT_POLICY_H

#include "runtime/init_kernel.h"
#include "runtime/init_plan.h"

#include "sys/raw.h"

static inline long init_policy_affinity_initial(const struct init_plan *p)
{
	return p->cpus_initial ? RAW(sched_setaffinity, 0, p->cpus_size, p->cpus_initial) : 0;
}

static inline long init_policy_affinity_final(const struct init_plan *p)
{
	return p->cpus_final ? RAW(sched_setaffinity, 0, p->cpus_size, p->cpus_final) : 0;
}

/* Before the privileges go that some of these need. */
static inline long init_policy_scheduler(const struct init_plan *p)
{
	return p->scheduler ? RAW(sched_setattr, 0, p->scheduler, 0) : 0;
}

static inline long init_policy_io_priority(const struct init_plan *p)
{
	return p->io_priority ? RAW(ioprio_set, IOPRIO_WHO_PROCESS_, 0, p->io_priority) : 0;
}

static inline long init_policy_memory_policy(const struct init_plan *p)
{
	return p->memory_policy ? RAW(set_mempolicy, p->memory_policy->mode,
				      p->memory_policy->nodes, p->memory_policy->max)
				: 0;
}

static inline long init_policy_personality(const struct init_plan *p)
{
	return p->personality >= 0 ? RAW(personality, p->personality) : 0;
}

#endif
