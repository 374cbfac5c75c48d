/*
 * limits_v2.c - limits in the files of v2 controllers
 *
 * The configuration speaks v1: memory and swap in one number, CPU shares, a quota and a period.
 * Here they are converted as runc and crun do, so that a container weighs the same under each.
 */
#include "cgroup/limits.h"

#include "base/own.h"
#include "base/str.h"
#include "cgroup/device_filter.h"
#include "cgroup/group_file.h"

#include <fcntl.h>
#include <inttypes.h>

static int write_or_max(const struct hierarchy *h, const char *group, const char *file,
			int64_t value, struct err *err)
{
	if (value < 0)
		return limits_write(h, group, file, "max", err);
	return limits_write_number(h, group, file, value, err);
}

int limits_v2_swap(const struct cgroup_limits *l, int64_t *ret_swap, struct err *err)
{
	int64_t swap = *l->memory_swap;

	if (swap > 0) {
		if (!limits_is_set(l->memory) || *l->memory < 0)
			return err_set(err, -EINVAL,
				       "memory and swap is limited but memory is not: set the "
				       "memory limit too");
		if (swap < *l->memory)
			return err_set(err, -EINVAL,
				       "memory and swap (%" PRId64 ") is below memory (%" PRId64
				       ")",
				       swap, *l->memory);
		swap -= *l->memory;
	}
	*ret_swap = swap;
	return 0;
}

/* Without swap accounting there is no file; then no swap and any swap are what one gets anyway. */
static int write_swap(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		      struct err *err)
{
	int64_t swap = -1;
	int r;

	if (limits_is_set(l->memory_swap))
		r = limits_v2_swap(l, &swap, err);
	else if (limits_is_set(l->memory) && *l->memory == -1)
		r = 0;
	else
		return 0;
	if (r < 0)
		return r;
	r = write_or_max(h, group, "memory.swap.max", swap, err);
	return r == -ENOTSUP && swap <= 0 ? 0 : r;
}

int limits_v2_memory(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		     struct err *err)
{
	int r;

	if (l->memory_swappiness)
		return err_set(err, -ENOTSUP,
			       "memory swappiness cannot be set in cgroup v2; drop the option");
	if (l->disable_oom_killer)
		return err_set(err, -ENOTSUP,
			       "the OOM killer cannot be disabled in cgroup v2; drop the option");
	if (limits_is_set(l->memory_kernel) || limits_is_set(l->memory_kernel_tcp))
		return err_set(err, -ENOTSUP,
			       "memory.kernel and kernelTCP: cgroup v2 has one limit for all "
			       "memory; remove them");
	if (l->memory_use_hierarchy && !*l->memory_use_hierarchy)
		return err_set(
			err, -ENOTSUP,
			"memory.useHierarchy: limits always hold for groups beneath as well; "
			"remove it");
	r = limits_check_usage(h, group, l, "memory.current", err);
	if (r == 0)
		r = write_swap(h, group, l, err);
	if (r == 0 && limits_is_set(l->memory))
		r = write_or_max(h, group, "memory.max", *l->memory, err);
	if (r == 0 && limits_is_set(l->memory_reservation))
		r = write_or_max(h, group, "memory.low", *l->memory_reservation, err);
	return r;
}

/* log2 of a whole number, to about 40 bits: the exponent, then one bit a squaring. */
static double binary_logarithm(uint64_t n)
{
	int exponent = 63 - __builtin_clzll(n);
	double x = (double)n / (double)(1ULL << exponent), log = exponent, bit = 0.5;

	for (int i = 0; i < 44; i++, bit /= 2) {
		x *= x;
		if (x >= 2) {
			x /= 2;
			log += bit;
		}
	}
	return log;
}

static double power_of_ten(double exponent)
{
	double x = exponent * 2.302585092994045684, term = 1, sum = 1;

	for (int i = 1; i < 60; i++) {
		term *= x / i;
		sum += term;
	}
	return sum;
}

/*
 * 10^((l^2 + 125 l) / 612 - 7/34) with l = log2(shares): the curve through 2 -> 1, 1024 -> 100 and
 * 262144 -> 10000 that runc (since 1.3.2) and crun use. The older line through the end points gave
 * the default weight of 1024 shares as 39. Computed here because a static libm is larger than this.
 */
