/* test_container_health.c - health checks of the user and of the image */
#include "check.h"

#include "engine/container_health.h"

#define S 1000000000LL

static struct arena a;

/* A container's configuration whose check is that JSON, NULL for none, over an image's. */
static int merge(const char *user, const char *image, struct container_config *ret, struct err *err)
{
	const struct image_run_config of_image = { .healthcheck = image };

	arena_done(&a);
	*ret = (struct container_config){ 0 };
	if (user) {
		ret->healthcheck = arena_new(&a, struct health_config);
		CHECK_OK(schema_read(&health_config_schema, user, strlen(user), &a,
				     ret->healthcheck, NULL));
	}
	return container_health_merge(ret, &of_image, &a, err);
}

TEST(what_the_user_leaves_open_is_the_image_s)
{
	struct container_config c;

	CHECK_OK(merge("{\"Retries\":7}", "{\"Test\":[\"CMD\",\"x\"],\"Interval\":5000000}", &c,
		       NULL));
	CHECK_STR(strv_join(&c.healthcheck->test, &a, " "), "CMD x");
	CHECK_INT(c.healthcheck->interval, 5000000);
	CHECK_INT(c.healthcheck->retries, 7);
	CHECK_OK(merge(NULL, NULL, &c, NULL));
	CHECK(!c.healthcheck && !container_health_plan(&c, &a));
}

TEST(a_plan_has_docker_s_defaults)
{
	struct container_config c;
	struct health_plan *p;

	CHECK_OK(merge("{\"Test\":[\"CMD-SHELL\",\"a b\"]}", NULL, &c, NULL));
	p = container_health_plan(&c, &a);
	CHECK_STR(strv_join(&p->args, &a, "|"), "/bin/sh|-c|a b");
	CHECK(p->interval == 30 * S && p->timeout == 30 * S && p->start_interval == 5 * S);
	CHECK(p->start_period == 0 && p->retries == 3);
}

TEST(a_shell_of_the_image_runs_it)
{
	struct container_config c;

	CHECK_OK(merge(NULL, "{\"Test\":[\"CMD-SHELL\",\"x\"]}", &c, NULL));
	strv_add(&c.shell, &a, "/bin/ash");
	strv_add(&c.shell, &a, "-ec");
	CHECK_STR(strv_join(&container_health_plan(&c, &a)->args, &a, "|"), "/bin/ash|-ec|x");
}

TEST(none_is_none)
{
	static const char *const none[] = { "{\"Test\":[\"NONE\"]}", "{\"Test\":[\"\"]}", "{}" };
	struct container_config c;

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		CHECK_OK(merge(none[i], NULL, &c, NULL));
		CHECK(!container_health_plan(&c, &a));
	}
	CHECK_OK(merge("{\"Test\":[\"NONE\"]}", "{\"Test\":[\"CMD\",\"x\"]}", &c, NULL));
	CHECK(!container_health_plan(&c, &a));
}

TEST(what_cannot_be_is_refused)
{
	static const struct {
		const char *check, *why;
	} cases[] = {
		{ "{\"Test\":[\"CMD\",\"x\"],\"Interval\":999999}", "Interval in Healthcheck" },
		{ "{\"Test\":[\"CMD\",\"x\"],\"Timeout\":-1}", "Timeout in Healthcheck" },
		{ "{\"Test\":[\"CMD\",\"x\"],\"StartPeriod\":5}", "StartPeriod in Healthcheck" },
		{ "{\"Test\":[\"CMD\",\"x\"],\"StartInterval\":5}", "StartInterval in Health" },
		{ "{\"Test\":[\"CMD\",\"x\"],\"Retries\":-1}", "Retries in Healthcheck" },
		{ "{\"Test\":[\"CMD\"]}", "Healthcheck CMD has no command" },
		{ "{\"Test\":[\"SOME\",\"x\"]}", "Unknown healthcheck type 'SOME'" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct container_config c;
		struct err err = ERR_INIT;

		CHECK_ERR(merge(cases[i].check, NULL, &c, &err), -EINVAL, &err, cases[i].why);
		CHECK_ERR(merge(NULL, cases[i].check, &c, &err), -EINVAL, &err, cases[i].why);
	}
}

TESTS(T(what_the_user_leaves_open_is_the_image_s), T(a_plan_has_docker_s_defaults),
      T(a_shell_of_the_image_runs_it), T(none_is_none), T(what_cannot_be_is_refused))
