/*
 * network_driver_cni.c - networks that are made by programs of others
 *
 * Driver "cni-NAME" is the plugin NAME of the Container Network Interface, a program in one of a
 * few directories (docs/network-drivers.md). Options of the network are members of its
 * configuration.
 *
 * Addresses are Berth's own, as in any network, and given to the plugin by its "static" address
 * management; or a plugin's (--ipam-driver cni-host-local): then the store learns them from the
 * plugin's answer.
 */
#include "engine/network_driver_cni.h"

#include "base/own.h"
#include "codec/ip_block.h"
#include "codec/json.h"
#include "engine/cni_plugin.h"
#include "engine/network_ipam.h"
#include "net/net.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { DEVICE_ID = 12 };

/* What plugins of host-local note goes with the boot, as do the containers. */
static const char leases[] = "leases";

static const char *type_of(const struct network_doc *n)
{
	return str_after(n->driver, CNI_PREFIX);
}

static const char *path_of(const struct network_doc *n)
{
	const char *path = str_map_get(&n->options, "cni.path");

	return path ? path : cni_plugin_path;
}

static int timeout_of(const struct network_doc *n)
{
	const char *text = str_map_get(&n->options, "cni.timeout");

	return text ? (int)strtol(text, NULL, 10) : CNI_TIMEOUT_S;
}

/* The bridge of a network whose user names none is the network's own, and goes with it. */
static const char *own_bridge(const struct network_doc *n, struct arena *a)
{
	return str_eq(type_of(n), "bridge") && !str_map_get(&n->options, "bridge")
		       ? arena_printf(a, "br-%.*s", DEVICE_ID, n->id)
		       : NULL;
}

bool network_driver_cni_gives_addresses(const struct network_doc *n)
{
	return str_after(n->ipam.driver, CNI_PREFIX) != NULL;
}

/* -- validating -- */

static int check_path(const struct str_pair *o, struct arena *a, struct err *err)
{
	struct strv dirs = strv_split(a, o->value, ':');

	for (size_t i = 0; i < dirs.n; i++)
		if (dirs.items[i][0] != '/')
			return err_set(err, -EINVAL,
				       "invalid value %.100s for %s: absolute paths, separated by "
				       "colons",
				       o->value, o->key);
	return 0;
}

static int check_timeout(const struct str_pair *o, struct err *err)
{
	char *end;
	long s = strtol(o->value, &end, 10);

	if (*end || end == o->value || s < 1 || s > CNI_TIMEOUT_MAX_S)
		return err_set(err, -EINVAL, "invalid value %.50s for %s: 1 to %d seconds",
			       o->value, o->key, CNI_TIMEOUT_MAX_S);
	return 0;
}

static int check_option(const struct str_pair *o, struct arena *a, struct err *err)
{
	static const char *const ours[] = { "cniVersion", "name",       "type",
					    "ipam",       "prevResult", "runtimeConfig" };

	if (str_eq(o->key, "cni.path"))
		return check_path(o, a, err);
	if (str_eq(o->key, "cni.timeout"))
		return check_timeout(o, err);
	if (str_eq(o->key, "com.docker.network.driver.mtu"))
		return network_driver_check_mtu(o, err);
	if (str_after(o->key, "cni.") || str_after(o->key, "com.docker.") || !*o->key)
		return err_set(err, -ENOTSUP,
			       "network option %.100s is not supported; there are cni.path, "
			       "cni.timeout, com.docker.network.driver.mtu and the members of the "
			       "plugin's configuration",
			       o->key);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (str_eq(o->key, ours[i]))
			return err_set(err, -EINVAL,
				       "%s of a plugin's configuration follows from the network "
				       "and cannot be given with -o; for ipam see --ipam-driver",
				       o->key);
	return 0;
}

static int check_ipam(const struct network_doc *n, struct arena *a, struct err *err)
{
	const char *ipam = str_after(n->ipam.driver, CNI_PREFIX), *file;

	if (!ipam)
		return cni_plugin_find("static", path_of(n), a, &file, err);
	if (!cni_plugin_is_name(ipam))
		return err_set(err, -EINVAL, "IPAM driver %.100s: no name of a plugin",
			       n->ipam.driver);
	return cni_plugin_find(ipam, path_of(n), a, &file, err);
}

