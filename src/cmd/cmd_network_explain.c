/*
 * cmd_network_explain.c - berth network explain: whether traffic passes, and what decides
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "codec/json.h"
#include "net/policy.h"

struct explain_flags {
	bool json;
};

static const struct opt explain_opts[] = {
	FLAG(struct explain_flags, json, 0, "json", "Print in JSON format"),
	OPT_END,
};

static void put(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, value ? json_object_new_string(value) : NULL);
}

static struct json_object *decision_tree(const struct policy_decision *d, enum policy_direction at)
{
	struct json_object *o = json_object_new_object();

	put(o, "Direction", policy_direction_names[at]);
	json_object_object_add(o, "Allowed", json_object_new_boolean(d->allowed));
	put(o, "Policy", d->policy->name);
	/* Counted from 1, as people do. */
	json_object_object_add(o, "Rule",
			       d->allowed ? json_object_new_int64((int64_t)d->rule + 1) : NULL);
	return o;
}

static void print_json(struct cli *cli, const struct strv *args, const struct policy_verdict *v)
{
	OWN(json) struct json_object *o = json_object_new_object();
	struct json_object *decisions = json_object_new_array();

	put(o, "From", args->items[0]);
	put(o, "To", args->items[1]);
	json_object_object_add(o, "Passes", json_object_new_boolean(v->passes));
	put(o, "Reason", policy_reason_names[v->reason]);
	put(o, "Network", v->network);
	for (int d = POLICY_DIRECTIONS - 1; d >= 0; d--)
		if (v->decisions[d].selected)
			(void)json_object_array_add(decisions, decision_tree(&v->decisions[d], d));
	json_object_object_add(o, "Decisions", decisions);
	put(o, "Text", v->text);
	json_write_pretty(o, &cli->out);
	buf_addc(&cli->out, '\n');
}

static int explain(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct explain_flags *f = opts;
	struct policy_verdict v;
	struct policy_world w;
	struct policy_query q;
	struct engine *e;
	int r = cli_engine(cli, &e);

	if (r == 0)
		r = label_policy_world(e, cli->a, &w, &cli->err);
	if (r == 0)
		r = policy_explain_parse(&w, args->items[0], args->items[1], cli->a, &q, &cli->err);
	if (r < 0)
		return r;
	policy_explain(&w, &q, cli->a, &v);
	if (f->json)
		print_json(cli, args, &v);
	else
		cli_print(cli, "%s -> %s %s: %s\n", args->items[0], args->items[1],
			  v.passes ? "passes" : "does not pass", v.text);
	return 0;
}

const struct cmd cmd_network_explain_table[] = {
	{ NULL, "network", "explain", "[OPTIONS] FROM TO[:PORT[/PROTOCOL]]",
	  "Say whether traffic passes and which rule decides", explain_opts, NULL,
	  sizeof(struct explain_flags), explain, 2, 2, OPT_ANYWHERE, CMD_ARGS_RUNNING, 0 },
	{ 0 },
};
