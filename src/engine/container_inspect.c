/*
 * container_inspect.c - the API's inspect document of a container
 *
 * ContainerInspectResponse of the Docker Engine API 1.50, every member of it: what the document
 * holds is written by its schemas, what nothing here can set has docker's value for "not set". One
 * member is ours: Notes, the sentences about what was left out on this machine.
 */
#include "engine/container_health.h"

#include "base/own.h"
#include "codec/json.h"
#include "codec/timestamp.h"
#include "engine/container_security.h"
#include "engine/net_endpoint.h"
#include "engine/net_names.h"
#include "engine/room.h"

/* A member that is always the same, by its JSON text. */
struct constant {
	const char *key, *json;
};

enum { SHORT_ID = 12 };

static const struct constant host_constants[] = {
	{ "VolumeDriver", "\"\"" },
	{ "Links", "null" },
	{ "Cgroup", "\"\"" },
	{ "BlkioWeight", "0" },
	{ "BlkioWeightDevice", "[]" },
	{ "BlkioDeviceReadBps", "[]" },
	{ "BlkioDeviceWriteBps", "[]" },
	{ "BlkioDeviceReadIOps", "[]" },
	{ "BlkioDeviceWriteIOps", "[]" },
	{ "CpuRealtimePeriod", "0" },
	{ "CpuRealtimeRuntime", "0" },
	{ "DeviceRequests", "null" },
	{ "Isolation", "\"\"" },
	{ "CpuCount", "0" },
	{ "CpuPercent", "0" },
	{ "IOMaximumIOps", "0" },
	{ "IOMaximumBandwidth", "0" },
};

static const struct constant network_constants[] = {
	{ "Bridge", "\"\"" },
	{ "SandboxID", "\"\"" },
	{ "SandboxKey", "\"\"" },
	{ "HairpinMode", "false" },
	{ "LinkLocalIPv6Address", "\"\"" },
	{ "LinkLocalIPv6PrefixLen", "0" },
	{ "SecondaryIPAddresses", "null" },
	{ "SecondaryIPv6Addresses", "null" },
};

static const struct constant endpoint_constants[] = {
	{ "IPAMConfig", "null" }, { "Links", "null" },   { "Aliases", "null" },
	{ "DriverOpts", "null" }, { "GwPriority", "0" }, { "DNSNames", "null" },
};

#define ADD_CONSTANTS(tree, list) add_constants(tree, list, sizeof(list) / sizeof((list)[0]))

static void add_constants(struct json_object *tree, const struct constant *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct json_object *value = NULL;

		(void)json_parse(list[i].json, strlen(list[i].json), &value, NULL);
		json_object_object_add(tree, list[i].key, value);
	}
}

static void add_str(struct json_object *tree, const char *key, const char *value)
{
	json_object_object_add(tree, key, json_object_new_string(value ? value : ""));
}

static struct json_object *strings(const struct strv *list)
{
	struct json_object *array = json_object_new_array_ext((int)list->n);

	for (size_t i = 0; i < list->n; i++)
		json_object_array_add(array, json_object_new_string(list->items[i]));
	return array;
}

/* {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}; a port without any is null. */
static void add_bindings(struct json_object *ports, const struct port_binding *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct json_object *list = NULL, *one = json_object_new_object();

		(void)json_object_object_get_ex(ports, items[i].port, &list);
		if (!list) {
			list = json_object_new_array();
			json_object_object_add(ports, items[i].port, list);
		}
		add_str(one, "HostIp", items[i].host_ip);
		add_str(one, "HostPort", items[i].host_port);
		json_object_array_add(list, one);
	}
}

static void add_address(struct json_object *tree, const struct endpoint *ep)
{
	add_str(tree, "EndpointID", ep ? ep->endpoint_id : "");
	add_str(tree, "Gateway", ep && !str_eq(ep->gateway, NETWORK_NO_GATEWAY) ? ep->gateway : "");
	add_str(tree, "IPAddress", ep ? ep->ip : "");
	json_object_object_add(tree, "IPPrefixLen", json_object_new_int(ep ? ep->prefix : 0));
	add_str(tree, "MacAddress", ep ? ep->mac : "");
	add_str(tree, "GlobalIPv6Address", ep ? ep->ip6 : "");
	json_object_object_add(tree, "GlobalIPv6PrefixLen",
			       json_object_new_int(ep ? ep->prefix6 : 0));
	add_str(tree, "IPv6Gateway",
		ep && !str_eq(ep->gateway6, NETWORK_NO_GATEWAY6) ? ep->gateway6 : "");
}

static struct json_object *string_list(const struct strv *list)
{
	struct json_object *tree = json_object_new_array();

