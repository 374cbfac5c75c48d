/*
 * test_shim_plan.c - the plans that a shim gets survive packing, every member of them
 */
#include "check.h"

#include "base/own.h"
#include "model/shim_plan.h"

static const char plan_json[] =
	"{\"id\":\"4f\",\"rootDir\":\"/var/lib/berth\",\"stateRoot\":\"/run/berth\","
	"\"stateDir\":\"/run/berth/c/4f\",\"berth\":\"/usr/bin/berth\",\"logPath\":\"/l\","
	"\"logMaxSize\":18446744073709551615,\"logMaxFile\":3,\"terminal\":true,"
	"\"openStdin\":true,\"stdinOnce\":true,\"attach\":7,"
	"\"autoRemove\":true,\"restart\":2,\"restartMax\":5,\"restartCount\":1,"
	"\"consoleHeight\":24,\"consoleWidth\":80,\"cgroup\":\"/berth/4f\","
	"\"lower\":[\"/b\",\"/a\"],\"upper\":\"/u\",\"work\":\"/w\",\"volatileUpper\":true,"
	"\"seccompCache\":\"/s\",\"seccompKey\":\"k\",\"config\":{\"ociVersion\":\"1.2.0\","
	"\"process\":{\"user\":{\"uid\":1,\"gid\":2,\"additionalGids\":[10,20]},"
	"\"args\":[\"sh\"],\"env\":[\"A=1\"],\"cwd\":\"/\"},\"hostname\":\"h\"}}";

static const char exec_json[] =
	"{\"id\":\"4f\",\"initPid\":12,\"initStart\":18446744073709551615,\"cgroup\":\"/berth/4f\","
	"\"detach\":true,\"interactive\":true,\"detachKeys\":\"\\u0010\\u0011\","
	"\"consoleHeight\":24,\"consoleWidth\":80,\"seccompCache\":\"/s\",\"seccompKey\":\"k\","
	"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"},"
	"\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\"}}";

/* Read, packed, unpacked, written. */
static const char *through_packing(const struct schema *s, const char *json, struct arena *a)
{
	OWN(buf) struct buf out = { 0 };
	void *obj = arena_alloc(a, s->size);
	struct err err = ERR_INIT;

	if (schema_read(s, json, strlen(json), a, obj, &err) < 0)
		fail_msg("%s", err.msg);
	schema_write(s, schema_clone(s, obj, a), SCHEMA_COMPACT, &out);
	return arena_strdup(a, buf_text(&out));
}

TEST(a_plan_survives_packing)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *got = through_packing(&shim_plan_schema, plan_json, &a);
	size_t shims_own = (size_t)(strstr(plan_json, "\"config\"") - plan_json);

	CHECK(strncmp(got, plan_json, shims_own) == 0);
	CHECK(strstr(got, "\"additionalGids\":[10,20]"));
	CHECK(strstr(got, "\"hostname\":\"h\""));
}

TEST(an_exec_plan_survives_packing)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *got = through_packing(&exec_plan_schema, exec_json, &a);
	size_t shims_own = (size_t)(strstr(exec_json, "\"process\"") - exec_json);

	CHECK(strncmp(got, exec_json, shims_own) == 0);
	CHECK(strstr(got, "\"args\":[\"sh\"]"));
}

TEST(a_plan_cut_anywhere_is_refused)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf packed = { 0 };
	struct shim_plan plan;
	size_t used;

	CHECK_OK(schema_read(&shim_plan_schema, plan_json, sizeof(plan_json) - 1, &a, &plan, NULL));
	schema_pack(&shim_plan_schema, &plan, &packed);
	for (size_t len = 0; len < packed.len; len++)
		CHECK_INT(schema_unpack(&shim_plan_schema, packed.data, len, &a, &plan, &used),
			  -EINVAL);
	CHECK_OK(schema_unpack(&shim_plan_schema, packed.data, packed.len, &a, &plan, &used));
	CHECK_INT(used, packed.len);
}

TESTS(T(a_plan_survives_packing), T(an_exec_plan_survives_packing),
      T(a_plan_cut_anywhere_is_refused))
