/*
 * client_config.c - ~/.docker/config.json: who the user is at which registry
 */
#include "model/client_config.h"

#include "base/own.h"
#include "codec/base64.h"
#include "codec/json.h"

/* The key that docker has for its own registry since its first days. */
static const char hub_key[] = "https://index.docker.io/v1/";
/* The user's name under which a helper keeps an identity token. */
static const char token_user[] = "<token>";

struct auth_doc {
	const char *key;
	const char *auth, *user, *password, *identity_token, *registry_token;
};

#define T struct auth_doc
SCHEMA_DECLARE(auth_doc);
SCHEMA(auth_doc, T, F_STR(T, auth, "auth", OMIT_EMPTY), F_STR(T, user, "username", OMIT_EMPTY),
       F_STR(T, password, "password", OMIT_EMPTY),
       F_STR(T, identity_token, "identitytoken", OMIT_EMPTY),
       F_STR(T, registry_token, "registrytoken", OMIT_EMPTY));
#undef T

struct config_doc {
	LIST(struct auth_doc) auths;
	const char *creds_store;
	struct str_map cred_helpers, http_headers;
};

#define T struct config_doc
SCHEMA_DECLARE(config_doc);
SCHEMA(config_doc, T, F_DICT(T, auths, "auths", auth_doc, OMIT_EMPTY),
       F_STR(T, creds_store, "credsStore", OMIT_EMPTY),
       F_MAP(T, cred_helpers, "credHelpers", OMIT_EMPTY),
       F_MAP(T, http_headers, "HttpHeaders", OMIT_EMPTY));
#undef T

static const char *or_null(const char *s)
{
	return str_is_empty(s) ? NULL : s;
}

/* base64 of "user:password" */
static int split_auth(const char *text, struct arena *a, struct client_auth *auth)
{
	OWN(buf) struct buf plain = { 0 };
	char *colon;

	if (base64_read(text, strlen(text), &plain) < 0 || plain.len == 0 ||
	    memchr(plain.data, '\0', plain.len) || !(colon = strchr(plain.data, ':')))
		return -EINVAL;
	auth->user = or_null(arena_strndup(a, plain.data, (size_t)(colon - plain.data)));
	auth->password = or_null(arena_strdup(a, colon + 1));
	return 0;
}

static int read_auth(const struct auth_doc *doc, struct arena *a, struct client_auth *ret,
		     struct err *err)
{
	*ret = (struct client_auth){
		.key = doc->key,
		.user = or_null(doc->user),
		.password = or_null(doc->password),
		.identity_token = or_null(doc->identity_token),
		.registry_token = or_null(doc->registry_token),
	};
	if (!str_is_empty(doc->auth) && split_auth(doc->auth, a, ret) < 0)
		return err_set(err, -EINVAL, "auths.%.100s.auth: not base64 of USER:PASSWORD",
			       doc->key);
	return 0;
}

int client_config_read(const char *text, size_t len, struct arena *a, struct client_config *ret,
		       struct err *err)
{
	struct client_config c = { 0 };
	struct config_doc doc;
	int r = schema_read(&config_doc_schema, text, len, a, &doc, err);

	if (r < 0)
		return r;
	c.creds_store = or_null(doc.creds_store);
	c.cred_helpers = doc.cred_helpers;
	c.http_headers = doc.http_headers;
	c.auths.items = arena_array(a, doc.auths.n, sizeof(c.auths.items[0]));
	for (; r == 0 && c.auths.n < doc.auths.n; c.auths.n++)
		r = read_auth(&doc.auths.items[c.auths.n], a, &c.auths.items[c.auths.n], err);
	if (r == 0)
		*ret = c;
	return r;
}

/* -- keys -- */

/* Host and port of a URL or of what is none. */
static const char *host_of(const char *s, struct arena *a)
{
	const char *after = str_after(s, "https://");

	if (!after)
		after = str_after(s, "http://");
	if (after)
		s = after;
	return arena_strndup(a, s, strcspn(s, "/"));
}

const char *client_config_key(const char *server, struct arena *a)
{
	const char *host = str_is_empty(server) ? "docker.io" : host_of(server, a);

	if (str_eq(host, "docker.io") || str_eq(host, "index.docker.io") ||
	    str_eq(host, "registry-1.docker.io"))
		return hub_key;
	return host;
}

