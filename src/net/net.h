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
#include "codec/ip_block.h"
#include "model/net_plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NET_NAME_MAX = 16 /* an interface's name and a NUL */, NET_MAC_LEN = 6 };

/* Index of what there is for each version of IP. */
enum { NET_V4, NET_V6, NET_VERSIONS };
static inline size_t net_version(const struct ip_block *address)
{
	return address->family == 6 ? NET_V6 : NET_V4;
}
/* Whether the kernel has IPv6. */
bool net_has_ipv6(void);

/* -- interfaces (link.c) -- */

/* A socket for requests about interfaces, in the namespace we are in; the caller closes it. */
int net_link_socket(int *ret_fd, struct err *err);
/* The interface's number; -ENODEV. */
int net_link_index(int fd, const char *name, int *ret);

struct net_bridge {
	const char *name;
	unsigned char mac[NET_MAC_LEN];
	const struct ip_block *addresses; /* its own, with its network's prefix */
	size_t n_addresses;
	uint32_t mtu;
	bool is_nat; /* its containers publish ports on the host's loopback */
};
/* Makes what is missing of it: the bridge, its address, forwarding. */
int net_bridge_setup(int fd, const struct net_bridge *b, struct err *err);
/* Removes an interface of this name, if there is one. */
int net_link_remove(int fd, const char *name, struct err *err);

/* A file beneath /proc/sys/net: "ipv4/conf/eth0/log_martians". */
struct net_setting {
	const char *path, *value;
};
/* Writes them in a network namespace; we are in our own again afterwards. link_settings.c */
int net_settings_write(int netns, const struct net_setting *settings, size_t n, struct err *err);

/* One end at a bridge, the other in a container. */
struct net_veth {
	const char *bridge, *host_name; /* host_name: of the end at the bridge */
	int netns;                      /* the container's */
	const char *name;               /* there */
	unsigned char mac[NET_MAC_LEN];
	const struct ip_block *addresses; /* with their prefixes */
	size_t n_addresses;
	struct ip_block gateways[NET_VERSIONS]; /* family 0: no default route; any: no gateway */
	const struct net_setting *settings;     /* besides those that IPv6 needs */
	size_t n_settings;
	uint32_t mtu;
	bool isolated; /* hears nothing of the bridge's other ports */
};
/*
 * host: a socket of net_link_socket(), inside: one made in the container's namespace. What fails
 * leaves nothing behind. Nobody needs to take it down: it goes with the container's namespace.
 */
int net_veth_setup(int host, int inside, const struct net_veth *v, struct err *err);
/* How many packets have come in by an interface: at a veth, what its other end has sent; -ENODEV.
 */
int net_link_received(int fd, const char *name, uint64_t *ret);
/* lo, which comes up with the first other interface as well. inside: as above. */
int net_loopback_setup(int inside, struct err *err);
/* The default route by an interface, in place of any other of that version of IP. */
int net_default_route(int inside, const char *name, const struct ip_block *gateway,
		      struct err *err);

/* -- interfaces that share one of the host's (macvlan.c) -- */

/* Whether the kernel can make interfaces of a kind ("macvlan"), which may load a module. */
bool net_link_has_kind(int fd, const char *kind);

/*
 * The interface of the host that others share. One that is not there is made when its name is that
 * of a VLAN ("eth0.10"), or when it is isolated: then nobody is behind it but those that share it.
 * owner: by which net_parent_teardown() knows what we have made.
 */
struct net_parent {
	const char *name, *owner;
	bool is_isolated;
};
/* -ENODEV: it is not there and its name is no VLAN's; -EOPNOTSUPP: the kernel has no VLANs. */
int net_parent_setup(int fd, const struct net_parent *p, struct err *err);
/* Removes it if it is there and the owner's, and those that share it with it. */
int net_parent_teardown(int fd, const struct net_parent *p, struct err *err);
/* The interface and the number of "eth0.10"; -EINVAL: it is no name of a VLAN's. */
int net_parent_parse_vlan(const char *name, char ret_parent[NET_NAME_MAX], uint16_t *ret_id);

/* A container's own interface on it. Modes and flags are the kernel's words for them. */
struct net_share {
	const char *kind;        /* "macvlan", "ipvlan" */
	const char *mode, *flag; /* NULL: the kind's first */
	bool has_mac;            /* else it is the kernel's to choose, or the parent's */
	/* bridge: the parent; mtu 0: the parent's; of the host's end nothing holds. */
	struct net_veth link;
};
/* As net_veth_setup(): what fails leaves nothing, and it goes with the container's namespace. */
int net_share_setup(int host, int inside, const struct net_share *s, struct err *err);
/* Whether a kind has this mode (or flag). */
bool net_share_has_mode(const char *kind, const char *mode);
bool net_share_has_flag(const char *kind, const char *flag);

/*
 * Makes a container's interface as planned, of whatever kind. host, inside: as for
 * net_veth_setup(); netns: the container's. ret_name: of a veth's end at the bridge, else as it
 * was. What fails leaves nothing. attach.c
 */
int net_attach(int host, int inside, int netns, const struct net_link_plan *l,
	       char ret_name[NET_NAME_MAX], struct err *err);

/* Whether a route of the host, other than the default ones, leads to an address of the subnet. */
int net_route_overlaps(int fd, const struct ip_block *subnet, bool *ret, struct err *err);

/*
 * MAC of an address: 02:42 and its four bytes, so that what others remember of it stays true; of
 * IPv6 its last eight bytes, folded.
 */
void net_mac_of(const struct ip_block *address, unsigned char ret[NET_MAC_LEN]);

/* -- forwarding (forwarding.c) -- */

/* Whether the host forwards packets of this version of IP. */
bool net_forwarding_is_on(size_t version);
/*
 * From now on it does. A router does not listen to other routers: interfaces that learn their
 * addresses and routes by router advertisements go on doing so.
 */
int net_forwarding_enable(size_t version, struct err *err);

/* -- rules (ruleset.c) -- */

/* What a bridge does with one version of IP. */
struct net_nat {
	bool on; /* its containers have addresses of it */
	bool masquerade;
	struct ip_block source; /* whose address what goes out has; family 0: the interface's */
	bool unprotected;       /* other machines reach every port, if they know the way */
	bool routed; /* and answers to ping; published ports are opened, not translated */
};
/* A bridge as the rules know it. */
struct net_member {
	const char *bridge;
	const struct ip_block *subnets;
	size_t n_subnets;
	bool is_internal; /* nothing goes out */
	bool icc;         /* its containers may talk */
	struct net_nat nat[NET_VERSIONS];
	const char *const *trusted; /* interfaces of the host from which all may come in */
	size_t n_trusted;
};
/* A port of the host that leads to one of a container. */
struct net_port {
	uint8_t protocol;             /* IPPROTO_TCP, _UDP, _SCTP */
	struct ip_block host_address; /* 0.0.0.0, ::: any of that version */
	uint16_t host_port;           /* 0: none; others reach the container's address itself */
	struct ip_block address;      /* of the same version */
	uint16_t port;
};
struct net_rules {
	const struct net_member *members;
	size_t n_members;
	const struct net_port *ports;
	size_t n_ports;
	/* The host forwards for us only: drop what is between other interfaces. */
	bool no_transit[NET_VERSIONS];
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
int net_conntrack_forget(const struct ip_block *address);

#endif
