/* test_container_validate.c - rules between fields, in docker's words */
#include "check.h"

#include "engine/container_spec.h"
#include "engine/container_validate.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LIST_OF(...)                                                                               \
	{                                                                                          \
		(const char *[]){ __VA_ARGS__, NULL },                                             \
			sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)                   \
	}

static struct arena a;
static const struct image_doc image = { .id = "sha256:aa", .config.cmd = LIST_OF("sh") };
static const struct host_facts able = {
	.hostname = "machine",
	.caps = ~0ULL,
	.cpus = 2,
	.limits_known = true,
	.has_memory = true,
	.has_swap = true,
	.has_cpu = true,
	.has_cpuset = true,
	.has_pids = true,
};

static int validate(const struct host_config *h, const struct host_facts *facts,
		    struct container *ret, struct err *err)
{
	struct create_spec spec = { .image = "x", .host = *h };

	arena_done(&a);

	int r = container_spec_merge(&spec, &image, facts, ID, &a, ret, err);

	return r < 0 ? r : container_validate(ret, facts, &a, err);
}

TEST(what_cannot_be_is_refused_with_dockers_words)
{
	int64_t swappiness = 101;
	struct ulimit ulimit = { "nofile", 10, 20 };
	struct str_pair sysctl = { "kernel.core_pattern", "x" }, option = { "max-size", "0" };
	const struct {
		struct host_config h;
		const char *words;
	} cases[] = {
		{ { .memory = 1 << 20 }, "Minimum memory limit allowed is 6MB" },
		{ { .memory_swap = 1 << 30 }, "You should always set the Memory limit when using" },
		{ { .memory = 20 << 20, .memory_swap = 10 << 20 },
		  "Minimum memoryswap limit should be larger than memory limit" },
		{ { .memory = 10 << 20, .memory_reservation = 20 << 20 },
		  "can not be less than memory reservation limit" },
		{ { .memory_swappiness = &swappiness }, "valid memory swappiness range is 0-100" },
		{ { .nano_cpus = 3000000000 },
		  "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available" },
		{ { .nano_cpus = 1000000000, .cpu_quota = 5000 }, "CPU Quota cannot both be set" },
		{ { .cpu_period = 10 }, "CPU cfs period can not be less than 1ms" },
		{ { .cpu_quota = 10 }, "CPU cfs quota can not be less than 1ms" },
		{ { .cpuset_cpus = "0-7" }, "Requested CPUs are not available" },
		{ { .cpuset_cpus = "3-1" }, "Invalid value 3-1 for cpuset cpus" },
		{ { .cpuset_cpus = "1-4294967296" }, "Invalid value" },
		{ { .oom_score_adj = 1001 }, "range for oom score adj is [-1000, 1000]" },
		{ { .restart_policy = { .name = "often" } }, "unknown policy 'often'" },
		{ { .restart_policy = { .name = "always", .maximum_retry_count = 3 } },
		  "maximum retry count can only be used with 'on-failure'" },
		{ { .auto_remove = true, .restart_policy = { .name = "always" } },
		  "can't create 'AutoRemove' container with restart policy" },
		{ { .network_mode = "container:x", .publish_all_ports = true },
		  "conflicting options: port publishing and the container type network mode" },
		{ { .network_mode = "container:x", .dns = LIST_OF("1.2.3.4") },
		  "conflicting options: dns" },
		{ { .pid_mode = "container:x" }, "--pid container:x is not supported" },
		{ { .security_opt = LIST_OF("apparmor=mine") }, "does not run AppArmor" },
		{ { .security_opt = LIST_OF("nonsense") }, "invalid --security-opt" },
		{ { .security_opt = LIST_OF("seccomp={}") }, "seccomp profile" },
		{ { .cap_add = LIST_OF("CAP_FLY") }, "invalid capability" },
		{ { .ulimits = { &ulimit, 1 } }, "ulimit soft limit must be less than or equal" },
		{ { .sysctls = { &sysctl, 1 } }, "sysctl 'kernel.core_pattern' is not allowed" },
		{ { .log_config = { .type = "syslog" } }, "no log driver named 'syslog'" },
		{ { .log_config = { .config = { &option, 1 } } }, "invalid value for max-size" },
		{ { .extra_hosts = LIST_OF("name") }, "bad format for add-host" },
		{ { .extra_hosts = LIST_OF("a:b") }, "invalid IP address in add-host: \"b\"" },
		{ { .dns = LIST_OF("1.2.3") }, "IP address is not correctly formatted: 1.2.3" },
		{ { .cgroup_parent = "/a/../b" }, "cgroup-parent" },
		{ { .runtime = "runc" }, "unknown or invalid runtime name: runc" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct container c;
		struct err err = ERR_INIT;

		CHECK_ERR(validate(&cases[i].h, &able, &c, &err), -EINVAL, &err, cases[i].words);
	}
}

TEST(a_plain_container_is_fine_and_has_no_notes)
{
	struct container c;

	CHECK_OK(validate(&(struct host_config){ 0 }, &able, &c, NULL));
	CHECK_INT(c.notes.n, 0);
}

TEST(limits_that_this_machine_lacks_are_discarded_with_a_note)
{
	struct host_facts poor = {
		.hostname = "m", .caps = ~0ULL, .cpus = 2, .limits_known = true
	};
	struct container c;

	CHECK_OK(validate(&(struct host_config){ .memory = 10 << 20, .nano_cpus = 1000000000 },
			  &poor, &c, NULL));
	CHECK_INT(c.host_config.memory, 0);
	CHECK_INT(c.host_config.nano_cpus, 0);
	CHECK_INT(c.notes.n, 2);
	CHECK(strstr(c.notes.items[0], "Limitation discarded"));
}

TEST(what_root_may_not_do_is_noted)
{
	struct host_facts bounded = able;
	struct ulimit ulimit = { "nofile", 4096, 4096 };
	struct container c;

	bounded.caps &= ~(1ULL << 24); /* CAP_SYS_RESOURCE */
	bounded.hard[RLIMIT_NOFILE] = 1024;
	CHECK_OK(validate(&(struct host_config){ .privileged = true,
						 .oom_score_adj = -5,
						 .ulimits = { &ulimit, 1 } },
			  &bounded, &c, NULL));
	CHECK_INT(c.notes.n, 3);
	CHECK_INT(c.host_config.oom_score_adj, 0);
	CHECK(strstr(c.notes.items[1], "CAP_SYS_RESOURCE"));
	CHECK(strstr(c.notes.items[2], "Ulimit nofile is held to 1024"));
}

TEST(addresses_are_of_either_family)
{
	struct container c;

	CHECK_OK(validate(&(struct host_config){ .extra_hosts = LIST_OF("a:1.2.3.4", "b:::1",
									"c:[fe80::1]"),
						 .dns = LIST_OF("9.9.9.9", "2620:fe::fe") },
			  &able, &c, NULL));
}

TEST(no_memory_and_no_oom_killer_is_noted)
{
	bool disabled = true;
	struct container c;

	CHECK_OK(validate(&(struct host_config){ .oom_kill_disable = &disabled }, &able, &c, NULL));
	CHECK(strstr(c.notes.items[0], "OOM killer is disabled for the container, but no memory"));
}

TEST(no_pids_limit_is_unlimited)
{
	int64_t none = -1;
	struct container c;

	CHECK_OK(validate(&(struct host_config){ .pids_limit = &none }, &able, &c, NULL));
	CHECK_NULL(c.host_config.pids_limit);
}

TESTS(T(addresses_are_of_either_family), T(no_memory_and_no_oom_killer_is_noted),
      T(what_cannot_be_is_refused_with_dockers_words),
      T(a_plain_container_is_fine_and_has_no_notes),
      T(limits_that_this_machine_lacks_are_discarded_with_a_note), T(what_root_may_not_do_is_noted),
      T(no_pids_limit_is_unlimited))
