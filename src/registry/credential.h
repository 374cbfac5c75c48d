/*
 * credential.h - the user's names and secrets: the client's configuration and its helpers
 */
#ifndef REGISTRY_CREDENTIAL_H
#define REGISTRY_CREDENTIAL_H

#include "model/client_config.h"

/* The configuration; empty when there is none. Memory is the arena's. */
int credential_config(struct arena *a, struct client_config *ret, struct err *err);
/*
 * The credentials of a key (client_config_key()): of DOCKER_AUTH_CONFIG, a helper, or the
 * configuration. Without any, all of *ret but the key is NULL.
 */
int credential_get(const char *key, struct arena *a, struct client_auth *ret, struct err *err);
/*
 * Keeps them, where the configuration says. *ret_file is the configuration's name when they stand
 * in it as they are, else NULL.
 */
int credential_store(const struct client_auth *auth, struct arena *a, const char **ret_file,
		     struct err *err);
/* *ret_had says whether there were any. */
int credential_erase(const char *key, struct arena *a, bool *ret_had, struct err *err);

#endif
