/*
 * cmd_network_policy.c - berth network policy create, apply, ls, inspect, rm
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/fetch_exec.h"
#include "cmd/filter.h"
#include "cmd/format.h"
#include "codec/duration.h"
#include "codec/json.h"
#include "codec/timestamp.h"

#include <errno.h>

#define NOUN "network policy"

/* -- create -- */

struct create_flags {
	const char *selector;
	struct strv direction, from, to, port;
};

static const struct opt create_opts[] = {
	STRS(struct create_flags, direction, 'd', "direction", "list",
	     "What it is about: \"ingress\", \"egress\" (default: ingress, and egress with --to)"),
	STRS(struct create_flags, from, 0, "from", "list",
	     "Who may connect to the selected containers: a selector, \"network:NAME\", an\n"
	     "address, a CIDR or \"world\""),
	STRS(struct create_flags, port, 'p', "port", "list",
	     "On which ports: \"80\", \"8000-8010\", \"53/udp\", \"icmp\" (default all)"),
	STR(struct create_flags, selector, 's', "selector", "string",
	    "Labels of the containers that it protects: \"app=db,tier in (a,b),!old\"; \"*\" is "
	    "all"),
	STRS(struct create_flags, to, 0, "to", "list",
	     "To whom the selected containers may connect, as for --from"),
	OPT_END,
};

static int read_peers(struct cli *cli, const struct strv *texts, struct policy_rule *rule)
{
	int r = 0;

	rule->peers.items = arena_array(cli->a, texts->n, sizeof(*rule->peers.items));
	for (size_t i = 0; r == 0 && i < texts->n; i++)
		r = network_policy_parse_peer(texts->items[i], cli->a,
					      &rule->peers.items[rule->peers.n++], &cli->err);
	return r;
}

static int read_ports(struct cli *cli, const struct strv *texts, struct policy_rule *rule)
{
	int r = 0;

	rule->ports.items = arena_array(cli->a, texts->n, sizeof(*rule->ports.items));
	for (size_t i = 0; r == 0 && i < texts->n; i++)
		r = network_policy_parse_port(texts->items[i], &rule->ports.items[rule->ports.n++],
					      &cli->err);
	return r;
}

/* Peers of one direction are one rule; ports without any peer let everybody in (or out). */
static int read_rule(struct cli *cli, const struct create_flags *f, enum policy_direction d,
		     struct network_policy *p)
{
	const struct strv *peers = d == POLICY_INGRESS ? &f->from : &f->to;
	bool ports_alone = f->port.n && !f->from.n && !f->to.n && network_policy_has(p, d);
	struct policy_rule *rule = arena_new(cli->a, struct policy_rule);
	int r;

	if (!peers->n && !ports_alone)
		return 0;
	r = read_peers(cli, peers, rule);
	if (r == 0)
		r = read_ports(cli, &f->port, rule);
	if (d == POLICY_INGRESS) {
		p->ingress.items = rule;
		p->ingress.n = 1;
	} else {
		p->egress.items = rule;
		p->egress.n = 1;
	}
	return r;
}

static int read_policy(struct cli *cli, const struct create_flags *f, const char *name,
		       struct network_policy *ret)
{
	struct label_selector *selector = arena_new(cli->a, struct label_selector);
	int r;

	*ret = (struct network_policy){ .name = name, .selector = selector };
	ret->directions = f->direction;
	if (!f->selector)
		return err_set(
			&cli->err, -EINVAL,
			"--selector is missing: say whom the policy protects (\"*\" is every "
			"container)");
	r = label_selector_parse(f->selector, cli->a, selector, &cli->err);
	if (r == 0 && !ret->directions.n) {
		strv_add(&ret->directions, cli->a, "ingress");
		if (f->to.n)
			strv_add(&ret->directions, cli->a, "egress");
	}
	for (int d = 0; r == 0 && d < POLICY_DIRECTIONS; d++)
		r = read_rule(cli, f, d, ret);
	return r < 0 ? r : network_policy_check(ret, cli->a, &cli->err);
}

