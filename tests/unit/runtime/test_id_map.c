/* test_id_map.c - maps of users, and what an ordinary user's container cannot have */
#include "check.h"

#include "runtime/id_map.h"
#include "runtime/rootless_plan.h"

static struct arena a;
static struct err err;

static const struct oci_id_mapping own = { .container_id = 0, .host_id = 1000, .size = 1 },
				   range[] = { { 0, 1000, 1 }, { 1, 100000, 65536 } };

TEST(a_map_holds_its_ranges_and_nothing_beside)
{
	CHECK(id_map_holds(range, 2, 0));
	CHECK(id_map_holds(range, 2, 65536));
	CHECK(!id_map_holds(range, 2, 65537));
	CHECK(!id_map_holds(range, 2, UINT32_MAX));
	CHECK(!id_map_holds(NULL, 0, 0));
}

TEST(one_number_alone_is_single)
{
	CHECK(id_map_is_single(&own, 1));
	CHECK(!id_map_is_single(range, 2));
	CHECK(!id_map_is_single(&range[1], 1));
}

static int check(const char *text, bool ordinary)
{
	struct oci_config *c = arena_new(&a, struct oci_config);
	struct plan_facts facts = { .rootless = true, .ordinary = ordinary };

	err = (struct err)ERR_INIT;
	CHECK_OK(schema_read(&oci_config_schema, text, strlen(text), &a, c, &err));
	return rootless_plan_check(c, &facts, &err);
}

#define CONFIG(user, mounts, linux)                                                                \
	"{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"x\"],\"user\":{" user    \
	"}},\"mounts\":[" mounts "],\"linux\":{" linux "}}"
#define USER_NS                                                                                    \
	"\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"user\"}],"                               \
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"                        \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}]"
#define PTS(gid)                                                                                   \
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":"     \
	"[\"gid=" gid "\"]}"

TEST(an_ordinary_user_needs_a_user_namespace_and_root_of_one_does_not)
{
	static const char none[] = CONFIG("\"uid\":0,\"gid\":0", "", "\"namespaces\":[]");

	CHECK_INT(check(none, true), -EPERM);
	CHECK_OK(check(none, false));
}

TEST(users_and_groups_must_be_mapped)
{
	CHECK_OK(check(CONFIG("\"uid\":0,\"gid\":0", PTS("0"), USER_NS), true));
	CHECK_INT(check(CONFIG("\"uid\":1,\"gid\":0", "", USER_NS), true), -EINVAL);
	CHECK_INT(check(CONFIG("\"uid\":0,\"gid\":1", "", USER_NS), true), -EINVAL);
	CHECK_INT(check(CONFIG("\"uid\":0,\"gid\":0", PTS("5"), USER_NS), true), -EINVAL);
	CHECK_INT(check(CONFIG("\"uid\":0,\"gid\":0,\"additionalGids\":[0]", "", USER_NS), true),
		  -EPERM);
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
		T(a_map_holds_its_ranges_and_nothing_beside),
		T(one_number_alone_is_single),
		T(an_ordinary_user_needs_a_user_namespace_and_root_of_one_does_not),
		T(users_and_groups_must_be_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
