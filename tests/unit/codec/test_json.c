/*
 * test_json.c - reading untrusted JSON, and writing
 */
#include "check.h"

#include "base/own.h"
#include "codec/json.h"

#define TEXT(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}

struct text {
	const char *s;
	size_t len;
};

static int parse(struct text t, struct err *err)
{
	OWN(json) struct json_object *tree = NULL;

	return json_parse(t.s, t.len, &tree, err);
}

static char *rewritten(const char *s)
{
	OWN(json) struct json_object *tree = NULL;
	struct buf out = { 0 };

	CHECK_OK(json_parse(s, strlen(s), &tree, NULL));
	json_write(tree, &out);
	return buf_take(&out);
}

TEST(every_kind_of_value_is_read)
{
	static const struct text good[] = {
		TEXT("{}"),
		TEXT("[]"),
		TEXT(" [1] \r\n\t"),
		TEXT("null"),
		TEXT("true"),
		TEXT("12"),
		TEXT("-0.5e-3"),
		TEXT("\"\\u00e9 \xc3\xa9 \\\\u0000\""),
		TEXT("{\"a\":{\"b\":[1,{\"c\":null}]},\"b\":2}"),
		TEXT("[18446744073709551615,-9223372036854775808,1e99]"),
		TEXT("[\"a:b\",\"{\\\":\"]"),
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct err err = ERR_INIT;

		CHECK_OK(parse(good[i], &err));
	}
}

TEST(what_rfc_8259_does_not_know_is_refused)
{
	static const struct text bad[] = {
		TEXT(""),
		TEXT(" "),
		TEXT("["),
		TEXT("[1"),
		TEXT("\"x"),
		TEXT("\"\\"),
		TEXT("tru"),
		TEXT("[1]x"),
		TEXT("[1]\0"),
		TEXT("[1][2]"),
		TEXT("[1,]"),
		TEXT("{\"a\":1,}"),
		TEXT("{\"a\" 1}"),
		TEXT("{a:1}"),
		TEXT("{'a':1}"),
		TEXT("/* x */ 1"),
		TEXT("[NaN]"),
		TEXT("[Infinity]"),
		TEXT("[-Infinity]"),
		TEXT("[True]"),
		TEXT("[01]"),
		TEXT("[+1]"),
		TEXT("[1.]"),
		TEXT("[.5]"),
		TEXT("[1-2]"),
		TEXT("[\"\\x\"]"),
		TEXT("[\"a\nb\"]"),
		TEXT("[\"\xff\"]"),
		TEXT("[\"\xc0\x80\"]"),
		TEXT("[\"\xed\xa0\x80\"]"),
		TEXT("[\xff]"),
		TEXT("[1\f]"),
		TEXT("[1\v,2]"),
		TEXT("{\"a\":1 \"b\":2}"),
		TEXT("{\"a\"::1}"),
		TEXT("[1:2]"),
		TEXT("\xef\xbb\xbf[1]"),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;

		CHECK_ERR(parse(bad[i], &err), -EINVAL, &err, "invalid JSON at byte");
	}
}

TEST(a_nul_in_a_string_is_refused_however_it_is_written)
{
	struct err err = ERR_INIT;

	CHECK_ERR(parse((struct text)TEXT("[\"a\\u0000b\"]"), &err), -EINVAL, &err, "a NUL");
	CHECK_ERR(parse((struct text)TEXT("{\"a\\u0000\":1}"), &err), -EINVAL, &err, "a NUL");
	CHECK_ERR(parse((struct text)TEXT("[\"a\0b\"]"), &err), -EINVAL, &err, "control");
}

TEST(a_member_twice_is_refused_however_it_is_spelled)
{
	static const struct text twice[] = {
		TEXT("{\"a\":1,\"a\":2}"),
		TEXT("{\"a\":1,\"\\u0061\":2}"),
		TEXT("[{\"x\":{\"a\":{},\"b\":1,\"a\":{\"c\":1}}}]"),
	};

	for (size_t i = 0; i < sizeof(twice) / sizeof(twice[0]); i++) {
		struct err err = ERR_INIT;

		CHECK_ERR(parse(twice[i], &err), -EINVAL, &err, "twice");
	}
}

TEST(a_whole_number_that_would_be_clamped_is_refused)
{
	struct err err = ERR_INIT;

	CHECK_ERR(parse((struct text)TEXT("[18446744073709551616]"), &err), -EINVAL, &err, "64");
	CHECK_ERR(parse((struct text)TEXT("[-9223372036854775809]"), &err), -EINVAL, &err, "64");
	CHECK_ERR(parse((struct text)TEXT("[99999999999999999999999]"), &err), -EINVAL, &err, "64");
}

TEST(deep_nesting_is_refused)
{
	char text[2 * JSON_DEPTH_MAX + 8] = { 0 };
	struct err err = ERR_INIT;

	memset(text, '[', JSON_DEPTH_MAX - 1);
	memset(text + JSON_DEPTH_MAX - 1, ']', JSON_DEPTH_MAX - 1);
	CHECK_OK(parse((struct text){ text, strlen(text) }, &err));
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	CHECK_INT(parse((struct text){ text, strlen(text) }, &err), -EINVAL);
}

TEST(writing_is_compact_and_leaves_slashes_and_html_alone)
{
	OWN(str) char *text = rewritten("{ \"a/b\" : [ 1.50, \"<&>\" ] }");

	CHECK_STR(text, "{\"a/b\":[1.50,\"<&>\"]}");
}

TEST(pretty_is_indented_by_four_and_keeps_empty_ones_on_one_line)
{
	static const char text[] = "{\"a\":[1,{\"b\":{}}],\"c\":[]}";
	OWN(json) struct json_object *tree = NULL;
	OWN(buf) struct buf out = { 0 };

	CHECK_OK(json_parse(text, sizeof(text) - 1, &tree, NULL));
	json_write_pretty(tree, &out);
	CHECK_STR(buf_text(&out), "{\n    \"a\": [\n        1,\n        {\n            \"b\": {}\n"
				  "        }\n    ],\n    \"c\": []\n}");
}

TEST(quoting_escapes_what_must_be_and_replaces_invalid_utf8)
{
	static const struct {
		struct text in;
		const char *want;
	} cases[] = {
		{ TEXT(""), "\"\"" },
		{ TEXT("plain"), "\"plain\"" },
		{ TEXT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"" },
		{ TEXT("\b\f\n\r\t\x01\x1f"), "\"\\b\\f\\n\\r\\t\\u0001\\u001f\"" },
		{ TEXT("a\0b"), "\"a\\u0000b\"" },
		{ TEXT("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
		{ TEXT("x\xffy"), "\"x\\ufffdy\"" },
		{ TEXT("\xe2\x82"), "\"\\ufffd\\ufffd\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(buf) struct buf out = { 0 };

		json_quote(cases[i].in.s, cases[i].in.len, &out);
		CHECK_STR(buf_text(&out), cases[i].want);
	}
}

TESTS(T(every_kind_of_value_is_read), T(what_rfc_8259_does_not_know_is_refused),
      T(a_nul_in_a_string_is_refused_however_it_is_written),
      T(a_member_twice_is_refused_however_it_is_spelled),
      T(a_whole_number_that_would_be_clamped_is_refused), T(deep_nesting_is_refused),
      T(writing_is_compact_and_leaves_slashes_and_html_alone),
      T(pretty_is_indented_by_four_and_keeps_empty_ones_on_one_line),
      T(quoting_escapes_what_must_be_and_replaces_invalid_utf8))
