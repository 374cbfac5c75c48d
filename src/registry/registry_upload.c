/*
 * registry_upload.c - writing to a registry: blobs, then manifests
 *
 * A blob is looked for first, then mounted from a repository that has it, then sent: a small one
 * with the request that closes the upload, a large one before it: in one request, or, when that is
 * too large for somebody on the way (status 413), in chunks. An upload that breaks is asked how far
 * it came (GET of its location), and goes on there; when the registry does not know it any more, a
 * new one begins.
 */
#include "base/own.h"
#include "registry/redirect.h"
#include "registry/repository.h"

enum {
	SMALL = 1 << 20, /* sent in one request */
	KEPT_BODY_MAX = 64 << 10,
	/* So much progress makes up for the failures before it. */
	PROGRESS = 1 << 20,
	/* The first attempt at chunks, halved until they pass or are as small as that. */
	CHUNK_FIRST = 32 << 20,
	CHUNK_LEAST = 256 << 10,
};

struct upload_call {
	const struct registry_upload *upload;
	struct arena a;
	enum registry_put how;
	const char *from;
	const char *location; /* of the upload, absolute */
	int64_t at;           /* bytes that the registry has */
	int64_t chunk;        /* bytes in one request; 0: all */
	int64_t chunk_least;  /* that the registry wants in all but the last */
};

static const char *what(const struct upload_call *c, const char *doing, struct arena *a)
{
	return arena_printf(a, "%s blob %s", doing, c->upload->digest);
}

static void report(const struct upload_call *c, int64_t sent)
{
	if (c->upload->sent)
		atomic_store(c->upload->sent, sent);
}

static int ask(struct upload_call *c, struct repository_endpoint *e, struct http_request *q,
	       struct http_answer *answer, struct err *err)
{
	struct retry retry = repository_retry(e, true);

	q->body_max = KEPT_BODY_MAX;
	return repository_request(e, q, &retry, &c->a, answer, err);
}

/* 1: it is there; 0: it is not. */
static int look(struct upload_call *c, struct repository_endpoint *e, struct err *err)
{
	struct http_answer answer;
	struct http_request q = {
		.method = "HEAD",
		.url = repository_path(e->session, "blobs", c->upload->digest, &c->a),
		.file = HTTP_FILE_NONE,
	};
	int r = ask(c, e, &q, &answer, err);

	if (r < 0)
		return r;
	if (answer.status == 200)
		return 1;
	if (answer.status == 404)
		return 0;
	return retry_answer_error(&answer, what(c, "look for", &c->a), &c->a, err);
}

static int take_location(struct upload_call *c, const struct repository_endpoint *e,
			 const struct http_answer *answer, struct err *err)
{
	OWN(str) char *url = NULL;
	int r;

	if (!answer->location)
		return err_set(err, -EPROTO, "%s: the registry does not say where",
			       what(c, "upload", &c->a));
	r = redirect_resolve(answer->url, answer->location, e->where.insecure, &url, err);
	if (r == 0)
		c->location = arena_strdup(&c->a, url);
	return r;
}

/* Begins an upload, or mounts the blob: 1 when it is there now. from NULL: no mount. */
static int begin(struct upload_call *c, struct repository_endpoint *e, const char *from,
		 struct err *err)
{
	const char *path = repository_path(e->session, "blobs", "uploads/", &c->a);
	OWN(str) char *mount = redirect_add_query(path, "mount", c->upload->digest);
	OWN(str) char *mount_from = from ? redirect_add_query(mount, "from", from) : NULL;
	struct http_answer answer;
	struct http_request q = {
		.method = "POST",
		.url = from ? mount_from : path,
		.file = HTTP_FILE_NONE,
	};
	int r = ask(c, e, &q, &answer, err);

	if (r < 0)
		return r;
	if (answer.status == 201 && from)
		return 1;
	if (answer.status != 202)
		return retry_answer_error(&answer, what(c, "upload", &c->a), &c->a, err);
	c->at = 0;
	c->chunk_least = http_field_number(answer.chunk_least);
	return take_location(c, e, &answer, err);
}

