/* test_oci_runtime.c - a configuration read, written, and checked */
#include "check.h"

#include "base/own.h"
#include "codec/json.h"
#include "model/oci_runtime.h"

/* Members in the order of the tables, so that what is written can be compared. */
static const char full[] =
	"{\"ociVersion\":\"1.2.0\",\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":25,"
	"\"width\":80},\"user\":{\"uid\":1,\"gid\":2,\"umask\":18,\"additionalGids\":[5,4294967294]},"
	"\"args\":[\"sh\",\"-c\",\"true\"],\"env\":[\"PATH=/bin\"],\"cwd\":\"/\",\"capabilities\":{"
	"\"bounding\":[\"CAP_KILL\"],\"ambient\":[\"CAP_KILL\"]},\"rlimits\":[{\"type\":"
	"\"RLIMIT_NOFILE\",\"hard\":18446744073709551615,\"soft\":1024}],\"noNewPrivileges\":true,"
	"\"apparmorProfile\":\"berth\",\"oomScoreAdj\":-500},\"root\":{\"path\":\"rootfs\","
	"\"readonly\":true},\"hostname\":\"h\",\"domainname\":\"d\",\"mounts\":[{\"destination\":"
	"\"/proc\",\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"nosuid\"]}],\"annotations\":"
	"{\"a\":\"b\"},\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":"
	"\"ipc\"}],\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":10,\"minor\":229,"
	"\"fileMode\":438,\"uid\":0,\"gid\":0}],\"resources\":{\"devices\":[{\"allow\":false,"
	"\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":"
	"\"rw\"}],\"memory\":{\"limit\":1048576,\"swap\":-1,\"swappiness\":0,\"disableOOMKiller\":"
	"false},\"cpu\":{\"shares\":512,\"period\":100000,\"quota\":-1,\"cpus\":\"0-1\"},\"pids\":"
	"{\"limit\":0}},\"cgroupsPath\":\"/berth/x\",\"maskedPaths\":[\"/proc/kcore\"],"
	"\"readonlyPaths\":[\"/proc/sys\"],\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\","
	"\"defaultErrnoRet\":1,\"architectures\":[\"SCMP_ARCH_X86_64\"],\"syscalls\":[{\"names\":"
	"[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":2114060288,"
	"\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]},\"sysctl\":{\"kernel.shmmax\":\"1\"},"
	"\"rootfsPropagation\":\"rslave\"}}";

static const char least[] =
	"{\"ociVersion\":\"1.0.2-dev\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"a\"],"
	"\"cwd\":\"/\"},\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}";

static struct arena a;
static struct oci_config c;
static struct err err;

static int read_text(const char *text)
{
	arena_done(&a);
	return schema_read(&oci_config_schema, text, strlen(text), &a, &c, &err);
}

/* The least configuration with JSON put in the place of a member's. */
static int check_with(const char *old, const char *new)
{
	OWN(buf) struct buf text = { 0 };
	const char *at = strstr(least, old);

	assert_non_null(at);
	buf_add(&text, least, (size_t)(at - least));
	buf_adds(&text, new);
	buf_adds(&text, at + strlen(old));
	CHECK_OK(read_text(buf_text(&text)));
	return oci_runtime_check(&c, &err);
}

/* A member added to "linux". */
static int check_linux(const char *member)
{
	OWN(buf) struct buf text = { 0 };

	buf_printf(&text, "\"linux\":{%s,", member);
	return check_with("\"linux\":{", buf_text(&text));
}

static int teardown(void **state __attribute__((unused)))
{
	arena_done(&a);
	return 0;
}

TEST(what_is_read_is_written_the_same)
{
	OWN(buf) struct buf out = { 0 };

	CHECK_OK(read_text(full));
	schema_write(&oci_config_schema, &c, SCHEMA_FULL, &out);
	CHECK_STR(buf_text(&out), full);
}

