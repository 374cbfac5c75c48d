/*
 * load_oci.c - the images of an OCI image layout
 *
 * index.json lists manifests and further indexes. Each entry is one image, named by an annotation;
 * of an index below it one manifest is chosen by platform. Entries of the same name for several
 * platforms are one image, too. Every text is held against the digest and size that led to it.
 */
#include "base/own.h"
#include "codec/digest.h"
#include "codec/ref.h"
#include "image/load_plan.h"
#include "codec/hash.h"

enum { NESTING_MAX = 4 };

static const char name_of_containerd[] = "io.containerd.image.name";
static const char name_of_oci[] = "org.opencontainers.image.ref.name";

static const char *member_of(const char *digest, struct arena *a)
{
	return arena_printf(a, "blobs/%s/%s", digest_algo_name(digest_algo_or_usual(digest)),
			    digest_hex(digest));
}

static int find_blob(struct load_plan *plan, const struct oci_descriptor *d, const char *what,
		     struct byte_range *ret, struct err *err)
{
	int r = archive_index_find(plan->index, member_of(d->digest, plan->a), ret, NULL);

	if (r < 0)
		return err_set(
			err, r,
			"the %s %s is not in the archive (was it saved for another platform?)",
			what, d->digest);
	if (ret->size != d->size)
		return err_set(err, -EINVAL, "the %s %s has %lld bytes, not %lld", what, d->digest,
			       (long long)ret->size, (long long)d->size);
	return 0;
}

static int read_blob(struct load_plan *plan, const struct oci_descriptor *d, const char *what,
		     size_t max, const char **ret, size_t *ret_len, struct err *err)
{
	struct byte_range range;
	char digest[DIGEST_TEXT];
	int r = find_blob(plan, d, what, &range, err);

	if (r == 0)
		r = archive_index_text(plan->index, member_of(d->digest, plan->a), max, plan->a,
				       ret, ret_len, err);
	if (r < 0)
		return r;
	hash_like(d->digest, *ret, *ret_len, digest);
	if (!str_eq(digest, d->digest))
		return err_set(err, -EINVAL, "the %s %s has the digest %s", what, d->digest,
			       digest);
	return 0;
}

/* The full name that an entry carries, canonical; NULL when it has none, or just a tag. */
static const char *name_of(const struct oci_descriptor *d, struct arena *a)
{
	const char *name = str_map_get(&d->annotations, name_of_containerd);
	struct ref ref;

	if (!name) {
		name = str_map_get(&d->annotations, name_of_oci);
		if (!name || !strpbrk(name, ":/"))
			return NULL;
	}
	return ref_parse(name, &ref, NULL) == 0 ? ref_canonical(&ref, a) : NULL;
}

static int add_manifest(struct load_plan *plan, const struct oci_descriptor *d, const char *name,
			const struct add_image *so_far, struct err *err)
{
	struct arena *a = plan->a;
	struct add_image image = *so_far;
	struct oci_manifest m;
	struct byte_range *ranges;
	const char **blobs, *text;
	size_t len;
	int r = read_blob(plan, d, "manifest", IMAGE_MANIFEST_MAX, &text, &len, err);

	if (r < 0)
		return r;
	r = image_manifest_read(text, len, a, &m, err);
	if (r < 0)
		return err_wrap(err, "manifest %s", d->digest);
	r = image_manifest_check_kind(text, len, m.media_type, false, d->digest, err);
	if (r < 0)
		return r;
	r = image_manifest_check_image(&m, d->digest, err);
	if (r < 0)
		return r;
	image_add_text(a, &image, &(struct add_text){ d->digest, text, len });
	r = read_blob(plan, &m.config, "configuration", IMAGE_CONFIG_MAX, &text, &len, err);
	if (r == 0)
		r = image_add_config(a, text, len, (ssize_t)m.layers.n, &image, err);
	if (r < 0)
		return err_wrap(err, "manifest %s", d->digest);
	ranges = arena_array(a, m.layers.n, sizeof(*ranges));
	blobs = arena_array(a, m.layers.n, sizeof(*blobs));
	for (size_t i = 0; r == 0 && i < m.layers.n; i++) {
		blobs[i] = m.layers.items[i].digest;
		r = find_blob(plan, &m.layers.items[i], "layer", &ranges[i], err);
	}
	if (r == 0 && name)
		strv_add(&image.refs, a, name);
	return r < 0 ? r : load_plan_add(plan, &image, ranges, blobs, err);
}

static const struct image_platform *wanted(const struct load_plan *plan)
{
	return plan->want ? plan->want : image_platform_host();
}

/* A manifest, or the one of an index that fits. */
static int add_entry(struct load_plan *plan, const struct oci_descriptor *d, const char *name,
		     struct err *err)
{
	struct add_image image = { 0 };

	for (int depth = 0; image_manifest_is_index(d->media_type); depth++) {
		struct oci_index index;
		const char *text, *digest = d->digest;
		size_t len;
		int r = depth == NESTING_MAX
				? err_set(err, -EINVAL, "indexes nested too deep")
				: read_blob(plan, d, "index", IMAGE_MANIFEST_MAX, &text, &len, err);

		if (r == 0)
			r = image_manifest_read_index(text, len, plan->a, &index, err);
		if (r == 0)
			r = image_manifest_check_kind(text, len, index.media_type, true, digest,
						      err);
		if (r < 0)
			return r;
		image_add_text(plan->a, &image, &(struct add_text){ digest, text, len });
		d = image_manifest_choose(&index, wanted(plan));
		if (!d)
			return err_set(err, -ENOENT, "no image for %s/%s in index %s",
				       wanted(plan)->os, wanted(plan)->architecture, digest);
	}
	return add_manifest(plan, d, name, &image, err);
}

/* Whether another entry of the same name is the one to take. */
static bool is_outdone(const struct load_plan *plan, const struct oci_index *index, size_t at,
		       const char *const *names)
{
	if (image_platform_fits(wanted(plan), index->manifests.items[at].platform))
		return false;
	for (size_t i = 0; i < index->manifests.n; i++)
		if (i != at && str_eq(names[i], names[at]) &&
		    !image_manifest_is_attestation(&index->manifests.items[i]) &&
		    image_platform_fits(wanted(plan), index->manifests.items[i].platform))
			return true;
	return false;
}

int load_oci_plan(struct load_plan *plan, struct err *err)
{
	struct oci_index index;
	const char *text, **names;
	size_t len;
	int r = archive_index_text(plan->index, "index.json", IMAGE_MANIFEST_MAX, plan->a, &text,
				   &len, err);

	if (r == 0)
		r = image_manifest_read_index(text, len, plan->a, &index, err);
	if (r < 0)
		return err_wrap(err, "index.json");
	names = arena_array(plan->a, index.manifests.n, sizeof(*names));
	for (size_t i = 0; i < index.manifests.n; i++)
		names[i] = name_of(&index.manifests.items[i], plan->a);
	for (size_t i = 0; r == 0 && i < index.manifests.n; i++) {
		const struct oci_descriptor *d = &index.manifests.items[i];

		if (!image_manifest_is_attestation(d) && !is_outdone(plan, &index, i, names))
			r = add_entry(plan, d, names[i], err);
	}
	return r;
}