	for (size_t i = 0; i < list->n; i++)
		json_object_array_add(tree, json_object_new_string(list->items[i]));
	return tree;
}

/* As what others find it: its name, its aliases, its short ID. */
static void add_names(struct json_object *tree, const struct container *c,
		      const struct endpoint *ep)
{
	struct json_object *names = json_object_new_array();

	if (ep->aliases.n)
		json_object_object_add(tree, "Aliases", string_list(&ep->aliases));
	json_object_array_add(names, json_object_new_string(c->name));
	for (size_t i = 0; i < ep->aliases.n; i++)
		json_object_array_add(names, json_object_new_string(ep->aliases.items[i]));
	json_object_array_add(names, json_object_new_string_len(c->id, SHORT_ID));
	json_object_object_add(tree, "DNSNames", names);
}

/* What the user has chosen. */
static void add_wishes(struct json_object *tree, const struct endpoint *ep)
{
	struct json_object *wanted;

	json_object_object_add(tree, "GwPriority", json_object_new_int(ep->gw_priority));
	if (ep->driver_opts.n) {
		struct json_object *options = json_object_new_object();

		for (size_t i = 0; i < ep->driver_opts.n; i++)
			add_str(options, ep->driver_opts.items[i].key,
				ep->driver_opts.items[i].value);
		json_object_object_add(tree, "DriverOpts", options);
	}
	if (!ep->wanted_ip && !ep->wanted_ip6 && !ep->link_local.n)
		return;
	wanted = json_object_new_object();
	if (ep->wanted_ip)
		add_str(wanted, "IPv4Address", ep->wanted_ip);
	if (ep->wanted_ip6)
		add_str(wanted, "IPv6Address", ep->wanted_ip6);
	if (ep->link_local.n)
		json_object_object_add(wanted, "LinkLocalIPs", string_list(&ep->link_local));
	json_object_object_add(tree, "IPAMConfig", wanted);
}

static struct json_object *endpoint_settings(const struct container *c, const struct endpoint *ep)
{
	struct json_object *tree = json_object_new_object();

	ADD_CONSTANTS(tree, endpoint_constants);
	add_address(tree, ep);
	add_str(tree, "NetworkID", ep ? ep->network_id : "");
	if (ep && net_names_has(ep))
		add_names(tree, c, ep);
	if (ep)
		add_wishes(tree, ep);
	return tree;
}

static struct json_object *network_settings(const struct container *c)
{
	struct json_object *tree = json_object_new_object();
	struct json_object *networks = json_object_new_object();
	struct json_object *ports = json_object_new_object();
	const struct endpoint *first = c->endpoints.n ? &c->endpoints.items[0] : NULL;

	for (size_t i = 0; i < c->endpoints.n; i++)
		json_object_object_add(networks, c->endpoints.items[i].network,
				       endpoint_settings(c, &c->endpoints.items[i]));
	if (c->endpoints.n == 0 && (str_eq(c->host_config.network_mode, "none") ||
				    str_eq(c->host_config.network_mode, "host")))
		json_object_object_add(networks, c->host_config.network_mode,
				       endpoint_settings(c, NULL));
	for (size_t i = 0; c->state.running && i < c->config.exposed_ports.n; i++)
		json_object_object_add(ports, c->config.exposed_ports.items[i], NULL);
	add_bindings(ports, c->ports.items, c->ports.n);
	ADD_CONSTANTS(tree, network_constants);
	/* docker shows the default network's here, and no other's. */
	add_address(tree, first && str_eq(first->network, "bridge") ? first : NULL);
	json_object_object_add(tree, "Ports", ports);
	json_object_object_add(tree, "Networks", networks);
	return tree;
}

/* The overlay as it is, or will be, mounted: only the container's own namespace has it. */
static struct json_object *graph_driver(const struct engine *e, const struct container *c,
					struct arena *a)
{
	struct json_object *tree = json_object_new_object();
	struct json_object *data = json_object_new_object();
	struct strv lower = { 0 };

	for (size_t i = c->layers.n; i-- > 0;)
		strv_add(&lower, a, arena_printf(a, "%s/layers/%s", e->root, c->layers.items[i]));
	add_str(data, "ID", c->id);
	add_str(data, "LowerDir", lower.n ? strv_join(&lower, a, ":") : "");
	add_str(data, "MergedDir",
		c->state.pid ? arena_printf(a, "/proc/%d/root", c->state.pid) : "");
	add_str(data, "UpperDir", arena_printf(a, "%s/upper/%s", e->root, c->id));
	add_str(data, "WorkDir", arena_printf(a, "%s/work/%s", e->root, c->id));
	json_object_object_add(tree, "Data", data);
	add_str(tree, "Name", "overlay2");
	return tree;
}

