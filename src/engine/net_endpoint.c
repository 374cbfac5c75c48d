/*
 * net_endpoint.c - a container's places in networks
 */
#include "engine/net_endpoint.h"

#include "base/own.h"
#include "engine/container_query.h"
#include "engine/net_names.h"
#include "engine/label_policy.h"
#include "engine/network.h"
#include "engine/network_device.h"
#include "engine/network_ipam.h"
#include "sys/proc.h"

#include <sys/random.h>

enum { ENDPOINT_ID_BYTES = 32 };

const char *net_endpoint_shared(const struct container *c)
{
	return str_after(c->host_config.network_mode, "container:");
}

const struct endpoint *net_endpoint_main(const struct container *c)
{
	for (size_t i = 0; i < c->endpoints.n; i++)
		if (!str_is_empty(c->endpoints.items[i].gateway))
			return &c->endpoints.items[i];
	return c->endpoints.n ? &c->endpoints.items[0] : NULL;
}

/* -- when it is made -- */

static bool has_bridge(const struct container *c)
{
	const char *mode = c->host_config.network_mode;

	return !net_endpoint_shared(c) && !str_eq(mode, "none") && !str_eq(mode, "host");
}

static int resolve_shared(struct state_txn *txn, struct container *c, struct arena *a,
			  struct err *err)
{
	char id[CONTAINER_ID_LEN + 1];
	struct container target;
	int r = container_query_id(txn, net_endpoint_shared(c), id, err);

	if (r == 0)
		r = state_get_doc(txn, STATE_CONTAINERS, id, &container_schema, a, &target, err);
	if (r < 0)
		return r;
	if (str_eq(target.host_config.network_mode, "host"))
		return err_set(err, -EINVAL,
			       "container %.12s has the host's network; use --network host", id);
	c->host_config.network_mode = arena_printf(a, "container:%s", id);
	c->config.hostname = target.config.hostname;
	c->config.domainname = target.config.domainname;
	return 0;
}

int net_endpoint_join(struct state_txn *txn, const struct container *c, struct endpoint *ep,
		      struct arena *a, struct err *err)
{
	struct network_doc n;
	uint32_t unused;
	int r = network_find_in(txn, ep->network, a, &n, err);

	if (r < 0)
		return r;
	if (!n.device)
		return err_set(err, -EINVAL,
			       "container cannot be connected to the network %s and to others",
			       n.name);
	ep->network = n.name;
	ep->network_id = n.id;
	r = net_names_check(c, ep, err);
	if (r < 0 || !ep->wanted_ip)
		return r;
	if (str_eq(n.name, NETWORK_DEFAULT))
		return err_set(
			err, -EINVAL,
			"invalid endpoint settings: user specified IP address is supported on "
			"user defined networks only");
	return network_ipam_take(txn, &n, ep->wanted_ip, c->id, &unused, err);
}

int net_endpoint_resolve(struct state_txn *txn, struct container *c, struct arena *a,
			 struct err *err)
{
	struct endpoint *only;
	int r = 0;

	if (net_endpoint_shared(c))
		return resolve_shared(txn, c, a, err);
	if (!has_bridge(c))
		return 0;
	if (c->endpoints.n == 0) {
		only = c->endpoints.items = arena_new(a, struct endpoint);
		only->network = c->host_config.network_mode;
		c->endpoints.n = 1;
	}
	for (size_t i = 0; r == 0 && i < c->endpoints.n; i++) {
		r = net_endpoint_join(txn, c, &c->endpoints.items[i], a, err);
		for (size_t k = 0; r == 0 && k < i; k++)
			if (str_eq(c->endpoints.items[k].network_id,
				   c->endpoints.items[i].network_id))
				r = err_set(err, -EINVAL, "network %s is named twice",
					    c->endpoints.items[i].network);
	}
	if (r == 0)
		c->host_config.network_mode = c->endpoints.items[0].network;
	return r;
}

/* -- when it runs -- */

static const char *make_id(struct arena *a)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[ENDPOINT_ID_BYTES];
	char *text = arena_alloc(a, 2 * ENDPOINT_ID_BYTES + 1);

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return "";
	for (size_t i = 0; i < ENDPOINT_ID_BYTES; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return text;
}

