/*
 * check_repair.c - putting right what a check has found
 *
 * A pull takes what the store has a record of for present. So before one, the records of damaged
 * layers go, and their damaged files, which a pull would not replace; nothing is lost with them.
 */
#include "image/check_repair.h"

#include "base/own.h"
#include "codec/digest.h"
#include "image/image_add.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <sys/stat.h>

/* -- a layer, from its own bytes -- */

static int unpack(struct image_add *add, struct add_layer *layer, struct err *err)
{
	struct unpack_job job = { 0 };
	mode_t mask = umask(0);
	int r = image_add_prepare(add, layer, &job, err);

	if (r == 0)
		r = unpack_all(&job, 1, NULL, err);
	image_add_close(&job);
	(void)umask(mask);
	return r;
}

/* The new directory into the old one's place. What was there is below tmp/ then, and goes with it.
 */
static int exchange(struct image_add *add, const char *hex, struct err *err)
{
	static const char fresh[] = "0"; /* as image_add.c names the only layer */

	if (syncfs(add->tmp) < 0)
		return err_sys(err, "bringing the layer to the disk");
	if (renameat2(add->tmp, fresh, add->dirs.layers, hex, RENAME_EXCHANGE) < 0 &&
	    (errno != ENOENT || renameat(add->tmp, fresh, add->dirs.layers, hex) < 0))
		return err_sys(err, "%s/layers/%s", add->is->root, hex);
	return fsync(add->dirs.layers) < 0 ? err_sys(err, "%s/layers", add->is->root) : 0;
}

int check_repair_layer(struct image_store *is, const struct checked_layer *l, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(image_add) struct image_add add = { 0 };
	struct add_layer *layer = arena_new(&a, struct add_layer);
	int r = image_add_begin(is, &a, &add, err);

	if (r < 0)
		return r;
	layer->diff_id = l->doc.diff_id;
	layer->blob_digest = l->doc.blob->digest;
	layer->range = (struct byte_range){ .fd = l->verify.bytes, .size = l->doc.blob->size };
	add.layers = layer;
	add.n_layers = 1;
	r = unpack(&add, layer, err);
	if (r == 0)
		r = exchange(&add, l->hex, err);
	add.committed = r == 0;
	return r;
}

/* -- names -- */

/* Of an image that exists still, as its own record says; others may have changed it meanwhile. */
static int repair_ref(struct state_txn *txn, const struct checked_ref *ref, struct arena *a,
		      struct err *err)
{
	struct image_doc doc;
	const char *id = NULL;
	bool known;

	(void)state_get_str(txn, STATE_IMAGE_REFS, ref->ref, a, &id);
	if (ref->drop && !str_eq(id, ref->id))
		return 0;
	known = image_store_get(txn, ref->id, a, &doc, NULL) == 0 &&
		(strv_has(&doc.repo_tags, ref->ref) || strv_has(&doc.repo_digests, ref->ref));
	if (ref->drop)
		return known ? 0 : state_del(txn, STATE_IMAGE_REFS, ref->ref, err);
	if (id || !known)
		return 0;
	return state_put(txn, STATE_IMAGE_REFS, ref->ref, ref->id, strlen(ref->id), err);
}

int check_repair_refs(const struct check_plan *p, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(p->is->st, STATE_WRITE, &txn, err);

	for (size_t i = 0; r == 0 && i < p->n_refs; i++)
		r = repair_ref(txn, &p->refs[i], p->a, err);
	return r < 0 ? r : state_commit(&txn, err);
}

/* -- an image, from where it came -- */

static bool is_damaged(const struct checked_layer *l)
{
	return l->verify.tree_problem[0] || l->verify.bytes_problem[0] || !l->has_tree;
}

static struct checked_layer *layer_of(const struct check_plan *p, const struct checked_image *image,
				      size_t i)
{
	const char *id = image->doc.diff_ids.items[i];

	return digest_is_valid(id) ? check_plan_layer(p, digest_hex(id)) : NULL;
}

/* put: back, when only the bytes are damaged; else: away. */
static int set_records(const struct check_plan *p, const struct checked_image *image, bool put,
		       struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(p->is->st, STATE_WRITE, &txn, err);

	for (size_t i = 0; r == 0 && i < image->doc.diff_ids.n; i++) {
		const struct checked_layer *l = layer_of(p, image, i);

		if (!l || !is_damaged(l))
			continue;
		if (!put)
			r = state_del(txn, STATE_LAYERS, l->hex, err);
		else if (image_store_get(txn, image->doc.id, p->a, &(struct image_doc){ 0 },
					 NULL) == 0)
			r = state_put_doc(txn, STATE_LAYERS, l->hex, &layer_doc_schema, &l->doc,
					  err);
	}
	return r < 0 ? r : state_commit(&txn, err);
}

static void remove_files(const struct check_plan *p, const struct checked_image *image)
{
	for (size_t i = 0; i < image->doc.diff_ids.n; i++) {
		const struct checked_layer *l = layer_of(p, image, i);

		if (!l)
			continue;
		if (l->verify.tree_problem[0] &&
		    renameat(p->dirs.layers, l->hex, p->dirs.tmp, l->hex) == 0)
			(void)rmtree_at(p->dirs.tmp, l->hex);
		if (l->verify.bytes_problem[0])
			(void)unlinkat(image_dirs_blobs(&p->dirs, l->doc.blob->digest),
				       digest_hex(l->doc.blob->digest), 0);
	}
}

int check_repair_fetch(const struct check_plan *p, struct checked_image *image,
		       const struct image_check_spec *spec, struct err *err)
{
	int r = set_records(p, image, false, err);

	if (r < 0)
		return r;
	remove_files(p, image);
	r = spec->fetch(spec->ctx, image->fetch, err);
	if (r < 0)
		(void)set_records(p, image, true, NULL);
	return r;
}