TEST(members_land_in_the_struct)
{
	CHECK_OK(read_text(full));
	CHECK_INT(c.process->user.additional_gids.items[1], 4294967294U);
	CHECK(c.process->rlimits.items[0].hard == UINT64_MAX);
	CHECK_INT(*c.process->oom_score_adj, -500);
	CHECK_INT(*c.linux_->resources->memory->swap, -1);
	CHECK_NULL(c.linux_->resources->devices.items[0].major);
	CHECK_INT(c.linux_->resources->pids->limit, 0);
	CHECK_NULL(c.linux_->resources->memory->reservation);
	CHECK_OK(oci_runtime_check(&c, &err));
}

TEST(packing_keeps_everything)
{
	OWN(buf) struct buf out = { 0 };
	struct oci_config *copy;

	CHECK_OK(read_text(full));
	copy = schema_clone(&oci_config_schema, &c, &a);
	schema_write(&oci_config_schema, copy, SCHEMA_FULL, &out);
	CHECK_STR(buf_text(&out), full);
}

TEST(the_least_configuration_is_enough)
{
	CHECK_OK(read_text(least));
	CHECK_OK(oci_runtime_check(&c, &err));
	CHECK_NULL(c.process->capabilities);
	CHECK(!oci_runtime_has_namespace(&c, "pid"));
	CHECK(oci_runtime_has_namespace(&c, "mount"));
}

TEST(any_minor_version_is_taken_and_no_other_major)
{
	CHECK_OK(check_with("1.0.2-dev", "1.99.0"));
	CHECK_ERR(check_with("1.0.2-dev", "2.0.0"), -EINVAL, &err, "ociVersion");
	CHECK_OK(check_with("1.0.2-dev", "1.2"));
	CHECK(!oci_runtime_is_since(&c, 3));
	CHECK_OK(check_with("1.0.2-dev", "1.3.0+more"));
	CHECK(oci_runtime_is_since(&c, 3));
	CHECK_ERR(check_with("1.0.2-dev", "banana"), -EINVAL, &err, "ociVersion");
	CHECK_ERR(check_with("1.0.2-dev", "1."), -EINVAL, &err, "ociVersion");
	CHECK_ERR(check_with("1.0.2-dev", "1.x"), -EINVAL, &err, "ociVersion");
	CHECK_ERR(check_with("1.0.2-dev", "1.2.0garbage"), -EINVAL, &err, "ociVersion");
	CHECK_ERR(check_with("1.0.2-dev", "1.2."), -EINVAL, &err, "ociVersion");
	CHECK_ERR(check_with("1.0.2-dev", "1.99999999999999999999"), -EINVAL, &err, "ociVersion");
}

TEST(an_error_names_the_member)
{
	CHECK_ERR(read_text(
			  "{\"ociVersion\":\"1.0.0\",\"process\":{\"user\":{\"uid\":-1,\"gid\":0},"
			  "\"args\":[\"a\"],\"cwd\":\"/\"}}"),
		  -EINVAL, &err, "process.user.uid");
	CHECK_ERR(read_text("{\"ociVersion\":\"1.0.0\",\"process\":{\"user\":{\"uid\":4294967296,"
			    "\"gid\":0},\"args\":[\"a\"],\"cwd\":\"/\"}}"),
		  -EINVAL, &err, "process.user.uid");
	CHECK_ERR(read_text("{\"ociVersion\":\"1.0.0\",\"mounts\":[{\"source\":\"x\"}]}"), -EINVAL,
		  &err, "mounts[0].destination");
}

TEST(a_class_has_a_name_that_a_directory_can_have_and_lines_of_schemata)
{
	CHECK_OK(check_linux("\"intelRdt\":{\"closID\":\"gold\",\"l3CacheSchema\":\"L3:0=f\","
			     "\"memBwSchema\":\"MB:0=20\",\"schemata\":[\"L2:0=3\"]}"));
	CHECK_OK(check_linux("\"intelRdt\":{\"closID\":\"/\",\"enableMonitoring\":true}"));
	CHECK_ERR(check_linux("\"intelRdt\":{\"closID\":\"../x\"}"), -EINVAL, &err,
		  "intelRdt.closID");
	CHECK_ERR(check_linux("\"intelRdt\":{\"closID\":\"..\"}"), -EINVAL, &err, "closID");
	CHECK_ERR(check_linux("\"intelRdt\":{\"closID\":\"info\"}"), -EINVAL, &err, "closID");
	CHECK_ERR(check_linux("\"intelRdt\":{\"l3CacheSchema\":\"MB:0=f\"}"), -EINVAL, &err,
		  "l3CacheSchema");
	CHECK_ERR(check_linux("\"intelRdt\":{\"memBwSchema\":\"MB:0=20\\nL3:0=1\"}"), -EINVAL, &err,
		  "memBwSchema: has two lines");
	CHECK_ERR(check_linux("\"intelRdt\":{\"schemata\":[\"L3\"]}"), -EINVAL, &err, "schemata");
}

