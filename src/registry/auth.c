/*
 * auth.c - proving to a registry who we are
 *
 * What a registry asks for is learned from its first answer. Tokens are kept by the scopes that
 * they are for, until shortly before they end. The lock is held while a token is fetched, so that
 * several threads that need the same one ask once.
 *
 * Invariant: secrets go over https only, unless the registry itself is one of the insecure ones.
 */
#include "registry/auth.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/base64.h"
#include "model/registry_doc.h"
#include "registry/credential.h"
#include "registry/redirect.h"

#include <curl/curl.h>
#include <pthread.h>
#include <time.h>

enum {
	EARLY_S = 10,         /* a token is renewed that long before its end */
	LIFETIME_MAX = 86400, /* whatever a server says */
	TOKENS = 16,
};

static const char client_id[] = "berth";

struct token {
	char *scopes, *value; /* NULL: free */
	int64_t until;
};

struct auth {
	struct auth_spec spec;
	pthread_mutex_t lock;
	struct arena a;
	bool basic;                  /* asked for, and no bearer */
	const char *realm, *service; /* of the bearer challenge; realm NULL: none */
	struct strv more_scopes;     /* that the registry asked for itself */
	bool has_credentials;        /* looked up, they may be empty */
	struct client_auth credentials;
	struct token tokens[TOKENS];
	size_t next; /* whose place is taken when all are in use */
	char *identity;
};

static int64_t now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

struct auth *auth_new(const struct auth_spec *spec)
{
	struct auth *u = mem_alloc(sizeof(*u));

	u->spec = *spec;
	(void)pthread_mutex_init(&u->lock, NULL);
	if (spec->given) {
		u->credentials = *spec->given;
		u->has_credentials = true;
	}
	return u;
}

static void forget(struct token *t)
{
	free(t->scopes);
	free(t->value);
	*t = (struct token){ 0 };
}

void auth_free(struct auth *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < TOKENS; i++)
		forget(&u->tokens[i]);
	free(u->identity);
	arena_done(&u->a);
	(void)pthread_mutex_destroy(&u->lock);
	free(u);
}

const char *auth_identity(const struct auth *u)
{
	return u->identity;
}

/* -- what is asked for -- */

static void learn_scopes(struct auth *u, const char *text)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct strv words = strv_split(&a, text, ' ');

	for (size_t i = 0; i < words.n; i++)
		if (*words.items[i] && !strv_has(&u->more_scopes, words.items[i]) &&
		    u->more_scopes.n < TOKENS)
			strv_add(&u->more_scopes, &u->a, arena_strdup(&u->a, words.items[i]));
}

static void learn_bearer(struct auth *u, const struct http_challenge *bearer)
{
	const char *realm = str_map_get(&bearer->params, "realm");
	const char *service = str_map_get(&bearer->params, "service");
	const char *scope = str_map_get(&bearer->params, "scope");

	if (!str_eq(realm, u->realm))
		u->realm = arena_strdup(&u->a, realm);
	if (!str_eq(service, u->service))
		u->service = arena_strdup(&u->a, service);
	if (scope)
		learn_scopes(u, scope);
}

static void forget_value(struct auth *u, const char *used)
{
	const char *value = str_after(used, "Bearer ");

	for (size_t i = 0; value && i < TOKENS; i++)
		if (str_eq(u->tokens[i].value, value))
			forget(&u->tokens[i]);
}

void auth_refused(struct auth *u, const struct http_challenges *challenges, const char *used)
{
	const struct http_challenge *bearer = http_field_challenge(challenges, "bearer");

	(void)pthread_mutex_lock(&u->lock);
	if (bearer && !str_is_empty(str_map_get(&bearer->params, "realm")))
		learn_bearer(u, bearer);
	else if (http_field_challenge(challenges, "basic"))
		u->basic = true;
	if (used)
		forget_value(u, used);
	(void)pthread_mutex_unlock(&u->lock);
}

/* -- credentials -- */

