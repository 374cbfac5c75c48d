/*
 * auth.h - proving to a registry who we are
 *
 * RFC 7235 challenges: Basic (RFC 7617), and Bearer with a token server as Docker's token
 * specification has it (docs.docker.com/registry/spec/auth/token, …/oauth). One of these belongs to
 * one endpoint and serves several threads.
 */
#ifndef REGISTRY_AUTH_H
#define REGISTRY_AUTH_H

#include "model/client_config.h"
#include "registry/retry.h"

struct auth;

struct auth_spec {
	struct http *http;
	const struct http_trust *trust;           /* of the registry; must outlive it */
	const char *key;                          /* whose credentials: client_config_key() */
	int attempts;                             /* at the token server */
	void (*say)(void *ctx, const char *text); /* as in struct retry */
	void *ctx;
	/* For a login: these credentials and no others, and an identity token is wanted. */
	const struct client_auth *given;
};

struct auth *auth_new(const struct auth_spec *spec);
void auth_free(struct auth *u);

/*
 * The value of Authorization for requests that need these scopes ("repository:a/b:pull"), or NULL
 * when the registry has not asked for one. Arena's. Gets a token when there is none that is fresh.
 * tls: the request will go over https.
 */
int auth_header(struct auth *u, const struct strv *scopes, bool tls, struct arena *a,
		const char **ret, struct err *err);

/*
 * The registry answered 401 with these challenges to a request that carried used (or NULL). What it
 * asks for is remembered, and used is not used again.
 */
void auth_refused(struct auth *u, const struct http_challenges *challenges, const char *used);

/* The identity token that a token server gave to a login (the auth's), or NULL. */
const char *auth_identity(const struct auth *u);

#endif
