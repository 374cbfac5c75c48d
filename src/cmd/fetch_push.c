/*
 * fetch_push.c - berth-fetch: push
 *
 * Blobs first, several at once, then the manifest that names them: registries refuse one whose
 * blobs they do not have. What stands on stdout is docker's, for programs that read it.
 */
#include "base/own.h"
#include "cmd/fetch.h"
#include "codec/ref.h"
#include "model/image_manifest.h"
#include "registry/registry.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>

enum { SHORT_ID = 12 };

/*
 * What registries call the parts of an image. Docker's words are those that every registry knows;
 * they have none for zstd, and no manifest may mix the two.
 */
struct words {
	const char *manifest, *config, *gzip, *zstd;
};

static const struct words docker_words = {
	.manifest = "application/vnd.docker.distribution.manifest.v2+json",
	.config = "application/vnd.docker.container.image.v1+json",
	.gzip = "application/vnd.docker.image.rootfs.diff.tar.gzip",
};

static const struct words oci_words = {
	.manifest = "application/vnd.oci.image.manifest.v1+json",
	.config = "application/vnd.oci.image.config.v1+json",
	.gzip = "application/vnd.oci.image.layer.v1.tar+gzip",
	.zstd = "application/vnd.oci.image.layer.v1.tar+zstd",
};

static atomic_bool cancel;

static void on_interrupt(int sig)
{
	(void)sig;
	atomic_store(&cancel, true);
}

struct push_opts {
	const char *platform;
	bool all_tags, quiet;
};

static const struct opt push_table[] = {
	FLAG(struct push_opts, all_tags, 'a', "all-tags",
	     "Push all tags of an image to the repository"),
	STR(struct push_opts, platform, 0, "platform", "string",
	    "Push a platform-specific manifest as a single-platform image to the registry"),
	FLAG(struct push_opts, quiet, 'q', "quiet", "Suppress verbose output"),
	OPT_END,
};

/* One blob on its way. */
struct item {
	struct image_blob blob;
	const char *name; /* how it is called in the output; NULL: not at all */
	bool is_zstd;     /* otherwise gzip; only such bytes are kept */
};

struct push {
	struct fetch *f;
	const struct push_opts *o;
	struct image_store *is;
	struct settings settings;
	struct registry_session *session;
	const char *name;   /* the repository, as the user calls it */
	struct item *items; /* layers, lowest first, then the configuration */
	size_t n_items;
	pthread_mutex_t lock; /* of all below */
	size_t next;
	struct err err; /* the first that failed */
};

static void say(struct push *p, const char *name, const char *what, const char *more)
{
	OWN(str) char *line = str_printf("%s: %s%s\n", name, what, more);

	if (!p->o->quiet)
		(void)!write(STDOUT_FILENO, line, strlen(line));
}

static void note(void *ctx, enum registry_note kind, const char *text)
{
	(void)ctx;
	(void)fprintf(stderr, "berth: %s%s\n", kind == REGISTRY_NOTE_WARNING ? "warning: " : "",
		      text);
}

/* -- blobs -- */

static int push_item(struct push *p, const struct item *item, struct err *err)
{
	const struct registry_upload upload = {
		.digest = item->blob.digest,
		.size = item->blob.size,
		.fd = item->blob.fd,
	};
	static const char *const texts[] = {
		[REGISTRY_PUT_PUSHED] = "Pushed",
		[REGISTRY_PUT_EXISTS] = "Layer already exists",
		[REGISTRY_PUT_MOUNTED] = "Mounted from ",
	};
	enum registry_put how;
	const char *from;
	int r = registry_blob_put(p->session, &upload, &how, &from, err);

	if (r == 0 && item->name)
		say(p, item->name, texts[how], from ? from : "");
	return r;
}

static const struct item *next_item(struct push *p)
{
	const struct item *item = NULL;

	(void)pthread_mutex_lock(&p->lock);
	if (p->err.code == 0 && p->next < p->n_items)
		item = &p->items[p->next++];
	(void)pthread_mutex_unlock(&p->lock);
	return item;
}

