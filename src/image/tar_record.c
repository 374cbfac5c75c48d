/*
 * tar_record.c - what a layer's tar was, bit for bit, without the contents of its files
 *
 * An image's configuration names its layers by the digest of their tars, but a tree has many tars:
 * order, padding, ways to write a long name. So all bytes of the tar that are no file's contents
 * are kept. They are mostly zeros and compress to some 60 bytes a file.
 *
 * The bytes are taken apart twice: by libarchive, which decides what becomes a file, and by
 * tar_scan.h, which is ahead of it by one buffer. A piece of the record may only say "the contents
 * of this file" when exactly they were written under exactly that name. Each such piece therefore
 * waits in a queue until the other side reports the same name and size in the same order; one that
 * still waits at the end means that the two disagree, and there is no record. So it is when a file
 * that was written is replaced by a later entry, since its contents are gone then.
 */
#include "image/tar_record.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/tar_ops.h"
#include "codec/tar_scan.h"
#include "image/tree_walk.h"
#include "sys/file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <zstd.h>

enum { LEVEL = 3, RAW_MAX = 64 << 10, BLOCK = 256 << 10, HEAD = 16 };

static const char magic[8] = "berthtar";

/* -- writing -- */

struct waiting {
	uint64_t path; /* its hash */
	int64_t size;
};

struct tar_record {
	int fd;
	int code; /* the first failure */
	struct tar_scan *scan;
	struct buf raw, ops, out; /* not yet a piece; not yet compressed; not yet written */
	ZSTD_CStream *zstd;
	int64_t size;
	struct waiting *queue;
	size_t first, n, cap; /* of queue: those that wait are first to n */
};

static uint64_t path_hash(const char *s)
{
	uint64_t h = 14695981039346656037U; /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211U;
	return h;
}

static void fail(struct tar_record *t, int r)
{
	if (t->code == 0 && r < 0)
		t->code = r;
}

/* Compresses the list as far as it goes and writes it. */
static void drain(struct tar_record *t, bool end)
{
	ZSTD_inBuffer in = { t->ops.data, t->ops.len, 0 };
	OWN(mem) char *block = mem_alloc(RAW_MAX);
	size_t left;

	do {
		ZSTD_outBuffer out = { block, RAW_MAX, 0 };

		left = ZSTD_compressStream2(t->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left)) {
			fail(t, -EIO);
			break;
		}
		if (out.pos && t->code == 0)
			fail(t, file_write_all(t->fd, block, out.pos));
	} while (in.pos < in.size || (end && left > 0));
	t->ops.len = 0;
}

static void close_raw(struct tar_record *t)
{
	if (!t->raw.len)
		return;
	tar_ops_add_raw(&t->ops, t->raw.data, t->raw.len);
	t->raw.len = 0;
	if (t->ops.len >= RAW_MAX)
		drain(t, false);
}

static void take_raw(void *ctx, const void *data, size_t len)
{
	struct tar_record *t = ctx;

	buf_add(&t->raw, data, len);
	if (t->raw.len >= RAW_MAX)
		close_raw(t);
}

static void enqueue(struct tar_record *t, const char *path, int64_t size)
{
	if (t->first == t->n)
		t->first = t->n = 0;
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64;
		struct waiting *grown = mem_alloc(cap * sizeof(*grown));

		if (t->n)
			memcpy(grown, t->queue, t->n * sizeof(*grown));
		free(t->queue);
		t->queue = grown;
		t->cap = cap;
	}
	t->queue[t->n++] = (struct waiting){ path_hash(path), size };
}

static void take_file(void *ctx, const char *path, int64_t size)
{
	struct tar_record *t = ctx;
	char normal[PATH_MAX];

	if (tree_walk_normalize(path, normal) < 0 || !normal[0]) {
		fail(t, -ENODATA);
		return;
	}
	close_raw(t);
	tar_ops_add_file(&t->ops, normal, size);
	enqueue(t, normal, size);
}

