/*
 * network_option.c - options of networks and endpoints, by docker's names
 *
 * All of them are texts in documents, checked once, when the network or container is made.
 */
#include "engine/network_option.h"

#include <ctype.h>

enum { MTU_MIN = 68, MTU_MAX = 65535, PREFIX_MAX = 12 /* leaves three digits */ };

#define NETWORK  "com.docker.network."
#define BRIDGE   NETWORK "bridge."
#define ENDPOINT NETWORK "endpoint."

/* -- forms of values -- */

struct option;
typedef int check_fn(const struct option *o, const char *value, struct err *err);
struct option {
	const char *key;
	check_fn *check;
	unsigned family; /* of an address */
};

static int wrong(const struct option *o, const char *value, const char *right, struct err *err)
{
	return err_set(err, -EINVAL, "invalid value %.50s for %s: %s", value, o->key, right);
}

static int check_mtu(const struct option *o, const char *value, struct err *err)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (*end || end == value || n < MTU_MIN || n > MTU_MAX)
		return err_set(err, -EINVAL, "invalid value %.50s for %s: a number from %d to %d",
			       value, o->key, MTU_MIN, MTU_MAX);
	return 0;
}

static int check_bool(const struct option *o, const char *value, struct err *err)
{
	if (str_eq(value, "true") || str_eq(value, "false"))
		return 0;
	return wrong(o, value, "true or false", err);
}

static bool is_interface(const char *name)
{
	return !str_is_empty(name) && strlen(name) < NET_NAME_MAX && !strpbrk(name, "/ \t\n:%") &&
	       !str_eq(name, ".") && !str_eq(name, "..");
}

static int check_interface(const struct option *o, const char *value, struct err *err)
{
	return is_interface(value)
		       ? 0
		       : wrong(o, value, "an interface's name of at most 15 characters", err);
}

static int check_prefix(const struct option *o, const char *value, struct err *err)
{
	if (is_interface(value) && strlen(value) <= PREFIX_MAX)
		return 0;
	return wrong(o, value, "the beginning of an interface's name, at most 12 characters", err);
}

static int check_address(const struct option *o, const char *value, struct err *err)
{
	struct ip_block address;

	if (ip_block_parse_address(value, &address) == 0 && address.family == o->family)
		return 0;
	return wrong(o, value, o->family == 4 ? "an IPv4 address" : "an IPv6 address", err);
}

static const char *const mode_names[] = {
	[NETWORK_NAT] = "nat",
	[NETWORK_UNPROTECTED] = "nat-unprotected",
	[NETWORK_ROUTED] = "routed",
	[NETWORK_ISOLATED] = "isolated",
};
enum { MODES = sizeof(mode_names) / sizeof(mode_names[0]) };

static int find_mode(const char *name)
{
	for (int i = 0; i < MODES; i++)
		if (str_eq(name, mode_names[i]))
			return i;
	return -EINVAL;
}

static int check_mode(const struct option *o, const char *value, struct err *err)
{
	return find_mode(value) < 0
		       ? wrong(o, value, "nat, nat-unprotected, routed or isolated", err)
		       : 0;
}

static int check_trusted(const struct option *o, const char *value, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct strv names = strv_split(&a, value, ':');

	for (size_t i = 0; i < names.n; i++)
		if (!is_interface(names.items[i]))
			return wrong(o, value, "names of interfaces, with \":\" between them", err);
	return 0;
}

/* -- options of networks -- */

static const struct option options[] = {
	{ NETWORK "driver.mtu", check_mtu, 0 },
	{ NETWORK "enable_ipv4", check_bool, 0 },
	{ NETWORK "enable_ipv6", check_bool, 0 },
	{ NETWORK "host_ipv4", check_address, 4 },
	{ NETWORK "host_ipv6", check_address, 6 },
	{ NETWORK "container_iface_prefix", check_prefix, 0 },
	{ BRIDGE "name", check_interface, 0 },
	{ BRIDGE "enable_icc", check_bool, 0 },
	{ BRIDGE "enable_ip_masquerade", check_bool, 0 },
	{ BRIDGE "host_binding_ipv4", check_address, 4 },
	{ BRIDGE "gateway_mode_ipv4", check_mode, 0 },
	{ BRIDGE "gateway_mode_ipv6", check_mode, 0 },
	{ BRIDGE "inhibit_ipv4", check_bool, 0 },
	{ BRIDGE "trusted_host_interfaces", check_trusted, 0 },
};
enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

