/*
 * netns.h - the network of the container that is supervised
 */
#ifndef SHIM_NETNS_H
#define SHIM_NETNS_H

#include "base/arena.h"
#include "base/err.h"
#include "model/shim_plan.h"
#include "net/net.h"
#include "shim/uplink.h"

/* The end at the bridge, and the addresses of the other one. */
struct netns_link {
	char name[NET_NAME_MAX];
	struct ip_block *addresses;
	size_t n_addresses;
};

/* What is held as long as the container runs: a socket on each published port of the host. */
struct netns {
	struct netns_link *links;
	size_t n_links;
	struct ip_block *addresses; /* of all links */
	struct net_port *ports;
	int *sockets;
	size_t n;
	int rules; /* the socket by which they were taken back */
	struct uplink uplink;
};
#define NETNS_NONE                                                                                 \
	{                                                                                          \
		.rules = -1, .uplink = UPLINK_NONE                                                 \
	}

/*
 * Makes the namespace with its links, or opens the one that is shared, and takes and publishes the
 * ports. dir: STATE/c/ID. *ret_fd: the namespace, which the caller closes when somebody is in it.
 * What fails leaves nothing.
 */
int netns_setup(struct netns *n, const struct net_plan *plan, int dir, int *ret_fd,
		struct err *err);
/*
 * Takes the ports back; the rest goes with the last process in the namespace. Closing the socket
 * that is left open waits until the kernel has freed the elements (10 to 20 ms): we end with it.
 */
void netns_unpublish(struct netns *n);
/*
 * Forgets connections from and to it, for whoever has the ports or the addresses next: nobody ends
 * those that were open when its namespace went. The kernel looks at all that it tracks to find
 * them, milliseconds on a busy machine, so that is spared for a container that has sent nothing.
 */
void netns_forget(const struct netns *n);

/* The configuration joins the namespace instead of making one. */
void netns_join(struct oci_config *config, int fd, struct arena *a);

#endif
