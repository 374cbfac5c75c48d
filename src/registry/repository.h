/*
 * repository.h - one repository at one registry: endpoints, rights, and a request with all of it
 *
 * The door (registry.h) is written on top of this.
 */
#ifndef REGISTRY_REPOSITORY_H
#define REGISTRY_REPOSITORY_H

#include "registry/auth.h"
#include "registry/endpoint.h"
#include "registry/registry.h"
#include "registry/retry.h"

#include <pthread.h>

/* One place to ask, and what is known of it. */
struct repository_endpoint {
	struct registry_session *session;
	struct endpoint where;
	bool reached;
	int unreachable; /* 0, or the error that stands; then not asked again */
	struct err why;
	atomic_bool lied; /* sent something else than was asked for; likewise */
	const char *base; /* URL in front of "/v2/"; when reached */
	struct http_trust trust;
	struct auth *auth;
};

struct registry_session {
	struct arena a;
	pthread_mutex_t reaching; /* while an endpoint is reached for the first time */
	struct registry_spec spec;
	struct ref ref;
	struct http *http;
	struct strv scopes;
	struct strv private_headers;
	struct repository_endpoint *endpoints;
	size_t n_endpoints;
};

/* A session without a repository, for logins: given as in auth_spec, no scopes. */
int repository_open_host(const char *domain, const struct client_auth *given,
			 const struct registry_spec *spec, struct registry_session **ret,
			 struct err *err);

/*
 * Finds out how an endpoint is spoken to (GET /v2/): over https or, when it is insecure, without
 * proof or over http; and what it asks for. 0 also when it did so before.
 */
int repository_reach(struct repository_endpoint *e, struct err *err);

/*
 * One request at one endpoint, with credentials. q->url is a path behind the base ("/v2/…") or a
 * whole URL; headers, body and taker are the caller's. Renews a token once. What may pass is tried
 * again when retry is not NULL. Status 401 and 403 are not an error here.
 */
int repository_request(struct repository_endpoint *e, const struct http_request *q,
		       struct retry *retry, struct arena *a, struct http_answer *ret,
		       struct err *err);

/* A struct retry as the settings say; for a mirror without second attempts. */
struct retry repository_retry(const struct repository_endpoint *e, bool upload);

/* "/v2/NAME/KIND/WHAT"; arena's. */
const char *repository_path(const struct registry_session *s, const char *kind, const char *what,
			    struct arena *a);

/*
 * Asks one endpoint after the other until one answers well: try returns 0, or a negative errno. The
 * error of the last, which is the registry itself, stands. What cancels ends it.
 */
int repository_each(struct registry_session *s,
		    int (*attempt)(void *ctx, struct repository_endpoint *e, struct err *err),
		    void *ctx, struct err *err);

/* Tells the user; text is one line. */
void repository_note(struct registry_session *s, enum registry_note note, const char *text);

#endif
