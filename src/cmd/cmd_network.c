/*
 * cmd_network.c - berth network create, ls, rm, prune, heal (inspect is in cmd_inspect.c)
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/filter.h"
#include "cmd/format.h"
#include "cmd/network_flag.h"
#include "cmd/network_pool.h"
#include "codec/json.h"
#include "sys/namespace.h"

#include <errno.h>
#include <linux/sched.h>

/* -- create -- */

struct create_flags {
	bool attachable, internal, ipv4, ipv6;
	const char *driver, *ipam_driver;
	struct network_pool_flags pools;
	struct strv opt, label;
	struct strv ipam_opt;
};
static const struct create_flags create_defaults = { .ipv4 = true };

static const char no_cluster[] = "there is no cluster";

static const struct opt create_opts[] = {
	FLAG(struct create_flags, attachable, 0, "attachable",
	     "Enable manual container attachment"),
	STRS(struct create_flags, pools.aux_address, 0, "aux-address", "map",
	     "Auxiliary IPv4 or IPv6 addresses that no container gets (NAME=ADDRESS)"),
	STR(struct create_flags, driver, 'd', "driver", "string",
	    "Driver to manage the Network: bridge, macvlan, ipvlan, cni-PLUGIN (default \"bridge\")"),
	STRS(struct create_flags, pools.gateway, 0, "gateway", "strings",
	     "IPv4 or IPv6 Gateway for the master subnet"),
	FLAG(struct create_flags, internal, 0, "internal",
	     "Restrict external access to the network"),
	STRS(struct create_flags, pools.ip_range, 0, "ip-range", "strings",
	     "Allocate container ip from a sub-range"),
	FLAG(struct create_flags, ipv4, 0, "ipv4", "Enable IPv4 address assignment (default true)"),
	FLAG(struct create_flags, ipv6, 0, "ipv6", "Enable IPv6 address assignment"),
	STR(struct create_flags, ipam_driver, 0, "ipam-driver", "string",
	    "IP Address Management Driver: default, or cni-PLUGIN (default \"default\")"),
	STRS(struct create_flags, ipam_opt, 0, "ipam-opt", "map",
	     "Set IPAM driver specific options"),
	STRS(struct create_flags, label, 0, "label", "list", "Set metadata on a network"),
	STRS(struct create_flags, opt, 'o', "opt", "map", "Set driver specific options"),
	STRS(struct create_flags, pools.subnet, 0, "subnet", "strings",
	     "Subnet in CIDR format that represents a network segment"),
	REFUSED_FLAG(0, "config-only", no_cluster),
	REFUSED(0, "config-from", no_cluster),
	REFUSED_FLAG(0, "ingress", no_cluster),
	REFUSED(0, "scope", no_cluster),
	OPT_END,
};

static void set_pairs(struct str_map *map, struct arena *a, const struct strv *texts)
{
	for (size_t i = 0; i < texts->n; i++) {
		const char *text = texts->items[i], *equals = strchr(text, '=');

		if (equals)
			str_map_set(map, a, arena_strndup(a, text, (size_t)(equals - text)),
				    equals + 1);
		else
			str_map_set(map, a, text, "");
	}
}

static int create(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct create_flags *f = opts;
	struct ipam_config *pools = NULL;
	struct network_spec spec = { .name = args->items[0],
				     .driver = f->driver,
				     .internal = f->internal,
				     .attachable = f->attachable,
				     .ipv6 = f->ipv6,
				     .no_ipv4 = !f->ipv4 };
	struct engine *e;
	char id[65];
	int r = network_pool_build(&f->pools, cli->a, &pools, &spec.n_pools, &cli->err);

	if (r == 0)
		r = cli_engine(cli, &e);
	if (r < 0)
		return r;
	spec.pools = pools;
	set_pairs(&spec.options, cli->a, &f->opt);
	set_pairs(&spec.labels, cli->a, &f->label);
	set_pairs(&spec.ipam_options, cli->a, &f->ipam_opt);
	spec.ipam_driver = f->ipam_driver;
	r = network_create(e, &spec, id, &cli->err);
	if (r == 0)
		cli_print(cli, "%s\n", id);
	return r;
}

/* -- ls -- */

struct ls_flags {
	bool no_trunc, quiet;
	const char *format;
	struct strv filter;
};

static const struct opt ls_opts[] = {
	STRS(struct ls_flags, filter, 'f', "filter", "filter",
	     "Provide filter values (e.g. \"driver=bridge\")"),
	STR(struct ls_flags, format, 0, "format", "string",
	    "Format output using a custom template:\n"
	    "'table':            Print output in table format with column headers (default)\n"
	    "'table TEMPLATE':   Print output in table format using the given Go template\n"
	    "'json':             Print in JSON format\n"
	    "'TEMPLATE':         Print output using the given Go template"),
	FLAG(struct ls_flags, no_trunc, 0, "no-trunc", "Do not truncate the output"),
	FLAG(struct ls_flags, quiet, 'q', "quiet", "Only display network IDs"),
	OPT_END,
};