TEST(a_personality_has_no_flags)
{
	CHECK_OK(check_linux("\"personality\":{\"domain\":\"LINUX32\",\"flags\":[]}"));
	CHECK_ERR(check_linux("\"personality\":{\"domain\":\"LINUX32\",\"flags\":"
			      "[\"ADDR_NO_RANDOMIZE\"]}"),
		  -ENOTSUP, &err, "linux.personality.flags: the specification has none");
}

TEST(every_other_member_is_read_and_written_the_same)
{
	static const char more[] =
		"{\"ociVersion\":\"1.3.0\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"args\":"
		"[\"a\"],\"cwd\":\"/\",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\","
		"\"priority\":4},\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"nice\":-5,"
		"\"priority\":1,\"flags\":[\"SCHED_FLAG_RECLAIM\"],\"runtime\":1,"
		"\"deadline\":2,\"period\":3},\"execCPUAffinity\":{\"initial\":\"0-1\","
		"\"final\":\"1\"}},\"mounts\":[{\"destination\":\"x\",\"uidMappings\":[{"
		"\"containerID\":0,\"hostID\":1,\"size\":2}],\"gidMappings\":[{\"containerID\":"
		"0,\"hostID\":1,\"size\":2}]}],\"hooks\":{\"prestart\":[{\"path\":\"/x\","
		"\"args\":[\"x\"],\"env\":[\"A=b\"],\"timeout\":5}],\"poststop\":[{\"path\":"
		"\"/y\"}]},\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"user\"},{"
		"\"type\":\"time\"},{\"type\":\"network\",\"path\":\"/n\"}],\"resources\":{"
		"\"memory\":{\"kernel\":1,\"kernelTCP\":2,\"useHierarchy\":true,"
		"\"checkBeforeUpdate\":true},\"cpu\":{\"burst\":1,\"realtimeRuntime\":2,"
		"\"realtimePeriod\":3,\"idle\":1},\"blockIO\":{\"weight\":10,\"leafWeight\":11,"
		"\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":12,\"leafWeight\":13}],"
		"\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1}],"
		"\"throttleWriteBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":2}],"
		"\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":3}],"
		"\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":4}]},"
		"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":5}],\"network\":{"
		"\"classID\":6,\"priorities\":[{\"name\":\"lo\",\"priority\":7}]},\"rdma\":{"
		"\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":4}},\"unified\":{\"memory.high\":"
		"\"1\"}},\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":["
		"\"SECCOMP_FILTER_FLAG_LOG\"],\"listenerPath\":\"/l\",\"listenerMetadata\":"
		"\"m\"},\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":2}],"
		"\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":2}],\"personality\":{"
		"\"domain\":\"LINUX32\"},\"timeOffsets\":{\"monotonic\":{\"secs\":-1},"
		"\"boottime\":{\"secs\":1,\"nanosecs\":2}},\"memoryPolicy\":{\"mode\":"
		"\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}}}";
	OWN(buf) struct buf out = { 0 }, packed = { 0 };
	struct oci_config *copy;

	CHECK_OK(read_text(more));
	CHECK_OK(oci_runtime_check(&c, &err));
	schema_write(&oci_config_schema, &c, SCHEMA_FULL, &out);
	CHECK_STR(buf_text(&out), more);
	copy = schema_clone(&oci_config_schema, &c, &a);
	schema_write(&oci_config_schema, copy, SCHEMA_FULL, &packed);
	CHECK_STR(buf_text(&packed), more);
}

