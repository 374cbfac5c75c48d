/*
 * test_plan.c - what the child will do, against tests/golden/init_NAME.txt
 *
 * BERTH_UPDATE_GOLDEN=1 writes the files anew; review sees their difference.
 */
#include "check.h"

#include "base/own.h"
#include "runtime/plan.h"
#include "sys/file.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct arena a;
static struct err err;
static struct oci_config config;
static struct init_plan plan;
static uint64_t namespaces;

static const struct plan_cgroup hierarchies[] = {
	{ "memory", "/sys/fs/cgroup/memory/berth/ID" },
	{ "cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct/berth/ID" },
};
static struct plan_facts facts = { .caps = ~0ULL };

#define MOUNTS                                                                                     \
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\","                        \
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"                                          \
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","                       \
	"\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"                  \
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","                 \
	"\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]},"    \
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","                       \
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"                                   \
	"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","           \
	"\"options\":[\"ro\",\"nosuid\",\"noexec\",\"nodev\"]}"
#define MOUNTS_OF_THE_KERNEL                                                                       \
	"{\"destination\":\"/proc\",\"type\":\"proc\"},{\"destination\":\"/sys\",\"type\":\"sysfs\"}"
#define NAMESPACES                                                                                 \
	"\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"network\"},"          \
	"{\"type\":\"uts\"},{\"type\":\"ipc\"}]"
#define PROCESS                                                                                    \
	"\"user\":{\"uid\":0,\"gid\":0},\"cwd\":\"/\",\"args\":[\"sh\",\"-c\",\"true\"],"          \
	"\"env\":[\"PATH=/usr/bin:/bin\",\"HOME=/root\",\"broken\",\"=x\"]"
#define CONFIG(process, mounts, linux_, rest)                                                      \
	"{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"process\":{" process           \
	"},\"mounts\":[" mounts "],\"linux\":{" linux_ "}" rest "}"

static int decide(const char *json)
{
	struct runtime_start start = { .config = &config, .id = "x", .bundle = "/bundle" };
	int r;

	err = (struct err)ERR_INIT;
	r = schema_read(&oci_config_schema, json, strlen(json), &a, &config, &err);
	if (r < 0)
		return r;
	plan_init(&plan);
	return plan_start(&start, &facts, &a, &plan, &namespaces, &err);
}

static void check_golden(const char *name)
{
	OWN(buf) struct buf text = { 0 };
	OWN(str) char *path = str_printf("tests/golden/init_%s.txt", name);
	OWN(str) char *want = NULL;

	plan_print(&plan, &text);
	if (getenv("BERTH_UPDATE_GOLDEN"))
		CHECK_OK(file_write_at(AT_FDCWD, path, text.data, text.len, 0644, 0));
	CHECK_OK(file_read_at(AT_FDCWD, path, 65536, &want, NULL));
	CHECK_STR(buf_text(&text), want);
}

TEST(a_usual_container)
{
	facts.cgroups = hierarchies;
	facts.n_cgroups = 2;
	CHECK_OK(decide(
		CONFIG(PROCESS
		       ",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\"],"
		       "\"effective\":[\"CAP_CHOWN\"],\"permitted\":[\"CAP_CHOWN\",\"CAP_KILL\"]},"
		       "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1024,\"hard\":4096}]",
		       MOUNTS,
		       NAMESPACES ",\"maskedPaths\":[\"/proc/kcore\",\"/sys/firmware\"],"
				  "\"readonlyPaths\":[\"/proc/sys\"],"
				  "\"sysctl\":{\"net.ipv4.ip_unprivileged_port_start\":\"0\"}",
		       ",\"hostname\":\"box\"")));
	CHECK(plan.loopback && plan.new_root && !plan.unshare_cgroup);
	check_golden("default");
	facts.n_cgroups = 0;
}

