/*
 * registry.c - reading from a registry: settings, manifests, tags
 */
#include "registry/registry.h"

#include "base/own.h"
#include "model/image_manifest.h"
#include "model/registry_doc.h"
#include "codec/hash.h"
#include "registry/place.h"
#include "registry/redirect.h"
#include "registry/repository.h"
#include "sys/file.h"

#include <fcntl.h>

enum { TAGS_PAGE = 1000, PAGES_MAX = 1000 };

int registry_settings(struct arena *a, struct settings *ret, struct err *err)
{
	const char *path = place_settings();
	OWN(str) char *text = NULL;
	size_t len;
	int r = file_read_path(AT_FDCWD, path, SETTINGS_MAX, &text, &len);

	if (r == -ENOENT && !place_settings_is_asked_for()) {
		settings_init(ret);
		return 0;
	}
	if (r < 0)
		return err_code(err, r, "read %s", path);
	if (settings_read(text, len, a, ret, err) < 0)
		return err_wrap(err, "%s", path);
	return 0;
}

int registry_setup(struct err *err)
{
	return http_setup(err);
}

/* -- manifests -- */

static const char *const manifest_types[] = {
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json",
};

struct manifest_call {
	const char *method, *what;
	struct arena *a;
	struct registry_manifest manifest;
	struct registry_descriptor descriptor;
};

/* "docker.io/library/busybox:1.36", in messages. Arena's. */
static const char *shown_name(const struct registry_session *s, const char *what, struct arena *a)
{
	const char *name = arena_printf(a, "%s/%s%c%s", s->ref.domain, s->ref.path,
					strchr(what, ':') ? '@' : ':', what);

	return ref_familiar(name);
}

static int manifest_error(const struct manifest_call *call, const struct repository_endpoint *e,
			  const struct http_answer *answer, struct err *err)
{
	const char *name = shown_name(e->session, call->what, call->a);
	const char *what = arena_printf(call->a, "manifest of %s", name);

	if (answer->status == 404)
		what = arena_printf(call->a, "manifest for %s not found", name);
	if (answer->status == 401 || answer->status == 403)
		what = arena_printf(call->a,
				    "access denied for %s, repository does not exist or may "
				    "require 'berth login'",
				    name);
	return retry_answer_error(answer, what, call->a, err);
}

/* Without parameters such as charset. */
static const char *bare_type(const char *field, struct arena *a)
{
	return field ? arena_strndup(a, field, strcspn(field, "; \t")) : "";
}

static int take_text(struct manifest_call *call, struct repository_endpoint *e,
		     const struct http_answer *answer, struct err *err)
{
	struct registry_manifest *m = &call->manifest;

	m->text = answer->body;
	m->len = answer->body_len;
	m->media_type = bare_type(answer->content_type, call->a);
	hash_like(call->what, m->text, m->len, m->digest);
	if (!strchr(call->what, ':') || str_eq(m->digest, call->what))
		return 0;
	atomic_store(&e->lied, true);
	return err_set(err, -EBADMSG, "%s sends a manifest with the digest %s when asked for %s",
		       e->where.host, m->digest, call->what);
}

/* A HEAD says what it says; nothing proves it. */
static void take_descriptor(struct manifest_call *call, const struct http_answer *answer)
{
	struct registry_descriptor *d = &call->descriptor;
	const char *digest = answer->content_digest;

	*d = (struct registry_descriptor){ .size = answer->content_length };
	(void)snprintf(d->media_type, sizeof(d->media_type), "%s",
		       bare_type(answer->content_type, call->a));
	if (digest && digest_is_valid(digest))
		(void)snprintf(d->digest, sizeof(d->digest), "%s", digest);
}

