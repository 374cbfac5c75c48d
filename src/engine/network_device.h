/*
 * network_device.h - what of a network is in the kernel
 */
#ifndef ENGINE_NETWORK_DEVICE_H
#define ENGINE_NETWORK_DEVICE_H

#include "engine/room.h"
#include "model/net_plan.h"
#include "net/net.h"

/* Makes what is missing: the bridge, the rules, forwarding. */
int network_device_ensure(struct engine *e, const struct network_doc *n, struct err *err);
/* Takes it down, when the store does not know the network any more. */
int network_device_remove(struct engine *e, const struct network_doc *n, struct err *err);
/*
 * Takes down what removed networks have left, and writes the rules anew when somebody has flushed
 * them, or always.
 */
int network_device_heal(struct engine *e, bool always, struct err *err);

/* What a shim is to make is noted in STATE/c/ID, for those who have to clean up after it. */
int network_device_note(int dir, const struct net_plan *plan, struct err *err);
/* Takes back the published ports of a container whose shim has not done so. */
void network_device_unpublish(int dir);

#endif
