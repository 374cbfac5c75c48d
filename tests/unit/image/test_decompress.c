/* test_decompress.c - streams, plain and compressed, whole and damaged */
#include "check.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/str.h"
#include "image/decompress.h"
#include "image/memory_budget.h"
#include "codec/hash.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>

enum { LENGTH = 3000000 };

/* Bytes that compress somewhat, the same in every run. */
static char *make_text(void)
{
	char *text = mem_alloc(LENGTH);
	uint32_t x = 1;

	for (size_t i = 0; i < LENGTH; i++) {
		x = x * 1664525 + 1013904223;
		text[i] = (char)('a' + (x >> 29));
	}
	return text;
}

struct filter {
	const char *name;
	int (*add)(struct archive *a);
};

static const struct filter filters[] = {
	{ "gzip", archive_write_add_filter_gzip },
	{ "zstd", archive_write_add_filter_zstd },
	{ "bzip2", archive_write_add_filter_bzip2 },
	{ "xz", archive_write_add_filter_xz },
};

static la_ssize_t collect(struct archive *a, void *ctx, const void *data, size_t len)
{
	(void)a;
	buf_add(ctx, data, len);
	return (la_ssize_t)len;
}

static void compress(const struct filter *f, const char *text, size_t len, struct buf *out)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();

	CHECK_OK(f->add(a));
	CHECK_OK(archive_write_set_format_raw(a));
	CHECK_OK(archive_write_set_bytes_per_block(a, 0));
	CHECK_OK(archive_write_open(a, out, NULL, collect, NULL));
	archive_entry_set_pathname(e, "x");
	archive_entry_set_filetype(e, AE_IFREG);
	CHECK_OK(archive_write_header(a, e));
	CHECK_INT(archive_write_data(a, text, len), len);
	CHECK_OK(archive_write_free(a));
	archive_entry_free(e);
}

static int file_of(const void *data, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	CHECK_INT(write(fd, data, len), len);
	CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Reads all of a stream; the code of the first failure. */
static int read_all(const struct byte_range *range, struct buf *out, struct err *err)
{
	OWN(decompress) struct decompress *d = NULL;
	OWN(mem) char *block = mem_alloc(100000);
	ssize_t n;
	int r = decompress_open(&(struct decompress_spec){ .range = *range }, &d, err);

	if (r < 0)
		return r;
	while ((n = decompress_read(d, block, 100000, err)) > 0)
		buf_add(out, block, (size_t)n);
	return (int)n;
}

TEST(every_compression_gives_back_what_went_in_by_place_and_in_order)
{
	OWN(str) char *text = make_text();

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		OWN(buf) struct buf packed = { 0 }, by_place = { 0 }, in_order = { 0 };
		struct err err = ERR_INIT;

		compress(&filters[i], text, LENGTH, &packed);
		OWN(fd) int fd = file_of(packed.data, packed.len);
		CHECK_OK(read_all(&(struct byte_range){ fd, 0, (int64_t)packed.len, NULL },
				  &by_place, &err));
		CHECK_INT(by_place.len, LENGTH);
		CHECK_OK(memcmp(by_place.data, text, LENGTH));
		CHECK_OK(read_all(&(struct byte_range){ fd, 0, -1, NULL }, &in_order, &err));
		CHECK_INT(in_order.len, LENGTH);
		CHECK_OK(memcmp(in_order.data, text, LENGTH));
	}
}

TEST(several_members_are_one_stream_and_padding_ends_it)
{
	for (size_t i = 0; i < 2; i++) {
		OWN(buf) struct buf packed = { 0 }, out = { 0 };
		struct err err = ERR_INIT;

		compress(&filters[i], "first ", 6, &packed);
		compress(&filters[i], "second", 6, &packed);
		if (i == 0)
			buf_add(&packed, "\0\0\0\0\0\0", 6);
		OWN(fd) int fd = file_of(packed.data, packed.len);
		CHECK_OK(read_all(&(struct byte_range){ fd, 0, (int64_t)packed.len, NULL }, &out,
				  &err));
		CHECK_STR(buf_text(&out), "first second");
	}
}

TEST(a_stream_that_is_cut_off_is_an_error_wherever_it_is_cut)
{
	OWN(str) char *text = make_text();

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		OWN(buf) struct buf packed = { 0 };

		compress(&filters[i], text, 5000, &packed);
		for (size_t len = 7; len < packed.len; len += packed.len / 9) {
			OWN(buf) struct buf out = { 0 };
			OWN(fd) int fd = file_of(packed.data, len);
			struct err err = ERR_INIT;

			CHECK_INT(read_all(&(struct byte_range){ fd, 0, (int64_t)len, NULL }, &out,
					   &err),
				  -EINVAL);
		}
	}
}