static int ask_manifest(void *ctx, struct repository_endpoint *e, struct err *err)
{
	struct manifest_call *call = ctx;
	struct http_request q = {
		.method = call->method,
		.url = repository_path(e->session, "manifests", call->what, call->a),
		.file = HTTP_FILE_NONE,
		.body_max = IMAGE_MANIFEST_MAX,
	};
	struct retry retry = repository_retry(e, false);
	struct http_answer answer;
	int r;

	for (size_t i = 0; i < sizeof(manifest_types) / sizeof(manifest_types[0]); i++)
		strv_add(&q.headers, call->a,
			 arena_printf(call->a, "Accept: %s", manifest_types[i]));
	r = repository_request(e, &q, &retry, call->a, &answer, err);
	if (r == -EFBIG)
		return err_wrap(err, "manifest of %s", shown_name(e->session, call->what, call->a));
	if (r < 0)
		return r;
	if (answer.status != 200)
		return manifest_error(call, e, &answer, err);
	if (str_eq(call->method, "GET"))
		return take_text(call, e, &answer, err);
	take_descriptor(call, &answer);
	return 0;
}

static int check_what(const char *what, struct err *err)
{
	if (strchr(what, ':') && !digest_is_valid(what))
		return err_set(err, -EINVAL,
			       "\"%.100s\" is not a sha256 or sha512 digest; others are not "
			       "supported",
			       what);
	return 0;
}

int registry_manifest_get(struct registry_session *s, const char *tag_or_digest, struct arena *a,
			  struct registry_manifest *ret, struct err *err)
{
	struct manifest_call call = { .method = "GET", .what = tag_or_digest, .a = a };
	int r = check_what(tag_or_digest, err);

	if (r == 0)
		r = repository_each(s, ask_manifest, &call, err);
	if (r == 0)
		*ret = call.manifest;
	return r;
}

int registry_manifest_head(struct registry_session *s, const char *tag_or_digest,
			   struct registry_descriptor *ret, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct manifest_call call = { .method = "HEAD", .what = tag_or_digest, .a = &a };
	int r = check_what(tag_or_digest, err);

	if (r == 0)
		r = repository_each(s, ask_manifest, &call, err);
	if (r == 0)
		*ret = call.descriptor;
	return r;
}

/* -- tags -- */

struct tags_call {
	struct arena *a;
	struct strv tags;
};

/* The next page, at the same registry; NULL at the end. */
static int next_page(const struct http_answer *answer, const struct repository_endpoint *e,
		     struct arena *a, const char **ret, struct err *err)
{
	const char *target = answer->link ? http_field_next_link(answer->link, a) : NULL;
	OWN(str) char *url = NULL;
	int r;

	*ret = NULL;
	if (!target)
		return 0;
	r = redirect_resolve(answer->url, target, e->where.insecure, &url, err);
	if (r == 0)
		*ret = arena_strdup(a, url);
	return r;
}

static int ask_tags(void *ctx, struct repository_endpoint *e, struct err *err)
{
	struct tags_call *call = ctx;
	const char *url =
		arena_printf(call->a, "%s?n=%d",
			     repository_path(e->session, "tags", "list", call->a), TAGS_PAGE);
	int r = 0;

	call->tags = (struct strv){ 0 };
	for (int page = 0; r == 0 && url; page++) {
		struct http_request q = {
			.method = "GET",
			.url = url,
			.file = HTTP_FILE_NONE,
			.body_max = REGISTRY_DOC_MAX,
		};
		struct retry retry = repository_retry(e, false);
		struct http_answer answer;
		const char *what = arena_printf(call->a, "tags of %s/%s", e->session->ref.domain,
						e->session->ref.path);

		if (page == PAGES_MAX)
			return err_set(err, -EFBIG, "%s: more than %d pages", what, PAGES_MAX);
		r = repository_request(e, &q, &retry, call->a, &answer, err);
		if (r == 0 && answer.status != 200)
			r = retry_answer_error(&answer, what, call->a, err);
		if (r == 0)
			r = registry_doc_tags(answer.body, answer.body_len, call->a, &call->tags,
					      err);
		if (r == 0)
			r = next_page(&answer, e, call->a, &url, err);
	}
	return r;
}

int registry_tags(struct registry_session *s, struct arena *a, struct strv *ret, struct err *err)
{
	struct tags_call call = { .a = a };
	int r = repository_each(s, ask_tags, &call, err);

	if (r == 0)
		*ret = call.tags;
	return r;
}
