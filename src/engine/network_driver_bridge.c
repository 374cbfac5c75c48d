/*
 * network_driver_bridge.c - networks that are bridges of the host, and its rules
 */
#include "engine/label_policy.h"
#include "engine/network_device.h"
#include "engine/network_driver.h"
#include "engine/network_option.h"

#include "base/own.h"

enum { DEVICE_ID = 12 };

static int validate(struct engine *e, struct network_doc *n, struct arena *a, struct err *err)
{
	const char *chosen = str_map_get(&n->options, "com.docker.network.bridge.name");
	int r = network_option_check(n, err);

	(void)e;
	if (r == 0)
		n->device = chosen ? chosen : arena_printf(a, "br-%.*s", DEVICE_ID, n->id);
	return r;
}

/* The bridge answers for these of its containers' addresses. */
static int answer_for(const struct network_doc *n, const struct strv *addresses, struct err *err)
{
	struct ip_block address;
	int r = policy_bridge_answer(n->device, true, err);

	for (size_t i = 0; r == 0 && i < addresses->n; i++) {
		if (ip_block_parse_within(addresses->items[i], &address) < 0 ||
		    address.family != 6 || ip_block_is_link_local(&address))
			continue;
		address = ip_block_address(&address);
		r = policy_bridge_answer_for(n->device, &address, true, err);
	}
	return r;
}

/* While there is any policy, bridges answer for their containers and their ports are isolated. */
static int setup(struct engine *e, const struct network_doc *n, struct net_link_plan *link,
		 struct arena *a, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	bool routed;
	int r = state_begin(e->st, STATE_READ, &txn, err);

	(void)a;
	if (r < 0)
		return r;
	routed = label_policy_any(txn);
	state_abort(&txn);
	link->bridge = n->device;
	link->mtu = network_option_mtu(n);
	link->isolated = routed || !network_option_icc(n);
	r = network_device_ensure(e, n, err);
	return r == 0 && routed ? answer_for(n, &link->addresses, err) : r;
}

const struct network_driver network_driver_bridge = {
	.name = "bridge",
	.publishes = true,
	.validate = validate,
	.setup = setup,
	.teardown = network_device_remove,
};
