/*
 * limits.c - which limit belongs to which controller, and where that controller is
 *
 * Controllers are looked up one by one, so a machine with some in v1 and others in v2 needs no
 * case of its own.
 */
#include "cgroup/limits.h"

#include "base/own.h"
#include "base/str.h"
#include "cgroup/group_file.h"

#include <fcntl.h>
#include <inttypes.h>

static bool wants_memory(const struct cgroup_limits *l)
{
	return limits_is_set(l->memory) || limits_is_set(l->memory_reservation) ||
	       limits_is_set(l->memory_swap) || limits_is_set(l->memory_kernel) ||
	       limits_is_set(l->memory_kernel_tcp) || l->memory_swappiness ||
	       l->memory_use_hierarchy || l->disable_oom_killer;
}

static bool wants_cpu(const struct cgroup_limits *l)
{
	return (l->cpu_shares && *l->cpu_shares) || (l->cpu_period && *l->cpu_period) ||
	       limits_is_set(l->cpu_quota) || l->cpu_burst ||
	       (l->cpu_rt_period && *l->cpu_rt_period) || limits_is_set(l->cpu_rt_runtime) ||
	       l->cpu_idle;
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

static bool wants_io(const struct cgroup_limits *l)
{
	for (size_t i = 0; i < CGROUP_THROTTLES; i++)
		if (l->n_io_throttles[i])
			return true;
	return (l->io_weight && *l->io_weight) || (l->io_leaf_weight && *l->io_leaf_weight) ||
	       l->n_io_weights > 0;
}

static bool wants_hugetlb(const struct cgroup_limits *l)
{
	return l->n_hugepages > 0;
}

static bool wants_net_class(const struct cgroup_limits *l)
{
	return l->net_class != NULL;
}

static bool wants_net_priorities(const struct cgroup_limits *l)
{
	return l->n_net_priorities > 0;
}

static bool wants_rdma(const struct cgroup_limits *l)
{
	return l->n_rdma > 0;
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
	{ CONTROLLER_BLKIO, wants_io, limits_io_v1, limits_io_v2 },
	{ CONTROLLER_HUGETLB, wants_hugetlb, limits_misc_hugetlb, limits_misc_hugetlb },
	{ CONTROLLER_NET_CLS, wants_net_class, limits_misc_net_class, NULL },
	{ CONTROLLER_NET_PRIO, wants_net_priorities, limits_misc_net_priorities, NULL },
	{ CONTROLLER_RDMA, wants_rdma, limits_misc_rdma, limits_misc_rdma },
};

uint32_t limits_controllers(const struct cgroup_limits *l)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].wants(l))
			bits |= 1U << rows[i].controller;
	/* "memory.high" belongs to the controller "memory". */
	for (size_t i = 0; l->unified && i < l->unified->n; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "%.*s",
			       (int)strcspn(l->unified->items[i].key, "."),
			       l->unified->items[i].key);
		bits |= hierarchy_parse_v2(name);
	}
	return bits;
}

static int apply_unified(const char *group, const struct str_map *files, struct err *err)
{
	const struct hierarchy *v2 = hierarchy_v2();
	int r = 0;

	if (files && files->n && !v2)
		return err_set(err, -ENOTSUP,
			       "linux.resources.unified: this machine has no v2 control groups");
	for (size_t i = 0; files && i < files->n && r == 0; i++)
		r = limits_write(v2, group, files->items[i].key, files->items[i].value, err);
	return r < 0 ? err_wrap(err, "linux.resources.unified") : 0;
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
	return apply_unified(group, l->unified, err);
}

bool limits_has(const struct hierarchy *h, const char *group, const char *file)
{
	OWN(fd) int fd = group_file_open(h, group, file, O_PATH);

	return fd >= 0;
}

int limits_check_usage(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		       const char *usage, struct err *err)
{
	char text[32];
	int64_t used;

	if (!l->memory_check || !limits_is_set(l->memory) || *l->memory < 0 ||
	    group_file_read(h, group, usage, text, sizeof(text)) <= 0)
		return 0;
	used = strtoll(text, NULL, 10);
	if (used <= *l->memory)
		return 0;
	return err_set(err, -EBUSY,
		       "memory limit %" PRId64 " is below the %" PRId64 " bytes in use, and "
		       "checkBeforeUpdate is set",
		       *l->memory, used);
}

/* "memory.max" is a file of the controller "memory". */
static bool has_controller(const struct hierarchy *v2, const char *group, const char *file)
{
	char text[256], name[32];
	ssize_t n = group_file_read(v2, group, "cgroup.controllers", text, sizeof(text));

	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(file, "."), file);
	return n < 0 || (hierarchy_parse_v2(text) & hierarchy_parse_v2(name)) ||
	       hierarchy_parse_v2(name) == 0;
}

int limits_write(const struct hierarchy *h, const char *group, const char *file, const char *text,
		 struct err *err)
{
	int r = group_file_write(h, group, file, text);

	if (r == -ENOENT && h->is_v2 && !has_controller(h, group, file))
		return err_set(
			err, -ENOTSUP,
			"%s: its controller is not there for %s%s; it must be in "
			"cgroup.subtree_control of every group above (with systemd: Delegate=)",
			file, h->mount, group);
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
