/* test_err.c - messages: one line of text, whatever names they carry */
#include "check.h"

#include "base/err.h"

TEST(control_characters_in_a_message_are_defused)
{
	struct err err = ERR_INIT;

	CHECK_INT(err_set(&err, -EINVAL, "%s",
			  "a\x1b[2Jb\nc\x7f\t\r\xc2\x9b"
			  "31m"),
		  -EINVAL);
	CHECK_STR(err.msg, "a?[2Jb?c????"
			   "?31m");
	CHECK_INT(err_wrap(&err, "layer\n%d", 1), -EINVAL);
	CHECK_STR(err.msg, "layer?1: a?[2Jb?c????"
			   "?31m");
}

TEST(text_in_any_language_stays)
{
	struct err err = ERR_INIT;

	err_set(&err, -EINVAL, "%s", "näme \xc2\xa0 … 図");
	CHECK_STR(err.msg, "näme \xc2\xa0 … 図");
}

TEST(a_message_that_is_too_long_ends_with_an_ellipsis)
{
	struct err err = ERR_INIT;
	char text[2 * sizeof(err.msg)];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&err, -EINVAL, "%s", text);
	CHECK_INT(strlen(err.msg), sizeof(err.msg) - 1);
	CHECK_STR(err.msg + sizeof(err.msg) - sizeof("x…"), "x…");
}

TESTS(T(control_characters_in_a_message_are_defused), T(text_in_any_language_stays),
      T(a_message_that_is_too_long_ends_with_an_ellipsis))
