/* test_number_list.c - sets of small numbers */
#include "check.h"

#include "codec/number_list.h"

#include <errno.h>

static struct number_set set;

TEST(numbers_and_ranges_are_bits)
{
	CHECK_OK(number_list_parse("0-2,5,64", &set));
	CHECK_INT(set.words[0], 0x27);
	CHECK_INT(set.words[1], 1);
	CHECK_OK(number_list_parse("1023", &set));
	CHECK(set.words[0] == 0 && set.words[15] == 1UL << 63);
}

TEST(anything_else_is_refused)
{
	static const char *const wrong[] = { "",    ",",  "1,",   "-1",          "3-1", "a",
					     "1 2", "1-", "1024", "99999999999", "0x1", "1--2" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_INT(number_list_parse(wrong[i], &set), -EINVAL);
}

TESTS(T(numbers_and_ranges_are_bits), T(anything_else_is_refused))
