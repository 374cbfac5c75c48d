/* test_resources.c - limits of a control group from OCI resources */
#include "check.h"

#include "runtime/resources.h"

static struct arena a;

static struct cgroup_limits limits_of(const char *json)
{
	struct oci_resources *r = arena_new(&a, struct oci_resources);
	struct cgroup_limits l;

	CHECK_OK(schema_read(&oci_resources_schema, json, strlen(json), &a, r, NULL));
	resources_limits(r, &a, &l);
	return l;
}

TEST(nothing_is_no_limit)
{
	struct cgroup_limits l;

	resources_limits(NULL, &a, &l);
	CHECK_NULL(l.memory);
	CHECK_NULL(l.devices);
	l = limits_of("{}");
	CHECK_NULL(l.pids);
	CHECK_NULL(l.devices);
}

TEST(numbers_arrive)
{
	struct cgroup_limits l =
		limits_of("{\"memory\":{\"limit\":5,\"swap\":-1},"
			  "\"cpu\":{\"quota\":7,\"cpus\":\"0\"},\"pids\":{\"limit\":0}}");

	CHECK_INT(*l.memory, 5);
	CHECK_INT(*l.memory_swap, -1);
	CHECK_INT(*l.cpu_quota, 7);
	CHECK_STR(l.cpuset_cpus, "0");
	CHECK_INT(*l.pids, 0);
	CHECK_NULL(l.cpu_shares);
}

TEST(behind_a_denial_stands_what_every_container_needs)
{
	struct cgroup_limits l = limits_of("{\"devices\":[{\"allow\":false,\"access\":\"rwm\"},"
					   "{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,"
					   "\"access\":\"rwm\"}]}");

	CHECK_INT(l.n_devices, 2 + 10);
	CHECK(!l.devices[0].allow && l.devices[0].type == 'a');
	CHECK_INT(l.devices[1].minor, 3);
	CHECK_STR(l.devices[2].access, "m");
}

TEST(where_all_is_allowed_nothing_is_added)
{
	struct cgroup_limits l = limits_of("{\"devices\":[{\"allow\":true,\"type\":\"a\"}]}");

	CHECK_INT(l.n_devices, 1);
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
		T(nothing_is_no_limit),
		T(numbers_arrive),
		T(behind_a_denial_stands_what_every_container_needs),
		T(where_all_is_allowed_nothing_is_added),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