TEST(namespaces_are_known_and_stand_there_once)
{
	CHECK_ERR(check_with("{\"type\":\"mount\"}", "{\"type\":\"mount\"},{\"type\":\"mount\"}"),
		  -EINVAL, &err, "twice");
	CHECK_ERR(check_with("{\"type\":\"mount\"}",
			     "{\"type\":\"mount\"},{\"type\":\"pid\",\"path\":\"ns/pid\"}"),
		  -EINVAL, &err, "linux.namespaces[1].path");
	CHECK_OK(check_with("{\"type\":\"mount\"}", "{\"type\":\"mount\",\"path\":\"/x\"}"));
	CHECK_ERR(check_with("{\"type\":\"mount\"}", "{\"type\":\"net\"}"), -EINVAL, &err, "net");
	CHECK_ERR(check_with("{\"type\":\"mount\"}", ""), -EINVAL, &err, "mount namespace");
	CHECK_OK(check_with("{\"type\":\"mount\"}",
			    "{\"type\":\"mount\"},{\"type\":\"pid\",\"path\":\"/proc/1/ns/pid\"}"));
	CHECK(oci_runtime_has_namespace(&c, "pid") && !oci_runtime_has_new_namespace(&c, "pid"));
}

TEST(mappings_come_in_pairs_and_stay_in_32_bits)
{
	static const char user[] = "{\"type\":\"mount\"},{\"type\":\"user\"}]";
	static const struct {
		const char *maps, *words;
	} rows[] = {
		{ "", "needs linux.uidMappings" },
		{ ",\"uidMappings\":[{\"size\":1}]", "only one of" },
		{ ",\"uidMappings\":[{\"size\":0}],\"gidMappings\":[{\"size\":1}]",
		  "linux.uidMappings[0]" },
		{ ",\"uidMappings\":[{\"size\":1}],\"gidMappings\":[{\"hostID\":4294967000,"
		  "\"size\":1000}]",
		  "linux.gidMappings[0]" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(buf) struct buf text = { 0 };

		buf_printf(&text, "%s%s", user, rows[i].maps);
		CHECK_ERR(check_with("{\"type\":\"mount\"}]", buf_text(&text)), -EINVAL, &err,
			  rows[i].words);
	}
	CHECK_ERR(check_linux("\"uidMappings\":[{\"size\":1}],\"gidMappings\":[{\"size\":1}]"),
		  -EINVAL, &err, "needs a user namespace");
}

TEST(interfaces_have_names_of_their_own_and_a_network_to_go_to)
{
	static const char network[] =
		"{\"type\":\"mount\"},{\"type\":\"network\"}],\"netDevices\":";
	static const struct {
		const char *devices, *words;
	} rows[] = {
		{ "{\"eth0\":{\"name\":\"a/b\"}}", "no interface's name" },
		{ "{\"..\":{}}", "no interface's name" },
		{ "{\"eth0\":{\"name\":\"sixteen-letters-\"}}", "no interface's name" },
		{ "{\"eth0\":{\"name\":\"x\"},\"x\":{}}", "two become x" },
	};

	CHECK_ERR(check_linux("\"netDevices\":{\"eth0\":{}}"), -EINVAL, &err, "network namespace");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(buf) struct buf text = { 0 };

		buf_printf(&text, "%s%s", network, rows[i].devices);
		CHECK_ERR(check_with("{\"type\":\"mount\"}]", buf_text(&text)), -EINVAL, &err,
			  rows[i].words);
	}
	CHECK_OK(check_with("{\"type\":\"mount\"}]",
			    "{\"type\":\"mount\"},{\"type\":\"network\"}],\"netDevices\":{\"eth0\":"
			    "{\"name\":\"eth1\"},\"eth1\":{\"name\":\"eth0\"}}"));
}

