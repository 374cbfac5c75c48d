/* test_hierarchy.c - which mounts are control group trees, and of what */
#include "check.h"

#include "cgroup/hierarchy.h"

#include <errno.h>

static struct hierarchy h;

static bool parse(const char *line)
{
	char copy[512];

	(void)snprintf(copy, sizeof(copy), "%s", line);
	return hierarchy_parse_mount(copy, &h);
}

TEST(a_v1_mount_names_its_controllers_in_its_options)
{
	CHECK(parse("31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup "
		    "rw,cpu,cpuacct"));
	CHECK_STR(h.mount, "/sys/fs/cgroup/cpu,cpuacct");
	CHECK(!h.is_v2);
	CHECK_INT(h.controllers, 1U << CONTROLLER_CPU | 1U << CONTROLLER_CPUACCT);
}

TEST(the_tree_of_systemd_is_one_without_a_controller)
{
	CHECK(parse(
		"39 30 0:36 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd"));
	CHECK_INT(h.controllers, 1U << CONTROLLER_SYSTEMD);
}

TEST(a_v2_mount_is_one_whatever_its_root)
{
	CHECK(parse("40 30 0:37 /docker/abc /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw"));
	CHECK(h.is_v2);
	CHECK_STR(h.mount, "/sys/fs/cgroup/unified");
}

TEST(controllers_that_few_containers_need_make_a_tree_that_is_optional)
{
	CHECK(parse("33 30 0:30 / /sys/fs/cgroup/net_cls rw - cgroup cgroup rw,net_cls,net_prio"));
	CHECK(h.optional);
	CHECK(parse("33 30 0:30 / /sys/fs/cgroup/x rw - cgroup cgroup rw,net_cls,pids"));
	CHECK(!h.optional);
	CHECK(!parse("33 30 0:30 / /sys/fs/cgroup/x rw - cgroup cgroup rw,name=elogind"));
}

TEST(other_mounts_and_broken_lines_are_none)
{
	CHECK(!parse("21 26 0:20 / /proc rw,relatime - proc proc rw"));
	CHECK(!parse("21 26 0:20 / /mnt/cgroup rw - tmpfs cgroup rw,cpu"));
	CHECK(!parse("31 30 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup"));
	CHECK(!parse("31 30 0:28 / /sys/fs/cgroup/cpu"));
	CHECK(!parse("-"));
	CHECK(!parse(""));
}

TEST(a_mount_point_with_a_blank_is_unescaped)
{
	CHECK(parse("31 30 0:28 / /mnt/my\\040groups rw - cgroup cgroup rw,pids"));
	CHECK_STR(h.mount, "/mnt/my groups");
}

TEST(v2_calls_block_io_by_another_name)
{
	CHECK_INT(hierarchy_parse_v2("cpuset io memory pids rdma misc\n"),
		  1U << CONTROLLER_CPUSET | 1U << CONTROLLER_BLKIO | 1U << CONTROLLER_MEMORY |
			  1U << CONTROLLER_PIDS | 1U << CONTROLLER_RDMA);
	CHECK_INT(hierarchy_parse_v2("blkio devices\n"), 0);
	CHECK_INT(hierarchy_parse_v2("\n"), 0);
}

TEST(a_path_is_put_together_or_refused)
{
	static const struct hierarchy pids = { .mount = "/cg/pids" };
	char out[PATH_MAX], long_name[PATH_MAX + 1];

	memset(long_name, 'x', PATH_MAX);
	long_name[PATH_MAX] = '\0';
	CHECK_OK(hierarchy_path(&pids, "/berth/1", "pids.max", out));
	CHECK_STR(out, "/cg/pids/berth/1/pids.max");
	CHECK_OK(hierarchy_path(&pids, "/berth/1", NULL, out));
	CHECK_STR(out, "/cg/pids/berth/1");
	CHECK_INT(hierarchy_path(&pids, long_name, NULL, out), -ENAMETOOLONG);
}

TESTS(T(a_v1_mount_names_its_controllers_in_its_options),
      T(the_tree_of_systemd_is_one_without_a_controller), T(a_v2_mount_is_one_whatever_its_root),
      T(controllers_that_few_containers_need_make_a_tree_that_is_optional),
      T(other_mounts_and_broken_lines_are_none), T(a_mount_point_with_a_blank_is_unescaped),
      T(v2_calls_block_io_by_another_name), T(a_path_is_put_together_or_refused))
