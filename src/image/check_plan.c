/*
 * check_plan.c - what a check of the store has to look at
 *
 * Everything is reached from the records: images name their configuration, manifests and layers,
 * layers the bytes they came in. What is in the directories besides, nothing needs.
 */
#include "image/check_plan.h"

#include "base/own.h"
#include "codec/digest.h"
#include "codec/ref.h"
#include "image/image_sweep.h"
#include "model/container.h"

#include <fcntl.h>

enum { SHORT_ID = 12 };

struct gather {
	struct check_plan *p;
	struct state_txn *txn;
	struct finding_list *findings;
};

static const char unreadable_advice[] = "restore ROOT/db from a backup, or remove it by hand";

/* -- images -- */

static void name_image(struct check_plan *p, struct checked_image *image)
{
	const struct image_doc *doc = &image->doc;

	image->name = doc->repo_tags.n ? ref_familiar(doc->repo_tags.items[0])
				       : arena_strndup(p->a, digest_hex(doc->id), SHORT_ID);
	if (doc->repo_digests.n) {
		image->fetch = doc->repo_digests.items[0];
		image->advice = arena_printf(p->a, "berth pull %s", ref_familiar(image->fetch));
	} else {
		image->advice = arena_printf(p->a, "load, import or build %s again", image->name);
	}
}

static int add_image(void *ctx, const char *key, const void *data, size_t len)
{
	struct gather *g = ctx;
	struct checked_image *image = &g->p->images[g->p->n_images];
	struct err why = ERR_INIT;
	int r = schema_read(&image_doc_schema, data, len, g->p->a, &image->doc, &why);

	if (r == 0 && image->doc.version > IMAGE_DOC_VERSION)
		r = err_set(&why, -EPROTO, "a newer Berth wrote it");
	if (r == 0 && (!str_eq(image->doc.id, key) || !digest_is_sha256(key)))
		r = err_set(&why, -EBADMSG, "it is the record of %.80s", image->doc.id);
	if (r < 0) {
		(void)finding_addf(g->findings, "database", key, unreadable_advice,
				   "the record of the image cannot be read: %s", why.msg);
		return 0;
	}
	name_image(g->p, image);
	g->p->n_images++;
	return 0;
}

static void add_blob(struct check_plan *p, const char *digest, size_t image, const char *what)
{
	if (digest_is_valid(digest))
		p->blobs[p->n_blobs++] = (struct checked_blob){ digest, image, what, NULL };
}

static void add_blobs(struct check_plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_images; i++)
		n += 1 + p->images[i].doc.manifests.n;
	p->blobs = arena_array(p->a, n + 1, sizeof(*p->blobs));
	for (size_t i = 0; i < p->n_images; i++) {
		const struct image_doc *doc = &p->images[i].doc;

		add_blob(p, doc->id, i, "its configuration");
		for (size_t k = 0; k < doc->manifests.n; k++)
			add_blob(p, doc->manifests.items[k], i, "its manifest");
	}
}

/* -- layers -- */

static int add_layer(void *ctx, const char *key, const void *data, size_t len)
{
	struct gather *g = ctx;
	struct checked_layer *l = &g->p->layers[g->p->n_layers];
	struct err why = ERR_INIT;
	int r = schema_read(&layer_doc_schema, data, len, g->p->a, &l->doc, &why);

	l->hex = arena_strdup(g->p->a, key);
	if (r == 0 &&
	    (!digest_is_sha256(l->doc.diff_id) || !str_eq(digest_hex(l->doc.diff_id), key)))
		r = err_set(&why, -EBADMSG, "it is the record of %.80s", l->doc.diff_id);
	if (r == 0 && l->doc.blob && !digest_is_valid(l->doc.blob->digest))
		r = err_set(&why, -EBADMSG, "not a digest: %.80s", l->doc.blob->digest);
	if (r < 0) {
		(void)finding_addf(g->findings, "database", l->hex, unreadable_advice,
				   "the record of the layer cannot be read: %s", why.msg);
		return 0;
	}
	g->p->n_layers++;
	return 0;
}

