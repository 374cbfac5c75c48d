/*
 * fetch_push.c - berth-fetch: push
 *
 * Blobs first, several at once, then the manifests that name them, then indexes: registries refuse
 * one that names what they do not have. What stands on stdout is docker's, for programs that read
 * it.
 */
#include "base/log.h"
#include "base/mem.h"
#include "base/own.h"
#include "cmd/fetch.h"
#include "cmd/push_plan.h"
#include "codec/hash.h"
#include "registry/registry.h"

#include <pthread.h>
#include <time.h>

enum { SHORT_ID = 12, MOUNTS_MAX = 8, REDRAW_MS = 100 };

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

struct push {
	struct fetch *f;
	const struct push_opts *o;
	struct image_store *is;
	struct settings settings;
	struct ref ref; /* as it was given */
	struct image_platform platform;
	struct registry_session *session;
	const atomic_bool *cancel;
	const char *repository;   /* canonical */
	struct push_blob **blobs; /* of all images of a tag; each once */
	size_t n_blobs;
	bool terminal;        /* bars instead of lines */
	struct bar *bars;     /* one a blob */
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	size_t next, ended; /* blobs that were taken, and threads that found no more */
	struct err err;     /* the first that failed */
	struct fetch_progress shown;
	int64_t bytes; /* that were sent */
};

struct bar {
	const char *phase; /* under the lock */
	bool over;         /* likewise */
	char text[80];     /* of a phase that names a repository */
	atomic_int_least64_t sent;
};

static void say(struct push *p, const struct push_blob *blob, const char *what, const char *more)
{
	OWN(str) char *line = NULL;

	if (p->terminal)
		return;
	line = str_printf("%.*s: %s%s\n", SHORT_ID, digest_hex(blob->diff_id), what, more);

	if (!p->o->quiet)
		(void)!write(STDOUT_FILENO, line, strlen(line));
}

static void note(void *ctx, enum registry_note kind, const char *text)
{
	struct push *p = ctx;

	(void)pthread_mutex_lock(&p->lock);
	p->shown.lines = 0; /* the bars go on below */
	(void)pthread_mutex_unlock(&p->lock);
	(void)fprintf(stderr, "berth: %s%s\n", kind == REGISTRY_NOTE_WARNING ? "warning: " : "",
		      text);
}

/* -- blobs -- */

/* An earlier push packed it, but it is not there any more, or zlib has changed. */
static int pack(struct push *p, struct push_blob *blob, struct image_blob *ret, struct err *err)
{
	int r = image_layer_pack(p->is, blob->diff_id, blob->source == PUSH_GZIP, ret, err);

	if (r < 0)
		return r;
	memcpy(blob->digest, ret->digest, sizeof(blob->digest));
	blob->size = ret->size;
	return 0;
}

static void set_phase(struct push *p, size_t at, const char *phase, bool over)
{
	(void)pthread_mutex_lock(&p->lock);
	p->bars[at].phase = phase;
	p->bars[at].over = over;
	(void)pthread_mutex_unlock(&p->lock);
}

static int put(struct push *p, size_t at, int fd, enum registry_put *ret_how, const char **ret_from,
	       struct err *err)
{
	const struct push_blob *blob = p->blobs[at];
	const struct registry_upload upload = {
		.digest = blob->digest,
		.size = blob->size,
		.fd = fd,
		.mount_from = blob->mount_from,
		.sent = &p->bars[at].sent,
	};

	set_phase(p, at, "Pushing", false);
	return registry_blob_put(p->session, &upload, ret_how, ret_from, err);
}