/* It is asked which versions it speaks; what it is otherwise shows when a container joins. */
static int ask_version(const struct network_doc *n, const char **ret, struct err *err)
{
	OWN(buf) struct buf answer = { 0 };
	const struct cni_call call = {
		.command = "VERSION",
		.type = type_of(n),
		.path = path_of(n),
		.container_id = "",
		.netns = "",
		.interface = "",
		.timeout = timeout_of(n),
		.conf = "{\"cniVersion\":\"1.0.0\"}",
	};
	int r = cni_plugin_call(&call, &answer, err);

	if (r == 0) {
		r = cni_read_versions(buf_text(&answer), answer.len, ret, err);
		if (r < 0)
			r = err_wrap(err, "network plugin %s: answer to VERSION", call.type);
	}
	return r;
}

static int validate(struct engine *e, struct network_doc *n, struct arena *a, struct err *err)
{
	const char *version;
	int r = 0;

	if (e->guest)
		return err_set(err, -ENOTSUP,
			       "plugins need root; an ordinary user's networks are bridges");
	if (n->ipv6 && network_ipam_is_ours(n))
		return err_set(err, -ENOTSUP,
			       "a network of a plugin has IPv4 addresses of Berth's; for IPv6 use "
			       "--ipam-driver cni-host-local");
	if (!cni_plugin_is_name(type_of(n)))
		return err_set(err, -EINVAL, "network driver %.100s: no name of a plugin",
			       n->driver);
	for (size_t i = 0; r == 0 && i < n->options.n; i++)
		r = check_option(&n->options.items[i], a, err);
	if (r == 0)
		r = check_ipam(n, a, err);
	if (r == 0)
		r = ask_version(n, &version, err);
	if (r == 0)
		str_map_set(&n->options, a, "cni.version", version);
	return r;
}

/* -- a container's -- */

/* A number, true, an object as themselves; what is no JSON as a text. */
static struct json_object *value_of(const char *text)
{
	struct json_object *tree;

	return json_parse(text, strlen(text), &tree, NULL) == 0 ? tree
								: json_object_new_string(text);
}

static void add_str(struct json_object *to, const char *key, const char *value)
{
	json_object_object_add(to, key, json_object_new_string(value));
}

static struct json_object *default_route(void)
{
	struct json_object *list = json_object_new_array(), *one = json_object_new_object();

	add_str(one, "dst", "0.0.0.0/0");
	json_object_array_add(list, one);
	return list;
}

static struct json_object *static_ipam(const struct endpoint *ep, bool leads_out)
{
	struct json_object *ipam = json_object_new_object(), *list = json_object_new_array();
	struct json_object *one = json_object_new_object();
	OWN(str) char *address = str_printf("%s/%d", ep->ip, ep->prefix);

	add_str(one, "address", address);
	if (!str_is_empty(ep->gateway))
		add_str(one, "gateway", ep->gateway);
	json_object_array_add(list, one);
	add_str(ipam, "type", "static");
	json_object_object_add(ipam, "addresses", list);
	if (leads_out)
		json_object_object_add(ipam, "routes", default_route());
	return ipam;
}

static void add_edge(struct json_object *to, const char *key, struct ip_block edge)
{
	char text[IP_BLOCK_TEXT_MAX];

	edge = ip_block_address(&edge);
	ip_block_write(&edge, text);
	add_str(to, key, text);
}

/* Each pool is a set of its own: the plugin gives an address of each. */
static void add_range(struct json_object *ranges, const struct ipam_config *c)
{
	struct json_object *set = json_object_new_array(), *one = json_object_new_object();
	struct ip_block range;

	add_str(one, "subnet", c->subnet);
	if (c->gateway)
		add_str(one, "gateway", c->gateway);
	if (c->ip_range && ip_block_parse_within(c->ip_range, &range) == 0) {
		add_edge(one, "rangeStart", ip_block_first(&range));
		add_edge(one, "rangeEnd", ip_block_last(&range));
	}
	json_object_array_add(set, one);
	json_object_array_add(ranges, set);
}

