/*
 * oci_name.c - the kernel's numbers for names that a configuration uses
 *
 * They are part of the kernel's interface and never change; older headers lack the newer ones.
 */
#include "model/oci_name.h"

struct row {
	const char *name;
	int64_t value;
};

static const struct row sched_policies[] = {
	{ "SCHED_OTHER", 0 },
	{ "SCHED_FIFO", 1 },
	{ "SCHED_RR", 2 },
	{ "SCHED_BATCH", 3 },
	{ "SCHED_DEADLINE", 6 },
	{ "SCHED_IDLE", 5 },
	{ 0 },
};
static const struct row sched_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 },  { "SCHED_FLAG_RECLAIM", 0x02 },
	{ "SCHED_FLAG_DL_OVERRUN", 0x04 },     { "SCHED_FLAG_KEEP_POLICY", 0x08 },
	{ "SCHED_FLAG_KEEP_PARAMS", 0x10 },    { "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 }, { 0 },
};
static const struct row ioprio_classes[] = {
	{ "IOPRIO_CLASS_RT", 1 },
	{ "IOPRIO_CLASS_BE", 2 },
	{ "IOPRIO_CLASS_IDLE", 3 },
	{ 0 },
};
static const struct row personalities[] = { { "LINUX", 0 }, { "LINUX32", 8 }, { 0 } };
static const struct row memory_modes[] = {
	{ "MPOL_DEFAULT", 0 },
	{ "MPOL_PREFERRED", 1 },
	{ "MPOL_BIND", 2 },
	{ "MPOL_INTERLEAVE", 3 },
	{ "MPOL_LOCAL", 4 },
	{ "MPOL_PREFERRED_MANY", 5 },
	{ "MPOL_WEIGHTED_INTERLEAVE", 6 },
	{ 0 },
};
static const struct row memory_flags[] = {
	{ "MPOL_F_NUMA_BALANCING", 0x2000 },
	{ "MPOL_F_RELATIVE_NODES", 0x4000 },
	{ "MPOL_F_STATIC_NODES", 0x8000 },
	{ 0 },
};
static const struct row namespaces[] = {
	{ "mount", 0x00020000 }, { "cgroup", 0x02000000 },  { "uts", 0x04000000 },
	{ "ipc", 0x08000000 },   { "user", 0x10000000 },    { "pid", 0x20000000 },
	{ "time", 0x00000080 },  { "network", 0x40000000 }, { 0 },
};

static const struct row *const tables[OCI_NAME_KINDS] = {
	[OCI_NAME_SCHED_POLICY] = sched_policies, [OCI_NAME_SCHED_FLAG] = sched_flags,
	[OCI_NAME_IOPRIO_CLASS] = ioprio_classes, [OCI_NAME_PERSONALITY] = personalities,
	[OCI_NAME_MEMORY_MODE] = memory_modes,    [OCI_NAME_MEMORY_FLAG] = memory_flags,
	[OCI_NAME_NAMESPACE] = namespaces,
};

int64_t oci_name_value(enum oci_name_kind kind, const char *name)
{
	for (const struct row *row = tables[kind]; row->name; row++)
		if (str_eq(row->name, name))
			return row->value;
	return -1;
}

struct strv oci_name_all(enum oci_name_kind kind, struct arena *a)
{
	struct strv all = { 0 };

	for (const struct row *row = tables[kind]; row->name; row++)
		strv_add(&all, a, row->name);
	return all;
}
