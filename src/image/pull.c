/*
 * pull.c - an image out of a registry: from a reference to a manifest, to its layers, to the store
 *
 * Every text is held against the digest that led to it. What is in the store is not fetched again:
 * a configuration whose blob is there, a layer whose content (by the configuration) is there.
 */
#include "base/mem.h"
#include "base/own.h"
#include "codec/digest.h"
#include "codec/ref.h"
#include "image/image.h"
#include "image/image_add.h"
#include "image/partial.h"
#include "image/pull_fetch.h"
#include "codec/hash.h"
#include "model/image_manifest.h"

enum { NESTING_MAX = 4, LAYERS_MAX = 1000 };

struct pull {
	const struct image_pull_spec *spec;
	struct arena *a;
	struct image_add *add;
	struct add_image image;
	struct ref ref;
	struct image_platform want;
	char digest[DIGEST_TEXT]; /* of what the reference leads to */
	struct oci_manifest manifest;
	const char *manifest_digest;
};

/* -- the manifest -- */

static int get_text(struct pull *p, const char *what, struct image_remote_text *ret,
		    char digest[DIGEST_TEXT], struct err *err)
{
	const struct image_remote *remote = p->spec->remote;
	int r = remote->manifest(remote->ctx, what, p->a, ret, err);

	if (r < 0)
		return r;
	if (ret->len > IMAGE_MANIFEST_MAX)
		return err_set(err, -EFBIG, "manifest %s has more than %d bytes", what,
			       IMAGE_MANIFEST_MAX);
	hash_like(what, ret->text, ret->len, digest);
	if (digest_is_valid(what) && !str_eq(what, digest))
		return err_set(err, -EBADMSG, "manifest %s has the digest %s", what, digest);
	return 0;
}

/* What a text is: by what it says itself, or else by what the registry says, or what it looks like.
 */
static bool is_index(struct pull *p, const struct image_remote_text *t)
{
	struct oci_index index;

	if (image_manifest_is_index(t->media_type))
		return true;
	return image_manifest_read_index(t->text, t->len, p->a, &index, NULL) == 0 &&
	       (image_manifest_is_index(index.media_type) || index.manifests.n > 0);
}

/* *ret_next: the manifest or index of this one that fits the platform; the arena's. */
static int read_index(struct pull *p, const struct image_remote_text *t, const char *digest,
		      const struct oci_descriptor **ret_next, struct err *err)
{
	struct oci_index *index = arena_new(p->a, struct oci_index);
	int r = image_manifest_read_index(t->text, t->len, p->a, index, err);

	if (r < 0)
		return err_wrap(err, "index %s", digest);
	r = image_manifest_check_kind(t->text, t->len, index->media_type, true, digest, err);
	if (r < 0)
		return r;
	*ret_next = image_manifest_choose(index, &p->want);
	if (!*ret_next)
		return err_set(err, -ENOENT,
			       "no matching manifest for %s in the manifest list entries",
			       image_platform_text(&p->want, p->a));
	return 0;
}

static int read_manifest(struct pull *p, const struct image_remote_text *t, const char *digest,
			 struct err *err)
{
	int r = 0;

	if (image_manifest_is_schema1(t->media_type))
		return err_set(err, -EINVAL,
			       "the manifest is of docker's schema 1, which is not supported: push "
			       "the image again with a newer client");
	r = image_manifest_read(t->text, t->len, p->a, &p->manifest, err);
	if (r < 0)
		return err_wrap(err, "manifest %s", digest);
	r = image_manifest_check_kind(t->text, t->len, p->manifest.media_type, false, digest, err);
	if (r == 0)
		r = image_manifest_check_image(&p->manifest, digest, err);
	if (r == 0 && p->manifest.layers.n > LAYERS_MAX)
		r = err_set(err, -EFBIG, "an image of more than %d layers", LAYERS_MAX);
	p->manifest_digest = digest;
	return r;
}

