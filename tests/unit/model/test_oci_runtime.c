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
	CHECK_ERR(check_with("1.0.2-dev", "banana"), -EINVAL, &err, "ociVersion");
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

TEST(what_would_be_ignored_is_refused_by_name)
{
	static const char *const members[] = { "uidMappings", "intelRdt",     "personality",
					       "timeOffsets", "memoryPolicy", "netDevices" };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		OWN(buf) struct buf member = { 0 };

		buf_printf(&member, "\"%s\":{\"x\":1}", members[i]);
		CHECK_ERR(check_linux(buf_text(&member)), -ENOTSUP, &err, members[i]);
	}
	CHECK_ERR(check_linux("\"resources\":{\"unified\":{\"memory.high\":\"1\"}}"), -ENOTSUP,
		  &err, "linux.resources.unified");
	CHECK_OK(check_linux("\"resources\":{\"unified\":{},\"hugepageLimits\":[]}"));
	CHECK_ERR(check_with("\"root\"", "\"hooks\":{\"prestart\":[{\"path\":\"/x\"}]},\"root\""),
		  -ENOTSUP, &err, "hooks");
}

TEST(namespaces_are_new_and_stand_there_once)
{
	CHECK_ERR(check_with("{\"type\":\"mount\"}", "{\"type\":\"mount\"},{\"type\":\"mount\"}"),
		  -EINVAL, &err, "twice");
	CHECK_ERR(check_with("{\"type\":\"mount\"}",
			     "{\"type\":\"mount\"},{\"type\":\"pid\",\"path\":\"/proc/1/ns/pid\"}"),
		  -ENOTSUP, &err, "linux.namespaces[1].path");
	CHECK_ERR(check_with("{\"type\":\"mount\"}", "{\"type\":\"user\"}"), -ENOTSUP, &err,
		  "user");
	CHECK_ERR(check_with("{\"type\":\"mount\"}", ""), -EINVAL, &err, "mount namespace");
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
	CHECK_ERR(check_with("\"root\"", "\"mounts\":[{\"destination\":\"x\"}],\"root\""), -EINVAL,
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
      S(what_would_be_ignored_is_refused_by_name), S(namespaces_are_new_and_stand_there_once),
      S(a_name_needs_its_namespace), S(only_sysctls_of_a_namespace_that_is_new_may_be_set),
      S(devices_have_a_type_and_an_absolute_path), S(paths_of_the_container_are_absolute),
      S(propagation_has_eight_names), S(limits_of_a_process_are_known_ordered_and_single))