static int create(struct cli *cli, const void *opts, const struct strv *args)
{
	struct network_policy p;
	enum label_policy_put what;
	struct engine *e;
	int r = read_policy(cli, opts, args->items[0], &p);

	if (r == 0)
		r = cli_engine(cli, &e);
	if (r == 0)
		r = label_policy_put(e, &(struct network_policy_list){ &p, 1 }, false, &what,
				     &cli->err);
	if (r == 0)
		cli_print(cli, "%s\n", p.name);
	return r;
}

/* -- apply -- */

struct apply_flags {
	struct strv file;
};

static const struct opt apply_opts[] = {
	STRS(struct apply_flags, file, 'f', "file", "list",
	     "YAML or JSON file with policies (\"-\" is stdin)"),
	OPT_END,
};

/* YAML is read by berth-fetch, so that no start carries a parser for it. */
static int apply(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct apply_flags *f = opts;
	struct strv words = { 0 };

	(void)args;
	if (!f->file.n)
		return err_set(&cli->err, -EINVAL, "there is no file: use -f FILE, or -f -");
	strv_add(&words, cli->a, "policy-apply");
	for (size_t i = 0; i < f->file.n; i++)
		fetch_option(&words, cli->a, "--file", f->file.items[i]);
	return fetch_exec_inside(cli, &words);
}

/* -- ls -- */

struct ls_flags {
	bool quiet;
	const char *format;
	struct strv filter;
};

static const struct opt ls_opts[] = {
	STRS(struct ls_flags, filter, 'f', "filter", "filter",
	     "Provide filter values (e.g. \"name=db\", \"direction=egress\")"),
	STR(struct ls_flags, format, 0, "format", "string",
	    "Format output using a custom template:\n"
	    "'table':            Print output in table format with column headers (default)\n"
	    "'table TEMPLATE':   Print output in table format using the given Go template\n"
	    "'json':             Print in JSON format\n"
	    "'TEMPLATE':         Print output using the given Go template"),
	FLAG(struct ls_flags, quiet, 'q', "quiet", "Only display names"),
	OPT_END,
};

static const struct format_heading headings[] = {
	{ "CreatedAt", "CREATED AT" },  { "CreatedSince", "CHANGED" },
	{ "Directions", "DIRECTIONS" }, { "Egress", "EGRESS RULES" },
	{ "Ingress", "INGRESS RULES" }, { "Name", "NAME" },
	{ "Selector", "SELECTOR" },     { 0 },
};
static const struct format_kind kind = { "*formatter.networkPolicyContext", headings };
static const char *const filter_names[] = { "direction", "name", NULL };

static void put(struct json_object *row, const char *key, const char *value)
{
	json_object_object_add(row, key, json_object_new_string(value));
}

static int print_row(struct cli *cli, struct format *format, const struct network_policy *p)
{
	OWN(json) struct json_object *row = json_object_new_object();
	char created[TIMESTAMP_MAX], since[DURATION_HUMAN_MAX];

	timestamp_write_long(p->created, cli_zone, created);
	duration_human(cli_now() - p->created, since);
	put(row, "CreatedAt", created);
	put(row, "CreatedSince", arena_printf(cli->a, "%s ago", since));
	put(row, "Directions", strv_join(&p->directions, cli->a, ","));
	put(row, "Egress", arena_printf(cli->a, "%zu", p->egress.n));
	put(row, "Ingress", arena_printf(cli->a, "%zu", p->ingress.n));
	put(row, "Name", p->name);
	put(row, "Selector", label_selector_text(p->selector, cli->a));
	return format_row(format, row, NULL, &cli->err);
}

static bool is_asked_for(const struct filter *filter, const struct network_policy *p)
{
	bool direction = !filter_has(filter, "direction");

	for (size_t i = 0; i < p->directions.n; i++)
		direction |= filter_equals(filter, "direction", p->directions.items[i]);
	return direction && filter_matches(filter, "name", p->name);
}

