/*
 * image_remove.c - removing names, images, and layers that nothing needs any more
 *
 * The rules and words are docker's. A layer's record goes in the transaction that removes its last
 * image; its directory goes afterwards, under the lock that keeps loads out (image_sweep.c). While
 * a container is made of them, layers stay without an image.
 */
#include "image/image.h"

#include "base/own.h"
#include "codec/digest.h"
#include "codec/ref.h"
#include "image/image_store.h"
#include "image/image_sweep.h"

enum { SHORT_ID = 12 };

struct removal {
	struct state_txn *txn;
	struct image_doc doc;
	const struct image_users *users;
	struct arena *a;
	struct image_removed removed;
	struct strv gone; /* layers whose directory may go, hex */
	bool force;
};

/* -- names -- */

static size_t count_names(const struct image_doc *doc)
{
	return doc->repo_tags.n + doc->repo_digests.n;
}

/* At most one tag, and all names in one repository: removing the image removes no other's name. */
static bool is_single_reference(const struct image_doc *doc, struct arena *a)
{
	const char *first, *repository, *tag;

	if (count_names(doc) <= 1)
		return true;
	if (doc->repo_tags.n > 1)
		return false;
	ref_split(doc->repo_tags.n ? doc->repo_tags.items[0] : doc->repo_digests.items[0], a,
		  &first, &tag);
	for (size_t i = 0; i < doc->repo_digests.n; i++) {
		ref_split(doc->repo_digests.items[i], a, &repository, &tag);
		if (!str_eq(first, repository))
			return false;
	}
	return true;
}

static int untag(struct removal *rm, const char *ref, struct err *err)
{
	image_store_drop(&rm->doc.repo_tags, ref);
	image_store_drop(&rm->doc.repo_digests, ref);
	strv_add(&rm->removed.untagged, rm->a, ref_familiar(ref));
	return state_del(rm->txn, STATE_IMAGE_REFS, ref, err);
}

static int untag_all(struct removal *rm, struct err *err)
{
	int r = 0;

	while (r == 0 && rm->doc.repo_tags.n)
		r = untag(rm, rm->doc.repo_tags.items[0], err);
	while (r == 0 && rm->doc.repo_digests.n)
		r = untag(rm, rm->doc.repo_digests.items[0], err);
	return r;
}

/* The digests of a repository go with its last tag. */
static int untag_digests(struct removal *rm, const char *ref, struct err *err)
{
	const char *repository, *other, *tag;
	struct strv drop = { 0 };
	int r = 0;

	if (strchr(ref, '@'))
		return 0;
	ref_split(ref, rm->a, &repository, &tag);
	for (size_t i = 0; i < rm->doc.repo_tags.n; i++) {
		ref_split(rm->doc.repo_tags.items[i], rm->a, &other, &tag);
		if (str_eq(repository, other))
			return 0;
	}
	for (size_t i = 0; i < rm->doc.repo_digests.n; i++) {
		ref_split(rm->doc.repo_digests.items[i], rm->a, &other, &tag);
		if (str_eq(repository, other))
			strv_add(&drop, rm->a, rm->doc.repo_digests.items[i]);
	}
	for (size_t i = 0; r == 0 && i < drop.n; i++)
		r = untag(rm, drop.items[i], err);
	return r;
}

/* -- conflicts -- */

static const char *user_of(struct removal *rm, bool *ret_running)
{
	*ret_running = false;
	if (!rm->users || !rm->users->user)
		return NULL;
	return rm->users->user(rm->users->ctx, rm->txn, rm->doc.id, ret_running);
}

static int conflict(struct removal *rm, bool hard, const char *why, const char *what,
		    struct err *err)
{
	return err_set(err, -EBUSY, "conflict: unable to delete %.*s (%s) - %s%s%.12s", SHORT_ID,
		       digest_hex(rm->doc.id), hard ? "cannot be forced" : "must be forced", why,
		       *what ? " " : "", what);
}

/* -EBUSY. references: whether names of the image are in the way, too. */
static int check_conflicts(struct removal *rm, bool references, struct err *err)
{
	bool running;
	const char *user = user_of(rm, &running);

	if (user && running)
		return conflict(rm, true, "image is being used by running container", user, err);
	if (rm->force)
		return 0;
	if (references && count_names(&rm->doc))
		return conflict(rm, false, "image is referenced in multiple repositories", "", err);
	if (user)
		return conflict(rm, false, "image is being used by stopped container", user, err);
	return 0;
}

/* -- the image and its layers -- */

int64_t image_layer_cost(const struct layer_doc *layer)
{
	return layer->size + (layer->blob ? layer->blob->size : 0);
}

