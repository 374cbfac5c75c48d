/* test_layer_tree.c - entries of a layer, honest and hostile */
#include "check.h"

#include "base/own.h"
#include "base/str.h"
#include "image/layer_tree.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

struct fixture {
	char outer[64]; /* holds "tree", and what must not be touched */
	int tmp, outer_fd, fd;
	struct layer_tree *tree;
	struct err err;
};

static void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	(void)umask(0);
	(void)snprintf(f->outer, sizeof(f->outer), "/tmp/test_layer_tree.XXXXXX");
	CHECK(mkdtemp(f->outer));
	f->tmp = open("/tmp", O_RDONLY | O_DIRECTORY);
	f->outer_fd = open(f->outer, O_RDONLY | O_DIRECTORY);
	CHECK_OK(mkdirat(f->outer_fd, "tree", 0755));
	f->fd = openat(f->outer_fd, "tree", O_RDONLY | O_DIRECTORY);
	CHECK(f->fd >= 0);
	f->tree = layer_tree_new(f->fd);
}

static void fixture_cleanup(struct fixture *f)
{
	layer_tree_free(f->tree);
	CHECK_OK(rmtree_at(f->tmp, f->outer + strlen("/tmp/")));
	close(f->fd);
	close(f->outer_fd);
	close(f->tmp);
}

static struct layer_entry entry(const char *path, mode_t mode)
{
	return (struct layer_entry){
		.path = path,
		.mode = mode,
		.uid = geteuid(),
		.gid = getegid(),
		.mtime = { 1000000000, 5 },
	};
}

static int add(struct fixture *f, const struct layer_entry *e)
{
	OWN(fd) int fd = -1;
	int r = layer_tree_add(f->tree, e, &fd, &f->err);

	if (r == 0 && fd >= 0) {
		CHECK_INT(write(fd, e->path, (size_t)e->size), e->size);
		r = layer_tree_close(f->tree, e, &fd, &f->err);
	}
	return r;
}

static int add_file(struct fixture *f, const char *path)
{
	struct layer_entry e = entry(path, S_IFREG | 0644);

	e.size = 1;
	return add(f, &e);
}

static int add_dir(struct fixture *f, const char *path)
{
	struct layer_entry e = entry(path, S_IFDIR | 0755);

	return add(f, &e);
}

static int add_symlink(struct fixture *f, const char *path, const char *target)
{
	struct layer_entry e = entry(path, S_IFLNK | 0777);

	e.symlink = target;
	return add(f, &e);
}

static int add_hardlink(struct fixture *f, const char *path, const char *target)
{
	struct layer_entry e = entry(path, S_IFREG | 0644);

	e.hardlink = target;
	return add(f, &e);
}

