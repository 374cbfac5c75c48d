/*
 * registry_blob.c - reading blobs: every byte once, in order, whatever breaks in between
 *
 * A transfer that breaks goes on with Range where it stopped. A registry that does not know Range
 * sends all from the start; what the sink has got is thrown away then.
 */
#include "base/own.h"
#include "codec/hash.h"
#include "registry/repository.h"

#include <limits.h>

enum {
	/* So much progress makes up for the failures before it. */
	PROGRESS = 1 << 20,
};

struct blob_call {
	const struct registry_blob *blob;
	struct arena a;
	struct hash hash; /* of a whole blob */
	bool whole;
	int64_t done; /* bytes that the sink has */
	/* Of this answer: */
	int64_t skip; /* bytes before what is wanted */
	int64_t attempt_done;
	bool sink_failed;
};

static void hash_up(struct blob_call *c, const void *bytes, size_t n)
{
	if (c->whole)
		hash_add(&c->hash, bytes, n);
}

/* How many bytes are wanted still; INT64_MAX: nobody knows. */
static int64_t left(const struct blob_call *c)
{
	const struct registry_blob *b = c->blob;
	int64_t most = INT64_MAX;

	if (b->length >= 0)
		most = b->length;
	if (b->size >= 0 && b->size - b->offset < most)
		most = b->size - b->offset;
	return most == INT64_MAX ? most : most - c->done;
}

static int begin(void *ctx, const struct http_answer *answer, struct err *err)
{
	struct blob_call *c = ctx;
	int64_t from = c->blob->offset + c->done;

	c->skip = answer->status == 206 ? 0 : from;
	if (answer->status == 206 && http_field_range_first(answer->content_range) != from)
		return err_set(err, -EPROTO,
			       "blob %s: asked for bytes from %lld, the registry sends \"%.100s\"",
			       c->blob->digest, (long long)from,
			       answer->content_range ? answer->content_range : "");
	if (answer->status == 200 && c->blob->size >= 0 && answer->content_length >= 0 &&
	    answer->content_length != c->blob->size)
		return err_set(err, -EBADMSG, "blob %s has %lld bytes instead of %lld",
			       c->blob->digest, (long long)answer->content_length,
			       (long long)c->blob->size);
	return 0;
}

static int feed(void *ctx, const void *bytes, size_t n, struct err *err)
{
	struct blob_call *c = ctx;
	const char *p = bytes;
	int64_t most = left(c);
	size_t skip = (int64_t)n < c->skip ? n : (size_t)c->skip, give;
	int r;

	c->skip -= (int64_t)skip;
	p += skip;
	n -= skip;
	give = (int64_t)n < most ? n : (size_t)most;
	if (give > 0) {
		hash_up(c, p, give);
		r = c->blob->sink(c->blob->ctx, p, give, err);
		if (r < 0) {
			c->sink_failed = true;
			return r;
		}
		c->done += (int64_t)give;
		c->attempt_done += (int64_t)give;
	}
	if (give == n)
		return 0;
	/* A part is over; a whole blob has no more than it should. */
	if (c->blob->length >= 0)
		return 1;
	return err_set(err, -EBADMSG, "blob %s has more than its %lld bytes", c->blob->digest,
		       (long long)c->blob->size);
}

static int ask_once(struct blob_call *c, struct repository_endpoint *e, struct http_answer *answer,
		    struct err *err)
{
	const struct http_taker taker = { begin, feed, c };
	int64_t from = c->blob->offset + c->done, most = left(c);
	struct http_request q = {
		.method = "GET",
		.url = repository_path(e->session, "blobs", c->blob->digest, &c->a),
		.file = HTTP_FILE_NONE,
		.taker = &taker,
	};

	if (c->blob->length >= 0 && most < INT64_MAX)
		strv_add(&q.headers, &c->a,
			 arena_printf(&c->a, "Range: bytes=%lld-%lld", (long long)from,
				      (long long)(from + most - 1)));
	else if (from > 0)
		strv_add(&q.headers, &c->a,
			 arena_printf(&c->a, "Range: bytes=%lld-", (long long)from));
	return repository_request(e, &q, NULL, &c->a, answer, err);
}

static bool is_complete(const struct blob_call *c)
{
	return left(c) <= 0 || (c->blob->size < 0 && c->blob->length < 0);
}

/* An answer that ended well before the blob did is a broken one. */
static int ask_answered(struct blob_call *c, struct repository_endpoint *e,
			struct http_answer *answer, struct err *err)
{
	int r = ask_once(c, e, answer, err);

	if (r == 0 && (answer->status == 200 || answer->status == 206) && !is_complete(c))
		return err_set(err, -ENETUNREACH, "blob %s: the registry ends it after %lld bytes",
			       c->blob->digest, (long long)(c->blob->offset + c->done));
	return r;
}

static int check_whole(struct blob_call *c, struct repository_endpoint *e, struct err *err)
{
	char digest[DIGEST_TEXT];

	if (!c->whole)
		return 0;
	hash_end(&c->hash, digest);
	if (str_eq(digest, c->blob->digest))
		return 0;
	atomic_store(&e->lied, true);
	return err_set(err, -EBADMSG, "%s sends a blob with the digest %s when asked for %s",
		       e->where.host, digest, c->blob->digest);
}

static int ask_blob(void *ctx, struct repository_endpoint *e, struct err *err)
{
	struct blob_call *c = ctx;
	struct retry retry = repository_retry(e, false);
	struct http_answer answer = { 0 };
	int r = 0, again = 1;

	while (again > 0 && left(c) > 0) {
		c->attempt_done = 0;
		r = ask_answered(c, e, &answer, err);
		if (c->attempt_done >= PROGRESS)
			retry.failures = 0;
		again = c->sink_failed ? 0 : retry_again(&retry, r, &answer, err);
		if (again < 0)
			return again;
	}
	if (r == 0 && answer.status != 0 && answer.status != 200 && answer.status != 206)
		return retry_answer_error(&answer, arena_printf(&c->a, "blob %s", c->blob->digest),
					  &c->a, err);
	if (r == -EBADMSG && !c->sink_failed)
		atomic_store(&e->lied, true);
	return r == 0 ? check_whole(c, e, err) : r;
}

/* After a sink's failure or a wrong digest there is nothing that another endpoint could add. */
static int ask_unless_over(void *ctx, struct repository_endpoint *e, struct err *err)
{
	struct blob_call *c = ctx;
	int r;

	if (c->sink_failed || (c->whole && !c->hash.ctx))
		return err->code;
	r = ask_blob(c, e, err);
	return r;
}

static void blob_call_cleanup(struct blob_call *c)
{
	hash_cleanup(&c->hash);
	arena_done(&c->a);
}

int registry_blob_get(struct registry_session *s, const struct registry_blob *blob, struct err *err)
{
	OWN(blob_call) struct blob_call c = {
		.blob = blob,
		.whole = blob->offset == 0 && blob->length < 0,
	};
	struct err local = ERR_INIT;

	if (!digest_is_valid(blob->digest))
		return err_set(err, -EINVAL, "\"%.100s\" is not a sha256 or sha512 digest",
			       blob->digest);
	if (c.whole)
		hash_init(&c.hash, digest_algo_or_usual(blob->digest));
	return repository_each(s, ask_unless_over, &c, err ? err : &local);
}
