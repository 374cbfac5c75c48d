/* test_mount_flag.c - what -v, --mount, --tmpfs and --device mean */
#include "cmd/mount_flag.h"

#include "check.h"

static struct arena a;
static struct err err;
static struct mount_spec m;

TEST(a_bind_mount_is_read)
{
	CHECK_OK(mount_flag_parse("type=bind,source=/a,target=/b,readonly,bind-propagation=rslave",
				  &a, &m, &err));
	CHECK_STR(m.type, "bind");
	CHECK_STR(m.source, "/a");
	CHECK_STR(m.target, "/b");
	CHECK_STR(m.propagation, "rslave");
	CHECK(m.read_only && !m.non_recursive);
}

TEST(short_keys_flags_with_values_and_quotes_are_read)
{
	CHECK_OK(mount_flag_parse("TYPE=Bind,src=/a,\"dst=/x,y\",ro=false,bind-recursive=disabled",
				  &a, &m, &err));
	CHECK_STR(m.type, "bind");
	CHECK_STR(m.target, "/x,y");
	CHECK(!m.read_only && m.non_recursive);
}

TEST(a_tmpfs_has_size_and_mode)
{
	CHECK_OK(mount_flag_parse("type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=1770", &a, &m,
				  &err));
	CHECK_INT(m.size_bytes, 1 << 20);
	CHECK_INT(m.mode, 01770);
}

TEST(wrong_mounts_say_why)
{
	CHECK_ERR(mount_flag_parse("target=/a", &a, &m, &err), -EINVAL, &err, "type is required");
	CHECK_ERR(mount_flag_parse("type=bind,source=/a", &a, &m, &err), -EINVAL, &err,
		  "target is required");
	CHECK_ERR(mount_flag_parse("type=bind,target", &a, &m, &err), -EINVAL, &err,
		  "must be a key=value pair");
	CHECK_ERR(mount_flag_parse("type=bind,nope=1,target=/a", &a, &m, &err), -EINVAL, &err,
		  "unexpected key 'nope'");
	CHECK_ERR(mount_flag_parse("type=bind,target=/a,tmpfs-size=1", &a, &m, &err), -EINVAL, &err,
		  "cannot mix 'tmpfs-*' options with mount type 'bind'");
	CHECK_ERR(mount_flag_parse("type=bind,target=/a,volume-nocopy=1", &a, &m, &err), -EINVAL,
		  &err, "volume-nocopy is not supported");
	CHECK_ERR(mount_flag_parse("type=bind,\"target=/a", &a, &m, &err), -EINVAL, &err,
		  "quoted-field");
	CHECK_ERR(mount_flag_parse("type=bind,target=/a,ro=maybe", &a, &m, &err), -EINVAL, &err,
		  "invalid value for ro");
}

TEST(a_relative_source_of_a_volume_is_made_absolute)
{
	const char *bind;

	CHECK_OK(mount_flag_volume("./x:/y:ro", &a, &bind, &err));
	CHECK(bind[0] == '/' && strstr(bind, "/./x:/y:ro"));
	CHECK_OK(mount_flag_volume("/x:/y", &a, &bind, &err));
	CHECK_STR(bind, "/x:/y");
	CHECK_ERR(mount_flag_volume("/x", &a, &bind, &err), -EINVAL, &err,
		  "anonymous volumes are not supported");
}

TEST(a_tmpfs_option_is_a_path_and_options)
{
	struct str_map tmpfs = { 0 };

	mount_flag_tmpfs("/run:size=1m", &a, &tmpfs);
	mount_flag_tmpfs("/tmp", &a, &tmpfs);
	CHECK_STR(str_map_get(&tmpfs, "/run"), "size=1m");
	CHECK_STR(str_map_get(&tmpfs, "/tmp"), "");
}

TEST(a_device_is_host_container_and_permissions)
{
	struct device_mapping d;

	CHECK_OK(mount_flag_device("/dev/fuse", &a, &d, &err));
	CHECK_STR(d.path_in_container, "/dev/fuse");
	CHECK_STR(d.cgroup_permissions, "rwm");
	CHECK_OK(mount_flag_device("/dev/fuse:r", &a, &d, &err));
	CHECK_STR(d.path_in_container, "/dev/fuse");
	CHECK_STR(d.cgroup_permissions, "r");
	CHECK_OK(mount_flag_device("/dev/a:/dev/b:rw", &a, &d, &err));
	CHECK_STR(d.path_in_container, "/dev/b");
	CHECK_STR(d.cgroup_permissions, "rw");
	CHECK_ERR(mount_flag_device("/dev/a:/dev/b:x", &a, &d, &err), -EINVAL, &err,
		  "invalid device mode");
	CHECK_ERR(mount_flag_device("nvidia.com/gpu=all", &a, &d, &err), -EINVAL, &err,
		  "Container Device Interface");
}

TESTS(T(a_bind_mount_is_read), T(short_keys_flags_with_values_and_quotes_are_read),
      T(a_tmpfs_has_size_and_mode), T(wrong_mounts_say_why),
      T(a_relative_source_of_a_volume_is_made_absolute), T(a_tmpfs_option_is_a_path_and_options),
      T(a_device_is_host_container_and_permissions))
