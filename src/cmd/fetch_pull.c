/*
 * fetch_pull.c - berth-fetch pull: images out of registries, in docker's words
 *
 * The image room pulls; what it needs of a registry is lent to it here. Progress goes to stdout, as
 * docker's: on a terminal a bar for each layer, elsewhere a line whenever a layer's state changes.
 */
#include "cmd/fetch_pull.h"

#include "base/log.h"
#include "base/own.h"
#include "cmd/fetch.h"
#include "codec/digest.h"
#include "codec/ref.h"
#include "registry/registry.h"
#include "sys/file.h"

enum { SHORT_ID = 12 };

struct puller {
	struct image_store *is;
	const struct fetch_pull_opts *opts;
	struct arena *a;
	struct err *err;
	struct settings settings;
	struct registry_session *session;
	atomic_bool *cancel;
	struct image_remote remote;
	struct fetch_progress bars;
	bool terminal, any_newer;
	enum image_layer_state *shown; /* of each layer: the last one that a line was written for */
	size_t n_shown;
	int64_t bytes; /* fetched */
};

/* Nobody may be there any more who reads it: the pull goes on. */
static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	(void)file_write_all(STDOUT_FILENO, line, strlen(line));
}

/* -- what the image room needs of a registry -- */

static int lend_manifest(void *ctx, const char *tag_or_digest, struct arena *a,
			 struct image_remote_text *ret, struct err *err)
{
	const struct puller *p = ctx;
	struct registry_manifest m;
	int r = registry_manifest_get(p->session, tag_or_digest, a, &m, err);

	if (r == 0)
		*ret = (struct image_remote_text){ m.text, m.len, m.media_type };
	return r;
}

static int lend_blob(void *ctx, const struct image_remote_blob *want, struct err *err)
{
	const struct puller *p = ctx;
	const struct registry_blob blob = { .digest = want->digest,
					    .size = want->size,
					    .offset = want->offset,
					    .length = want->length,
					    .sink = want->sink,
					    .ctx = want->ctx };

	return registry_blob_get(p->session, &blob, err);
}

static void note(void *ctx, enum registry_note kind, const char *text)
{
	(void)ctx;
	if (kind == REGISTRY_NOTE_WARNING)
		log_warn("%s", text);
	else
		log_debug("%s", text);
}

/* -- what is shown -- */

static void say_state(const struct image_progress_layer *l, const char *state)
{
	say("%.*s: %s\n", SHORT_ID, digest_hex(l->digest), state);
}

/* A line for each state that was passed since the last one. */
static void show_states(struct puller *p, const struct image_progress_layer *layers, size_t n)
{
	if (p->n_shown != n) {
		p->shown = arena_array(p->a, n, sizeof(*p->shown));
		p->n_shown = n;
	}
	for (size_t i = 0; i < n; i++) {
		const struct image_progress_layer *l = &layers[i];
		enum image_layer_state *shown = &p->shown[i];

		if (l->state == IMAGE_LAYER_PRESENT && *shown != IMAGE_LAYER_PRESENT) {
			say_state(l, "Already exists");
			*shown = IMAGE_LAYER_PRESENT;
		}
		if (*shown < IMAGE_LAYER_UNPACKING && l->state >= IMAGE_LAYER_UNPACKING)
			say_state(l, "Download complete");
		if (*shown < IMAGE_LAYER_ENDED && l->state == IMAGE_LAYER_ENDED)
			say_state(l, "Pull complete");
		if (l->state > *shown)
			*shown = l->state;
	}
}

static void show(void *ctx, const struct image_progress_layer *layers, size_t n)
{
	struct puller *p = ctx;

	p->bytes = 0;
	for (size_t i = 0; i < n; i++)
		p->bytes += layers[i].fetched;
	if (p->opts->quiet)
		return;
	if (p->terminal)
		fetch_progress_report(&p->bars, layers, n);
	else
		show_states(p, layers, n);
}

static void show_found(void *ctx, const struct image_pull_found *found)
{
	struct puller *p = ctx;

	if (found->warning)
		(void)fprintf(stderr, "WARNING: %s\n", found->warning);
	p->n_shown = 0;
	p->bars = (struct fetch_progress){ .fd = STDOUT_FILENO };
	for (size_t i = 0; !p->opts->quiet && i < found->n; i++) {
		const struct image_progress_layer *l = &found->layers[i];

		if (l->state == IMAGE_LAYER_PRESENT)
			say_state(l, "Already exists");
		else if (!p->terminal)
			say_state(l, "Pulling fs layer");
	}
}

