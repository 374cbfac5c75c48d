/* test_limits.c - limits converted and written; a directory of files stands for a tree */
#include "check.h"

#include "base/own.h"
#include "cgroup/group.h"
#include "cgroup/group_file.h"
#include "cgroup/limits.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct hierarchy tree;
static char text[128];

/* A tree with one group in it, and in that the files, all empty. */
static void make_tree(const char *const *files)
{
	char path[256];

	(void)snprintf(tree.mount, sizeof(tree.mount), "berth-test-limits-%d", (int)getpid());
	tree.is_v2 = true;
	CHECK_OK(chdir("/tmp"));
	CHECK_OK(mkdir(tree.mount, 0700));
	(void)snprintf(path, sizeof(path), "%s/g", tree.mount);
	CHECK_OK(mkdir(path, 0700));
	for (; *files; files++) {
		(void)snprintf(path, sizeof(path), "%s/g/%s", tree.mount, *files);
		CHECK_OK(file_write_at(AT_FDCWD, path, "", 0, 0600, 0));
	}
}

static void remove_tree(void)
{
	CHECK_OK(rmtree_at(AT_FDCWD, tree.mount));
}

static const char *written(const char *file)
{
	CHECK(group_file_read(&tree, "/g", file, text, sizeof(text)) >= 0);
	return text;
}

static void write_now(const char *file, const char *value)
{
	CHECK_OK(group_file_write(&tree, "/g", file, value));
}

