/*
 * import.c - an image made from the tar of a root file system
 *
 * The tar may be compressed in any way that decompress.h knows and may come from a pipe: it is read
 * once, from the front, and becomes a layer while it is read. Its digest is known then, and the
 * configuration is written around it.
 */
#include "base/own.h"
#include "codec/ref.h"
#include "image/image.h"
#include "image/image_add.h"
#include "model/image_change.h"
#include "model/image_manifest.h"

#include <sys/stat.h>

static int read_spec(const struct image_import_spec *spec, struct arena *a, struct image_config *c,
		     struct strv *refs, struct err *err)
{
	struct image_platform platform = *image_platform_host();
	struct ref ref;
	int r = 0;

	if (spec->platform)
		r = image_platform_parse(spec->platform, a, &platform, err);
	if (r == 0 && spec->ref) {
		r = ref_parse(spec->ref, &ref, err);
		if (r == 0 && ref.digest[0])
			r = err_set(err, -EINVAL, "cannot import digest reference");
		if (r == 0)
			strv_add(refs, a, ref_canonical(&ref, a));
	}
	c->os = platform.os;
	c->architecture = platform.architecture;
	c->variant = platform.variant;
	for (size_t i = 0; r == 0 && i < spec->changes.n; i++)
		r = image_change_apply(spec->changes.items[i], a, &c->config, err);
	return r;
}

static void write_config(struct image_config *c, const char *diff_id, const char *message,
			 struct arena *a, const char **ret, size_t *ret_len)
{
	OWN(buf) struct buf text = { 0 };
	struct image_history *history = arena_new(a, struct image_history);

	c->created = image_store_now();
	c->rootfs.type = "layers";
	c->rootfs.diff_ids = (struct strv){ 0 };
	strv_add(&c->rootfs.diff_ids, a, diff_id);
	history->created = c->created;
	history->comment = message;
	c->history.items = history;
	c->history.n = 1;
	schema_write(&image_config_schema, c, SCHEMA_FULL, &text);
	*ret = arena_memdup(a, text.data, text.len);
	*ret_len = text.len;
}

static int import(struct image_add *add, const struct image_import_spec *spec,
		  struct image_config *c, struct add_image *image, struct err *err)
{
	/* The arena's: image_add_cleanup() looks at it, too. */
	struct add_layer *layer = arena_new(add->a, struct add_layer);
	const char *text;
	size_t len;
	int r;

	layer->range.fd = spec->fd;
	layer->range.size = -1;
	add->layers = layer;
	add->n_layers = 1;
	add->images = image;
	add->n_images = 1;
	r = image_add_unpack(add, &spec->progress, err);
	if (r < 0)
		return r;
	write_config(c, layer->diff_id, spec->message, add->a, &text, &len);
	r = image_add_config(add->a, text, len, 1, image, err);
	return r < 0 ? r : image_add_commit(add, err);
}

int image_import(struct image_store *is, const struct image_import_spec *spec, struct arena *a,
		 const char **ret_id, struct err *err)
{
	OWN(image_add) struct image_add add = { 0 };
	struct add_image image = { 0 };
	struct image_config c = { 0 };
	struct stat st;
	int r = read_spec(spec, a, &c, &image.refs, err);

	if (r == 0 && fstat(spec->fd, &st) == 0 && S_ISDIR(st.st_mode))
		r = err_set(err, -EISDIR, "the tar is a directory");
	if (r == 0)
		r = image_add_begin(is, a, &add, err);
	if (r == 0)
		r = import(&add, spec, &c, &image, err);
	if (r == 0)
		*ret_id = image.doc.id;
	return r;
}