uint64_t limits_v2_weight(uint64_t shares)
{
	double l, weight;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = binary_logarithm(shares);
	weight = power_of_ten((l * l + 125 * l) / 612 - 7.0 / 34);
	/* Rounded up, but not over the error of the series. */
	return (uint64_t)(weight + 1 - 1e-7);
}

/* "QUOTA PERIOD" in one write, for the kernel checks one against the other. */
static int write_cpu_max(const struct hierarchy *h, const char *group,
			 const struct cgroup_limits *l, struct err *err)
{
	bool has_period = l->cpu_period && *l->cpu_period;
	char now[64], quota[24] = "max", text[64];
	uint64_t period = has_period ? *l->cpu_period : 0;

	if (!has_period && !limits_is_set(l->cpu_quota))
		return 0;
	if ((!has_period || !limits_is_set(l->cpu_quota)) &&
	    group_file_read(h, group, "cpu.max", now, sizeof(now)) > 0) {
		/* What is not given stays: "max 100000" in a new group. */
		char *space = strchrnul(now, ' ');

		if (!has_period && *space)
			period = strtoull(space + 1, NULL, 10);
		*space = '\0';
		(void)snprintf(quota, sizeof(quota), "%.20s", now);
	}
	if (limits_is_set(l->cpu_quota)) {
		if (*l->cpu_quota > 0)
			(void)snprintf(quota, sizeof(quota), "%" PRId64, *l->cpu_quota);
		else
			(void)snprintf(quota, sizeof(quota), "max");
	}
	if (period == 0)
		period = 100000;
	(void)snprintf(text, sizeof(text), "%s %" PRIu64, quota, period);
	return limits_write(h, group, "cpu.max", text, err);
}

/* A weight cannot be written while a group is idle. */
static int write_weight(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
			struct err *err)
{
	int r = 0;

	if (l->cpu_idle && *l->cpu_idle == 0)
		r = limits_write(h, group, "cpu.idle", "0", err);
	if (r == 0 && l->cpu_shares && *l->cpu_shares)
		r = limits_write_number(h, group, "cpu.weight",
					(int64_t)limits_v2_weight(*l->cpu_shares), err);
	if (r == 0 && l->cpu_idle && *l->cpu_idle)
		r = limits_write(h, group, "cpu.idle", "1", err);
	return r;
}

int limits_v2_cpu(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		  struct err *err)
{
	struct err first = ERR_INIT;
	int r, burst = 0;

	if ((l->cpu_rt_period && *l->cpu_rt_period) || limits_is_set(l->cpu_rt_runtime))
		return err_set(err, -ENOTSUP,
			       "realtime CPU time cannot be limited in cgroup v2; remove it");
	r = write_weight(h, group, l, err);
	if (r < 0)
		return r;
	/* A burst is at most the quota, so one of the two comes first. */
	if (l->cpu_burst)
		burst = limits_write_number(h, group, "cpu.max.burst", (int64_t)*l->cpu_burst,
					    &first);
	if (burst < 0 && burst != -EINVAL)
		return err_set(err, burst, "%s", first.msg);
	r = write_cpu_max(h, group, l, err);
	if (r < 0 || burst == 0)
		return r;
	return limits_write_number(h, group, "cpu.max.burst", (int64_t)*l->cpu_burst, err);
}

int limits_v2_cpuset(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		     struct err *err)
{
	return limits_v1_cpuset(h, group, l, err);
}

int limits_v2_pids(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		   struct err *err)
{
	return limits_v1_pids(h, group, l, err);
}

int limits_v2_devices(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		      struct err *err)
{
	OWN(fd) int dir = group_file_open(h, group, NULL, O_RDONLY | O_DIRECTORY);
	int r;

	if (dir < 0)
		return err_code(err, dir, "opening %s%s", h->mount, group);
	r = device_filter_attach(dir, l->devices, l->n_devices);
	if (r == -ENOSYS || r == -EPERM)
		return err_code(err, r,
				"device rules of %s%s: the kernel refuses the eBPF program they "
				"need",
				h->mount, group);
	return r < 0 ? err_code(err, r, "device rules of %s%s", h->mount, group) : 0;
}