static void *push_items(void *ctx)
{
	struct push *p = ctx;
	const struct item *item;

	while ((item = next_item(p)) != NULL) {
		struct err err = ERR_INIT;

		if (push_item(p, item, &err) == 0)
			continue;
		(void)pthread_mutex_lock(&p->lock);
		if (p->err.code == 0)
			p->err = err;
		(void)pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

static int push_blobs(struct push *p)
{
	size_t want = (size_t)p->settings.max_concurrent_uploads, started = 0;
	pthread_t *threads;

	if (want > p->n_items)
		want = p->n_items;
	threads = arena_array(&p->f->a, want, sizeof(*threads));
	p->next = 0;
	/* This thread is one of them, so that there is one at least. */
	while (started + 1 < want && pthread_create(&threads[started], NULL, push_items, p) == 0)
		started++;
	(void)push_items(p);
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	p->f->err = p->err;
	return p->err.code;
}

/* -- one image -- */

static void close_items(struct push *p)
{
	for (size_t i = 0; i < p->n_items; i++)
		image_blob_cleanup(&p->items[i].blob);
	p->n_items = 0;
}

/* Packing it again would give other bytes each time, which no registry has yet. */
static int refuse_plain(struct push *p, const char *tag, const char *diff_id)
{
	return err_set(&p->f->err, -ENODATA,
		       "cannot push %s:%s: its layer %s came as a plain tar, and only layers that "
		       "came in gzip or zstd are kept for pushing; remove every image that has it, "
		       "then load or pull it with compressed layers",
		       p->name, tag, diff_id);
}

/* The bytes tell: what a registry called them may be wrong, or not say how they are packed. */
static int find_packing(struct push *p, struct item *item)
{
	unsigned char head[2];
	ssize_t n = pread(item->blob.fd, head, sizeof(head), 0);

	if (n < 0)
		return err_sys(&p->f->err, "layer %s", item->blob.digest);
	item->is_zstd = n < 2 || head[0] != 0x1f || head[1] != 0x8b;
	return 0;
}

static int open_layer(struct push *p, const char *tag, const char *diff_id, struct item *ret)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct fetch *f = p->f;
	struct image_layer l;
	int r = image_begin(p->is, &txn, &f->err);

	if (r == 0)
		r = image_layer_open(p->is, txn, diff_id, &f->a, &l, &f->err);
	if (r == -ENODATA)
		return refuse_plain(p, tag, diff_id);
	if (r < 0)
		return r;
	ret->blob = (struct image_blob){ .fd = l.fd, .size = l.size };
	(void)snprintf(ret->blob.digest, sizeof(ret->blob.digest), "%s", l.digest);
	ret->name = arena_strndup(&f->a, digest_hex(diff_id), SHORT_ID);
	return find_packing(p, ret);
}

static int open_items(struct push *p, const struct image_doc *doc, const char *tag)
{
	struct fetch *f = p->f;
	int r = 0;

	p->items = arena_array(&f->a, doc->diff_ids.n + 1, sizeof(p->items[0]));
	for (size_t i = 0; r == 0 && i < doc->diff_ids.n; i++) {
		p->items[i].blob.fd = -1;
		p->n_items = i + 1;
		r = open_layer(p, tag, doc->diff_ids.items[i], &p->items[i]);
	}
	if (r == 0)
		r = image_config_open(p->is, doc, &p->items[p->n_items].blob, &f->err);
	if (r == 0)
		p->n_items++;
	return r;
}

static const struct words *choose_words(const struct push *p)
{
	for (size_t i = 0; i + 1 < p->n_items; i++)
		if (p->items[i].is_zstd)
			return &oci_words;
	return &docker_words;
}

static struct oci_descriptor describe(const struct item *item, const char *media_type)
{
	return (struct oci_descriptor){
		.media_type = media_type,
		.digest = item->blob.digest,
		.size = item->blob.size,
	};
}

static void write_manifest(struct push *p, const struct words *w, struct buf *out)
{
	size_t layers = p->n_items - 1;
	struct oci_manifest m = {
		.schema_version = 2,
		.media_type = w->manifest,
		.config = describe(&p->items[layers], w->config),
	};

	m.layers.items = arena_array(&p->f->a, layers, sizeof(m.layers.items[0]));
	for (; m.layers.n < layers; m.layers.n++) {
		const struct item *item = &p->items[m.layers.n];

		m.layers.items[m.layers.n] = describe(item, item->is_zstd ? w->zstd : w->gzip);
	}
	schema_write(&oci_manifest_schema, &m, SCHEMA_FULL, out);
}

static void digest_of(const struct buf *text, char out[DIGEST_TEXT])
{
	unsigned char hash[EVP_MAX_MD_SIZE];

	if (EVP_Digest(text->data, text->len, hash, NULL, EVP_sha256(), NULL) != 1)
		abort();
	digest_write(hash, out);
}

static int push_image(struct push *p, const struct image_doc *doc, const char *tag)
{
	OWN(buf) struct buf manifest = { 0 };
	char digest[DIGEST_TEXT];
	int r = open_items(p, doc, tag);

	for (size_t i = 0; r == 0 && i + 1 < p->n_items; i++)
		say(p, p->items[i].name, "Preparing", "");
	if (r == 0)
		r = push_blobs(p);
	if (r == 0) {
		const struct words *words = choose_words(p);

		write_manifest(p, words, &manifest);
		digest_of(&manifest, digest);
		r = registry_manifest_put(p->session, tag, manifest.data, manifest.len,
					  words->manifest, &p->f->err);
	}
	close_items(p);
	if (r == 0 && !p->o->quiet)
		buf_printf(&p->f->out, "%s: digest: %s size: %zu\n", tag, digest, manifest.len);
	return r == 0 ? fetch_flush(p->f) : r;
}

/* -- which images -- */

static int check_platform(struct push *p, const struct image_doc *doc)
{
	struct image_platform want, have = { doc->os, doc->architecture, doc->variant, NULL };
	int r;

	if (!p->o->platform)
		return 0;
	r = image_platform_parse(p->o->platform, &p->f->a, &want, &p->f->err);
	if (r < 0 || image_platform_fits(&want, &have))
		return r;
	return err_set(&p->f->err, -ENOENT,
		       "image with reference %s was found but its platform is %s/%s, not %s",
		       ref_familiar(doc->repo_tags.n ? doc->repo_tags.items[0] : doc->id), doc->os,
		       doc->architecture, p->o->platform);
}

static int find_one(struct push *p, const struct ref *ref, struct image_doc *ret)
{
	struct fetch *f = p->f;
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = image_begin(p->is, &txn, &f->err);

	if (r == 0)
		r = image_find(p->is, txn, ref_canonical(ref, &f->a), &f->a, ret, &f->err);
	if (r == -ENOENT)
		return err_set(&f->err, r, "An image does not exist locally with the tag: %s",
			       ref_familiar(ref_name(ref, &f->a)));
	return r;
}

/* Every tag of the repository, one by one. */
static int push_all(struct push *p, const struct ref *ref)
{
	struct fetch *f = p->f;
	const char *name = ref_name(ref, &f->a);
	const char *prefix = arena_printf(&f->a, "%s:", name);
	OWN(state_txn) struct state_txn *txn = NULL;
	struct image_doc_list list;
	bool any = false;
	int r = image_begin(p->is, &txn, &f->err);

	if (r == 0)
		r = image_list(p->is, txn, &f->a, &list, &f->err);
	state_abort(&txn);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		const struct strv *tags = &list.items[i].repo_tags;

		for (size_t k = 0; r == 0 && k < tags->n; k++) {
			const char *tag = str_after(tags->items[k], prefix);

			if (!tag)
				continue;
			any = true;
			r = check_platform(p, &list.items[i]);
			if (r == 0)
				r = push_image(p, &list.items[i], tag);
		}
	}
	if (r == 0 && !any)
		r = err_set(&f->err, -ENOENT, "An image does not exist locally with the tag: %s",
			    ref_familiar(name));
	return r;
}

