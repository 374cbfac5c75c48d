/*
 * redirect.h - URLs: where an answer sends us, and whom we may trust there
 */
#ifndef REGISTRY_REDIRECT_H
#define REGISTRY_REDIRECT_H

#include "base/err.h"

#include <stdbool.h>

/*
 * The absolute URL (heap) of a Location as it stands in the answer to url. Only http and https, no
 * user names; from https to http only when insecure. -EPROTO.
 */
int redirect_resolve(const char *url, const char *location, bool insecure, char **ret_url,
		     struct err *err);
/* The same scheme, host and port: what was told the one may be told the other (RFC 6454). */
bool redirect_is_same_origin(const char *url, const char *other);
/* url with "name=value" behind its query (heap); the value is escaped. */
char *redirect_add_query(const char *url, const char *name, const char *value);
/* For messages (heap): without the query, in which signatures may stand. */
char *redirect_shown(const char *url);
/* HOST[:PORT] as it stands in a URL (heap), or NULL when it is none. */
char *redirect_host(const char *url);
bool redirect_is_https(const char *url);

#endif
