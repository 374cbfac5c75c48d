/*
 * plan.h - deciding: from a configuration and facts to what the child will do
 *
 * Pure: reads nothing but its arguments. Descriptors in the plan are left at -1; open.c opens them.
 */
#ifndef RUNTIME_PLAN_H
#define RUNTIME_PLAN_H

#include "base/arena.h"
#include "base/err.h"
#include "runtime/init_plan.h"
#include "runtime/runtime.h"

#include <stdint.h>

/* A hierarchy of control groups and the container's group in it, on the host. */
struct plan_cgroup {
	const char *name; /* of the mount's directory: "memory", "cpu,cpuacct" */
	const char *path; /* "/sys/fs/cgroup/memory/berth/ID" */
};

struct plan_facts {
	uint64_t caps;                     /* that we have ourselves */
	const struct plan_cgroup *cgroups; /* v1 */
	size_t n_cgroups;
	const char *cgroup_v2;  /* the group's directory where v2 is all there is, else NULL */
	bool apparmor, selinux; /* in force */
	bool old_mounts;        /* no mount_setattr(2): before Linux 5.12, or forbidden to us */
	bool time_at_exec;      /* execve(2) enters a new time namespace: since Linux 6.2 */
	bool user_ns;           /* the process that is joined is in a user namespace of its own */
	bool rootless; /* we are not the machine's root: an ordinary user, or in a user ns */
	bool ordinary; /* ... and have no rights on our own namespaces either */
};

/* All zero but for the descriptors, which are -1. */
void plan_init(struct init_plan *p);

/* *ret_namespaces: CLONE_NEW* that the child is born with. -EINVAL or -ENOTSUP with the member. */
int plan_start(const struct runtime_start *start, const struct plan_facts *facts, struct arena *a,
	       struct init_plan *p, uint64_t *ret_namespaces, struct err *err);
/* Text for /proc/PID/uid_map: "INSIDE OUTSIDE COUNT" a line. Arena's. */
const char *plan_id_map(const struct oci_id_mapping *items, size_t n, struct arena *a);
int plan_exec(const struct runtime_exec *exec, const struct plan_facts *facts, struct arena *a,
	      struct init_plan *p, struct err *err);

/* For tests and debugging: the plan, one line per thing that will be done. */
void plan_print(const struct init_plan *p, struct buf *out);

#endif
