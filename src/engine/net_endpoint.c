/*
 * net_endpoint.c - a container's places in networks
 */
#include "engine/net_endpoint.h"

#include "base/own.h"
#include "engine/container_query.h"
#include "engine/net_names.h"
#include "engine/label_policy.h"
#include "engine/network.h"
#include "engine/network_driver.h"
#include "engine/network_option.h"
#include "engine/network_ipam.h"
#include "net/net.h"
#include "sys/proc.h"

#include <sys/random.h>

enum { ENDPOINT_ID_BYTES = 32 };

const char *net_endpoint_shared(const struct container *c)
{
	return str_after(c->host_config.network_mode, "container:");
}

const struct endpoint *net_endpoint_way(const struct container *c, size_t version)
{
	const struct endpoint *best = NULL;

	for (size_t i = 0; i < c->endpoints.n; i++) {
		const struct endpoint *ep = &c->endpoints.items[i];

		if (!str_is_empty(net_endpoint_gateway(ep, version)) &&
		    (!best || ep->gw_priority > best->gw_priority))
			best = ep;
	}
	return best;
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

/* Some interfaces have the address of the one that they share. */
static int check_mac(const struct network_doc *n, const struct endpoint *ep, struct err *err)
{
	struct endpoint probe = { .mac = ep->wanted_mac, .wanted_mac = ep->wanted_mac };

	if (!ep->wanted_mac || !network_driver_of(n)->address)
		return 0;
	network_driver_of(n)->address(n, &probe);
	return probe.mac ? 0
			 : err_set(err, -EINVAL,
				   "interfaces in network %s have the MAC address of their parent; "
				   "leave the MAC address out",
				   n->name);
}

static int take_wanted(struct state_txn *txn, const struct container *c, const struct endpoint *ep,
		       const struct network_doc *n, struct err *err)
{
	struct ip_block unused;
	int r = 0;

	if ((ep->wanted_ip || ep->wanted_ip6) && str_eq(n->name, NETWORK_DEFAULT))
		return err_set(
			err, -EINVAL,
			"invalid endpoint settings: user specified IP address is supported on "
			"user defined networks only");
	if ((ep->wanted_ip || ep->wanted_ip6) && !network_ipam_is_ours(n))
		return err_set(err, -EINVAL,
			       "addresses of network %s are given by %s; leave the address out",
			       n->name, n->ipam.driver);
	if (ep->wanted_ip6 && !n->ipv6)
		return err_set(err, -EINVAL,
			       "invalid endpoint settings: network %s has no IPv6; make it with "
			       "--ipv6",
			       n->name);
	if (ep->wanted_ip)
		r = network_ipam_take(txn, n, 4, ep->wanted_ip, c->id, &unused, err);
	if (r == 0 && ep->wanted_ip6)
		r = network_ipam_take(txn, n, 6, ep->wanted_ip6, c->id, &unused, err);
	return r;
}

int net_endpoint_join(struct state_txn *txn, const struct container *c, struct endpoint *ep,
		      struct arena *a, struct err *err)
{
	struct network_doc n;
	int r = network_find_in(txn, ep->network, a, &n, err);

	if (r < 0)
		return r;
	if (!network_driver_of(&n)->setup)
		return err_set(err, -EINVAL,
			       "container cannot be connected to the network %s and to others",
			       n.name);
	ep->network = n.name;
	ep->network_id = n.id;
	r = check_mac(&n, ep, err);
	if (r == 0)
		r = net_names_check(c, ep, err);
	if (r == 0)
		r = network_option_check_endpoint(ep, err);
	return r < 0 ? r : take_wanted(txn, c, ep, &n, err);
}

/* As docker, which says so in its log alone. */
static void note_ports(struct state_txn *txn, struct container *c, struct arena *a)
{
	const struct endpoint *way = NULL;
	struct network_doc n, of_way = { 0 };

	if (!c->host_config.port_bindings.n && !c->host_config.publish_all_ports)
		return;
	for (size_t i = 0; i < c->endpoints.n; i++) {
		const struct endpoint *ep = &c->endpoints.items[i];

		if (network_find_in(txn, ep->network, a, &n, NULL) < 0 || n.internal ||
		    (way && ep->gw_priority <= way->gw_priority))
			continue;
		way = ep;
		of_way = n;
	}
	if (way && !network_driver_of(&of_way)->publishes)
		strv_add(&c->notes, a,
			 arena_printf(a,
				      "Published ports are discarded: the way out leads through "
				      "network %s, and %s publishes none.",
				      of_way.name, of_way.driver));
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
	if (r < 0)
		return r;
	note_ports(txn, c, a);
	c->host_config.network_mode = c->endpoints.items[0].network;
	return 0;
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

static const char *mac_text(const struct ip_block *address, struct arena *a)
{
	unsigned char m[NET_MAC_LEN];

	net_mac_of(address, m);
	return arena_printf(a, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static const char *address_text(const struct ip_block *within, struct arena *a)
{
	struct ip_block address = ip_block_address(within);
	char text[IP_BLOCK_TEXT_MAX];

	ip_block_write(&address, text);
	return arena_strdup(a, text);
}

static const char *gateway_of(const struct network_doc *n, const struct ip_block *address)
{
	const struct ipam_config *pool = network_ipam_pool(n, address);

	return n->internal || !pool ? NULL : pool->gateway;
}

/* A plugin will say it. Until then a way out is supposed where there may be one. */
static int take_none(struct state_txn *txn, const struct network_doc *n, const char *id,
		     struct endpoint *ep, struct arena *a, struct err *err)
{
	ep->ip = ep->ip6 = ep->mac = ep->gateway6 = NULL;
	ep->gateway = n->internal ? NULL : NETWORK_NO_GATEWAY;
	ep->endpoint_id = make_id(a);
	return network_ipam_join(txn, n->id, id, err);
}

/* Its addresses in the network: of IPv4, of IPv6, or of both. */
static int take_addresses(struct state_txn *txn, const struct network_doc *n, const char *id,
			  struct endpoint *ep, struct arena *a, struct err *err)
{
	struct ip_block v4, v6;
	bool has_v4 = network_ipam_has(n, 4), has_v6 = network_ipam_has(n, 6);
	int r = 0;

	if (!network_ipam_is_ours(n))
		return take_none(txn, n, id, ep, a, err);
	if (has_v4)
		r = network_ipam_take(txn, n, 4, ep->wanted_ip, id, &v4, err);
	if (r == 0 && has_v6)
		r = network_ipam_take(txn, n, 6, ep->wanted_ip6, id, &v6, err);
	if (r < 0)
		return r;
	if (has_v4) {
		ep->ip = address_text(&v4, a);
		ep->prefix = v4.prefix;
		ep->gateway = gateway_of(n, &v4);
	}
	if (has_v6) {
		ep->ip6 = address_text(&v6, a);
		ep->prefix6 = v6.prefix;
		ep->gateway6 = gateway_of(n, &v6);
	}
	ep->mac = ep->wanted_mac     ? ep->wanted_mac
		  : has_v4 || has_v6 ? mac_text(has_v4 ? &v4 : &v6, a)
				     : NULL;
	if (network_driver_of(n)->address)
		network_driver_of(n)->address(n, ep);
	ep->endpoint_id = make_id(a);
	return 0;
}

static int find_network(struct state_txn *txn, const struct endpoint *ep, struct arena *a,
			struct network_doc *ret, struct err *err)
{
	int r = state_get_doc(txn, STATE_NETWORKS, ep->network_id, &network_doc_schema, a, ret,
			      err);

	if (r == -ENOENT)
		return err_set(err, r, "network %s not found", ep->network);
	return r < 0 ? err_wrap(err, "network %s", ep->network) : 0;
}

int net_endpoint_address(struct state_txn *txn, const struct container *c, struct endpoint *ep,
			 struct arena *a, struct err *err)
{
	struct network_doc n;
	int r = find_network(txn, ep, a, &n, err);

	return r < 0 ? r : take_addresses(txn, &n, c->id, ep, a, err);
}

static bool has_interface(const struct container *c, const char *name)
{
	for (size_t i = 0; i < c->endpoints.n; i++)
		if (str_eq(c->endpoints.items[i].interface, name))
			return true;
	return false;
}

/* Those that the user names first; the others count on from 0. networks: one for each endpoint. */
static int name_interfaces(struct container *c, const struct network_doc *networks, struct arena *a,
			   struct err *err)
{
	for (size_t i = 0; i < c->endpoints.n; i++) {
		const char *wanted = network_option_interface(&c->endpoints.items[i]);

		if (wanted && has_interface(c, wanted))
			return err_set(err, -EINVAL, "two interfaces would be called %s", wanted);
		c->endpoints.items[i].interface = wanted;
	}
	for (size_t i = 0; i < c->endpoints.n; i++) {
		const char *prefix = network_option_prefix(&networks[i]);

		for (unsigned k = 0; !c->endpoints.items[i].interface; k++) {
			const char *name = arena_printf(a, "%s%u", prefix, k);

			if (!has_interface(c, name))
				c->endpoints.items[i].interface = name;
		}
	}
	return 0;
}

/* docker binds ports of IPv6, too, where nobody says which address of the host it should be. */
static struct net_endpoint_door open_door(const struct container *c,
					  const struct network_doc *networks, size_t version)
{
	const struct endpoint *ep = net_endpoint_way(c, version);
	const struct network_doc *n = ep ? &networks[ep - c->endpoints.items] : NULL;
	const char *binding;

	if (!n || !network_driver_of(n)->publishes)
		return (struct net_endpoint_door){ .open = false };
	binding = str_map_get(&n->options, "com.docker.network.bridge.host_binding_ipv4");
	if (str_is_empty(binding) || str_eq(binding, "0.0.0.0"))
		binding = version == NET_V4 ? "0.0.0.0" : "::";
	else if (version == NET_V6)
		binding = NULL;
	return (struct net_endpoint_door){
		.host_ip = binding,
		.open = true,
		.routed = network_option_mode(n, version) == NETWORK_ROUTED,
	};
}

int net_endpoint_take(struct engine *e, struct state_txn *txn, struct container *c, struct arena *a,
		      struct err *err)
{
	struct network_doc *networks = arena_array(a, c->endpoints.n, sizeof(*networks));
	struct net_endpoint_door doors[NET_VERSIONS];
	int r = 0;

	c->ports.n = 0;
	for (size_t i = 0; r == 0 && i < c->endpoints.n; i++)
		r = find_network(txn, &c->endpoints.items[i], a, &networks[i], err);
	if (r == 0)
		r = name_interfaces(c, networks, a, err);
	for (size_t i = 0; r == 0 && i < c->endpoints.n; i++)
		r = take_addresses(txn, &networks[i], c->id, &c->endpoints.items[i], a, err);
	if (r < 0)
		return r;
	doors[NET_V4] = open_door(c, networks, NET_V4);
	doors[NET_V6] = open_door(c, networks, NET_V6);
	/* Where nothing comes in from outside nothing is published. */
	if (doors[NET_V4].open || doors[NET_V6].open)
		r = net_endpoint_port_choose(e, c, doors, a, err);
	return r < 0 ? r : label_policy_start(txn, c, err);
}

int net_endpoint_release(struct state_txn *txn, struct container *c, struct err *err)
{
	int r = label_policy_stop(txn, c, err);

	for (size_t i = 0; r == 0 && i < c->endpoints.n; i++) {
		struct endpoint *ep = &c->endpoints.items[i];

		if (!ep->wanted_ip)
			r = network_ipam_release(txn, ep->network_id, ep->ip, c->id, err);
		if (r == 0 && !ep->wanted_ip6)
			r = network_ipam_release(txn, ep->network_id, ep->ip6, c->id, err);
		if (r == 0)
			r = network_ipam_leave(txn, ep->network_id, c->id, err);
		ep->ip = ep->mac = ep->gateway = ep->endpoint_id = ep->interface = NULL;
		ep->ip6 = ep->gateway6 = NULL;
		ep->prefix = ep->prefix6 = 0;
	}
	c->ports.n = 0;
	return r;
}

int net_endpoint_give_back(struct state_txn *txn, const char *id, const struct endpoint *ep,
			   struct err *err)
{
	const char *const all[] = { ep->ip, ep->wanted_ip, ep->ip6, ep->wanted_ip6 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(all) / sizeof(all[0]); i++)
		r = network_ipam_release(txn, ep->network_id, all[i], id, err);
	return r < 0 ? r : network_ipam_leave(txn, ep->network_id, id, err);
}

int net_endpoint_forget(struct state_txn *txn, const struct container *c, struct err *err)
{
	int r = label_policy_stop(txn, c, err);

	for (size_t i = 0; r == 0 && i < c->endpoints.n; i++)
		r = net_endpoint_give_back(txn, c->id, &c->endpoints.items[i], err);
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

struct strv net_endpoint_addresses(const struct endpoint *ep, struct arena *a)
{
	struct strv all = { 0 };

	if (!str_is_empty(ep->ip))
		strv_add(&all, a, arena_printf(a, "%s/%d", ep->ip, ep->prefix));
	if (!str_is_empty(ep->ip6))
		strv_add(&all, a, arena_printf(a, "%s/%d", ep->ip6, ep->prefix6));
	for (size_t i = 0; i < ep->link_local.n; i++)
		strv_add(&all, a,
			 arena_printf(a, "%s/%d", ep->link_local.items[i],
				      strchr(ep->link_local.items[i], ':') ? 64 : 16));
	return all;
}

static const char *default_route(const struct container *c, const struct endpoint *ep,
				 size_t version)
{
	return ep == net_endpoint_way(c, version) ? net_endpoint_gateway(ep, version) : NULL;
}

int net_endpoint_link(struct engine *e, const struct container *c, const struct endpoint *ep,
		      struct arena *a, struct net_link_plan *ret, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct network_doc n;
	int r = state_begin(e->st, STATE_READ, &txn, err);

	if (r == 0)
		r = find_network(txn, ep, a, &n, err);
	state_abort(&txn);
	if (r < 0)
		return r;
	*ret = (struct net_link_plan){
		.name = ep->interface,
		.addresses = net_endpoint_addresses(ep, a),
		.mac = ep->mac,
		.gateway = default_route(c, ep, NET_V4),
		.gateway6 = default_route(c, ep, NET_V6),
		.settings = network_option_settings(ep, a),
	};
	return network_driver_of(&n)->setup(e, &n, ret, a, err);
}

/* From an ordinary user's bridges no way leads out: his container has one of its own instead. */
static void plan_guest(const struct engine_guest *guest, struct net_plan *plan)
{
	plan->home_pid = guest->keeper;
	plan->home_start = guest->keeper_start;
	for (size_t i = 0; i < plan->links.n; i++) {
		plan->uplink = plan->uplink || plan->links.items[i].gateway;
		plan->links.items[i].gateway = NULL;
	}
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
		r = net_endpoint_link(e, c, &c->endpoints.items[i], a, &plan->links.items[i], err);
		plan->links.n++;
	}
	if (r == 0)
		r = net_endpoint_port_plan(c, a, plan, err);
	if (r == 0 && e->guest && !plan->join_pid)
		plan_guest(e->guest, plan);
	if (r == 0)
		*ret = plan;
	return r;
}
