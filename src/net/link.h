/*
 * link.h - messages about interfaces, for the files of this room
 */
#ifndef NET_LINK_H
#define NET_LINK_H

#include "net/net.h"
#include "net/netlink.h"

/* Begins a message that is acknowledged; up: the interface is to be up. */
void link_begin(struct netlink_batch *b, uint16_t type, uint16_t flags, int index, bool up);
/*
 * An interface in a container, and its lo, come up with the link's addresses, settings and routes.
 * inside: a socket of the container's namespace.
 */
int link_configure(int inside, const struct net_veth *v, struct err *err);

#endif
