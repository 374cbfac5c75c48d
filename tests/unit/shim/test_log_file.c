/* test_log_file.c - the container's log: lines across reads, long lines, rotation */
#include "shim/log_file.h"

#include "base/own.h"
#include "base/str.h"
#include "codec/json.h"
#include "sys/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "check.h"

static char scratch[] = "/tmp/log-file.XXXXXX";
static char path[64];
static struct log_room room;
static struct log_file l;

static void begin(uint64_t max_size, int max_files)
{
	log_file_init(&l, &room, path, max_size, max_files);
}

static void add(const char *text)
{
	log_file_add(&l, LOG_STDOUT, text, strlen(text), 1);
}

static char *text_of(int rotated)
{
	OWN(str) char *name = rotated ? str_printf("%s.%d", path, rotated) : str_dup(path);
	char *text = NULL;

	(void)file_read_at(AT_FDCWD, name, 4 << 20, &text, NULL);
	return text;
}

/* The texts of all entries, with a | behind each. */
static char *entries(int rotated)
{
	OWN(str) char *text = text_of(rotated);
	struct buf out = { 0 };
	size_t at = 0;

	while (text && text[at]) {
		size_t len = strcspn(text + at, "\n") + 1;
		OWN(json) struct json_object *tree = NULL;

		CHECK_OK(json_parse(text + at, len, &tree, NULL));
		buf_printf(&out, "%s|",
			   json_object_get_string(json_object_object_get(tree, "log")));
		at += len;
	}
	buf_adds(&out, "");
	return buf_take(&out);
}

static int clean(void **state)
{
	(void)state;
	fd_cleanup(&l.fd);
	for (int i = 0; i < 5; i++) {
		OWN(str) char *name = i ? str_printf("%s.%d", path, i) : str_dup(path);

		(void)unlink(name);
	}
	return 0;
}

TEST(nothing_said_makes_no_file)
{
	begin(0, 1);
	log_file_end(&l, 1);
	CHECK_INT(access(path, F_OK), -1);
}

TEST(a_line_that_comes_in_pieces_is_one_entry)
{
	begin(0, 1);
	add("he");
	add("llo\nwor");
	add("ld\n\nend");
	log_file_end(&l, 1);

	OWN(str) char *got = entries(0);

	CHECK_STR(got, "hello\n|world\n|\n|end|");
}

TEST(the_two_streams_do_not_mix)
{
	begin(0, 1);
	log_file_add(&l, LOG_STDOUT, "ou", 2, 1);
	log_file_add(&l, LOG_STDERR, "er", 2, 1);
	log_file_add(&l, LOG_STDOUT, "t\n", 2, 1);
	log_file_add(&l, LOG_STDERR, "r\n", 2, 1);

	OWN(str) char *got = entries(0);

	CHECK_STR(got, "out\n|err\n|");
}

TEST(a_long_line_is_cut_between_characters_and_its_parts_have_one_time)
{
	static char line[LOG_LINE_TEXT_MAX * 2 + 2];
	OWN(str) char *text = NULL;

	begin(0, 1);
	memset(line, 'x', sizeof(line) - 1);
	memcpy(line + LOG_LINE_TEXT_MAX - 1, "\u00e4", 2);
	log_file_add(&l, LOG_STDOUT, line, sizeof(line) - 1, 1000000000);
	log_file_add(&l, LOG_STDOUT, "y\n", 2, 2000000000);
	text = text_of(0);
	CHECK_INT(strcspn(text, "\n"),
		  strlen("{\"log\":\"\",\"stream\":\"stdout\",\"time\":\"\"}") + LOG_LINE_TEXT_MAX -
			  1 + strlen("1970-01-01T00:00:01Z"));
	CHECK_NULL(strstr(text, "\\ufffd"));
	CHECK_NULL(strstr(text, "00:00:02Z"));
	CHECK(str_ends(text, "y\\n\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:01Z\"}\n"));
}

TEST(many_lines_at_once_are_all_there)
{
	static char block[32768];
	OWN(str) char *got = NULL;

	begin(0, 1);
	memset(block, '\n', sizeof(block));
	log_file_add(&l, LOG_STDOUT, block, sizeof(block), 1);
	got = entries(0);
	CHECK_INT(strlen(got), 2 * sizeof(block));
}

TEST(a_full_log_is_rotated_before_the_next_line)
{
	begin(1, 3);
	add("one\ntwo\n");
	add("three\nfour\n");

	OWN(str) char *now = entries(0);
	OWN(str) char *before = entries(1);
	OWN(str) char *first = entries(2);

	CHECK_STR(now, "four\n|");
	CHECK_STR(before, "three\n|");
	CHECK_STR(first, "two\n|");
	CHECK_NULL(text_of(3));
}

TEST(with_one_file_a_full_log_is_emptied)
{
	begin(1, 1);
	add("one\ntwo\n");

	OWN(str) char *now = entries(0);

	CHECK_STR(now, "two\n|");
	CHECK_NULL(text_of(1));
}

TEST(a_log_is_continued_by_the_next_run)
{
	begin(0, 1);
	add("one\n");
	fd_cleanup(&l.fd);
	begin(0, 1);
	add("two\n");

	OWN(str) char *now = entries(0);

	CHECK_STR(now, "one\n|two\n|");
}

TEST(a_disk_that_is_full_loses_lines_and_no_parts_of_lines)
{
	struct rlimit before, small = { 100, RLIM_INFINITY };
	OWN(str) char *got = NULL;

	CHECK_OK(getrlimit(RLIMIT_FSIZE, &before));
	small.rlim_max = before.rlim_max;
	(void)signal(SIGXFSZ, SIG_IGN);
	CHECK_OK(setrlimit(RLIMIT_FSIZE, &small));
	begin(0, 1);
	add("one\n");
	add("two is lost\n");
	CHECK_OK(setrlimit(RLIMIT_FSIZE, &before));
	add("three\n");
	got = entries(0);
	CHECK_STR(got, "one\n|three\n|");
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(scratch))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/log", scratch);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(scratch);
}

#define L(name) cmocka_unit_test_teardown(name, clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		L(nothing_said_makes_no_file),
		L(a_line_that_comes_in_pieces_is_one_entry),
		L(the_two_streams_do_not_mix),
		L(a_long_line_is_cut_between_characters_and_its_parts_have_one_time),
		L(many_lines_at_once_are_all_there),
		L(a_full_log_is_rotated_before_the_next_line),
		L(with_one_file_a_full_log_is_emptied),
		L(a_log_is_continued_by_the_next_run),
		L(a_disk_that_is_full_loses_lines_and_no_parts_of_lines),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
