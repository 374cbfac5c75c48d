/*
 * layer_verify.c - a layer's directory against what it was made from
 *
 * The bytes as they came are inflated once more, and hashed. tar_scan.h says where in them the
 * contents of files are: these are compared with the file of that name, a piece at a time. It says
 * so when it has seen a header, which ends at a multiple of a tar's block; so it is fed a block at
 * a time, but for contents. A name may come twice, and then the last one counts.
 */
#include "image/layer_verify.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/own.h"
#include "codec/digest.h"
#include "codec/tar_scan.h"
#include "image/decompress.h"
#include "codec/hash.h"
#include "image/layer_shadow.h"
#include "image/tar_record.h"
#include "image/tree_count.h"
#include "image/tree_walk.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { BLOCK = 256 << 10, BAD_MAX = 100 };

struct comparing {
	struct tree_walk walk;
	struct arena a;
	struct tar_scan *scan;
	char path[PATH_MAX]; /* of the file at hand */
	int fd;              /* of it in the tree, or -1 */
	int64_t left;        /* bytes of contents that follow */
	uint64_t at;         /* in the tar */
	bool differs;
	struct strv bad; /* files that differ, until one of the same name does not */
	char *block;
};

static int open_file(struct comparing *c, int64_t size)
{
	const char *slash = strrchr(c->path, '/'), *name = slash ? slash + 1 : c->path;
	size_t reached;
	int fd, dir = tree_walk_to(&c->walk, c->path, slash ? (size_t)(slash - c->path) : 0,
				   &reached);
	struct stat st;

	if (dir < 0)
		return -1;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == size)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static void end_file(struct comparing *c)
{
	size_t kept = 0;

	fd_cleanup(&c->fd);
	for (size_t i = 0; i < c->bad.n; i++)
		if (!str_eq(c->bad.items[i], c->path))
			c->bad.items[kept++] = c->bad.items[i];
	c->bad.n = kept;
	if (c->differs && c->bad.n < BAD_MAX)
		strv_add(&c->bad, &c->a, arena_strdup(&c->a, c->path));
}

static void ignore_raw(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	(void)data;
	(void)len;
}

static void begin_file(void *ctx, const char *path, int64_t size)
{
	struct comparing *c = ctx;

	if (tree_walk_normalize(path, c->path) < 0 || !c->path[0])
		return; /* it was not unpacked either */
	c->fd = open_file(c, size);
	c->differs = c->fd < 0;
	c->left = size;
	if (size == 0)
		end_file(c);
}

static void compare(struct comparing *c, const char *data, size_t len)
{
	size_t done = 0;

	while (!c->differs && done < len) {
		size_t want = len - done < BLOCK ? len - done : BLOCK;
		ssize_t n = read(c->fd, c->block, want);

		if (n < 0 && errno == EINTR)
			continue;
		c->differs = n <= 0 || memcmp(c->block, data + done, (size_t)n) != 0;
		done += n > 0 ? (size_t)n : 0;
	}
	c->left -= (int64_t)len;
	if (c->left == 0)
		end_file(c);
}

static void feed(struct comparing *c, const char *data, size_t len)
{
	while (len > 0) {
		size_t n = c->left > 0 ? (size_t)c->left : TAR_BLOCK - c->at % TAR_BLOCK;
		bool contents = c->left > 0;

		n = n < len ? n : len;
		tar_scan_add(c->scan, data, n);
		if (contents)
			compare(c, data, n);
		c->at += n;
		data += n;
		len -= n;
	}
}

static void verify_counts(struct layer_verify *v)
{
	struct tree_counts c;
	int r = tree_count(v->tree, &c);

	if (v->tree_problem[0])
		return;
	if (r < 0)
		(void)snprintf(v->tree_problem, LAYER_VERIFY_TEXT, "it cannot be read: %s",
			       strerror(-r));
	else if (c.inodes != v->doc->inodes || c.size != v->doc->size)
		(void)snprintf(v->tree_problem, LAYER_VERIFY_TEXT,
			       "it has %lld files of %lld bytes, not %lld of %lld",
			       (long long)c.inodes, (long long)c.size, (long long)v->doc->inodes,
			       (long long)v->doc->size);
}

static struct layer_shadow *begin_shadow(struct layer_verify *v)
{
	struct layer_shadow *s = NULL;
	struct err err = ERR_INIT;

	if (v->tree >= 0 && layer_shadow_start(v->tmp, &s, &err) < 0)
		(void)snprintf(v->unseen, sizeof(v->unseen), "%s", err.msg);
	return s;
}

