/*
 * layer_pack.c - a layer that came as a plain tar, packed for a registry
 *
 * What a registry has of such a layer is found again by its digest, so the same tar has to give the
 * same bytes each time. That is why zlib packs here, with one level and without a time, and not
 * ISA-L, whose output depends on the processor.
 */
#include "base/mem.h"
#include "base/own.h"
#include "codec/hash.h"
#include "image/image_sweep.h"
#include "image/layer_source.h"
#include "sys/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

enum { LEVEL = 6, WINDOW_GZIP = 15 + 16, MEMORY = 8, OUT = 256 << 10, REPOSITORIES_MAX = 8 };

struct packer {
	int fd;
	bool gzip;
	z_stream z;
	struct hash hash;
	int64_t size;
	unsigned char out[OUT];
};

static int write_out(struct packer *p, const void *data, size_t len)
{
	int r = file_write_all(p->fd, data, len);

	hash_add(&p->hash, data, len);
	p->size += (int64_t)len;
	return r;
}

/* What zlib has to say until it has taken all its input (or, with Z_FINISH, has ended). */
static int deflate_all(struct packer *p, int flush)
{
	int status, r = 0;

	do {
		p->z.next_out = p->out;
		p->z.avail_out = OUT;
		status = deflate(&p->z, flush);
		if (status == Z_STREAM_ERROR)
			return -EIO;
		r = write_out(p, p->out, OUT - p->z.avail_out);
	} while (r == 0 && (p->z.avail_out == 0 || (flush == Z_FINISH && status != Z_STREAM_END)));
	return r;
}

static int pack(void *ctx, const void *data, size_t len)
{
	struct packer *p = ctx;

	if (!p->gzip)
		return write_out(p, data, len);
	while (len > 0) {
		size_t part = len < OUT ? len : OUT;
		int r;

		p->z.next_in = (unsigned char *)data;
		p->z.avail_in = (unsigned)part;
		r = deflate_all(p, Z_NO_FLUSH);
		if (r < 0)
			return r;
		data = (const char *)data + part;
		len -= part;
	}
	return 0;
}

static void packer_cleanup(struct packer **p)
{
	if (!*p)
		return;
	(void)deflateEnd(&(*p)->z);
	hash_cleanup(&(*p)->hash);
	fd_cleanup(&(*p)->fd);
	free(*p);
}

static struct packer *packer_new(int fd, bool gzip)
{
	struct packer *p = mem_alloc(sizeof(*p));

	p->fd = fd;
	p->gzip = gzip;
	hash_init(&p->hash, DIGEST_SHA256);
	if (deflateInit2(&p->z, LEVEL, Z_DEFLATED, WINDOW_GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		mem_exhausted(sizeof(*p));
	return p;
}

int image_layer_pack(struct image_store *is, const char *diff_id, bool gzip, struct image_blob *ret,
		     struct err *err)
{
	OWN(image_dirs) struct image_dirs dirs = IMAGE_DIRS_INIT;
	OWN(packer) struct packer *p = NULL;
	int fd, r;

	if (!digest_is_valid(diff_id))
		return err_set(err, -EINVAL, "not a digest: %.100s", diff_id);
	r = image_dirs_open(is, true, &dirs, err);
	if (r < 0)
		return r;
	r = image_sweep_lock_out(&dirs);
	if (r < 0)
		return err_code(err, r, "%s/layers: lock", is->root);
	fd = openat(dirs.tmp, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "%s/tmp", is->root);
	p = packer_new(fd, gzip);
	r = layer_source_rebuild(&dirs, diff_id, pack, p, err);
	if (r < 0)
		return r;
	r = gzip ? deflate_all(p, Z_FINISH) : 0;
	if (r < 0)
		return err_code(err, r, "packing layer %s", diff_id);
	*ret = (struct image_blob){ .fd = take_fd(&p->fd), .size = p->size };
	hash_end(&p->hash, ret->digest);
	return 0;
}

/* -- what a registry has by now -- */

/* The newest first: a push tries the first ones. */
static void add_repository(struct layer_blob *blob, const char *repository, struct arena *a)
{
	struct strv all = { 0 };

	strv_add(&all, a, repository);
	for (size_t i = 0; i < blob->repositories.n && all.n < REPOSITORIES_MAX; i++)
		if (!str_eq(blob->repositories.items[i], repository))
			strv_add(&all, a, blob->repositories.items[i]);
	blob->repositories = all;
}

static void note_pushed(struct layer_doc *doc, const struct image_layer_pushed *item,
			const char *repository, struct arena *a)
{
	if (item->size >= 0 && (!doc->packed || !str_eq(doc->packed->digest, item->digest))) {
		doc->packed = arena_new(a, struct layer_blob);
		*doc->packed = (struct layer_blob){
			.digest = item->digest,
			.media_type = "application/vnd.oci.image.layer.v1.tar+gzip",
			.size = item->size,
		};
	}
	if (item->size >= 0)
		add_repository(doc->packed, repository, a);
	else if (doc->blob && str_eq(doc->blob->digest, item->digest))
		add_repository(doc->blob, repository, a);
}

int image_layers_pushed(struct image_store *is, const struct image_layer_pushed *items, size_t n,
			const char *repository, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(is->st, STATE_WRITE, &txn, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *hex = digest_hex(items[i].diff_id);
		struct layer_doc doc;

		/* It may have been removed meanwhile. */
		if (state_get_doc(txn, STATE_LAYERS, hex, &layer_doc_schema, &a, &doc, NULL) < 0)
			continue;
		note_pushed(&doc, &items[i], repository, &a);
		r = state_put_doc(txn, STATE_LAYERS, hex, &layer_doc_schema, &doc, err);
	}
	return r < 0 ? r : state_commit(&txn, err);
}