static const struct format_heading headings[] = {
	{ "CreatedAt", "CREATED AT" },
	{ "Driver", "DRIVER" },
	{ "ID", "NETWORK ID" },
	{ "IPv4", "IPV4" },
	{ "IPv6", "IPV6" },
	{ "Internal", "INTERNAL" },
	{ "Labels", "LABELS" },
	{ "Name", "NAME" },
	{ "Scope", "SCOPE" },
	{ 0 },
};
static const struct format_kind kind = { "*network.networkContext", headings };

static const char *const filter_names[] = {
	"driver", "id", "label", "name", "scope", "type", NULL
};

static bool is_wanted(const struct filter *f, const struct network_doc *n)
{
	return filter_matches(f, "id", n->id) && filter_matches(f, "name", n->name) &&
	       filter_equals(f, "driver", n->driver) &&
	       filter_equals(f, "scope", network_scope(n)) &&
	       filter_equals(f, "type", network_is_predefined(n) ? "builtin" : "custom") &&
	       filter_labels(f, "label", &n->labels);
}

static void put(struct json_object *row, const char *key, const char *value)
{
	json_object_object_add(row, key, json_object_new_string(value ? value : ""));
}

static struct json_object *make_row(struct cli *cli, const struct network_doc *n, bool no_trunc)
{
	struct json_object *row = json_object_new_object();
	struct strv labels = { 0 };
	char created[TIMESTAMP_MAX];

	for (size_t i = 0; i < n->labels.n; i++)
		strv_add(&labels, cli->a,
			 arena_printf(cli->a, "%s=%s", n->labels.items[i].key,
				      n->labels.items[i].value));
	timestamp_write_long(n->created, cli_zone, created);
	put(row, "CreatedAt", created);
	put(row, "Driver", n->driver);
	put(row, "ID", no_trunc ? n->id : arena_strndup(cli->a, n->id, 12));
	put(row, "IPv4", n->no_ipv4 ? "false" : "true");
	put(row, "IPv6", n->ipv6 ? "true" : "false");
	put(row, "Internal", n->internal ? "true" : "false");
	put(row, "Labels", labels.n ? strv_join(&labels, cli->a, ",") : "");
	put(row, "Name", n->name);
	put(row, "Scope", network_scope(n));
	return row;
}

static int ls(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct ls_flags *f = opts;
	OWN(format) struct format format = { 0 };
	struct network_list list = { 0 };
	struct filter filter;
	struct engine *e;
	int r = format_init(&format, &kind, f->quiet ? "{{.ID}}" : f->format,
			    "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}", cli->a, &cli->err);

	(void)args;
	if (r == 0)
		r = filter_parse(&f->filter, filter_names, cli->a, &filter, &cli->err);
	if (r == 0)
		r = cli_engine(cli, &e);
	if (r == 0)
		r = network_list(e, cli->a, &list, &cli->err);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		OWN(json) struct json_object *row = NULL;

		if (!is_wanted(&filter, &list.items[i]))
			continue;
		row = make_row(cli, &list.items[i], f->no_trunc);
		r = format_row(&format, row, &list.items[i].labels, &cli->err);
	}
	return r < 0 ? r : format_finish(&format, &cli->out, &cli->err);
}

/* -- connect, disconnect -- */

struct connect_flags {
	const char *ip, *ip6;
	struct strv alias, link_local, driver_opt;
	int64_t gw_priority;
};

static const char no_links[] = "give the other container a --network-alias";

static const struct opt connect_opts[] = {
	STRS(struct connect_flags, alias, 0, "alias", "alias",
	     "Add network-scoped alias for the container"),
	STRS(struct connect_flags, driver_opt, 0, "driver-opt", "strings",
	     "driver options for the network"),
	I64(struct connect_flags, gw_priority, 0, "gw-priority", "int",
	    "Highest gw-priority provides the default gateway. Accepts positive and\n"
	    "negative values."),
	STR(struct connect_flags, ip, 0, "ip", "ip", "IPv4 address (e.g., \"172.30.100.104\")"),
	STR(struct connect_flags, ip6, 0, "ip6", "ip", "IPv6 address (e.g., \"2001:db8::33\")"),
	STRS(struct connect_flags, link_local, 0, "link-local-ip", "strings",
	     "Add a link-local address for the container"),
	REFUSED(0, "link", no_links),
	OPT_END,
};

static int connect_to(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct connect_flags *f = opts;
	struct endpoint ep = { .network = args->items[0],
			       .wanted_ip = f->ip,
			       .wanted_ip6 = f->ip6,
			       .aliases = f->alias,
			       .link_local = f->link_local };
	struct engine *e;
	int r = 0;

	if (f->gw_priority < INT32_MIN || f->gw_priority > INT32_MAX)
		return err_set(&cli->err, -EINVAL, "invalid gw-priority: from %d to %d", INT32_MIN,
			       INT32_MAX);
	ep.gw_priority = (int)f->gw_priority;
	for (size_t i = 0; r == 0 && i < f->driver_opt.n; i++)
		r = network_flag_option(f->driver_opt.items[i], cli->a, &ep, &cli->err);
	if (r == 0)
		r = cli_engine(cli, &e);
	return r < 0 ? r : network_connect(e, args->items[1], &ep, &cli->err);
}