static void count_layer(struct removal *rm, const char *hex)
{
	struct layer_doc layer;

	if (state_get_doc(rm->txn, STATE_LAYERS, hex, &layer_doc_schema, rm->a, &layer, NULL) == 0)
		rm->removed.freed += image_layer_cost(&layer);
}

static int remove_image(struct removal *rm, struct err *err)
{
	struct layer_uses uses;
	bool running;
	const char *user = user_of(rm, &running);
	int r = untag_all(rm, err);

	if (r == 0)
		r = state_del(rm->txn, STATE_IMAGES, rm->doc.id, err);
	if (r == 0)
		r = layer_uses_gather(rm->txn, true, rm->a, &uses, err);
	if (r < 0)
		return r;
	strv_add(&rm->removed.deleted, rm->a, rm->doc.id);
	/* The top one first, as docker lists them. */
	for (size_t i = rm->doc.diff_ids.n; r == 0 && i-- > 0;) {
		const char *hex = digest_hex(rm->doc.diff_ids.items[i]);

		if (layer_uses_has(&uses, hex) || strv_has(&rm->gone, hex))
			continue;
		count_layer(rm, hex);
		r = state_del(rm->txn, STATE_LAYERS, hex, err);
		strv_add(&rm->gone, rm->a, hex);
		strv_add(&rm->removed.deleted, rm->a, rm->doc.diff_ids.items[i]);
	}
	if (r == 0 && user)
		r = image_sweep_later(rm->txn, err);
	return r;
}

static int remove_by_name(struct removal *rm, const char *name, const char *ref, struct err *err)
{
	bool running;
	const char *user = user_of(rm, &running);
	struct err busy = ERR_INIT;
	int r;

	if (user && !rm->force && is_single_reference(&rm->doc, rm->a))
		return err_set(err, -EBUSY,
			       "conflict: unable to remove repository reference \"%.200s\" (must "
			       "force) - container %.12s is using its referenced image %.*s",
			       name, user, SHORT_ID, digest_hex(rm->doc.id));
	r = untag(rm, ref, err);
	if (r == 0)
		r = untag_digests(rm, ref, err);
	if (r < 0)
		return r;
	/* What a container still uses stays as an image without a name. */
	if (count_names(&rm->doc) || check_conflicts(rm, false, &busy) < 0)
		return image_store_put(rm->txn, &rm->doc, err);
	return remove_image(rm, err);
}

static int remove_by_id(struct removal *rm, struct err *err)
{
	int r = check_conflicts(rm, !is_single_reference(&rm->doc, rm->a), err);

	return r < 0 ? r : remove_image(rm, err);
}

/* The canonical reference that name stands for, or NULL when it is an ID. */
static const char *reference_of(struct removal *rm, const char *name)
{
	struct ref ref;
	const char *canonical, *id;

	if (ref_parse(name, &ref, NULL) < 0)
		return NULL;
	canonical = ref_canonical(&ref, rm->a);
	return state_get_str(rm->txn, STATE_IMAGE_REFS, canonical, rm->a, &id) == 0 ? canonical
										    : NULL;
}

/* After the commit: files go that nothing needs any more. */
static void finish(struct image_store *is, const struct removal *rm, struct image_removed *ret)
{
	if (rm->removed.deleted.n)
		image_sweep_removed(is, &rm->gone);
	*ret = rm->removed;
}

int image_remove(struct image_store *is, const char *name, bool force, bool no_prune,
		 const struct image_users *users, struct arena *a, struct image_removed *ret,
		 struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct removal rm = { .users = users, .a = a, .force = force };
	const char *ref;
	int r = state_begin(is->st, STATE_WRITE, &txn, err);

	/* Images have no parents here, so there are none to keep. */
	(void)no_prune;
	rm.txn = txn;
	if (r == 0)
		r = image_find(is, txn, name, a, &rm.doc, err);
	if (r < 0)
		return r;
	ref = reference_of(&rm, name);
	r = ref ? remove_by_name(&rm, name, ref, err) : remove_by_id(&rm, err);
	if (r == 0)
		r = state_commit(&txn, err);
	if (r == 0)
		finish(is, &rm, ret);
	return r;
}

int image_prune(struct image_store *is, const char *id, const struct image_users *users,
		struct arena *a, struct image_removed *ret, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct removal rm = { .users = users, .a = a };
	bool running;
	int r = state_begin(is->st, STATE_WRITE, &txn, err);

	rm.txn = txn;
	if (r == 0)
		r = image_store_get(txn, id, a, &rm.doc, err);
	if (r == 0 && user_of(&rm, &running))
		r = conflict(&rm, false, "image is being used by a container", "", err);
	if (r == 0)
		r = remove_image(&rm, err);
	if (r == 0)
		r = state_commit(&txn, err);
	if (r == 0)
		finish(is, &rm, ret);
	return r;
}
