/*
 * limits_v1.c - limits in the files of v1 controllers
 *
 * Two pairs of files have rules between them: memory+swap may not be below memory, and a CPU quota
 * must fit its period. Which of a pair must be written first depends on what stands there now, so
 * one order is tried and, when the kernel says EINVAL, the other. No value is read for it.
 */
#include "cgroup/limits.h"

#include "base/own.h"
#include "base/str.h"
#include "cgroup/group_file.h"

#include <fcntl.h>
#include <inttypes.h>

struct pair {
	const char *first, *second;
	int64_t first_value, second_value;
};

static int write_pair(const struct hierarchy *h, const char *group, const struct pair *p,
		      struct err *err)
{
	struct err first = ERR_INIT;
	int r = limits_write_number(h, group, p->first, p->first_value, &first);

	if (r == 0)
		return limits_write_number(h, group, p->second, p->second_value, err);
	if (r != -EINVAL)
		return err_set(err, r, "%s", first.msg);
	r = limits_write_number(h, group, p->second, p->second_value, err);
	return r < 0 ? r : limits_write_number(h, group, p->first, p->first_value, err);
}

static int write_memory_limit(const struct hierarchy *h, const char *group,
			      const struct cgroup_limits *l, struct err *err)
{
	struct pair pair = { .first = "memory.limit_in_bytes",
			     .second = "memory.memsw.limit_in_bytes" };
	bool memory = limits_is_set(l->memory), swap = limits_is_set(l->memory_swap);
	int r;

	if (memory && !swap && *l->memory == -1) {
		/* No limit of memory means none of both; without swap accounting there is none. */
		pair.first_value = pair.second_value = -1;
		r = write_pair(h, group, &pair, err);
		return r == -ENOTSUP ? 0 : r;
	}
	if (memory && swap) {
		pair.first_value = *l->memory;
		pair.second_value = *l->memory_swap;
		return write_pair(h, group, &pair, err);
	}
	if (memory)
		return limits_write_number(h, group, pair.first, *l->memory, err);
	if (swap)
		return limits_write_number(h, group, pair.second, *l->memory_swap, err);
	return 0;
}

int limits_v1_memory(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		     struct err *err)
{
	int r;

	if (l->memory_use_hierarchy && !*l->memory_use_hierarchy)
		return err_set(
			err, -ENOTSUP,
			"memory.useHierarchy: limits always hold for groups beneath as well; "
			"remove it");
	r = limits_check_usage(h, group, l, "memory.usage_in_bytes", err);
	if (r == 0)
		r = write_memory_limit(h, group, l, err);
	if (r < 0)
		return err_wrap(err, "memory limit");
	if (limits_is_set(l->memory_kernel))
		r = limits_write_number(h, group, "memory.kmem.limit_in_bytes", *l->memory_kernel,
					err);
	if (r == 0 && limits_is_set(l->memory_kernel_tcp))
		r = limits_write_number(h, group, "memory.kmem.tcp.limit_in_bytes",
					*l->memory_kernel_tcp, err);
	if (r < 0)
		return r;
	if (limits_is_set(l->memory_reservation))
		r = limits_write_number(h, group, "memory.soft_limit_in_bytes",
					*l->memory_reservation, err);
	if (r == 0 && l->memory_swappiness)
		r = limits_write_number(h, group, "memory.swappiness",
					(int64_t)*l->memory_swappiness, err);
	if (r == 0 && l->disable_oom_killer)
		r = limits_write(h, group, "memory.oom_control", "1", err);
	return r;
}

/* Realtime first: a group without any cannot be joined by realtime processes. */
static int write_realtime(const struct hierarchy *h, const char *group,
			  const struct cgroup_limits *l, struct err *err)
{
	bool period = l->cpu_rt_period && *l->cpu_rt_period;
	bool runtime = limits_is_set(l->cpu_rt_runtime);

	if (period && runtime)
		return write_pair(h, group,
				  &(struct pair){ "cpu.rt_period_us", "cpu.rt_runtime_us",
						  (int64_t)*l->cpu_rt_period, *l->cpu_rt_runtime },
				  err);
	if (period)
		return limits_write_number(h, group, "cpu.rt_period_us", (int64_t)*l->cpu_rt_period,
					   err);
	if (runtime)
		return limits_write_number(h, group, "cpu.rt_runtime_us", *l->cpu_rt_runtime, err);
	return 0;
}

