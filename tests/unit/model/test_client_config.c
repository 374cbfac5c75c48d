/*
 * test_client_config.c - ~/.docker/config.json
 */
#include "check.h"

#include "base/own.h"
#include "model/client_config.h"

static const char text[] =
	"{\"auths\":{\"https://old.example/v1/\":{\"auth\":\"dTpw\"},\"h:5000\":{\"identitytoken\":\"t\"}},"
	"\"credHelpers\":{\"x.example\":\"keep\"},\"credsStore\":\"\",\"other\":[1,2.50]}";

TEST(a_server_has_one_key_however_it_is_written)
{
	OWN(arena) struct arena a = ARENA_INIT;

	CHECK_STR(client_config_key(NULL, &a), "https://index.docker.io/v1/");
	CHECK_STR(client_config_key("docker.io", &a), "https://index.docker.io/v1/");
	CHECK_STR(client_config_key("https://index.docker.io/v1/", &a),
		  "https://index.docker.io/v1/");
	CHECK_STR(client_config_key("http://h:5000/v2/", &a), "h:5000");
}

TEST(entries_are_found_under_old_spellings_and_helpers_by_host)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct client_config c;

	CHECK_OK(client_config_read(text, strlen(text), &a, &c, NULL));
	CHECK_STR(client_config_auth(&c, "old.example", &a)->password, "p");
	CHECK_STR(client_config_auth(&c, "h:5000", &a)->identity_token, "t");
	CHECK_NULL(client_config_auth(&c, "nobody", &a));
	CHECK_STR(client_config_helper(&c, "x.example"), "keep");
	CHECK_NULL(client_config_helper(&c, "h:5000"));
}

TEST(a_change_keeps_what_it_does_not_know)
{
	OWN(buf) struct buf out = { 0 };
	const struct client_auth auth = { .key = "old.example", .user = "n", .password = "s" };
	bool had;

	CHECK_OK(client_config_change(text, strlen(text), auth.key, &auth, true, &out, &had, NULL));
	CHECK(had);
	CHECK(strstr(out.data, "2.50") && strstr(out.data, "bjpz") && !strstr(out.data, "dTpw"));
}

TEST(an_auth_that_is_none_is_refused_without_showing_it)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct client_config c;
	const char *bad = "{\"auths\":{\"h\":{\"auth\":\"c2VjcmV0\"}}}";

	CHECK_ERR(client_config_read(bad, strlen(bad), &a, &c, &err), -EINVAL, &err,
		  "auths.h.auth");
	CHECK(!strstr(err.msg, "c2Vj") && !strstr(err.msg, "secret"));
}

TESTS(T(a_server_has_one_key_however_it_is_written),
      T(entries_are_found_under_old_spellings_and_helpers_by_host),
      T(a_change_keeps_what_it_does_not_know),
      T(an_auth_that_is_none_is_refused_without_showing_it))
