/* test_file.c - small files, atomic replacement, locks */
#include "sys/file.h"

#include "base/own.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "check.h"

static char scratch[] = "/tmp/file.XXXXXX";
static int dir = -1;

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(scratch))
		return -1;
	dir = open(scratch, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)close(dir);
	return rmdir(scratch);
}

TEST(what_was_written_is_read)
{
	OWN(str) char *text = NULL;
	size_t len;

	CHECK_OK(file_write_at(dir, "a", "one\0two", 7, 0640, FILE_SYNC));
	CHECK_OK(file_read_at(dir, "a", 100, &text, &len));
	CHECK_INT(len, 7);
	CHECK_INT(memcmp(text, "one\0two", 8), 0);
	CHECK_OK(unlinkat(dir, "a", 0));
}

TEST(replacing_leaves_no_temporary_file_and_sets_the_mode)
{
	struct stat st;
	mode_t mask = umask(077);

	CHECK_OK(file_write_at(dir, "b", "1", 1, 0644, 0));
	CHECK_OK(file_write_at(dir, "b", "22", 2, 0644, 0));
	(void)umask(mask);
	CHECK_OK(fstatat(dir, "b", &st, 0));
	CHECK_INT(st.st_mode & 0777, 0644);
	CHECK_INT(st.st_size, 2);
	CHECK_OK(unlinkat(dir, "b", 0));
}

TEST(a_path_may_have_directories)
{
	OWN(str) char *text = NULL;

	CHECK_OK(mkdirat(dir, "d", 0700));
	CHECK_OK(file_write_at(dir, "d/c", "x", 1, 0600, FILE_SYNC));
	CHECK_OK(file_read_at(dir, "d/c", 1, &text, NULL));
	CHECK_STR(text, "x");
	CHECK_OK(unlinkat(dir, "d/c", 0));
	CHECK_OK(unlinkat(dir, "d", AT_REMOVEDIR));
}

TEST(what_is_larger_than_allowed_is_refused)
{
	char *text = NULL, small[3];

	CHECK_OK(file_write_at(dir, "big", "12345", 5, 0600, 0));
	CHECK_INT(file_read_at(dir, "big", 4, &text, NULL), -EFBIG);
	CHECK_NULL(text);
	CHECK_INT(file_read_into(dir, "big", small, sizeof(small)), -EFBIG);
	CHECK_OK(unlinkat(dir, "big", 0));
}

TEST(links_and_fifos_are_refused_at_once)
{
	char *text = NULL;

	CHECK_OK(symlinkat("/etc/passwd", dir, "link"));
	CHECK_OK(mkfifoat(dir, "fifo", 0600));
	CHECK_INT(file_read_at(dir, "link", 4096, &text, NULL), -ELOOP);
	CHECK_INT(file_read_at(dir, "fifo", 4096, &text, NULL), -EINVAL);
	CHECK_INT(file_read_at(dir, "absent", 4096, &text, NULL), -ENOENT);
	CHECK_OK(unlinkat(dir, "link", 0));
	CHECK_OK(unlinkat(dir, "fifo", 0));
}

TEST(files_of_the_kernel_are_read_though_they_claim_to_be_empty)
{
	OWN(str) char *text = NULL;
	char buf[8192];
	size_t len;

	CHECK_OK(file_read_at(AT_FDCWD, "/proc/self/status", 65536, &text, &len));
	CHECK(len > 100);
	CHECK(file_read_into(AT_FDCWD, "/proc/self/status", buf, sizeof(buf)) > 100);
	CHECK_INT(strncmp(buf, "Name:", 5), 0);
}

TEST(a_lock_is_seen_by_other_openers)
{
	OWN(fd) int one = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	OWN(fd) int two = openat(dir, "lock", O_RDWR | O_CLOEXEC);

	CHECK_OK(file_lock(one, false));
	CHECK_INT(file_lock(two, false), -EWOULDBLOCK);
	CHECK_INT(file_is_locked_ofd(two), 0);
	CHECK_OK(file_lock_ofd(one, false));
	CHECK_INT(file_is_locked_ofd(two), 1);
	CHECK_INT(file_lock_ofd(two, false), -EAGAIN);
	CHECK_OK(unlinkat(dir, "lock", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_was_written_is_read),
		T(replacing_leaves_no_temporary_file_and_sets_the_mode),
		T(a_path_may_have_directories),
		T(what_is_larger_than_allowed_is_refused),
		T(links_and_fifos_are_refused_at_once),
		T(files_of_the_kernel_are_read_though_they_claim_to_be_empty),
		T(a_lock_is_seen_by_other_openers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
