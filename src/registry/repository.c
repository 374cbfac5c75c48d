/*
 * repository.c - one repository at one registry: endpoints, rights, and a request with all of it
 */
#include "registry/repository.h"

#include "base/mem.h"
#include "base/own.h"
#include "registry/certs.h"
#include "registry/credential.h"
#include "registry/redirect.h"

enum { PING_BODY_MAX = 64 << 10, WARNINGS_MAX = 8 };

void repository_note(struct registry_session *s, enum registry_note note, const char *text)
{
	if (s->spec.note)
		s->spec.note(s->spec.ctx, note, text);
}

static void say_retry(void *ctx, const char *text)
{
	repository_note(ctx, REGISTRY_NOTE_RETRY, text);
}

struct retry repository_retry(const struct repository_endpoint *e, bool upload)
{
	const struct settings *s = e->session->spec.settings;
	int attempts = upload ? s->max_upload_attempts : s->max_download_attempts;

	return (struct retry){
		.http = e->session->http,
		.attempts = e->where.mirror ? 1 : attempts,
		.say = say_retry,
		.ctx = e->session,
	};
}

const char *repository_path(const struct registry_session *s, const char *kind, const char *what,
			    struct arena *a)
{
	return arena_printf(a, "/v2/%s/%s/%s", s->ref.path, kind, what);
}

/* -- reaching -- */

/* The ways in which an endpoint is tried. */
struct way {
	bool http, unverified;
};

static const struct way ways[] = { { false, false }, { false, true }, { true, true } };
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static const char *with_scheme(const char *base, bool http, struct arena *a)
{
	return http ? arena_printf(a, "http%s", strstr(base, "://")) : base;
}

static int load_trust(struct repository_endpoint *e, struct err *err)
{
	struct certs certs = { 0 };
	int r = certs_load(e->where.host, &e->session->a, &certs, err);

	e->trust = (struct http_trust){
		.authorities = certs.authorities,
		.cert = certs.cert,
		.key = certs.key,
		.insecure = e->where.insecure,
	};
	return r;
}

static int ping(struct repository_endpoint *e, const char *base, const struct http_trust *trust,
		struct arena *a, struct http_answer *ret, struct err *err)
{
	struct http_request q = {
		.method = "GET",
		.url = arena_printf(a, "%s/v2/", base),
		.private_headers = e->session->private_headers,
		.trust = trust,
		.file = HTTP_FILE_NONE,
		.body_max = PING_BODY_MAX,
	};

	return http_exchange(e->session->http, &q, a, ret, err);
}

/* Tries the ways one after the other. The error of the first one stands: it is what is meant. */
static int try_ways(struct repository_endpoint *e, struct arena *a, struct http_answer *answer,
		    struct err *err)
{
	struct err first = ERR_INIT;
	int r = -ENETUNREACH;

	for (size_t i = 0; i < WAYS; i++) {
		struct http_trust trust = e->trust;
		const char *base = with_scheme(e->where.base, ways[i].http, &e->session->a);

		if (i > 0 && !e->where.insecure)
			break;
		/* Without proof again only if it was the proof that failed. */
		if (ways[i].unverified && !ways[i].http && !answer->refused_trust)
			continue;
		trust.unverified = ways[i].unverified;
		r = ping(e, base, &trust, a, answer, i == 0 ? &first : err);
		if (r == 0) {
			e->base = base;
			e->trust = trust;
			return 0;
		}
		if (r == -ECANCELED)
			break;
	}
	if (r != -ECANCELED)
		*err = first;
	else
		(void)err_set(err, r, "interrupted");
	return err->code;
}

static int reach(struct repository_endpoint *e, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct retry retry = repository_retry(e, false);
	struct http_answer answer = { 0 };
	int r = load_trust(e, err), again = 0;

	if (r < 0)
		return r;
	do {
		r = try_ways(e, &a, &answer, err);
		/* A registry that is not there is not waited for; one that is busy is. */
		again = r == 0 ? retry_again(&retry, r, &answer, err) : 0;
	} while (again > 0);
	if (again < 0 || r < 0)
		return again < 0 ? again : r;
	if (retry_is_transient(0, &answer))
		return retry_answer_error(&answer, e->where.host, &a, err);
	if (answer.status == 401)
		auth_refused(e->auth, &answer.challenges, NULL);
	/* Some registries have no /v2/ for those who are not logged in: then its parts say more. */
	return 0;
}

int repository_reach(struct repository_endpoint *e, struct err *err)
{
	int r;

	(void)pthread_mutex_lock(&e->session->reaching);
	if (!e->reached && !e->unreachable) {
		e->why = (struct err)ERR_INIT;
		r = reach(e, &e->why);
		e->reached = r == 0;
		e->unreachable = r;
	}
	r = e->unreachable;
	if (r < 0)
		*err = e->why;
	(void)pthread_mutex_unlock(&e->session->reaching);
	return r;
}

/* -- requests -- */

static void pass_on_warnings(struct registry_session *s, const struct http_answer *answer)
{
	for (size_t i = 0; i < answer->warnings.n && i < WARNINGS_MAX; i++)
		repository_note(s, REGISTRY_NOTE_WARNING, answer->warnings.items[i]);
}

int repository_request(struct repository_endpoint *e, const struct http_request *asked,
		       struct retry *retry, struct arena *a, struct http_answer *ret,
		       struct err *err)
{
	struct http_request q = *asked;
	bool renewed = false;