static void tell(struct push *p, size_t at, enum registry_put how, const char *from)
{
	static const char *const texts[] = {
		[REGISTRY_PUT_PUSHED] = "Pushed",
		[REGISTRY_PUT_EXISTS] = "Layer already exists",
		[REGISTRY_PUT_MOUNTED] = "Mounted from ",
	};
	const struct push_blob *blob = p->blobs[at];

	(void)pthread_mutex_lock(&p->lock);
	p->bytes += how == REGISTRY_PUT_PUSHED ? blob->size : 0;
	if (from)
		(void)snprintf(p->bars[at].text, sizeof(p->bars[at].text), "%s%s", texts[how],
			       from);
	p->bars[at].phase = from ? p->bars[at].text : texts[how];
	p->bars[at].over = true;
	atomic_store(&p->bars[at].sent, how == REGISTRY_PUT_PUSHED ? blob->size : -1);
	(void)pthread_mutex_unlock(&p->lock);
	if (blob->diff_id)
		say(p, blob, texts[how], from ? from : "");
}

static int push_blob(struct push *p, size_t at, struct err *err)
{
	struct push_blob *blob = p->blobs[at];
	OWN(image_blob) struct image_blob bytes = { .fd = -1 };
	enum registry_put how;
	const char *from;
	int r = -ENODATA;

	if (blob->source == PUSH_KEPT)
		r = image_blob_open(p->is, blob->kept_as ? blob->kept_as : blob->digest, &bytes,
				    err);
	/* What is there already need not be packed. */
	if (r == 0 || *blob->digest)
		r = put(p, at, bytes.fd, &how, &from, err);
	if (r == -ENODATA && blob->source != PUSH_KEPT) {
		set_phase(p, at, "Packing", false);
		r = pack(p, blob, &bytes, err);
		if (r == 0)
			r = put(p, at, bytes.fd, &how, &from, err);
	}
	if (r == 0)
		tell(p, at, how, from);
	return r;
}

static bool next_blob(struct push *p, size_t *ret)
{
	bool any;

	(void)pthread_mutex_lock(&p->lock);
	any = p->err.code == 0 && p->next < p->n_blobs;
	if (any)
		*ret = p->next++;
	(void)pthread_mutex_unlock(&p->lock);
	return any;
}

