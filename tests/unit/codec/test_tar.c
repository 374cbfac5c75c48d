/* test_tar.c - headers of a tar, which bytes are files' contents, and lists of pieces */
#include "check.h"

#include "base/own.h"
#include "codec/tar_ops.h"
#include "codec/tar_scan.h"

#include <errno.h>

struct seen {
	struct buf raw, files;
	struct buf ops;
};

static void see_raw(void *ctx, const void *data, size_t len)
{
	struct seen *s = ctx;

	buf_add(&s->raw, data, len);
}

static void see_file(void *ctx, const char *path, int64_t size)
{
	struct seen *s = ctx;

	buf_printf(&s->files, "%s:%lld ", path, (long long)size);
}

static void forget(struct seen *s)
{
	buf_done(&s->raw);
	buf_done(&s->files);
}

static void add_contents(struct buf *tar, int64_t size)
{
	for (int64_t i = 0; i < size + (int64_t)tar_padding(size); i++)
		buf_addc(tar, i < size ? 'x' : '\0');
}

static void add_entry(struct buf *tar, const struct tar_entry *e)
{
	tar_header_write(e, true, tar);
	add_contents(tar, e->type == TAR_FILE ? e->size : 0);
}

/* A tar of some kinds of entries, handed over in pieces of the given size. */
static bool scan(const struct buf *tar, size_t piece, struct seen *s)
{
	const struct tar_scan_sink sink = { see_raw, see_file, s };
	OWN(tar_scan) struct tar_scan *t = tar_scan_new(&sink);

	for (size_t at = 0; at < tar->len; at += piece)
		tar_scan_add(t, tar->data + at, tar->len - at < piece ? tar->len - at : piece);
	return tar_scan_end(t);
}

static void make_tar(struct buf *tar, char long_name[200])
{
	memset(long_name, 'n', 199);
	long_name[199] = '\0';
	add_entry(tar, &(struct tar_entry){ .path = "dir", .type = TAR_DIRECTORY, .mode = 0755 });
	add_entry(tar, &(struct tar_entry){ .path = "dir/a", .type = TAR_FILE, .size = 700 });
	add_entry(tar, &(struct tar_entry){ .path = long_name, .type = TAR_FILE, .size = 5 });
	add_entry(tar, &(struct tar_entry){ .path = "empty", .type = TAR_FILE });
	add_entry(tar, &(struct tar_entry){ .path = "s", .type = TAR_SYMLINK, .link = "dir/a" });
	add_contents(tar, 0);
	for (int i = 0; i < 2 * TAR_BLOCK; i++)
		buf_addc(tar, '\0');
}

TEST(contents_of_files_are_told_from_the_rest_whatever_the_pieces)
{
	OWN(buf) struct buf tar = { 0 }, want = { 0 };
	char name[200];

	make_tar(&tar, name);
	buf_printf(&want, "dir/a:700 %s:5 ", name);
	for (size_t piece = 1; piece < 3000; piece = piece * 3 + 1) {
		struct seen s = { 0 };

		CHECK(scan(&tar, piece, &s));
		CHECK_STR(buf_text(&s.files), want.data);
		CHECK_INT(s.raw.len, tar.len - 705);
		forget(&s);
	}
}

TEST(what_is_no_tar_is_handed_on_whole)
{
	OWN(buf) struct buf text = { 0 };
	struct seen s = { 0 };

	for (int i = 0; i < 5000; i++)
		buf_addc(&text, (char)('a' + i % 26));
	CHECK(scan(&text, 999, &s));
	CHECK_NULL(s.files.data);
	CHECK_INT(s.raw.len, text.len);
	CHECK(memcmp(s.raw.data, text.data, text.len) == 0);
	forget(&s);
}

TEST(a_tar_that_ends_inside_of_a_file_is_noticed)
{
	OWN(buf) struct buf tar = { 0 };
	struct seen s = { 0 };

	add_entry(&tar, &(struct tar_entry){ .path = "a", .type = TAR_FILE, .size = 700 });
	tar.len = TAR_BLOCK + 699;
	CHECK(!scan(&tar, 100, &s));
	forget(&s);
}