static const char *mac_text(uint32_t address, struct arena *a)
{
	unsigned char m[NET_MAC_LEN];

	net_mac_of(address, m);
	return arena_printf(a, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static int take_one(struct state_txn *txn, const struct container *c, struct endpoint *ep,
		    const char **ret_binding, struct arena *a, struct err *err)
{
	struct network_doc n;
	char text[CIDR_TEXT_MAX];
	uint32_t address;
	int r = state_get_doc(txn, STATE_NETWORKS, ep->network_id, &network_doc_schema, a, &n, err);

	if (r == -ENOENT)
		return err_set(err, r, "network %s not found", ep->network);
	if (r < 0)
		return err_wrap(err, "network %s", ep->network);
	r = network_ipam_take(txn, &n, ep->wanted_ip, c->id, &address, err);
	if (r < 0)
		return r;
	cidr_write_address(address, text);
	ep->ip = arena_strdup(a, text);
	ep->mac = ep->wanted_mac ? ep->wanted_mac : mac_text(address, a);
	ep->prefix = (int)network_ipam_subnet(&n).prefix;
	ep->gateway = n.internal ? NULL : n.ipam.config.items[0].gateway;
	ep->endpoint_id = make_id(a);
	*ret_binding = str_map_get(&n.options, "com.docker.network.bridge.host_binding_ipv4");
	return 0;
}

int net_endpoint_address(struct state_txn *txn, const struct container *c, struct endpoint *ep,
			 struct arena *a, struct err *err)
{
	const char *unused;

	return take_one(txn, c, ep, &unused, a, err);
}

int net_endpoint_take(struct state_txn *txn, struct container *c, struct arena *a, struct err *err)
{
	const char *binding = NULL;
	int r = 0;

	c->ports.n = 0;
	for (size_t i = 0; r == 0 && i < c->endpoints.n; i++) {
		const char *of_this = NULL;

		c->endpoints.items[i].interface = arena_printf(a, "eth%zu", i);
		r = take_one(txn, c, &c->endpoints.items[i], &of_this, a, err);
		if (r == 0 && &c->endpoints.items[i] == net_endpoint_main(c))
			binding = of_this;
	}
	/* Where nothing comes in from outside nothing is published. */
	if (r == 0 && c->endpoints.n && !str_is_empty(net_endpoint_main(c)->gateway))
		r = net_endpoint_port_choose(c, binding, a, err);
	return r < 0 ? r : label_policy_start(txn, c, err);
}

int net_endpoint_release(struct state_txn *txn, struct container *c, struct err *err)
{
	int r = label_policy_stop(txn, c, err);

	for (size_t i = 0; r == 0 && i < c->endpoints.n; i++) {
		struct endpoint *ep = &c->endpoints.items[i];

		if (!ep->wanted_ip)
			r = network_ipam_release(txn, ep->network_id, ep->ip, c->id, err);
		ep->ip = ep->mac = ep->gateway = ep->endpoint_id = ep->interface = NULL;
		ep->prefix = 0;
	}
	c->ports.n = 0;
	return r;
}

int net_endpoint_forget(struct state_txn *txn, const struct container *c, struct err *err)
{
	int r = label_policy_stop(txn, c, err);

	for (size_t i = 0; r == 0 && i < c->endpoints.n; i++) {
		const struct endpoint *ep = &c->endpoints.items[i];

		r = network_ipam_release(txn, ep->network_id, ep->wanted_ip, c->id, err);
		if (r == 0)
			r = network_ipam_release(txn, ep->network_id, ep->ip, c->id, err);
	}
	return r;
}

/* -- what the shim makes -- */

static int plan_shared(struct engine *e, const struct container *c, struct arena *a,
		       struct net_plan *plan, struct err *err)
{
	struct container target;
	int r = container_find(e, net_endpoint_shared(c), a, &target, err);

	if (r < 0)
		return r;
	if (!target.state.pid)
		return err_set(err, -EBUSY, "cannot join network of a non running container: %s",
			       target.id);
	plan->join_pid = target.state.pid;
	r = proc_start_time(target.state.pid, &plan->join_start);
	return r < 0 ? err_set(err, -EBUSY, "cannot join network of a non running container: %s",
			       target.id)
		     : 0;
}

int net_endpoint_ready(struct engine *e, const struct network_doc *n, bool *ret_isolated,
		       struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	bool routed;
	int r = state_begin(e->st, STATE_READ, &txn, err);

	if (r < 0)
		return r;
	routed = label_policy_any(txn);
	state_abort(&txn);
	*ret_isolated = routed || !network_device_icc(n);
	r = network_device_ensure(e, n, err);
	return r == 0 && routed && n->device ? policy_bridge_answer(n->device, true, err) : r;
}

static int plan_one(struct engine *e, const struct container *c, size_t i, struct arena *a,
		    struct net_link_plan *ret, struct err *err)
{
	const struct endpoint *ep = &c->endpoints.items[i];
	OWN(state_txn) struct state_txn *txn = NULL;
	struct network_doc n;
	bool isolated;
	int r = state_begin(e->st, STATE_READ, &txn, err);

	if (r == 0)
		r = state_get_doc(txn, STATE_NETWORKS, ep->network_id, &network_doc_schema, a, &n,
				  err);
	state_abort(&txn);
	if (r == -ENOENT)
		return err_set(err, r, "network %s not found", ep->network);
	if (r == 0)
		r = net_endpoint_ready(e, &n, &isolated, err);
	if (r < 0)
		return r;
	*ret = (struct net_link_plan){
		.bridge = n.device,
		.name = ep->interface,
		.address = arena_printf(a, "%s/%d", ep->ip, ep->prefix),
		.mac = ep->mac,
		.gateway = ep == net_endpoint_main(c) && !str_is_empty(ep->gateway) ? ep->gateway
										    : NULL,
		.mtu = network_device_mtu(&n),
		.isolated = isolated,
	};
	return 0;
}

int net_endpoint_plan(struct engine *e, const struct container *c, struct arena *a,
		      struct net_plan **ret, struct err *err)
{
	struct net_plan *plan = arena_new(a, struct net_plan);
	int r = 0;

	*ret = NULL;
	if (net_endpoint_shared(c))
		r = plan_shared(e, c, a, plan, err);
	else if (c->endpoints.n == 0)
		return 0;
	plan->links.items = arena_array(a, c->endpoints.n, sizeof(*plan->links.items));
	for (size_t i = 0; r == 0 && i < c->endpoints.n; i++) {
		r = plan_one(e, c, i, a, &plan->links.items[i], err);
		plan->links.n++;
	}
	if (r == 0)
		r = net_endpoint_port_plan(c, a, plan, err);
	if (r == 0)
		*ret = plan;
	return r;
}