const struct client_auth *client_config_auth(const struct client_config *c, const char *key,
					     struct arena *a)
{
	for (size_t i = 0; i < c->auths.n; i++)
		if (str_eq(c->auths.items[i].key, key))
			return &c->auths.items[i];
	for (size_t i = 0; i < c->auths.n; i++)
		if (str_eq(client_config_key(c->auths.items[i].key, a), key))
			return &c->auths.items[i];
	return NULL;
}

const char *client_config_helper(const struct client_config *c, const char *key)
{
	const char *helper = str_map_get(&c->cred_helpers, key);

	/* Helpers are listed by host; docker.io's key is none. */
	if (!helper && str_eq(key, hub_key))
		helper = str_map_get(&c->cred_helpers, "docker.io");
	if (!helper && str_eq(key, hub_key))
		helper = str_map_get(&c->cred_helpers, "index.docker.io");
	return helper ? or_null(helper) : c->creds_store;
}

/* -- changing -- */

static void add_str(struct json_object *object, const char *name, const char *value)
{
	json_object_object_add(object, name, json_object_new_string(value));
}

static struct json_object *entry_of(const struct client_auth *auth, bool secrets)
{
	struct json_object *entry = json_object_new_object();
	OWN(str) char *plain = NULL;
	OWN(buf) struct buf text = { 0 };

	if (!secrets)
		return entry;
	plain = str_printf("%s:%s", auth->user ? auth->user : "",
			   auth->password ? auth->password : "");
	base64_write(plain, strlen(plain), &text);
	add_str(entry, "auth", buf_text(&text));
	if (auth->identity_token)
		add_str(entry, "identitytoken", auth->identity_token);
	return entry;
}

/* Takes out the key and other spellings of it. */
static bool take_out(struct json_object *auths, const char *key)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct strv gone = { 0 };

	json_object_object_foreach(auths, name, value)
	{
		(void)value;
		if (str_eq(client_config_key(name, &a), key))
			strv_add(&gone, &a, arena_strdup(&a, name));
	}
	for (size_t i = 0; i < gone.n; i++)
		json_object_object_del(auths, gone.items[i]);
	return gone.n > 0;
}

int client_config_change(const char *text, size_t len, const char *key,
			 const struct client_auth *auth, bool secrets, struct buf *out,
			 bool *ret_had, struct err *err)
{
	OWN(json) struct json_object *tree = NULL;
	struct json_object *auths = NULL;
	int r = len ? json_parse(text, len, &tree, err) : 0;

	if (r < 0)
		return r;
	if (!tree)
		tree = json_object_new_object();
	if (!json_object_is_type(tree, json_type_object))
		return err_set(err, -EINVAL, "not an object");
	if (json_object_object_get_ex(tree, "auths", &auths) && auths &&
	    !json_object_is_type(auths, json_type_object))
		return err_set(err, -EINVAL, "auths: expected an object");
	if (!auths) {
		auths = json_object_new_object();
		json_object_object_add(tree, "auths", auths);
	}
	*ret_had = take_out(auths, key);
	if (auth)
		json_object_object_add(auths, key, entry_of(auth, secrets));
	json_write_pretty(tree, out);
	buf_addc(out, '\n');
	return 0;
}

/* -- helpers -- */

struct helper_doc {
	const char *server, *user, *secret;
};

#define T struct helper_doc
SCHEMA_DECLARE(helper_doc);
SCHEMA(helper_doc, T, F_STR(T, server, "ServerURL", ALWAYS_FULL),
       F_STR(T, user, "Username", ALWAYS_FULL), F_STR(T, secret, "Secret", ALWAYS_FULL));
#undef T

int client_config_read_helper(const char *text, size_t len, struct arena *a,
			      struct client_auth *ret, struct err *err)
{
	struct helper_doc doc;
	int r = schema_read(&helper_doc_schema, text, len, a, &doc, err);

	if (r < 0)
		return r;
	*ret = (struct client_auth){ 0 };
	if (str_eq(doc.user, token_user)) {
		ret->identity_token = or_null(doc.secret);
		return 0;
	}
	ret->user = or_null(doc.user);
	ret->password = or_null(doc.secret);
	return 0;
}

void client_config_write_helper(const struct client_auth *auth, struct buf *out)
{
	const struct helper_doc doc = {
		.server = auth->key,
		.user = auth->identity_token ? token_user : auth->user,
		.secret = auth->identity_token ? auth->identity_token : auth->password,
	};

	schema_write(&helper_doc_schema, &doc, SCHEMA_FULL, out);
}
