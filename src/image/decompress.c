/*
 * decompress.c - a stream of bytes out of a file, plain or compressed
 *
 * A codec is a pair of functions over the input window: it is asked for bytes, and refills the
 * window when that is empty. gzip is ISA-L's, three times as fast as zlib; bzip2 and xz, which only
 * old or hand-made archives have, go through libarchive.
 */
#include "image/decompress.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/zstd_frame.h"
#include "image/growing.h"
#include "image/memory_budget.h"
#include "codec/hash.h"

#include <archive.h>
#include <archive_entry.h>
#include <isa-l/igzip_lib.h>
#include <stdatomic.h>
#include <unistd.h>
#include <zstd.h>

enum { WINDOW = 256 << 10, RATIO_MAX = 1100, ZSTD_WINDOW_LOG_MAX = 25 };
_Static_assert(1 << ZSTD_WINDOW_LOG_MAX == MEMORY_BUDGET, "what zstd takes and what it may have");
static const int64_t free_bytes = (int64_t)1 << 30; /* before the ratio counts */

struct codec {
	const char *name;
	unsigned char magic[6];
	size_t magic_len;
	int (*init)(struct decompress *d, struct err *err);
	/* At least one byte, 0 at the end, or a negative errno. */
	ssize_t (*read)(struct decompress *d, void *buf, size_t size, struct err *err);
	void (*done)(struct decompress *d);
};

struct decompress {
	struct byte_range range; /* what was not read yet */
	const struct codec *codec;
	unsigned char *window;
	size_t at, len; /* unused bytes of the window */
	bool between;   /* at a place where the stream may end */
	bool ended;
	struct memory_budget *budget;
	int64_t lent; /* by it, for the window of a zstd frame */
	struct hash hash;
	bool hashed;
	int64_t given;
	atomic_llong taken;
	union {
		struct inflate_state *gzip;
		ZSTD_DCtx *zstd;
		struct archive *other;
	};
};

/* -- input -- */

/* Bytes from the file; 0 at the end of the range. A file that is shorter than its range is an
 * error.
 */
static ssize_t read_range(struct decompress *d, void *buf, size_t size, struct err *err)
{
	struct byte_range *g = &d->range;
	ssize_t n;

	if (g->size >= 0 && (int64_t)size > g->size)
		size = (size_t)g->size;
	if (size == 0)
		return 0;
	if (g->growing) {
		int64_t ready = growing_wait(g->growing, g->offset, err);

		if (ready < 0)
			return (ssize_t)ready;
		if ((int64_t)size > ready - g->offset)
			size = (size_t)(ready - g->offset);
	}
	do
		n = g->size < 0 ? read(g->fd, buf, size) : pread(g->fd, buf, size, g->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, "reading the archive");
	if (n == 0 && g->size > 0)
		return err_set(err, -EINVAL, "the archive is cut off");
	g->offset += n;
	if (g->size >= 0)
		g->size -= n;
	if (d->hashed)
		hash_add(&d->hash, buf, (size_t)n);
	atomic_fetch_add_explicit(&d->taken, n, memory_order_relaxed);
	return n;
}

/* 1 when the window has bytes, 0 at the end of the file. */
static int refill(struct decompress *d, struct err *err)
{
	ssize_t n;

	if (d->at < d->len)
		return 1;
	n = read_range(d, d->window, WINDOW, err);
	if (n < 0)
		return (int)n;
	d->at = 0;
	d->len = (size_t)n;
	return n > 0;
}

static int cut_off(const struct decompress *d, struct err *err)
{
	return err_set(err, -EINVAL, "the %s data is cut off", d->codec->name);
}

/* -- plain -- */

static ssize_t plain_read(struct decompress *d, void *buf, size_t size, struct err *err)
{
	size_t n = d->len - d->at;

	if (n == 0) /* past the window: straight into the caller's buffer */
		return read_range(d, buf, size, err);
	n = n < size ? n : size;
	memcpy(buf, d->window + d->at, n);
	d->at += n;
	return (ssize_t)n;
}

static const struct codec plain = { .name = "plain", .read = plain_read };

/* -- gzip -- */

static int gzip_init(struct decompress *d, struct err *err)
{
	(void)err;
	d->gzip = mem_alloc(sizeof(*d->gzip));
	isal_inflate_init(d->gzip);
	d->gzip->crc_flag = ISAL_GZIP; /* reads the header, checks length and CRC */
	return 0;
}

static void gzip_done(struct decompress *d)
{
	free(d->gzip);
}

/* Between two members: 1 when another one begins, 0 at the end. Padding may follow the last one. */
static int gzip_next_member(struct decompress *d, struct err *err)
{
	int r = refill(d, err);

	if (r <= 0 || d->window[d->at] != 0x1f)
		return r < 0 ? r : 0;
	isal_inflate_reset(d->gzip);
	d->gzip->crc_flag = ISAL_GZIP;
	d->between = false;
	return 1;
}

