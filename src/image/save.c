/*
 * save.c - images into an archive
 *
 * The archive is an OCI image layout with docker's manifest.json and repositories beside it, which
 * name the same blobs: what docker writes since 25, and what every tool reads. It is made from the
 * front to the end without a copy on the disk, since all sizes are known before: a layer's bytes
 * are kept as they came, or its record tells how long its tar is.
 *
 * The same store gives the same bytes: members are sorted by name, images by ID, and nothing says
 * when it was made. While it is written, the lock of loads keeps layers from being removed.
 */
#include "image/image.h"

#include "base/own.h"
#include "codec/digest.h"
#include "codec/json.h"
#include "codec/ref.h"
#include "image/image_store.h"
#include "image/image_sweep.h"
#include "image/layer_source.h"
#include "codec/hash.h"
#include "image/tar_out.h"
#include "model/image_manifest.h"
#include "sys/file.h"

static const char index_type[] = "application/vnd.oci.image.index.v1+json",
		  manifest_type[] = "application/vnd.oci.image.manifest.v1+json",
		  config_type[] = "application/vnd.oci.image.config.v1+json";

static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";

/* A text, a layer, or (with neither) a directory. */
struct member {
	const char *name;
	const char *text;
	size_t len;
	struct layer_source *layer;
};

struct saved_image {
	struct image_doc doc;
	struct strv tags; /* canonical, sorted */
	const char *config;
	size_t config_len;
	struct layer_source **layers;
	const char *manifest;
	size_t manifest_len;
	char manifest_digest[DIGEST_TEXT];
};

struct save {
	struct image_store *is;
	struct state_txn *txn;
	struct image_dirs dirs;
	struct arena *a;
	const struct image_platform *want;
	struct saved_image *images;
	size_t n_images;
	struct member *members;
	size_t n_members, members_cap;
};

/* -- which images, under which names -- */

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int by_id(const void *x, const void *y)
{
	return strcmp(((const struct saved_image *)x)->doc.id,
		      ((const struct saved_image *)y)->doc.id);
}

static int check_platform(const struct save *s, const struct image_doc *doc, const char *name,
			  struct err *err)
{
	const struct image_platform have = { doc->os, doc->architecture, doc->variant, NULL };

	if (!s->want || image_platform_fits(s->want, &have))
		return 0;
	return err_set(err, -ENOENT,
		       "image with reference %.200s was found but does not provide the specified "
		       "platform: it is for %s/%s",
		       name, have.os, have.architecture);
}

/* tag: canonical, or NULL when the image was named by its ID or digest. */
static void add_image(struct save *s, const struct image_doc *doc, const char *tag)
{
	struct saved_image *image = NULL;

	for (size_t i = 0; i < s->n_images && !image; i++)
		if (str_eq(s->images[i].doc.id, doc->id))
			image = &s->images[i];
	if (!image) {
		struct saved_image *grown = arena_array(s->a, s->n_images + 1, sizeof(*grown));

		if (s->n_images)
			memcpy(grown, s->images, s->n_images * sizeof(*grown));
		s->images = grown;
		image = &grown[s->n_images++];
		image->doc = *doc;
	}
	if (tag && !strv_has(&image->tags, tag))
		strv_add(&image->tags, s->a, tag);
}

static bool is_name_only(const char *name)
{
	const char *slash = strrchr(name, '/');

	return !strpbrk(slash ? slash : name, ":@");
}

struct tag_search {
	struct arena *a;
	struct strv tags;
};

static int add_tag(void *ctx, const char *key, const void *data, size_t len)
{
	struct tag_search *t = ctx;

	(void)data;
	(void)len;
	strv_add(&t->tags, t->a, arena_strdup(t->a, key));
	return 0;
}

