/*
 * test_http_field.c - challenges, links and warnings
 */
#include "check.h"

#include "base/own.h"
#include "codec/base64.h"
#include "codec/http_field.h"

#include <errno.h>

TEST(challenges_are_told_apart_whatever_their_order_and_quotes)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct http_challenges c = { 0 };
	const struct http_challenge *bearer;

	CHECK_OK(http_field_challenges(
		"Negotiate YWJj==, basic Realm=\"a, \\\"b\\\"\" , BEARER "
		"service=s.x,realm=\"https://t/?a=b\" ,scope=\"r:a:pull r:b:pull\"",
		&a, &c));
	CHECK_INT(c.n, 3);
	CHECK_STR(str_map_get(&http_field_challenge(&c, "basic")->params, "realm"), "a, \"b\"");
	bearer = http_field_challenge(&c, "bearer");
	CHECK_STR(str_map_get(&bearer->params, "realm"), "https://t/?a=b");
	CHECK_STR(str_map_get(&bearer->params, "service"), "s.x");
	CHECK_STR(str_map_get(&bearer->params, "scope"), "r:a:pull r:b:pull");
	CHECK_NULL(http_field_challenge(&c, "digest"));
}

TEST(what_is_no_challenge_is_refused)
{
	static const char *const bad[] = { "Bearer realm=\"open", "=x", "Bearer realm=", "\"x\"" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		OWN(arena) struct arena a = ARENA_INIT;
		struct http_challenges c = { 0 };

		CHECK_INT(http_field_challenges(bad[i], &a, &c), -EINVAL);
	}
}

TEST(the_next_page_is_the_link_that_says_so)
{
	OWN(arena) struct arena a = ARENA_INIT;

	CHECK_STR(http_field_next_link("</v2/x?n=1&last=a>; rel=\"next\"", &a), "/v2/x?n=1&last=a");
	CHECK_STR(http_field_next_link("<a>; rel=prev, <b>; title=\"x\"; rel=\"up next\"", &a),
		  "b");
	CHECK_NULL(http_field_next_link("<a>; rel=nextish", &a));
	CHECK_NULL(http_field_next_link("<a; rel=next", &a));
}

TEST(warnings_are_one_harmless_line)
{
	OWN(arena) struct arena a = ARENA_INIT;

	CHECK_STR(http_field_warning("299 - \"a \\\"b\\\"\"", &a), "a \"b\"");
	CHECK_STR(http_field_warning("299 - \"\x1b[1m\xc2\x9b\"", &a), " [1m  ");
	CHECK_NULL(http_field_warning("199 - \"a\"", &a));
	CHECK_NULL(http_field_warning("299 - a", &a));
}

TEST(numbers_and_ranges_are_digits_and_nothing_else)
{
	static const char *const bad[] = { "",
					   "-1",
					   "+1",
					   " 1",
					   "1 ",
					   "0x1",
					   "1a",
					   "9223372036854775808",
					   "99999999999999999999" };

	CHECK_INT(http_field_number("0"), 0);
	CHECK_INT(http_field_number("9223372036854775807"), INT64_MAX);
	CHECK_INT(http_field_number(NULL), -1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(http_field_number(bad[i]), -1);
	CHECK_INT(http_field_range_first("bytes 10-99/100"), 10);
	CHECK_INT(http_field_range_first("bytes 10"), -1);
	CHECK_INT(http_field_range_first("bytes -10/100"), -1);
	CHECK_INT(http_field_range_first("items 10-99/100"), -1);
	CHECK_INT(http_field_range_first(NULL), -1);
	CHECK_INT(http_field_upload_length("0-1023"), 1024);
	CHECK_INT(http_field_upload_length("0-0"), 1);
	CHECK_INT(http_field_upload_length("0--1"), 0);
	CHECK_INT(http_field_upload_length("1-5"), 0);
	CHECK_INT(http_field_upload_length("0-9223372036854775807"), 0);
	CHECK_INT(http_field_upload_length(NULL), 0);
}

TEST(base64_is_read_as_it_was_written)
{
	static const char *const texts[] = { "", "f", "fo", "foo", "foob", "a:\xff\xfe" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		OWN(buf) struct buf text = { 0 };
		OWN(buf) struct buf back = { 0 };

		base64_write(texts[i], strlen(texts[i]), &text);
		CHECK_OK(base64_read(buf_text(&text), text.len, &back));
		CHECK_STR(buf_text(&back), texts[i]);
	}
}

TEST(base64_that_is_none_is_refused)
{
	static const char *const bad[] = { "a", "Zm9v!", "Zg=", "Zh==", "Z===" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		OWN(buf) struct buf out = { 0 };

		CHECK_INT(base64_read(bad[i], strlen(bad[i]), &out), -EINVAL);
	}
}

TESTS(T(challenges_are_told_apart_whatever_their_order_and_quotes),
      T(what_is_no_challenge_is_refused), T(the_next_page_is_the_link_that_says_so),
      T(warnings_are_one_harmless_line), T(numbers_and_ranges_are_digits_and_nothing_else),
      T(base64_is_read_as_it_was_written), T(base64_that_is_none_is_refused))
