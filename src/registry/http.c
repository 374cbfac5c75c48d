/*
 * http.c - one request and its answer, on libcurl
 *
 * An exchange is a chain of hops. Each hop is one transfer of libcurl, whose callbacks gather the
 * fields of the answer and its body; what they find wrong they keep in the hop and stop the
 * transfer, and the hop's result is decided afterwards.
 *
 * Invariants
 *  (1) Credentials, private fields and a client's certificate are in a hop only while every URL so
 *      far has had the origin of the first.
 *  (2) Every transfer ends: by its answer, by a limit of bytes, by too few bytes in a window of
 *      time, or by the cancel flag, which is looked at once a second at least.
 */
#include "registry/http.h"

#include "base/mem.h"
#include "base/own.h"
#include "registry/http_pool.h"
#include "registry/proxy.h"
#include "registry/redirect.h"
#include "registry/watch.h"

#include <time.h>

enum {
	CONNECTIONS_MAX = 130, /* the most downloads and uploads that settings allow */
	REDIRECTS_MAX = 10,
	HEADERS_MAX = 256 << 10,   /* bytes of fields in one answer */
	ERROR_BODY_MAX = 64 << 10, /* of an answer that is no good one: the rest is not read */
	PAUSE_MS = 100,
	CONNECT_S = 30,
	/* A registry that has all bytes of a blob may move them before it answers. */
	PATIENCE = 10,
	BLOB_BUFFER = 256 << 10, /* what is taken at once is written, and counted, at once */
};

struct http {
	struct http_spec spec;
	struct http_pool *pool;
};

struct hop {
	struct http *h;
	const struct http_request *q;
	struct arena *a;
	struct http_answer *answer;
	CURL *curl;
	struct watch watch;
	struct buf body;
	size_t headers;
	int64_t file_at;
	bool begun, enough, cut, stalled;
	char why[CURL_ERROR_SIZE];
	struct err stop; /* why a callback stopped the transfer */
};

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int http_setup(struct err *err)
{
	CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

	if (code == CURLE_OK)
		return 0;
	return err_set(err, -ENETUNREACH, "libcurl cannot start: %s", curl_easy_strerror(code));
}

struct http *http_open(const struct http_spec *spec)
{
	struct http *h = mem_alloc(sizeof(*h));

	h->spec = *spec;
	h->pool = http_pool_new(CONNECTIONS_MAX);
	return h;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	http_pool_free(h->pool);
	free(h);
}

bool http_is_cancelled(const struct http *h)
{
	return h->spec.cancel && atomic_load(h->spec.cancel);
}

static int cancelled(struct err *err)
{
	return err_set(err, -ECANCELED, "interrupted");
}

int http_pause(const struct http *h, int64_t ms, struct err *err)
{
	for (int64_t until = now_ms() + ms, left; (left = until - now_ms()) > 0;) {
		int64_t part = left < PAUSE_MS ? left : PAUSE_MS;
		const struct timespec t = { .tv_nsec = part * 1000000 };

		if (http_is_cancelled(h))
			return cancelled(err);
		(void)nanosleep(&t, NULL);
	}
	return http_is_cancelled(h) ? cancelled(err) : 0;
}

/* -- callbacks -- */

static bool is_good(int status)
{
	return status == 200 || status == 206;
}

static int status_of(const struct hop *hop)
{
	long status = 0;

	(void)curl_easy_getinfo(hop->curl, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

static void take_challenge(struct hop *hop, const char *value)
{
	/* A field that nobody understands is no challenge; there may be others. */
	(void)http_field_challenges(value, hop->a, &hop->answer->challenges);
}

static void take_warning(struct hop *hop, const char *value)
{
	const char *text = http_field_warning(value, hop->a);

	if (text)
		strv_add(&hop->answer->warnings, hop->a, text);
}

/* Fields that are kept as they are, or understood at once. */
static const struct {
	const char *name;
	size_t offset;
	void (*read)(struct hop *hop, const char *value);
} fields[] = {
	{ "Content-Type", offsetof(struct http_answer, content_type), NULL },
	{ "Location", offsetof(struct http_answer, location), NULL },
	{ "Range", offsetof(struct http_answer, range), NULL },
	{ "Content-Range", offsetof(struct http_answer, content_range), NULL },
	{ "Docker-Content-Digest", offsetof(struct http_answer, content_digest), NULL },
	{ "Link", offsetof(struct http_answer, link), NULL },
	{ "OCI-Chunk-Min-Length", offsetof(struct http_answer, chunk_least), NULL },
	{ "WWW-Authenticate", 0, take_challenge },
	{ "Warning", 0, take_warning },
};

static void take_field(struct hop *hop, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcasecmp(fields[i].name, name) != 0)
			continue;
		if (fields[i].read)
			fields[i].read(hop, value);
		else
			*(const char **)((char *)hop->answer + fields[i].offset) =
				arena_strdup(hop->a, value);
	}
}

