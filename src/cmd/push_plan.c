/*
 * push_plan.c - what a push of one tag consists of
 *
 * An image goes with the manifest that it came with, so that its digest stays what it is, as long
 * as the bytes that this one names can be had: they are kept, or the layer came as a plain tar and
 * is one there, too, or was packed by us. When it came by way of an index, the index goes as well,
 * with all the images of it that are here. What is not here may be in the registry already.
 */
#include "cmd/push_plan.h"

#include "base/own.h"
#include "codec/hash.h"

enum { MOUNTS_MAX = 3, NESTING_MAX = 4 };

struct planning {
	const struct push_planner *with;
	struct state_txn *txn;
	struct image_doc_list all;
	struct push_plan *plan;
	struct err *err;
};

/* -- layers -- */

static void add_mounts(struct planning *p, const struct layer_blob *from, struct push_blob *ret)
{
	for (size_t i = 0; i < from->repositories.n && ret->mount_from.n < MOUNTS_MAX; i++) {
		struct ref ref;

		if (ref_parse(from->repositories.items[i], &ref, NULL) == 0 &&
		    str_eq(ref.domain, p->with->ref->domain) &&
		    !str_eq(ref.path, p->with->ref->path))
			strv_add(&ret->mount_from, p->with->a, arena_strdup(p->with->a, ref.path));
	}
}

static void adopt(struct planning *p, const struct layer_blob *from, struct push_blob *ret)
{
	(void)snprintf(ret->digest, sizeof(ret->digest), "%s", from->digest);
	ret->size = from->size;
	add_mounts(p, from, ret);
}

/* The bytes tell: what a registry called them may be wrong, or not say how they are packed. */
static int find_packing(struct planning *p, struct push_blob *blob)
{
	OWN(image_blob) struct image_blob bytes = { .fd = -1 };
	unsigned char head[2];
	ssize_t n;
	int r = image_blob_open(p->with->is, blob->digest, &bytes, p->err);

	if (r < 0)
		return r;
	if (bytes.size != blob->size)
		return err_set(p->err, -EIO, "blob %s has %lld bytes, not %lld", blob->digest,
			       (long long)bytes.size, (long long)blob->size);
	n = pread(bytes.fd, head, sizeof(head), 0);
	if (n < 0)
		return err_sys(p->err, "blob %s", blob->digest);
	blob->is_zstd = n < 2 || head[0] != 0x1f || head[1] != 0x8b;
	return 0;
}

/* want: the digest that a manifest names, or NULL. -ESTALE: not to be had. */
static int plan_layer(struct planning *p, const char *diff_id, const char *want,
		      struct push_blob *ret)
{
	struct image_layer l;
	int r = image_layer_find(p->txn, diff_id, p->with->a, &l, p->err);

	if (r < 0)
		return r;
	*ret = (struct push_blob){ .diff_id = diff_id, .source = PUSH_KEPT };
	if (l.kept && (!want || str_eq(want, l.kept->digest))) {
		adopt(p, l.kept, ret);
		return find_packing(p, ret);
	}
	if (l.kept)
		return -ESTALE;
	if (want && str_eq(want, diff_id)) {
		ret->source = PUSH_TAR;
		return 0;
	}
	ret->source = PUSH_GZIP;
	if (l.packed)
		adopt(p, l.packed, ret);
	return want && !str_eq(want, ret->digest) ? -ESTALE : 0;
}

/* m: the manifest that names it, maybe by another digest than the store, or NULL. */
static int plan_config(struct planning *p, const struct image_doc *doc,
		       const struct oci_manifest *m, struct push_blob *ret)
{
	OWN(image_blob) struct image_blob bytes = { .fd = -1 };
	int r = image_blob_open(p->with->is, doc->id, &bytes, p->err);

	if (r < 0)
		return r;
	*ret = (struct push_blob){ .source = PUSH_KEPT, .size = bytes.size, .kept_as = doc->id };
	(void)snprintf(ret->digest, sizeof(ret->digest), "%s", m ? m->config.digest : doc->id);
	return 0;
}

static int plan_blobs(struct planning *p, const struct oci_manifest *m, struct push_image *image)
{
	const struct strv *diff_ids = &image->doc.diff_ids;
	int r = 0;

	image->n_blobs = diff_ids->n + 1;
	image->blobs = arena_array(p->with->a, image->n_blobs, sizeof(*image->blobs));
	for (size_t i = 0; r == 0 && i < diff_ids->n; i++) {
		struct push_blob *blob = &image->blobs[i];

		r = plan_layer(p, diff_ids->items[i], m ? m->layers.items[i].digest : NULL, blob);
		if (r == 0 && m && blob->source == PUSH_TAR) {
			(void)snprintf(blob->digest, sizeof(blob->digest), "%s", blob->diff_id);
			blob->size = m->layers.items[i].size;
		}
	}
	return r < 0 ? r : plan_config(p, &image->doc, m, &image->blobs[diff_ids->n]);
}

