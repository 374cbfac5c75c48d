/* test_log_reader.c - lines come in order, across rotated files, from the end or from the beginning
 */
#include "base/own.h"
#include "cmd/log_reader.h"

#include "check.h"

#include <unistd.h>

static char dir[64];
static struct err err;

static const char *file(const char *suffix)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/x.log%s", dir, suffix);
	return path;
}

static void append(const char *suffix, const char *text)
{
	FILE *f = fopen(file(suffix), "a");

	CHECK(f != NULL);
	(void)fputs(text, f);
	(void)fclose(f);
}

static void rotate(void)
{
	OWN(str) char *to = str_printf("%s/x.log.1", dir);

	CHECK_OK(rename(file(""), to));
}

#define LINE(text, stream)                                                                         \
	"{\"log\":\"" text "\\n\",\"stream\":\"" stream "\",\"time\":\"2026-01-02T03:04:05Z\"}\n"

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test_log_reader.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const suffixes[] = { "", ".1", ".2" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		(void)unlink(file(suffixes[i]));
	return rmdir(dir);
}

/* All that there is now, joined. */
static const char *read_all(struct log_reader *l)
{
	static struct buf out;
	struct log_entry e;

	buf_done(&out);
	while (log_reader_next(l, &e, &err) == 1)
		buf_add(&out, e.text, e.len);
	return buf_text(&out);
}

static const char *read_tail(int64_t tail)
{
	OWN(log_reader) struct log_reader *l = NULL;

	CHECK_OK(log_reader_open(file(""), tail, &l, &err));
	return read_all(l);
}

TEST(an_entry_has_text_stream_and_time)
{
	OWN(log_reader) struct log_reader *l = NULL;
	struct log_entry e;

	append("", LINE("one", "stdout") LINE("two", "stderr"));
	CHECK_OK(log_reader_open(file(""), -1, &l, &err));
	CHECK_INT(log_reader_next(l, &e, &err), 1);
	CHECK(e.len == 4 && memcmp(e.text, "one\n", 4) == 0 && !e.is_stderr);
	CHECK(e.time == 1767323045000000000);
	CHECK_INT(log_reader_next(l, &e, &err), 1);
	CHECK(e.is_stderr);
	CHECK_INT(log_reader_next(l, &e, &err), 0);
}

TEST(a_log_that_is_not_there_is_empty)
{
	CHECK_STR(read_tail(-1), "");
	CHECK_STR(read_tail(3), "");
}

TEST(rotated_files_come_first)
{
	append(".2", LINE("1", "stdout"));
	append(".1", LINE("2", "stdout"));
	append("", LINE("3", "stdout"));
	CHECK_STR(read_tail(-1), "1\n2\n3\n");
}

TEST(the_tail_counts_lines_across_files)
{
	append(".1", LINE("1", "stdout") LINE("2", "stdout"));
	append("", LINE("3", "stdout") LINE("4", "stdout"));
	CHECK_STR(read_tail(0), "");
	CHECK_STR(read_tail(1), "4\n");
	CHECK_STR(read_tail(2), "3\n4\n");
	CHECK_STR(read_tail(3), "2\n3\n4\n");
	CHECK_STR(read_tail(9), "1\n2\n3\n4\n");
}

TEST(the_tail_is_right_in_a_log_of_many_blocks)
{
	for (int i = 0; i < 3000; i++)
		append("", i < 2999 ? LINE("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "stdout")
				    : LINE("last", "stdout"));
	CHECK_STR(read_tail(1), "last\n");
	CHECK_INT(strlen(read_tail(2001)), 2000 * 41 + 5);
}

TEST(torn_and_foreign_lines_are_passed_over)
{
	append("",
	       LINE("1", "stdout") "garbage\n{\"log\":5}\n" LINE("2", "stdout") "{\"log\":\"half");
	CHECK_STR(read_tail(-1), "1\n2\n");
}

TEST(what_is_appended_later_is_read_later_also_after_a_rotation)
{
	OWN(log_reader) struct log_reader *l = NULL;

	append("", LINE("1", "stdout") "{\"log\":\"2\\n\",");
	CHECK_OK(log_reader_open(file(""), -1, &l, &err));
	CHECK_STR(read_all(l), "1\n");
	append("", "\"stream\":\"stdout\"}\n" LINE("3", "stdout"));
	CHECK_STR(read_all(l), "2\n3\n");
	append("", LINE("4", "stdout"));
	rotate();
	append("", LINE("5", "stdout"));
	CHECK_STR(read_all(l), "4\n5\n");
}

#define L(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
TESTS(L(an_entry_has_text_stream_and_time), L(a_log_that_is_not_there_is_empty),
      L(rotated_files_come_first), L(the_tail_counts_lines_across_files),
      L(the_tail_is_right_in_a_log_of_many_blocks), L(torn_and_foreign_lines_are_passed_over),
      L(what_is_appended_later_is_read_later_also_after_a_rotation))
