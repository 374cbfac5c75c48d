/*
 * host_facts.c - what this machine and this process can give a container
 */
#include "engine/host_facts.h"

#include "cgroup/cgroup.h"
#include "sys/apparmor.h"
#include "sys/userns.h"

#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static uint64_t permitted_caps(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return (uint64_t)data[1].permitted << 32 | data[0].permitted;
}

static bool is_unified(void)
{
	struct statfs fs;

	return statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static bool wants_limits(const struct host_config *h)
{
	return h->memory || h->memory_reservation || h->memory_swap || h->memory_swappiness ||
	       h->oom_kill_disable || h->nano_cpus || h->cpu_shares || h->cpu_period ||
	       h->cpu_quota || !str_is_empty(h->cpuset_cpus) || !str_is_empty(h->cpuset_mems) ||
	       h->pids_limit;
}

static void look_up_controllers(struct arena *a, struct host_facts *f)
{
	struct strv names = { 0 };

	if (cgroup_controllers(a, &names, NULL) < 0)
		return;
	f->limits_known = true;
	f->has_memory = strv_has(&names, "memory");
	f->has_cpu = strv_has(&names, "cpu");
	f->has_cpuset = strv_has(&names, "cpuset");
	f->has_pids = strv_has(&names, "pids");
	/* v1 has the file only with swap accounting; v2 always accounts when there is swap at all.
	 */
	f->has_swap = f->has_memory &&
		      access(f->unified ? "/proc/swaps"
					: "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes",
			     F_OK) == 0;
}

static void look_up_rlimits(bool all, struct host_facts *f)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit;

		f->hard[i] = RLIM_INFINITY;
		if ((all || i == RLIMIT_NOFILE) && getrlimit((__rlimit_resource_t)i, &limit) == 0)
			f->hard[i] = limit.rlim_max;
	}
}

/* The numbers from 0 on that have no gap (user_namespaces(7)). */
static uint32_t last_group(void)
{
	FILE *map = fopen("/proc/self/gid_map", "re");
	unsigned inside, outside, count, next = 0;

	if (!map)
		return 0;
	while (fscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && inside == next &&
	       count <= UINT32_MAX - next)
		next += count;
	(void)fclose(map);
	return next ? next - 1 : 0;
}

void host_facts_apparmor(struct host_facts *f)
{
	f->apparmor = apparmor_runs();
	f->apparmor_default = f->apparmor && apparmor_has(HOST_FACTS_APPARMOR);
}

void host_facts_gather(const struct host_config *host, struct arena *a, struct host_facts *ret)
{
	struct utsname names;

	*ret = (struct host_facts){ .caps = permitted_caps(), .unified = is_unified() };
	ret->hostname = uname(&names) == 0 ? arena_strdup(a, names.nodename) : "localhost";
	if (access("/sys/devices/system/cpu/cpu0/thermal_throttle", F_OK) == 0)
		ret->throttled_cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
	if (host->nano_cpus || !str_is_empty(host->cpuset_cpus))
		ret->cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	ret->ordinary = !userns_is_roots();
	if (ret->ordinary)
		ret->groups = last_group();
	if (wants_limits(host))
		look_up_controllers(a, ret);
	look_up_rlimits(host->ulimits.n > 0, ret);
	host_facts_apparmor(ret);
}

bool host_facts_may_raise(const struct host_facts *f)
{
	return !f->ordinary && f->caps >> CAP_SYS_RESOURCE & 1;
}