	q.url = *asked->url == '/' ? arena_printf(a, "%s%s", e->base, asked->url) : asked->url;
	q.trust = &e->trust;
	q.private_headers = e->session->private_headers;
	for (;;) {
		bool own = redirect_is_same_origin(e->base, q.url);
		int again = 0, r = 0;

		/* An upload may be anywhere, and there nobody is told who we are. */
		q.authorization = NULL;
		q.private_headers = own ? e->session->private_headers : (struct strv){ 0 };
		if (own)
			r = auth_header(e->auth, &e->session->scopes, redirect_is_https(q.url), a,
					&q.authorization, err);
		if (r < 0)
			return r;
		r = http_exchange(e->session->http, &q, a, ret, err);
		if (r == 0)
			pass_on_warnings(e->session, ret);
		if (r == 0 && ret->status == 401 && own && !renewed && ret->challenges.n > 0) {
			auth_refused(e->auth, &ret->challenges, q.authorization);
			renewed = true;
			continue;
		}
		again = retry ? retry_again(retry, r, ret, err) : 0;
		if (again <= 0)
			return again < 0 ? again : r;
	}
}

int repository_each(struct registry_session *s,
		    int (*attempt)(void *ctx, struct repository_endpoint *e, struct err *err),
		    void *ctx, struct err *err)
{
	int r = err_set(err, -ENETUNREACH, "%s: there is no endpoint left that did not lie",
			s->ref.domain);

	for (size_t i = 0; i < s->n_endpoints; i++) {
		struct repository_endpoint *e = &s->endpoints[i];

		if (atomic_load(&e->lied))
			continue;
		r = repository_reach(e, err);
		if (r == 0)
			r = attempt(ctx, e, err);
		if (r == 0 || r == -ECANCELED)
			return r;
	}
	return r;
}

/* -- opening and closing -- */

/* docker passes on what begins with X-Meta- and nothing else of the user's HttpHeaders. */
static int add_headers(struct registry_session *s, struct err *err)
{
	struct client_config c;
	int r = credential_config(&s->a, &c, err);

	for (size_t i = 0; r == 0 && i < c.http_headers.n; i++) {
		const struct str_pair *h = &c.http_headers.items[i];

		if (strncasecmp(h->key, "X-Meta-", 7) != 0)
			continue;
		if (strpbrk(h->key, " \t\r\n:") || strpbrk(h->value, "\r\n"))
			return err_set(err, -EINVAL, "HttpHeaders.%.100s: not a header field",
				       h->key);
		strv_add(&s->private_headers, &s->a,
			 arena_printf(&s->a, "%s: %s", h->key, h->value));
	}
	return r;
}

static void add_endpoints(struct registry_session *s, bool pull, const struct client_auth *given)
{
	struct endpoint_list list = endpoint_find(s->ref.domain, pull, s->spec.settings, &s->a);

	s->endpoints = arena_array(&s->a, list.n, sizeof(s->endpoints[0]));
	for (size_t i = 0; i < list.n; i++) {
		struct repository_endpoint *e = &s->endpoints[s->n_endpoints++];
		struct retry retry;

		e->session = s;
		e->where = list.items[i];
		retry = repository_retry(e, false);
		e->auth = auth_new(&(struct auth_spec){
			.http = s->http,
			.trust = &e->trust,
			.key = client_config_key(e->where.host, &s->a),
			.attempts = retry.attempts,
			.say = retry.say,
			.ctx = retry.ctx,
			.given = given,
		});
	}
}

static int open_session(const struct ref *ref, const struct client_auth *given,
			const struct registry_spec *spec, struct registry_session **ret,
			struct err *err)
{
	OWN(registry_session) struct registry_session *s = mem_alloc(sizeof(*s));
	int r;

	(void)pthread_mutex_init(&s->reaching, NULL);
	s->spec = *spec;
	s->ref = *ref;
	s->spec.ref = &s->ref;
	s->http = http_open(
		&(struct http_spec){ .settings = spec->settings, .cancel = spec->cancel });
	r = add_headers(s, err);
	if (r < 0)
		return r;
	add_endpoints(s, !given && spec->actions == REGISTRY_PULL, given);
	*ret = take(&s);
	return 0;
}

int repository_open_host(const char *domain, const struct client_auth *given,
			 const struct registry_spec *spec, struct registry_session **ret,
			 struct err *err)
{
	struct ref ref = { 0 };

	(void)snprintf(ref.domain, sizeof(ref.domain), "%s", domain);
	return open_session(&ref, given, spec, ret, err);
}

static void add_scopes(struct registry_session *s, const struct registry_spec *spec)
{
	const char *actions = spec->actions & REGISTRY_PUSH ? "pull,push" : "pull";

	strv_add(&s->scopes, &s->a, arena_printf(&s->a, "repository:%s:%s", s->ref.path, actions));
	s->spec.mount_from = (struct strv){ 0 };
	for (size_t i = 0; i < spec->mount_from.n; i++) {
		const char *from = arena_strdup(&s->a, spec->mount_from.items[i]);

		if (str_eq(from, s->ref.path) || strv_has(&s->spec.mount_from, from))
			continue;
		strv_add(&s->spec.mount_from, &s->a, from);
		strv_add(&s->scopes, &s->a, arena_printf(&s->a, "repository:%s:pull", from));
	}
}

int registry_open(const struct registry_spec *spec, struct registry_session **ret, struct err *err)
{
	int r = open_session(spec->ref, NULL, spec, ret, err);

	if (r == 0)
		add_scopes(*ret, spec);
	return r;
}

void registry_close(struct registry_session *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_endpoints; i++)
		auth_free(s->endpoints[i].auth);
	(void)pthread_mutex_destroy(&s->reaching);
	http_close(s->http);
	arena_done(&s->a);
	free(s);
}
