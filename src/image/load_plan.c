/*
 * load_plan.c - what is in an image archive: which images, under which names, of which layers
 *
 * manifest.json, where there is one, counts before index.json: newer dockers write both, and only
 * the former has the names as the user gave them. It names members: "ID.json" and "ID/layer.tar" in
 * old archives, where a layer.tar may be a link to another one; "blobs/sha256/HEX" in new ones,
 * whose name is then a promise that is checked.
 */
#include "image/load_plan.h"

#include "base/own.h"
#include "codec/digest.h"
#include "codec/ref.h"
#include "codec/hash.h"

enum { LAYERS_MAX = 1000, IMAGES_MAX = 1000 };

/* -- building -- */

static int add_layer(struct load_plan *plan, const char *diff_id, const struct byte_range *range,
		     const char *blob, struct err *err)
{
	for (size_t i = 0; i < plan->n_layers; i++)
		if (str_eq(plan->layers[i].diff_id, diff_id))
			return 0;
	if (plan->n_layers == plan->layers_cap) {
		struct add_layer *grown;

		plan->layers_cap = plan->layers_cap ? plan->layers_cap * 2 : 16;
		grown = arena_array(plan->a, plan->layers_cap, sizeof(*grown));
		if (plan->n_layers)
			memcpy(grown, plan->layers, plan->n_layers * sizeof(*grown));
		plan->layers = grown;
	}
	if (plan->n_layers == LAYERS_MAX * (size_t)16)
		return err_set(err, -EFBIG, "the archive has too many layers");
	plan->layers[plan->n_layers++] = (struct add_layer){
		.diff_id = diff_id, .blob_digest = blob, .range = *range, .keep = true
	};
	return 0;
}

static int check_platform(const struct load_plan *plan, const struct add_image *image,
			  struct err *err)
{
	const struct image_platform have = { image->doc.os, image->doc.architecture,
					     image->doc.variant, NULL };

	if (!plan->want || image_platform_fits(plan->want, &have))
		return 0;
	return err_set(err, -EINVAL, "image %.19s is for %s/%s, not for %s/%s", image->doc.id,
		       have.os, have.architecture, plan->want->os, plan->want->architecture);
}

int load_plan_add(struct load_plan *plan, struct add_image *image, const struct byte_range *ranges,
		  const char *const *blobs, struct err *err)
{
	const struct strv *diff_ids = &image->doc.diff_ids;
	int r = check_platform(plan, image, err);

	if (diff_ids->n > LAYERS_MAX)
		return err_set(err, -EFBIG, "an image of more than %d layers", LAYERS_MAX);
	for (size_t i = 0; r == 0 && i < diff_ids->n; i++)
		r = add_layer(plan, diff_ids->items[i], &ranges[i], blobs[i], err);
	if (r < 0)
		return r;
	/* One image under several names may come as several entries. */
	for (size_t i = 0; i < plan->n_images; i++) {
		struct add_image *other = &plan->images[i];

		if (!str_eq(other->doc.id, image->doc.id))
			continue;
		for (size_t k = 0; k < image->refs.n; k++)
			if (!strv_has(&other->refs, image->refs.items[k]))
				strv_add(&other->refs, plan->a, image->refs.items[k]);
		for (size_t k = 0; k < image->n_texts; k++)
			image_add_text(plan->a, other, &image->texts[k]);
		return 0;
	}
	if (plan->n_images == plan->images_cap) {
		struct add_image *grown;

		plan->images_cap = plan->images_cap ? plan->images_cap * 2 : 4;
		grown = arena_array(plan->a, plan->images_cap, sizeof(*grown));
		if (plan->n_images)
			memcpy(grown, plan->images, plan->n_images * sizeof(*grown));
		plan->images = grown;
	}
	if (plan->n_images == IMAGES_MAX)
		return err_set(err, -EFBIG, "the archive has more than %d images", IMAGES_MAX);
	plan->images[plan->n_images++] = *image;
	return 0;
}

/* -- manifest.json -- */

/* The digest that a member's name promises, or NULL. */
static const char *promised_digest(const char *member, struct arena *a)
{
	const char *rest = str_after(member, "blobs/"), *hex = rest ? strchr(rest, '/') : NULL;
	const char *digest =
		hex ? arena_printf(a, "%.*s:%s", (int)(hex - rest), rest, hex + 1) : "";

	return digest_is_valid(digest) ? digest : NULL;
}

static int read_names(const struct docker_manifest *m, struct arena *a, struct strv *refs,
		      struct err *err)
{
	for (size_t i = 0; i < m->repo_tags.n; i++) {
		struct ref ref;
		int r = ref_parse(m->repo_tags.items[i], &ref, err);

		if (r < 0)
			return err_wrap(err, "manifest.json");
		strv_add(refs, a, ref_canonical(&ref, a));
	}
	return 0;
}

static int add_docker_image(struct load_plan *plan, const struct docker_manifest *m,
			    struct err *err)
{
	struct arena *a = plan->a;
	struct add_image image = { 0 };
	struct byte_range *ranges = arena_array(a, m->layers.n, sizeof(*ranges));
	const char **blobs = arena_array(a, m->layers.n, sizeof(*blobs));
	const char *text, *promise = promised_digest(m->config, a);
	char digest[DIGEST_TEXT];
	size_t len;
	int r = archive_index_text(plan->index, m->config, IMAGE_CONFIG_MAX, a, &text, &len, err);

	if (r == 0)
		r = image_add_config(a, text, len, (ssize_t)m->layers.n, &image, err);
	if (r < 0)
		return err_wrap(err, "%.100s", m->config);
	hash_like(promise, text, len, digest);
	if (promise && !str_eq(promise, digest))
		return err_set(err, -EINVAL, "%.100s has the digest %s", m->config, digest);
	r = read_names(m, a, &image.refs, err);
	for (size_t i = 0; r == 0 && i < m->layers.n; i++) {
		blobs[i] = promised_digest(m->layers.items[i], a);
		r = archive_index_find(plan->index, m->layers.items[i], &ranges[i], err);
	}
	return r < 0 ? r : load_plan_add(plan, &image, ranges, blobs, err);
}

static int plan_docker(struct load_plan *plan, struct err *err)
{
	struct docker_manifest_list list;
	const char *text;
	size_t len;
	int r = archive_index_text(plan->index, "manifest.json", IMAGE_MANIFEST_MAX, plan->a, &text,
				   &len, err);

	if (r < 0)
		return r;
	r = image_manifest_read_docker(text, len, plan->a, &list, err);
	if (r < 0)
		return err_wrap(err, "manifest.json");
	for (size_t i = 0; r == 0 && i < list.items.n; i++)
		r = add_docker_image(plan, &list.items.items[i], err);
	return r;
}

int load_plan_make(struct load_plan *plan, struct err *err)
{
	int r;

	if (archive_index_has(plan->index, "manifest.json"))
		r = plan_docker(plan, err);
	else if (archive_index_has(plan->index, "index.json"))
		r = load_oci_plan(plan, err);
	else if (archive_index_has(plan->index, "repositories"))
		return err_set(err, -EINVAL,
			       "an archive of docker before 1.10, without manifest.json: load and "
			       "save it with a newer docker");
	else
		return err_set(err, -EINVAL,
			       "no image archive: it has neither manifest.json nor index.json; to "
			       "import a root file system use `berth import`");
	if (r == 0 && plan->n_images == 0)
		return err_set(err, -EINVAL, "the archive has no image");
	return r;
}