TEST(shares_become_the_weight_that_runc_and_crun_give)
{
	/* The published formula, evaluated elsewhere. */
	static const struct {
		uint64_t shares, weight;
	} rows[] = {
		{ 0, 1 },       { 2, 1 },          { 3, 2 },          { 10, 4 },
		{ 100, 17 },    { 256, 35 },       { 512, 59 },       { 1023, 100 },
		{ 1024, 100 },  { 1025, 101 },     { 2048, 174 },     { 4096, 303 },
		{ 10000, 627 }, { 262143, 10000 }, { 262144, 10000 }, { 999999, 10000 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(limits_v2_weight(rows[i].shares), rows[i].weight);
}

TEST(swap_of_v2_is_what_is_left_without_memory)
{
	int64_t memory = 100, swap = 250, got;
	struct cgroup_limits l = { .memory = &memory, .memory_swap = &swap };

	CHECK_OK(limits_v2_swap(&l, &got, NULL));
	CHECK_INT(got, 150);
	swap = 100;
	CHECK_OK(limits_v2_swap(&l, &got, NULL));
	CHECK_INT(got, 0);
	swap = -1;
	CHECK_OK(limits_v2_swap(&l, &got, NULL));
	CHECK_INT(got, -1);
}

TEST(swap_that_makes_no_sense_is_refused)
{
	int64_t memory = 100, swap = 50, got;
	struct cgroup_limits l = { .memory = &memory, .memory_swap = &swap };
	struct err err = ERR_INIT;

	CHECK_ERR(limits_v2_swap(&l, &got, &err), -EINVAL, &err, "below memory");
	l.memory = NULL;
	CHECK_ERR(limits_v2_swap(&l, &got, &err), -EINVAL, &err, "memory is not");
	memory = -1;
	l.memory = &memory;
	CHECK_ERR(limits_v2_swap(&l, &got, &err), -EINVAL, &err, "memory is not");
}

TEST(quota_and_period_are_one_write)
{
	static const char *const files[] = { "cpu.max", "cpu.weight", NULL };
	uint64_t period = 50000;
	int64_t quota = 25000;
	struct cgroup_limits l = { .cpu_quota = &quota, .cpu_period = &period };

	make_tree(files);
	CHECK_OK(limits_v2_cpu(&tree, "/g", &l, NULL));
	CHECK_STR(written("cpu.max"), "25000 50000");
	CHECK_STR(written("cpu.weight"), "");
	remove_tree();
}

TEST(a_quota_alone_keeps_the_period_and_a_period_alone_the_quota)
{
	static const char *const files[] = { "cpu.max", NULL };
	uint64_t period = 20000;
	int64_t quota = 30000;
	struct cgroup_limits only_quota = { .cpu_quota = &quota };
	struct cgroup_limits only_period = { .cpu_period = &period };

	make_tree(files);
	write_now("cpu.max", "max 40000\n");
	CHECK_OK(limits_v2_cpu(&tree, "/g", &only_quota, NULL));
	CHECK_STR(written("cpu.max"), "30000 40000");
	CHECK_OK(limits_v2_cpu(&tree, "/g", &only_period, NULL));
	CHECK_STR(written("cpu.max"), "30000 20000");
	quota = -1;
	CHECK_OK(limits_v2_cpu(&tree, "/g", &only_quota, NULL));
	CHECK(str_after(written("cpu.max"), "max 20000"));
	remove_tree();
}

TEST(memory_limits_of_v2_are_written_converted)
{
	static const char *const files[] = { "memory.max", "memory.low", "memory.swap.max", NULL };
	int64_t memory = 1 << 20, swap = 3 << 20, low = 4096;
	struct cgroup_limits l = { .memory = &memory,
				   .memory_swap = &swap,
				   .memory_reservation = &low };

	make_tree(files);
	CHECK_OK(limits_v2_memory(&tree, "/g", &l, NULL));
	CHECK_STR(written("memory.max"), "1048576");
	CHECK_STR(written("memory.swap.max"), "2097152");
	CHECK_STR(written("memory.low"), "4096");
	remove_tree();
}

TEST(without_swap_accounting_only_a_real_swap_limit_fails)
{
	static const char *const files[] = { "memory.max", NULL };
	int64_t memory = 1 << 20, swap = 1 << 20;
	struct cgroup_limits l = { .memory = &memory, .memory_swap = &swap };
	struct err err = ERR_INIT;

	make_tree(files);
	CHECK_OK(limits_v2_memory(&tree, "/g", &l, NULL));
	swap = -1;
	CHECK_OK(limits_v2_memory(&tree, "/g", &l, NULL));
	swap = 2 << 20;
	CHECK_ERR(limits_v2_memory(&tree, "/g", &l, &err), -ENOTSUP, &err, "memory.swap.max");
	remove_tree();
}

TEST(a_number_of_processes_below_zero_is_no_limit_and_zero_is_one)
{
	static const char *const files[] = { "pids.max", NULL };
	int64_t pids = -1;
	struct cgroup_limits l = { .pids = &pids };

	make_tree(files);
	CHECK_OK(limits_v2_pids(&tree, "/g", &l, NULL));
	CHECK_STR(written("pids.max"), "max");
	remove_tree();
	make_tree(files);
	pids = 0;
	CHECK_OK(limits_v2_pids(&tree, "/g", &l, NULL));
	CHECK_STR(written("pids.max"), "0");
	remove_tree();
}

TEST(a_burst_an_idle_group_and_a_weight_of_v2)
{
	static const char *const files[] = { "cpu.max", "cpu.max.burst", "cpu.weight", "cpu.idle",
					     NULL };
	uint64_t burst = 1000, shares = 1024;
	int64_t quota = 5000, idle = 1;
	struct cgroup_limits l = {
		.cpu_burst = &burst, .cpu_quota = &quota, .cpu_shares = &shares, .cpu_idle = &idle
	};

	make_tree(files);
	CHECK_OK(limits_v2_cpu(&tree, "/g", &l, NULL));
	CHECK_STR(written("cpu.max.burst"), "1000");
	CHECK_STR(written("cpu.weight"), "100");
	CHECK_STR(written("cpu.idle"), "1");
	remove_tree();
}

TEST(what_v2_does_not_have_is_refused_by_name)
{
	static const char *const files[] = { "io.weight", NULL };
	uint64_t period = 1;
	int64_t runtime = 1, kernel = 1;
	uint32_t leaf = 10;
	bool no = false;
	const struct {
		struct cgroup_limits limits;
		limits_fn *apply;
		const char *words;
	} rows[] = {
		{ { .cpu_rt_period = &period }, limits_v2_cpu, "realtime" },
		{ { .cpu_rt_runtime = &runtime }, limits_v2_cpu, "realtime" },
		{ { .memory_kernel = &kernel }, limits_v2_memory, "memory.kernel" },
		{ { .memory_kernel_tcp = &kernel }, limits_v2_memory, "kernelTCP" },
		{ { .memory_use_hierarchy = &no }, limits_v2_memory, "useHierarchy" },
		{ { .io_leaf_weight = &leaf }, limits_io_v2, "leafWeight" },
	};

	make_tree(files);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;

		CHECK_ERR(rows[i].apply(&tree, "/g", &rows[i].limits, &err), -ENOTSUP, &err,
			  rows[i].words);
	}
	remove_tree();
}

TEST(block_weights_are_converted_for_v2_but_not_for_its_bfq)
{
	static const char *const cost[] = { "io.weight", NULL };
	static const char *const bfq[] = { "io.weight", "io.bfq.weight", NULL };
	uint32_t weight = 100, device = 1000;
	struct cgroup_weight_device one = { 8, 16, &device, NULL };
	struct cgroup_limits l = { .io_weight = &weight };

	CHECK_INT(limits_io_weight(10), 1);
	CHECK_INT(limits_io_weight(1000), 10000);
	make_tree(cost);
	CHECK_OK(limits_io_v2(&tree, "/g", &l, NULL));
	CHECK_STR(written("io.weight"), "910");
	l.io_weights = &one;
	l.n_io_weights = 1;
	CHECK_OK(limits_io_v2(&tree, "/g", &l, NULL));
	CHECK_STR(written("io.weight"), "8:16 10000");
	remove_tree();
	make_tree(bfq);
	CHECK_OK(limits_io_v2(&tree, "/g", &l, NULL));
	CHECK_STR(written("io.bfq.weight"), "8:16 1000");
	CHECK_STR(written("io.weight"), "");
	remove_tree();
}

TEST(rates_have_a_file_each_in_v1_and_one_for_all_in_v2)
{
	static const char *const v2[] = { "io.max", NULL };
	static const char *const v1[] = { "blkio.weight", "blkio.leaf_weight",
					  "blkio.throttle.read_bps_device",
					  "blkio.throttle.write_iops_device", NULL };
	uint32_t weight = 300, leaf = 20;
	struct cgroup_throttle read = { 8, 0, 1048576 }, write = { 8, 1, 0 };
	struct cgroup_limits l = { .io_throttles[CGROUP_READ_BPS] = &read,
				   .n_io_throttles[CGROUP_READ_BPS] = 1 };

	make_tree(v2);
	CHECK_OK(limits_io_v2(&tree, "/g", &l, NULL));
	CHECK_STR(written("io.max"), "8:0 rbps=1048576");
	l.io_throttles[CGROUP_WRITE_IOPS] = &write;
	l.n_io_throttles[CGROUP_WRITE_IOPS] = 1;
	CHECK_OK(limits_io_v2(&tree, "/g", &l, NULL));
	CHECK(str_after(written("io.max"), "8:1 wiops=max"));
	remove_tree();
	make_tree(v1);
	l.io_weight = &weight;
	l.io_leaf_weight = &leaf;
	CHECK_OK(limits_io_v1(&tree, "/g", &l, NULL));
	CHECK_STR(written("blkio.weight"), "300");
	CHECK_STR(written("blkio.leaf_weight"), "20");
	CHECK_STR(written("blkio.throttle.read_bps_device"), "8:0 1048576");
	CHECK_STR(written("blkio.throttle.write_iops_device"), "8:1 0");
	remove_tree();
}

TEST(huge_pages_network_and_rdma_are_lines_of_their_files)
{
	static const char *const files[] = { "hugetlb.2MB.max", "hugetlb.2MB.rsvd.max",
					     "net_cls.classid", "net_prio.ifpriomap",
					     "rdma.max",        NULL };
	const struct cgroup_hugepages pages = { "2MB", 4194304 };
	const struct cgroup_priority priority = { "eth0", 5 };
	uint32_t class = 1048577, handles = 3;
	const struct cgroup_rdma rdma = { "mlx5_1", &handles, NULL };
	struct cgroup_limits l = { .hugepages = &pages,
				   .n_hugepages = 1,
				   .net_class = &class,
				   .net_priorities = &priority,
				   .n_net_priorities = 1,
				   .rdma = &rdma,
				   .n_rdma = 1 };

	make_tree(files);
	CHECK_OK(limits_misc_hugetlb(&tree, "/g", &l, NULL));
	CHECK_STR(written("hugetlb.2MB.max"), "4194304");
	CHECK_STR(written("hugetlb.2MB.rsvd.max"), "4194304");
	CHECK_OK(limits_misc_net_class(&tree, "/g", &l, NULL));
	CHECK_STR(written("net_cls.classid"), "1048577");
	CHECK_OK(limits_misc_net_priorities(&tree, "/g", &l, NULL));
	CHECK_STR(written("net_prio.ifpriomap"), "eth0 5");
	CHECK_OK(limits_misc_rdma(&tree, "/g", &l, NULL));
	CHECK_STR(written("rdma.max"), "mlx5_1 hca_handle=3");
	remove_tree();
}

TEST(a_memory_limit_below_use_is_refused_when_that_is_to_be_checked)
{
	static const char *const files[] = { "memory.max", "memory.current", NULL };
	int64_t memory = 4096;
	struct cgroup_limits l = { .memory = &memory };
	struct err err = ERR_INIT;

	make_tree(files);
	write_now("memory.current", "8192\n");
	CHECK_OK(limits_v2_memory(&tree, "/g", &l, NULL));
	l.memory_check = true;
	CHECK_ERR(limits_v2_memory(&tree, "/g", &l, &err), -EBUSY, &err, "8192 bytes in use");
	remove_tree();
}

TEST(only_the_controllers_of_limits_that_are_set_are_needed)
{
	struct str_pair pairs[] = { { "io.max", "" }, { "hugetlb.2MB.max", "" } };
	const struct str_map files = { pairs, 2 };
	int64_t zero = 0, memory = 1;
	struct cgroup_limits l = { .memory = &zero, .cpuset_cpus = "" };

	CHECK_INT(limits_controllers(&l), 0);
	l.memory = &memory;
	l.pids = &zero;
	CHECK_INT(limits_controllers(&l), 1U << CONTROLLER_MEMORY | 1U << CONTROLLER_PIDS);
	l = (struct cgroup_limits){ .unified = &files };
	CHECK_INT(limits_controllers(&l), 1U << CONTROLLER_BLKIO | 1U << CONTROLLER_HUGETLB);
}

TEST(a_group_is_absolute_and_has_no_dots)
{
	CHECK(group_path_is_valid("/berth/abc"));
	CHECK(group_path_is_valid("/a.slice/b..c/...x"));
	CHECK(!group_path_is_valid("/"));
	CHECK(!group_path_is_valid(""));
	CHECK(!group_path_is_valid(NULL));
	CHECK(!group_path_is_valid("berth"));
	CHECK(!group_path_is_valid("/berth/"));
	CHECK(!group_path_is_valid("/berth//x"));
	CHECK(!group_path_is_valid("/berth/../x"));
	CHECK(!group_path_is_valid("/./x"));
}

TEST(a_value_is_found_by_its_whole_key)
{
	static const char events[] = "low 1\noom 2\noom_kill 3\noom_group_kill 4\n";

	CHECK_INT(group_file_value(events, "oom_kill"), 3);
	CHECK_INT(group_file_value(events, "oom"), 2);
	CHECK_INT(group_file_value(events, "kill"), -1);
	CHECK_INT(group_file_value("", "oom"), -1);
}

TESTS(T(shares_become_the_weight_that_runc_and_crun_give),
      T(swap_of_v2_is_what_is_left_without_memory), T(swap_that_makes_no_sense_is_refused),
      T(quota_and_period_are_one_write),
      T(a_quota_alone_keeps_the_period_and_a_period_alone_the_quota),
      T(memory_limits_of_v2_are_written_converted),
      T(without_swap_accounting_only_a_real_swap_limit_fails),
      T(a_number_of_processes_below_zero_is_no_limit_and_zero_is_one),
      T(a_burst_an_idle_group_and_a_weight_of_v2), T(what_v2_does_not_have_is_refused_by_name),
      T(block_weights_are_converted_for_v2_but_not_for_its_bfq),
      T(rates_have_a_file_each_in_v1_and_one_for_all_in_v2),
      T(huge_pages_network_and_rdma_are_lines_of_their_files),
      T(a_memory_limit_below_use_is_refused_when_that_is_to_be_checked),
      T(only_the_controllers_of_limits_that_are_set_are_needed),
      T(a_group_is_absolute_and_has_no_dots), T(a_value_is_found_by_its_whole_key))
