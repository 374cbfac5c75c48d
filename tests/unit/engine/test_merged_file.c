/* test_merged_file.c - a stack of layers shows what overlayfs would, and leads nowhere else */
#include "check.h"

#include "base/own.h"
#include "base/str.h"
#include "engine/merged_file.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* Two layers in a temporary directory, the top one first. */
struct stack {
	char path[64];
	int roots[2];
};

static struct stack stack_new(void)
{
	struct stack s = { .path = "/tmp/berth-merged-XXXXXX" };
	static const char *const names[] = { "top", "low" };

	CHECK(mkdtemp(s.path) != NULL);
	for (int i = 0; i < 2; i++) {
		OWN(str) char *path = str_printf("%s/%s", s.path, names[i]);

		CHECK_OK(mkdir(path, 0755));
		s.roots[i] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK(s.roots[i] >= 0);
	}
	return s;
}

static void stack_free(struct stack *s)
{
	(void)close(s->roots[0]);
	(void)close(s->roots[1]);

	OWN(fd) int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK_OK(rmtree_at(tmp, s->path + strlen("/tmp/")));
}

static void put(int root, const char *path, const char *text)
{
	OWN(fd) int fd = openat(root, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	CHECK_OK(file_write_all(fd, text, strlen(text)));
}

static int get(struct stack *s, const char *path, char **text)
{
	*text = NULL;
	return merged_file_read(s->roots, 2, path, 1024, text, NULL);
}

static void check_text(struct stack *s, const char *path, const char *want)
{
	OWN(str) char *text = NULL;

	CHECK_OK(get(s, path, &text));
	CHECK_STR(text, want);
}

static void check_error(struct stack *s, const char *path, int code)
{
	OWN(str) char *text = NULL;

	CHECK_INT(get(s, path, &text), code);
}

TEST(the_upper_file_hides_the_lower_one)
{
	struct stack s = stack_new();

	CHECK_OK(mkdirat(s.roots[0], "etc", 0755) + mkdirat(s.roots[1], "etc", 0755));
	put(s.roots[1], "etc/passwd", "low");
	check_text(&s, "/etc/passwd", "low");
	put(s.roots[0], "etc/passwd", "top");
	check_text(&s, "/etc/passwd", "top");
	stack_free(&s);
}

TEST(an_opaque_directory_hides_what_is_below)
{
	struct stack s = stack_new();

	CHECK_OK(mkdirat(s.roots[0], "etc", 0755) + mkdirat(s.roots[1], "etc", 0755));
	put(s.roots[1], "etc/passwd", "low");

	OWN(fd) int etc = openat(s.roots[0], "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool may = fsetxattr(etc, "trusted.overlay.opaque", "y", 1, 0) == 0;

	check_error(&s, "/etc/passwd", may ? -ENOENT : 0);
	stack_free(&s);
}

TEST(a_whiteout_hides_what_is_below)
{
	struct stack s = stack_new();

	CHECK_OK(mkdirat(s.roots[0], "etc", 0755) + mkdirat(s.roots[1], "etc", 0755));
	put(s.roots[1], "etc/passwd", "low");

	bool may = mknodat(s.roots[0], "etc/passwd", S_IFCHR, 0) == 0;

	check_error(&s, "/etc/passwd", may ? -ENOENT : 0);
	stack_free(&s);
}

TEST(a_file_hides_a_directory_below)
{
	struct stack s = stack_new();

	put(s.roots[0], "etc", "file");
	CHECK_OK(mkdirat(s.roots[1], "etc", 0755));
	put(s.roots[1], "etc/passwd", "low");
	check_error(&s, "/etc/passwd", -ENOTDIR);
	stack_free(&s);
}

TEST(links_lead_through_all_layers_and_never_out)
{
	struct stack s = stack_new();

	CHECK_OK(mkdirat(s.roots[0], "etc", 0755) + mkdirat(s.roots[1], "usr", 0755));
	put(s.roots[1], "usr/passwd", "low");
	CHECK_OK(symlinkat("../../../../usr/passwd", s.roots[0], "etc/passwd"));
	check_text(&s, "/etc/passwd", "low");
	CHECK_OK(symlinkat("/etc/group", s.roots[0], "etc/hostile"));
	check_error(&s, "/etc/hostile", -ENOENT);
	CHECK_OK(symlinkat("/usr", s.roots[0], "etc/dir"));
	check_text(&s, "/etc/dir/passwd", "low");
	stack_free(&s);
}

TEST(a_circle_of_links_ends)
{
	struct stack s = stack_new();

	CHECK_OK(symlinkat("b", s.roots[0], "a") + symlinkat("a", s.roots[1], "b"));
	check_error(&s, "/a", -ELOOP);
	stack_free(&s);
}

TEST(a_fifo_does_not_hang_and_a_big_file_is_refused)
{
	struct stack s = stack_new();
	char big[2000];

	CHECK_OK(mkfifoat(s.roots[0], "fifo", 0644));
	check_error(&s, "/fifo", -EINVAL);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	put(s.roots[0], "big", big);
	check_error(&s, "/big", -EFBIG);
	stack_free(&s);
}

TESTS(T(the_upper_file_hides_the_lower_one), T(an_opaque_directory_hides_what_is_below),
      T(a_whiteout_hides_what_is_below), T(a_file_hides_a_directory_below),
      T(links_lead_through_all_layers_and_never_out), T(a_circle_of_links_ends),
      T(a_fifo_does_not_hang_and_a_big_file_is_refused))
