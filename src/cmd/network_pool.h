/*
 * network_pool.h - --subnet, --gateway, --ip-range and --aux-address as pools
 */
#ifndef CMD_NETWORK_POOL_H
#define CMD_NETWORK_POOL_H

#include "base/err.h"
#include "model/network_doc.h"

struct network_pool_flags {
	struct strv subnet, gateway, ip_range, aux_address; /* aux_address: "NAME=ADDRESS" */
};

/*
 * A pool for each subnet, with what lies in it: the arena's, *ret_n of them. -EINVAL: something is
 * in no subnet, in more than one of those given, or there twice.
 */
int network_pool_build(const struct network_pool_flags *f, struct arena *a,
		       struct ipam_config **ret, size_t *ret_n, struct err *err);

#endif
