/*
 * image.c - finding, listing and naming images
 *
 * A name is kept twice: IMAGE_REFS leads from it to the image, the image's document lists it. Both
 * change in one transaction. Digest references (name@sha256:…) are in the same table.
 */
#include "image/image.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/digest.h"
#include "codec/ref.h"
#include "image/image_store.h"
#include "image/image_sweep.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

int image_store_open(const char *root, struct state *st, struct image_store **ret, struct err *err)
{
	struct image_store *is = mem_alloc(sizeof(*is));

	(void)err;
	is->root = str_dup(root);
	is->st = st;
	*ret = is;
	return 0;
}

void image_store_close(struct image_store *is)
{
	if (!is)
		return;
	free(is->root);
	free(is);
}

/* -- directories -- */

static int open_dir(int root, const char *path, bool make)
{
	int fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT || !make)
		return fd < 0 ? -errno : fd;
	if (mkdirat(root, path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int image_dirs_open(struct image_store *is, bool make, struct image_dirs *ret, struct err *err)
{
	OWN(image_dirs) struct image_dirs dirs = IMAGE_DIRS_INIT;
	OWN(fd) int blobs = -1;
	OWN(fd) int root = open_dir(AT_FDCWD, is->root, make);
	int r = root < 0 ? root : 0;

	if (r == 0)
		r = blobs = open_dir(root, "blobs", make);
	for (int i = 0; r >= 0 && i < DIGEST_ALGOS; i++) {
		r = dirs.blobs[i] = open_dir(blobs, digest_algo_name((enum digest_algo)i), make);
		if (r == -ENOENT && i != DIGEST_SHA256)
			r = 0; /* absent where nothing came by such a digest */
	}
	if (r >= 0)
		r = dirs.layers = open_dir(root, "layers", make);
	if (r >= 0)
		r = dirs.tmp = open_dir(root, "tmp", make);
	if (r < 0)
		return err_code(err, r, "image store %s", is->root);
	r = dirs.partial = open_dir(root, "partial", make);
	if (r < 0 && (make || r != -ENOENT)) /* absent where nothing was ever pulled */
		return err_code(err, r, "image store %s", is->root);
	*ret = dirs;
	dirs = (struct image_dirs)IMAGE_DIRS_INIT;
	return 0;
}

void image_dirs_cleanup(struct image_dirs *dirs)
{
	for (int i = 0; i < DIGEST_ALGOS; i++)
		fd_cleanup(&dirs->blobs[i]);
	fd_cleanup(&dirs->layers);
	fd_cleanup(&dirs->tmp);
	fd_cleanup(&dirs->partial);
}

int image_dirs_blobs(const struct image_dirs *dirs, const char *digest)
{
	return dirs->blobs[digest_algo_or_usual(digest)];
}

/* -- documents -- */

int64_t image_store_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void layer_record_name(const char *hex, char ret[LAYER_RECORD_MAX])
{
	(void)snprintf(ret, LAYER_RECORD_MAX, "%.64s.tar", hex);
}

int64_t image_size(const struct image_doc *doc)
{
	return doc->size;
}

int image_store_get(struct state_txn *txn, const char *id, struct arena *a, struct image_doc *ret,
		    struct err *err)
{
	return state_get_doc(txn, STATE_IMAGES, id, &image_doc_schema, a, ret, err);
}

int image_store_put(struct state_txn *txn, const struct image_doc *doc, struct err *err)
{
	return state_put_doc(txn, STATE_IMAGES, doc->id, &image_doc_schema, doc, err);
}

void image_store_drop(struct strv *list, const char *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++)
		if (!str_eq(list->items[i], s))
			list->items[kept++] = list->items[i];
	if (list->n)
		list->items[kept] = NULL;
	list->n = kept;
}

/* -- finding -- */

static int no_such_image(const char *name, struct err *err)
{
	struct ref ref;
	OWN(arena) struct arena a = ARENA_INIT;

	/* docker says what it looked for. */
	if (ref_parse(name, &ref, NULL) == 0)
		return err_set(err, -ENOENT, "No such image: %.300s",
			       ref_familiar(ref_canonical(&ref, &a)));
	return err_set(err, -ENOENT, "No such image: %.300s", name);
}

struct prefix_search {
	char id[DIGEST_TEXT];
	int n;
};

static int count_match(void *ctx, const char *key, const void *data, size_t len)
{
	struct prefix_search *s = ctx;

	(void)data;
	(void)len;
	if (s->n++)
		return 1; /* ambiguous already */
	(void)snprintf(s->id, sizeof(s->id), "%s", key);
	return 0;
}

/* An ID or its beginning, with or without "sha256:". */
static int find_by_id(struct state_txn *txn, const char *name, struct arena *a,
		      struct image_doc *ret, struct err *err)
{
	const char *hex = str_after(name, "sha256:");
	struct prefix_search s = { 0 };
	char prefix[DIGEST_TEXT];
	size_t len;
	int r;

	hex = hex ? hex : name;
	len = strlen(hex);
	if (len == 0 || len > DIGEST_HEX || !digest_is_hex(hex, len))
		return no_such_image(name, err);
	(void)snprintf(prefix, sizeof(prefix), "sha256:%s", hex);
	r = state_each(txn, STATE_IMAGES, prefix, count_match, &s);
	if (r < 0)
		return err_code(err, r, "looking for image %s", name);
	if (s.n == 0)
		return no_such_image(name, err);
	if (s.n > 1)
		return err_set(err, -EINVAL, "multiple IDs found with provided prefix: %s", name);
	return image_store_get(txn, s.id, a, ret, err);
}

int image_find(struct image_store *is, struct state_txn *txn, const char *name, struct arena *a,
	       struct image_doc *ret_doc, struct err *err)
{
	const char *id;
	struct ref ref;
	int r;

	(void)is;
	if (ref_parse(name, &ref, NULL) == 0) {
		r = state_get_str(txn, STATE_IMAGE_REFS, ref_canonical(&ref, a), a, &id);
		if (r == 0)
			return image_store_get(txn, id, a, ret_doc, err);
		if (r != -ENOENT)
			return err_code(err, r, "looking for image %s", name);
	}
	return find_by_id(txn, name, a, ret_doc, err);
}

/* -- listing -- */

struct gathering {
	struct arena *a;
	struct image_doc_list *list;
	size_t cap;
	struct err *err;
};

static int gather_one(void *ctx, const char *key, const void *data, size_t len)
{
	struct gathering *g = ctx;
	struct image_doc_list *list = g->list;
	int r;

	if (list->n == g->cap) {
		struct image_doc *grown;

		g->cap = g->cap ? g->cap * 2 : 16;
		grown = arena_array(g->a, g->cap, sizeof(*grown));
		if (list->n)
			memcpy(grown, list->items, list->n * sizeof(*grown));
		list->items = grown;
	}
	r = schema_read(&image_doc_schema, data, len, g->a, &list->items[list->n], g->err);
	if (r < 0)
		return err_wrap(g->err, "store: image %s", key);
	list->n++;
	return 0;
}

static int newest_first(const void *x, const void *y)
{
	const struct image_doc *a = x, *b = y;

	if (a->created != b->created)
		return a->created < b->created ? 1 : -1;
	return strcmp(a->id, b->id);
}

int image_list(struct image_store *is, struct state_txn *txn, struct arena *a,
	       struct image_doc_list *ret_list, struct err *err)
{
	struct image_doc_list list = { 0 };
	struct gathering g = { a, &list, 0, err };
	int r;

	image_sweep_files(is);
	r = state_each(txn, STATE_IMAGES, "", gather_one, &g);
	if (r < 0)
		return r;
	if (list.n)
		qsort(list.items, list.n, sizeof(*list.items), newest_first);
	*ret_list = list;
	return 0;
}

/* -- naming -- */

static struct strv *names_of(struct image_doc *doc, const char *ref)
{
	return strchr(ref, '@') ? &doc->repo_digests : &doc->repo_tags;
}

/* Takes the name away from the image that has it. */
static int unname(struct state_txn *txn, const char *id, const char *ref, struct arena *a,
		  struct err *err)
{
	struct image_doc other;
	int r = image_store_get(txn, id, a, &other, err);

	if (r < 0)
		return r;
	image_store_drop(names_of(&other, ref), ref);
	return image_store_put(txn, &other, err);
}

int image_store_name(struct state_txn *txn, struct image_doc *doc, const char *ref, struct arena *a,
		     const char **ret_old, struct err *err)
{
	struct strv *names = names_of(doc, ref);
	const char *old = NULL;
	int r = state_get_str(txn, STATE_IMAGE_REFS, ref, a, &old);

	if (r < 0 && r != -ENOENT)
		return err_code(err, r, "looking for image %s", ref);
	if (old && !str_eq(old, doc->id)) {
		r = unname(txn, old, ref, a, err);
		if (r < 0)
			return r;
	}
	if (!strv_has(names, ref)) {
		/* A list that a document was read with has no room to grow. */
		struct strv copy = { 0 };

		for (size_t i = 0; i < names->n; i++)
			strv_add(&copy, a, names->items[i]);
		strv_add(&copy, a, arena_strdup(a, ref));
		*names = copy;
	}
	if (ret_old)
		*ret_old = old && !str_eq(old, doc->id) ? old : NULL;
	return state_put(txn, STATE_IMAGE_REFS, ref, doc->id, strlen(doc->id), err);
}

void image_store_target(struct image_doc *doc, const char *ref, const char *target, struct arena *a)
{
	struct str_map kept = { 0 };

	for (size_t i = 0; i < doc->targets.n; i++) {
		const struct str_pair *pair = &doc->targets.items[i];

		/* Those of names that it has lost go with the next change. */
		if (!str_eq(pair->key, ref) && strv_has(&doc->repo_tags, pair->key))
			str_map_set(&kept, a, pair->key, pair->value);
	}
	if (target)
		str_map_set(&kept, a, ref, target);
	doc->targets = kept;
}

/* What the name that an image was found by was pulled for; NULL: it was not. */
static const char *target_of(const struct image_doc *doc, const char *name, struct arena *a)
{
	struct ref ref;

	if (ref_parse(name, &ref, NULL) < 0)
		return NULL;
	return ref.digest[0] ? arena_strdup(a, ref.digest)
			     : str_map_get(&doc->targets, ref_canonical(&ref, a));
}

int image_tag(struct image_store *is, const char *source, const char *ref, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	OWN(arena) struct arena a = ARENA_INIT;
	struct image_doc doc;
	struct ref parsed;
	int r = ref_parse(ref, &parsed, err);

	if (r < 0)
		return err_wrap(err,
				"Error parsing reference: \"%.200s\" is not a valid "
				"repository/tag",
				ref);
	if (parsed.digest[0])
		return err_set(err, -EINVAL, "refusing to create a tag with a digest reference");
	if (str_eq(parsed.path, "library/sha256"))
		return err_set(err, -EINVAL,
			       "refusing to create an ambiguous tag using digest "
			       "algorithm as name");
	r = state_begin(is->st, STATE_WRITE, &txn, err);
	if (r == 0)
		r = image_find(is, txn, source, &a, &doc, err);
	if (r == 0)
		r = image_store_name(txn, &doc, ref_canonical(&parsed, &a), &a, NULL, err);
	if (r == 0) {
		image_store_target(&doc, ref_canonical(&parsed, &a), target_of(&doc, source, &a),
				   &a);
		doc.last_tag_time = image_store_now();
		r = image_store_put(txn, &doc, err);
	}
	return r < 0 ? r : state_commit(&txn, err);
}