/* A name without a tag stands for all tags of the repository. */
static int find_repository(struct save *s, const struct ref *ref, const char *name,
			   size_t *ret_found, struct err *err)
{
	struct tag_search t = { .a = s->a };
	int r = state_each(s->txn, STATE_IMAGE_REFS, arena_printf(s->a, "%s:", ref_name(ref, s->a)),
			   add_tag, &t);

	if (r < 0)
		return err_code(err, r, "looking for image %.200s", name);
	for (size_t i = 0; r == 0 && i < t.tags.n; i++) {
		struct image_doc doc;

		r = image_find(s->is, s->txn, t.tags.items[i], s->a, &doc, err);
		if (r == 0)
			r = check_platform(s, &doc, name, err);
		if (r == 0)
			add_image(s, &doc, t.tags.items[i]);
	}
	*ret_found = t.tags.n;
	return r;
}

static int find_one(struct save *s, const char *name, struct err *err)
{
	const char *tag = NULL, *id;
	struct image_doc doc;
	struct ref ref;
	size_t found = 0;
	int r = 0;

	if (ref_parse(name, &ref, NULL) == 0) {
		if (is_name_only(name))
			r = find_repository(s, &ref, name, &found, err);
		if (r < 0 || found)
			return r;
		tag = ref_canonical(&ref, s->a);
		if (ref.digest[0] || state_get_str(s->txn, STATE_IMAGE_REFS, tag, s->a, &id) < 0)
			tag = NULL;
	}
	r = image_find(s->is, s->txn, name, s->a, &doc, err);
	if (r == 0)
		r = check_platform(s, &doc, name, err);
	if (r == 0)
		add_image(s, &doc, tag);
	return r;
}

static int find_all(struct save *s, const struct strv *names, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->n; i++)
		r = find_one(s, names->items[i], err);
	if (r < 0)
		return r;
	qsort(s->images, s->n_images, sizeof(*s->images), by_id);
	for (size_t i = 0; i < s->n_images; i++)
		if (s->images[i].tags.n)
			qsort(s->images[i].tags.items, s->images[i].tags.n, sizeof(char *),
			      by_text);
	return 0;
}

/* -- members -- */

static void add_member(struct save *s, const struct member *m)
{
	for (size_t i = 0; i < s->n_members; i++)
		if (str_eq(s->members[i].name, m->name))
			return;
	if (s->n_members == s->members_cap) {
		struct member *grown;

		s->members_cap = s->members_cap ? s->members_cap * 2 : 32;
		grown = arena_array(s->a, s->members_cap, sizeof(*grown));
		if (s->n_members)
			memcpy(grown, s->members, s->n_members * sizeof(*grown));
		s->members = grown;
	}
	s->members[s->n_members++] = *m;
}

static void add_text(struct save *s, const char *name, const struct buf *text)
{
	add_member(s, &(struct member){ .name = name,
					.text = arena_memdup(s->a, buf_text(text), text->len + 1),
					.len = text->len });
}

static const char *blob_member(struct save *s, const char *digest)
{
	return arena_printf(s->a, "blobs/%s/%s", digest_algo_name(digest_algo_or_usual(digest)),
			    digest_hex(digest));
}

static void add_descriptor(struct buf *out, const char *type, const char *digest, int64_t size)
{
	buf_printf(out, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%lld", type, digest,
		   (long long)size);
}

/* Whether a manifest speaks of just the bytes that the archive will have. */
static bool fits(const struct saved_image *image, const struct oci_manifest *m)
{
	if (!str_eq(m->config.digest, image->doc.id) || m->layers.n != image->doc.diff_ids.n)
		return false;
	for (size_t i = 0; i < m->layers.n; i++)
		if (!str_eq(m->layers.items[i].digest, image->layers[i]->digest))
			return false;
	/* Tools for OCI layouts pass over manifests of docker's type. */
	return !m->media_type || str_eq(m->media_type, manifest_type);
}