/* Type and mode of a path in the tree; 0 when there is none. */
static mode_t mode_of(struct fixture *f, const char *path)
{
	struct stat st;

	return fstatat(f->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode;
}

static bool is_opaque(struct fixture *f, const char *path)
{
	OWN(fd) int fd = openat(f->fd, path, O_RDONLY | O_DIRECTORY);
	char value = 0;

	return fgetxattr(fd, "trusted.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static bool is_whiteout(struct fixture *f, const char *path)
{
	struct stat st;

	return fstatat(f->fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) &&
	       st.st_rdev == makedev(0, 0);
}

TEST(names_are_cleaned_and_missing_parents_made)
{
	OWN(fixture) struct fixture f;

	fixture_init(&f);
	CHECK_OK(add_file(&f, "./a//b/./c"));
	CHECK_OK(add_file(&f, "/abs/olute"));
	CHECK_INT(mode_of(&f, "a"), S_IFDIR | 0755);
	CHECK_INT(mode_of(&f, "a/b/c"), S_IFREG | 0644);
	CHECK_INT(mode_of(&f, "abs/olute"), S_IFREG | 0644);
}

TEST(names_that_lead_out_are_refused)
{
	static const char *const names[] = { "..", "../x", "a/../../x", "/../x", "a/..", "./../x" };
	OWN(fixture) struct fixture f;

	fixture_init(&f);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK_ERR(add_file(&f, names[i]), -EINVAL, &f.err, "leads out");
	CHECK_INT(faccessat(f.outer_fd, "x", F_OK, 0), -1);
}

TEST(nothing_is_written_through_a_link)
{
	OWN(fixture) struct fixture f;

	fixture_init(&f);
	CHECK_OK(mkdirat(f.outer_fd, "outside", 0755));
	CHECK_OK(add_symlink(&f, "up", "../outside"));
	CHECK_OK(add_symlink(&f, "abs", f.outer));
	CHECK_OK(add_dir(&f, "d"));
	CHECK_OK(add_symlink(&f, "d/up", "../../outside"));
	CHECK_ERR(add_file(&f, "up/x"), -ENOTDIR, &f.err, "through a link");
	CHECK_ERR(add_file(&f, "abs/x"), -ENOTDIR, &f.err, "through a link");
	CHECK_ERR(add_file(&f, "d/up/x"), -ENOTDIR, &f.err, "through a link");
	CHECK_ERR(add_file(&f, "up/.wh.x"), -ENOTDIR, &f.err, "through a link");
	CHECK_INT(faccessat(f.outer_fd, "outside/x", F_OK, 0), -1);
	CHECK_INT(faccessat(f.outer_fd, "x", F_OK, 0), -1);
}

TEST(a_file_in_place_of_a_link_replaces_the_link_not_its_target)
{
	OWN(fixture) struct fixture f;
	struct stat st;

	fixture_init(&f);
	CHECK_OK(mknodat(f.outer_fd, "victim", S_IFREG | 0600, 0));
	CHECK_OK(add_symlink(&f, "link", "../victim"));
	CHECK_OK(add_file(&f, "link"));
	CHECK_INT(mode_of(&f, "link"), S_IFREG | 0644);
	CHECK_OK(fstatat(f.outer_fd, "victim", &st, 0));
	CHECK_INT(st.st_size, 0);
	CHECK_INT(st.st_mode & 07777, 0600);
}

TEST(links_and_directories_replace_each_other)
{
	OWN(fixture) struct fixture f;

	fixture_init(&f);
	CHECK_OK(add_symlink(&f, "a", "/etc"));
	CHECK_OK(add_dir(&f, "a"));
	CHECK_OK(add_file(&f, "a/x"));
	CHECK_INT(mode_of(&f, "a/x"), S_IFREG | 0644);
	CHECK_OK(add_symlink(&f, "a", "/etc"));
	CHECK(S_ISLNK(mode_of(&f, "a")));
	CHECK_ERR(add_file(&f, "a/x"), -ENOTDIR, &f.err, "through a link");
	CHECK_OK(add_dir(&f, "b/c"));
	CHECK_OK(add_file(&f, "b"));
	CHECK_INT(mode_of(&f, "b"), S_IFREG | 0644);
	CHECK_OK(layer_tree_finish(f.tree, &f.err));
}

TEST(the_last_of_two_entries_wins)
{
	OWN(fixture) struct fixture f;
	struct layer_entry e = entry("x", S_IFREG | 0600);
	struct stat st;

	fixture_init(&f);
	CHECK_OK(add_file(&f, "x"));
	CHECK_OK(add(&f, &e));
	CHECK_INT(mode_of(&f, "x"), S_IFREG | 0600);
	CHECK_OK(fstatat(f.fd, "x", &st, 0));
	CHECK_INT(st.st_size, 0);
	CHECK_INT(layer_tree_size(f.tree), 0);
	CHECK_INT(layer_tree_inodes(f.tree), 1);
}

TEST(hard_links_stay_inside)
{
	OWN(fixture) struct fixture f;
	struct stat st;

	fixture_init(&f);
	CHECK_OK(mknodat(f.outer_fd, "victim", S_IFREG | 0600, 0));
	CHECK_OK(add_symlink(&f, "up", ".."));
	CHECK_ERR(add_hardlink(&f, "h", "../victim"), -EINVAL, &f.err, "outside of the layer");
	CHECK_ERR(add_hardlink(&f, "h", "up/victim"), -ENOENT, &f.err, "not in the layer");
	CHECK_ERR(add_hardlink(&f, "h", "/etc/passwd"), -ENOENT, &f.err, "not in the layer");
	CHECK_OK(fstatat(f.outer_fd, "victim", &st, 0));
	CHECK_INT(st.st_nlink, 1);
	CHECK_OK(add_file(&f, "d/x"));
	CHECK_OK(add_hardlink(&f, "h", "./d/x"));
	CHECK_OK(add_hardlink(&f, "h", "d/x"));
	CHECK_OK(add_hardlink(&f, "h", "h"));
	CHECK_OK(fstatat(f.fd, "h", &st, 0));
	CHECK_INT(st.st_nlink, 2);
}

TEST(a_hard_link_to_a_link_is_one_to_the_link_itself)
{
	OWN(fixture) struct fixture f;

	fixture_init(&f);
	CHECK_OK(add_symlink(&f, "link", "/etc/passwd"));
	CHECK_OK(add_hardlink(&f, "again", "link"));
	CHECK(S_ISLNK(mode_of(&f, "again")));
}

TEST(whiteouts_become_overlayfs_ones)
{
	OWN(fixture) struct fixture f;

	fixture_init(&f);
	CHECK_OK(add_file(&f, "d/.wh.gone"));
	CHECK_OK(add_file(&f, "opaque/.wh..wh..opq"));
	CHECK_OK(add_file(&f, ".wh..wh.plnk"));
	CHECK(is_whiteout(&f, "d/gone"));
	CHECK(is_opaque(&f, "opaque"));
	CHECK(!is_opaque(&f, "d"));
	CHECK_INT(mode_of(&f, "opaque/.wh..wh..opq"), 0);
	CHECK_INT(mode_of(&f, ".wh..wh.plnk"), 0);
}

TEST(a_whiteout_hides_lower_layers_only_in_whichever_order_it_comes)
{
	OWN(fixture) struct fixture f;

	fixture_init(&f);
	CHECK_OK(add_file(&f, "before"));
	CHECK_OK(add_file(&f, ".wh.before"));
	CHECK_OK(add_file(&f, ".wh.after"));
	CHECK_OK(add_file(&f, "after"));
	CHECK(S_ISREG(mode_of(&f, "before")));
	CHECK(S_ISREG(mode_of(&f, "after")));
	CHECK_OK(add_dir(&f, "dir-before"));
	CHECK_OK(add_file(&f, ".wh.dir-before"));
	CHECK_OK(add_file(&f, ".wh.dir-after"));
	CHECK_OK(add_dir(&f, "dir-after"));
	CHECK_OK(add_file(&f, ".wh.parent"));
	CHECK_OK(add_file(&f, "parent/child"));
	CHECK(is_opaque(&f, "dir-before"));
	CHECK(is_opaque(&f, "dir-after"));
	CHECK(is_opaque(&f, "parent"));
}

TEST(a_whiteout_of_a_directory_itself_or_its_parent_is_refused)
{
	OWN(fixture) struct fixture f;

	fixture_init(&f);
	CHECK_ERR(add_file(&f, "d/.wh."), -EINVAL, &f.err, "whiteout of nothing");
	CHECK_ERR(add_file(&f, "d/.wh.."), -EINVAL, &f.err, "whiteout of nothing");
	CHECK_ERR(add_file(&f, "d/.wh..."), -EINVAL, &f.err, "whiteout of nothing");
}

TEST(attributes_that_steer_the_overlay_are_dropped_and_others_kept)
{
	static const struct layer_xattr xattrs[] = {
		{ "trusted.overlay.redirect", "/etc", 4 },
		{ "trusted.overlay.opaque", "y", 1 },
		{ "security.selinux", "x", 1 },
		{ "user.kept", "value", 5 },
	};
	OWN(fixture) struct fixture f;
	struct layer_entry e = entry("d", S_IFDIR | 0755);
	char value[8];

	fixture_init(&f);
	e.xattrs = xattrs;
	e.n_xattrs = 4;
	CHECK_OK(add(&f, &e));
	CHECK(!is_opaque(&f, "d"));
	OWN(fd) int fd = openat(f.fd, "d", O_RDONLY | O_DIRECTORY);
	CHECK_INT(fgetxattr(fd, "trusted.overlay.redirect", value, sizeof(value)), -1);
	CHECK_INT(fgetxattr(fd, "security.selinux", value, sizeof(value)), -1);
	CHECK_INT(fgetxattr(fd, "user.kept", value, sizeof(value)), 5);
}

TEST(modes_are_exact_and_directories_keep_their_time)
{
	OWN(fixture) struct fixture f;
	struct layer_entry e = entry("d", S_IFDIR | 02775), suid = entry("d/su", S_IFREG | 06755);
	struct layer_entry root = entry("./", S_IFDIR | 0711);
	struct stat st;

	fixture_init(&f);
	CHECK_OK(add(&f, &root));
	CHECK_OK(add(&f, &e));
	CHECK_OK(add(&f, &suid));
	CHECK_OK(add_file(&f, "d/later"));
	CHECK_OK(layer_tree_finish(f.tree, &f.err));
	CHECK_INT(mode_of(&f, "d"), S_IFDIR | 02775);
	CHECK_INT(mode_of(&f, "d/su"), S_IFREG | 06755);
	CHECK_OK(fstatat(f.fd, "d", &st, 0));
	CHECK_INT(st.st_mtim.tv_sec, 1000000000);
	CHECK_INT(st.st_mtim.tv_nsec, 5);
	CHECK_OK(fstat(f.fd, &st));
	CHECK_INT(st.st_mode & 07777, 0711);
	CHECK_INT(st.st_mtim.tv_sec, 1000000000);
}

TEST(too_deep_a_tree_is_refused)
{
	OWN(fixture) struct fixture f;
	OWN(buf) struct buf path = { 0 };

	fixture_init(&f);
	for (int i = 0; i < 300; i++)
		buf_adds(&path, "d/");
	buf_adds(&path, "x");
	CHECK_ERR(add_file(&f, buf_text(&path)), -E2BIG, &f.err, "deeper than");
}

TESTS(T(names_are_cleaned_and_missing_parents_made), T(names_that_lead_out_are_refused),
      T(nothing_is_written_through_a_link),
      T(a_file_in_place_of_a_link_replaces_the_link_not_its_target),
      T(links_and_directories_replace_each_other), T(the_last_of_two_entries_wins),
      T(hard_links_stay_inside), T(a_hard_link_to_a_link_is_one_to_the_link_itself),
      T(whiteouts_become_overlayfs_ones),
      T(a_whiteout_hides_lower_layers_only_in_whichever_order_it_comes),
      T(a_whiteout_of_a_directory_itself_or_its_parent_is_refused),
      T(attributes_that_steer_the_overlay_are_dropped_and_others_kept),
      T(modes_are_exact_and_directories_keep_their_time), T(too_deep_a_tree_is_refused))
