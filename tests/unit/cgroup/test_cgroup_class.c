/*
 * test_cgroup_class.c - classes of resctrl, on a directory that behaves like one
 *
 * Few machines have resctrl. What the kernel does when a directory of it is made or removed is done
 * here by mkdirat() and rmdir(), which stand before the C library's: the files of a class appear
 * and disappear with it.
 */
#include "check.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char mount[64];
static struct arena a;
static struct err err;
static struct cgroup_class class;
static struct cgroup_class_want want;
static bool is_full;

static void make_in(const char *dir, const char *name, const char *text)
{
	OWN(str) char *path = str_printf("%s/%s", dir, name);

	CHECK_OK(file_write_at(AT_FDCWD, path, text, strlen(text), 0600, 0));
}

static void make_dir(const char *dir, const char *name)
{
	OWN(str) char *path = str_printf("%s/%s", dir, name);

	CHECK_OK((int)syscall(SYS_mkdirat, AT_FDCWD, path, 0700));
}

int mkdirat(int dir, const char *name, mode_t mode)
{
	OWN(fd) int made = -1;
	bool is_group = strncmp(name, "mon_groups/", 11) == 0;

	if (is_full) {
		errno = ENOSPC;
		return -1;
	}
	if (syscall(SYS_mkdirat, dir, name, mode) < 0)
		return -1;
	made = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_OK(file_write_at(made, "tasks", "", 0, 0600, 0));
	if (!is_group) {
		CHECK_OK(file_write_at(made, "schemata", "L3:0=fff\n", 9, 0600, 0));
		CHECK_OK((int)syscall(SYS_mkdirat, made, "mon_groups", 0700));
	}
	return 0;
}

