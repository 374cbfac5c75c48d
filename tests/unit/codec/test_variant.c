/* test_variant.c - typed values as text */
#include "check.h"

#include "codec/variant.h"

#include <errno.h>
#include <string.h>

static struct arena a;
static struct variant v;
static struct err err;

TEST(a_value_is_of_the_type_that_it_names_or_looks_like)
{
	static const struct {
		const char *text, *type;
		uint64_t number;
	} good[] = {
		{ "5", "i", 5 },
		{ "-1", "i", UINT64_MAX },
		{ "uint64 18446744073709551615", "t", UINT64_MAX },
		{ "int64 -9223372036854775808", "x", (uint64_t)INT64_MIN },
		{ "byte 0xff", "y", 255 },
		{ "uint32 010", "u", 8 },
		{ " true ", "b", 1 },
		{ "boolean false", "b", 0 },
		{ "@q 7", "q", 7 },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_OK(variant_parse(good[i].text, &a, &v, &err));
		CHECK_STR(v.type, good[i].type);
		CHECK(v.number == good[i].number);
	}
	CHECK_OK(variant_parse("2.5", &a, &v, &err));
	CHECK_STR(v.type, "d");
	CHECK(v.real == 2.5);
	CHECK_OK(variant_parse("double 3", &a, &v, &err));
	CHECK(v.real == 3);
}

TEST(strings_have_either_quote_and_escapes)
{
	CHECK_OK(variant_parse("'it\\'s \\u00e4\\n'", &a, &v, &err));
	CHECK_STR(v.type, "s");
	CHECK_STR(v.string, "it's \xc3\xa4\n");
	CHECK_OK(variant_parse("objectpath \"/a\"", &a, &v, &err));
	CHECK_STR(v.type, "o");
}

TEST(arrays_and_tuples_hold_values)
{
	CHECK_OK(variant_parse("@a(ss) [('a', 'b'), ('c', 'd')]", &a, &v, &err));
	CHECK_STR(v.type, "a(ss)");
	CHECK_INT(v.n, 2);
	CHECK_STR(v.items[1].items[0].string, "c");
	CHECK_OK(variant_parse("[uint64 1, 2]", &a, &v, &err));
	CHECK_STR(v.type, "at");
	CHECK_OK(variant_parse("@as []", &a, &v, &err));
	CHECK_INT(v.n, 0);
	CHECK_OK(variant_parse("(1, 'x', [true])", &a, &v, &err));
	CHECK_STR(v.type, "(isab)");
	CHECK_OK(variant_parse("(1,)", &a, &v, &err));
	CHECK_STR(v.type, "(i)");
}

TEST(anything_else_is_refused_with_its_place)
{
	static const char *const wrong[] = {
		"",          "x",         "[]",
		"[1, 'a']",  "'open",     "(1",
		"()",        "byte 256",  "uint32 -1",
		"@a{sv} {}", "@as [1]",   "1 2",
		"just 5",    "@(ii) (1)", "'\\u0000'",
		"'\\ud800'", "'\xff'",    "int16 0x8000",
		"true 1",    "@s true",   "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_ERR(variant_parse(wrong[i], &a, &v, &err), -EINVAL, &err, "at character");
}

TEST(a_huge_text_is_refused)
{
	char *text = arena_alloc(&a, VARIANT_TEXT_MAX + 2);

	memset(text, ' ', VARIANT_TEXT_MAX + 1);
	CHECK_ERR(variant_parse(text, &a, &v, &err), -EINVAL, &err, "longer than");
}

TESTS(T(a_value_is_of_the_type_that_it_names_or_looks_like),
      T(strings_have_either_quote_and_escapes), T(arrays_and_tuples_hold_values),
      T(anything_else_is_refused_with_its_place), T(a_huge_text_is_refused))
