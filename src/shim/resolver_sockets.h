/*
 * resolver_sockets.h - the sockets of a container's resolver, in the container's network namespace
 */
#ifndef SHIM_RESOLVER_SOCKETS_H
#define SHIM_RESOLVER_SOCKETS_H

#include "base/err.h"
#include "model/oci_runtime.h"

struct resolver_sockets {
	int udp, listener; /* the caller's, close-on-exec */
	int rules;         /* the same; or -1 */
};

/*
 * Opens them at 127.0.0.11 in the network namespace that the configuration joins, so that what is
 * sent to port 53 there arrives; we are in it meanwhile. Its loopback interface is up.
 */
int resolver_sockets_open(const struct oci_config *config, struct resolver_sockets *ret,
			  struct err *err);

#endif