TEST(binds_devices_and_a_user)
{
	CHECK_OK(decide(CONFIG(
		"\"user\":{\"uid\":1000,\"gid\":100,\"umask\":63,\"additionalGids\":[7,8]},"
		"\"cwd\":\"/work/dir\",\"args\":[\"./run\"],\"noNewPrivileges\":true,"
		"\"oomScoreAdj\":-5,\"terminal\":true",
		"{\"destination\":\"/data/\",\"source\":\"relative\",\"options\":[\"rbind\",\"ro\"]},"
		"{\"destination\":\"/d2\",\"type\":\"bind\",\"source\":\"/abs\","
		"\"options\":[\"bind\",\"rw\",\"rshared\",\"nodev\",\"rnoexec\"]}",
		NAMESPACES
		",\"devices\":[{\"path\":\"/dev/fuse\",\"type\":\"c\",\"major\":10,\"minor\":229},"
		"{\"path\":\"/dev/null\",\"type\":\"c\",\"major\":1,\"minor\":3,\"fileMode\":384,"
		"\"gid\":5},{\"path\":\"/dev/sub/pipe\",\"type\":\"p\"}],"
		"\"rootfsPropagation\":\"rslave\"",
		"")));
	check_golden("binds");
}

TEST(on_a_v2_machine_the_own_group_is_shown)
{
	facts.cgroup_v2 = "/sys/fs/cgroup/berth/ID";
	CHECK_OK(decide(CONFIG(PROCESS, MOUNTS, NAMESPACES ",\"sysctl\":{}", "")));
	facts.cgroup_v2 = NULL;
	CHECK_INT(plan.n_mounts, 5);
	CHECK_STR(plan.mounts[4].source, "/sys/fs/cgroup/berth/ID");
	CHECK_STR(plan.mounts[4].target, "sys/fs/cgroup");
}

TEST(a_bind_over_dev_is_left_as_it_is)
{
	CHECK_OK(decide(
		CONFIG(PROCESS,
		       "{\"destination\":\"/dev\",\"source\":\"/dev\",\"options\":[\"rbind\"]}",
		       NAMESPACES, "")));
	CHECK_INT(plan.n_devices, 0);
	CHECK_INT(plan.n_links, 0);
}

TEST(what_we_do_not_have_cannot_be_given)
{
	facts.caps = 1; /* CAP_CHOWN */
	CHECK_OK(decide(CONFIG(PROCESS
			       ",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\"],"
			       "\"permitted\":[\"CAP_CHOWN\",\"CAP_KILL\"],"
			       "\"effective\":[\"CAP_CHOWN\",\"CAP_KILL\"],"
			       "\"inheritable\":[\"CAP_CHOWN\",\"CAP_KILL\"],"
			       "\"ambient\":[\"CAP_CHOWN\",\"CAP_KILL\"]}",
			       "", NAMESPACES, "")));
	facts.caps = ~0ULL;
	CHECK_INT(plan.caps.data[0].permitted, 1);
	CHECK_INT(plan.caps.data[0].effective, 1);
	CHECK_INT(plan.caps.data[0].inheritable, 1);
	CHECK_INT(plan.cap_ambient, 1);
}

TEST(absent_capabilities_are_none)
{
	CHECK_OK(decide(CONFIG(PROCESS, "", NAMESPACES, "")));
	CHECK_INT(plan.cap_bounding, 0);
	CHECK_INT(plan.caps.data[0].permitted, 0);
}

#define USER_NAMESPACE                                                                             \
	"\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"user\"}],\"uidMappings\":[{"             \
	"\"hostID\":1000,\"size\":10}],\"gidMappings\":[{\"hostID\":2000,\"size\":10}]"

TEST(in_a_user_namespace_the_host_lends_what_the_kernel_makes_for_nobody)
{
	CHECK_OK(decide(CONFIG(PROCESS, MOUNTS_OF_THE_KERNEL, USER_NAMESPACE, "")));
	CHECK(plan.become_root && plan.ask_maps && plan.late_pivot && plan.bind_devices);
	CHECK_INT(plan.mounts[0].kind, INIT_MOUNT_BIND);
	CHECK_STR(plan.mounts[0].source, "/proc");
	CHECK_STR(plan.mounts[1].source, "/sys");
	CHECK(plan.mounts[1].recursive);
}