/* The manifest by which it came, so that its digest stays what it is in its registry. */
static bool find_manifest(struct save *s, struct saved_image *image)
{
	for (size_t i = 0; i < image->doc.manifests.n; i++) {
		const char *digest = image->doc.manifests.items[i], *text;
		struct oci_manifest m;
		size_t len;

		if (image_layer_text(s->is, digest, s->a, &text, &len, NULL) < 0 ||
		    image_manifest_read(text, len, s->a, &m, NULL) < 0 || !fits(image, &m))
			continue;
		hash_like(digest, text, len, image->manifest_digest);
		if (!str_eq(image->manifest_digest, digest))
			continue;
		image->manifest = text;
		image->manifest_len = len;
		return true;
	}
	return false;
}

static void make_manifest(struct save *s, struct saved_image *image)
{
	OWN(buf) struct buf out = { 0 };

	buf_printf(&out, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":", manifest_type);
	add_descriptor(&out, config_type, image->doc.id, (int64_t)image->config_len);
	buf_adds(&out, "},\"layers\":[");
	for (size_t i = 0; i < image->doc.diff_ids.n; i++) {
		const struct layer_source *l = image->layers[i];

		buf_adds(&out, i ? "," : "");
		add_descriptor(&out, l->media_type, l->digest, l->size);
		buf_addc(&out, '}');
	}
	buf_adds(&out, "]}");
	hash_of(DIGEST_SHA256, out.data, out.len, image->manifest_digest);
	image->manifest = arena_memdup(s->a, out.data, out.len);
	image->manifest_len = out.len;
}

/* Its configuration, its layers, and a manifest that binds them. */
static int gather_image(struct save *s, struct saved_image *image, struct err *err)
{
	OWN(str) char *config = NULL;
	const struct strv *diff_ids = &image->doc.diff_ids;
	int r = file_read_at(image_dirs_blobs(&s->dirs, image->doc.id), digest_hex(image->doc.id),
			     IMAGE_CONFIG_MAX, &config, &image->config_len);

	if (r < 0)
		return err_code(err, r, "image %.19s: its configuration", image->doc.id);
	image->config = arena_memdup(s->a, config, image->config_len + 1);
	image->layers = arena_array(s->a, diff_ids->n, sizeof(*image->layers));
	for (size_t i = 0; i < diff_ids->n; i++) {
		struct layer_source *l = arena_new(s->a, struct layer_source);

		r = layer_source_find(&s->dirs, s->txn, diff_ids->items[i], s->a, l, err);
		if (r < 0)
			return r;
		image->layers[i] = l;
	}
	if (!find_manifest(s, image))
		make_manifest(s, image);
	return 0;
}

static void add_blobs(struct save *s, const struct saved_image *image)
{
	add_member(s, &(struct member){ .name = blob_member(s, image->doc.id),
					.text = image->config,
					.len = image->config_len });
	add_member(s, &(struct member){ .name = blob_member(s, image->manifest_digest),
					.text = image->manifest,
					.len = image->manifest_len });
	for (size_t i = 0; i < image->doc.diff_ids.n; i++)
		add_member(s, &(struct member){ .name = blob_member(s, image->layers[i]->digest),
						.layer = image->layers[i] });
}

static void quote(struct buf *out, const char *text)
{
	json_quote(text, strlen(text), out);
}

/* One entry for each name; an image without one has an entry, too. */
static void write_index(struct save *s)
{
	OWN(buf) struct buf out = { 0 };
	const char *comma = "";

	buf_printf(&out, "{\"schemaVersion\":2,\"mediaType\":\"%s\",\"manifests\":[", index_type);
	for (size_t i = 0; i < s->n_images; i++) {
		const struct saved_image *image = &s->images[i];

		for (size_t k = 0; k < image->tags.n || k == 0; k++) {
			const char *name, *tag;

			buf_adds(&out, comma);
			comma = ",";
			add_descriptor(&out, manifest_type, image->manifest_digest,
				       (int64_t)image->manifest_len);
			if (image->tags.n) {
				ref_split(image->tags.items[k], s->a, &name, &tag);
				buf_adds(&out, ",\"annotations\":{\"io.containerd.image.name\":");
				quote(&out, image->tags.items[k]);
				buf_adds(&out, ",\"org.opencontainers.image.ref.name\":");
				quote(&out, tag);
				buf_addc(&out, '}');
			}
			buf_addc(&out, '}');
		}
	}
	buf_adds(&out, "]}");
	add_text(s, "index.json", &out);
}

