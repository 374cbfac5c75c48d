/*
 * commit.c - an image of what a container has become
 *
 * A thread writes the container's own layer as a tar into a pipe, from which it is unpacked as any
 * other layer is: so what the digest speaks of is what is in the store, and all that holds for a
 * load (nothing half, all on the disk at the end) holds here.
 */
#include "base/own.h"
#include "codec/digest.h"
#include "codec/ref.h"
#include "image/image.h"
#include "image/image_add.h"
#include "image/tree_tar.h"
#include "model/image_change.h"
#include "model/image_manifest.h"
#include "sys/file.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

struct writing {
	int upper, fd; /* fd: of the pipe; closed at the end */
	int code;
	struct err err;
	size_t n; /* entries */
};

static void *write_main(void *ctx)
{
	__attribute__((cleanup(tar_out_cleanup))) struct tar_out out;
	struct writing *w = ctx;
	struct tree_tar t = { .out = &out, .is_layer = true };

	tar_out_init(&out, w->fd, true);
	w->code = tree_tar_contents(&t, w->upper, "", &w->err);
	if (w->code == 0)
		w->code = tar_out_end(&out);
	w->n = t.n;
	fd_cleanup(&w->fd);
	return NULL;
}

/* The new layer below tmp/; what fails on the writing side is the better message. */
static int make_layer(struct image_add *add, struct add_layer *layer, int upper, size_t *ret_n,
		      struct err *err)
{
	struct writing w = { .upper = upper, .fd = -1 };
	struct unpack_job job = { 0 };
	OWN(fd) int from = -1;
	mode_t mask = umask(0);
	pthread_t thread;
	int fds[2], r = pipe2(fds, O_CLOEXEC) < 0 ? err_sys(err, "pipe") : 0;

	if (r == 0) {
		from = fds[0];
		w.fd = fds[1];
		layer->range = (struct byte_range){ .fd = from, .size = -1 };
		r = image_add_prepare(add, layer, &job, err);
		if (r == 0 && pthread_create(&thread, NULL, write_main, &w) != 0)
			r = err_set(err, -EAGAIN, "starting a thread");
		if (r == 0) {
			r = unpack_all(&job, 1, NULL, err);
			fd_cleanup(&from); /* the other side ends, too */
			(void)pthread_join(thread, NULL);
		}
		fd_cleanup(&w.fd);
		image_add_close(&job);
	}
	(void)umask(mask);
	if (w.code < 0 && w.code != -EPIPE) {
		*err = w.err;
		return w.code;
	}
	if (r == 0)
		image_add_note(add, layer, &job);
	*ret_n = w.n;
	return r;
}

/* The layers beneath must be recorded; they are, as long as the container is. */
static int find_below(struct image_add *add, const struct strv *below, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(add->is->st, STATE_READ, &txn, err);

	for (size_t i = 0; r == 0 && i < below->n; i++) {
		struct add_layer *l = &add->layers[i];

		r = state_get_doc(txn, STATE_LAYERS, below->items[i], &layer_doc_schema, add->a,
				  &l->doc, err);
		if (r < 0)
			return err_wrap(err, "layer %.12s", below->items[i]);
		l->diff_id = l->doc.diff_id;
	}
	return r;
}

/* The configuration that it was made from, for all that a container does not have. */
static int read_base(struct image_add *add, const char *base, struct image_config *c,
		     struct err *err)
{
	OWN(str) char *text = NULL;
	size_t len;
	int r;

	*c = (struct image_config){ .os = image_platform_host()->os,
				    .architecture = image_platform_host()->architecture,
				    .variant = image_platform_host()->variant };
	if (!base || !digest_is_sha256(base))
		return 0;
	r = file_read_at(image_dirs_blobs(&add->dirs, base), digest_hex(base), IMAGE_CONFIG_MAX,
			 &text, &len);
	if (r == -ENOENT)
		return 0; /* removed by force */
	if (r < 0)
		return err_code(err, r, "image %.19s: its configuration", base);
	return schema_read(&image_config_schema, text, len, add->a, c, err);
}

static int write_config(struct image_add *add, const struct image_commit_spec *spec,
			struct image_config *c, bool empty, struct err *err)
{
	struct image_history *history = arena_array(add->a, c->history.n + 1, sizeof(*history));
	int r = 0;

	if (c->history.n)
		memcpy(history, c->history.items, c->history.n * sizeof(*history));
	c->config = *spec->config;
	for (size_t i = 0; r == 0 && i < spec->changes.n; i++)
		r = image_change_apply(spec->changes.items[i], add->a, &c->config, err);
	c->created = image_store_now();
	c->author = spec->author;
	history[c->history.n] = (struct image_history){ .created = c->created,
							.created_by = spec->created_by,
							.author = spec->author,
							.comment = spec->message,
							.empty_layer = empty };
	c->history.items = history;
	c->history.n++;
	c->rootfs.type = "layers";
	c->rootfs.diff_ids = (struct strv){ 0 };
	for (size_t i = 0; i < add->n_layers; i++)
		strv_add(&c->rootfs.diff_ids, add->a, add->layers[i].diff_id);
	return r;
}

static int commit(struct image_add *add, const struct image_commit_spec *spec,
		  struct add_image *image, struct err *err)
{
	OWN(buf) struct buf text = { 0 };
	size_t below = spec->below->n, entries = 0;
	struct image_config c;
	int r = read_base(add, spec->base, &c, err);

	add->layers = arena_array(add->a, below + 1, sizeof(*add->layers));
	add->n_layers = below + 1;
	add->images = image;
	if (r == 0)
		r = find_below(add, spec->below, err);
	if (r == 0)
		r = make_layer(add, &add->layers[below], spec->upper, &entries, err);
	if (r < 0)
		return r;
	add->layers[below].unpacked = true;
	if (entries == 0)
		add->n_layers = below; /* what is below tmp/ goes with it */
	r = write_config(add, spec, &c, entries == 0, err);
	if (r < 0)
		return r;
	schema_write(&image_config_schema, &c, SCHEMA_FULL, &text);
	r = image_add_config(add->a, arena_memdup(add->a, text.data, text.len), text.len,
			     (ssize_t)add->n_layers, image, err);
	add->n_images = 1;
	return r < 0 ? r : image_add_commit(add, err);
}

int image_commit(struct image_store *is, const struct image_commit_spec *spec, struct arena *a,
		 const char **ret_id, struct err *err)
{
	OWN(image_add) struct image_add add = { 0 };
	struct add_image *image = arena_new(a, struct add_image);
	struct ref ref;
	int r = 0;

	if (spec->ref) {
		r = ref_parse(spec->ref, &ref, err);
		if (r == 0 && ref.digest[0])
			r = err_set(err, -EINVAL,
				    "refusing to create a tag with a digest reference");
		if (r == 0)
			strv_add(&image->refs, a, ref_canonical(&ref, a));
	}
	if (r == 0)
		r = image_add_begin(is, a, &add, err);
	if (r == 0)
		r = commit(&add, spec, image, err);
	if (r == 0)
		*ret_id = image->doc.id;
	return r;
}