static int mount(struct upload_call *c, struct repository_endpoint *e, struct err *err)
{
	const struct strv *sources = &c->upload->mount_from;

	for (size_t i = 0; i < sources->n; i++) {
		int r = begin(c, e, sources->items[i], err);

		if (r > 0) {
			c->from = sources->items[i];
			return 1;
		}
		/* Not from there: an upload has begun instead, or it was refused. */
		if (r == -ECANCELED || r == -ENETUNREACH)
			return r;
		if (r == 0 && i + 1 == sources->n)
			return 0;
	}
	return 0;
}

/* How far it came, and where it goes on. A registry that has forgotten it begins anew. */
static int catch_up(struct upload_call *c, struct repository_endpoint *e, struct err *err)
{
	struct http_answer answer;
	struct http_request q = {
		.method = "GET",
		.url = c->location,
		.file = HTTP_FILE_NONE,
	};
	int r = ask(c, e, &q, &answer, err);

	if (r < 0)
		return r;
	if (answer.status != 204 && answer.status != 202)
		return begin(c, e, NULL, err);
	c->at = http_field_upload_length(answer.range);
	if (c->at > c->upload->size)
		return begin(c, e, NULL, err);
	return answer.location ? take_location(c, e, &answer, err) : 0;
}

static void describe_file(struct upload_call *c, int64_t len, struct http_request *q)
{
	q->file = c->upload->fd;
	q->file_offset = c->at;
	q->file_len = len;
	q->sent = c->upload->sent;
	strv_add(&q->headers, &c->a, "Content-Type: application/octet-stream");
}

/* What is missing, or a chunk of it. The answer says what comes next. */
static int send_some(struct upload_call *c, struct repository_endpoint *e, int64_t len,
		     struct http_answer *answer, struct err *err)
{
	struct http_request q = {
		.method = "PATCH",
		.url = c->location,
		.body_max = KEPT_BODY_MAX,
	};

	describe_file(c, len, &q);
	strv_add(&q.headers, &c->a,
		 arena_printf(&c->a, "Content-Range: %lld-%lld", (long long)c->at,
			      (long long)(c->at + len - 1)));
	return repository_request(e, &q, NULL, &c->a, answer, err);
}

/* Too large for somebody: smaller chunks, as long as the registry takes them. */
static bool shrink(struct upload_call *c, int64_t len)
{
	int64_t least = c->chunk_least > CHUNK_LEAST ? c->chunk_least : CHUNK_LEAST;
	int64_t half = len > CHUNK_FIRST ? CHUNK_FIRST : len / 2;

	if (len <= least)
		return false;
	c->chunk = half > least ? half : least;
	return true;
}

/* 1: the chunk is there; 0: again, from where it has got to. */
static int send_chunk(struct upload_call *c, struct repository_endpoint *e, struct retry *retry,
		      struct err *err)
{
	struct http_answer answer = { 0 };
	int64_t left = c->upload->size - c->at, len = c->chunk && c->chunk < left ? c->chunk : left;
	int64_t before = c->at;
	int r = send_some(c, e, len, &answer, err), again;

	if (r == 0 && answer.status == 202) {
		c->at += len;
		r = take_location(c, e, &answer, err);
		return r < 0 ? r : 1;
	}
	if (r == 0 && answer.status == 413 && shrink(c, len))
		return catch_up(c, e, err);
	/* Out of step: as good as broken off. */
	if (r == 0 && (answer.status == 416 || answer.status == 404))
		r = err_set(err, -ENETUNREACH, "%s: the registry lost its place",
			    what(c, "upload", &c->a));
	again = retry_again(retry, r, &answer, err);
	if (again < 0)
		return again;
	if (again == 0)
		return r < 0 ? r
			     : retry_answer_error(&answer, what(c, "upload", &c->a), &c->a, err);
	r = catch_up(c, e, err);
	if (c->at - before >= PROGRESS)
		retry->failures = 0;
	return r;
}