static int resolve(struct pull *p, struct err *err)
{
	const char *what = p->ref.digest[0] ? p->ref.digest : p->ref.tag;
	const struct oci_descriptor *d = NULL;

	for (int depth = 0; depth <= NESTING_MAX; depth++) {
		struct image_remote_text t;
		char digest[DIGEST_TEXT];
		const char *kept;
		int r = get_text(p, what, &t, digest, err);

		if (r < 0)
			return r;
		if (d && d->size != (int64_t)t.len)
			return err_set(err, -EBADMSG, "manifest %s has %zu bytes, not %lld", what,
				       t.len, (long long)d->size);
		if (depth == 0)
			memcpy(p->digest, digest, sizeof(digest));
		kept = arena_strdup(p->a, digest);
		image_add_text(p->a, &p->image, &(struct add_text){ kept, t.text, t.len });
		if (!is_index(p, &t))
			return read_manifest(p, &t, kept, err);
		r = read_index(p, &t, kept, &d, err);
		if (r < 0)
			return r;
		what = d->digest;
	}
	return err_set(err, -EINVAL, "indexes nested too deep");
}

/* -- the configuration -- */

static int take_text(void *ctx, const void *bytes, size_t n, struct err *err)
{
	struct buf *text = ctx;

	if (n > IMAGE_CONFIG_MAX - text->len)
		return err_set(err, -EFBIG, "more than %d bytes", IMAGE_CONFIG_MAX);
	buf_add(text, bytes, n);
	return 0;
}

static int fetch_config(struct pull *p, const char **ret, size_t *ret_len, struct err *err)
{
	const struct image_remote *remote = p->spec->remote;
	const struct oci_descriptor *d = &p->manifest.config;
	OWN(buf) struct buf text = { 0 };
	struct image_remote_blob want = { d->digest, d->size, 0, -1, take_text, &text };
	char digest[DIGEST_TEXT];
	int r;

	if (d->size > IMAGE_CONFIG_MAX)
		return err_set(err, -EFBIG, "configuration %s has %lld bytes; at most %d are taken",
			       d->digest, (long long)d->size, IMAGE_CONFIG_MAX);
	r = remote->blob(remote->ctx, &want, err);
	if (r < 0)
		return err_wrap(err, "configuration %s", d->digest);
	hash_like(d->digest, buf_text(&text), text.len, digest);
	if (!str_eq(digest, d->digest) || (int64_t)text.len != d->size)
		return err_set(err, -EBADMSG, "configuration %s has the digest %s and %zu bytes",
			       d->digest, digest, text.len);
	*ret = arena_strndup(p->a, buf_text(&text), text.len);
	*ret_len = text.len;
	return 0;
}

static int get_config(struct pull *p, struct err *err)
{
	const char *text;
	size_t len;
	char digest[DIGEST_TEXT] = "";
	int r = image_layer_text(p->add->is, p->manifest.config.digest, p->a, &text, &len, NULL);

	if (r == 0)
		hash_like(p->manifest.config.digest, text, len, digest);
	r = str_eq(digest, p->manifest.config.digest) ? 0 : fetch_config(p, &text, &len, err);
	if (r == 0)
		r = image_add_config(p->a, text, len, (ssize_t)p->manifest.layers.n, &p->image,
				     err);
	return r;
}

/* -- layers -- */

static int check_layer(const struct oci_descriptor *d, struct err *err)
{
	static const char *const kinds[] = {
		"application/vnd.oci.image.layer.v1.tar",
		"application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.docker.image.rootfs.diff.tar",
		"application/vnd.docker.image.rootfs.foreign.diff.tar",
	};
	static const char *const packings[] = { "", "+gzip", "+zstd", ".gzip", ".zstd" };

	if (d->size > partial_size_max)
		return err_set(err, -EFBIG, "layer %s has %lld bytes; at most %lld are taken",
			       d->digest, (long long)d->size, (long long)partial_size_max);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *packing = str_after(d->media_type ? d->media_type : kinds[0], kinds[i]);

		for (size_t k = 0; packing && k < sizeof(packings) / sizeof(packings[0]); k++)
			if (str_eq(packing, packings[k]))
				return 0;
	}
	return err_set(err, -ENOTSUP, "layer %s is of a kind that is not known: %.100s", d->digest,
		       d->media_type);
}

