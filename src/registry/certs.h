/*
 * certs.h - certificates that belong to one registry: certs.d/HOST[:PORT]/
 *
 * As docker: *.crt are authorities beside the system's, NAME.cert and NAME.key are ours.
 */
#ifndef REGISTRY_CERTS_H
#define REGISTRY_CERTS_H

#include "base/arena.h"
#include "base/err.h"

struct certs {
	const char *authorities; /* PEM, the system's included; NULL: the system's alone */
	const char *cert, *key;  /* file names, or NULL */
};

/*
 * Of certs.d beside the settings file, and of /etc/docker/certs.d. Memory is the arena's. -EINVAL
 * when a directory holds a certificate without its key or more than one of ours.
 */
int certs_load(const char *host, struct arena *a, struct certs *ret, struct err *err);

#endif
