/*
 * test_envfile.c - docker's --env-file
 */
#include "check.h"

#include "base/own.h"
#include "codec/envfile.h"

static const char *lookup(const char *key)
{
	return str_eq(key, "HOME") ? "/home/me" : str_eq(key, "EMPTY") ? "" : NULL;
}

static const char *parsed(const char *text, envfile_lookup *fn, struct arena *a)
{
	struct strv out = { 0 };
	struct err err = ERR_INIT;

	CHECK_OK(envfile_parse("f", text, fn, a, &out, &err));
	return strv_join(&out, a, "|");
}

TEST(lines_are_taken_as_docker_takes_them)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "" },
		{ "\n\n", "" },
		{ "A=1\nB=2\n", "A=1|B=2" },
		{ "A=1\r\nB=2\r\n", "A=1|B=2" },
		{ "A=1\nB=2", "A=1|B=2" },
		{ "# no\n  # no\n  A=1\n", "A=1" },
		{ "A=# yes", "A=# yes" },
		{ "A=", "A=" },
		{ "A= x  ", "A= x  " },
		{ "A=\"q\"", "A=\"q\"" },
		{ "A=b=c", "A=b=c" },
		{ "HOME\nUNSET\nEMPTY\n", "HOME=/home/me|EMPTY=" },
		{ "\xef\xbb\xbf"
		  "A=1",
		  "A=1" },
		{ "A=\xc3\xa9", "A=\xc3\xa9" },
	};
	OWN(arena) struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_STR(parsed(cases[i].text, lookup, &a), cases[i].want);
}

TEST(without_an_environment_a_bare_key_gives_nothing)
{
	OWN(arena) struct arena a = ARENA_INIT;

	CHECK_STR(parsed("HOME\nA=1", NULL, &a), "A=1");
}

TEST(a_bad_line_is_named_by_its_number)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "A=1\nB C=2", "variable 'B C' contains whitespaces (f, line 2)" },
		{ "A \n", "variable 'A ' contains whitespaces (f, line 1)" },
		{ "\n\n=1", "no variable name on line '=1' (f, line 3)" },
		{ "A=1\nB=\xff", "env file f contains invalid utf8 bytes at line 2" },
	};
	OWN(arena) struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct strv out = { 0 };

		CHECK_ERR(envfile_parse("f", cases[i].text, lookup, &a, &out, &err), -EINVAL, &err,
			  cases[i].want);
	}
}

TEST(one_item_follows_the_same_rules)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct strv out = { 0 };
	struct err err = ERR_INIT;

	CHECK_OK(envfile_add("A=b c", lookup, &a, &out, &err));
	CHECK_OK(envfile_add("HOME", lookup, &a, &out, &err));
	CHECK_OK(envfile_add("UNSET", lookup, &a, &out, &err));
	CHECK_STR(strv_join(&out, &a, "|"), "A=b c|HOME=/home/me");
	CHECK_ERR(envfile_add("", lookup, &a, &out, &err), -EINVAL, &err,
		  "invalid environment variable");
	CHECK_ERR(envfile_add("=x", lookup, &a, &out, &err), -EINVAL, &err,
		  "invalid environment variable: =x");
}

TEST(setting_replaces_the_same_key_only)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct strv env = { 0 };

	envfile_set(&env, &a, "A=1");
	envfile_set(&env, &a, "AB=2");
	envfile_set(&env, &a, "A=3");
	envfile_set(&env, &a, "B=4");
	CHECK_STR(strv_join(&env, &a, "|"), "A=3|AB=2|B=4");
}

TESTS(T(lines_are_taken_as_docker_takes_them), T(without_an_environment_a_bare_key_gives_nothing),
      T(a_bad_line_is_named_by_its_number), T(one_item_follows_the_same_rules),
      T(setting_replaces_the_same_key_only))