TEST(members_with_names_know_them)
{
	static const struct {
		const char *old, *new, *words;
	} rows[] = {
		{ "\"cwd\"", "\"scheduler\":{\"policy\":\"SCHED_ISO\"},\"cwd\"", "SCHED_ISO" },
		{ "\"cwd\"", "\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"flags\":[\"X\"]},\"cwd\"",
		  "scheduler.flags[0]" },
		{ "\"cwd\"", "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20},\"cwd\"",
		  "nice" },
		{ "\"cwd\"", "\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"period\":1},\"cwd\"",
		  "SCHED_DEADLINE" },
		{ "\"cwd\"", "\"ioPriority\":{\"class\":\"X\",\"priority\":0},\"cwd\"",
		  "ioPriority.class" },
		{ "\"cwd\"",
		  "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":8},\"cwd\"",
		  "ioPriority.priority" },
		{ "\"cwd\"", "\"execCPUAffinity\":{\"final\":\"1-\"},\"cwd\"",
		  "execCPUAffinity.final" },
		{ "\"linux\":{", "\"linux\":{\"personality\":{\"domain\":\"BSD\"},",
		  "personality.domain" },
		{ "\"linux\":{", "\"linux\":{\"memoryPolicy\":{\"mode\":\"MPOL_X\"},",
		  "memoryPolicy.mode" },
		{ "\"linux\":{",
		  "\"linux\":{\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"a\"},",
		  "memoryPolicy.nodes" },
		{ "\"linux\":{", "\"linux\":{\"timeOffsets\":{\"boottime\":{\"secs\":1}},",
		  "timeOffsets" },
		{ "\"root\"", "\"hooks\":{\"poststart\":[{\"path\":\"x\"}]},\"root\"",
		  "hooks.poststart[0].path" },
		{ "\"root\"",
		  "\"hooks\":{\"prestart\":[{\"path\":\"/x\",\"timeout\":-1}]},\"root\"",
		  "hooks.prestart[0].timeout" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(check_with(rows[i].old, rows[i].new) < 0);
		if (!strstr(err.msg, rows[i].words))
			fail_msg("row %zu: \"%s\" lacks \"%s\"", i, err.msg, rows[i].words);
	}
}

TEST(limits_are_in_range_and_name_files_of_the_group_only)
{
	static const struct {
		const char *resources, *words;
	} rows[] = {
		{ "\"blockIO\":{\"weight\":9}", "blockIO.weight" },
		{ "\"blockIO\":{\"weightDevice\":[{\"major\":1,\"minor\":1,\"weight\":1001}]}",
		  "weightDevice.weight" },
		{ "\"hugepageLimits\":[{\"pageSize\":\"../2MB\",\"limit\":1}]", "pageSize" },
		{ "\"unified\":{\"../memory.max\":\"1\"}", "unified" },
		{ "\"unified\":{\"cgroup.procs\":\"1\"}", "unified" },
		{ "\"unified\":{\"\":\"1\"}", "unified" },
		{ "\"cpu\":{\"idle\":2}", "cpu.idle" },
		{ "\"network\":{\"priorities\":[{\"name\":\"a b\",\"priority\":1}]}",
		  "priorities[0]" },
		{ "\"rdma\":{\"a\\nb\":{}}", "rdma" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(buf) struct buf text = { 0 };

		buf_printf(&text, "\"resources\":{%s}", rows[i].resources);
		CHECK_ERR(check_linux(buf_text(&text)), -EINVAL, &err, rows[i].words);
	}
	CHECK_OK(check_linux("\"resources\":{\"unified\":{\"memory.high\":\"1\"}}"));
}

TEST(a_name_needs_its_namespace)
{
	CHECK_ERR(check_with("\"root\"", "\"hostname\":\"x\",\"root\""), -EINVAL, &err, "uts");
}

TEST(only_sysctls_of_a_namespace_that_is_new_may_be_set)
{
	static const char *const hostile[] = {
		"kernel.core_pattern",
		"kernel/core_pattern",
		"kernel.shm/../core_pattern",
		"kernel.shm..x",
		"net.ipv4.ip_forward",
		"kernel.hostname",
		"fs.file-max",
		"kernel.shm_+kernel.core_pattern",
		"kernel.sem ",
		"",
	};

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		OWN(buf) struct buf member = { 0 };

		buf_printf(&member, "\"sysctl\":{\"%s\":\"1\"}", hostile[i]);
		CHECK_ERR(check_linux(buf_text(&member)), -EINVAL, &err, "linux.sysctl");
	}
	CHECK_OK(check_with("{\"type\":\"mount\"}]",
			    "{\"type\":\"mount\"},{\"type\":\"ipc\"},{\"type\":\"network\"}],"
			    "\"sysctl\":{\"kernel.shm_rmid_forced\":\"1\",\"fs/mqueue/msg_max\":"
			    "\"10\",\"net/ipv4/conf/eth0.1/forwarding\":\"1\"}"));
	CHECK_ERR(check_with("{\"type\":\"mount\"}]",
			     "{\"type\":\"mount\"},{\"type\":\"ipc\"}],\"sysctl\":{\"kernel.sem\":"
			     "\"1\\n2\"}"),
		  -EINVAL, &err, "two lines");
}

