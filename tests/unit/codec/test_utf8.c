/*
 * test_utf8.c - is it UTF-8?
 */
#include "check.h"

#include "codec/utf8.h"

#include <string.h>

TEST(the_length_of_a_character_is_known_and_invalid_ones_have_none)
{
	static const struct {
		const char *s;
		size_t want;
	} cases[] = {
		{ "a", 1 },
		{ "\x7f", 1 },
		{ "\xc2\x80", 2 },
		{ "\xdf\xbf", 2 },
		{ "\xe0\xa0\x80", 3 },
		{ "\xef\xbf\xbf", 3 },
		{ "\xf0\x90\x80\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		{ "\x80", 0 }, /* a continuation alone */
		{ "\xc3", 0 }, /* cut off */
		{ "\xe2\x82", 0 },
		{ "\xf0\x9f\x98", 0 },
		{ "\xc1\xbf", 0 }, /* overlong */
		{ "\xe0\x9f\xbf", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 },
		{ "\xed\xa0\x80", 0 },     /* a surrogate */
		{ "\xf4\x90\x80\x80", 0 }, /* beyond U+10FFFF */
		{ "\xf8\x88\x80\x80", 0 },
		{ "\xff", 0 },
		{ "\xc3 ", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_INT(utf8_len(cases[i].s, strlen(cases[i].s)), cases[i].want);
}

TEST(a_text_is_valid_when_all_of_it_is)
{
	CHECK(utf8_is_valid("", 0));
	CHECK(utf8_is_valid("h\xc3\xa9llo", 6));
	CHECK(!utf8_is_valid("h\xc3\xa9llo\xff", 7));
	CHECK(!utf8_is_valid("h\xc3\xa9", 2));
}

TESTS(T(the_length_of_a_character_is_known_and_invalid_ones_have_none),
      T(a_text_is_valid_when_all_of_it_is))
