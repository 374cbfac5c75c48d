/*
 * test_subid.c - ranges of users that an ordinary user may map
 */
#include "check.h"

#include "codec/subid.h"

TEST(a_user_has_the_lines_of_his_name_and_of_his_number)
{
	struct subid_range r[SUBID_RANGES_MAX];
	size_t n = subid_parse("root:1:1\nann:100000:65536\n1000:300000:10\nann2:7:7\n", "ann",
			       1000, r);

	assert_int_equal(n, 2);
	assert_int_equal(r[0].first, 100000);
	assert_int_equal(r[0].count, 65536);
	assert_int_equal(r[1].first, 300000);
	assert_int_equal(r[1].count, 10);
}

TEST(a_user_without_a_name_has_those_of_his_number)
{
	struct subid_range r[SUBID_RANGES_MAX];

	assert_int_equal(subid_parse("1000:5:6", NULL, 1000, r), 1);
	assert_int_equal(r[0].first, 5);
	assert_int_equal(r[0].count, 6);
	assert_int_equal(subid_parse("10000:5:6\n100:5:6\n", NULL, 1000, r), 0);
}

TEST(malformed_lines_are_passed_over)
{
	static const char *const bad[] = { "",          "ann",      "ann:",
					   "ann:1",     "ann:1:",   "ann::1",
					   "ann:1:0",   "ann:x:1",  "ann:1:x",
					   "ann:1:2:3", "ann:-1:2", "ann:4294967296:1",
					   ":1:2",      "ann:1:2 ", "ann:4294967295:2" };
	struct subid_range r[SUBID_RANGES_MAX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (subid_parse(bad[i], "ann", 1000, r) != 0)
			fail_msg("taken: %s", bad[i]);
}

TEST(no_more_ranges_are_taken_than_there_is_room_for)
{
	struct subid_range r[SUBID_RANGES_MAX];
	static const char line[] = "ann:9:9\n";
	char text[(SUBID_RANGES_MAX + 3) * (sizeof(line) - 1) + 1] = "";

	for (int i = 0; i < SUBID_RANGES_MAX + 3; i++)
		memcpy(text + (size_t)i * (sizeof(line) - 1), line, sizeof(line) - 1);
	assert_int_equal(subid_parse(text, "ann", 1000, r), SUBID_RANGES_MAX);
}

TEST(a_name_is_found_by_its_number)
{
	static const char passwd[] = "root:x:0:0::/:/bin/sh\nbad\n:x:7:7:::\nann:x:1000:5::/:\n";
	const char *name;

	assert_int_equal(subid_user_name(passwd, 1000, &name), 3);
	assert_memory_equal(name, "ann", 3);
	assert_int_equal(subid_user_name(passwd, 0, &name), 4);
	assert_int_equal(subid_user_name(passwd, 7, &name), 0);
	assert_int_equal(subid_user_name(passwd, 5, &name), 0);
}

TESTS(T(a_user_has_the_lines_of_his_name_and_of_his_number),
      T(a_user_without_a_name_has_those_of_his_number), T(malformed_lines_are_passed_over),
      T(no_more_ranges_are_taken_than_there_is_room_for), T(a_name_is_found_by_its_number))