static int send_all(struct upload_call *c, struct repository_endpoint *e, struct err *err)
{
	struct retry retry = repository_retry(e, true);

	while (c->at < c->upload->size) {
		int r = send_chunk(c, e, &retry, err);

		if (r < 0)
			return r;
		report(c, c->at);
	}
	return 0;
}

/* Closes the upload, with the whole blob in the same request when nothing of it was sent. */
static int finish(struct upload_call *c, struct repository_endpoint *e, struct err *err)
{
	OWN(str) char *url = redirect_add_query(c->location, "digest", c->upload->digest);
	struct http_answer answer;
	struct http_request q = {
		.method = "PUT",
		.url = url,
		.file = HTTP_FILE_NONE,
	};
	int r;

	if (c->at < c->upload->size)
		describe_file(c, c->upload->size - c->at, &q);
	r = ask(c, e, &q, &answer, err);
	if (r < 0 || answer.status == 201)
		return r;
	return retry_answer_error(&answer, what(c, "upload", &c->a), &c->a, err);
}

static int put_blob(void *ctx, struct repository_endpoint *e, struct err *err)
{
	struct upload_call *c = ctx;
	int r = look(c, e, err);

	c->how = REGISTRY_PUT_EXISTS;
	if (r != 0)
		return r < 0 ? r : 0;
	c->location = NULL;
	r = mount(c, e, err);
	c->how = REGISTRY_PUT_MOUNTED;
	if (r != 0)
		return r < 0 ? r : 0;
	c->how = REGISTRY_PUT_PUSHED;
	if (c->upload->fd < 0)
		return err_set(err, -ENODATA, "%s: its bytes are not at hand",
			       what(c, "upload", &c->a));
	if (!c->location)
		r = begin(c, e, NULL, err);
	if (r == 0 && c->upload->size > SMALL)
		r = send_all(c, e, err);
	if (r == 0)
		r = finish(c, e, err);
	if (r == 0)
		report(c, c->upload->size);
	return r;
}

static void upload_call_cleanup(struct upload_call *c)
{
	arena_done(&c->a);
}

int registry_blob_put(struct registry_session *s, const struct registry_upload *upload,
		      enum registry_put *ret_how, const char **ret_from, struct err *err)
{
	OWN(upload_call) struct upload_call c = { .upload = upload };
	int r;

	if (!digest_is_valid(upload->digest))
		return err_set(err, -EINVAL, "\"%.100s\" is not a sha256 or sha512 digest",
			       upload->digest);
	r = repository_each(s, put_blob, &c, err);
	if (r == 0) {
		*ret_how = c.how;
		*ret_from = c.from;
	}
	return r;
}

/* -- manifests -- */

struct manifest_put_call {
	const char *name, *text, *media_type;
	size_t len;
};

static int put_manifest(void *ctx, struct repository_endpoint *e, struct err *err)
{
	const struct manifest_put_call *c = ctx;
	OWN(arena) struct arena a = ARENA_INIT;
	struct retry retry = repository_retry(e, true);
	struct http_answer answer;
	struct http_request q = {
		.method = "PUT",
		.url = repository_path(e->session, "manifests", c->name, &a),
		.text = c->text,
		.text_len = c->len,
		.file = HTTP_FILE_NONE,
		.body_max = KEPT_BODY_MAX,
	};
	int r;

	strv_add(&q.headers, &a, arena_printf(&a, "Content-Type: %s", c->media_type));
	r = repository_request(e, &q, &retry, &a, &answer, err);
	if (r < 0 || answer.status == 201)
		return r;
	return retry_answer_error(&answer, arena_printf(&a, "push manifest %s", c->name), &a, err);
}

int registry_manifest_put(struct registry_session *s, const char *tag_or_digest, const char *text,
			  size_t len, const char *media_type, struct err *err)
{
	struct manifest_put_call call = { tag_or_digest, text, media_type, len };

	if (strpbrk(media_type, "\r\n"))
		return err_set(err, -EINVAL, "the manifest's media type is none");
	return repository_each(s, put_manifest, &call, err);
}