/* Where a layer is, by what it holds: docker's addition for archives of compressed layers. */
static void write_layer_sources(struct save *s, const struct saved_image *image, struct buf *out)
{
	const struct strv *diff_ids = &image->doc.diff_ids;
	struct strv done = { 0 };

	buf_adds(out, ",\"LayerSources\":{");
	for (size_t i = 0; i < diff_ids->n; i++) {
		if (strv_has(&done, diff_ids->items[i]))
			continue;
		buf_printf(out, "%s\"%s\":", done.n ? "," : "", diff_ids->items[i]);
		add_descriptor(out, image->layers[i]->media_type, image->layers[i]->digest,
			       image->layers[i]->size);
		buf_addc(out, '}');
		strv_add(&done, s->a, diff_ids->items[i]);
	}
	buf_addc(out, '}');
}

static void write_docker_manifest(struct save *s)
{
	OWN(buf) struct buf out = { 0 };

	buf_addc(&out, '[');
	for (size_t i = 0; i < s->n_images; i++) {
		const struct saved_image *image = &s->images[i];

		buf_adds(&out, i ? ",{\"Config\":" : "{\"Config\":");
		quote(&out, blob_member(s, image->doc.id));
		buf_adds(&out, image->tags.n ? ",\"RepoTags\":[" : ",\"RepoTags\":null");
		for (size_t k = 0; k < image->tags.n; k++) {
			buf_adds(&out, k ? "," : "");
			quote(&out, ref_familiar(image->tags.items[k]));
		}
		buf_adds(&out, image->tags.n ? "],\"Layers\":[" : ",\"Layers\":[");
		for (size_t k = 0; k < image->doc.diff_ids.n; k++) {
			buf_adds(&out, k ? "," : "");
			quote(&out, blob_member(s, image->layers[k]->digest));
		}
		buf_addc(&out, ']');
		write_layer_sources(s, image, &out);
		buf_addc(&out, '}');
	}
	buf_adds(&out, "]\n");
	add_text(s, "manifest.json", &out);
}

struct repository_tag {
	const char *name, *tag, *layer;
};

static int by_name_and_tag(const void *x, const void *y)
{
	const struct repository_tag *a = x, *b = y;
	int c = strcmp(a->name, b->name);

	return c ? c : strcmp(a->tag, b->tag);
}

/* {"NAME":{"TAG":"TOP LAYER"}}, by which docker before 1.10 named images. */
static void write_repositories(struct save *s)
{
	OWN(buf) struct buf out = { 0 };
	struct repository_tag *tags;
	size_t n = 0;

	for (size_t i = 0; i < s->n_images; i++)
		n += s->images[i].doc.diff_ids.n ? s->images[i].tags.n : 0;
	if (n == 0)
		return;
	tags = arena_array(s->a, n, sizeof(*tags));
	n = 0;
	for (size_t i = 0; i < s->n_images; i++) {
		const struct saved_image *image = &s->images[i];
		size_t layers = image->doc.diff_ids.n;

		for (size_t k = 0; layers && k < image->tags.n; k++, n++) {
			ref_split(ref_familiar(image->tags.items[k]), s->a, &tags[n].name,
				  &tags[n].tag);
			tags[n].layer = digest_hex(image->layers[layers - 1]->digest);
		}
	}
	qsort(tags, n, sizeof(*tags), by_name_and_tag);
	for (size_t i = 0; i < n; i++) {
		bool same = i > 0 && str_eq(tags[i].name, tags[i - 1].name);

		buf_adds(&out, i == 0 ? "{" : same ? "," : "},");
		if (!same) {
			quote(&out, tags[i].name);
			buf_adds(&out, ":{");
		}
		quote(&out, tags[i].tag);
		buf_printf(&out, ":\"%s\"", tags[i].layer);
	}
	buf_adds(&out, "}}\n");
	add_text(s, "repositories", &out);
}

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct member *)x)->name, ((const struct member *)y)->name);
}

