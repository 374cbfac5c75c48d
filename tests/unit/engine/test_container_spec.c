/* test_container_spec.c - what the user said over what the image says */
#include "check.h"

#include "engine/container_security.h"
#include "engine/container_spec.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LIST_OF(...)                                                                               \
	{                                                                                          \
		(const char *[]){ __VA_ARGS__, NULL },                                             \
			sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)                   \
	}

static struct arena a;
static const struct host_facts facts = { .hostname = "machine", .caps = ~0ULL };

static const struct image_doc image = {
	.id = "sha256:aa",
	.diff_ids = LIST_OF("sha256:11", "sha256:22"),
	.config = {
		.env = LIST_OF("PATH=/image/bin", "FROM=image", "NOVALUE"),
		.cmd = LIST_OF("image-command"),
		.entrypoint = LIST_OF("image-entry"),
		.user = "app",
		.working_dir = "/work/./dir/",
		.stop_signal = "SIGQUIT",
	},
};

static int merge(const struct create_spec *spec, struct container *ret, struct err *err)
{
	arena_done(&a);
	return container_spec_merge(spec, &image, &facts, ID, &a, ret, err);
}

static const char *command_of(const struct container *c)
{
	return c->args.n ? arena_printf(&a, "%s %s", c->path, strv_join(&c->args, &a, " "))
			 : c->path;
}

TEST(the_image_gives_what_the_user_leaves_open)
{
	struct container c;

	CHECK_OK(merge(&(struct create_spec){ .image = "x" }, &c, NULL));
	CHECK_STR(command_of(&c), "image-entry image-command");
	CHECK_STR(c.config.user, "app");
	CHECK_STR(c.config.working_dir, "/work/dir");
	CHECK_STR(c.config.stop_signal, "SIGQUIT");
	CHECK_STR(strv_join(&c.layers, &a, " "), "11 22");
	CHECK_STR(c.image, "sha256:aa");
}

TEST(a_command_of_the_user_keeps_the_images_entrypoint)
{
	struct create_spec spec = { .image = "x", .config.cmd = LIST_OF("mine") };
	struct container c;

	CHECK_OK(merge(&spec, &c, NULL));
	CHECK_STR(command_of(&c), "image-entry mine");
}

TEST(an_entrypoint_of_the_user_drops_the_images_command)
{
	struct create_spec spec = { .image = "x", .config.entrypoint = LIST_OF("mine") };
	struct container c;

	CHECK_OK(merge(&spec, &c, NULL));
	CHECK_STR(command_of(&c), "mine");
}

TEST(a_reset_entrypoint_leaves_only_the_users_command)
{
	struct create_spec spec = {
		.image = "x",
		.config.cmd = LIST_OF("mine"),
		.entrypoint_reset = true,
	};
	struct container c;

	CHECK_OK(merge(&spec, &c, NULL));
	CHECK_STR(command_of(&c), "mine");
}

TEST(no_command_at_all_is_refused)
{
	struct create_spec spec = { .image = "x", .entrypoint_reset = true };
	struct container c;
	struct err err = ERR_INIT;

	CHECK_ERR(merge(&spec, &c, &err), -EINVAL, &err, "No command specified");
}

TEST(variables_of_the_user_win_and_an_images_bare_name_is_dropped)
{
	struct create_spec spec = { .image = "x", .config.env = LIST_OF("FROM=user", "GONE") };
	struct container c;

	CHECK_OK(merge(&spec, &c, NULL));
	CHECK_STR(strv_join(&c.config.env, &a, " "), "FROM=user GONE PATH=/image/bin");
}

TEST(a_variable_without_a_name_is_refused)
{
	struct create_spec spec = { .image = "x", .config.env = LIST_OF("=x") };
	struct container c;
	struct err err = ERR_INIT;

	CHECK_ERR(merge(&spec, &c, &err), -EINVAL, &err, "invalid environment variable: =x");
}

TEST(a_bare_name_removes_a_variable_and_the_last_assignment_counts)
{
	struct strv base = LIST_OF("A=1", "B=2"), over = LIST_OF("A", "C=3", "C=4");
	struct strv env = container_spec_env(&base, &over, &a);

	CHECK_STR(strv_join(&env, &a, " "), "B=2 C=4");
}

TEST(the_hostname_is_the_beginning_of_the_id)
{
	struct container c;

	CHECK_OK(merge(&(struct create_spec){ .image = "x" }, &c, NULL));
	CHECK_STR(c.config.hostname, "0123456789ab");
}

