/* test_log_line.c - lines of a json-file log */
#include "codec/log_line.h"

#include "base/str.h"

#include <errno.h>

#include "check.h"

static const char *written(const char *text, size_t len, bool ends)
{
	static char out[LOG_LINE_MAX + 1];
	struct log_line line = { text, len, ends, "stdout", 1767323045678901230 };

	out[log_line_write(&line, out)] = '\0';
	return out;
}

#define TIME ",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05.67890123Z\"}\n"

TEST(a_line_is_docker_s_json)
{
	CHECK_STR(written("hello", 5, true), "{\"log\":\"hello\\n\"" TIME);
}

TEST(what_goes_on_has_no_newline)
{
	CHECK_STR(written("hel", 3, false), "{\"log\":\"hel\"" TIME);
}

TEST(special_characters_are_escaped_as_docker_does)
{
	CHECK_STR(
		written("\"\\\r\t\n<>&\x7f\x01\0z", 12, true),
		"{\"log\":\"\\\"\\\\\\r\\u0009\\n\\u003c\\u003e\\u0026\x7f\\u0001\\u0000z\\n\"" TIME);
}

TEST(utf8_stays_and_line_separators_are_escaped)
{
	CHECK_STR(written("\u00e4\u20ac\U0001f600\u2028\u2029", 15, true),
		  "{\"log\":\"\u00e4\u20ac\U0001f600\\u2028\\u2029\\n\"" TIME);
}

TEST(each_byte_that_is_no_utf8_becomes_a_replacement_character)
{
	CHECK_STR(written("a\xff\xc3z\xed\xa0\x80\xf4\x90\x80\x80\xc0\x80", 13, true),
		  "{\"log\":\"a\\ufffd\\ufffdz\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd"
		  "\\ufffd\\ufffd\\n\"" TIME);
}

TEST(the_longest_line_fits)
{
	static char text[LOG_LINE_TEXT_MAX];

	memset(text, 1, sizeof(text));
	CHECK_INT(strlen(written(text, sizeof(text), true)),
		  LOG_LINE_TEXT_MAX * 6 + strlen("{\"log\":\"\\n\"" TIME));
}

TEST(a_cut_does_not_split_a_character)
{
	CHECK_INT(log_line_cut("abc", 3), 3);
	CHECK_INT(log_line_cut("ab\xc3", 3), 2);
	CHECK_INT(log_line_cut("ab\xc3\xa4", 4), 4);
	CHECK_INT(log_line_cut("a\xf0\x9f\x98", 4), 1);
	CHECK_INT(log_line_cut("a\xf0\x9f\x98\x80", 5), 5);
}

TEST(a_cut_keeps_what_is_no_character)
{
	CHECK_INT(log_line_cut("a\x80\x80\x80", 4), 4);
	CHECK_INT(log_line_cut("a\xe2z", 3), 3);
	CHECK_INT(log_line_cut("a\xed\xa0", 3), 3);
	CHECK_INT(log_line_cut("", 0), 0);
}

static int read_entry(const char *entry, size_t len, struct log_line *ret)
{
	static char copy[4096];

	memcpy(copy, entry, len);
	return log_line_read(copy, len, ret);
}

TEST(what_was_written_is_read_back)
{
	static const char text[] = "a\"\\\t<\0>\u00e4\u20ac\U0001f600\u2028";
	const char *entry = written(text, sizeof(text) - 1, true);
	struct log_line l;

	CHECK_OK(read_entry(entry, strlen(entry), &l));
	CHECK_INT(l.len, sizeof(text) - 1);
	assert_memory_equal(l.text, text, l.len);
	CHECK_INT(l.ends, 1);
	CHECK_STR(l.stream, "stdout");
	CHECK_INT(l.time, 1767323045678901230);
}

TEST(docker_s_entries_with_more_members_are_read)
{
	static const char entry[] =
		"{\"attrs\": {\"a\":[1, true,{}],\"b\":\"}\"}, \"log\":\"\\ud83d\\ude00\\ud83d\\/\", "
		"\"stream\":\"stderr\",\"time\":\"2026-01-02T03:04:05Z\" }\n";
	struct log_line l;

	CHECK_OK(read_entry(entry, sizeof(entry) - 1, &l));
	CHECK_INT(l.len, 8);
	assert_memory_equal(l.text, "\U0001f600\ufffd/", 8);
	CHECK_INT(l.ends, 0);
	CHECK_STR(l.stream, "stderr");
}

TEST(what_is_torn_is_no_entry)
{
	static const char entry[] = "{\"log\":\"a\\u0041\",\"time\":\"2026-01-02T03:04:05Z\"}";
	struct log_line l;

	for (size_t len = 0; len < sizeof(entry) - 1; len++)
		CHECK_INT(read_entry(entry, len, &l), -EINVAL);
	CHECK_OK(read_entry(entry, sizeof(entry) - 1, &l));
	CHECK_INT(read_entry("{\"log\":\"a\"}{", 12, &l), -EINVAL);
	CHECK_INT(read_entry("{\"log\":7}", 9, &l), -EINVAL);
}

TESTS(T(a_line_is_docker_s_json), T(what_goes_on_has_no_newline),
      T(special_characters_are_escaped_as_docker_does),
      T(utf8_stays_and_line_separators_are_escaped),
      T(each_byte_that_is_no_utf8_becomes_a_replacement_character), T(the_longest_line_fits),
      T(a_cut_does_not_split_a_character), T(a_cut_keeps_what_is_no_character),
      T(what_was_written_is_read_back), T(docker_s_entries_with_more_members_are_read),
      T(what_is_torn_is_no_entry))
