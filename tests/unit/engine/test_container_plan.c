/*
 * test_container_plan.c - plans as text, against tests/golden/plan_NAME.json
 *
 * BERTH_UPDATE_GOLDEN=1 writes the files anew; review sees their difference.
 */
#include "check.h"

#include "base/own.h"
#include "codec/capability.h"
#include "codec/json.h"
#include "engine/container_plan.h"
#include "engine/container_spec.h"
#include "engine/container_validate.h"
#include "sys/file.h"

#include <fcntl.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LIST_OF(...)                                                                               \
	{                                                                                          \
		(const char *[]){ __VA_ARGS__, NULL },                                             \
			sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)                   \
	}

static struct arena a;
static const struct image_doc image = {
	.id = "sha256:aa",
	.diff_ids = LIST_OF("sha256:1111", "sha256:2222"),
	.config = { .env = LIST_OF("PATH=/bin"), .cmd = LIST_OF("sh"), .working_dir = "/work" },
};
static const struct start_opts detached;
static struct host_facts host;

static struct host_facts usual_host(void)
{
	struct host_facts f = {
		.caps = CAPABILITY_ALL,
		.cpus = 4,
		.hostname = "machine",
		.limits_known = true,
		.has_memory = true,
		.has_swap = true,
		.has_cpu = true,
		.has_cpuset = true,
		.has_pids = true,
	};

	for (int i = 0; i < RLIM_NLIMITS; i++)
		f.hard[i] = RLIM_INFINITY;
	return f;
}

/* What a start would gather on a machine with nothing of its own. */
static struct plan_facts usual_facts(const struct container *c)
{
	struct plan_facts f = {
		.host = &host,
		.root = "/root",
		.state = "/state",
		.berth = "/bin/berth",
		.init = "/bin/berth-init",
		.user.home = "/root",
		.opts = &detached,
		.filter = { .cache = "/root/seccomp", .key = "key" },
	};
	uint64_t lost;

	CHECK_OK(container_security_parse(&c->host_config, &f.security, NULL));
	CHECK_OK(container_security_caps(&c->host_config, &host, &f.caps, &lost, NULL));
	if (!c->host_config.privileged) /* its nodes would be this machine's */
		CHECK_OK(container_devices_gather(&c->host_config, &a, &f.devices, NULL));
	return f;
}

static char *plan_text(const struct create_spec *spec, const struct plan_facts *given)
{
	struct container c;
	struct shim_plan plan;
	struct plan_facts facts;
	OWN(buf) struct buf out = { 0 };
	OWN(json) struct json_object *tree = NULL;

	host = usual_host();
	CHECK_OK(container_spec_merge(spec, &image, &host, ID, &a, &c, NULL));
	CHECK_OK(container_validate(&c, &host, &a, NULL));
	facts = usual_facts(&c);
	if (given) {
		facts.user = given->user;
		facts.opts = given->opts;
	}
	CHECK_OK(container_plan_make(&c, &facts, &a, &plan, NULL));
	tree = schema_tree(&shim_plan_schema, &plan, SCHEMA_COMPACT);
	json_write_pretty(tree, &out);
	buf_addc(&out, '\n');
	return buf_take(&out);
}

static void check_golden(const char *name, const char *text)
{
	OWN(str) char *path = str_printf("tests/golden/plan_%s.json", name);
	OWN(str) char *want = NULL;

	if (getenv("BERTH_UPDATE_GOLDEN"))
		CHECK_OK(file_write_at(AT_FDCWD, path, text, strlen(text), 0644, 0));
	CHECK_OK(file_read_at(AT_FDCWD, path, 1 << 20, &want, NULL));
	CHECK_STR(text, want);
}

TEST(a_plain_container)
{
	OWN(str) char *text = plan_text(&(struct create_spec){ .image = "x" }, NULL);

	check_golden("default", text);
}

TEST(a_container_with_limits_and_mounts)
{
	int64_t pids = 100;
	bool init = true;
	struct ulimit ulimit = { "nofile", 2048, 1024 };
	struct str_pair tmpfs = { "/run", "size=1m" }, log = { "max-size", "10m" };
	struct create_spec spec = {
		.image = "x",
		.config = { .env = LIST_OF("A=b"), .tty = true, .hostname = "web" },
		.host = {
			.binds = LIST_OF("/data:/srv:ro", "/etc/hosts:/etc/hosts"),
			.tmpfs = { &tmpfs, 1 },
			.memory = 64 << 20,
			.nano_cpus = 1500000000,
			.cpuset_cpus = "0-1",
			.pids_limit = &pids,
			.ulimits = { &ulimit, 1 },
			.init = &init,
			.readonly_rootfs = true,
			.restart_policy = { "on-failure", 3 },
			.log_config = { .config = { &log, 1 } },
			.security_opt = LIST_OF("no-new-privileges"),
			.cap_drop = LIST_OF("ALL"),
			.cap_add = LIST_OF("NET_BIND_SERVICE"),
			.network_mode = "host",
		},
	};
	OWN(str) char *text = plan_text(&spec, NULL);

	check_golden("limits", text);
}

TEST(a_privileged_container)
{
	struct create_spec spec = { .image = "x",
				    .host = { .privileged = true, .auto_remove = true } };
	OWN(str) char *text = plan_text(&spec, NULL);

	check_golden("privileged", text);
}

TEST(another_user_has_no_effective_capabilities)
{
	uint32_t groups[] = { 7, 8 };
	struct start_opts attached = { .attach_stdin = true, .attach_stdout = true };
	struct plan_facts given = {
		.user = { .uid = 1000,
			  .gid = 100,
			  .groups = groups,
			  .n_groups = 2,
			  .home = "/home/u" },
		.opts = &attached,
	};
	struct create_spec spec = { .image = "x", .config.user = "u", .config.open_stdin = true };
	OWN(str) char *text = plan_text(&spec, &given);

	check_golden("user", text);
}

TEST(ulimits_are_held_to_what_may_be_set)
{
	struct ulimit ulimit = { "core", -1, -1 };
	struct container c = { .host_config.ulimits = { &ulimit, 1 } };
	struct oci_process p = { 0 };

	host = usual_host();
	host.caps &= ~(1ULL << 24);
	host.hard[RLIMIT_CORE] = 5;
	host.hard[RLIMIT_NOFILE] = 4096;
	CHECK_OK(container_plan_rlimits(&c, &host, &a, &p, NULL));
	CHECK_STR(p.rlimits.items[0].type, "RLIMIT_CORE");
	CHECK_INT(p.rlimits.items[0].hard, 5);
	CHECK_STR(p.rlimits.items[1].type, "RLIMIT_NOFILE");
	CHECK_INT(p.rlimits.items[1].soft, 4096);
}

TEST(variables_of_the_container_stand_over_dockers_and_home_comes_last)
{
	struct container c = { .config.hostname = "web", .config.env = LIST_OF("TERM=vt100") };
	struct strv more = LIST_OF("X=1", "HOSTNAME=other");
	struct strv env = container_plan_env(&c, true, &more, "/home/u", &a);

	CHECK_STR(
		strv_join(&env, &a, " "),
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOSTNAME=other "
		"TERM=vt100 X=1 HOME=/home/u");
}

TESTS(T(a_plain_container), T(a_container_with_limits_and_mounts), T(a_privileged_container),
      T(another_user_has_no_effective_capabilities), T(ulimits_are_held_to_what_may_be_set),
      T(variables_of_the_container_stand_over_dockers_and_home_comes_last))
