/*
 * network_driver.h - kinds of networks behind one interface
 *
 * A driver is a row of network_driver.c: what a network's options may be, what of it is in the
 * kernel before a container joins, and what is taken down when it is removed. Everything else
 * (documents, addresses, names, who is where) is the same for all and none of the driver's
 * business.
 */
#ifndef ENGINE_NETWORK_DRIVER_H
#define ENGINE_NETWORK_DRIVER_H

#include "engine/room.h"
#include "model/net_plan.h"

enum network_scope { NETWORK_SCOPE_LOCAL, NETWORK_SCOPE_GLOBAL };

struct network_driver {
	const char *name; /* "bridge"; NULL: of a family of names, see network_driver_cni */
	enum network_scope scope;
	bool publishes; /* ports of the host can lead to its containers */
	/*
	 * Of a document that is about to be stored: checks its options, and fills in what follows
	 * from them. Outside of any transaction. -ENOTSUP: this kernel or machine cannot.
	 */
	int (*validate)(struct engine *e, struct network_doc *n, struct arena *a, struct err *err);
	/*
	 * Makes what is missing of it before a container joins, and says what a container's
	 * interface is: *link has its name, addresses and gateway already. NULL: no container can
	 * be connected to it.
	 */
	int (*setup)(struct engine *e, const struct network_doc *n, struct net_link_plan *link,
		     struct arena *a, struct err *err);
	/* It is gone from the store. Half-made and absent is fine. NULL: nothing was made. */
	int (*teardown)(struct engine *e, const struct network_doc *n, struct err *err);
	/* What differs of an endpoint's addresses, once it has them; NULL: nothing does. */
	void (*address)(const struct network_doc *n, struct endpoint *ep);
};

/* By the name in a document, or NULL. */
const struct network_driver *network_driver_find(const char *name);
/* The same of a document; a name that is none any more has a driver that refuses everything. */
const struct network_driver *network_driver_of(const struct network_doc *n);
/* "local", "global" */
const char *network_driver_scope(const struct network_doc *n);
/* validate() of the driver that the document names; -ENOTSUP: there is none. */
int network_driver_validate(struct engine *e, struct network_doc *n, struct arena *a,
			    struct err *err);
/* teardown() of what removed networks have left behind. */
int network_driver_heal(struct engine *e, struct err *err);

extern const struct network_driver network_driver_bridge, network_driver_macvlan,
	network_driver_ipvlan, network_driver_cni;

/* -- checks of options, for drivers -- */

/* Whether it is a number from MTU's least to its most. */
int network_driver_check_mtu(const struct str_pair *o, struct err *err);
/* A name that an interface can have. */
int network_driver_check_device(const struct str_pair *o, struct err *err);

/* -- what may have to be taken down (network_driver_mark.c) -- */

/*
 * STATE/drivers/ID holds the document of a network of which there may be something in the kernel,
 * from before it is made until after it is removed. Whoever makes or removes has the lock, which
 * goes with the descriptor.
 */
int network_driver_lock(struct engine *e, int *ret_lock, struct err *err);
int network_driver_mark(struct engine *e, const struct network_doc *n, struct err *err);
bool network_driver_is_marked(struct engine *e, const struct network_doc *n);
void network_driver_unmark(struct engine *e, const struct network_doc *n);
/* Every marked network that the store does not know. */
typedef int network_driver_lost_fn(struct engine *e, const struct network_doc *n, struct err *err);
int network_driver_each_lost(struct engine *e, network_driver_lost_fn *each, struct err *err);

#endif
