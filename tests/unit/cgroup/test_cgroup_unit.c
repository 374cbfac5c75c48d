/* test_cgroup_unit.c - containers as units of systemd: names and properties */
#include "check.h"

#include "cgroup/cgroup.h"
#include "cgroup/unit_devices.h"

#include <errno.h>

static struct arena a;
static struct cgroup_unit unit;
static struct err err;

TEST(a_path_is_slice_prefix_and_name)
{
	static const struct {
		const char *path, *name, *slice, *group;
	} rows[] = {
		{ NULL, "berth-c.scope", "system.slice", "/system.slice/berth-c.scope" },
		{ "", "berth-c.scope", "system.slice", "/system.slice/berth-c.scope" },
		{ ":p:n", "p-n.scope", "system.slice", "/system.slice/p-n.scope" },
		{ "-.slice:p:n", "p-n.scope", "-.slice", "/p-n.scope" },
		{ "a-b-c.slice:p:n", "p-n.scope", "a-b-c.slice",
		  "/a.slice/a-b.slice/a-b-c.slice/p-n.scope" },
		{ "::a-b.slice", "a-b.slice", "a.slice", "/a.slice/a-b.slice" },
		{ "x.slice:p:a.slice", "a.slice", "-.slice", "/a.slice" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_OK(cgroup_unit_parse(rows[i].path, "c", &a, &unit, &err));
		CHECK_STR(unit.name, rows[i].name);
		CHECK_STR(unit.slice, rows[i].slice);
		CHECK_STR(unit.group, rows[i].group);
		CHECK(unit.is_slice == (strstr(rows[i].name, ".slice") != NULL));
	}
}

TEST(what_is_no_unit_is_refused)
{
	static const char *const wrong[] = {
		"/a/b",          "a:b",          "a:b:c:d",       "a:p:n",
		".slice:p:n",    "-a.slice:p:n", "a-.slice:p:n",  "a--b.slice:p:n",
		"a/b.slice:p:n", "a.slice:p:n/", "a.slice:p:n n", "::-.slice"
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_ERR(cgroup_unit_parse(wrong[i], "c", &a, &unit, &err), -EINVAL, &err,
			  "linux.cgroupsPath: ");
	CHECK_ERR(cgroup_unit_parse(NULL, "a+b", &a, &unit, &err), -EINVAL, &err,
		  "cannot be a unit");
}

static const char *property(const struct cgroup_limits *l, bool v2, const char *name)
{
	struct str_map map = { 0 };

	CHECK_OK(cgroup_unit_limits(l, v2, &a, &map, &err));
	return str_map_get(&map, name);
}

TEST(limits_are_properties_as_v2_counts)
{
	struct cgroup_limits l = { .memory = (int64_t[]){ 1000 },
				   .memory_swap = (int64_t[]){ 1500 },
				   .memory_reservation = (int64_t[]){ 500 },
				   .cpu_shares = (uint64_t[]){ 1024 },
				   .cpu_quota = (int64_t[]){ 33333 },
				   .cpuset_cpus = "0-2,9",
				   .cpuset_mems = "1",
				   .pids = (int64_t[]){ -1 },
				   .io_weight = (uint32_t[]){ 1000 } };

	CHECK_STR(property(&l, true, "MemoryMax"), "uint64 1000");
	CHECK_STR(property(&l, true, "MemorySwapMax"), "uint64 500");
	CHECK_STR(property(&l, true, "MemoryLow"), "uint64 500");
	CHECK_STR(property(&l, true, "CPUWeight"), "uint64 100");
	CHECK_STR(property(&l, true, "CPUQuotaPeriodUSec"), "uint64 100000");
	CHECK_STR(property(&l, true, "CPUQuotaPerSecUSec"), "uint64 340000");
	CHECK_STR(property(&l, true, "AllowedCPUs"), "@ay [7, 2]");
	CHECK_STR(property(&l, true, "AllowedMemoryNodes"), "@ay [2]");
	CHECK_STR(property(&l, true, "TasksMax"), "uint64 18446744073709551615");
	CHECK_STR(property(&l, true, "IOWeight"), "uint64 10000");
}

TEST(limits_are_properties_as_v1_counts)
{
	struct cgroup_limits l = { .memory = (int64_t[]){ 1000 },
				   .cpu_shares = (uint64_t[]){ 2048 },
				   .cpuset_cpus = "0",
				   .io_weight = (uint32_t[]){ 500 } };

	CHECK_STR(property(&l, false, "MemoryLimit"), "uint64 1000");
	CHECK_STR(property(&l, false, "CPUShares"), "uint64 2048");
	CHECK_STR(property(&l, false, "BlockIOWeight"), "uint64 500");
	CHECK_NULL(property(&l, false, "AllowedCPUs"));
	CHECK_NULL(property(&l, false, "MemoryMax"));
}

TEST(unified_files_that_systemd_knows_are_properties)
{
	struct str_pair files[] = { { "memory.high", "max" }, { "cpu.max", "50000 100000" },
				    { "cpuset.cpus", "1" },   { "io.weight", "default 70" },
				    { "pids.max", "many" },   { "memory.oom.group", "1" } };
	struct str_map unified = { files, sizeof(files) / sizeof(files[0]) };
	struct cgroup_limits l = { .unified = &unified };

	CHECK_STR(property(&l, true, "MemoryHigh"), "uint64 18446744073709551615");
	CHECK_STR(property(&l, true, "CPUQuotaPerSecUSec"), "uint64 500000");
	CHECK_STR(property(&l, true, "AllowedCPUs"), "@ay [2]");
	CHECK_STR(property(&l, true, "IOWeight"), "uint64 70");
	CHECK_NULL(property(&l, true, "TasksMax"));
	CHECK_NULL(property(&l, false, "MemoryHigh"));
}

static const char drivers[] = "Character devices:\n  1 mem\n136 pts\n\nBlock devices:\n  8 sd\n";

static const char *devices(const struct cgroup_device_rule *rules, size_t n, bool want_exact,
			   const char **ret_policy)
{
	struct str_map map = { 0 };

	CHECK(unit_devices_add(rules, n, drivers, &a, &map) == want_exact);
	*ret_policy = str_map_get(&map, "DevicePolicy");
	return str_map_get(&map, "DeviceAllow");
}
#define DEVICES(exact, policy, ...)                                                                \
	devices((const struct cgroup_device_rule[]){ __VA_ARGS__ },                                \
		sizeof((const struct cgroup_device_rule[]){ __VA_ARGS__ }) /                       \
			sizeof(struct cgroup_device_rule),                                         \
		exact, policy)

TEST(what_rules_for_devices_leave_allowed_is_a_list)
{
	const char *policy;

	CHECK_STR(DEVICES(true, &policy, { false, 'a', -1, -1, "rwm" }, { true, 'c', 1, 3, "rw" },
			  { true, 'c', 136, -1, "rwm" }, { true, 'b', -1, -1, "m" },
			  { true, 'b', 8, -1, "r" }, { true, 'c', 1, 3, "m" }),
		  "@a(ss) [('/dev/char/1:3', 'rwm'), ('char-pts', 'rwm'), ('block-*', 'm'), "
		  "('block-sd', 'r')]");
	CHECK_STR(policy, "'strict'");
	CHECK_STR(DEVICES(true, &policy, { true, 'c', 1, 3, "rwm" }, { false, 'c', 1, -1, "w" }),
		  "@a(ss) [('/dev/char/1:3', 'rm')]");
	CHECK_STR(DEVICES(true, &policy, { true, 'c', 1, 3, "rwm" }, { true, 'a', -1, -1, "rwm" }),
		  "@a(ss) []");
	CHECK_STR(policy, "'auto'");
}

TEST(rules_with_holes_cannot_be_said)
{
	const char *policy;

	(void)DEVICES(false, &policy, { true, 'a', -1, -1, "rwm" }, { false, 'c', 1, 1, "rwm" });
	CHECK_NULL(policy);
	(void)DEVICES(false, &policy, { true, 'c', -1, -1, "rwm" }, { false, 'c', 1, 1, "rwm" });
	(void)DEVICES(false, &policy, { true, 'c', 77, -1, "rwm" });
	(void)DEVICES(false, &policy, { true, 'c', -1, 3, "rwm" });
}

TESTS(T(a_path_is_slice_prefix_and_name), T(what_is_no_unit_is_refused),
      T(limits_are_properties_as_v2_counts), T(limits_are_properties_as_v1_counts),
      T(unified_files_that_systemd_knows_are_properties),
      T(what_rules_for_devices_leave_allowed_is_a_list), T(rules_with_holes_cannot_be_said))