TEST(a_mount_is_idmapped_by_its_own_mappings_or_the_containers)
{
	CHECK_OK(decide(CONFIG(
		PROCESS,
		"{\"destination\":\"/a\",\"source\":\"/a\",\"options\":[\"rbind\",\"ridmap\"]},"
		"{\"destination\":\"/b\",\"source\":\"/b\",\"options\":[\"bind\"],\"uidMappings\":["
		"{\"containerID\":1,\"hostID\":2,\"size\":3},{\"size\":1}],\"gidMappings\":[{"
		"\"size\":9}]}",
		USER_NAMESPACE, "")));
	CHECK_STR(plan.mounts[0].uid_map, "0 1000 10\n");
	CHECK_STR(plan.mounts[0].gid_map, "0 2000 10\n");
	CHECK(plan.mounts[0].map_tree && !plan.mounts[1].map_tree);
	CHECK_STR(plan.mounts[1].uid_map, "1 2 3\n0 0 1\n");
}

TEST(hooks_keep_the_hosts_tree_until_all_is_mounted)
{
	CHECK_OK(decide(CONFIG(PROCESS, "", NAMESPACES,
			       ",\"hooks\":{\"createContainer\":[{\"path\":\"/c\"}],"
			       "\"startContainer\":[{\"path\":\"/s\",\"timeout\":7}]}")));
	CHECK(plan.late_pivot && !plan.ask_hooks);
	CHECK_STR(plan.root_place, "/bundle/rootfs");
	CHECK_STR(plan.create_container.items[0].argv[0], "/c");
	CHECK_NULL(plan.create_container.items[0].envp[0]);
	CHECK_INT(plan.start_container.items[0].timeout_s, 7);
	CHECK_OK(decide(CONFIG(PROCESS, "", NAMESPACES,
			       ",\"hooks\":{\"startContainer\":[{\"path\":\"/s\"}]}")));
	CHECK(!plan.late_pivot);
}

TEST(clocks_are_set_where_the_kernel_enters_their_namespace)
{
	static const char json[] =
		CONFIG(PROCESS, "",
		       "\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"time\"}],\"timeOffsets\":{"
		       "\"monotonic\":{\"secs\":-5},\"boottime\":{\"secs\":7,\"nanosecs\":9}}",
		       "");

	CHECK_ERR(decide(json), -ENOTSUP, &err, "Linux 6.2");
	facts.time_at_exec = true;
	CHECK_OK(decide(json));
	facts.time_at_exec = false;
	CHECK(plan.unshare_time);
	CHECK_STR(plan.time_offsets, "monotonic -5 0\nboottime 7 9\n");
}

TEST(policies_are_the_kernels_numbers)
{
	CHECK_OK(decide(
		CONFIG(PROCESS ",\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":5,\"flags\":["
			       "\"SCHED_FLAG_RESET_ON_FORK\",\"SCHED_FLAG_UTIL_CLAMP_MIN\"]},"
			       "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":3}",
		       "",
		       NAMESPACES
		       ",\"personality\":{\"domain\":\"LINUX32\"},\"memoryPolicy\":{\"mode\":"
		       "\"MPOL_BIND\",\"nodes\":\"0,2\",\"flags\":["
		       "\"MPOL_F_STATIC_NODES\"]}",
		       "")));
	CHECK(plan.scheduler->policy == 3 && plan.scheduler->flags == 0x21);
	CHECK_INT(plan.scheduler->nice, 5);
	CHECK_INT(plan.io_priority, 2 << 13 | 3);
	CHECK_INT(plan.personality, 8);
	CHECK_INT(plan.memory_policy->mode, 2 | 1 << 15);
	CHECK_INT(plan.memory_policy->nodes[0], 5);
}

