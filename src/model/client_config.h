/*
 * client_config.h - ~/.docker/config.json: who the user is at which registry
 *
 * Shared with docker, podman and others, so what is not known here is kept when it is changed. A
 * server's key is its host and port, and for docker.io "https://index.docker.io/v1/".
 */
#ifndef MODEL_CLIENT_CONFIG_H
#define MODEL_CLIENT_CONFIG_H

#include "codec/schema.h"

enum { CLIENT_CONFIG_MAX = 1 << 20 }; /* bytes of text */

/* One user at one registry; what is not there is NULL. */
struct client_auth {
	const char *key;
	const char *user, *password;
	const char *identity_token; /* exchanged for tokens instead of a password */
	const char *registry_token; /* sent as it is */
};

struct client_config {
	LIST(struct client_auth) auths;
	const char *creds_store;     /* docker-credential-NAME keeps all credentials */
	struct str_map cred_helpers; /* key to NAME */
	struct str_map http_headers;
};

/* Memory is the arena's. -EINVAL with the member's name, without anything secret in it. */
int client_config_read(const char *text, size_t len, struct arena *a, struct client_config *ret,
		       struct err *err);

/*
 * The key of what people call a server: NULL, "docker.io" and the like, "HOST[:PORT]", or a URL, of
 * which only host and port count. Arena's.
 */
const char *client_config_key(const char *server, struct arena *a);
/* The entry of a key, also under the URLs that older programs wrote; NULL. */
const struct client_auth *client_config_auth(const struct client_config *c, const char *key,
					     struct arena *a);
/* The helper that keeps the key's credentials, or NULL. */
const char *client_config_helper(const struct client_config *c, const char *key);

/*
 * Appends the text (NULL or "" is an empty one) with the key's entry replaced by auth: with the
 * user's name and secret, or without (secrets false: a helper has them), or taken out (auth NULL).
 * *ret_had says whether there was one. Other members stay as they are. -EINVAL.
 */
int client_config_change(const char *text, size_t len, const char *key,
			 const struct client_auth *auth, bool secrets, struct buf *out,
			 bool *ret_had, struct err *err);

/* What a helper answers to `get`: *ret has user and password or identity token. -EINVAL. */
int client_config_read_helper(const char *text, size_t len, struct arena *a,
			      struct client_auth *ret, struct err *err);
/* Appends what a helper reads for `store`. */
void client_config_write_helper(const struct client_auth *auth, struct buf *out);

#endif
