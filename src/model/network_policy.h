/*
 * network_policy.h - which traffic of containers passes, by their labels
 *
 * Kubernetes' NetworkPolicy without namespaces. A policy selects containers by their labels. In the
 * directions that it names, a selected container has no traffic but what some rule of some policy
 * that selects it allows; policies add up, their order means nothing. Containers that no policy
 * selects are as free as their networks leave them. What a network forbids, no policy opens.
 */
#ifndef MODEL_NETWORK_POLICY_H
#define MODEL_NETWORK_POLICY_H

#include "model/label_selector.h"

enum {
	NETWORK_POLICY_DOC_VERSION = 1,
	NETWORK_POLICY_NAME_MAX = 128,
	NETWORK_POLICY_RULES_MAX = 1024, /* of a direction, once peers and ports are multiplied */
};

enum policy_direction { POLICY_INGRESS, POLICY_EGRESS, POLICY_DIRECTIONS };
extern const char *const policy_direction_names[POLICY_DIRECTIONS + 1];

/* Who is at the other end: one of labels and network (or both), a CIDR, the world. */
struct policy_peer {
	const struct label_selector *selector; /* containers; NULL: not asked for */
	const char *network;                   /* containers, by their addresses there */
	const char *cidr;                      /* addresses, whoever has them */
	struct strv except;                    /* CIDRs within it */
	bool world;                            /* addresses that are in no network of Berth */
};
SCHEMA_DECLARE(policy_peer);

struct policy_port {
	const char *protocol; /* "tcp", "udp", "sctp", "icmp" (both versions) */
	uint32_t port;        /* the container's, or 0: all */
	uint32_t end_port;    /* 0: as port */
};
SCHEMA_DECLARE(policy_port);

/* No peers: all of them. No ports: all, of all protocols. */
struct policy_rule {
	LIST(struct policy_peer) peers; /* "from", "to" */
	LIST(struct policy_port) ports;
};
SCHEMA_DECLARE(policy_ingress_rule);
SCHEMA_DECLARE(policy_egress_rule);

struct policy_rule_list {
	struct policy_rule *items;
	size_t n;
};

struct network_policy {
	int version; /* NETWORK_POLICY_DOC_VERSION */
	const char *name;
	int64_t created;                       /* ns; the last change */
	const struct label_selector *selector; /* whom it protects; never NULL once checked */
	struct strv directions;                /* never empty once checked */
	LIST(struct policy_rule) ingress;
	LIST(struct policy_rule) egress;
};
SCHEMA_DECLARE(network_policy);

bool network_policy_has(const struct network_policy *p, enum policy_direction d);
struct policy_rule_list network_policy_rules(const struct network_policy *p,
					     enum policy_direction d);
/* IPPROTO_TCP and so on, ICMP for both versions; -EINVAL. */
int network_policy_protocol(const char *name);
/* "tcp/80-90", "all ports". */
const char *network_policy_port_text(const struct policy_port *port, struct arena *a);
/* "web in network:front", "10.0.0.0/8 except 10.1.0.0/16", "world". */
const char *network_policy_peer_text(const struct policy_peer *peer, struct arena *a);

/*
 * Fills in what may be left out (directions as in Kubernetes: ingress, and egress when there are
 * rules for it; protocols in small letters, tcp when there is none) and checks all that a table
 * does not. Memory is the arena's. -EINVAL "ingress[0].ports[1].port: …".
 */
int network_policy_check(struct network_policy *p, struct arena *a, struct err *err);

struct network_policy_list {
	struct network_policy *items;
	size_t n;
};
enum { NETWORK_POLICIES_MAX = 1000 }; /* in one file */
struct json_object;
/*
 * Adds the policy of one JSON document to a list that has room for it. Strings are the arena's.
 * -EINVAL with the path of what is wrong.
 */
int network_policy_read_tree(struct json_object *tree, struct arena *a,
			     struct network_policy_list *list, struct err *err);
/*
 * Reads and checks all policies of a YAML or JSON text: one a document, or a list of them in one.
 * Memory is the arena's. -EINVAL "document 2: policy db: ingress[0]…", also for names that stand
 * there twice, members that no policy has, and a text without any policy.
 */
int network_policy_read(const char *text, size_t len, struct arena *a,
			struct network_policy_list *ret, struct err *err);

/* What --from and --to take: "world", CIDR, address, "network:NAME", or a selector. -EINVAL. */
int network_policy_parse_peer(const char *text, struct arena *a, struct policy_peer *ret,
			      struct err *err);
/* What --port takes: "80", "8000-8010/udp", "icmp", "tcp". -EINVAL. */
int network_policy_parse_port(const char *text, struct policy_port *ret, struct err *err);

#endif
