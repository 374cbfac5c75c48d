/*
 * cgroup_unit_limits.c - a container's limits as properties of its unit
 *
 * systemd writes what it knows of a unit again whenever it likes (daemon-reload, a change of a
 * neighbour), so it must know what we set. systemd.resource-control(5) has the properties, and
 * org.freedesktop.systemd1(5) their types. Limits that v1 and v2 count differently are converted
 * as for the group's own files.
 */
#include "cgroup/cgroup.h"

#include "base/own.h"
#include "cgroup/limits.h"
#include "cgroup/unit_devices.h"
#include "codec/number_list.h"
#include "sys/file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

enum { PERIOD_US = 100000, SECOND_US = 1000000, PERCENT_US = 10000, PROC_MAX = 64 << 10 };

struct properties {
	struct arena *a;
	struct str_map *map;
	bool v2;
};

static void add_number(struct properties *p, const char *name, uint64_t value)
{
	str_map_set(p->map, p->a, name, arena_printf(p->a, "uint64 %" PRIu64, value));
}

/* -1 is no limit. */
static void add_limit(struct properties *p, const char *name, int64_t value)
{
	add_number(p, name, value < 0 ? UINT64_MAX : (uint64_t)value);
}

static int add_memory(struct properties *p, const struct cgroup_limits *l, struct err *err)
{
	int64_t swap = -1;
	int r = 0;

	if (limits_is_set(l->memory))
		add_limit(p, p->v2 ? "MemoryMax" : "MemoryLimit", *l->memory);
	if (!p->v2)
		return 0;
	if (limits_is_set(l->memory_reservation))
		add_limit(p, "MemoryLow", *l->memory_reservation);
	if (limits_is_set(l->memory_swap))
		r = limits_v2_swap(l, &swap, err);
	if (r == 0 && (limits_is_set(l->memory_swap) || (l->memory && *l->memory == -1)))
		add_limit(p, "MemorySwapMax", swap);
	return r;
}

/* systemd keeps whole percents of a CPU; less than was asked for would be a surprise. */
static void add_quota(struct properties *p, int64_t quota, uint64_t period)
{
	uint64_t us = UINT64_MAX;

	period = period ? period : PERIOD_US;
	if (quota > 0 && quota < INT64_MAX / SECOND_US) {
		us = (uint64_t)quota * SECOND_US / period;
		us = (us + PERCENT_US - 1) / PERCENT_US * PERCENT_US;
	}
	add_number(p, "CPUQuotaPeriodUSec", period);
	add_number(p, "CPUQuotaPerSecUSec", us);
}

static void add_cpu(struct properties *p, const struct cgroup_limits *l)
{
	bool idle = p->v2 && l->cpu_idle && *l->cpu_idle == 1;

	if (l->cpu_shares && *l->cpu_shares && !idle)
		add_number(p, p->v2 ? "CPUWeight" : "CPUShares",
			   p->v2 ? limits_v2_weight(*l->cpu_shares) : *l->cpu_shares);
	if (idle)
		add_number(p, "CPUWeight", 0);
	if (limits_is_set(l->cpu_quota) || (l->cpu_period && *l->cpu_period))
		add_quota(p, l->cpu_quota ? *l->cpu_quota : -1, l->cpu_period ? *l->cpu_period : 0);
}

/* The words are the machine's, and the bytes in the order of the bits. */
static unsigned byte_of(const struct number_set *set, size_t i)
{
	return set->words[i / sizeof(set->words[0])] >> i % sizeof(set->words[0]) * 8 & 0xff;
}

/* A bit per CPU or node, as bytes. What is no such list is left for the kernel to refuse. */
static void add_set(struct properties *p, const char *name, const char *list)
{
	OWN(buf) struct buf text = { 0 };
	struct number_set set;
	size_t n = sizeof(set);

	if (!p->v2 || str_is_empty(list) || number_list_parse(list, &set) < 0)
		return;
	while (n > 1 && byte_of(&set, n - 1) == 0)
		n--;
	buf_adds(&text, "@ay [");
	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%u", i ? ", " : "", byte_of(&set, i));
	buf_adds(&text, "]");
	str_map_set(p->map, p->a, name, arena_strdup(p->a, buf_text(&text)));
}