/* -- manifests -- */

/* A kept text that is what its name says. */
static bool read_text(struct planning *p, const char *digest, struct push_text *ret)
{
	char is[DIGEST_TEXT];

	*ret = (struct push_text){ .digest = digest };
	if (!digest_is_valid(digest) ||
	    image_layer_text(p->with->is, digest, p->with->a, &ret->text, &ret->len, NULL) < 0)
		return false;
	hash_like(digest, ret->text, ret->len, is);
	return str_eq(is, digest);
}

static bool read_manifest(struct planning *p, const char *digest, struct push_text *ret,
			  struct oci_manifest *m)
{
	if (!read_text(p, digest, ret) ||
	    image_manifest_read(ret->text, ret->len, p->with->a, m, NULL) < 0)
		return false;
	ret->media_type =
		m->media_type ? m->media_type : "application/vnd.oci.image.manifest.v1+json";
	return true;
}

static bool read_index(struct planning *p, const char *digest, struct push_text *ret,
		       struct oci_index *index)
{
	if (!read_text(p, digest, ret) ||
	    image_manifest_read_index(ret->text, ret->len, p->with->a, index, NULL) < 0 ||
	    index->manifests.n == 0)
		return false;
	ret->media_type =
		index->media_type ? index->media_type : "application/vnd.oci.image.index.v1+json";
	return true;
}

static bool names(const struct oci_index *index, const char *digest)
{
	for (size_t i = 0; i < index->manifests.n; i++)
		if (str_eq(index->manifests.items[i].digest, digest))
			return true;
	return false;
}

/* Whether an index, or one that it names, names a digest. */
static bool leads_to(struct planning *p, const char *top, const char *digest, int depth)
{
	struct push_text text;
	struct oci_index index;

	if (depth > NESTING_MAX || !read_index(p, top, &text, &index))
		return false;
	for (size_t i = 0; i < index.manifests.n; i++) {
		const struct oci_descriptor *d = &index.manifests.items[i];

		if (str_eq(d->digest, digest) || (image_manifest_is_index(d->media_type) &&
						  leads_to(p, d->digest, digest, depth + 1)))
			return true;
	}
	return false;
}

static bool is_config_of(struct planning *p, const char *digest, const struct image_doc *doc)
{
	char is[DIGEST_TEXT];
	const char *text;
	size_t len;

	if (digest_is_sha256(digest))
		return str_eq(digest, doc->id);
	if (image_layer_text(p->with->is, doc->id, p->with->a, &text, &len, NULL) < 0)
		return false;
	hash_like(digest, text, len, is);
	return str_eq(digest, is);
}

/* An image with a manifest of its own: this one, or (NULL) any whose blobs can be had. -ESTALE. */
static int plan_with_manifest(struct planning *p, const char *only, struct push_image *image,
			      size_t *ret_at)
{
	const struct strv *kept = &image->doc.manifests;

	for (size_t i = 0; i < kept->n; i++) {
		struct oci_manifest m;
		int r;

		if ((only && !str_eq(only, kept->items[i])) ||
		    !read_manifest(p, kept->items[i], &image->manifest, &m) ||
		    !is_config_of(p, m.config.digest, &image->doc) ||
		    m.layers.n != image->doc.diff_ids.n)
			continue;
		r = plan_blobs(p, &m, image);
		if (r == -ESTALE)
			continue;
		image->has_manifest = r == 0;
		*ret_at = i;
		return r;
	}
	return -ESTALE;
}

static int add_image(struct planning *p, const struct push_image *image)
{
	struct push_plan *plan = p->plan;

	if (plan->n_images > p->all.n)
		return err_set(p->err, -EFBIG, "an index that names an image many times");
	plan->images[plan->n_images++] = *image;
	return 0;
}

/* -- indexes -- */

/* The index at the top of the chain by which a manifest came: each one names the one before. */
static const char *find_top(struct planning *p, const struct image_doc *doc, size_t at)
{
	const char *below = doc->manifests.items[at], *top = NULL;

	for (size_t i = at + 1; i < doc->manifests.n; i++) {
		struct push_text text;
		struct oci_index index;

		if (!read_index(p, doc->manifests.items[i], &text, &index) || !names(&index, below))
			break;
		top = below = doc->manifests.items[i];
	}
	return top;
}

static bool has_image(const struct push_plan *plan, const char *manifest)
{
	for (size_t i = 0; i < plan->n_images; i++)
		if (str_eq(plan->images[i].manifest.digest, manifest))
			return true;
	return false;
}

/* 1: it is one of ours, and in the plan now. */
static int plan_child(struct planning *p, const char *digest)
{
	if (has_image(p->plan, digest))
		return 1;
	for (size_t i = 0; i < p->all.n; i++) {
		struct push_image image = { .doc = p->all.items[i] };
		size_t at;
		int r;

		if (!strv_has(&image.doc.manifests, digest))
			continue;
		r = plan_with_manifest(p, digest, &image, &at);
		if (r == -ESTALE)
			continue;
		if (r == 0)
			r = add_image(p, &image);
		return r < 0 ? r : 1;
	}
	return 0;
}