TEST(devices_have_a_type_and_an_absolute_path)
{
	CHECK_ERR(check_linux("\"devices\":[{\"path\":\"dev/x\",\"type\":\"c\"}]"), -EINVAL, &err,
		  "devices[0].path");
	CHECK_ERR(check_linux("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"char\"}]"), -EINVAL,
		  &err, "devices[0].type");
	CHECK_ERR(check_linux("\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rx\"}]}"),
		  -EINVAL, &err, "access");
	CHECK_ERR(check_linux("\"resources\":{\"devices\":[{\"allow\":true,\"type\":\"x\"}]}"),
		  -EINVAL, &err, "devices[0].type");
}

TEST(paths_of_the_container_are_absolute)
{
	CHECK_ERR(check_linux("\"maskedPaths\":[\"proc/kcore\"]"), -EINVAL, &err, "maskedPaths[0]");
	CHECK_ERR(check_linux("\"readonlyPaths\":[\"\"]"), -EINVAL, &err, "readonlyPaths[0]");
	CHECK_ERR(check_with("\"cwd\":\"/\"", "\"cwd\":\"\""), -EINVAL, &err, "process.cwd");
	CHECK_ERR(check_with("\"root\"", "\"mounts\":[{\"destination\":\"\"}],\"root\""), -EINVAL,
		  &err, "mounts[0].destination");
}

TEST(propagation_has_eight_names)
{
	CHECK_OK(check_linux("\"rootfsPropagation\":\"runbindable\""));
	CHECK_ERR(check_linux("\"rootfsPropagation\":\"rr\""), -EINVAL, &err, "rootfsPropagation");
}

TEST(limits_of_a_process_are_known_ordered_and_single)
{
	CHECK_ERR(check_with("\"cwd\"",
			     "\"rlimits\":[{\"type\":\"RLIMIT_FOO\",\"hard\":1,\"soft\":1}"
			     "],\"cwd\""),
		  -EINVAL, &err, "RLIMIT_FOO");
	CHECK_ERR(check_with("\"cwd\"",
			     "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"hard\":1,\"soft\":"
			     "2}],\"cwd\""),
		  -EINVAL, &err, "soft");
	CHECK_ERR(check_with("\"cwd\"",
			     "\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"hard\":1,\"soft\":"
			     "1},{\"type\":\"RLIMIT_CORE\",\"hard\":1,\"soft\":1}],"
			     "\"cwd\""),
		  -EINVAL, &err, "twice");
	CHECK_ERR(check_with("\"cwd\"", "\"oomScoreAdj\":1001,\"cwd\""), -EINVAL, &err,
		  "oomScoreAdj");
}

#define S(name) cmocka_unit_test_teardown(name, teardown)
TESTS(S(what_is_read_is_written_the_same), S(members_land_in_the_struct),
      S(packing_keeps_everything), S(the_least_configuration_is_enough),
      S(any_minor_version_is_taken_and_no_other_major), S(an_error_names_the_member),
      S(a_class_has_a_name_that_a_directory_can_have_and_lines_of_schemata),
      S(a_personality_has_no_flags), S(namespaces_are_known_and_stand_there_once),
      S(every_other_member_is_read_and_written_the_same),
      S(mappings_come_in_pairs_and_stay_in_32_bits), S(members_with_names_know_them),
      S(interfaces_have_names_of_their_own_and_a_network_to_go_to),
      S(limits_are_in_range_and_name_files_of_the_group_only), S(a_name_needs_its_namespace),
      S(only_sysctls_of_a_namespace_that_is_new_may_be_set),
      S(devices_have_a_type_and_an_absolute_path), S(paths_of_the_container_are_absolute),
      S(propagation_has_eight_names), S(limits_of_a_process_are_known_ordered_and_single))
