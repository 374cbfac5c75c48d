/* test_registry_doc.c - what registries and token servers answer */
#include "check.h"

#include "base/own.h"
#include "model/registry_doc.h"

static int read_token(const char *text, struct arena *a, struct registry_token *ret,
		      struct err *err)
{
	return registry_doc_token(text, strlen(text), a, ret, err);
}

static const char *errors_of(const char *text, struct arena *a, const char **ret_code)
{
	return registry_doc_errors(text, strlen(text), a, ret_code);
}

TEST(a_token_has_either_name_and_a_lifetime_of_its_own_or_a_minute)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct registry_token t;
	struct err err = ERR_INIT;

	CHECK_OK(read_token("{\"token\":\"a\",\"access_token\":\"b\"}", &a, &t, &err));
	CHECK_STR(t.token, "a");
	CHECK_INT(t.lifetime, 60);
	CHECK_NULL(t.refresh);
	CHECK_OK(read_token("{\"access_token\":\"b\",\"expires_in\":300,\"refresh_token\":\"r\"}",
			    &a, &t, &err));
	CHECK_STR(t.token, "b");
	CHECK_INT(t.lifetime, 300);
	CHECK_STR(t.refresh, "r");
	CHECK_OK(read_token("{\"token\":\"a\",\"expires_in\":-5}", &a, &t, &err));
	CHECK_INT(t.lifetime, 60);
}

TEST(what_could_end_a_header_field_is_no_token)
{
	static const char *const bad[] = { "{}",
					   "{\"token\":\"\"}",
					   "{\"token\":\"a\\r\\nX: y\"}",
					   "{\"token\":\"a b\"}",
					   "{\"token\":\"\\u00e4\"}",
					   "{\"token\":5}",
					   "[]",
					   "" };
	OWN(arena) struct arena a = ARENA_INIT;
	struct registry_token t;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(read_token(bad[i], &a, &t, NULL), -EINVAL);
}

TEST(errors_are_one_line_for_people)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *code = "";

	CHECK_STR(errors_of("{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"no\"},"
			    "{\"code\":\"DENIED\"},{\"message\":7}]}",
			    &a, &code),
		  "manifest unknown: no; denied");
	CHECK_STR(code, "MANIFEST_UNKNOWN");
	CHECK_STR(errors_of("{\"errors\":[{\"message\":\"a\\nb\\u001b[31m\"}]}", &a, &code),
		  "a b [31m");
	CHECK_NULL(errors_of("{\"errors\":[]}", &a, &code));
	CHECK_NULL(errors_of("{\"errors\":{}}", &a, &code));
	CHECK_NULL(errors_of("<html>", &a, &code));
}

TEST(tags_that_are_none_are_left_out)
{
	static const char text[] =
		"{\"name\":\"x\",\"tags\":[\"1.2\",\"-a\",\"\",\"a/b\",\"../x\",\"ok_9\"]}";
	OWN(arena) struct arena a = ARENA_INIT;
	struct strv tags = { 0 };
	struct err err = ERR_INIT;

	CHECK_OK(registry_doc_tags(text, strlen(text), &a, &tags, &err));
	CHECK_INT(tags.n, 2);
	CHECK_STR(tags.items[0], "1.2");
	CHECK_STR(tags.items[1], "ok_9");
	CHECK_OK(registry_doc_tags("{\"tags\":null}", 13, &a, &tags, &err));
	CHECK_INT(tags.n, 2);
	CHECK_INT(registry_doc_tags("{\"tags\":[1]}", 12, &a, &tags, &err), -EINVAL);
}

TESTS(T(a_token_has_either_name_and_a_lifetime_of_its_own_or_a_minute),
      T(what_could_end_a_header_field_is_no_token), T(errors_are_one_line_for_people),
      T(tags_that_are_none_are_left_out))