static void *push_some(void *ctx)
{
	struct push *p = ctx;
	size_t at;

	while (next_blob(p, &at)) {
		struct err err = ERR_INIT;

		if (push_blob(p, at, &err) == 0)
			continue;
		(void)pthread_mutex_lock(&p->lock);
		if (p->err.code == 0)
			p->err = err;
		(void)pthread_mutex_unlock(&p->lock);
	}
	(void)pthread_mutex_lock(&p->lock);
	p->ended++;
	(void)pthread_cond_signal(&p->changed);
	(void)pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Layers; a configuration is too small to be worth a line. */
static void draw(struct push *p)
{
	OWN(mem) struct fetch_row *rows = mem_alloc(p->n_blobs * sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; i < p->n_blobs; i++) {
		const struct bar *bar = &p->bars[i];
		int64_t sent = atomic_load(&bar->sent);

		if (p->blobs[i]->diff_id)
			rows[n++] = (struct fetch_row){ p->blobs[i]->diff_id, bar->phase,
							sent > 0 ? sent : -1, p->blobs[i]->size,
							bar->over };
	}
	fetch_progress_draw(&p->shown, rows, n);
}

/* Until so many threads have ended. */
static void draw_until(struct push *p, size_t threads)
{
	(void)pthread_mutex_lock(&p->lock);
	for (;;) {
		struct timespec until;
		bool over = p->ended == threads;

		draw(p);
		if (over)
			break;
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += REDRAW_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		(void)pthread_cond_clockwait(&p->changed, &p->lock, CLOCK_MONOTONIC, &until);
	}
	(void)pthread_mutex_unlock(&p->lock);
}

static void begin_bars(struct push *p)
{
	p->bars = arena_array(&p->f->a, p->n_blobs, sizeof(*p->bars));
	for (size_t i = 0; i < p->n_blobs; i++)
		p->bars[i].phase = "Waiting";
	p->next = p->ended = 0;
	p->shown = (struct fetch_progress){ .fd = STDOUT_FILENO };
}

static int push_blobs(struct push *p)
{
	size_t want = (size_t)p->settings.max_concurrent_uploads, started = 0;
	pthread_t *threads;

	if (want > p->n_blobs)
		want = p->n_blobs;
	threads = arena_array(&p->f->a, want, sizeof(*threads));
	begin_bars(p);
	/* This thread is one of them, or draws; so that there is one at least. */
	while (started + !p->terminal < want &&
	       pthread_create(&threads[started], NULL, push_some, p) == 0)
		started++;
	if (!p->terminal || started == 0)
		(void)push_some(p);
	else
		draw_until(p, started);
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	p->f->err = p->err;
	return p->err.code;
}

static bool is_listed(const struct push *p, const struct push_blob *blob)
{
	for (size_t i = 0; i < p->n_blobs; i++) {
		const struct push_blob *other = p->blobs[i];

		if (other->source == blob->source &&
		    (blob->source == PUSH_KEPT ? str_eq(other->digest, blob->digest)
					       : str_eq(other->diff_id, blob->diff_id)))
			return true;
	}
	return false;
}

static void list_blobs(struct push *p, const struct push_plan *plan)
{
	size_t most = 0;

	for (size_t i = 0; i < plan->n_images; i++)
		most += plan->images[i].n_blobs;
	p->blobs = arena_array(&p->f->a, most, sizeof(*p->blobs));
	p->n_blobs = 0;
	for (size_t i = 0; i < plan->n_images; i++)
		for (size_t k = 0; k < plan->images[i].n_blobs; k++)
			if (!is_listed(p, &plan->images[i].blobs[k]))
				p->blobs[p->n_blobs++] = &plan->images[i].blobs[k];
}

/* -- manifests -- */

static struct oci_descriptor describe(const struct push_blob *blob, const char *media_type)
{
	return (struct oci_descriptor){
		.media_type = media_type,
		.digest = blob->digest,
		.size = blob->size,
	};
}

static const struct words *choose_words(const struct push_image *image)
{
	for (size_t i = 0; i + 1 < image->n_blobs; i++)
		if (image->blobs[i].is_zstd)
			return &oci_words;
	return &docker_words;
}

/* What was packed twice, for two places of one image, is known at one of them. */
static const struct push_blob *packed_one(const struct push *p, const struct push_blob *blob)
{
	for (size_t i = 0; i < p->n_blobs; i++)
		if (p->blobs[i]->source == blob->source &&
		    str_eq(p->blobs[i]->diff_id, blob->diff_id))
			return p->blobs[i];
	return blob;
}

static void write_manifest(struct push *p, struct push_image *image)
{
	const struct words *w = choose_words(image);
	OWN(buf) struct buf out = { 0 };
	size_t layers = image->n_blobs - 1;
	struct oci_manifest m = {
		.schema_version = 2,
		.media_type = w->manifest,
		.config = describe(&image->blobs[layers], w->config),
	};
	char digest[DIGEST_TEXT];

	m.layers.items = arena_array(&p->f->a, layers, sizeof(m.layers.items[0]));
	for (; m.layers.n < layers; m.layers.n++) {
		const struct push_blob *blob = &image->blobs[m.layers.n];

		m.layers.items[m.layers.n] =
			describe(packed_one(p, blob), blob->is_zstd ? w->zstd : w->gzip);
	}
	schema_write(&oci_manifest_schema, &m, SCHEMA_FULL, &out);
	hash_of(DIGEST_SHA256, out.data, out.len, digest);
	image->manifest = (struct push_text){
		.digest = arena_strdup(&p->f->a, digest),
		.text = arena_memdup(&p->f->a, out.data, out.len),
		.len = out.len,
		.media_type = w->manifest,
	};
}

static int put_text(struct push *p, const char *name, const struct push_text *text)
{
	return registry_manifest_put(p->session, name, text->text, text->len, text->media_type,
				     &p->f->err);
}

/* Everything by its digest but the last, which the tag is to name. */
static int push_texts(struct push *p, struct push_plan *plan, const char *tag,
		      const struct push_text **ret_top)
{
	int r = 0;

	for (size_t i = 0; i < plan->n_images; i++)
		if (!plan->images[i].has_manifest)
			write_manifest(p, &plan->images[i]);
	*ret_top =
		plan->n_indexes ? &plan->indexes[plan->n_indexes - 1] : &plan->images[0].manifest;
	for (size_t i = 0; r == 0 && plan->n_indexes && i < plan->n_images; i++)
		r = put_text(p, plan->images[i].manifest.digest, &plan->images[i].manifest);
	for (size_t i = 0; r == 0 && i + 1 < plan->n_indexes; i++)
		r = put_text(p, plan->indexes[i].digest, &plan->indexes[i]);
	return r == 0 ? put_text(p, tag, *ret_top) : r;
}

/* -- one tag -- */

/* So that the next push of these layers, to here or from here, need not send them. */
static void note_pushed(struct push *p)
{
	struct image_layer_pushed *items = arena_array(&p->f->a, p->n_blobs, sizeof(*items));
	struct err err = ERR_INIT;
	size_t n = 0;

	for (size_t i = 0; i < p->n_blobs; i++) {
		const struct push_blob *blob = p->blobs[i];

		if (blob->diff_id && blob->source != PUSH_TAR)
			items[n++] = (struct image_layer_pushed){
				.diff_id = blob->diff_id,
				.digest = blob->digest,
				.size = blob->source == PUSH_GZIP ? blob->size : -1,
			};
	}
	if (image_layers_pushed(p->is, items, n, p->repository, &err) < 0)
		log_warn("what was pushed is not remembered: %s", err.msg);
}

/* Paths of all repositories that blobs may be mounted from: the rights for it are asked for. */
static struct strv mount_sources(struct push *p)
{
	struct strv all = { 0 };

	for (size_t i = 0; i < p->n_blobs; i++) {
		const struct strv *from = &p->blobs[i]->mount_from;

		for (size_t k = 0; k < from->n && all.n < MOUNTS_MAX; k++)
			if (!strv_has(&all, from->items[k]))
				strv_add(&all, &p->f->a, from->items[k]);
	}
	return all;
}

static int open_session(struct push *p)
{
	const struct registry_spec spec = {
		.ref = &p->ref,
		.actions = REGISTRY_PULL | REGISTRY_PUSH,
		.settings = &p->settings,
		.mount_from = mount_sources(p),
		.cancel = p->cancel,
		.note = note,
		.ctx = p,
	};

	registry_close(p->session);
	p->session = NULL;
	return registry_open(&spec, &p->session, &p->f->err);
}

/* An index can only be put when all that it names is there: here, or in the repository. */
static int find_missing(struct push *p, struct push_plan *plan)
{
	for (size_t i = 0; i < plan->missing.n; i++) {
		struct registry_descriptor d;
		int r = registry_manifest_head(p->session, plan->missing.items[i], &d, &p->f->err);

		if (r != -ENOENT && r < 0)
			return r;
		if (r == 0)
			continue;
		p->f->err = (struct err)ERR_INIT;
		(void)fprintf(stderr,
			      "Not all multiplatform-content is present and only the available "
			      "single-platform image was pushed\n%s\n",
			      plan->indexes[plan->n_indexes - 1].digest);
		push_plan_narrow(plan);
		list_blobs(p, plan);
	}
	return 0;
}

static int push_plan(struct push *p, struct push_plan *plan, const char *tag)
{
	const struct push_text *top = NULL;
	const double start = fetch_progress_now();
	int r;

	p->bytes = 0;
	list_blobs(p, plan);
	r = open_session(p);
	if (r == 0)
		r = find_missing(p, plan);
	for (size_t i = 0; r == 0 && i < p->n_blobs; i++)
		if (p->blobs[i]->diff_id)
			say(p, p->blobs[i], "Preparing", "");
	if (r == 0)
		r = push_blobs(p);
	if (r == 0)
		r = push_texts(p, plan, tag, &top);
	if (r < 0)
		return r;
	note_pushed(p);
	if (p->terminal && p->bytes > 0)
		fetch_progress_summary("Pushed", p->bytes, fetch_progress_now() - start,
				       &p->f->out);
	if (!p->o->quiet)
		buf_printf(&p->f->out, "%s: digest: %s size: %zu\n", tag, top->digest, top->len);
	return fetch_flush(p->f);
}

static int push_image(struct push *p, const struct image_doc *doc, const char *tag)
{
	const struct push_planner planner = {
		.is = p->is,
		.a = &p->f->a,
		.ref = &p->ref,
		.tag = arena_printf(&p->f->a, "%s:%s", p->repository, tag),
		.platform = p->o->platform ? &p->platform : NULL,
	};
	struct push_plan plan;
	int r = push_plan_make(&planner, doc, &plan, &p->f->err);

	return r < 0 ? r : push_plan(p, &plan, tag);
}

/* -- which images -- */

static int no_image(struct push *p)
{
	return err_set(&p->f->err, -ENOENT, "An image does not exist locally with the tag: %s",
		       ref_familiar(p->repository));
}

/* Every tag of the repository, one by one. */
static int push_all(struct push *p)
{
	struct fetch *f = p->f;
	const char *prefix = arena_printf(&f->a, "%s:", p->repository);
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
			r = push_image(p, &list.items[i], tag);
		}
	}
	if (r == 0 && !any)
		r = no_image(p);
	if (r == 0 && p->o->quiet)
		buf_printf(&f->out, "%s\n", p->repository);
	return r;
}