static int write_bandwidth(const struct hierarchy *h, const char *group,
			   const struct cgroup_limits *l, struct err *err)
{
	bool period = l->cpu_period && *l->cpu_period, quota = limits_is_set(l->cpu_quota);

	if (period && quota)
		return write_pair(h, group,
				  &(struct pair){ "cpu.cfs_period_us", "cpu.cfs_quota_us",
						  (int64_t)*l->cpu_period, *l->cpu_quota },
				  err);
	if (period)
		return limits_write_number(h, group, "cpu.cfs_period_us", (int64_t)*l->cpu_period,
					   err);
	if (quota)
		return limits_write_number(h, group, "cpu.cfs_quota_us", *l->cpu_quota, err);
	return 0;
}

/* A burst is at most the quota, so one of the two comes first. */
static int write_burst(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		       bool last, bool *done, struct err *err)
{
	struct err first = ERR_INIT;
	int r;

	if (!l->cpu_burst || *done)
		return 0;
	r = limits_write_number(h, group, "cpu.cfs_burst_us", (int64_t)*l->cpu_burst, &first);
	*done = r == 0;
	if (r == 0 || (!last && r == -EINVAL))
		return 0;
	return err_set(err, r, "%s", first.msg);
}

/* Shares cannot be written while a group is idle. */
static int write_shares(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
			struct err *err)
{
	int r = 0;

	if (l->cpu_idle && *l->cpu_idle == 0)
		r = limits_write(h, group, "cpu.idle", "0", err);
	if (r == 0 && l->cpu_shares && *l->cpu_shares)
		r = limits_write_number(h, group, "cpu.shares", (int64_t)*l->cpu_shares, err);
	if (r == 0 && l->cpu_idle && *l->cpu_idle)
		r = limits_write(h, group, "cpu.idle", "1", err);
	return r;
}

int limits_v1_cpu(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		  struct err *err)
{
	bool burst = false;
	int r = write_realtime(h, group, l, err);

	if (r == 0)
		r = write_shares(h, group, l, err);
	if (r == 0)
		r = write_burst(h, group, l, false, &burst, err);
	if (r == 0)
		r = write_bandwidth(h, group, l, err);
	return r < 0 ? r : write_burst(h, group, l, true, &burst, err);
}

int limits_v1_cpuset(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		     struct err *err)
{
	int r = 0;

	if (!str_is_empty(l->cpuset_cpus))
		r = limits_write(h, group, "cpuset.cpus", l->cpuset_cpus, err);
	if (r == 0 && !str_is_empty(l->cpuset_mems))
		r = limits_write(h, group, "cpuset.mems", l->cpuset_mems, err);
	return r;
}

int limits_v1_pids(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		   struct err *err)
{
	if (*l->pids < 0)
		return limits_write(h, group, "pids.max", "max", err);
	return limits_write_number(h, group, "pids.max", *l->pids, err);
}

/* "c 1:3 rwm"; "a" alone is every device and every access. */
static void format_rule(const struct cgroup_device_rule *rule, char out[64])
{
	char major[24] = "*", minor[24] = "*";

	if (rule->type == 'a') {
		(void)snprintf(out, 64, "a");
		return;
	}
	if (rule->major >= 0)
		(void)snprintf(major, sizeof(major), "%" PRId64, rule->major);
	if (rule->minor >= 0)
		(void)snprintf(minor, sizeof(minor), "%" PRId64, rule->minor);
	(void)snprintf(out, 64, "%c %s:%s %.3s", rule->type, major, minor,
		       str_is_empty(rule->access) ? "rwm" : rule->access);
}

/* The kernel takes one rule a write and keeps their order; each file is opened once. */
int limits_v1_devices(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		      struct err *err)
{
	OWN(fd) int allow = group_file_open(h, group, "devices.allow", O_WRONLY);
	OWN(fd) int deny = group_file_open(h, group, "devices.deny", O_WRONLY);

	if (allow < 0 || deny < 0)
		return err_code(err, allow < 0 ? allow : deny, "opening devices.allow of %s%s",
				h->mount, group);
	for (size_t i = 0; i < l->n_devices; i++) {
		const struct cgroup_device_rule *rule = &l->devices[i];
		char text[64];

		format_rule(rule, text);
		if (write(rule->allow ? allow : deny, text, strlen(text)) < 0)
			return err_sys(err, "device rule \"%s %s\" in %s%s",
				       rule->allow ? "allow" : "deny", text, h->mount, group);
	}
	return 0;
}