static struct json_object *plugins_ipam(struct engine *e, const struct network_doc *n,
					bool leads_out, struct arena *a)
{
	struct json_object *ipam = json_object_new_object();
	const char *type = str_after(n->ipam.driver, CNI_PREFIX);

	add_str(ipam, "type", type);
	if (n->ipam.config.n) {
		struct json_object *ranges = json_object_new_array();

		for (size_t i = 0; i < n->ipam.config.n; i++)
			add_range(ranges, &n->ipam.config.items[i]);
		json_object_object_add(ipam, "ranges", ranges);
	}
	if (leads_out)
		json_object_object_add(ipam, "routes", default_route());
	if (str_eq(type, "host-local"))
		add_str(ipam, "dataDir", arena_printf(a, "%s/%s/%s", e->state, leases, n->id));
	for (size_t i = 0; i < n->ipam.options.n; i++)
		json_object_object_add(ipam, n->ipam.options.items[i].key,
				       value_of(n->ipam.options.items[i].value));
	return ipam;
}

static void add_mac(struct json_object *conf, const char *mac)
{
	struct json_object *run = json_object_new_object();

	add_str(run, "mac", mac);
	json_object_object_add(conf, "runtimeConfig", run);
}

void network_driver_cni_conf(struct engine *e, const struct network_doc *n,
			     const struct endpoint *ep, bool leads_out, struct arena *a,
			     struct cni_attachment *ret)
{
	OWN(json) struct json_object *conf = json_object_new_object();
	OWN(buf) struct buf text = { 0 };
	const char *mtu = str_map_get(&n->options, "com.docker.network.driver.mtu");
	const char *bridge = own_bridge(n, a);
	bool route = leads_out && !n->internal;

	add_str(conf, "cniVersion", str_map_get(&n->options, "cni.version"));
	add_str(conf, "name", n->name);
	add_str(conf, "type", type_of(n));
	if (bridge)
		add_str(conf, "bridge", bridge);
	if (mtu)
		json_object_object_add(conf, "mtu", value_of(mtu));
	for (size_t i = 0; i < n->options.n; i++) {
		const struct str_pair *o = &n->options.items[i];

		if (!str_after(o->key, "cni.") && !str_after(o->key, "com.docker."))
			json_object_object_add(conf, o->key, value_of(o->value));
	}
	json_object_object_add(conf, "ipam",
			       network_driver_cni_gives_addresses(n) ? plugins_ipam(e, n, route, a)
								     : static_ipam(ep, route));
	if (ep->wanted_mac)
		add_mac(conf, ep->wanted_mac);
	json_write(conf, &text);
	*ret = (struct cni_attachment){
		.network_id = n->id,
		.network = n->name,
		.interface = ep->interface,
		.type = type_of(n),
		.path = path_of(n),
		.timeout = timeout_of(n),
		.conf = arena_strdup(a, buf_text(&text)),
	};
}

/* -- making, removing -- */

static int setup(struct engine *e, const struct network_doc *n, struct net_link_plan *link,
		 struct arena *a, struct err *err)
{
	OWN(fd) int lock = -1;
	int r;

	(void)a;
	link->kind = NET_LINK_PLUGIN;
	link->bridge = n->name;
	if (network_driver_is_marked(e, n))
		return 0;
	r = network_driver_lock(e, &lock, err);
	if (r == 0)
		r = network_driver_mark(e, n, err);
	if (r == 0 && mkdirat(e->state_fd, leases, 0700) < 0 && errno != EEXIST)
		r = err_sys(err, "%s/%s", e->state, leases);
	return r;
}

static int teardown(struct engine *e, const struct network_doc *n, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *bridge = own_bridge(n, &a);
	OWN(fd) int lock = -1, fd = -1;
	OWN(fd) int dir = openat(e->state_fd, leases, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (!network_driver_is_marked(e, n))
		return 0;
	r = network_driver_lock(e, &lock, err);
	if (r == 0)
		r = net_link_socket(&fd, err);
	if (r == 0 && bridge)
		r = net_link_remove(fd, bridge, err);
	if (r < 0)
		return err_wrap(err, "network %s", n->name);
	if (dir >= 0)
		(void)rmtree_at(dir, n->id);
	network_driver_unmark(e, n);
	return 0;
}

/* The plugin says what its MAC address is, and, if addresses are its matter, all else. */
static void address(const struct network_doc *n, struct endpoint *ep)
{
	(void)n;
	if (!ep->wanted_mac)
		ep->mac = NULL;
}

const struct network_driver network_driver_cni = {
	.name = NULL,
	.validate = validate,
	.setup = setup,
	.teardown = teardown,
	.address = address,
};
