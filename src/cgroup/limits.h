/*
 * limits.h - limits of a group, written to v1 or v2 files
 */
#ifndef CGROUP_LIMITS_H
#define CGROUP_LIMITS_H

#include "base/err.h"
#include "cgroup/cgroup.h"
#include "cgroup/hierarchy.h"

/* Writes every limit that is set, wherever its controller is. -ENOTSUP names a missing one. */
int limits_apply(const char *group, const struct cgroup_limits *l, struct err *err);

/* 1 << enum controller of each that has a limit. */
uint32_t limits_controllers(const struct cgroup_limits *l);

/* One controller's limits in one tree. */
typedef int limits_fn(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		      struct err *err);
limits_fn limits_v1_memory, limits_v1_cpu, limits_v1_cpuset, limits_v1_pids, limits_v1_devices;
limits_fn limits_v2_memory, limits_v2_cpu, limits_v2_cpuset, limits_v2_pids, limits_v2_devices;
limits_fn limits_io_v1, limits_io_v2;
limits_fn limits_misc_hugetlb, limits_misc_net_class, limits_misc_net_priorities, limits_misc_rdma;

/* Writes text to the group's file; the message names the limit, the value and the file. */
int limits_write(const struct hierarchy *h, const char *group, const char *file, const char *text,
		 struct err *err);
/* The same with a number. */
int limits_write_number(const struct hierarchy *h, const char *group, const char *file,
			int64_t value, struct err *err);

/* Does the group have this file? */
bool limits_has(const struct hierarchy *h, const char *group, const char *file);

/* -EBUSY when the limit is to be checked and the number in the file usage is above it. */
int limits_check_usage(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		       const char *usage, struct err *err);

static inline bool limits_is_set(const int64_t *value)
{
	return value && *value != 0;
}

/* What v2 wants: swap alone, where v1 and the configuration count memory and swap together. */
int limits_v2_swap(const struct cgroup_limits *l, int64_t *ret_swap, struct err *err);
/* cpu.weight (1 to 10000, 100 is the default) for cpu.shares (2 to 262144, 1024 is). */
uint64_t limits_v2_weight(uint64_t shares);
/* io.weight (1 to 10000) for blkio.weight (10 to 1000), on a straight line. */
uint64_t limits_io_weight(uint32_t weight);

#endif
