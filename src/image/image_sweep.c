/*
 * image_sweep.c - removing files of images that nothing needs
 *
 * The store decides: a directory under layers/ is needed when there is a record of it, a blob when
 * a record of an image or a layer names it. Files come before records (a load renames its layers
 * into place and commits its documents last) and go after them, so a kill leaves files without
 * records, never the other way round.
 *
 * Loads and removals meet at a lock on the directory layers/: loads share it, and whoever removes
 * takes it alone or, when a load is running, leaves the work to the next sweep. tmp/ belongs to
 * loads, so the same lock tells what in it is dead. What a pull that was cut has downloaded stays
 * in partial/ for the next one, for a week.
 *
 * A container keeps its layers when its image is removed by force. Their records stay until a sweep
 * finds that the container is gone; a mark in the store says that such a search is worth it.
 */
#include "image/image_sweep.h"

#include "base/own.h"
#include "codec/digest.h"
#include "image/partial.h"
#include "model/container.h"
#include "sys/rmtree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static const char mark[] = "layers-to-check";

/* By number: where src/ is searched first, sys/file.h is not the header that has flock(). */
static int lock(int fd, int how)
{
	return syscall(SYS_flock, fd, how) < 0 ? -errno : 0;
}

int image_sweep_lock_out(const struct image_dirs *dirs)
{
	int r;

	do
		r = lock(dirs->layers, LOCK_SH);
	while (r == -EINTR);
	return r;
}

bool image_sweep_try_alone(const struct image_dirs *dirs)
{
	return lock(dirs->layers, LOCK_EX | LOCK_NB) == 0;
}

int image_sweep_later(struct state_txn *txn, struct err *err)
{
	return state_put(txn, STATE_META, mark, "1", 1, err);
}

/* -- what is needed -- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_uses(struct layer_uses *uses)
{
	if (uses->hex.n)
		qsort(uses->hex.items, uses->hex.n, sizeof(*uses->hex.items), by_text);
}

static int add_image(void *ctx, const char *key, const void *data, size_t len)
{
	struct layer_uses *uses = ctx;
	struct image_doc doc;
	int r = schema_read(&image_doc_schema, data, len, uses->a, &doc, NULL);

	(void)key;
	for (size_t i = 0; r == 0 && i < doc.diff_ids.n; i++)
		if (digest_is_valid(doc.diff_ids.items[i]))
			strv_add(&uses->hex, uses->a, digest_hex(doc.diff_ids.items[i]));
	return r;
}

static int add_container(void *ctx, const char *key, const void *data, size_t len)
{
	struct layer_uses *uses = ctx;
	struct container c;
	int r = schema_read(&container_schema, data, len, uses->a, &c, NULL);

	(void)key;
	for (size_t i = 0; r == 0 && i < c.layers.n; i++)
		strv_add(&uses->hex, uses->a, c.layers.items[i]);
	return r;
}

int layer_uses_gather(struct state_txn *txn, bool containers, struct arena *a,
		      struct layer_uses *ret, struct err *err)
{
	struct layer_uses uses = { .a = a };
	int r = state_each(txn, STATE_IMAGES, "", add_image, &uses);

	if (r == 0 && containers)
		r = state_each(txn, STATE_CONTAINERS, "", add_container, &uses);
	if (r < 0)
		return err_code(err, r, "reading which layers are in use");
	sort_uses(&uses);
	*ret = uses;
	return 0;
}

static void add_blob(struct layer_uses *uses, const char *digest)
{
	if (digest && digest_is_valid(digest))
		strv_add(&uses->hex, uses->a, digest_hex(digest));
}

static int add_blobs_of_image(void *ctx, const char *key, const void *data, size_t len)
{
	struct layer_uses *uses = ctx;
	struct image_doc doc;
	int r = schema_read(&image_doc_schema, data, len, uses->a, &doc, NULL);

	add_blob(uses, arena_strdup(uses->a, key));
	for (size_t i = 0; r == 0 && i < doc.manifests.n; i++)
		add_blob(uses, doc.manifests.items[i]);
	return r;
}

static int add_blobs_of_layer(void *ctx, const char *key, const void *data, size_t len)
{
	struct layer_uses *uses = ctx;
	struct layer_doc doc;
	int r = schema_read(&layer_doc_schema, data, len, uses->a, &doc, NULL);

	(void)key;
	if (r == 0 && doc.blob)
		add_blob(uses, doc.blob->digest);
	return r;
}

int blob_uses_gather(struct state_txn *txn, struct arena *a, struct layer_uses *ret,
		     struct err *err)
{
	struct layer_uses uses = { .a = a };
	int r = state_each(txn, STATE_IMAGES, "", add_blobs_of_image, &uses);

	if (r == 0)
		r = state_each(txn, STATE_LAYERS, "", add_blobs_of_layer, &uses);
	if (r < 0)
		return err_code(err, r, "reading which blobs are in use");
	sort_uses(&uses);
	*ret = uses;
	return 0;
}

bool layer_uses_has(const struct layer_uses *uses, const char *hex)
{
	return uses->hex.n &&
	       bsearch(&hex, uses->hex.items, uses->hex.n, sizeof(*uses->hex.items), by_text);
}

/* -- removing -- */

