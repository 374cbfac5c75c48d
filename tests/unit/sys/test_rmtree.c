/* test_rmtree.c - what is removed, and what must survive */
#include "sys/rmtree.h"

#include "base/own.h"
#include "base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "check.h"

static char scratch[] = "/tmp/rmtree.XXXXXX";
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

static void touch(const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	(void)close(fd);
}

static bool exists(const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

TEST(what_is_absent_is_fine)
{
	CHECK_OK(rmtree_at(dir, "nothing"));
}

TEST(a_file_a_link_and_an_empty_directory_are_removed)
{
	touch("file");
	CHECK_OK(symlinkat("/etc", dir, "link"));
	CHECK_OK(mkdirat(dir, "empty", 0));
	CHECK_OK(rmtree_at(dir, "file"));
	CHECK_OK(rmtree_at(dir, "link"));
	CHECK_OK(rmtree_at(dir, "empty"));
	CHECK(!exists("file") && !exists("link") && !exists("empty"));
}

TEST(a_tree_is_removed_and_links_in_it_are_not_followed)
{
	CHECK_OK(mkdirat(dir, "keep", 0700));
	touch("keep/me");
	CHECK_OK(mkdirat(dir, "tree", 0700));
	CHECK_OK(mkdirat(dir, "tree/sub", 0700));
	touch("tree/sub/file");
	CHECK_OK(symlinkat("../../keep", dir, "tree/sub/link"));
	CHECK_OK(symlinkat("../keep", dir, "tree/link"));
	CHECK_OK(rmtree_at(dir, "tree"));
	CHECK(!exists("tree"));
	CHECK(exists("keep/me"));
	CHECK_OK(rmtree_at(dir, "keep"));
}

TEST(a_fifo_does_not_hang_it)
{
	CHECK_OK(mkdirat(dir, "tree", 0700));
	CHECK_OK(mkfifoat(dir, "tree/fifo", 0600));
	CHECK_OK(rmtree_at(dir, "tree"));
}

TEST(more_names_than_one_read_returns_are_removed)
{
	char name[64];

	CHECK_OK(mkdirat(dir, "many", 0700));
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "many/file-with-a-longer-name-%d", i);
		touch(name);
	}
	CHECK_OK(rmtree_at(dir, "many"));
	CHECK(!exists("many"));
}

TEST(depth_is_no_limit)
{
	int at = dup(dir);

	for (int i = 0; i < 300; i++) {
		int next;

		CHECK_OK(mkdirat(at, "a-directory-name", 0700));
		next = openat(at, "a-directory-name", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
		CHECK(next >= 0);
		(void)close(at);
		at = next;
	}
	(void)close(at);
	CHECK_OK(rmtree_at(dir, "a-directory-name"));
	CHECK(!exists("a-directory-name"));
}

TEST(contents_go_and_the_directory_stays)
{
	OWN(fd) int fd = -1;

	CHECK_OK(mkdirat(dir, "stays", 0700));
	touch("stays/file");
	fd = openat(dir, "stays", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	CHECK_OK(rmtree_contents(fd));
	CHECK(exists("stays") && !exists("stays/file"));
	CHECK_OK(rmtree_at(dir, "stays"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_absent_is_fine),
		T(a_file_a_link_and_an_empty_directory_are_removed),
		T(a_tree_is_removed_and_links_in_it_are_not_followed),
		T(a_fifo_does_not_hang_it),
		T(more_names_than_one_read_returns_are_removed),
		T(depth_is_no_limit),
		T(contents_go_and_the_directory_stays),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
