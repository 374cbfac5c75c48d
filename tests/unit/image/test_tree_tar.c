/* test_tree_tar.c - trees as tars, taken apart again; what is counted and compared in them */
#include "check.h"

#include "base/arena.h"
#include "base/own.h"
#include "base/str.h"
#include "image/image.h"
#include "image/tree_count.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char outer[64];
	int tmp, fd; /* fd: the directory */
	int from, to;
	struct err err;
};
#define OUT "../" /* beside the tree */

static void make(struct fixture *f, const char *name, const char *text)
{
	OWN(fd) int fd = openat(f->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0);
	CHECK_INT(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	(void)snprintf(f->outer, sizeof(f->outer), "/tmp/test_tree_tar.XXXXXX");
	CHECK(mkdtemp(f->outer));
	f->tmp = open("/tmp", O_RDONLY | O_DIRECTORY);
	f->fd = open(f->outer, O_RDONLY | O_DIRECTORY);
	CHECK_OK(mkdirat(f->fd, "from", 0755));
	CHECK_OK(mkdirat(f->fd, "to", 0755));
	f->from = openat(f->fd, "from", O_RDONLY | O_DIRECTORY);
	f->to = openat(f->fd, "to", O_RDONLY | O_DIRECTORY);
	CHECK_OK(mkdirat(f->fd, "from/dir", 0750));
	make(f, "from/b", "two");
	make(f, "from/a", "one");
	make(f, "from/dir/.wh.x", "");
	CHECK_OK(linkat(f->from, "a", f->from, "dir/again", 0));
	CHECK_OK(symlinkat("../b", f->from, "dir/link"));
	CHECK_OK(mkfifoat(f->from, "fifo", 0600));
}

static void fixture_cleanup(struct fixture *f)
{
	close(f->from);
	close(f->to);
	close(f->fd);
	CHECK_OK(rmtree_at(f->tmp, f->outer + strlen("/tmp/")));
	close(f->tmp);
}

static int new_tar(struct fixture *f, const char *name)
{
	int fd = openat(f->fd, name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0);
	CHECK_OK(tree_tar_export(f->from, fd, &f->err));
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int untar(struct fixture *f, int tar, int64_t *ret_bytes)
{
	const struct tree_untar_spec spec = {
		.from = tar, .dir = f->to, .uid = geteuid(), .gid = getegid()
	};

	return tree_untar(&spec, ret_bytes, &f->err);
}

static bool same_bytes(int x, int y)
{
	char a[64 << 10], b[64 << 10];
	ssize_t n = pread(x, a, sizeof(a), 0);

	return n > 0 && pread(y, b, sizeof(b), 0) == n && memcmp(a, b, (size_t)n) == 0;
}

TEST(the_same_tree_gives_the_same_bytes_whatever_the_order_it_was_made_in)
{
	struct fixture f;
	struct stat st;
	int x, y;

	fixture_init(&f);
	CHECK_OK(fstatat(f.from, "b", &st, 0));
	x = new_tar(&f, "x.tar");
	CHECK_OK(unlinkat(f.from, "b", 0));
	make(&f, "from/b", "two");
	CHECK_OK(utimensat(f.from, "b", (struct timespec[]){ st.st_atim, st.st_mtim }, 0));
	y = new_tar(&f, "y.tar");
	CHECK(same_bytes(x, y));
	close(x);
	close(y);
	fixture_cleanup(&f);
}

TEST(what_was_written_is_there_again_and_counts_the_same)
{
	struct fixture f;
	struct tree_counts before, after;
	struct stat a, again, st;
	char link[16] = "";
	int64_t bytes;
	int tar;

	fixture_init(&f);
	tar = new_tar(&f, "x.tar");
	CHECK_OK(untar(&f, tar, &bytes));
	CHECK_INT(bytes, 6);
	CHECK_OK(tree_count(f.from, &before));
	CHECK_OK(tree_count(f.to, &after));
	CHECK_INT(before.inodes, 6); /* a (twice), b, dir, .wh.x, link, fifo */
	CHECK_INT(before.inodes, after.inodes);
	CHECK_INT(before.size, 6);
	CHECK_INT(after.size, 6);
	CHECK_OK(fstatat(f.to, "a", &a, 0));
	CHECK_OK(fstatat(f.to, "dir/again", &again, 0));
	CHECK(a.st_ino == again.st_ino);
	CHECK_OK(fstatat(f.to, "dir", &st, 0));
	CHECK_INT(st.st_mode & 07777, 0750);
	CHECK_OK(fstatat(f.to, "dir/.wh.x", &st, 0));
	CHECK_INT(readlinkat(f.to, "dir/link", link, sizeof(link)), 4);
	CHECK_STR(link, "../b");
	close(tar);
	fixture_cleanup(&f);
}

TEST(a_directory_is_not_replaced_by_a_file_nor_a_file_by_a_directory)
{
	struct fixture f;
	int64_t bytes;
	int tar;

	fixture_init(&f);
	tar = new_tar(&f, "x.tar");
	CHECK_OK(mkdirat(f.to, "a", 0755));
	CHECK_ERR(untar(&f, tar, &bytes), -EISDIR, &f.err,
		  "cannot overwrite directory with non-directory: a");
	CHECK_OK(unlinkat(f.to, "a", AT_REMOVEDIR));
	make(&f, "to/dir", "");
	CHECK_INT(lseek(tar, 0, SEEK_SET), 0);
	CHECK_ERR(untar(&f, tar, &bytes), -ENOTDIR, &f.err,
		  "cannot overwrite non-directory with directory: dir");
	close(tar);
	fixture_cleanup(&f);
}

TEST(nothing_is_written_through_a_link)
{
	struct fixture f;
	struct stat st;
	int64_t bytes;
	int tar;

	fixture_init(&f);
	CHECK_OK(mkdirat(f.fd, "outside", 0755));
	CHECK_OK(symlinkat(OUT "outside", f.to, "dir"));
	tar = new_tar(&f, "x.tar");
	CHECK(untar(&f, tar, &bytes) < 0);
	CHECK_INT(fstatat(f.fd, "outside/again", &st, 0), -1);
	close(tar);
	fixture_cleanup(&f);
}

TEST(changes_are_told_by_path_and_a_directory_that_is_only_there_is_none)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct layer_change *changes;
	struct fixture f;
	struct stat st;
	size_t n;

	fixture_init(&f); /* from: what is beneath; to: the layer */
	CHECK_OK(mkdirat(f.to, "dir", 0750));
	make(&f, "to/new", "");
	make(&f, "to/a", "changed");
	CHECK_OK(fstatat(f.from, "dir", &st, 0));
	CHECK_OK(utimensat(f.to, "dir", (struct timespec[]){ st.st_atim, st.st_mtim }, 0));
	CHECK_OK(layer_changes(f.to, f.from, &a, &changes, &n, &f.err));
	CHECK_INT(n, 2);
	CHECK_INT(changes[0].kind, 'C');
	CHECK_STR(changes[0].path, "/a");
	CHECK_INT(changes[1].kind, 'A');
	CHECK_STR(changes[1].path, "/new");
	make(&f, "to/dir/in", "");
	CHECK_OK(layer_changes(f.to, f.from, &a, &changes, &n, &f.err));
	CHECK_INT(n, 4);
	CHECK_STR(changes[1].path, "/dir");
	CHECK_INT(changes[1].kind, 'C');
	CHECK_STR(changes[2].path, "/dir/in");
	fixture_cleanup(&f);
}

TESTS(T(the_same_tree_gives_the_same_bytes_whatever_the_order_it_was_made_in),
      T(what_was_written_is_there_again_and_counts_the_same),
      T(a_directory_is_not_replaced_by_a_file_nor_a_file_by_a_directory),
      T(nothing_is_written_through_a_link),
      T(changes_are_told_by_path_and_a_directory_that_is_only_there_is_none))