struct disconnect_flags {
	bool force;
};

static const struct opt disconnect_opts[] = {
	FLAG(struct disconnect_flags, force, 'f', "force",
	     "Do not error if the container is not connected"),
	OPT_END,
};

static int disconnect(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct disconnect_flags *f = opts;
	struct engine *e;
	int r = cli_engine(cli, &e);

	if (r == 0)
		r = network_disconnect(e, args->items[0], args->items[1], &cli->err);
	return r == -ENOENT && f->force ? 0 : r;
}

/* -- rm, heal -- */

struct rm_flags {
	bool force;
};

static const struct opt rm_opts[] = {
	FLAG(struct rm_flags, force, 'f', "force", "Do not error if the network does not exist"),
	OPT_END,
};

static int rm(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct rm_flags *f = opts;
	struct engine *e;
	int status = 0, r = cli_engine(cli, &e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < args->n; i++) {
		r = network_remove(e, args->items[i], &cli->err);
		if (r == -ENOENT && f->force)
			continue;
		if (r < 0) {
			(void)cli_fail(cli);
			status = 1;
			continue;
		}
		cli_print(cli, "%s\n", args->items[i]);
	}
	return status;
}

static int heal(struct cli *cli, const void *opts, const struct strv *args)
{
	struct engine *e;
	int r = cli_engine(cli, &e);

	(void)opts;
	(void)args;
	if (r == 0)
		r = engine_heal(e, &cli->err);
	return r < 0 ? r : network_heal(e, &cli->err);
}

/* -- join, leave: what a shim executes -- */

static int join(struct cli *cli, const void *opts, const struct strv *args)
{
	OWN(fd) int netns = namespace_open(args->items[1], CLONE_NEWNET);
	struct strv servers = { 0 };
	struct engine *e;
	int r = netns < 0 ? err_code(&cli->err, netns, "%s", args->items[1]) : cli_engine(cli, &e);

	(void)opts;
	if (r == 0)
		r = network_join(e, args->items[0], netns, cli->a, &servers, &cli->err);
	for (size_t i = 0; r == 0 && i < servers.n; i++)
		cli_print(cli, "%s\n", servers.items[i]);
	return r;
}

static int leave(struct cli *cli, const void *opts, const struct strv *args)
{
	struct engine *e;
	int r = cli_engine(cli, &e);

	(void)opts;
	return r < 0 ? r : network_leave(e, args->items[0], &cli->err);
}

const struct cmd cmd_network_table[] = {
	{ NULL, "network", "create", "[OPTIONS] NETWORK", "Create a network", create_opts,
	  &create_defaults, sizeof(struct create_flags), create, 1, 1, OPT_ANYWHERE, CMD_ARGS_NONE,
	  0 },
	{ NULL, "network", "connect", "[OPTIONS] NETWORK CONTAINER",
	  "Connect a container to a network", connect_opts, NULL, sizeof(struct connect_flags),
	  connect_to, 2, 2, OPT_ANYWHERE, CMD_ARGS_NETWORKS, 0 },
	{ NULL, "network", "disconnect", "[OPTIONS] NETWORK CONTAINER",
	  "Disconnect a container from a network", disconnect_opts, NULL,
	  sizeof(struct disconnect_flags), disconnect, 2, 2, OPT_ANYWHERE, CMD_ARGS_NETWORKS, 0 },
	{ NULL, "network", "ls list", "[OPTIONS]", "List networks", ls_opts, NULL,
	  sizeof(struct ls_flags), ls, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE, 0 },
	{ NULL, "network", "rm remove", "NETWORK [NETWORK...]", "Remove one or more networks",
	  rm_opts, NULL, sizeof(struct rm_flags), rm, 1, -1, OPT_ANYWHERE, CMD_ARGS_NETWORKS, 0 },
	{ NULL, "network", "heal", "", "Write the rules of all networks anew", NULL, NULL, 0, heal,
	  0, 0, OPT_ANYWHERE, CMD_ARGS_NONE, 0 },
	{ NULL, "network", "join", "ID NAMESPACE", "Have plugins make a container's interfaces",
	  NULL, NULL, 0, join, 2, 2, OPT_ANYWHERE, CMD_ARGS_NONE, CMD_HIDDEN },
	{ NULL, "network", "leave", "ID", "Have plugins take a container's interfaces down", NULL,
	  NULL, 0, leave, 1, 1, OPT_ANYWHERE, CMD_ARGS_NONE, CMD_HIDDEN },
	{ 0 },
};