static ssize_t gzip_read(struct decompress *d, void *buf, size_t size, struct err *err)
{
	struct inflate_state *z = d->gzip;

	z->next_out = buf;
	z->avail_out = (uint32_t)size;
	while (z->avail_out == size) {
		int r = d->between ? gzip_next_member(d, err) : refill(d, err);

		if (r < 0)
			return r;
		if (r == 0 && d->between)
			return 0;
		/* Without input there may still be output that did not fit last time. */
		z->next_in = d->window + d->at;
		z->avail_in = (uint32_t)(d->len - d->at);
		if (isal_inflate(z) < 0)
			return err_set(err, -EINVAL, "the gzip data is damaged");
		d->at = d->len - z->avail_in;
		d->between = z->block_state == ISAL_BLOCK_FINISH;
		if (r == 0 && !d->between && z->avail_out == size)
			return cut_off(d, err);
	}
	return (ssize_t)(size - z->avail_out);
}

/* -- zstd -- */

static int zstd_init(struct decompress *d, struct err *err)
{
	d->zstd = ZSTD_createDCtx();
	if (!d->zstd)
		mem_exhausted(0);
	d->between = true;
	if (ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
		return err_set(err, -EINVAL, "zstd cannot be set up");
	return 0;
}

static void give_back(struct decompress *d)
{
	if (d->lent)
		memory_budget_give(d->budget, d->lent);
	d->lent = 0;
}

static void zstd_done(struct decompress *d)
{
	(void)ZSTD_freeDCtx(d->zstd);
	give_back(d);
}

/* At least n bytes in the window, or all that follow. */
static int look_ahead(struct decompress *d, size_t n, struct err *err)
{
	memmove(d->window, d->window + d->at, d->len - d->at);
	d->len -= d->at;
	d->at = 0;
	while (d->len < n) {
		ssize_t more = read_range(d, d->window + d->len, WINDOW - d->len, err);

		if (more <= 0)
			return (int)more;
		d->len += (size_t)more;
	}
	return 0;
}

/* Before a frame: a decoder keeps its window from one frame to the next, unless it has to grow. */
static int zstd_prepare(struct decompress *d, struct err *err)
{
	int r = look_ahead(d, ZSTD_FRAME_HEADER_MAX, err);
	int64_t window = r < 0 ? r : zstd_frame_window(d->window, d->len);

	if (r < 0)
		return r;
	if (window > MEMORY_BUDGET)
		return err_set(
			err, -EINVAL,
			"the zstd data needs a window of %lld MiB, and at most %d are given: "
			"pack it again without --long, and at level 20 at most",
			(long long)(window >> 20), MEMORY_BUDGET >> 20);
	if (d->budget && window > d->lent) { /* what is no frame, the decoder complains of */
		give_back(d);
		memory_budget_take(d->budget, window);
		d->lent = window;
	}
	return 0;
}

static ssize_t zstd_read(struct decompress *d, void *buf, size_t size, struct err *err)
{
	ZSTD_outBuffer out = { buf, size, 0 };

	while (out.pos == 0) {
		ZSTD_inBuffer in;
		size_t left;
		int r = refill(d, err), prepared = r > 0 && d->between ? zstd_prepare(d, err) : 0;

		if (r < 0 || prepared < 0)
			return r < 0 ? r : prepared;
		if (r == 0 && d->between)
			return 0;
		in = (ZSTD_inBuffer){ d->window, d->len, d->at };
		left = ZSTD_decompressStream(d->zstd, &out, &in);
		if (ZSTD_isError(left))
			return err_set(err, -EINVAL, "the zstd data is damaged: %s",
				       ZSTD_getErrorName(left));
		d->at = in.pos;
		d->between = left == 0; /* a frame is complete */
		if (r == 0 && out.pos == 0 && !d->between)
			return cut_off(d, err);
	}
	return (ssize_t)out.pos;
}

/* -- bzip2 and xz -- */

static la_ssize_t other_input(struct archive *a, void *ctx, const void **ret)
{
	struct decompress *d = ctx;
	struct err err = ERR_INIT;
	int r = refill(d, &err);

	if (r < 0) {
		archive_set_error(a, -r, "%s", err.msg);
		return -1;
	}
	*ret = d->window + d->at;
	r = (int)(d->len - d->at);
	d->at = d->len;
	return r;
}

static int other_failed(struct decompress *d, struct err *err)
{
	const char *why = archive_error_string(d->other);

	return err_set(err, -EINVAL, "the %s data is damaged: %s", d->codec->name,
		       why ? why : "unknown error");
}

static int other_init(struct decompress *d, struct err *err)
{
	struct archive_entry *e;

	d->other = archive_read_new();
	if (!d->other)
		mem_exhausted(0);
	if (archive_read_support_filter_bzip2(d->other) < ARCHIVE_WARN ||
	    archive_read_support_filter_xz(d->other) < ARCHIVE_WARN ||
	    archive_read_support_format_raw(d->other) != ARCHIVE_OK ||
	    archive_read_open(d->other, d, NULL, other_input, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(d->other, &e) != ARCHIVE_OK)
		return other_failed(d, err);
	/* libarchive takes a header that is cut off for plain data. */
	return archive_filter_code(d->other, 0) == ARCHIVE_FILTER_NONE ? cut_off(d, err) : 0;
}

static void other_done(struct decompress *d)
{
	(void)archive_read_free(d->other);
}

static ssize_t other_read(struct decompress *d, void *buf, size_t size, struct err *err)
{
	la_ssize_t n = archive_read_data(d->other, buf, size);

	return n < 0 ? other_failed(d, err) : n;
}

/* -- all -- */

static const struct codec codecs[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, gzip_init, gzip_read, gzip_done },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, zstd_init, zstd_read, zstd_done },
	{ "bzip2", { 'B', 'Z', 'h' }, 3, other_init, other_read, other_done },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, other_init, other_read, other_done },
};