static int push_one(struct push *p, const struct ref *ref)
{
	struct image_doc doc;
	int r = find_one(p, ref, &doc);

	if (r == 0)
		r = check_platform(p, &doc);
	if (r == 0)
		r = push_image(p, &doc, ref->tag);
	if (r == 0 && p->o->quiet)
		buf_printf(&p->f->out, "%s\n", ref_canonical(ref, &p->f->a));
	return r;
}

/* Repositories of the same registry that images of this machine came from: they may have the blobs.
 */
static int mount_sources(struct push *p, const struct ref *ref, struct strv *ret)
{
	struct fetch *f = p->f;
	OWN(state_txn) struct state_txn *txn = NULL;
	struct image_doc_list list;
	struct image_doc doc;
	int r = image_begin(p->is, &txn, &f->err);

	if (r == 0)
		r = image_list(p->is, txn, &f->a, &list, &f->err);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		doc = list.items[i];
		for (size_t k = 0; k < doc.repo_digests.n; k++) {
			struct ref from;

			if (ref_parse(doc.repo_digests.items[k], &from, NULL) == 0 &&
			    str_eq(from.domain, ref->domain) && !str_eq(from.path, ref->path) &&
			    ret->n < 4 && !strv_has(ret, from.path))
				strv_add(ret, &f->a, arena_strdup(&f->a, from.path));
		}
	}
	return r;
}