static void say_summary(const struct puller *p, double took_s)
{
	OWN(buf) struct buf line = { 0 };

	if (!p->terminal || p->bytes == 0)
		return;
	fetch_progress_summary("Pulled", p->bytes, took_s, &line);
	say("%s", buf_text(&line));
}

/* -- pulling -- */

static int pull_one(struct puller *p, const struct ref *ref)
{
	struct image_pull_spec spec = {
		.remote = &p->remote,
		.ref = ref_canonical(ref, p->a),
		.platform = p->opts->platform,
		.concurrency = p->settings.max_concurrent_downloads,
		.progress = { show, p },
		.found = show_found,
		.found_ctx = p,
	};
	const double start = fetch_progress_now();
	struct image_pulled pulled;
	int r;

	p->bytes = 0;
	if (!p->opts->quiet)
		say("%s: Pulling from %s\n", ref->digest[0] ? ref->digest : ref->tag, ref->path);
	r = image_pull(p->is, &spec, p->a, &pulled, p->err);
	if (r < 0)
		return r;
	p->any_newer |= pulled.newer;
	if (p->opts->quiet)
		return 0;
	say_summary(p, fetch_progress_now() - start);
	say("Digest: %s\n", pulled.digest);
	return 0;
}

static int pull_all(struct puller *p, const struct ref *ref)
{
	struct strv tags = { 0 };
	int r = registry_tags(p->session, p->a, &tags, p->err);

	for (size_t i = 0; r == 0 && i < tags.n; i++) {
		struct ref one = *ref;

		if (strlen(tags.items[i]) >= sizeof(one.tag))
			return err_set(p->err, -EPROTO, "a tag that is none: %.100s",
				       tags.items[i]);
		memcpy(one.tag, tags.items[i], strlen(tags.items[i]) + 1);
		r = pull_one(p, &one);
	}
	return r;
}

static int open_session(struct puller *p, const struct ref *ref)
{
	struct registry_spec spec = { .ref = ref,
				      .actions = REGISTRY_PULL,
				      .settings = &p->settings,
				      .cancel = p->cancel,
				      .note = note };
	int r = registry_setup(p->err);

	if (r == 0)
		r = registry_settings(p->a, &p->settings, p->err);
	if (r == 0)
		r = registry_open(&spec, &p->session, p->err);
	p->remote = (struct image_remote){ lend_manifest, lend_blob, p, p->cancel };
	return r;
}

static bool has_tag(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strchr(slash ? slash : name, ':') != NULL;
}

static int read_name(struct puller *p, const char *name, struct ref *ret)
{
	int r = ref_parse(name, ret, p->err);

	if (r == 0 && p->opts->all_tags && (has_tag(name) || ret->digest[0]))
		return err_set(p->err, -EINVAL, "tag can't be used with --all-tags/-a");
	if (r == 0 && !p->opts->quiet && !p->opts->all_tags && !has_tag(name) && !ret->digest[0])
		say("Using default tag: latest\n");
	return r;
}

int fetch_pull(struct image_store *is, const struct fetch_pull_opts *opts, const char *name,
	       struct arena *a, struct err *err)
{
	struct puller p = {
		.is = is, .opts = opts, .a = a, .err = err, .terminal = isatty(STDOUT_FILENO)
	};
	struct ref ref;
	const char *canonical;
	int r = read_name(&p, name, &ref);

	p.cancel = fetch_on_interrupt();
	if (r == 0)
		r = open_session(&p, &ref);
	if (r == 0)
		r = opts->all_tags ? pull_all(&p, &ref) : pull_one(&p, &ref);
	registry_close(p.session);
	if (r == -ECANCELED)
		return err_set(
			err, r,
			"interrupted; what was downloaded is kept, and the next pull goes on "
			"with it");
	if (r < 0)
		return r;
	canonical = opts->all_tags ? ref_name(&ref, a) : ref_canonical(&ref, a);
	if (!opts->quiet)
		say("Status: %s for %s\n",
		    p.any_newer ? "Downloaded newer image" : "Image is up to date",
		    ref_familiar(canonical));
	say("%s\n", canonical);
	return 0;
}
