/*
 * endpoint.h - where a registry is, and how much it must be trusted
 */
#ifndef REGISTRY_ENDPOINT_H
#define REGISTRY_ENDPOINT_H

#include "model/settings.h"

struct endpoint {
	const char *host; /* HOST[:PORT]: credentials and certificates are kept by it */
	const char *base; /* URL without "/v2" and a slash at its end; the scheme may still fall
			     back to http when it is insecure */
	bool mirror;      /* asked first, and its failures do not matter */
	bool insecure;    /* need not prove who it is, and may speak http */
};

struct endpoint_list {
	struct endpoint *items;
	size_t n;
};

/*
 * The endpoints of a reference's domain in the order in which they are asked. Mirrors are for
 * docker.io and pulls only. The list is the arena's. Names are looked up when networks are among
 * the insecure registries.
 */
struct endpoint_list endpoint_find(const char *domain, bool pull, const struct settings *settings,
				   struct arena *a);

/* HOST[:PORT] is on this machine (127.0.0.0/8, ::1, localhost). */
bool endpoint_is_loopback(const char *host);
/* Or among insecure-registries. */
bool endpoint_is_insecure(const char *host, const struct settings *settings);

#endif