TEST(sparse_files_and_whiteouts_are_no_contents)
{
	static const struct tar_piece pieces[] = { { 4096, 10 } };
	OWN(buf) struct buf tar = { 0 };
	struct seen s = { 0 };

	tar_header_write(&(struct tar_entry){ .path = "sparse",
					      .type = TAR_FILE,
					      .size = 5000,
					      .pieces = pieces,
					      .n_pieces = 1 },
			 true, &tar);
	add_contents(&tar, 10);
	add_entry(&tar, &(struct tar_entry){ .path = "dir/.wh.x", .type = TAR_FILE, .size = 3 });
	add_entry(&tar, &(struct tar_entry){ .path = "b", .type = TAR_FILE, .size = 2 });
	CHECK(scan(&tar, 512, &s));
	CHECK_STR(buf_text(&s.files), "b:2 ");
	forget(&s);
}

TEST(a_header_reads_as_it_was_written)
{
	OWN(buf) struct buf out = { 0 };
	struct tar_header h;

	tar_header_write(&(struct tar_entry){ .path = "etc/motd",
					      .type = TAR_FILE,
					      .size = 1234,
					      .mtime = { 1, 0 } },
			 true, &out);
	CHECK_INT(out.len, TAR_BLOCK);
	CHECK_OK(tar_header_read((const unsigned char *)out.data, &h));
	CHECK_STR(h.name, "etc/motd");
	CHECK_INT(h.size, 1234);
	out.data[0] ^= 1;
	CHECK_INT(tar_header_read((const unsigned char *)out.data, &h), -EINVAL);
}

/* -- lists of pieces -- */

struct source {
	const struct buf *text;
	size_t at;
};

static ssize_t read_source(void *ctx, void *buf, size_t size)
{
	struct source *s = ctx;
	size_t left = s->text->len - s->at, n = left < size ? left : size;

	n = n > 7 ? 7 : n;
	memcpy(buf, s->text->data + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

TEST(pieces_come_back_in_order)
{
	OWN(buf) struct buf list = { 0 };
	struct source source = { &list, 0 };
	struct tar_ops_reader r = { .read = read_source, .ctx = &source };
	static struct tar_op op;
	char text[100];

	tar_ops_add_raw(&list, "some raw bytes", 14);
	tar_ops_add_file(&list, "usr/bin/x", 1LL << 40);
	tar_ops_add_end(&list);
	CHECK_OK(tar_ops_next(&r, &op));
	CHECK_INT(op.kind, TAR_OP_RAW);
	CHECK_INT(op.size, 14);
	CHECK_INT(tar_ops_raw(&r, text, 4), 4);
	CHECK(memcmp(text, "some", 4) == 0);
	CHECK_OK(tar_ops_next(&r, &op)); /* skips the rest */
	CHECK_INT(op.kind, TAR_OP_FILE);
	CHECK_STR(op.path, "usr/bin/x");
	CHECK(op.size == 1LL << 40);
	CHECK_OK(tar_ops_next(&r, &op));
	CHECK_INT(op.kind, TAR_OP_END);
}

TEST(a_list_that_is_cut_off_is_damaged)
{
	OWN(buf) struct buf list = { 0 };
	static struct tar_op op;

	tar_ops_add_raw(&list, "0123456789", 10);
	tar_ops_add_end(&list);
	for (size_t len = 0; len < 12; len++) {
		struct buf part = { list.data, len, 0 };
		struct source source = { &part, 0 };
		struct tar_ops_reader r = { .read = read_source, .ctx = &source };
		int first = tar_ops_next(&r, &op);

		CHECK_INT(first == 0 ? tar_ops_next(&r, &op) : first, -EBADMSG);
	}
}

TESTS(T(contents_of_files_are_told_from_the_rest_whatever_the_pieces),
      T(what_is_no_tar_is_handed_on_whole), T(a_tar_that_ends_inside_of_a_file_is_noticed),
      T(sparse_files_and_whiteouts_are_no_contents), T(a_header_reads_as_it_was_written),
      T(pieces_come_back_in_order), T(a_list_that_is_cut_off_is_damaged))
