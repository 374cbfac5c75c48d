/*
 * floor_net.h - a container's network by bare netlink: what the floor does for -b and -t
 *
 * One message makes both ends of a link, one transaction publishes a port, one takes it back. The
 * first failure ends the program.
 */
#ifndef FLOOR_NET_H
#define FLOOR_NET_H

#include <stdbool.h>

/* In the host's namespace, before the container's is there: sockets, which the child inherits. */
void floor_net_open(const char *bridge, bool port);
/* In the container's: lo, and eth0 with 10.99.0.2 and the way out by 10.99.0.1. */
void floor_net_attach(void);
/* The port of the host that is the process's number leads to 10.99.0.2:80; and no longer. */
void floor_net_publish(void);
void floor_net_unpublish(void);

#endif