static struct json_object *host_config(const struct container *c)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct host_config shown = c->host_config;
	struct json_object *tree, *bindings;
	struct host_facts facts;

	host_facts_gather(&shown, &a, &facts);
	shown.masked_paths = container_security_masked(&shown, facts.throttled_cpus, &a);
	shown.readonly_paths = container_security_readonly(&shown, &a);
	tree = schema_tree(&host_config_schema, &shown, SCHEMA_FULL);
	ADD_CONSTANTS(tree, host_constants);
	bindings = json_object_new_object();
	add_bindings(bindings, c->host_config.port_bindings.items, c->host_config.port_bindings.n);
	json_object_object_add(tree, "PortBindings", bindings);
	return tree;
}

static struct json_object *mounts(const struct container *c)
{
	struct json_object *array = json_object_new_array_ext((int)c->mounts.n);

	for (size_t i = 0; i < c->mounts.n; i++)
		json_object_array_add(array, schema_tree(&mount_point_schema, &c->mounts.items[i],
							 SCHEMA_FULL));
	return array;
}

/* Names of files that exist while the container runs, and are shown always, as docker does. */
static void add_paths(const struct engine *e, const struct container *c, struct arena *a,
		      struct json_object *tree)
{
	static const struct {
		const char *key, *name;
	} files[] = {
		{ "ResolvConfPath", "resolv.conf" },
		{ "HostnamePath", "hostname" },
		{ "HostsPath", "hosts" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		add_str(tree, files[i].key,
			arena_printf(a, "%s/c/%s/%s", e->state, c->id, files[i].name));
}

static void add_sizes(struct engine *e, const struct container *c, struct json_object *tree)
{
	int64_t rw = 0, root = 0;

	if (container_size(e, c, &rw, &root, NULL) < 0)
		return;
	json_object_object_add(tree, "SizeRw", json_object_new_int64(rw));
	json_object_object_add(tree, "SizeRootFs", json_object_new_int64(root));
}

/* With what the health check has found, which only its shim knows. */
static struct json_object *state(struct engine *e, const struct container *c, struct arena *a)
{
	struct container with = *c;

	if (c->state.health) {
		with.state.health = arena_memdup(a, c->state.health, sizeof(*c->state.health));
		container_health_results(e, &with, a);
	}
	return schema_tree(&container_state_schema, &with.state, SCHEMA_FULL);
}

/* What a start would use now; docker, too, says so by name where AppArmor runs. */
static const char *apparmor_profile(const struct container *c)
{
	struct host_facts facts = { 0 };
	struct security security;
	const char *profile;

	host_facts_apparmor(&facts);
	if (!facts.apparmor || container_security_parse(&c->host_config, &security, NULL) < 0)
		return "";
	profile = container_security_apparmor(&security, c->host_config.privileged, &facts);
	return profile ? profile : "unconfined";
}

struct json_object *container_inspect(struct engine *e, const struct container *c, bool size)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct json_object *tree = json_object_new_object();
	char created[TIMESTAMP_MAX];

	timestamp_write(c->created, created);
	add_str(tree, "Id", c->id);
	add_str(tree, "Created", created);
	add_str(tree, "Path", c->path);
	json_object_object_add(tree, "Args", strings(&c->args));
	json_object_object_add(tree, "State", state(e, c, &a));
	add_str(tree, "Image", c->image);
	add_paths(e, c, &a, tree);
	/* How the driver local keeps its log is nobody's business but its own. */
	add_str(tree, "LogPath",
		str_eq(c->host_config.log_config.type, "local") ? ""
								: container_log_path(e, c, &a));
	add_str(tree, "Name", arena_printf(&a, "/%s", c->name));
	json_object_object_add(tree, "RestartCount", json_object_new_int(c->restart_count));
	add_str(tree, "Driver", "overlay2");
	add_str(tree, "Platform", "linux");
	add_str(tree, "MountLabel", "");
	add_str(tree, "ProcessLabel", "");
	add_str(tree, "AppArmorProfile", apparmor_profile(c));
	json_object_object_add(tree, "ExecIDs", NULL);
	json_object_object_add(tree, "HostConfig", host_config(c));
	json_object_object_add(tree, "GraphDriver", graph_driver(e, c, &a));
	if (size)
		add_sizes(e, c, tree);
	json_object_object_add(tree, "Mounts", mounts(c));
	json_object_object_add(tree, "Config",
			       schema_tree(&container_config_schema, &c->config, SCHEMA_FULL));
	json_object_object_add(tree, "NetworkSettings", network_settings(c));
	json_object_object_add(tree, "Notes", strings(&c->notes));
	return tree;
}
