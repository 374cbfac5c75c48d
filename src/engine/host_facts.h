/*
 * host_facts.h - what this machine and this process can give a container
 *
 * Gathered once a create or start, so that everything which decides by it is a pure function.
 */
#ifndef ENGINE_HOST_FACTS_H
#define ENGINE_HOST_FACTS_H

#include "model/container.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

struct host_facts {
	uint64_t caps;      /* capabilities that this process may pass on */
	int cpus;           /* online */
	bool unified;       /* /sys/fs/cgroup is cgroup2 */
	int throttled_cpus; /* how many have a thermal_throttle in sysfs, which tells of the host */
	const char *hostname;            /* the arena's */
	bool apparmor, apparmor_default; /* it runs; HOST_FACTS_APPARMOR is loaded */
	bool limits_known;               /* the has_… below were looked up */
	bool has_memory, has_swap, has_cpu, has_cpuset, has_pids;
	bool ordinary;               /* we are root of a user namespace only ... */
	uint32_t groups;             /* ... in which there are the groups from 0 to this one */
	uint64_t hard[RLIM_NLIMITS]; /* hard resource limits; RLIM_INFINITY where not looked up */
};

/* The profile of containers that ask for no other, where an administrator has loaded it. */
#define HOST_FACTS_APPARMOR "berth-default"
void host_facts_apparmor(struct host_facts *f);

/* Looks up only what this configuration asks for. */
void host_facts_gather(const struct host_config *host, struct arena *a, struct host_facts *ret);

/* May this process raise resource limits and lower OOM scores? */
bool host_facts_may_raise(const struct host_facts *f);

#endif