TEST(what_would_change_the_host_or_cannot_be_is_refused)
{
	static const struct {
		const char *json, *words;
	} rows[] = {
		{ CONFIG(PROCESS, "{\"destination\":\"/\",\"type\":\"tmpfs\"}", NAMESPACES, ""),
		  "root itself" },
		{ CONFIG(PROCESS, "{\"destination\":\"/proc/\",\"type\":\"tmpfs\"}", NAMESPACES,
			 ""),
		  "nothing but procfs" },
		{ CONFIG(PROCESS, "{\"destination\":\"/x\"}", NAMESPACES, ""), "neither a type" },
		{ CONFIG(PROCESS, "{\"destination\":\"/x\",\"options\":[\"bind\"]}", NAMESPACES,
			 ""),
		  "needs a source" },
		{ CONFIG(PROCESS,
			 "{\"destination\":\"/x\",\"type\":\"tmpfs\",\"options\":[\"copy-symlink\"]}",
			 NAMESPACES, ""),
		  "copy-symlink is for bind mounts" },
		{ CONFIG(PROCESS,
			 "{\"destination\":\"/x\",\"type\":\"tmpfs\",\"options\":[\"remount\",\"size=1\"]}",
			 NAMESPACES, ""),
		  "and no others; remove size" },
		{ CONFIG(PROCESS,
			 "{\"destination\":\"/x\",\"source\":\"/x\",\"options\":[\"bind\",\"what\"]}",
			 NAMESPACES, ""),
		  "no option what" },
		{ CONFIG(PROCESS,
			 "{\"destination\":\"/x\",\"source\":\"/x\",\"options\":[\"bind\",\"idmap\"]}",
			 NAMESPACES, ""),
		  "idmap needs uidMappings" },
		{ CONFIG(PROCESS,
			 "{\"destination\":\"/x\",\"type\":\"proc\",\"options\":[\"tmpcopyup\"]}",
			 NAMESPACES, ""),
		  "tmpcopyup is for tmpfs" },
		{ CONFIG(PROCESS, "{\"destination\":\"/x\",\"type\":\"cgroup\"}", NAMESPACES, ""),
		  "no control groups" },
		{ CONFIG(PROCESS ",\"apparmorProfile\":\"p\"", "", NAMESPACES, ""), "AppArmor" },
		{ CONFIG(PROCESS ",\"selinuxLabel\":\"l\"", "", NAMESPACES, ""), "selinuxLabel" },
		{ CONFIG(PROCESS, "{\"destination\":\"/x\",\"type\":\"tmpfs\"}",
			 NAMESPACES ",\"mountLabel\":\"l\"", ""),
		  "mountLabel" },
		{ CONFIG(PROCESS, "",
			 NAMESPACES ",\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\","
				    "\"major\":4096,\"minor\":0}]",
			 ""),
		  "no device has numbers" },
		{ CONFIG(PROCESS, "", NAMESPACES ",\"sysctl\":{\"kernel.core_pattern\":\"|x\"}",
			 ""),
		  "core_pattern" },
		{ CONFIG("\"user\":{\"uid\":4294967295,\"gid\":0},\"cwd\":\"/\",\"args\":[\"x\"]",
			 "", NAMESPACES, ""),
		  "no user" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK(decide(rows[i].json) < 0);
		if (!strstr(err.msg, rows[i].words))
			fail_msg("row %zu: \"%s\" lacks \"%s\"", i, err.msg, rows[i].words);
	}
}

static int teardown(void **state)
{
	(void)state;
	arena_done(&a);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_usual_container),
		T(binds_devices_and_a_user),
		T(on_a_v2_machine_the_own_group_is_shown),
		T(a_bind_over_dev_is_left_as_it_is),
		T(what_we_do_not_have_cannot_be_given),
		T(absent_capabilities_are_none),
		T(in_a_user_namespace_the_host_lends_what_the_kernel_makes_for_nobody),
		T(a_mount_is_idmapped_by_its_own_mappings_or_the_containers),
		T(hooks_keep_the_hosts_tree_until_all_is_mounted),
		T(clocks_are_set_where_the_kernel_enters_their_namespace),
		T(policies_are_the_kernels_numbers),
		T(what_would_change_the_host_or_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
