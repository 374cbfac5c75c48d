/* test_mount_option.c - mount options by name */
#include "check.h"

#include "runtime/init_plan.h"
#include "runtime/mount_option.h"

#include <sys/mount.h>

static struct arena a;

static struct mount_options options(const char *words)
{
	struct strv v = strv_split(&a, words, ' ');
	struct mount_options o;

	mount_option_read(&v, &a, &o);
	return o;
}

TEST(attributes_are_set_and_cleared)
{
	struct mount_options o = options("ro nosuid nodev exec");

	CHECK_INT(o.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	CHECK_INT(o.clear, MOUNT_ATTR_NOEXEC);
}

TEST(the_later_of_two_opposites_wins)
{
	struct mount_options o = options("ro rw noexec exec noexec");

	CHECK_INT(o.set, MOUNT_ATTR_NOEXEC);
	CHECK_INT(o.clear, MOUNT_ATTR_RDONLY);
}

TEST(access_times_are_one_choice)
{
	struct mount_options o = options("noatime strictatime");

	CHECK_INT(o.set, MOUNT_ATTR_STRICTATIME);
	CHECK_INT(o.clear, MOUNT_ATTR__ATIME);
	o = options("relatime");
	CHECK_INT(o.set, 0);
	CHECK_INT(o.clear, MOUNT_ATTR__ATIME);
}

TEST(an_r_in_front_means_the_whole_tree)
{
	struct mount_options o = options("rbind rro rnosuid");

	CHECK(o.bind && o.recursive);
	CHECK_INT(o.set, 0);
	CHECK_INT(o.tree_set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
}

TEST(propagation_is_kept_apart)
{
	struct mount_options o = options("bind rslave");

	CHECK_INT(o.propagation, MS_SLAVE);
	CHECK(o.tree_propagation && !o.recursive);
	CHECK_INT(mount_option_propagation("shared"), MS_SHARED);
	CHECK_INT(mount_option_propagation("rprivate"), MS_PRIVATE | MS_REC);
	CHECK_INT(mount_option_propagation("what"), 0);
}

TEST(what_is_unknown_is_the_file_systems)
{
	struct mount_options o = options("size=64k defaults newinstance async");

	CHECK_INT(o.n_data, 2);
	CHECK_STR(o.data[0].key, "size");
	CHECK_STR(o.data[0].value, "64k");
	CHECK_STR(o.data[1].key, "newinstance");
	CHECK_NULL(o.data[1].value);
}

TEST(some_options_are_for_the_runtime_itself)
{
	struct strv v = strv_split(&a, "rbind ridmap tmpcopyup src-nofollow", ' ');
	struct mount_options o;

	mount_option_read(&v, &a, &o);
	CHECK(o.bind && o.recursive && o.id_map && o.id_map_tree && o.copy_up && o.no_follow);
	CHECK_INT(o.n_data, 0);
	v = strv_split(&a, "bind idmap", ' ');
	mount_option_read(&v, &a, &o);
	CHECK(o.bind && !o.recursive && o.id_map && !o.id_map_tree);
	v = strv_split(&a, "bind dest-nofollow copy-symlink remount", ' ');
	mount_option_read(&v, &a, &o);
	CHECK(o.bind && o.on_link && o.copy_link && o.again && !o.no_follow);
	CHECK_INT(o.n_data, 0);
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
		T(attributes_are_set_and_cleared),
		T(the_later_of_two_opposites_wins),
		T(access_times_are_one_choice),
		T(an_r_in_front_means_the_whole_tree),
		T(propagation_is_kept_apart),
		T(what_is_unknown_is_the_file_systems),
		T(some_options_are_for_the_runtime_itself),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