struct tar_record *tar_record_new(int fd)
{
	struct tar_record *t = mem_alloc(sizeof(*t));
	const struct tar_scan_sink sink = { take_raw, take_file, t };
	static const char head[HEAD];

	t->fd = fd;
	t->scan = tar_scan_new(&sink);
	t->zstd = ZSTD_createCStream();
	if (!t->zstd)
		mem_exhausted(0);
	(void)ZSTD_CCtx_setParameter(t->zstd, ZSTD_c_compressionLevel, LEVEL);
	(void)ZSTD_CCtx_setParameter(t->zstd, ZSTD_c_checksumFlag, 1);
	fail(t, file_write_all(fd, head, HEAD)); /* the true one comes last */
	return t;
}

void tar_record_free(struct tar_record *t)
{
	if (!t)
		return;
	tar_scan_free(t->scan);
	(void)ZSTD_freeCStream(t->zstd);
	buf_done(&t->raw);
	buf_done(&t->ops);
	buf_done(&t->out);
	free(t->queue);
	free(t);
}

void tar_record_add(struct tar_record *t, const void *data, size_t len)
{
	t->size += (int64_t)len;
	if (t->code == 0)
		tar_scan_add(t->scan, data, len);
}

void tar_record_wrote(struct tar_record *t, const char *path, int64_t size)
{
	char normal[PATH_MAX];

	if (t->first < t->n && tree_walk_normalize(path, normal) == 0 &&
	    t->queue[t->first].size == size && t->queue[t->first].path == path_hash(normal))
		t->first++;
}

int tar_record_end(struct tar_record *t, bool lost)
{
	unsigned char head[HEAD];
	uint64_t size = (uint64_t)t->size;

	if (!tar_scan_end(t->scan) || t->first < t->n || lost)
		fail(t, -ENODATA);
	if (t->code < 0)
		return t->code;
	close_raw(t);
	tar_ops_add_end(&t->ops);
	drain(t, true);
	memcpy(head, magic, sizeof(magic));
	for (size_t i = 0; i < 8; i++)
		head[sizeof(magic) + i] = (unsigned char)(size >> (8 * i));
	if (t->code == 0 && pwrite(t->fd, head, HEAD, 0) != HEAD)
		fail(t, -EIO);
	return t->code;
}

/* -- reading -- */

int tar_record_size(int fd, int64_t *ret)
{
	unsigned char head[HEAD];
	uint64_t size = 0;

	if (pread(fd, head, HEAD, 0) != HEAD)
		return -EBADMSG;
	if (memcmp(head, magic, sizeof(magic)) != 0)
		return head[0] == 0 ? -ENODATA : -EBADMSG;
	for (size_t i = 0; i < 8; i++)
		size |= (uint64_t)head[sizeof(magic) + i] << (8 * i);
	if (size > INT64_MAX)
		return -EBADMSG;
	*ret = (int64_t)size;
	return 0;
}

struct rebuild {
	int fd;
	off_t offset; /* in the record */
	ZSTD_DStream *zstd;
	ZSTD_inBuffer in;
	char *compressed;
	bool ended;
	struct tar_ops_reader ops;
	struct tree_walk walk;
	struct tar_outlet *out;
	int64_t size;
};

static ssize_t read_ops(void *ctx, void *buf, size_t size)
{
	struct rebuild *b = ctx;
	ZSTD_outBuffer out = { buf, size, 0 };

	while (out.pos == 0 && !b->ended) {
		size_t left;

		if (b->in.pos == b->in.size) {
			ssize_t n = pread(b->fd, b->compressed, BLOCK, b->offset);

			if (n <= 0)
				return n < 0 ? -errno : -EBADMSG;
			b->offset += n;
			b->in = (ZSTD_inBuffer){ b->compressed, (size_t)n, 0 };
		}
		left = ZSTD_decompressStream(b->zstd, &out, &b->in);
		if (ZSTD_isError(left))
			return -EBADMSG;
		b->ended = left == 0;
	}
	return (ssize_t)out.pos;
}

