/*
 * net_plan.h - what a shim is to make of a container's network
 *
 * Part of its plan, and, as JSON in STATE/c/ID/network, what others clean up when it was killed.
 */
#ifndef MODEL_NET_PLAN_H
#define MODEL_NET_PLAN_H

#include "codec/schema.h"

/* The kind of a link that a plugin makes; here stands only that it is wanted. */
#define NET_LINK_PLUGIN "plugin"

/* An interface. Addresses are texts of what the store has; they were checked there. */
struct net_link_plan {
	const char *bridge, *name; /* bridge: or parent; name: in the container */
	struct strv addresses;     /* "172.17.0.2/16" */
	const char *mac;           /* "02:42:ac:11:00:02"; NULL: the parent's */
	/* Of the default routes; NULL: not by this one. */
	const char *gateway, *gateway6;
	struct strv settings; /* "ipv4/conf/eth0/log_martians=1", beneath /proc/sys/net */
	uint32_t mtu;         /* 0: the parent's */
	bool isolated;
	const char *kind; /* "macvlan", "ipvlan", NET_LINK_PLUGIN; NULL: a veth at a bridge */
	const char *mode, *flag; /* the kind's; NULL: its usual one */
};
SCHEMA_DECLARE(net_link_plan);

struct net_port_plan {
	uint32_t protocol;   /* IPPROTO_* */
	const char *host_ip; /* "0.0.0.0", "::": any */
	uint32_t host_port;  /* 0: none, the container's own is opened */
	const char *ip;      /* of the same version */
	uint32_t port;
};
SCHEMA_DECLARE(net_port_plan);

struct net_plan {
	LIST(struct net_link_plan) links;
	LIST(struct net_port_plan) ports;
	int join_pid;        /* the process whose network it shares ... */
	uint64_t join_start; /* ... and its start time; 0: none */
	/* An ordinary user's bridges are in the network namespace of this process, his keeper; 0:
	 * in the shim's own. Then what is outside is reached, and ports are published, by a
	 * program. */
	int home_pid;
	uint64_t home_start;
	bool uplink; /* connected to what is outside */
};
SCHEMA_DECLARE(net_plan);

#endif