static void forget_fields(struct hop *hop)
{
	*hop->answer = (struct http_answer){
		.content_length = -1,
		.retry_after = -1,
		.warnings = hop->answer->warnings,
	};
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct hop *hop = ctx;
	size_t len = size * n;
	OWN(str) char *text = NULL;
	char *colon, *value;

	hop->headers += len;
	if (hop->headers > HEADERS_MAX) {
		(void)err_set(&hop->stop, -EFBIG, "an answer with more than %d bytes of fields",
			      HEADERS_MAX);
		return 0;
	}
	/* A new status line: what came before it was an interim answer. */
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		forget_fields(hop);
		return len;
	}
	text = str_printf("%.*s", (int)len, line);
	text[strcspn(text, "\r\n")] = '\0';
	colon = strchr(text, ':');
	if (!colon)
		return len;
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	for (char *end = value + strlen(value); end > value && strchr(" \t", end[-1]);)
		*--end = '\0';
	take_field(hop, text, value);
	return len;
}

static int begin_taking(struct hop *hop)
{
	const struct http_taker *t = hop->q->taker;
	curl_off_t length = -1;

	if (hop->begun)
		return 0;
	hop->begun = true;
	hop->answer->status = status_of(hop);
	(void)curl_easy_getinfo(hop->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	hop->answer->content_length = length;
	return t->begin ? t->begin(t->ctx, hop->answer, &hop->stop) : 0;
}

static size_t give_away(struct hop *hop, const char *bytes, size_t len)
{
	const struct http_taker *t = hop->q->taker;
	int64_t before = now_ms();
	int r = begin_taking(hop);

	if (r == 0)
		r = t->feed(t->ctx, bytes, len, &hop->stop);
	watch_excuse(&hop->watch, now_ms() - before);
	hop->enough = r > 0;
	if (r < 0)
		hop->stop.code = r;
	return r == 0 ? len : 0;
}

static size_t keep(struct hop *hop, const char *bytes, size_t len)
{
	bool good = status_of(hop) < 300;
	size_t most = good ? hop->q->body_max : ERROR_BODY_MAX;

	if (hop->body.len + len <= most) {
		buf_add(&hop->body, bytes, len);
		return len;
	}
	if (good)
		(void)err_set(&hop->stop, -EFBIG, "the answer has more than %zu bytes", most);
	else
		hop->cut = true; /* what an error has to say, it has said by now */
	return 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct hop *hop = ctx;

	if (hop->q->taker && is_good(status_of(hop)))
		return give_away(hop, bytes, size * n);
	return keep(hop, bytes, size * n);
}

static int on_progress(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		       curl_off_t up)
{
	struct hop *hop = ctx;
	int64_t now = now_ms();

	(void)down_total;
	(void)up_total;
	if (http_is_cancelled(hop->h)) {
		(void)cancelled(&hop->stop);
		return 1;
	}
	if (hop->q->file >= 0 && hop->q->sent)
		atomic_store(hop->q->sent, hop->q->file_offset + up);
	hop->watch.window_ms = (int64_t)hop->h->spec.settings->registry_timeout * 1000;
	if (hop->q->file >= 0 && up >= hop->q->file_len)
		hop->watch.window_ms *= PATIENCE;
	hop->stalled = !watch_goes_on(&hop->watch, now, down + up + (int64_t)hop->headers);
	return hop->stalled;
}

static size_t on_upload(char *into, size_t size, size_t n, void *ctx)
{
	struct hop *hop = ctx;
	int64_t left = hop->q->file_len - hop->file_at, before = now_ms();
	size_t want = size * n;
	ssize_t got;

	if ((int64_t)want > left)
		want = (size_t)left;
	if (want == 0)
		return 0;
	do
		got = pread(hop->q->file, into, want, hop->q->file_offset + hop->file_at);
	while (got < 0 && errno == EINTR);
	watch_excuse(&hop->watch, now_ms() - before);
	if (got <= 0) {
		if (got == 0)
			(void)err_set(&hop->stop, -EIO,
				      "the file became shorter while it was sent");
		else
			(void)err_sys(&hop->stop, "read what is to be sent");
		return CURL_READFUNC_ABORT;
	}
	hop->file_at += got;
	return (size_t)got;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct hop *hop = ctx;

	if (origin != SEEK_SET || offset < 0 || offset > hop->q->file_len)
		return CURL_SEEKFUNC_FAIL;
	hop->file_at = offset;
	return CURL_SEEKFUNC_OK;
}

/* -- one hop -- */

static void list_cleanup(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static void add_line(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	if (!more)
		mem_exhausted(strlen(line));
	*list = more;
}

static struct curl_slist *lines(const struct http_request *q, bool private)
{
	struct curl_slist *list = NULL;

	for (size_t i = 0; i < q->headers.n; i++)
		add_line(&list, q->headers.items[i]);
	for (size_t i = 0; private && i < q->private_headers.n; i++)
		add_line(&list, q->private_headers.items[i]);
	if (private && q->authorization) {
		OWN(str) char *line = str_printf("Authorization: %s", q->authorization);

		add_line(&list, line);
	}
	/* Whether we may send is known before: no round trip to ask. */
	add_line(&list, "Expect:");
	return list;
}

static void set_url(struct hop *hop, const char *url)
{
	const struct settings *s = hop->h->spec.settings;
	CURL *c = hop->curl;

	(void)curl_easy_setopt(c, CURLOPT_URL, url);
	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(c, CURLOPT_PROXY, proxy_for(url, &s->proxies));
	(void)curl_easy_setopt(c, CURLOPT_NOPROXY, proxy_exceptions(&s->proxies));
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "berth/" BERTH_VERSION);
	(void)curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
}

static void set_trust(struct hop *hop, bool private)
{
	const struct http_trust *t = hop->q->trust;
	CURL *c = hop->curl;
	struct curl_blob pem = { .flags = CURL_BLOB_NOCOPY };

	if (t->authorities) {
		pem.data = (void *)t->authorities;
		pem.len = strlen(t->authorities);
		(void)curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &pem);
	}
	if (!private)
		return;
	if (t->unverified) {
		(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (t->cert) {
		(void)curl_easy_setopt(c, CURLOPT_SSLCERT, t->cert);
		(void)curl_easy_setopt(c, CURLOPT_SSLKEY, t->key);
	}
}

static void set_body(struct hop *hop)
{
	const struct http_request *q = hop->q;
	CURL *c = hop->curl;

	if (str_eq(q->method, "HEAD")) {
		(void)curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	} else if (q->file >= 0) {
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->file_len);
		(void)curl_easy_setopt(c, CURLOPT_READFUNCTION, on_upload);
		(void)curl_easy_setopt(c, CURLOPT_READDATA, hop);
		(void)curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
		(void)curl_easy_setopt(c, CURLOPT_SEEKDATA, hop);
	} else if (!str_eq(q->method, "GET")) {
		(void)curl_easy_setopt(c, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->text_len);
		(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->text ? q->text : "");
	}
	if (!str_eq(q->method, "HEAD"))
		(void)curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
}

static void set_limits(struct hop *hop)
{
	int64_t window_ms = (int64_t)hop->h->spec.settings->registry_timeout * 1000;
	CURL *c = hop->curl;

	watch_start(&hop->watch, window_ms, now_ms());
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
			       (long)(window_ms < CONNECT_S * 1000 ? window_ms : CONNECT_S * 1000));
	/* Answers that are kept are small. */
	if (!hop->q->taker && hop->q->file < 0)
		(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(window_ms * PATIENCE));
	(void)curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	(void)curl_easy_setopt(c, CURLOPT_XFERINFODATA, hop);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, hop);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, hop);
	if (hop->q->taker)
		(void)curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)BLOB_BUFFER);
	if (hop->q->file >= 0)
		(void)curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)BLOB_BUFFER);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, hop->why);
}