int rmdir(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	OWN(str) char *parent = str_printf("%.*s", (int)(name - path), path);
	OWN(fd) int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (dir < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	return rmtree_at(dir, name);
}

static void setup(void)
{
	a = (struct arena)ARENA_INIT;
	err = (struct err)ERR_INIT;
	is_full = false;
	want = (struct cgroup_class_want){ .container = "web" };
	(void)snprintf(mount, sizeof(mount), "/tmp/berth-test-resctrl.XXXXXX");
	CHECK(mkdtemp(mount));
	make_dir(mount, "mon_groups");
	make_dir(mount, "info");
	make_dir(mount, "info/L3");
	make_dir(mount, "info/L3_MON");
	make_in(mount, "info/L3/cbm_mask", "fff\n");
	make_in(mount, "info/L3/min_cbm_bits", "1\n");
	make_in(mount, "info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\n");
	make_in(mount, "info/last_cmd_status", "ok\n");
	make_in(mount, "schemata", "    MB:0= 100\n    L3:0=fff;1=fff\n");
	make_in(mount, "tasks", "");
}

/* A class that the administrator has made. */
static void make_gold(const char *schemata)
{
	make_dir(mount, "gold");
	make_dir(mount, "gold/mon_groups");
	make_in(mount, "gold/schemata", schemata);
	make_in(mount, "gold/tasks", "");
}

static void teardown(void)
{
	CHECK_OK(rmdir(mount));
	arena_done(&a);
}

static bool is_there(const char *name)
{
	OWN(str) char *path = str_printf("%s/%s", mount, name);

	return access(path, F_OK) == 0;
}

static const char *read_back(const char *name)
{
	OWN(str) char *path = str_printf("%s/%s", mount, name);
	static char text[256];

	CHECK(file_read_into(AT_FDCWD, path, text, sizeof(text)) >= 0);
	return text;
}

static int find_and_setup(void)
{
	int r = cgroup_class_find(mount, &want, &a, &class, &err);

	return r < 0 ? r : cgroup_class_setup(&class, &want, &err);
}

TEST(a_class_without_a_name_is_the_containers_and_goes_with_it)
{
	setup();
	want.l3 = "L3:0=7f0;1=1f";
	want.mem_bw = "MB:0=20;1=70";
	CHECK_OK(find_and_setup());
	CHECK(class.is_ours);
	CHECK_STR(read_back("web/schemata"), "L3:0=7f0;1=1f\nMB:0=20;1=70\n");
	CHECK_OK(cgroup_class_teardown(&class, &err));
	CHECK(!is_there("web"));
	CHECK_OK(cgroup_class_teardown(&class, &err));
	teardown();
}

TEST(more_lines_are_written_after_the_others)
{
	const char *lines[] = { "L2:0=f", "L3:0=1" };
	struct strv schemata = { lines, 2 };

	setup();
	want.l3 = "L3:0=7f0;1=1f";
	want.schemata = &schemata;
	CHECK_OK(find_and_setup());
	/* The file of a directory keeps the last write's bytes over the first's. */
	CHECK_STR(read_back("web/schemata"), "L2:0=f\nL3:0=1\n");
	teardown();
}

TEST(without_lines_nothing_is_written)
{
	setup();
	CHECK_OK(find_and_setup());
	CHECK_STR(read_back("web/schemata"), "L3:0=fff\n");
	teardown();
}

TEST(a_class_that_was_there_under_the_containers_name_stays)
{
	setup();
	want.container = "gold";
	make_gold("L3:0=1\n");
	CHECK_OK(find_and_setup());
	CHECK(!class.is_ours);
	CHECK_OK(cgroup_class_teardown(&class, &err));
	CHECK(is_there("gold"));
	teardown();
}

TEST(a_class_that_is_named_must_be_there_or_have_lines)
{
	setup();
	want.name = "gold";
	CHECK_ERR(find_and_setup(), -ENOENT, &err, "there is no class gold");
	want.l3 = "L3:0=f";
	CHECK_OK(find_and_setup());
	CHECK(!class.is_ours);
	CHECK_OK(cgroup_class_teardown(&class, &err));
	CHECK(is_there("gold"));
	teardown();
}

TEST(a_class_that_is_named_and_there_has_what_is_wanted_or_is_refused)
{
	static const struct {
		const char *l3, *mem_bw;
		int r;
	} rows[] = {
		{ "L3:0=7f;1=3", NULL, 0 },      { "L3:1=03;0=07F", NULL, 0 },
		{ "L3:1=3", "MB:0=20", 0 },      { "L3:0=7f;1=1", NULL, -EEXIST },
		{ "L3:2=3", NULL, -EEXIST },     { "L3CODE:0=7f", NULL, -EEXIST },
		{ "L3:0=7", NULL, -EEXIST },     { NULL, "MB:0=2", -EEXIST },
		{ NULL, "MB:nothing", -EEXIST },
	};

	setup();
	make_gold("    MB:0= 20;1= 70\n    L3:0=07f;1=3\n");
	want.name = "gold";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		want.l3 = rows[i].l3;
		want.mem_bw = rows[i].mem_bw;
		CHECK_INT(find_and_setup(), rows[i].r);
	}
	CHECK(strstr(err.msg, "class gold is there, and has something else than MB:nothing"));
	CHECK_STR(read_back("gold/schemata"), "    MB:0= 20;1= 70\n    L3:0=07f;1=3\n");
	teardown();
}

TEST(the_default_class_is_joined_and_never_removed)
{
	setup();
	want.name = "/";
	want.monitor = true;
	CHECK_OK(find_and_setup());
	CHECK(is_there("mon_groups/web"));
	CHECK_OK(cgroup_class_teardown(&class, &err));
	CHECK(!is_there("mon_groups/web"));
	CHECK(is_there("tasks"));
	teardown();
}

TEST(a_process_joins_the_class_and_then_its_group_to_be_measured)
{
	int fds[CGROUP_CLASS_JOINS];
	size_t n;

	setup();
	make_gold("L3:0=1\n");
	want.name = "gold";
	want.monitor = true;
	CHECK_OK(find_and_setup());
	CHECK_OK(cgroup_class_open_joins(&class, fds, &n, &err));
	CHECK_INT(n, 2);
	for (size_t i = 0; i < n; i++) {
		CHECK_INT(write(fds[i], "0", 1), 1);
		CHECK_OK(close(fds[i]));
	}
	CHECK_STR(read_back("gold/tasks"), "0");
	CHECK_STR(read_back("gold/mon_groups/web/tasks"), "0");
	CHECK_OK(cgroup_class_teardown(&class, &err));
	CHECK(!is_there("gold/mon_groups/web"));
	CHECK(is_there("gold/tasks"));
	teardown();
}