static int ls(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct ls_flags *f = opts;
	OWN(format) struct format format = { 0 };
	struct network_policy_list all;
	struct filter filter;
	struct engine *e;
	int r = filter_parse(&f->filter, filter_names, cli->a, &filter, &cli->err);

	(void)args;
	if (r == 0)
		r = format_init(&format, &kind, f->quiet ? "{{.Name}}" : f->format,
				"{{.Name}}\t{{.Selector}}\t{{.Directions}}\t{{.Ingress}}\t"
				"{{.Egress}}\t{{.CreatedSince}}",
				cli->a, &cli->err);
	if (r == 0)
		r = cli_engine(cli, &e);
	if (r == 0)
		r = label_policy_list(e, cli->a, &all, &cli->err);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (is_asked_for(&filter, &all.items[i]))
			r = print_row(cli, &format, &all.items[i]);
	return r < 0 ? r : format_finish(&format, &cli->out, &cli->err);
}

/* -- inspect -- */

struct inspect_flags {
	const char *format;
};

static const struct opt inspect_opts[] = {
	STR(struct inspect_flags, format, 'f', "format", "string",
	    "Format output using a custom template:\n"
	    "'json':             Print in JSON format\n"
	    "'TEMPLATE':         Print output using the given Go template"),
	OPT_END,
};

static void print_list(struct cli *cli, struct json_object *list, bool compact)
{
	if (compact)
		json_write(list, &cli->out);
	else
		json_write_pretty(list, &cli->out);
	buf_addc(&cli->out, '\n');
}

/* What was found is printed first, then what was not is said. */
static int inspect(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct inspect_flags *f = opts;
	OWN(json) struct json_object *list = json_object_new_array();
	bool as_json = str_eq(f->format, "json"), as_list = !f->format || as_json;
	struct err missing = ERR_INIT;
	struct engine *e;
	int r = cli_engine(cli, &e);

	for (size_t i = 0; (r == 0 || missing.code) && i < args->n; i++) {
		OWN(json) struct json_object *doc = NULL;
		struct network_policy p;

		r = label_policy_find(e, args->items[i], cli->a, &p, &cli->err);
		if (r == 0)
			doc = schema_tree(&network_policy_schema, &p, SCHEMA_FULL);
		if (r == 0 && !as_list)
			r = format_document(f->format, doc, cli->a, &cli->out, &cli->err);
		else if (r == 0)
			json_object_array_add(list, take(&doc));
		if (r < 0 && !missing.code)
			missing = cli->err;
	}
	if (as_list && json_object_array_length(list))
		print_list(cli, list, as_json);
	if (missing.code)
		cli->err = missing;
	return missing.code ? missing.code : r;
}

/* -- rm -- */

static int remove_one(struct cli *cli, const char *name, const void *opts)
{
	struct engine *e;
	int r = cli_engine(cli, &e);

	(void)opts;
	return r < 0 ? r : label_policy_remove(e, name, &cli->err);
}

static int rm(struct cli *cli, const void *opts, const struct strv *args)
{
	return cli_each(cli, args, remove_one, opts);
}

const struct cmd cmd_network_policy_table[] = {
	{ NULL, NOUN, "create", "[OPTIONS] POLICY", "Create a label policy", create_opts, NULL,
	  sizeof(struct create_flags), create, 1, 1, OPT_ANYWHERE, CMD_ARGS_NONE, 0 },
	{ NULL, NOUN, "apply", "-f FILE [-f FILE...]", "Create or change the policies of a file",
	  apply_opts, NULL, sizeof(struct apply_flags), apply, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE,
	  0 },
	{ NULL, NOUN, "ls list", "[OPTIONS]", "List label policies", ls_opts, NULL,
	  sizeof(struct ls_flags), ls, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE, 0 },
	{ NULL, NOUN, "inspect", "[OPTIONS] POLICY [POLICY...]",
	  "Display detailed information on one or more label policies", inspect_opts, NULL,
	  sizeof(struct inspect_flags), inspect, 1, -1, OPT_ANYWHERE, CMD_ARGS_POLICIES, 0 },
	{ NULL, NOUN, "rm remove", "POLICY [POLICY...]", "Remove one or more label policies", NULL,
	  NULL, 0, rm, 1, -1, OPT_ANYWHERE, CMD_ARGS_POLICIES, 0 },
	{ 0 },
};