static int add_devices(struct properties *p, const struct cgroup_limits *l, struct err *err)
{
	OWN(str) char *drivers = NULL;
	struct str_map exact = { 0 };
	size_t len;
	int r;

	if (!l->devices || l->n_devices == 0)
		return 0;
	r = file_read_at(AT_FDCWD, "/proc/devices", PROC_MAX, &drivers, &len);
	if (r < 0)
		return err_code(err, r, "/proc/devices");
	/*
	 * In v2 systemd's filter would stand beside ours, and both must say yes: better none than
	 * a stricter one. In v1 it writes the same files as we, and none is to allow everything.
	 */
	if (!unit_devices_add(l->devices, l->n_devices, drivers, p->a, &exact) && p->v2) {
		str_map_set(p->map, p->a, "DevicePolicy", "'auto'");
		str_map_set(p->map, p->a, "DeviceAllow", "@a(ss) []");
		return 0;
	}
	for (size_t i = 0; i < exact.n; i++)
		str_map_set(p->map, p->a, exact.items[i].key, exact.items[i].value);
	return 0;
}

/* -- linux.resources.unified: files of v2 -- */

static void unified_limit(struct properties *p, const char *name, const char *value)
{
	char *end;
	unsigned long long n = strtoull(value, &end, 10);

	if (str_eq(value, "max"))
		add_number(p, name, UINT64_MAX);
	else if (end != value && !*end)
		add_number(p, name, n);
}

static void unified_set(struct properties *p, const char *name, const char *value)
{
	add_set(p, name, value);
}

/* "max", "max 100000", "50000 100000" */
static void unified_quota(struct properties *p, const char *name __attribute__((unused)),
			  const char *value)
{
	const char *space = strchr(value, ' ');
	int64_t quota = str_after(value, "max") ? -1 : strtoll(value, NULL, 10);

	if (quota)
		add_quota(p, quota, space ? strtoull(space + 1, NULL, 10) : 0);
}

static void unified_io_weight(struct properties *p, const char *name, const char *value)
{
	const char *number = str_after(value, "default ");

	unified_limit(p, name, number ? number : value);
}

static const struct {
	const char *file, *property;
	void (*add)(struct properties *p, const char *name, const char *value);
} unified[] = {
	{ "cpu.max", "CPUQuotaPerSecUSec", unified_quota },
	{ "cpu.weight", "CPUWeight", unified_limit },
	{ "cpuset.cpus", "AllowedCPUs", unified_set },
	{ "cpuset.mems", "AllowedMemoryNodes", unified_set },
	{ "io.weight", "IOWeight", unified_io_weight },
	{ "memory.high", "MemoryHigh", unified_limit },
	{ "memory.low", "MemoryLow", unified_limit },
	{ "memory.max", "MemoryMax", unified_limit },
	{ "memory.min", "MemoryMin", unified_limit },
	{ "memory.swap.max", "MemorySwapMax", unified_limit },
	{ "pids.max", "TasksMax", unified_limit },
};

static void add_unified(struct properties *p, const struct str_map *files)
{
	for (size_t i = 0; p->v2 && files && i < files->n; i++)
		for (size_t j = 0; j < sizeof(unified) / sizeof(unified[0]); j++)
			if (str_eq(files->items[i].key, unified[j].file))
				unified[j].add(p, unified[j].property, files->items[i].value);
}

int cgroup_unit_limits(const struct cgroup_limits *l, bool v2, struct arena *a, struct str_map *ret,
		       struct err *err)
{
	struct properties p = { .a = a, .map = ret, .v2 = v2 };
	int r = add_memory(&p, l, err);

	if (r < 0)
		return r;
	add_cpu(&p, l);
	add_set(&p, "AllowedCPUs", l->cpuset_cpus);
	add_set(&p, "AllowedMemoryNodes", l->cpuset_mems);
	if (l->pids && *l->pids != 0)
		add_limit(&p, "TasksMax", *l->pids);
	if (l->io_weight && *l->io_weight)
		add_number(&p, p.v2 ? "IOWeight" : "BlockIOWeight",
			   p.v2 ? limits_io_weight(*l->io_weight) : *l->io_weight);
	r = add_devices(&p, l, err);
	if (r == 0)
		add_unified(&p, l->unified);
	return r;
}