struct checked_layer *check_plan_layer(const struct check_plan *p, const char *hex)
{
	size_t low = 0, high = p->n_layers; /* the store's keys are sorted */

	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = strcmp(p->layers[mid].hex, hex);

		if (c == 0)
			return &p->layers[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static void bind_layers(struct check_plan *p, struct finding_list *findings)
{
	for (size_t i = 0; i < p->n_images; i++) {
		struct checked_image *image = &p->images[i];

		for (size_t k = 0; k < image->doc.diff_ids.n; k++) {
			const char *id = image->doc.diff_ids.items[k];
			struct checked_layer *l =
				digest_is_valid(id) ? check_plan_layer(p, digest_hex(id)) : NULL;

			if (l) {
				strv_add(&l->images, p->a, image->name);
				continue;
			}
			image->damaged = true;
			(void)finding_addf(findings, "image", image->name, image->advice,
					   "its layer %s is missing", id);
		}
	}
}

static int check_container(void *ctx, const char *key, const void *data, size_t len)
{
	struct gather *g = ctx;
	struct container c;
	struct err why = ERR_INIT;
	const char *owner;

	if (schema_read(&container_schema, data, len, g->p->a, &c, &why) < 0) {
		(void)finding_addf(g->findings, "database", key, unreadable_advice,
				   "the record of the container cannot be read: %s", why.msg);
		return 0;
	}
	for (size_t i = 0; i < c.layers.n; i++)
		if (!check_plan_layer(g->p, c.layers.items[i]))
			(void)finding_addf(g->findings, "container", c.name,
					   arena_printf(g->p->a, "berth rm %s", c.name),
					   "its layer %s is missing", c.layers.items[i]);
	if (state_get_str(g->txn, STATE_CONTAINER_NAMES, c.name, g->p->a, &owner) < 0 ||
	    !str_eq(owner, c.id))
		(void)finding_addf(g->findings, "container", c.id,
				   arena_printf(g->p->a, "berth rename %s NAME", c.id),
				   "its name %s does not lead to it", c.name);
	return 0;
}

static int check_container_name(void *ctx, const char *key, const void *data, size_t len)
{
	struct gather *g = ctx;
	const char *id = arena_strndup(g->p->a, data, len);
	const void *doc;
	size_t doc_len;

	if (state_get(g->txn, STATE_CONTAINERS, id, &doc, &doc_len) < 0)
		(void)finding_addf(g->findings, "database", key, unreadable_advice,
				   "the name of a container that does not exist: %s", id);
	return 0;
}

/* -- names of images -- */

static void add_ref(struct check_plan *p, const char *ref, const char *id, bool drop)
{
	p->refs[p->n_refs++] = (struct checked_ref){ ref, id, drop };
}

static bool knows(const struct image_doc *doc, const char *ref)
{
	return strv_has(&doc->repo_tags, ref) || strv_has(&doc->repo_digests, ref);
}

static int check_ref(void *ctx, const char *key, const void *data, size_t len)
{
	struct gather *g = ctx;
	const char *id = arena_strndup(g->p->a, data, len), *ref = arena_strdup(g->p->a, key);

	for (size_t i = 0; i < g->p->n_images; i++)
		if (str_eq(g->p->images[i].doc.id, id) && knows(&g->p->images[i].doc, ref))
			return 0;
	add_ref(g->p, ref, id, true);
	return 0;
}

static void check_names(struct gather *g, const struct image_doc *doc, const struct strv *names)
{
	for (size_t i = 0; i < names->n; i++) {
		const char *id;

		if (state_get_str(g->txn, STATE_IMAGE_REFS, names->items[i], g->p->a, &id) < 0)
			add_ref(g->p, names->items[i], doc->id, false);
	}
}

static int check_refs(struct gather *g)
{
	struct check_plan *p = g->p;
	size_t n = state_count(g->txn, STATE_IMAGE_REFS);
	int r;

	for (size_t i = 0; i < p->n_images; i++)
		n += p->images[i].doc.repo_tags.n + p->images[i].doc.repo_digests.n;
	p->refs = arena_array(p->a, n + 1, sizeof(*p->refs));
	r = state_each(g->txn, STATE_IMAGE_REFS, "", check_ref, g);
	for (size_t i = 0; i < p->n_images; i++) {
		check_names(g, &p->images[i].doc, &p->images[i].doc.repo_tags);
		check_names(g, &p->images[i].doc, &p->images[i].doc.repo_digests);
	}
	return r;
}

/* -- what nothing needs -- */

struct unused {
	struct check_plan *p;
	enum digest_algo algo; /* of the blobs that are looked at */
	const struct layer_uses *blobs, *layers;
};

static void look_at_blob(void *ctx, const char *name)
{
	struct unused *u = ctx;

	if (!layer_uses_has(u->blobs, name))
		strv_add(&u->p->unused, u->p->a,
			 arena_printf(u->p->a, "blobs/%s/%s", digest_algo_name(u->algo), name));
}

static void look_at_layer(void *ctx, const char *name)
{
	struct unused *u = ctx;
	char *hex = arena_strdup(u->p->a, name);

	if (str_ends(hex, ".tar"))
		hex[strlen(hex) - 4] = '\0';
	if (!check_plan_layer(u->p, hex))
		strv_add(&u->p->unused, u->p->a, arena_printf(u->p->a, "layers/%s", name));
}

static void look_at_tmp(void *ctx, const char *name)
{
	struct unused *u = ctx;

	strv_add(&u->p->unused, u->p->a, arena_printf(u->p->a, "tmp/%s", name));
}

static int find_unused(struct gather *g, struct err *err)
{
	struct check_plan *p = g->p;
	struct layer_uses blobs, layers;
	struct unused u = { p, DIGEST_SHA256, &blobs, &layers };
	int r = blob_uses_gather(g->txn, p->a, &blobs, err);

	if (r == 0)
		r = layer_uses_gather(g->txn, true, p->a, &layers, err);
	if (r < 0)
		return r;
	for (int i = 0; i < DIGEST_ALGOS; i++) {
		u.algo = (enum digest_algo)i;
		(void)image_sweep_each_name(p->dirs.blobs[i], look_at_blob, &u);
	}
	(void)image_sweep_each_name(p->dirs.layers, look_at_layer, &u);
	(void)image_sweep_each_name(p->dirs.tmp, look_at_tmp, &u);
	for (size_t i = 0; i < p->n_layers; i++)
		if (!layer_uses_has(&layers, p->layers[i].hex))
			strv_add(&p->unused, p->a,
				 arena_printf(p->a, "layers/%s", p->layers[i].hex));
	return 0;
}

/* -- all of it -- */

static int gather_records(struct gather *g, struct err *err)
{
	struct check_plan *p = g->p;
	int r;

	p->images = arena_array(p->a, state_count(g->txn, STATE_IMAGES) + 1, sizeof(*p->images));
	p->layers = arena_array(p->a, state_count(g->txn, STATE_LAYERS) + 1, sizeof(*p->layers));
	r = state_each(g->txn, STATE_IMAGES, "", add_image, g);
	if (r == 0)
		r = state_each(g->txn, STATE_LAYERS, "", add_layer, g);
	if (r == 0)
		r = state_each(g->txn, STATE_CONTAINERS, "", check_container, g);
	if (r == 0)
		r = state_each(g->txn, STATE_CONTAINER_NAMES, "", check_container_name, g);
	if (r == 0)
		r = check_refs(g);
	if (r < 0)
		return err_code(err, r, "reading the store");
	bind_layers(p, g->findings);
	add_blobs(p);
	return 0;
}

int check_plan_make(struct check_plan *p, struct finding_list *findings, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct gather g = { .p = p, .findings = findings };
	/* Alone, if nobody is bringing something in: then whatever has no record has no use. */
	bool alone = image_sweep_try_alone(&p->dirs);
	int r = state_begin(p->is->st, STATE_READ, &txn, err);

	g.txn = txn;
	if (r == 0)
		r = gather_records(&g, err);
	/* A record that cannot be read may need anything. */
	p->looked_for_unused = r == 0 && alone && find_unused(&g, NULL) == 0;
	if (r == 0 && image_sweep_lock_out(&p->dirs) < 0)
		r = err_sys(err, "%s/layers: lock", p->is->root);
	return r;
}
