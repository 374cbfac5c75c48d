/* test_container_mounts.c - the grammars of -v, --mount and --tmpfs */
#include "check.h"

#include "engine/container_mounts.h"

static struct arena a;

static int parse(const struct host_config *h, struct user_mounts *ret, struct err *err)
{
	arena_done(&a);
	return container_mounts_parse(h, &a, ret, err);
}

static int parse_bind(const char *bind, struct user_mounts *ret, struct err *err)
{
	const char *items[] = { bind, NULL };

	return parse(&(struct host_config){ .binds = { items, 1 } }, ret, err);
}

TEST(a_bind_is_writable_recursive_and_private_by_default)
{
	struct user_mounts m;

	CHECK_OK(parse_bind("/data:/srv", &m, NULL));
	CHECK_INT(m.n, 1);
	CHECK_STR(m.items[0].source, "/data");
	CHECK_STR(m.items[0].target, "/srv");
	CHECK_STR(m.items[0].propagation, "rprivate");
	CHECK(!m.items[0].read_only && m.items[0].make_source && m.items[0].listed);
}

TEST(bind_options_are_understood_in_any_order)
{
	struct user_mounts m;

	CHECK_OK(parse_bind("/data:/srv:z,rslave,ro", &m, NULL));
	CHECK(m.items[0].read_only);
	CHECK_STR(m.items[0].propagation, "rslave");
	CHECK_STR(m.items[0].mode, "z,rslave,ro");
}

TEST(paths_are_cleaned)
{
	static const struct {
		const char *given, *clean;
	} cases[] = {
		{ "/", "/" },        { "/a//b/", "/a/b" }, { "/a/./b", "/a/b" },
		{ "/a/../b", "/b" }, { "/../../x", "/x" }, { "/a/b/../..", "/" },
		{ "/...", "/..." },  { "/a..", "/a.." },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_STR(container_mounts_clean(&a, cases[i].given), cases[i].clean);
}

TEST(malformed_binds_are_refused_with_dockers_words)
{
	static const struct {
		const char *bind, *words;
	} cases[] = {
		{ "/data", "invalid volume specification: '/data'" },
		{ "/a:/b:ro:rw", "invalid volume specification" },
		{ ":/b", "invalid volume specification" },
		{ "/a:b", "mount path must be absolute" },
		{ "/a:/b/..", "destination can't be '/'" },
		{ "/a:/b:rox", "invalid mode: rox" },
		{ "name:/b", "named volumes are not supported" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct user_mounts m;
		struct err err = ERR_INIT;

		CHECK_ERR(parse_bind(cases[i].bind, &m, &err), -EINVAL, &err, cases[i].words);
	}
}

TEST(the_same_target_twice_is_refused)
{
	const char *items[] = { "/a:/x", "/b:/x/", NULL };
	struct host_config h = { .binds = { items, 2 } };
	struct user_mounts m;
	struct err err = ERR_INIT;

	CHECK_ERR(parse(&h, &m, &err), -EINVAL, &err, "Duplicate mount point: /x");
}

TEST(parents_are_mounted_before_their_children)
{
	const char *items[] = { "/a:/x/y/z", "/b:/x", "/c:/x/y", "/d:/w", NULL };
	struct host_config h = { .binds = { items, 4 } };
	struct user_mounts m;

	CHECK_OK(parse(&h, &m, NULL));
	CHECK_STR(m.items[0].target, "/x");
	CHECK_STR(m.items[1].target, "/w");
	CHECK_STR(m.items[2].target, "/x/y");
	CHECK_STR(m.items[3].target, "/x/y/z");
}

TEST(tmpfs_has_safe_defaults_that_can_be_taken_back)
{
	struct str_pair pair = { "/run", "exec,size=64m" };
	struct host_config h = { .tmpfs = { &pair, 1 } };
	struct user_mounts m;

	CHECK_OK(parse(&h, &m, NULL));
	CHECK_STR(strv_join(&m.items[0].options, &a, ","), "exec,nosuid,nodev,size=64m");
	CHECK(!m.items[0].listed);
}

TEST(an_unknown_tmpfs_option_is_refused)
{
	struct str_pair pair = { "/run", "huge" };
	struct host_config h = { .tmpfs = { &pair, 1 } };
	struct user_mounts m;
	struct err err = ERR_INIT;

	CHECK_ERR(parse(&h, &m, &err), -EINVAL, &err, "invalid tmpfs option [\"huge\"]");
}

TEST(mount_specs_become_binds_and_tmpfs)
{
	struct mount_spec specs[] = {
		{ .type = "bind",
		  .source = "/src",
		  .target = "/dst",
		  .read_only = true,
		  .non_recursive = true },
		{ .type = "tmpfs", .target = "/t", .size_bytes = 4096, .mode = 0700 },
	};
	struct host_config h = { .mounts = { specs, 2 } };
	struct user_mounts m;

	CHECK_OK(parse(&h, &m, NULL));
	CHECK(m.items[0].read_only && m.items[0].non_recursive && !m.items[0].make_source);
	CHECK_STR(strv_join(&m.items[1].options, &a, ","),
		  "noexec,nosuid,nodev,size=4096,mode=700");
	CHECK(m.items[1].listed);
}

TEST(volumes_are_refused_by_name)
{
	struct mount_spec spec = { .type = "volume", .source = "v", .target = "/dst" };
	struct host_config h = { .mounts = { &spec, 1 } };
	struct user_mounts m;
	struct err err = ERR_INIT;

	CHECK_ERR(parse(&h, &m, &err), -EINVAL, &err, "mount type \"volume\" is not supported");
}

TEST(a_missing_source_of_a_mount_is_an_error)
{
	struct user_mount item = { .source = "/does/not/exist", .target = "/x" };
	struct user_mounts m = { &item, 1 };
	struct err err = ERR_INIT;

	CHECK_ERR(container_mounts_check_sources(&m, &err), -EINVAL, &err,
		  "bind source path does not exist: /does/not/exist");
}

TESTS(T(a_bind_is_writable_recursive_and_private_by_default),
      T(bind_options_are_understood_in_any_order), T(paths_are_cleaned),
      T(malformed_binds_are_refused_with_dockers_words), T(the_same_target_twice_is_refused),
      T(parents_are_mounted_before_their_children),
      T(tmpfs_has_safe_defaults_that_can_be_taken_back), T(an_unknown_tmpfs_option_is_refused),
      T(mount_specs_become_binds_and_tmpfs), T(volumes_are_refused_by_name),
      T(a_missing_source_of_a_mount_is_an_error))