static int plan(struct save *s, const struct strv *names, struct err *err)
{
	static const char *const dirs[] = { "blobs", "blobs/sha256" };
	int r = find_all(s, names, err);

	for (size_t i = 0; r == 0 && i < s->n_images; i++)
		r = gather_image(s, &s->images[i], err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < 2; i++)
		add_member(s, &(struct member){ .name = dirs[i] });
	for (size_t i = 0; i < s->n_images; i++)
		add_blobs(s, &s->images[i]);
	write_index(s);
	write_docker_manifest(s);
	write_repositories(s);
	add_member(s, &(struct member){
			      .name = "oci-layout", .text = layout, .len = sizeof(layout) - 1 });
	qsort(s->members, s->n_members, sizeof(*s->members), by_name);
	return 0;
}

/* -- the archive -- */

static int write_member(struct save *s, const struct member *m, struct tar_out *out,
			struct err *err)
{
	bool is_dir = !m->text && !m->layer;
	int64_t size = m->layer ? m->layer->size : (int64_t)m->len;
	const struct tar_entry e = {
		.path = m->name,
		.type = is_dir ? TAR_DIRECTORY : TAR_FILE,
		.mode = is_dir ? 0755 : 0644,
		.size = is_dir ? 0 : size,
	};
	int r = tar_out_entry(out, &e);

	if (r == 0 && m->text)
		r = tar_out_bytes(out, m->text, m->len);
	if (r < 0)
		return err_code(err, r, "writing the archive");
	if (m->layer) {
		r = layer_source_write(&s->dirs, m->layer, out, err);
		if (r < 0)
			return r;
	}
	r = is_dir ? 0 : tar_out_pad(out, size);
	return r < 0 ? err_code(err, r, "writing the archive") : 0;
}

static int write_archive(struct save *s, int fd, struct err *err)
{
	__attribute__((cleanup(tar_out_cleanup))) struct tar_out out;
	int r = 0;

	tar_out_init(&out, fd, false);
	for (size_t i = 0; r == 0 && i < s->n_members; i++)
		r = write_member(s, &s->members[i], &out, err);
	if (r < 0)
		return r;
	r = tar_out_end(&out);
	return r < 0 ? err_code(err, r, "writing the archive") : 0;
}

int image_save(struct image_store *is, const struct image_save_spec *spec, struct arena *a,
	       struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	OWN(image_dirs) struct image_dirs dirs = IMAGE_DIRS_INIT;
	struct save s = { .is = is, .a = a };
	struct image_platform want;
	int r = 0;

	if (spec->platform) {
		r = image_platform_parse(spec->platform, a, &want, err);
		s.want = &want;
	}
	if (r == 0)
		r = image_dirs_open(is, true, &dirs, err);
	if (r == 0) {
		r = image_sweep_lock_out(&dirs);
		if (r < 0)
			r = err_code(err, r, "%s/layers: lock", is->root);
	}
	if (r == 0)
		r = state_begin(is->st, STATE_READ, &txn, err);
	if (r < 0)
		return r;
	s.txn = txn;
	s.dirs = dirs; /* borrowed */
	r = plan(&s, &spec->names, err);
	state_abort(&txn); /* writing may take long, and old pages are kept for readers */
	return r < 0 ? r : write_archive(&s, spec->fd, err);
}
