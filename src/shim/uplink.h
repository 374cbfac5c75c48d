/*
 * uplink.h - an ordinary user's container and what is outside
 *
 * He cannot connect a network namespace to the machine's. pasta(1), or slirp4netns(1) where there
 * is no pasta, is a program in the machine's network namespace that has an interface in the
 * container's: it turns what comes by that into sockets of its own, and listens at published ports.
 */
#ifndef SHIM_UPLINK_H
#define SHIM_UPLINK_H

#include "base/err.h"
#include "model/net_plan.h"

#include <sys/types.h>

struct uplink {
	pid_t pid; /* 0: none */
	int pidfd;
};
#define UPLINK_NONE                                                                                \
	{                                                                                          \
		.pid = 0, .pidfd = -1                                                              \
	}

/*
 * Starts it for the container's network namespace and returns when the interface is configured and
 * all ports are open. dir: STATE/c/ID. It is our child, and dies with us.
 */
int uplink_start(struct uplink *u, int netns, int dir, const struct net_plan *plan,
		 struct err *err);
/* Ends it; its ports are free then. Nothing to end is fine. */
void uplink_stop(struct uplink *u);

#endif