static bool is_trust_failure(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
	       code == CURLE_SSL_ISSUER_ERROR;
}

/* What the transfer came to; shown is the URL. */
static int conclude(struct hop *hop, CURLcode code, const char *shown, struct err *err)
{
	const char *why = *hop->why ? hop->why : curl_easy_strerror(code);

	if (hop->stop.code) {
		*err = hop->stop;
		return hop->stop.code;
	}
	if (code == CURLE_OK || hop->enough || hop->cut)
		return 0;
	if (hop->stalled || code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, -ETIMEDOUT, "%s %.200s: hardly anything came for %d s",
			       hop->q->method, shown, hop->h->spec.settings->registry_timeout);
	hop->answer->refused_trust = is_trust_failure(code);
	return err_set(err, -ENETUNREACH, "%s %.200s: %.200s", hop->q->method, shown, why);
}

static void finish_answer(struct hop *hop, const char *url)
{
	struct http_answer *answer = hop->answer;
	curl_off_t length = -1, after = 0;
	char *body;

	(void)curl_easy_getinfo(hop->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	(void)curl_easy_getinfo(hop->curl, CURLINFO_RETRY_AFTER, &after);
	answer->status = status_of(hop);
	answer->content_length = length;
	answer->retry_after = after > 0 ? after : -1;
	answer->url = arena_strdup(hop->a, url);
	body = arena_alloc(hop->a, hop->body.len + 1);
	memcpy(body, buf_text(&hop->body), hop->body.len);
	answer->body = body;
	answer->body_len = hop->body.len;
}

static int transfer(struct http *h, const struct http_request *q, const char *url, bool private,
		    struct arena *a, struct http_answer *ret, struct err *err)
{
	OWN(list) struct curl_slist *list = lines(q, private);
	OWN(str) char *shown = redirect_shown(url);
	struct hop hop = { .h = h, .q = q, .a = a, .answer = ret };
	CURLcode code;
	int r;

	if (http_is_cancelled(h))
		return cancelled(err);
	hop.curl = http_pool_get(h->pool);
	forget_fields(&hop);
	set_url(&hop, url);
	set_trust(&hop, private);
	set_body(&hop);
	set_limits(&hop);
	(void)curl_easy_setopt(hop.curl, CURLOPT_HTTPHEADER, list);
	code = curl_easy_perform(hop.curl);
	if (code == CURLE_OK && q->taker && is_good(status_of(&hop)) && !hop.begun) {
		int begun = begin_taking(&hop);

		hop.stop.code = begun < 0 ? begun : 0;
	}
	r = conclude(&hop, code, shown, err);
	if (r == 0)
		finish_answer(&hop, url);
	buf_done(&hop.body);
	http_pool_put(h->pool, hop.curl);
	return r;
}

/* -- the exchange -- */

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Only what is asked again as it is may be asked elsewhere. */
static bool may_follow(const struct http_request *q, int status)
{
	return str_eq(q->method, "GET") || str_eq(q->method, "HEAD") || status == 307 ||
	       status == 308;
}

int http_exchange(struct http *h, const struct http_request *q, struct arena *a,
		  struct http_answer *ret, struct err *err)
{
	OWN(str) char *url = str_dup(q->url);
	OWN(str) char *shown = redirect_shown(q->url);
	bool private = true;
	struct http_answer answer = { 0 };

	for (int hops = 0;; hops++) {
		OWN(str) char *next = NULL;
		int r = transfer(h, q, url, private, a, &answer, err);

		if (r < 0 || !is_redirect(answer.status) || !answer.location) {
			*ret = answer;
			return r;
		}
		if (hops == REDIRECTS_MAX)
			return err_set(err, -EPROTO, "%s %.200s: more than %d redirects", q->method,
				       shown, REDIRECTS_MAX);
		if (!may_follow(q, answer.status))
			return err_set(err, -EPROTO, "%s %.200s: unexpected redirect (status %d)",
				       q->method, shown, answer.status);
		r = redirect_resolve(url, answer.location, q->trust->insecure, &next, err);
		if (r < 0)
			return r;
		private = private && redirect_is_same_origin(q->url, next);
		free(url);
		url = take(&next);
	}
}
