/*
 * image_add.c - new images, from unpacked layers to records, all or nothing
 *
 * The order makes it safe: layers are unpacked below tmp/, brought to the disk by one syncfs(2) for
 * all of them, renamed into layers/; configurations become blobs; and then one transaction says
 * that all this is there. Killed before it, nothing of it exists, and a sweep removes the files.
 * Two loads of one layer at once both unpack it; the second rename finds the place taken, by the
 * same content.
 */
#include "image/image_add.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/digest.h"
#include "image/image_sweep.h"
#include "image/partial.h"
#include "codec/hash.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <sys/stat.h>

int image_add_begin(struct image_store *is, struct arena *a, struct image_add *add, struct err *err)
{
	int r;

	*add = (struct image_add){ .is = is, .a = a, .dirs = IMAGE_DIRS_INIT, .tmp = -1 };
	image_sweep_files(is); /* what a killed load left may be the space that this one needs */
	r = image_dirs_open(is, true, &add->dirs, err);
	if (r < 0)
		return r;
	r = image_sweep_lock_out(&add->dirs);
	if (r < 0)
		return err_code(err, r, "%s/layers: lock", is->root);
	(void)snprintf(add->tmp_name, sizeof(add->tmp_name), "add.%d", (int)getpid());
	r = rmtree_at(add->dirs.tmp, add->tmp_name); /* of a dead process that had our number */
	if (r == 0 && mkdirat(add->dirs.tmp, add->tmp_name, 0700) < 0)
		r = -errno;
	if (r == 0) {
		add->tmp = openat(add->dirs.tmp, add->tmp_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = add->tmp < 0 ? -errno : 0;
	}
	return r < 0 ? err_code(err, r, "%s/tmp", is->root) : 0;
}

/* -- unpacking -- */

static void layer_name(const struct image_add *add, const struct add_layer *l, char name[24])
{
	(void)snprintf(name, 24, "%zu", (size_t)(l - add->layers));
}

/* Where the bytes of a layer are copied to that came compressed in an archive. */
static void blob_name(const struct image_add *add, const struct add_layer *l, char name[24])
{
	(void)snprintf(name, 24, "blob.%zu", (size_t)(l - add->layers));
}

/* The record of a layer of which no such bytes are kept. */
static void record_name(const struct image_add *add, const struct add_layer *l, char name[24])
{
	(void)snprintf(name, 24, "record.%zu", (size_t)(l - add->layers));
}

static bool has_record(const struct image_add *add, const char *diff_id)
{
	char name[LAYER_RECORD_MAX];

	layer_record_name(digest_hex(diff_id), name);
	return faccessat(add->dirs.layers, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool image_add_has(const struct image_add *add, struct state_txn *txn, struct add_layer *l)
{
	return l->diff_id &&
	       state_get_doc(txn, STATE_LAYERS, digest_hex(l->diff_id), &layer_doc_schema, add->a,
			     &l->doc, NULL) == 0 &&
	       (l->doc.blob || has_record(add, l->diff_id));
}

int image_add_find_present(struct image_add *add, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(add->is->st, STATE_READ, &txn, err);

	for (size_t i = 0; r == 0 && i < add->n_layers; i++)
		add->layers[i].unpacked = !image_add_has(add, txn, &add->layers[i]);
	return r;
}

static int make_file(struct image_add *add, const char *name, int *ret_fd, struct err *err)
{
	*ret_fd = openat(add->tmp, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return *ret_fd < 0 ? err_sys(err, "%s/tmp", add->is->root) : 0;
}

int image_add_prepare(struct image_add *add, struct add_layer *l, struct unpack_job *job,
		      struct err *err)
{
	char name[24];
	int r;

	job->dirfd = job->keep_fd = job->record_fd = -1;
	job->range = l->range;
	job->diff_id = l->diff_id;
	job->blob_digest = l->blob_digest;
	job->keep = l->keep;
	job->name = l->diff_id ? arena_printf(add->a, "layer %s", l->diff_id) : "layer";
	layer_name(add, l, name);
	if (mkdirat(add->tmp, name, 0755) < 0)
		return err_sys(err, "%s/tmp", add->is->root);
	job->dirfd = openat(add->tmp, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (job->dirfd < 0)
		return err_sys(err, "%s/tmp", add->is->root);
	record_name(add, l, name);
	r = make_file(add, name, &job->record_fd, err);
	if (r < 0 || !l->keep || l->fetched)
		return r;
	blob_name(add, l, name);
	return make_file(add, name, &job->keep_fd, err);
}

void image_add_close(struct unpack_job *job)
{
	fd_cleanup(&job->dirfd);
	fd_cleanup(&job->keep_fd);
	fd_cleanup(&job->record_fd);
}

/* What registries call a layer of which unpack_keeps() the bytes. */
static const char *media_type_of(const struct unpack_job *job)
{
	return str_eq(job->packing, "gzip") ? "application/vnd.oci.image.layer.v1.tar+gzip"
					    : "application/vnd.oci.image.layer.v1.tar+zstd";
}

void image_add_note(struct image_add *add, struct add_layer *l, const struct unpack_job *job)
{
	l->diff_id = arena_strdup(add->a, job->digest);
	l->doc = (struct layer_doc){ .version = IMAGE_DOC_VERSION,
				     .diff_id = l->diff_id,
				     .size = job->size,
				     .inodes = job->inodes };
	if (!unpack_keeps(job))
		return;
	l->doc.blob = arena_new(add->a, struct layer_blob);
	l->doc.blob->digest = arena_strdup(add->a, job->packed);
	l->doc.blob->media_type = l->media_type ? l->media_type : media_type_of(job);
	l->doc.blob->size = job->range.size;
}

static int prepare(struct image_add *add, struct unpack_job *jobs, struct add_layer **which,
		   size_t *ret_n, struct err *err)
{
	size_t n = 0;
	int r = image_add_find_present(add, err);

	for (size_t i = 0; r == 0 && i < add->n_layers; i++) {
		if (!add->layers[i].unpacked)
			continue;
		which[n] = &add->layers[i];
		r = image_add_prepare(add, which[n], &jobs[n], err);
		n++;
	}
	*ret_n = n;
	return r;
}

int image_add_unpack(struct image_add *add, const struct image_progress *progress, struct err *err)
{
	OWN(mem) struct unpack_job *jobs = mem_alloc(add->n_layers * sizeof(*jobs));
	OWN(mem) struct add_layer **which = mem_alloc(add->n_layers * sizeof(*which));
	mode_t mask = umask(0);
	size_t n;
	int r = prepare(add, jobs, which, &n, err);

	if (r == 0)
		r = unpack_all(jobs, n, progress, err);
	for (size_t i = 0; i < n; i++) {
		image_add_close(&jobs[i]);
		if (r == 0)
			image_add_note(add, which[i], &jobs[i]);
	}
	(void)umask(mask);
	return r;
}

/* -- configurations -- */

static const char *comment_of(const struct image_config *c)
{
	return c->history.n ? c->history.items[c->history.n - 1].comment : NULL;
}

int image_add_config(struct arena *a, const char *text, size_t len, ssize_t n_layers,
		     struct add_image *image, struct err *err)
{
	struct image_config c;
	char id[DIGEST_TEXT];
	int r = schema_read(&image_config_schema, text, len, a, &c, err);

	if (r < 0)
		return err_wrap(err, "the image's configuration");
	for (size_t i = 0; i < c.rootfs.diff_ids.n; i++)
		if (!digest_is_sha256(c.rootfs.diff_ids.items[i]))
			return err_set(err, -EINVAL,
				       "the image's configuration: not a sha256 digest: \"%.100s\"",
				       c.rootfs.diff_ids.items[i]);
	if (n_layers >= 0 && (size_t)n_layers != c.rootfs.diff_ids.n)
		return err_set(err, -EINVAL,
			       "invalid manifest, layers length mismatch: expected %zu, got %zd",
			       c.rootfs.diff_ids.n, n_layers);
	if (!str_is_empty(c.os) && !str_eq(c.os, "linux"))
		return err_set(err, -EINVAL, "cannot load %s image: only linux images run here",
			       c.os);
	hash_of(DIGEST_SHA256, text, len, id);
	image->config = text;
	image->config_len = len;
	image->doc = (struct image_doc){
		.version = IMAGE_DOC_VERSION,
		.id = arena_strdup(a, id),
		.created = c.created,
		.architecture = c.architecture,
		.variant = c.variant,
		.os = c.os,
		.author = c.author,
		.comment = comment_of(&c),
		.diff_ids = c.rootfs.diff_ids,
		.config = c.config,
	};
	return 0;
}

void image_add_text(struct arena *a, struct add_image *image, const struct add_text *text)
{
	struct add_text *grown = arena_array(a, image->n_texts + 1, sizeof(*grown));

	grown[0] = *text;
	if (image->n_texts)
		memcpy(grown + 1, image->texts, image->n_texts * sizeof(*grown));
	image->n_texts++;
	image->texts = grown;
}

/* -- records -- */

enum { REPOSITORIES_MAX = 8, MANIFESTS_MAX = 16 };

/* The newest first, of which a push tries the first ones. */
static void add_first(struct strv *list, size_t most, const char *s, struct arena *a)
{
	struct strv copy = { 0 };

	strv_add(&copy, a, s);
	for (size_t i = 0; i < list->n && copy.n < most; i++)
		if (!str_eq(list->items[i], s))
			strv_add(&copy, a, list->items[i]);
	*list = copy;
}

static int put_layer(struct image_add *add, struct state_txn *txn, struct add_layer *l,
		     struct err *err)
{
	struct layer_blob *blob = l->doc.blob;

	if (blob && l->repository && str_eq(l->blob_digest, blob->digest))
		add_first(&blob->repositories, REPOSITORIES_MAX, l->repository, add->a);
	return state_put_doc(txn, STATE_LAYERS, digest_hex(l->diff_id), &layer_doc_schema, &l->doc,
			     err);
}

static int64_t layer_size(const struct image_add *add, const char *diff_id)
{
	for (size_t i = 0; i < add->n_layers; i++)
		if (str_eq(add->layers[i].diff_id, diff_id))
			return add->layers[i].doc.size;
	return 0;
}

static int put_image(struct image_add *add, struct state_txn *txn, struct add_image *image,
		     struct err *err)
{
	struct image_doc *doc = &image->doc, old;
	int r = image_store_get(txn, doc->id, add->a, &old, NULL);

	if (r == 0) { /* it keeps the names it has */
		doc->repo_tags = old.repo_tags;
		doc->repo_digests = old.repo_digests;
		doc->manifests = old.manifests;
		doc->targets = old.targets;
	}
	for (size_t i = image->n_texts; i-- > 0;)
		add_first(&doc->manifests, MANIFESTS_MAX, image->texts[i].digest, add->a);
	doc->size = 0;
	for (size_t i = 0; i < doc->diff_ids.n; i++)
		doc->size += layer_size(add, doc->diff_ids.items[i]);
	doc->last_tag_time = image_store_now();
	r = 0;
	for (size_t i = 0; r == 0 && i < image->refs.n; i++) {
		const char *loser;

		r = image_store_name(txn, doc, image->refs.items[i], add->a, &loser, err);
		if (r == 0 && !strchr(image->refs.items[i], '@'))
			image_store_target(doc, image->refs.items[i], image->target, add->a);
		if (r == 0 && loser)
			strv_add(&image->moved, add->a,
				 arena_printf(add->a, "%s %s", image->refs.items[i], loser));
	}
	return r < 0 ? r : image_store_put(txn, doc, err);
}

static int put_records(struct image_add *add, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(add->is->st, STATE_WRITE, &txn, err);

	/* Also those that were there: somebody may have removed their record, but, as long as we
	 * have the lock, not their directory. */
	for (size_t i = 0; r == 0 && i < add->n_layers; i++)
		r = put_layer(add, txn, &add->layers[i], err);
	for (size_t i = 0; r == 0 && i < add->n_images; i++)
		r = put_image(add, txn, &add->images[i], err);
	return r < 0 ? r : state_commit(&txn, err);
}

/* The bytes that a layer came in. */
static int place_blob(struct image_add *add, const struct add_layer *l)
{
	const char *digest = l->doc.blob->digest;
	char name[24];

	if (l->fetched)
		return partial_place(&add->dirs, digest);
	blob_name(add, l, name);
	return renameat(add->tmp, name, image_dirs_blobs(&add->dirs, digest), digest_hex(digest)) <
			       0
		       ? -errno
		       : 0;
}

static int place_record(struct image_add *add, const struct add_layer *l)
{
	char name[24], record[LAYER_RECORD_MAX];

	record_name(add, l, name);
	layer_record_name(digest_hex(l->diff_id), record);
	return renameat(add->tmp, name, add->dirs.layers, record) < 0 ? -errno : 0;
}

static int place_layer(struct image_add *add, const struct add_layer *l)
{
	char name[24];
	int r = l->doc.blob ? place_blob(add, l) : place_record(add, l);

	if (r < 0)
		return r;
	layer_name(add, l, name);
	if (renameat(add->tmp, name, add->dirs.layers, digest_hex(l->diff_id)) == 0)
		return 0;
	/* Another load was first: the same digest, the same layer. Ours goes with tmp. */
	return errno == ENOTEMPTY || errno == EEXIST ? 0 : -errno;
}

static int place_layers(struct image_add *add, struct err *err)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < add->n_layers; i++)
		any |= add->layers[i].unpacked;
	if (!any)
		return 0;
	if (syncfs(add->tmp) < 0)
		return err_sys(err, "bringing layers to the disk");
	for (size_t i = 0; r == 0 && i < add->n_layers; i++)
		if (add->layers[i].unpacked)
			r = place_layer(add, &add->layers[i]);
	if (r == 0 && fsync(add->dirs.layers) < 0)
		r = -errno;
	for (size_t i = 0; r == 0 && i < DIGEST_ALGOS; i++)
		r = fsync(add->dirs.blobs[i]) < 0 ? -errno : 0;
	return r < 0 ? err_code(err, r, "%s/layers", add->is->root) : 0;
}

static int write_blob(struct image_add *add, const char *digest, const char *text, size_t len,
		      struct err *err)
{
	int r = file_write_at(image_dirs_blobs(&add->dirs, digest), digest_hex(digest), text, len,
			      0600, FILE_SYNC);

	return r < 0 ? err_code(err, r, "%s/blobs", add->is->root) : 0;
}

static int write_blobs(struct image_add *add, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < add->n_images; i++) {
		const struct add_image *image = &add->images[i];

		r = write_blob(add, image->doc.id, image->config, image->config_len, err);
		for (size_t k = 0; r == 0 && k < image->n_texts; k++)
			r = write_blob(add, image->texts[k].digest, image->texts[k].text,
				       image->texts[k].len, err);
	}
	return r;
}

int image_add_commit(struct image_add *add, struct err *err)
{
	int r = place_layers(add, err);

	if (r == 0)
		r = write_blobs(add, err);
	if (r == 0)
		r = put_records(add, err);
	add->committed = r == 0;
	add->full = image_add_is_full(r);
	return r;
}

bool image_add_is_full(int r)
{
	return r == -ENOSPC || r == -EDQUOT;
}

void image_add_cleanup(struct image_add *add)
{
	if (!add->is)
		return;
	fd_cleanup(&add->tmp);
	for (size_t i = 0; (add->committed || add->full) && i < add->n_layers; i++)
		if (add->layers[i].fetched && add->layers[i].unpacked && add->layers[i].doc.blob)
			partial_forget(&add->dirs, add->layers[i].doc.blob->digest);
	for (size_t i = 0; i < add->n_held; i++)
		fd_cleanup(&add->held[i]);
	if (add->tmp_name[0])
		(void)rmtree_at(add->dirs.tmp, add->tmp_name);
	image_dirs_cleanup(&add->dirs); /* and with it the lock */
	if (!add->committed)            /* layers and blobs that have their place but no record */
		(void)image_sweep(add->is, NULL);
	add->is = NULL;
}