static int push_one(struct push *p)
{
	struct fetch *f = p->f;
	const char *name = ref_canonical(&p->ref, &f->a);
	OWN(state_txn) struct state_txn *txn = NULL;
	struct image_doc doc;
	int r = image_begin(p->is, &txn, &f->err);

	if (r == 0)
		r = image_find(p->is, txn, name, &f->a, &doc, &f->err);
	state_abort(&txn);
	if (r == -ENOENT)
		return no_image(p);
	if (r == 0)
		r = push_image(p, &doc, p->ref.tag);
	if (r == 0 && p->o->quiet)
		buf_printf(&f->out, "%s\n", name);
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

static int prepare(struct push *p, const char *name)
{
	struct fetch *f = p->f;
	int r = check_name(p, name, &p->ref);

	if (r == 0 && p->o->platform)
		r = image_platform_parse(p->o->platform, &f->a, &p->platform, &f->err);
	if (r == 0)
		r = registry_setup(&f->err);
	if (r == 0)
		r = registry_settings(&f->a, &p->settings, &f->err);
	if (r == 0)
		p->repository = ref_name(&p->ref, &f->a);
	return r;
}

static int push(struct fetch *f, struct image_store *is, const void *opts, const struct strv *args)
{
	struct push p = { .f = f,
			  .o = opts,
			  .is = is,
			  .lock = PTHREAD_MUTEX_INITIALIZER,
			  .changed = PTHREAD_COND_INITIALIZER };
	int r = prepare(&p, args->items[0]);

	if (r < 0)
		return r;
	p.cancel = fetch_on_interrupt();
	p.terminal = !p.o->quiet && isatty(STDOUT_FILENO);
	if (!p.o->quiet)
		buf_printf(&f->out, "The push refers to repository [%s]\n", p.repository);
	r = fetch_flush(f);
	if (r == 0)
		r = p.o->all_tags ? push_all(&p) : push_one(&p);
	registry_close(p.session);
	return r;
}

const struct fetch_cmd fetch_push_cmd = {
	"push", "push [OPTIONS] NAME[:TAG]", push_table, sizeof(struct push_opts), 1, 1, false,
	push,
};