/* An index behind everything that it names. 0: it is none that is kept. */
static int plan_index(struct planning *p, const char *digest, int depth)
{
	struct push_text text;
	struct oci_index index;

	if (depth > NESTING_MAX || !read_index(p, digest, &text, &index))
		return 0;
	for (size_t i = 0; i < index.manifests.n; i++) {
		const char *child = index.manifests.items[i].digest;
		int r = plan_child(p, child);

		if (r == 0)
			r = plan_index(p, child, depth + 1);
		if (r < 0)
			return r;
		if (r == 0)
			strv_add(&p->plan->missing, p->with->a, child);
	}
	if (p->plan->n_indexes == NESTING_MAX * NESTING_MAX)
		return err_set(p->err, -EFBIG, "index %s has too many others in it", digest);
	p->plan->indexes[p->plan->n_indexes++] = text;
	return 1;
}

/* -- all -- */

static bool fits(const struct push_planner *with, const struct image_doc *doc)
{
	const struct image_platform have = { doc->os, doc->architecture, doc->variant, NULL };

	return !with->platform || image_platform_fits(with->platform, &have);
}

/* Another image of the index by which the one that the tag names came. */
static int plan_other_platform(struct planning *p, const char *top, struct push_image *image)
{
	struct push_text text;
	struct oci_index index;
	size_t at;

	for (size_t i = 0; top && read_index(p, top, &text, &index) && i < p->all.n; i++) {
		const struct image_doc *doc = &p->all.items[i];

		for (size_t k = 0; fits(p->with, doc) && k < doc->manifests.n; k++) {
			*image = (struct push_image){ .doc = *doc };
			if (names(&index, doc->manifests.items[k]) &&
			    plan_with_manifest(p, doc->manifests.items[k], image, &at) == 0)
				return 0;
		}
	}
	return -ESTALE;
}

static int refuse_platform(struct planning *p, const struct image_doc *doc)
{
	return err_set(p->err, -ENOENT,
		       "image with reference %s was found but its platform is %s/%s, not %s",
		       ref_familiar(doc->repo_tags.n ? doc->repo_tags.items[0] : doc->id), doc->os,
		       doc->architecture, image_platform_text(p->with->platform, p->with->a));
}

/* The image as its tag named it, and the index (or NULL) that it came by. -ESTALE. */
static int plan_named(struct planning *p, struct push_image *image, const char **ret_top)
{
	const char *target = str_map_get(&image->doc.targets, p->with->tag);
	const struct strv *kept = &image->doc.manifests;
	size_t at;
	int r = -ESTALE;

	if (target && strv_has(kept, target))
		r = plan_with_manifest(p, target, image, &at);
	for (size_t i = 0; target && r == -ESTALE && i < kept->n; i++) {
		if (!leads_to(p, target, kept->items[i], 1))
			continue;
		r = plan_with_manifest(p, kept->items[i], image, &at);
		*ret_top = r == 0 ? target : NULL;
	}
	if (target || r != -ESTALE)
		return r;
	r = plan_with_manifest(p, NULL, image, &at);
	*ret_top = r == 0 ? find_top(p, &image->doc, at) : NULL;
	return r;
}

static int plan_all(struct planning *p, const struct image_doc *doc)
{
	struct push_image image = { .doc = *doc };
	const char *top = NULL;
	int r = plan_named(p, &image, &top);

	if (!fits(p->with, doc))
		r = plan_other_platform(p, top, &image) < 0 ? refuse_platform(p, doc) : 0;
	if (r == -ESTALE) { /* none that can be pushed: it gets a new one */
		image = (struct push_image){ .doc = *doc };
		r = plan_blobs(p, NULL, &image);
	}
	if (r == 0)
		r = add_image(p, &image);
	if (r < 0)
		return r;
	return top && !p->with->platform ? plan_index(p, top, 1) : 0;
}

int push_plan_make(const struct push_planner *planner, const struct image_doc *doc,
		   struct push_plan *ret, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct push_plan plan = { 0 };
	struct planning p = { .with = planner, .plan = &plan, .err = err };
	int r = image_begin(planner->is, &txn, err);

	if (r == 0)
		r = image_list(planner->is, txn, planner->a, &p.all, err);
	if (r < 0)
		return r;
	p.txn = txn;
	plan.images = arena_array(planner->a, p.all.n + 1, sizeof(*plan.images));
	plan.indexes =
		arena_array(planner->a, (size_t)NESTING_MAX * NESTING_MAX, sizeof(*plan.indexes));
	r = plan_all(&p, doc);
	if (r < 0)
		return r;
	*ret = plan;
	return 0;
}

void push_plan_narrow(struct push_plan *plan)
{
	plan->n_images = 1;
	plan->n_indexes = 0;
	plan->missing.n = 0;
}