static const struct codec *codec_of(const struct decompress *d)
{
	/* A skippable frame, 0x184D2A5?, may come first in a zstd stream. */
	if (d->len >= 4 && (d->window[0] & 0xf0) == 0x50 &&
	    memcmp(d->window + 1, "\x2a\x4d\x18", 3) == 0)
		return &codecs[1];
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (d->len >= codecs[i].magic_len &&
		    memcmp(d->window, codecs[i].magic, codecs[i].magic_len) == 0)
			return &codecs[i];
	return &plain;
}

/* A pipe may give the first bytes one by one. */
static int read_magic(struct decompress *d, struct err *err)
{
	while (d->len < sizeof(codecs[0].magic)) {
		ssize_t n = read_range(d, d->window + d->len, WINDOW - d->len, err);

		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		d->len += (size_t)n;
	}
	return 0;
}

/* What was read before it was known what it is counts, too. */
static void begin_hash(struct decompress *d, enum decompress_hash hash, enum digest_algo algo)
{
	if (hash == DECOMPRESS_HASH_NOT ||
	    (hash == DECOMPRESS_HASH_COMPRESSED && decompress_is_plain(d)))
		return;
	d->hashed = true;
	hash_init(&d->hash, algo);
	hash_add(&d->hash, d->window, d->len);
}

int decompress_open(const struct decompress_spec *spec, struct decompress **ret, struct err *err)
{
	OWN(decompress) struct decompress *d = mem_alloc(sizeof(*d));
	int r;

	d->range = spec->range;
	d->budget = spec->budget;
	d->window = mem_alloc(WINDOW);
	d->codec = &plain;
	r = read_magic(d, err);
	if (r < 0)
		return r;
	d->codec = codec_of(d);
	begin_hash(d, spec->hash, spec->algo);
	r = d->codec->init ? d->codec->init(d, err) : 0;
	if (r < 0)
		return r;
	*ret = take(&d);
	return 0;
}

void decompress_close(struct decompress *d)
{
	if (!d)
		return;
	if (d->codec->done && d->gzip)
		d->codec->done(d);
	hash_cleanup(&d->hash);
	free(d->window);
	free(d);
}

const char *decompress_name(const struct decompress *d)
{
	return d->codec->name;
}

bool decompress_is_plain(const struct decompress *d)
{
	return d->codec == &plain;
}

int64_t decompress_taken(const struct decompress *d)
{
	return atomic_load_explicit(&d->taken, memory_order_relaxed);
}

ssize_t decompress_read(struct decompress *d, void *buf, size_t size, struct err *err)
{
	size_t got = 0;

	while (got < size && !d->ended) {
		ssize_t n = d->codec->read(d, (char *)buf + got, size - got, err);

		if (n < 0)
			return n;
		d->ended = n == 0;
		got += (size_t)n;
	}
	d->given += (int64_t)got;
	if (d->codec != &plain && d->given > free_bytes + RATIO_MAX * decompress_taken(d))
		return err_set(err, -EINVAL,
			       "the %s data grows more than %d times: this is no honest archive",
			       d->codec->name, RATIO_MAX);
	return (ssize_t)got;
}

int decompress_digest(struct decompress *d, char out[DIGEST_TEXT], struct err *err)
{
	ssize_t n;

	do
		n = read_range(d, d->window, WINDOW, err);
	while (n > 0);
	if (n < 0)
		return (int)n;
	hash_end(&d->hash, out);
	return 0;
}