static const char *const mode_keys[NET_VERSIONS] = {
	BRIDGE "gateway_mode_ipv4",
	BRIDGE "gateway_mode_ipv6",
};

static const struct option *find(const struct option *list, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i].key, key))
			return &list[i];
	return NULL;
}

static int unknown(const char *key, struct err *err)
{
	return err_set(err, -ENOTSUP,
		       "network option %.100s is not supported; there are " NETWORK
		       "driver.mtu, enable_ipv4, enable_ipv6, host_ipv4, host_ipv6, "
		       "container_iface_prefix, and " BRIDGE
		       "name, enable_icc, enable_ip_masquerade, host_binding_ipv4, "
		       "gateway_mode_ipv4, gateway_mode_ipv6, inhibit_ipv4, "
		       "trusted_host_interfaces",
		       key);
}

static bool is(const struct network_doc *n, const char *key, const char *value)
{
	return str_eq(str_map_get(&n->options, key), value);
}

static int check_modes(const struct network_doc *n, struct err *err)
{
	for (size_t i = 0; i < NET_VERSIONS; i++) {
		enum network_mode mode = network_option_mode(n, i);

		if (mode == NETWORK_ISOLATED && !n->internal)
			return err_set(err, -EINVAL,
				       "gateway mode 'isolated' can only be used for an internal "
				       "network: add --internal");
		if ((mode == NETWORK_ROUTED || mode == NETWORK_UNPROTECTED) && n->internal)
			return err_set(err, -EINVAL,
				       "gateway mode '%s' cannot be used for an internal network: "
				       "nothing comes into it",
				       mode_names[mode]);
	}
	return 0;
}

static int check_versions(struct network_doc *n, struct err *err)
{
	if (is(n, NETWORK "enable_ipv4", "false"))
		n->no_ipv4 = true;
	if (is(n, NETWORK "enable_ipv6", "true"))
		n->ipv6 = true;
	if (n->no_ipv4 && !n->ipv6)
		return err_set(err, -EINVAL, "IPv4 or IPv6 must be enabled: add --ipv6");
	if (n->ipv6 && !net_has_ipv6())
		return err_set(err, -ENOTSUP,
			       "network %s: the kernel has no IPv6 (was it started with "
			       "ipv6.disable=1?); leave --ipv6 out",
			       n->name);
	return 0;
}

/* A bridge has one subnet of each version, as docker's. */
static int check_pools(const struct network_doc *n, struct err *err)
{
	size_t count[NET_VERSIONS] = { 0 };

	for (size_t i = 0; i < n->ipam.config.n; i++) {
		struct ip_block subnet;

		if (ip_block_parse_within(n->ipam.config.items[i].subnet, &subnet) == 0 &&
		    ++count[net_version(&subnet)] > 1)
			return err_set(err, -EINVAL,
				       "bridge driver doesn't support multiple subnets: %s is the "
				       "second one of IPv%u",
				       n->ipam.config.items[i].subnet, subnet.family);
	}
	return 0;
}

int network_option_check(struct network_doc *n, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n->options.n; i++) {
		const struct str_pair *given = &n->options.items[i];
		const struct option *o = find(options, OPTIONS, given->key);

		r = o ? o->check(o, given->value, err) : unknown(given->key, err);
	}
	if (r == 0)
		r = check_versions(n, err);
	if (r == 0)
		r = check_modes(n, err);
	return r < 0 ? r : check_pools(n, err);
}

enum network_mode network_option_mode(const struct network_doc *n, size_t version)
{
	int mode = find_mode(str_map_get(&n->options, mode_keys[version]));

	return mode < 0 ? NETWORK_NAT : (enum network_mode)mode;
}

uint32_t network_option_mtu(const struct network_doc *n)
{
	const char *mtu = str_map_get(&n->options, NETWORK "driver.mtu");

	return str_is_empty(mtu) ? NETWORK_MTU : (uint32_t)strtoul(mtu, NULL, 10);
}

bool network_option_icc(const struct network_doc *n)
{
	return !is(n, BRIDGE "enable_icc", "false");
}

bool network_option_masquerade(const struct network_doc *n)
{
	return !is(n, BRIDGE "enable_ip_masquerade", "false");
}