static bool is_recorded(struct state_txn *txn, enum state_table table, const char *key)
{
	const void *data;
	size_t len;

	return state_get(txn, table, key, &data, &len) != -ENOENT;
}

/* Out of layers/ in one step, so that there is never half a layer; name: HEX or HEX.tar. */
static int remove_layer(const struct image_dirs *dirs, const char *hex)
{
	if (renameat(dirs->layers, hex, dirs->tmp, hex) < 0)
		return errno == ENOENT ? 0 : -errno;
	return rmtree_at(dirs->tmp, hex);
}

int image_sweep_each_name(int dirfd, void (*act)(void *ctx, const char *name), void *ctx)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		fd_cleanup(&fd);
		return -errno;
	}
	while ((e = readdir(dir)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			act(ctx, e->d_name);
	(void)closedir(dir);
	return 0;
}

struct sweep {
	const struct image_dirs *dirs;
	struct state_txn *txn;
	struct layer_uses blobs;
	enum digest_algo algo; /* of the blobs that are swept */
	int error;             /* the first */
};

static void note(struct sweep *s, int r)
{
	if (r < 0 && s->error == 0)
		s->error = r;
}

static void sweep_tmp(void *ctx, const char *name)
{
	struct sweep *s = ctx;

	note(s, rmtree_at(s->dirs->tmp, name));
}

static void sweep_layer(void *ctx, const char *name)
{
	struct sweep *s = ctx;
	OWN(str) char *hex = str_dup(name);

	if (str_ends(name, ".tar"))
		hex[strlen(hex) - 4] = '\0';
	if (!is_recorded(s->txn, STATE_LAYERS, hex))
		note(s, remove_layer(s->dirs, name));
}

static void sweep_blob(void *ctx, const char *name)
{
	struct sweep *s = ctx;

	if (!layer_uses_has(&s->blobs, name) && unlinkat(s->dirs->blobs[s->algo], name, 0) < 0)
		note(s, -errno);
}

static int sweep_blobs(struct sweep *s, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	int r = blob_uses_gather(s->txn, &a, &s->blobs, err);

	for (int i = 0; r == 0 && i < DIGEST_ALGOS; i++) {
		if (s->dirs->blobs[i] < 0)
			continue;
		s->algo = (enum digest_algo)i;
		note(s, image_sweep_each_name(s->dirs->blobs[i], sweep_blob, s));
	}
	return r;
}

void image_sweep_removed(struct image_store *is, const struct strv *layers)
{
	OWN(image_dirs) struct image_dirs dirs = IMAGE_DIRS_INIT;
	OWN(state_txn) struct state_txn *txn = NULL;
	struct sweep s = { .dirs = &dirs };

	/* All that fails here, or is not done because of a load, the next sweep does. */
	if (image_dirs_open(is, false, &dirs, NULL) < 0 ||
	    lock(dirs.layers, LOCK_EX | LOCK_NB) < 0 ||
	    state_begin(is->st, STATE_READ, &txn, NULL) < 0)
		return;
	s.txn = txn;
	for (size_t i = 0; i < layers->n; i++)
		if (!is_recorded(txn, STATE_LAYERS, layers->items[i])) {
			char record[LAYER_RECORD_MAX];

			layer_record_name(layers->items[i], record);
			(void)remove_layer(&dirs, layers->items[i]);
			(void)remove_layer(&dirs, record);
		}
	(void)sweep_blobs(&s, NULL);
}

struct search {
	struct layer_uses images, all;
	struct strv unused; /* hex */
	size_t kept;        /* needed by containers alone */
	struct arena *a;
};

static int look_at(void *ctx, const char *key, const void *data, size_t len)
{
	struct search *s = ctx;

	(void)data;
	(void)len;
	if (!layer_uses_has(&s->all, key))
		strv_add(&s->unused, s->a, arena_strdup(s->a, key));
	else if (!layer_uses_has(&s->images, key))
		s->kept++;
	return 0;
}

/* Records of layers that neither an image nor a container needs. */
static int forget_unused(struct image_store *is, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	OWN(arena) struct arena a = ARENA_INIT;
	struct search s = { .a = &a };
	int r = state_begin(is->st, STATE_WRITE, &txn, err);

	if (r == 0)
		r = layer_uses_gather(txn, false, &a, &s.images, err);
	if (r == 0)
		r = layer_uses_gather(txn, true, &a, &s.all, err);
	if (r < 0)
		return r;
	r = state_each(txn, STATE_LAYERS, "", look_at, &s);
	if (r < 0)
		return err_code(err, r, "reading the list of layers");
	if (s.unused.n == 0 && s.kept)
		return 0;
	for (size_t i = 0; r == 0 && i < s.unused.n; i++)
		r = state_del(txn, STATE_LAYERS, s.unused.items[i], err);
	if (r == 0 && !s.kept)
		r = state_del(txn, STATE_META, mark, err);
	return r < 0 ? r : state_commit(&txn, err);
}

static bool is_marked(struct image_store *is)
{
	OWN(state_txn) struct state_txn *txn = NULL;

	return state_begin(is->st, STATE_READ, &txn, NULL) == 0 &&
	       is_recorded(txn, STATE_META, mark);
}

/* Under the lock, unless someone else has it: then it is not the time. */
static int sweep(struct image_store *is, bool records, struct err *err)
{
	OWN(image_dirs) struct image_dirs dirs = IMAGE_DIRS_INIT;
	OWN(state_txn) struct state_txn *txn = NULL;
	struct sweep s = { .dirs = &dirs };
	int r = image_dirs_open(is, false, &dirs, err);

	if (r == -ENOENT)
		return 0; /* no image was ever loaded */
	if (r < 0)
		return r;
	if (lock(dirs.layers, LOCK_EX | LOCK_NB) < 0)
		return 0; /* a load is running, or another sweep */
	r = records && is_marked(is) ? forget_unused(is, err) : 0;
	if (r == 0)
		r = state_begin(is->st, STATE_READ, &txn, err);
	if (r < 0)
		return r;
	s.txn = txn;
	note(&s, image_sweep_each_name(dirs.tmp, sweep_tmp, &s));
	note(&s, image_sweep_each_name(dirs.layers, sweep_layer, &s));
	r = sweep_blobs(&s, err);
	if (r < 0)
		return r;
	partial_sweep(&dirs, PARTIAL_AGE_S, NULL);
	return s.error < 0 ? err_code(err, s.error, "sweeping %s", is->root) : 0;
}

int image_sweep(struct image_store *is, struct err *err)
{
	return sweep(is, true, err);
}

int image_sweep_all(struct image_store *is, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(is->st, STATE_WRITE, &txn, err);

	if (r == 0)
		r = image_sweep_later(txn, err);
	if (r == 0)
		r = state_commit(&txn, err);
	return r < 0 ? r : sweep(is, true, err);
}

void image_sweep_files(struct image_store *is)
{
	(void)sweep(is, false, NULL);
}

int image_partial_sweep(struct image_store *is, int64_t age_s, int64_t *ret_freed, struct err *err)
{
	OWN(image_dirs) struct image_dirs dirs = IMAGE_DIRS_INIT;
	int r = image_dirs_open(is, false, &dirs, err);

	*ret_freed = 0;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (lock(dirs.layers, LOCK_EX | LOCK_NB) < 0)
		return 0; /* a pull is running and may want them */
	partial_sweep(&dirs, age_s, ret_freed);
	return 0;
}

int image_partial_usage(struct image_store *is, size_t *ret_n, int64_t *ret_bytes, struct err *err)
{
	OWN(image_dirs) struct image_dirs dirs = IMAGE_DIRS_INIT;
	int r = image_dirs_open(is, false, &dirs, err);

	*ret_n = 0;
	*ret_bytes = 0;
	if (r == 0)
		partial_usage(&dirs, ret_n, ret_bytes);
	return r == -ENOENT ? 0 : r;
}