static int look_up(struct auth *u, struct err *err)
{
	int r;

	if (u->has_credentials)
		return 0;
	r = credential_get(u->spec.key, &u->a, &u->credentials, err);
	u->has_credentials = r == 0;
	return r;
}

static const char *basic_value(const struct client_auth *c, struct arena *a)
{
	OWN(str) char *plain = str_printf("%s:%s", c->user, c->password ? c->password : "");
	OWN(buf) struct buf text = { 0 };

	base64_write(plain, strlen(plain), &text);
	return arena_printf(a, "Basic %s", buf_text(&text));
}

static int check_secrecy(const struct auth *u, const char *what, bool tls, struct err *err)
{
	if (tls || u->spec.trust->insecure)
		return 0;
	return err_set(
		err, -EACCES,
		"%s is not encrypted: credentials are only sent over https, or to hosts among "
		"insecure-registries",
		what);
}

/* -- tokens -- */

static const char *escaped(const char *s, struct arena *a)
{
	char *text = curl_easy_escape(NULL, s, 0);
	const char *copy = arena_strdup(a, text ? text : "");

	curl_free(text);
	return copy;
}

static void add_pair(struct buf *query, const char *name, const char *value, struct arena *a)
{
	buf_printf(query, "%s%s=%s", query->len ? "&" : "", name, escaped(value, a));
}

/* Docker's token specification: a GET, the scopes repeated, the user by Basic or nobody. */
static void ask_by_get(struct auth *u, const struct strv *scopes, struct http_request *q,
		       struct arena *a)
{
	const struct client_auth *c = &u->credentials;
	OWN(buf) struct buf query = { 0 };

	if (c->user) {
		add_pair(&query, "account", c->user, a);
		q->authorization = basic_value(c, a);
	}
	add_pair(&query, "client_id", client_id, a);
	if (u->spec.given)
		add_pair(&query, "offline_token", "true", a);
	for (size_t i = 0; i < scopes->n; i++)
		add_pair(&query, "scope", scopes->items[i], a);
	if (u->service)
		add_pair(&query, "service", u->service, a);
	q->method = "GET";
	q->url = arena_printf(a, "%s%c%s", u->realm, strchr(u->realm, '?') ? '&' : '?',
			      buf_text(&query));
}

/* Its OAuth2 variant (RFC 6749 section 6): an identity token is exchanged. */
static void ask_by_post(struct auth *u, const struct strv *scopes, struct http_request *q,
			struct arena *a)
{
	OWN(buf) struct buf form = { 0 };

	add_pair(&form, "grant_type", "refresh_token", a);
	add_pair(&form, "refresh_token", u->credentials.identity_token, a);
	add_pair(&form, "client_id", client_id, a);
	add_pair(&form, "scope", strv_join(scopes, a, " "), a);
	if (u->service)
		add_pair(&form, "service", u->service, a);
	q->method = "POST";
	q->url = u->realm;
	q->text = arena_strdup(a, buf_text(&form));
	q->text_len = form.len;
	strv_add(&q->headers, a, "Content-Type: application/x-www-form-urlencoded");
}

static int read_token(struct auth *u, const struct http_answer *answer, const char *server,
		      struct arena *a, struct registry_token *ret, struct err *err)
{
	if (answer->status != 200)
		return retry_answer_error(answer, server, a, err);
	if (registry_doc_token(answer->body, answer->body_len, a, ret, err) < 0) {
		(void)err_wrap(err, "%s", server);
		err->code = -EPROTO;
		return -EPROTO;
	}
	if (ret->refresh && u->spec.given) {
		free(u->identity);
		u->identity = str_dup(ret->refresh);
	}
	return 0;
}

static int fetch(struct auth *u, const struct strv *scopes, struct arena *a,
		 struct registry_token *ret, struct err *err)
{
	struct http_request q = {
		.trust = u->spec.trust,
		.file = HTTP_FILE_NONE,
		.body_max = REGISTRY_DOC_TOKEN_MAX,
	};
	struct retry retry = {
		.http = u->spec.http,
		.attempts = u->spec.attempts,
		.say = u->spec.say,
		.ctx = u->spec.ctx,
	};
	OWN(str) char *shown = redirect_shown(u->realm);
	const char *server = arena_printf(a, "token server %.200s", shown);
	struct http_answer answer;
	OWN(str) char *host = redirect_host(u->realm);
	int r = 0;