bool network_option_no_address(const struct network_doc *n)
{
	return is(n, BRIDGE "inhibit_ipv4", "true");
}

struct ip_block network_option_source(const struct network_doc *n, size_t version)
{
	const char *text = str_map_get(&n->options, version == NET_V4 ? NETWORK "host_ipv4"
								      : NETWORK "host_ipv6");
	struct ip_block address = { 0 };

	if (text)
		(void)ip_block_parse_address(text, &address);
	return address;
}

struct strv network_option_trusted(const struct network_doc *n, struct arena *a)
{
	const char *text = str_map_get(&n->options, BRIDGE "trusted_host_interfaces");
	const struct strv none = { 0 };

	return str_is_empty(text) ? none : strv_split(a, text, ':');
}

const char *network_option_prefix(const struct network_doc *n)
{
	const char *prefix = str_map_get(&n->options, NETWORK "container_iface_prefix");

	return str_is_empty(prefix) ? "eth" : prefix;
}

/* -- options of endpoints -- */

/* "net.ipv4.conf.IFNAME.log_martians=1" as "ipv4/conf/eth1/log_martians=1"; NULL: it is none. */
static const char *setting_of(const char *text, const char *interface, struct arena *a)
{
	const char *equals = strchr(text, '=');
	struct strv words, path = { 0 };

	if (!equals)
		return NULL;
	words = strv_split(a, arena_strndup(a, text, (size_t)(equals - text)), '.');
	/* As docker: of one interface, and of this one alone. */
	if (words.n != 5 || !str_eq(words.items[0], "net") || !str_eq(words.items[3], "IFNAME"))
		return NULL;
	for (size_t i = 1; i < words.n; i++) {
		for (const char *c = words.items[i]; *c; c++)
			if (!isalnum((unsigned char)*c) && *c != '_')
				return NULL;
		if (!*words.items[i])
			return NULL;
		strv_add(&path, a, i == 3 ? interface : words.items[i]);
	}
	return arena_printf(a, "%s%s", strv_join(&path, a, "/"), equals);
}

static int check_sysctls(const struct option *o, const char *value, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct strv all = strv_split(&a, value, ',');

	for (size_t i = 0; i < all.n; i++)
		if (!setting_of(all.items[i], "eth0", &a))
			return wrong(o, all.items[i],
				     "net.ipv4.conf.IFNAME.KEY=VALUE, with the "
				     "word IFNAME",
				     err);
	return 0;
}

static const struct option endpoint_options[] = {
	{ ENDPOINT "ifname", check_interface, 0 },
	{ ENDPOINT "sysctls", check_sysctls, 0 },
};
enum { ENDPOINT_OPTIONS = sizeof(endpoint_options) / sizeof(endpoint_options[0]) };

int network_option_check_endpoint(const struct endpoint *ep, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ep->driver_opts.n; i++) {
		const struct str_pair *given = &ep->driver_opts.items[i];
		const struct option *o = find(endpoint_options, ENDPOINT_OPTIONS, given->key);

		r = o ? o->check(o, given->value, err)
		      : err_set(err, -ENOTSUP,
				"driver-opt %.100s is not supported; there are " ENDPOINT
				"ifname and sysctls",
				given->key);
	}
	for (size_t i = 0; r == 0 && i < ep->link_local.n; i++) {
		struct ip_block address;

		if (ip_block_parse_address(ep->link_local.items[i], &address) < 0 ||
		    !ip_block_is_link_local(&address))
			r = err_set(err, -EINVAL,
				    "invalid link-local IP address: %.60s: one of 169.254.0.0/16 "
				    "or fe80::/10",
				    ep->link_local.items[i]);
	}
	return r;
}

const char *network_option_interface(const struct endpoint *ep)
{
	return str_map_get(&ep->driver_opts, ENDPOINT "ifname");
}

struct strv network_option_settings(const struct endpoint *ep, struct arena *a)
{
	const char *text = str_map_get(&ep->driver_opts, ENDPOINT "sysctls");
	struct strv given = text ? strv_split(a, text, ',') : (struct strv){ 0 }, all = { 0 };

	for (size_t i = 0; i < given.n; i++) {
		const char *setting = setting_of(given.items[i], ep->interface, a);

		if (setting)
			strv_add(&all, a, setting);
	}
	return all;
}