/* r: of reading the tar; when that failed there is nothing to compare with. What was added or
 * removed changes times as well, so files are counted first. */
static void end_shadow(struct layer_verify *v, struct layer_shadow *s, int r)
{
	char problem[LAYER_VERIFY_TEXT];
	struct err err = ERR_INIT;
	int seen = s ? layer_shadow_end(s, v->tree, problem, sizeof(problem), &err) : -1;

	if (v->tree >= 0)
		verify_counts(v);
	if (!s || r < 0 || v->tree_problem[0])
		return;
	if (seen < 0)
		(void)snprintf(v->unseen, sizeof(v->unseen), "%s", err.msg);
	else
		memcpy(v->tree_problem, problem, sizeof(problem));
}

static int read_all(const struct layer_verify *v, struct decompress *d, struct comparing *c,
		    struct layer_shadow *shadow, struct err *err)
{
	OWN(mem) char *block = mem_alloc(BLOCK);
	OWN(hash) struct hash hash = { NULL };
	char digest[DIGEST_TEXT];
	ssize_t n;

	hash_init(&hash, DIGEST_SHA256);
	while ((n = decompress_read(d, block, BLOCK, err)) > 0) {
		hash_add(&hash, block, (size_t)n);
		if (v->tree >= 0)
			feed(c, block, (size_t)n);
		if (shadow)
			(void)layer_shadow_add(shadow, block, (size_t)n);
	}
	if (n < 0)
		return (int)n;
	hash_end(&hash, digest);
	if (!str_eq(digest, v->doc->diff_id))
		return err_set(err, -EBADMSG, "what they hold has the digest %s", digest);
	if (decompress_digest(d, digest, err) < 0)
		return err->code;
	if (!str_eq(digest, v->doc->blob->digest))
		return err_set(err, -EBADMSG, "they have the digest %s", digest);
	return 0;
}

static void verify_bytes(struct layer_verify *v)
{
	OWN(mem) struct comparing *c = mem_alloc(sizeof(*c));
	OWN(mem) char *block = mem_alloc(BLOCK);
	OWN(decompress) struct decompress *d = NULL;
	struct layer_shadow *shadow;
	const struct tar_scan_sink sink = { ignore_raw, begin_file, c };
	const struct decompress_spec all = { { .fd = v->bytes, .size = v->doc->blob->size },
					     DECOMPRESS_HASH_ALWAYS,
					     digest_algo_or_usual(v->doc->blob->digest),
					     v->budget };
	struct err err = ERR_INIT;
	int r;

	shadow = begin_shadow(v);
	tree_walk_init(&c->walk, v->tree);
	c->scan = tar_scan_new(&sink);
	c->block = block;
	c->fd = -1;
	r = decompress_open(&all, &d, &err);
	if (r == 0)
		r = read_all(v, d, c, shadow, &err);
	if (r < 0)
		(void)snprintf(v->bytes_problem, LAYER_VERIFY_TEXT, "%s", err.msg);
	else if (c->bad.n)
		(void)snprintf(v->tree_problem, LAYER_VERIFY_TEXT,
			       "its file %.200s is missing or has changed%s", c->bad.items[0],
			       c->bad.n > 1 ? ", and others" : "");
	end_shadow(v, shadow, r);
	fd_cleanup(&c->fd);
	tar_scan_free(c->scan);
	tree_walk_reset(&c->walk);
	arena_done(&c->a);
}

static void verify_record(struct layer_verify *v)
{
	char digest[DIGEST_TEXT];
	struct err err = ERR_INIT;
	struct layer_shadow *shadow = begin_shadow(v);
	int r = tar_record_rebuild(v->record, v->tree, shadow ? layer_shadow_add : NULL, shadow,
				   digest, &err);

	v->unproved = r == -ENODATA; /* a tar of which none could be made */
	if (r < 0 && r != -ENODATA)
		(void)snprintf(v->tree_problem, LAYER_VERIFY_TEXT, "%s", err.msg);
	else if (r == 0 && !str_eq(digest, v->doc->diff_id))
		(void)snprintf(v->tree_problem, LAYER_VERIFY_TEXT,
			       "the contents of a file have changed");
	end_shadow(v, shadow, r);
}

void layer_verify(struct layer_verify *v)
{
	v->unproved = v->bytes < 0 && v->record < 0;
	if (v->bytes >= 0)
		verify_bytes(v);
	else if (v->record >= 0 && v->tree >= 0)
		verify_record(v);
	else if (v->tree >= 0)
		verify_counts(v);
}
