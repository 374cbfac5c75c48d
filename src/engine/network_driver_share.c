/*
 * network_driver_share.c - macvlan and ipvlan: containers share an interface of the host
 *
 * Containers are in the network that the interface is in, beside the host and not behind it: no
 * bridge, no rule, no published port. Their addresses may therefore be those of a route of the
 * host.
 *
 * The parent is an interface of the host, a VLAN of one, which we make when it is not there, or,
 * when none is named, one with nobody behind it: then the network is internal. What we make is
 * marked, and is removed with the last network that names it.
 */
#include "engine/network_driver.h"

#include "base/own.h"
#include "net/net.h"

enum { OWNER_MAX = 240, ISOLATED_ID = 12 };

static bool is_ipvlan(const struct network_doc *n)
{
	return str_eq(n->driver, "ipvlan");
}

static const char *mode_of(const struct network_doc *n)
{
	return str_map_get(&n->options, is_ipvlan(n) ? "ipvlan_mode" : "macvlan_mode");
}

/* Layer 3: the host is a router for its containers, which know no neighbours. */
static bool is_routed(const struct network_doc *n)
{
	const char *mode = mode_of(n);

	return is_ipvlan(n) && (str_eq(mode, "l3") || str_eq(mode, "l3s"));
}

/* All of these have one MAC address: that of the parent. */
static bool has_parents_mac(const struct network_doc *n)
{
	return is_ipvlan(n) || str_eq(mode_of(n), "passthru");
}

static struct net_parent parent_of(struct engine *e, const struct network_doc *n, struct arena *a)
{
	const char *named = str_map_get(&n->options, "parent");
	bool is_isolated = str_is_empty(named);

	return (struct net_parent){
		.name = is_isolated ? arena_printf(a, "dm-%.*s", ISOLATED_ID, n->id) : named,
		.owner = arena_printf(a, "berth %.*s", OWNER_MAX, e->state),
		.is_isolated = is_isolated,
	};
}

/* -- validating -- */

static int check_word(const struct network_doc *n, const struct str_pair *o, bool known,
		      struct err *err)
{
	if (known && !str_is_empty(o->value))
		return 0;
	return err_set(err, -EINVAL, "invalid value %.50s for %s: use %s", o->value, o->key,
		       !is_ipvlan(n)                   ? "bridge, private, vepa or passthru"
		       : str_eq(o->key, "ipvlan_mode") ? "l2, l3 or l3s"
						       : "bridge, private or vepa");
}

static int check_option(const struct network_doc *n, const struct str_pair *o, struct err *err)
{
	bool ipvlan = is_ipvlan(n);

	if (str_eq(o->key, "parent"))
		return str_is_empty(o->value) ? 0 : network_driver_check_device(o, err);
	if (str_eq(o->key, "com.docker.network.driver.mtu"))
		return network_driver_check_mtu(o, err);
	if (str_eq(o->key, ipvlan ? "ipvlan_mode" : "macvlan_mode"))
		return check_word(n, o, net_share_has_mode(n->driver, o->value), err);
	if (ipvlan && str_eq(o->key, "ipvlan_flag"))
		return check_word(n, o, net_share_has_flag(n->driver, o->value), err);
	return err_set(err, -ENOTSUP,
		       "network option %.100s is not supported; %s has parent, %s and "
		       "com.docker.network.driver.mtu",
		       o->key, n->driver, ipvlan ? "ipvlan_mode, ipvlan_flag" : "macvlan_mode");
}

/* It is there, or could be made; nothing is made before a container needs it. */
static int check_parent(int fd, const struct net_parent *p, struct err *err)
{
	char below[NET_NAME_MAX];
	uint16_t id;
	int index;

	if (p->is_isolated || net_link_index(fd, p->name, &index) == 0)
		return 0;
	if (net_parent_parse_vlan(p->name, below, &id) < 0)
		return err_set(err, -ENODEV,
			       "there is no interface %s for -o parent; name one of the host's, or "
			       "a VLAN of one as in eth0.10",
			       p->name);
	if (net_link_index(fd, below, &index) < 0)
		return err_set(err, -ENODEV,
			       "there is no interface %s, of which -o parent=%s is to be a VLAN",
			       below, p->name);
	if (!net_link_has_kind(fd, "vlan"))
		return err_set(err, -EOPNOTSUPP,
			       "the kernel has no VLANs (8021q), so -o parent=%s cannot be made; "
			       "name an interface that is there",
			       p->name);
	return 0;
}

