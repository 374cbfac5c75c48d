/*
 * cni.h - what plugins of the Container Network Interface answer
 *
 * The CNI specification (versions 0.3.1 to 1.0.0), sections 2 and 4. A plugin is a program of
 * somebody else: what it prints is read as strictly as what a registry sends.
 */
#ifndef MODEL_CNI_H
#define MODEL_CNI_H

#include "codec/schema.h"

enum { CNI_ANSWER_MAX = 1 << 20, CNI_ADDRESSES_MAX = 64 };

struct cni_ip {
	const char *address; /* "10.1.0.5/16" */
	const char *gateway; /* NULL: none */
};
SCHEMA_DECLARE(cni_ip);
struct cni_route {
	const char *dst, *gw; /* "0.0.0.0/0"; gw NULL: the address's */
};
SCHEMA_DECLARE(cni_route);
struct cni_interface {
	const char *name, *mac;
	const char *sandbox; /* "": the host's */
};
SCHEMA_DECLARE(cni_interface);
struct cni_dns {
	struct strv nameservers, search, options;
	const char *domain;
};
SCHEMA_DECLARE(cni_dns);
struct cni_result {
	const char *version;
	LIST(struct cni_interface) interfaces;
	LIST(struct cni_ip) ips;
	LIST(struct cni_route) routes;
	struct cni_dns dns;
};
SCHEMA_DECLARE(cni_result);

/* What of a result a container's endpoint is. Strings are the result's, or the arena's. */
struct cni_endpoint {
	const char *ip; /* the first IPv4 address; NULL: it has none */
	int prefix;
	const char *gateway; /* NULL: no default route leads through it */
	const char *mac;     /* of the interface in the container, or NULL */
};

/* What a plugin was asked to do for a container, in STATE/c/ID/plugins until it was asked to undo
 * it. */
struct cni_attachment {
	const char *network_id, *network, *interface;
	const char *type, *path; /* the plugin's name, and the directories it is looked for in */
	int timeout;             /* seconds */
	const char *conf;        /* JSON: what it was told */
	const char *result;      /* JSON: what it answered; NULL: it did not, or not yet */
};
SCHEMA_DECLARE(cni_attachment);
struct cni_attachments {
	LIST(struct cni_attachment) items;
};
SCHEMA_DECLARE(cni_attachments);

/*
 * Reads and checks the answer to ADD: addresses, gateways and name servers are addresses. Memory is
 * the arena's. -EINVAL: what is wrong.
 */
int cni_read_result(const char *text, size_t len, struct arena *a, struct cni_result *ret,
		    struct err *err);
/* interface: its name in the container. */
void cni_endpoint_of(const struct cni_result *r, const char *interface, struct arena *a,
		     struct cni_endpoint *ret);
/* What a plugin that failed says of it, as one line; "" when it says nothing that can be read. */
const char *cni_read_error(const char *text, size_t len, struct arena *a);
/* The answer to VERSION: the latest version that we know, too. -ENOTSUP: there is none. */
int cni_read_versions(const char *text, size_t len, const char **ret, struct err *err);
/* One that cni_read_versions() returns. */
bool cni_is_version(const char *version);

#endif