TEST(on_the_hosts_network_the_hostname_is_the_hosts)
{
	struct create_spec spec = { .image = "x", .host.network_mode = "host" };
	struct container c;

	CHECK_OK(merge(&spec, &c, NULL));
	CHECK_STR(c.config.hostname, "machine");
}

TEST(the_host_s_names_cannot_be_given_others)
{
	struct create_spec spec = { .image = "x", .config.hostname = "y", .host.uts_mode = "host" };
	struct container c;
	struct err err = ERR_INIT;

	CHECK_ERR(merge(&spec, &c, &err), -EINVAL, &err,
		  "conflicting options: hostname and the UTS mode");
}

TEST(defaults_are_dockers)
{
	struct create_spec spec = { .image = "x", .host.memory = 10 << 20 };
	struct container c;

	CHECK_OK(merge(&spec, &c, NULL));
	CHECK_STR(c.host_config.network_mode, "bridge");
	CHECK_STR(c.host_config.restart_policy.name, "no");
	CHECK_STR(c.host_config.log_config.type, "json-file");
	CHECK_STR(c.host_config.cgroupns_mode, "host");
	CHECK_INT(c.host_config.shm_size, 64 << 20);
	CHECK_INT(c.host_config.memory_swap, 20 << 20);
}

TEST(masked_paths_are_one_word_in_the_document_and_dockers_list_where_they_are_used)
{
	struct create_spec spec = { .image = "x" };
	const char *own_items[] = { "/proc/own", NULL };
	struct host_config own = { .masked_paths = { own_items, 1 } };
	struct container c;
	struct strv masked, readonly;

	CHECK_OK(merge(&spec, &c, NULL));
	CHECK_STR(strv_join(&c.host_config.masked_paths, &a, " "), CONTAINER_SECURITY_PATHS);
	masked = container_security_masked(&c.host_config, 2, &a);
	readonly = container_security_readonly(&c.host_config, &a);
	CHECK(strv_has(&masked, "/proc/kcore"));
	CHECK(strv_has(&masked, "/sys/devices/system/cpu/cpu1/thermal_throttle"));
	CHECK(strv_has(&readonly, "/proc/sys"));
	masked = container_security_masked(&own, 2, &a);
	CHECK_STR(strv_join(&masked, &a, " "), "/proc/own");
}

TEST(a_privileged_container_has_nothing_masked)
{
	struct create_spec spec = { .image = "x", .host.privileged = true };
	struct container c;

	CHECK_OK(merge(&spec, &c, NULL));
	CHECK_INT(c.host_config.masked_paths.n, 0);
	CHECK_INT(c.host_config.readonly_paths.n, 0);
}

TEST(mounts_are_listed_as_the_api_shows_them)
{
	struct create_spec spec = { .image = "x", .host.binds = LIST_OF("/a:/b:ro") };
	struct container c;

	CHECK_OK(merge(&spec, &c, NULL));
	CHECK_INT(c.mounts.n, 1);
	CHECK_STR(c.mounts.items[0].type, "bind");
	CHECK_STR(c.mounts.items[0].mode, "ro");
	CHECK(!c.mounts.items[0].rw);
}

TEST(a_relative_working_directory_is_refused)
{
	struct create_spec spec = { .image = "x", .config.working_dir = "here" };
	struct container c;
	struct err err = ERR_INIT;

	CHECK_ERR(merge(&spec, &c, &err), -EINVAL, &err,
		  "the working directory 'here' is invalid, it needs to be an absolute path");
}

TESTS(T(the_host_s_names_cannot_be_given_others), T(the_image_gives_what_the_user_leaves_open),
      T(a_command_of_the_user_keeps_the_images_entrypoint),
      T(an_entrypoint_of_the_user_drops_the_images_command),
      T(a_reset_entrypoint_leaves_only_the_users_command), T(no_command_at_all_is_refused),
      T(variables_of_the_user_win_and_an_images_bare_name_is_dropped),
      T(a_variable_without_a_name_is_refused),
      T(a_bare_name_removes_a_variable_and_the_last_assignment_counts),
      T(the_hostname_is_the_beginning_of_the_id), T(on_the_hosts_network_the_hostname_is_the_hosts),
      T(defaults_are_dockers),
      T(masked_paths_are_one_word_in_the_document_and_dockers_list_where_they_are_used),
      T(a_privileged_container_has_nothing_masked), T(mounts_are_listed_as_the_api_shows_them),
      T(a_relative_working_directory_is_refused))
