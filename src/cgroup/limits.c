/*
 * limits.c - which limit belongs to which controller, and where that controller is
 *
 * Controllers are looked up one by one, so a machine with some in v1 and others in v2 needs no
 * case of its own.
 */
#include "cgroup/limits.h"

#include "base/str.h"
#include "cgroup/group_file.h"

#include <inttypes.h>

static bool wants_memory(const struct cgroup_limits *l)
{
	return limits_is_set(l->memory) || limits_is_set(l->memory_reservation) ||
	       limits_is_set(l->memory_swap) || l->memory_swappiness || l->disable_oom_killer;
}

static bool wants_cpu(const struct cgroup_limits *l)
{
	return (l->cpu_shares && *l->cpu_shares) || (l->cpu_period && *l->cpu_period) ||
	       limits_is_set(l->cpu_quota);
}

static bool wants_cpuset(const struct cgroup_limits *l)
{
	return !str_is_empty(l->cpuset_cpus) || !str_is_empty(l->cpuset_mems);
}

static bool wants_pids(const struct cgroup_limits *l)
{
	return l->pids != NULL;
}

static bool wants_devices(const struct cgroup_limits *l)
{
	return l->devices && l->n_devices > 0;
}

static const struct {
	enum controller controller;
	bool (*wants)(const struct cgroup_limits *l);
	limits_fn *v1, *v2;
} rows[] = {
	{ CONTROLLER_DEVICES, wants_devices, limits_v1_devices, limits_v2_devices },
	{ CONTROLLER_CPUSET, wants_cpuset, limits_v1_cpuset, limits_v2_cpuset },
	{ CONTROLLER_MEMORY, wants_memory, limits_v1_memory, limits_v2_memory },
	{ CONTROLLER_CPU, wants_cpu, limits_v1_cpu, limits_v2_cpu },
	{ CONTROLLER_PIDS, wants_pids, limits_v1_pids, limits_v2_pids },
};

uint32_t limits_controllers(const struct cgroup_limits *l)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].wants(l))
			bits |= 1U << rows[i].controller;
	return bits;
}

int limits_apply(const char *group, const struct cgroup_limits *l, struct err *err)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct hierarchy *h = hierarchy_of(rows[i].controller);
		int r;

		if (!rows[i].wants(l))
			continue;
		/* In v2, devices are no controller but a program on any group. */
		if (!h && rows[i].controller == CONTROLLER_DEVICES)
			h = hierarchy_v2();
		if (!h)
			return err_set(err, -ENOTSUP,
				       "this machine has no %s control groups; drop the limit or "
				       "mount them",
				       hierarchy_controller_name(rows[i].controller));
		r = h->is_v2 ? rows[i].v2(h, group, l, err) : rows[i].v1(h, group, l, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int limits_write(const struct hierarchy *h, const char *group, const char *file, const char *text,
		 struct err *err)
{
	int r = group_file_write(h, group, file, text);

	if (r == -ENOENT)
		return err_set(err, -ENOTSUP, "%s: not offered by this kernel in %s%s", file,
			       h->mount, group);
	if (r < 0)
		return err_code(err, r, "writing \"%s\" to %s%s/%s", text, h->mount, group, file);
	return 0;
}

int limits_write_number(const struct hierarchy *h, const char *group, const char *file,
			int64_t value, struct err *err)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	return limits_write(h, group, file, text, err);
}