/* Each content once, as the configuration names it. */
static int list_layers(struct pull *p, struct err *err)
{
	const struct strv *diff_ids = &p->image.doc.diff_ids;
	struct image_add *add = p->add;
	const char *repository = ref_name(&p->ref, p->a);

	add->layers = arena_array(p->a, diff_ids->n, sizeof(*add->layers));
	for (size_t i = 0; i < diff_ids->n; i++) {
		const struct oci_descriptor *d = &p->manifest.layers.items[i];
		bool known = false;
		int r = check_layer(d, err);

		if (r < 0)
			return r;
		for (size_t k = 0; k < add->n_layers; k++)
			known |= str_eq(add->layers[k].diff_id, diff_ids->items[i]);
		if (known)
			continue;
		add->layers[add->n_layers++] = (struct add_layer){
			.diff_id = diff_ids->items[i],
			.blob_digest = d->digest,
			.media_type = d->media_type,
			.repository = repository,
			.range = { .fd = -1, .size = d->size },
			.keep = true,
			.fetched = true,
		};
	}
	return image_add_find_present(add, err);
}

static const char *platform_warning(struct pull *p)
{
	const struct image_platform have = { p->image.doc.os, p->image.doc.architecture,
					     p->image.doc.variant, NULL };

	if (image_platform_fits(&p->want, &have))
		return NULL;
	if (p->spec->platform)
		return arena_printf(
			p->a,
			"image with reference %s was found but its platform (%s) does not "
			"match the specified platform (%s)",
			p->spec->ref, image_platform_text(&have, p->a),
			image_platform_text(&p->want, p->a));
	return arena_printf(p->a,
			    "The requested image's platform (%s) does not match the detected host "
			    "platform (%s) and no specific platform was requested",
			    image_platform_text(&have, p->a), image_platform_text(&p->want, p->a));
}

static void tell_found(struct pull *p)
{
	struct image_pull_found found = { .n = p->add->n_layers, .warning = platform_warning(p) };
	struct image_progress_layer *layers = arena_array(p->a, found.n, sizeof(*layers));

	if (!p->spec->found)
		return;
	for (size_t i = 0; i < found.n; i++) {
		const struct add_layer *l = &p->add->layers[i];

		layers[i].digest = l->blob_digest;
		layers[i].total = l->range.size;
		layers[i].state = l->unpacked ? IMAGE_LAYER_WAITING : IMAGE_LAYER_PRESENT;
	}
	found.layers = layers;
	p->spec->found(p->spec->found_ctx, &found);
}

/* -- all -- */

static bool had_it(struct pull *p, const char *canonical)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	const char *id;

	return state_begin(p->add->is->st, STATE_READ, &txn, NULL) == 0 &&
	       state_get_str(txn, STATE_IMAGE_REFS, canonical, p->a, &id) == 0 &&
	       str_eq(id, p->image.doc.id);
}

static void name_it(struct pull *p)
{
	if (!p->ref.digest[0])
		strv_add(&p->image.refs, p->a, ref_canonical(&p->ref, p->a));
	p->image.target = p->digest;
	strv_add(&p->image.refs, p->a,
		 arena_printf(p->a, "%s@%s", ref_name(&p->ref, p->a), p->digest));
}

static int find(struct pull *p, struct err *err)
{
	int r = resolve(p, err);

	if (r == 0)
		r = get_config(p, err);
	if (r == 0)
		r = list_layers(p, err);
	return r;
}

static int read_spec(struct pull *p, struct err *err)
{
	int r = ref_parse(p->spec->ref, &p->ref, err);

	p->want = *image_platform_host();
	if (r == 0 && p->spec->platform)
		r = image_platform_parse(p->spec->platform, p->a, &p->want, err);
	return r;
}

int image_pull(struct image_store *is, const struct image_pull_spec *spec, struct arena *a,
	       struct image_pulled *ret, struct err *err)
{
	OWN(image_add) struct image_add add = { 0 };
	struct pull p = { .spec = spec, .a = a, .add = &add };
	struct pull_fetch_spec fetch = { spec->remote, spec->concurrency, &spec->progress };
	int r = read_spec(&p, err);

	if (r == 0)
		r = image_add_begin(is, a, &add, err);
	if (r == 0)
		r = find(&p, err);
	if (r < 0)
		return r;
	tell_found(&p);
	name_it(&p);
	*ret = (struct image_pulled){ .id = p.image.doc.id,
				      .digest = arena_strdup(a, p.digest),
				      .newer = !had_it(&p, p.image.refs.items[0]) };
	add.images = &p.image;
	add.n_images = 1;
	r = pull_fetch(&add, &fetch, err);
	return r < 0 ? r : image_add_commit(&add, err);
}