static void give(struct rebuild *b, size_t len)
{
	tar_outlet_add(b->out, len);
	b->size += (int64_t)len;
}

static int give_raw(struct rebuild *b)
{
	size_t most;
	char *room;

	while ((room = tar_outlet_room(b->out, &most))) {
		ssize_t n = tar_ops_raw(&b->ops, room, most);

		if (n <= 0)
			return (int)n;
		give(b, (size_t)n);
	}
	return -ECANCELED;
}

/* A file of the tree, through no link; a FIFO in its place does not keep us waiting. */
static int open_file(struct rebuild *b, const struct tar_op *op, struct err *err)
{
	const char *slash = strrchr(op->path, '/'), *name = slash ? slash + 1 : op->path;
	size_t reached;
	int fd, dir = tree_walk_to(&b->walk, op->path, slash ? (size_t)(slash - op->path) : 0,
				   &reached);
	struct stat st;

	if (dir < 0)
		return err_code(err, -EIO, "%.300s is missing", op->path);
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -EIO, "%.300s is missing", op->path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != op->size) {
		(void)close(fd);
		return err_set(err, -EIO, "%.300s has changed", op->path);
	}
	return fd;
}

static int give_file(struct rebuild *b, const struct tar_op *op, struct err *err)
{
	OWN(fd) int fd = open_file(b, op, err);

	if (fd < 0)
		return fd;
	for (int64_t left = op->size; left > 0;) {
		size_t most;
		char *room = tar_outlet_room(b->out, &most);
		ssize_t n;

		if (!room)
			return -ECANCELED;
		n = read(fd, room, left < (int64_t)most ? (size_t)left : most);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? err_sys(err, "%.300s", op->path)
				     : err_set(err, -EIO, "%.300s has changed", op->path);
		left -= n;
		give(b, (size_t)n);
	}
	return 0;
}

static int give_all(struct rebuild *b, struct err *err)
{
	OWN(mem) struct tar_op *op = mem_alloc(sizeof(*op));
	int r;

	while ((r = tar_ops_next(&b->ops, op)) == 0 && op->kind != TAR_OP_END) {
		r = op->kind == TAR_OP_RAW ? give_raw(b) : give_file(b, op, err);
		if (r < 0)
			break;
	}
	if (r == -EBADMSG)
		return err_set(err, r, "its record is damaged");
	return r;
}

/* All of it to the outlet, to its end. */
static int rebuild(struct rebuild *b, int64_t size, char ret_digest[DIGEST_TEXT], struct err *err)
{
	int r = give_all(b, err), passed;

	if (r == 0 && b->size != size)
		r = err_set(err, -EBADMSG, "its record is damaged");
	passed = tar_outlet_close(b->out, ret_digest);
	/* Then it is the sink that has ended it. */
	return r == 0 || r == -ECANCELED ? passed : r;
}

int tar_record_rebuild(int fd, int tree, tar_sink_fn *sink, void *ctx, char ret_digest[DIGEST_TEXT],
		       struct err *err)
{
	OWN(mem) char *compressed = mem_alloc(BLOCK);
	OWN(mem) struct rebuild *b = mem_alloc(sizeof(*b));
	int64_t size;
	int r = tar_record_size(fd, &size);

	if (r < 0)
		return err_set(err, r,
			       r == -ENODATA ? "its tar was not recorded"
					     : "its record is damaged");
	r = tar_outlet_open(sink, ctx, &b->out);
	if (r < 0)
		return err_code(err, r, "making a thread");
	b->fd = fd;
	b->offset = HEAD;
	b->compressed = compressed;
	b->ops.read = read_ops;
	b->ops.ctx = b;
	b->zstd = ZSTD_createDStream();
	if (!b->zstd)
		mem_exhausted(0);
	tree_walk_init(&b->walk, tree);
	r = rebuild(b, size, ret_digest, err);
	tree_walk_reset(&b->walk);
	(void)ZSTD_freeDStream(b->zstd);
	return r;
}
