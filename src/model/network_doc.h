/*
 * network_doc.h - what the store remembers of a network, and of a container's place in it
 *
 * Names of members are those of the Docker Engine API (NetworkInspect, EndpointSettings).
 */
#ifndef MODEL_NETWORK_DOC_H
#define MODEL_NETWORK_DOC_H

#include "codec/schema.h"

enum { NETWORK_ID_LEN = 64, NETWORK_DOC_VERSION = 1, NETWORK_MTU = 1500 };

struct ipam_config {
	const char *subnet;   /* "172.17.0.0/16" */
	const char *ip_range; /* NULL: all of it */
	const char *gateway;
	struct str_map reserved; /* --aux-address: name to address */
};
SCHEMA_DECLARE(ipam_config);

struct network_ipam {
	const char *driver; /* "default" */
	struct str_map options;
	LIST(struct ipam_config) config;
};
SCHEMA_DECLARE(network_ipam);

struct network_doc {
	int version; /* NETWORK_DOC_VERSION */
	const char *id, *name;
	int64_t created;    /* ns */
	const char *driver; /* "bridge", "macvlan", "host", "null" */
	bool internal, attachable;
	bool ipv6, no_ipv4;
	struct network_ipam ipam;
	struct str_map options, labels;
	const char *device; /* the bridge; NULL: none */
};
SCHEMA_DECLARE(network_doc);

/* A gateway that is none: the way out leads by the interface alone. */
#define NETWORK_NO_GATEWAY  "0.0.0.0"
#define NETWORK_NO_GATEWAY6 "::"

/* A container in a network. What is empty while it does not run comes last. */
struct endpoint {
	const char *network;    /* name */
	const char *network_id; /* of the network that it was when the container was made */
	const char *wanted_ip, *wanted_ip6, *wanted_mac; /* the user's choice; NULL: ours */
	struct strv aliases;
	struct strv link_local;     /* addresses besides */
	struct str_map driver_opts; /* com.docker.network.endpoint.* */
	int gw_priority;            /* the highest is the way out */
	const char *endpoint_id;
	const char *interface; /* its name in the container */
	const char *ip, *mac, *gateway;
	const char *ip6, *gateway6;
	int prefix, prefix6;
};
SCHEMA_DECLARE(endpoint);

/* A published port: "80/tcp". HostPort "" or a range is a wish; once it runs it is a number. */
struct port_binding {
	const char *port, *host_ip, *host_port;
};
SCHEMA_DECLARE(port_binding);

#endif