static int validate(struct engine *e, struct network_doc *n, struct arena *a, struct err *err)
{
	struct net_parent p = parent_of(e, n, a);
	OWN(fd) int fd = -1;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n->options.n; i++)
		r = check_option(n, &n->options.items[i], err);
	if (r == 0 && n->internal && !p.is_isolated)
		r = err_set(err, -EINVAL,
			    "an internal %s network has no parent; leave --internal or -o parent "
			    "out",
			    n->driver);
	if (r == 0)
		r = net_link_socket(&fd, err);
	if (r < 0)
		return r;
	if (!net_link_has_kind(fd, n->driver))
		return err_set(err, -EOPNOTSUPP, "the kernel has no %s; use another driver",
			       n->driver);
	n->internal = p.is_isolated;
	return check_parent(fd, &p, err);
}

/* -- making, removing -- */

/* Somebody else's interface needs no mark; what we make, or have made, does. */
static int make_parent(struct engine *e, const struct network_doc *n, const struct net_parent *p,
		       struct err *err)
{
	OWN(fd) int fd = -1, lock = -1;
	char below[NET_NAME_MAX];
	uint16_t id;
	int index, r = net_link_socket(&fd, err);
	bool ours = p->is_isolated || net_parent_parse_vlan(p->name, below, &id) == 0;

	if (r < 0 ||
	    (net_link_index(fd, p->name, &index) == 0 && (!ours || network_driver_is_marked(e, n))))
		return r;
	r = network_driver_lock(e, &lock, err);
	if (r == 0 && ours)
		r = network_driver_mark(e, n, err);
	return r < 0 ? r : net_parent_setup(fd, p, err);
}

static int setup(struct engine *e, const struct network_doc *n, struct net_link_plan *link,
		 struct arena *a, struct err *err)
{
	struct net_parent p = parent_of(e, n, a);
	const char *mtu = str_map_get(&n->options, "com.docker.network.driver.mtu");
	int r = make_parent(e, n, &p, err);

	if (r < 0)
		return err_wrap(err, "network %s", n->name);
	link->kind = n->driver;
	link->bridge = p.name;
	link->mode = mode_of(n);
	link->flag = str_map_get(&n->options, "ipvlan_flag");
	link->mtu = mtu ? (uint32_t)strtoul(mtu, NULL, 10) : 0;
	return 0;
}

struct sharing {
	const char *parent;
	bool found;
};

static int look_for_parent(void *ctx, const char *key, const void *data, size_t len)
{
	struct sharing *s = ctx;
	OWN(arena) struct arena a = ARENA_INIT;
	struct network_doc n;

	(void)key;
	if (schema_read(&network_doc_schema, data, len, &a, &n, NULL) == 0)
		s->found = s->found || str_eq(str_map_get(&n.options, "parent"), s->parent);
	return s->found;
}

/* Another network's containers may be on it. */
static int is_shared(struct engine *e, const char *parent, bool *ret, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct sharing s = { .parent = parent };
	int r = state_begin(e->st, STATE_READ, &txn, err);

	if (r == 0)
		r = state_each(txn, STATE_NETWORKS, "", look_for_parent, &s);
	if (r < 0)
		return err_code(err, r, "reading the networks");
	*ret = s.found;
	return 0;
}

static int teardown(struct engine *e, const struct network_doc *n, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct net_parent p = parent_of(e, n, &a);
	OWN(fd) int fd = -1, lock = -1;
	bool shared = false;
	int r;

	if (!network_driver_is_marked(e, n))
		return 0;
	r = network_driver_lock(e, &lock, err);
	if (r == 0)
		r = net_link_socket(&fd, err);
	if (r == 0)
		r = is_shared(e, p.name, &shared, err);
	if (r == 0 && !shared)
		r = net_parent_teardown(fd, &p, err);
	if (r < 0)
		return err_wrap(err, "network %s", n->name);
	network_driver_unmark(e, n);
	return 0;
}

static void address(const struct network_doc *n, struct endpoint *ep)
{
	if (has_parents_mac(n))
		ep->mac = NULL;
	if (is_routed(n) && ep->gateway)
		ep->gateway = NETWORK_NO_GATEWAY;
	if (is_routed(n) && ep->gateway6)
		ep->gateway6 = NETWORK_NO_GATEWAY6;
}

const struct network_driver network_driver_macvlan = {
	.name = "macvlan",
	.validate = validate,
	.setup = setup,
	.teardown = teardown,
	.address = address,
};

const struct network_driver network_driver_ipvlan = {
	.name = "ipvlan",
	.validate = validate,
	.setup = setup,
	.teardown = teardown,
	.address = address,
};
