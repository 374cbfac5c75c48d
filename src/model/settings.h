/*
 * settings.h - the settings of this machine, /etc/berth/config.json
 *
 * Names and meanings are those of docker's daemon.json where it has them. A name that is not in
 * the table is refused, so that a typing error is not a setting that does nothing.
 */
#ifndef MODEL_SETTINGS_H
#define MODEL_SETTINGS_H

#include "codec/schema.h"

enum { SETTINGS_MAX = 1 << 20 }; /* bytes of text */

struct settings_proxies {
	const char *http, *https; /* URLs; NULL: as the environment says */
	const char *no_proxy;     /* hosts, domains and networks, comma-separated */
};
SCHEMA_DECLARE(settings_proxies);

struct settings {
	struct strv insecure_registries; /* HOST, HOST:PORT or CIDR */
	struct strv registry_mirrors;    /* URLs, for docker.io */
	int max_concurrent_downloads;    /* layers at once */
	int max_concurrent_uploads;
	int max_download_attempts; /* of a request that fails for a reason that may pass */
	int max_upload_attempts;
	int registry_timeout; /* seconds in which a registry must send something */
	struct settings_proxies proxies;
};
SCHEMA_DECLARE(settings);

/* What holds without a file. */
void settings_init(struct settings *s);
/*
 * Reads and checks a text; what it does not name has the values of settings_init(). Memory is the
 * arena's. -EINVAL with the member's name.
 */
int settings_read(const char *text, size_t len, struct arena *a, struct settings *ret,
		  struct err *err);

#endif