static int check_name(struct push *p, const char *name, struct ref *ret)
{
	int r = ref_parse(name, ret, &p->f->err);
	const char *last = strrchr(name, '/');

	if (r < 0)
		return r;
	if (*ret->digest)
		return err_set(&p->f->err, -EINVAL, "cannot push a digest reference");
	if (p->o->all_tags && strchr(last ? last : name, ':'))
		return err_set(&p->f->err, -EINVAL, "tag can't be used with --all-tags/-a");
	return 0;
}

static int push(struct fetch *f, struct image_store *is, const void *opts, const struct strv *args)
{
	struct push p = { .f = f, .o = opts, .is = is, .lock = PTHREAD_MUTEX_INITIALIZER };
	const struct sigaction act = { .sa_handler = on_interrupt };
	OWN(registry_session) struct registry_session *session = NULL;
	struct ref ref;
	struct registry_spec spec = {
		.ref = &ref,
		.actions = REGISTRY_PULL | REGISTRY_PUSH,
		.settings = &p.settings,
		.cancel = &cancel,
		.note = note,
	};
	int r = check_name(&p, args->items[0], &ref);

	if (r == 0)
		r = registry_setup(&f->err);
	if (r == 0)
		r = registry_settings(&f->a, &p.settings, &f->err);
	if (r == 0)
		r = mount_sources(&p, &ref, &spec.mount_from);
	if (r == 0)
		r = registry_open(&spec, &session, &f->err);
	if (r < 0)
		return r;
	p.session = session;
	p.name = ref_familiar(ref_name(&ref, &f->a));
	(void)sigaction(SIGINT, &act, NULL);
	(void)sigaction(SIGTERM, &act, NULL);
	if (!p.o->quiet)
		buf_printf(&f->out, "The push refers to repository [%s]\n", ref_name(&ref, &f->a));
	r = fetch_flush(f);
	if (r < 0)
		return r;
	return p.o->all_tags ? push_all(&p, &ref) : push_one(&p, &ref);
}

const struct fetch_cmd fetch_push_cmd = {
	"push", "push [OPTIONS] NAME[:TAG]", push_table, sizeof(struct push_opts), 1, 1, false,
	push,
};