TEST(damaged_bytes_are_an_error)
{
	OWN(str) char *text = make_text();

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		OWN(buf) struct buf packed = { 0 }, out = { 0 };
		struct err err = ERR_INIT;

		compress(&filters[i], text, 50000, &packed);
		packed.data[packed.len / 2] ^= 0x55;
		OWN(fd) int fd = file_of(packed.data, packed.len);
		/* zstd without a checksum may give other bytes; the layer's digest finds it. */
		int r = read_all(&(struct byte_range){ fd, 0, (int64_t)packed.len, NULL }, &out,
				 &err);
		CHECK(r == -EINVAL || (i == 1 && memcmp(out.data, text, 50000) != 0));
	}
}

TEST(what_grows_beyond_measure_is_refused)
{
	OWN(buf) struct buf packed = { 0 };
	OWN(mem) char *zeros = mem_alloc(1 << 24);
	OWN(decompress) struct decompress *d = NULL;
	struct err err = ERR_INIT;
	ssize_t n;

	/* 1.2 GB in some hundred kilobytes. */
	for (int i = 0; i < 72; i++)
		compress(&filters[1], zeros, 1 << 24, &packed);
	OWN(fd) int fd = file_of(packed.data, packed.len);
	CHECK_OK(decompress_open(&(struct decompress_spec){ .range = { fd, 0, (int64_t)packed.len,
								       NULL } },
				 &d, &err));
	do
		n = decompress_read(d, zeros, 1 << 24, &err);
	while (n > 0);
	CHECK_INT(n, -EINVAL);
	CHECK(strstr(err.msg, "no honest archive"));
}

/* Of zstd's level 19 and 22, of which the first is within what is given. */
TEST(a_zstd_window_is_taken_from_what_is_given_and_one_beyond_that_is_refused)
{
	static const char within[] = "\x28\xb5\x2f\xfd\x00\x68\x09\x00\x00x",
			  beyond[] = "\x28\xb5\x2f\xfd\x00\x88\x09\x00\x00x";
	struct memory_budget budget;
	OWN(buf) struct buf out = { 0 };
	OWN(fd) int good = file_of(within, sizeof(within) - 1),
		    bad = file_of(beyond, sizeof(beyond) - 1);
	OWN(decompress) struct decompress *d = NULL;
	struct decompress_spec spec = { .range = { good, 0, -1, NULL }, .budget = &budget };
	struct err err = ERR_INIT;
	char text[16];

	memory_budget_init(&budget);
	CHECK_OK(decompress_open(&spec, &d, &err));
	CHECK_INT(decompress_read(d, text, sizeof(text), &err), 1);
	CHECK_INT(budget.left, MEMORY_BUDGET - (8 << 20));
	decompress_close(take(&d));
	CHECK_INT(budget.left, MEMORY_BUDGET);
	CHECK_ERR(read_all(&(struct byte_range){ bad, 0, -1, NULL }, &out, &err), -EINVAL, &err,
		  "a window of 128 MiB, and at most 32");
	memory_budget_done(&budget);
}

TEST(a_range_that_is_longer_than_its_file_is_an_error)
{
	OWN(buf) struct buf out = { 0 };
	OWN(fd) int fd = file_of("some text", 9);
	struct err err = ERR_INIT;

	CHECK_ERR(read_all(&(struct byte_range){ fd, 2, 100, NULL }, &out, &err), -EINVAL, &err,
		  "cut off");
	buf_done(&out);
	CHECK_OK(read_all(&(struct byte_range){ fd, 5, 4, NULL }, &out, &err));
	CHECK_STR(buf_text(&out), "text");
}

TEST(the_digest_is_that_of_the_bytes_in_the_file)
{
	OWN(buf) struct buf packed = { 0 };
	OWN(decompress) struct decompress *d = NULL;
	char want[DIGEST_TEXT], got[DIGEST_TEXT], block[64];
	struct err err = ERR_INIT;

	compress(&filters[0], "text", 4, &packed);
	buf_add(&packed, "\0\0", 2);
	hash_of(DIGEST_SHA256, packed.data, packed.len, want);
	OWN(fd) int fd = file_of(packed.data, packed.len);
	CHECK_OK(decompress_open(&(struct decompress_spec){ { fd, 0, (int64_t)packed.len, NULL },
							    DECOMPRESS_HASH_ALWAYS,
							    DIGEST_SHA256,
							    NULL },
				 &d, &err));
	CHECK_INT(decompress_read(d, block, sizeof(block), &err), 4);
	CHECK_OK(decompress_digest(d, got, &err));
	CHECK_STR(got, want);
}

TESTS(T(every_compression_gives_back_what_went_in_by_place_and_in_order),
      T(several_members_are_one_stream_and_padding_ends_it),
      T(a_stream_that_is_cut_off_is_an_error_wherever_it_is_cut), T(damaged_bytes_are_an_error),
      T(what_grows_beyond_measure_is_refused),
      T(a_zstd_window_is_taken_from_what_is_given_and_one_beyond_that_is_refused),
      T(a_range_that_is_longer_than_its_file_is_an_error),
      T(the_digest_is_that_of_the_bytes_in_the_file))
