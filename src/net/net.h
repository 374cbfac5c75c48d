/*
 * net.h - networks in the kernel: bridges, links of containers, published ports
 *
 * Knows nothing of the store: what is to be there comes in, and what is there already is no error.
 * Every setup has a teardown to which nothing to take down is fine. Functions without a descriptor
 * work in the network namespace that the caller is in.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "base/err.h"
#include "codec/cidr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NET_NAME_MAX = 16 /* an interface's name and a NUL */, NET_MAC_LEN = 6 };

/* -- interfaces (link.c) -- */

/* A socket for requests about interfaces, in the namespace we are in; the caller closes it. */
int net_link_socket(int *ret_fd, struct err *err);
/* The interface's number; -ENODEV. */
int net_link_index(int fd, const char *name, int *ret);

/* address: the bridge's own, with its network's prefix. prefix 0: it has none. */
struct net_bridge {
	const char *name;
	struct cidr address;
	uint32_t mtu;
	bool is_nat; /* its containers publish ports on the host's loopback */
};
/* Makes what is missing of it: the bridge, its address, forwarding. */
int net_bridge_setup(int fd, const struct net_bridge *b, struct err *err);
/* Removes an interface of this name, if there is one. */
int net_link_remove(int fd, const char *name, struct err *err);

/* One end at a bridge, the other in a container. */
struct net_veth {
	const char *bridge, *host_name; /* host_name: of the end at the bridge */
	int netns;                      /* the container's */
	const char *name;               /* there */
	unsigned char mac[NET_MAC_LEN];
	struct cidr address;
	uint32_t gateway; /* 0: no default route */
	uint32_t mtu;
	bool isolated; /* hears nothing of the bridge's other ports */
};
/*
 * host: a socket of net_link_socket(), inside: one made in the container's namespace. What fails
 * leaves nothing behind. Nobody needs to take it down: it goes with the container's namespace.
 */
int net_veth_setup(int host, int inside, const struct net_veth *v, struct err *err);
/* The default route by an interface, in place of any other. */
int net_default_route(int inside, const char *name, uint32_t gateway, struct err *err);

/* Whether a route of the host, other than the default ones, leads to an address of the subnet. */
int net_route_overlaps(int fd, const struct cidr *subnet, bool *ret, struct err *err);

/* MAC of an address: 02:42 and its four bytes, so that what others remember of it stays true. */
void net_mac_of(uint32_t address, unsigned char ret[NET_MAC_LEN]);

/* -- rules (ruleset.c) -- */

/* A bridge as the rules know it. */
struct net_member {
	const char *bridge;
	struct cidr subnet;
	bool is_internal; /* nothing goes out */
	bool masquerade;
	bool icc; /* its containers may talk */
};
/* A port of the host that leads to one of a container. */
struct net_port {
	uint8_t protocol;      /* IPPROTO_TCP, _UDP, _SCTP */
	uint32_t host_address; /* 0: any */
	uint16_t host_port;
	uint32_t address;
	uint16_t port;
};
struct net_rules {
	const struct net_member *members;
	size_t n_members;
	const struct net_port *ports;
	size_t n_ports;
	bool no_transit; /* the host forwards for us only: drop what is between other interfaces */
};

int net_rules_socket(int *ret_fd, struct err *err);
/* -ENOENT when there are none, or somebody has flushed them. */
int net_rules_find(int fd);
/* Replaces all of them, in one transaction: what is not named is gone. */
int net_rules_write(int fd, const struct net_rules *rules, struct err *err);
int net_rules_remove(int fd, struct err *err);

/*
 * Adds or removes in one transaction. Adding what is there is fine. -ENOENT: the rules are not
 * there (adding), or one of these is not (removing, which removes the others all the same).
 */
int net_rules_add(int fd, const struct net_rules *rules, struct err *err);
int net_rules_drop(int fd, const struct net_rules *rules);

/* -- connections (conntrack.c) -- */

/* Forgets those from and to an address, so that a later owner of it gets none of them. */
int net_conntrack_forget(uint32_t address);

#endif