TEST(what_the_machine_does_not_measure_is_refused_by_name)
{
	setup();
	want.monitor = want.needs_occupancy = want.needs_bandwidth = true;
	CHECK_OK(find_and_setup());
	make_in(mount, "info/L3_MON/mon_features", "llc_occupancy\n");
	CHECK_ERR(find_and_setup(), -ENOTSUP, &err, "enableMBM");
	make_in(mount, "info/L3_MON/mon_features", "mbm_local_bytes\n");
	CHECK_ERR(find_and_setup(), -ENOTSUP, &err, "enableCMT");
	CHECK_OK(rmdir(arena_printf(&a, "%s/info/L3_MON", mount)));
	CHECK_ERR(find_and_setup(), -ENOTSUP, &err, "measures neither");
	teardown();
}

TEST(the_kernels_own_words_stand_in_the_error)
{
	setup();
	is_full = true;
	make_in(mount, "info/last_cmd_status", "Out of CLOSIDs\n");
	CHECK_ERR(find_and_setup(), -ENOSPC, &err, "Out of CLOSIDs");
	CHECK(!is_there("web"));
	teardown();
}

TEST(what_was_made_and_failed_later_is_undone_unless_others_are_in_it)
{
	setup();
	want.name = "gold";
	want.l3 = "L3:0=f";
	CHECK_OK(find_and_setup());
	make_in(mount, "gold/tasks", "17\n");
	CHECK_OK(cgroup_class_undo(&class, &err));
	CHECK(is_there("gold"));
	make_in(mount, "gold/tasks", "");
	CHECK_OK(cgroup_class_undo(&class, &err));
	CHECK(!is_there("gold"));
	teardown();
}

TEST(directories_of_resctrl_itself_are_no_classes)
{
	setup();
	want.container = "info";
	CHECK_ERR(find_and_setup(), -EINVAL, &err, "can be called info");
	teardown();
}

TEST(an_update_writes_the_new_lines)
{
	setup();
	CHECK_OK(find_and_setup());
	CHECK_OK(cgroup_class_update(&class, "L3:0=3f", "MB:0=50", &err));
	CHECK_STR(read_back("web/schemata"), "L3:0=3f\nMB:0=50\n");
	teardown();
}

TEST(statistics_have_lines_facts_and_what_was_measured)
{
	struct cgroup_class_stats s;

	setup();
	want.monitor = true;
	want.l3 = "L3:0=f";
	CHECK_OK(find_and_setup());
	make_dir(mount, "web/mon_groups/web/mon_data");
	make_dir(mount, "web/mon_groups/web/mon_data/mon_L3_00");
	make_dir(mount, "web/mon_groups/web/mon_data/mon_L3_01");
	make_in(mount, "web/mon_groups/web/mon_data/mon_L3_00/llc_occupancy", "4096\n");
	make_in(mount, "web/mon_groups/web/mon_data/mon_L3_00/mbm_total_bytes", "77\n");
	make_in(mount, "web/mon_groups/web/mon_data/mon_L3_01/llc_occupancy", "Unavailable\n");
	CHECK_OK(cgroup_class_stats(&class, &a, &s, &err));
	CHECK_STR(s.schemata.items[0], "L3:0=f");
	CHECK_STR(s.root_schemata.items[0], "MB:0= 100");
	CHECK_STR(str_map_get(&s.cache, "cbm_mask"), "fff");
	CHECK_INT(s.bandwidth.n, 0);
	CHECK_INT(s.n_domains, 2);
	CHECK_INT(*s.domains[0].occupancy, 4096);
	CHECK_INT(*s.domains[0].total, 77);
	CHECK_NULL(s.domains[0].local);
	CHECK_NULL(s.domains[1].occupancy);
	teardown();
}

TESTS(T(a_class_without_a_name_is_the_containers_and_goes_with_it),
      T(more_lines_are_written_after_the_others), T(without_lines_nothing_is_written),
      T(a_class_that_was_there_under_the_containers_name_stays),
      T(a_class_that_is_named_must_be_there_or_have_lines),
      T(a_class_that_is_named_and_there_has_what_is_wanted_or_is_refused),
      T(the_default_class_is_joined_and_never_removed),
      T(a_process_joins_the_class_and_then_its_group_to_be_measured),
      T(what_the_machine_does_not_measure_is_refused_by_name),
      T(the_kernels_own_words_stand_in_the_error),
      T(what_was_made_and_failed_later_is_undone_unless_others_are_in_it),
      T(directories_of_resctrl_itself_are_no_classes), T(an_update_writes_the_new_lines),
      T(statistics_have_lines_facts_and_what_was_measured))
