/*
 * uplink_program.h - the program that connects a container, and how it is told what to do
 */
#ifndef SHIM_UPLINK_PROGRAM_H
#define SHIM_UPLINK_PROGRAM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "model/net_plan.h"

#include <stdbool.h>

/* Descriptors that it starts with beside 0, 1 and 2. */
enum {
	UPLINK_FD_NETNS = 3,
	UPLINK_FD_READY = 4, /* it writes there when all is in place */
	UPLINK_FD_DIR = 5,   /* STATE/c/ID */
};

struct uplink_program {
	const char *path; /* the arena's */
	struct strv argv; /* ends with NULL */
	bool asks;        /* ports are opened by uplink_slirp_publish() */
};

/* -ENOENT says what to install. */
int uplink_program_find(const struct net_plan *plan, struct arena *a, struct uplink_program *ret,
			struct err *err);

/* Asks slirp4netns, which has its socket in dir by now, for the ports. */
int uplink_slirp_publish(int dir, const struct net_plan *plan, struct err *err);

#endif