	if (!host)
		return err_set(err, -EPROTO,
			       "the registry names \"%.200s\" as its token server, which is no URL",
			       shown);
	if (u->credentials.identity_token || u->credentials.user)
		r = check_secrecy(u, server, redirect_is_https(u->realm), err);
	if (r < 0)
		return r;
	if (u->credentials.identity_token)
		ask_by_post(u, scopes, &q, a);
	else
		ask_by_get(u, scopes, &q, a);
	r = retry_exchange(&retry, &q, a, &answer, err);
	return r == 0 ? read_token(u, &answer, server, a, ret, err) : r;
}

static struct token *find(struct auth *u, const char *scopes)
{
	for (size_t i = 0; i < TOKENS; i++)
		if (str_eq(u->tokens[i].scopes, scopes) && u->tokens[i].until > now_s())
			return &u->tokens[i];
	return NULL;
}

static struct token *keep(struct auth *u, const char *scopes, const struct registry_token *got)
{
	int64_t lifetime = got->lifetime < LIFETIME_MAX ? got->lifetime : LIFETIME_MAX;
	struct token *t = &u->tokens[u->next];

	/* The same scopes keep their place. */
	for (size_t i = 0; i < TOKENS; i++)
		if (str_eq(u->tokens[i].scopes, scopes))
			t = &u->tokens[i];
	if (t == &u->tokens[u->next])
		u->next = (u->next + 1) % TOKENS;
	forget(t);
	*t = (struct token){
		.scopes = str_dup(scopes),
		.value = str_dup(got->token),
		/* One that ends at once is good for one request. */
		.until = now_s() + (lifetime > 2 * EARLY_S ? lifetime - EARLY_S : lifetime),
	};
	return t;
}

static int bearer_value(struct auth *u, const struct strv *scopes, struct arena *a,
			const char **ret, struct err *err)
{
	struct strv all = { 0 };
	struct registry_token got;
	const struct token *t;
	const char *key;
	int r;

	if (u->credentials.registry_token) {
		*ret = arena_printf(a, "Bearer %s", u->credentials.registry_token);
		return 0;
	}
	for (size_t i = 0; i < scopes->n; i++)
		strv_add(&all, a, scopes->items[i]);
	for (size_t i = 0; i < u->more_scopes.n; i++)
		if (!strv_has(&all, u->more_scopes.items[i]))
			strv_add(&all, a, u->more_scopes.items[i]);
	key = all.n ? strv_join(&all, a, " ") : "";
	t = find(u, key);
	if (!t) {
		r = fetch(u, &all, a, &got, err);
		if (r < 0)
			return r;
		t = keep(u, key, &got);
	}
	*ret = arena_printf(a, "Bearer %s", t->value);
	return 0;
}

static int value(struct auth *u, const struct strv *scopes, bool tls, struct arena *a,
		 const char **ret, struct err *err)
{
	int r;

	*ret = NULL;
	if (!u->realm && !u->basic)
		return 0;
	r = look_up(u, err);
	if (r < 0)
		return r;
	if (u->realm)
		return bearer_value(u, scopes, a, ret, err);
	if (!u->credentials.user)
		return 0;
	r = check_secrecy(u, "the registry", tls, err);
	if (r == 0)
		*ret = basic_value(&u->credentials, a);
	return r;
}

int auth_header(struct auth *u, const struct strv *scopes, bool tls, struct arena *a,
		const char **ret, struct err *err)
{
	int r;

	(void)pthread_mutex_lock(&u->lock);
	r = value(u, scopes, tls, a, ret, err);
	(void)pthread_mutex_unlock(&u->lock);
	return r;
}
