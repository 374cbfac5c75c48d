/*
 * registry_login.c - whether a registry accepts somebody, and keeping that in mind
 */
#include "base/own.h"
#include "registry/credential.h"
#include "registry/repository.h"

enum { BODY_MAX = 64 << 10 };

static const char hub_key[] = "https://index.docker.io/v1/";

const char *registry_server_name(const char *server)
{
	return str_is_empty(server) ? hub_key : server;
}

/* HOST[:PORT] to be asked. */
static const char *domain_of(const char *key)
{
	return str_eq(key, hub_key) ? "docker.io" : key;
}

static int check_host(const char *host, struct err *err)
{
	OWN(buf) struct buf name = { 0 };
	struct ref ref;

	buf_adds(&name, host);
	buf_adds(&name, "/x");
	if (ref_parse(buf_text(&name), &ref, NULL) == 0 && str_eq(ref.domain, host))
		return 0;
	return err_set(err, -EINVAL, "\"%.100s\" is not a registry's HOST[:PORT]", host);
}

static int try_login(struct repository_endpoint *e, struct arena *a, struct err *err)
{
	struct http_request q = {
		.method = "GET",
		.url = "/v2/",
		.file = HTTP_FILE_NONE,
		.body_max = BODY_MAX,
	};
	struct retry retry = repository_retry(e, false);
	struct http_answer answer = { 0 };
	int r = repository_reach(e, err);

	if (r == 0)
		r = repository_request(e, &q, &retry, a, &answer, err);
	if (r < 0 || answer.status == 200)
		return r;
	return retry_answer_error(&answer, arena_printf(a, "login attempt to %s/v2/", e->base), a,
				  err);
}

/* Those of an earlier login. */
static int kept(const char *key, struct arena *a, struct client_auth *ret, struct err *err)
{
	int r = credential_get(key, a, ret, err);

	if (r == 0 && !ret->user && !ret->identity_token)
		return err_set(err, -ENOENT, "there are no credentials for %s", key);
	return r;
}

int registry_login(const struct registry_login *login, struct arena *a,
		   const char **ret_unencrypted, struct err *err)
{
	OWN(registry_session) struct registry_session *s = NULL;
	struct client_auth auth = {
		.key = client_config_key(login->server, a),
		.user = login->user,
		.password = login->password,
	};
	const struct registry_spec spec = {
		.settings = login->settings,
		.cancel = login->cancel,
	};
	const char *identity = NULL;
	int r = 0;

	if (!auth.user)
		r = kept(auth.key, a, &auth, err);
	if (r == 0 && auth.user && strchr(auth.user, ':'))
		return err_set(err, -EINVAL, "a user's name must not hold a colon");
	if (r == 0 && !str_eq(auth.key, hub_key))
		r = check_host(auth.key, err);
	if (r == 0)
		r = repository_open_host(domain_of(auth.key), &auth, &spec, &s, err);
	if (r == 0)
		r = try_login(&s->endpoints[0], a, err);
	if (r < 0)
		return r;
	identity = auth_identity(s->endpoints[0].auth);
	if (identity) {
		auth.identity_token = identity;
		auth.password = NULL;
	}
	return credential_store(&auth, a, ret_unencrypted, err);
}

int registry_logout(const char *server, bool *ret_known, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;

	return credential_erase(client_config_key(server, &a), &a, ret_known, err);
}

int registry_login_user(const char *server, struct arena *a, const char **ret, struct err *err)
{
	struct client_auth auth;
	int r = credential_get(client_config_key(server, a), a, &auth, err);

	if (r == 0)
		*ret = auth.user;
	return r;
}
