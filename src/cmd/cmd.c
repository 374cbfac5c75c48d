/*
 * cmd.c - the way from argv to a command
 */
#include "cmd/cmd.h"

#include "base/log.h"
#include "base/own.h"
#include "cmd/help.h"

#include <unistd.h>

enum { STATUS_USAGE = 125, STATUS_FAILED = 1 };

static const struct cmd *const tables[] = {
	cmd_run_table,
	cmd_exec_table,
	cmd_container_table,
	cmd_ps_table,
	cmd_logs_table,
	cmd_image_table,
	cmd_registry_table,
	cmd_top_table,
	cmd_attach_table,
	cmd_inspect_table,
	cmd_info_table,
	cmd_version_table,
	cmd_help_table,
	cmd_prune_table,
	cmd_df_table,
	cmd_check_table,
	cmd_changes_table,
	cmd_history_table,
	cmd_network_table,
	cmd_port_table,
	cmd_network_policy_table,
	cmd_network_explain_table,
	cmd_network_graph_table,
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

const struct cmd_noun cmd_nouns[] = {
	{ "container", "Manage containers" },
	{ "image", "Manage images" },
	{ "network", "Manage networks" },
	{ "network policy", "Manage label policies: which traffic of containers passes" },
	{ "system", "Look at Berth itself" },
	{ 0 },
};

struct global_opts {
	const char *root, *state, *log_level;
	bool debug, version;
};

static const char no_daemon[] = "there is no daemon to talk to; use --root and --state";

const struct opt cmd_global_opts[] = {
	STR(struct global_opts, root, 0, "root", "string",
	    "Directory of images and containers (default BERTH_ROOT or \"/var/lib/berth\"; not root: \"~/.local/share/berth\")"),
	STR(struct global_opts, state, 0, "state", "string",
	    "Directory of what runs (default BERTH_STATE or \"/run/berth\"; not root: \"$XDG_RUNTIME_DIR/berth\")"),
	FLAG(struct global_opts, debug, 'D', "debug", "Enable debug mode"),
	STR(struct global_opts, log_level, 'l', "log-level", "string",
	    "Set the logging level (\"debug\", \"info\", \"warn\", \"error\") (default \"warn\")"),
	FLAG(struct global_opts, version, 'v', "version", "Print version information and quit"),
	REFUSED('H', "host", no_daemon),
	REFUSED('c', "context", no_daemon),
	REFUSED(0, "config", "there is no configuration file"),
	REFUSED_FLAG(0, "tls", no_daemon),
	REFUSED_FLAG(0, "tlsverify", no_daemon),
	REFUSED(0, "tlscacert", no_daemon),
	REFUSED(0, "tlscert", no_daemon),
	REFUSED(0, "tlskey", no_daemon),
	OPT_END,
};

/* -- finding -- */

const struct cmd *cmd_next(const struct cmd *c)
{
	size_t i = 0;

	if (!c)
		return tables[0];
	if ((c + 1)->run)
		return c + 1;
	/* At the end of one table: which? */
	for (; i < TABLES; i++)
		for (const struct cmd *row = tables[i]; row->run; row++)
			if (row == c)
				return i + 1 < TABLES ? tables[i + 1] : NULL;
	return NULL;
}

/* Is name one of the words? */
static bool has_word(const char *words, const char *name)
{
	size_t len = strlen(name);

	while (words && *words) {
		size_t word = strcspn(words, " ");

		if (word == len && memcmp(words, name, len) == 0)
			return true;
		words += word + (words[word] == ' ');
	}
	return false;
}

const struct cmd *cmd_find(const char *noun, const char *name)
{
	for (size_t i = 0; i < TABLES; i++)
		for (const struct cmd *c = tables[i]; c->run; c++)
			if (noun ? str_eq(c->noun, noun) && has_word(c->names, name)
				 : str_eq(c->top, name))
				return c;
	return NULL;
}

const struct cmd_noun *cmd_noun(const char *name)
{
	for (const struct cmd_noun *n = cmd_nouns; n->name; n++)
		if (str_eq(n->name, name))
			return n;
	return NULL;
}

const char *cmd_name(const struct cmd *c, struct arena *a)
{
	return c->names ? arena_strndup(a, c->names, strcspn(c->names, " ")) : c->top;
}

const char *cmd_title(const struct cmd *c, struct arena *a)
{
	return c->top ? c->top : arena_printf(a, "%s %s", c->noun, cmd_name(c, a));
}

/* -- running one -- */

/* docker has no name in front of these. */
static void say(const char *text)
{
	OWN(str) char *line = str_printf("%s\n", text);

	(void)!write(STDERR_FILENO, line, strlen(line));
}

static int usage_error(const char *title, const char *usage, const struct err *err)
{
	const char *space = *title ? " " : "";
	OWN(str) char *text = str_printf(
		"%s\n\nUsage:  berth%s%s %s\n\nRun 'berth%s%s --help' for more information",
		err->msg, space, title, usage, space, title);

	say(text);
	return STATUS_USAGE;
}

static int wrong_count(struct cli *cli, const struct cmd *c, const char *title)
{
	OWN(buf) struct buf text = { 0 };
	const char *plural = c->least == 1 ? "" : "s";

	if (c->most == 0)
		buf_printf(&text, "'berth %s' accepts no arguments", title);
	else if (c->most < 0)
		buf_printf(&text, "'berth %s' requires at least %d argument%s", title, c->least,
			   plural);
	else if (c->least == c->most)
		buf_printf(&text, "'berth %s' requires %d argument%s", title, c->least, plural);
	else
		buf_printf(&text, "'berth %s' requires between %d and %d arguments", title,
			   c->least, c->most);
	/* "Run" and "See" are docker's, here and there. */
	buf_printf(&text, "\n\nUsage:  berth %s%s%s\n\n%s 'berth %s --help' for more information",
		   title, *c->usage ? " " : "", c->usage, c->most == 0 ? "Run" : "See", title);
	cli_complain(buf_text(&text));
	(void)cli;
	return STATUS_FAILED;
}

static int run(struct cli *cli, const struct cmd *c, const struct strv *words)
{
	const char *title = cmd_title(c, cli->a);
	void *opts = c->defaults ? arena_memdup(cli->a, c->defaults, c->opts_size)
				 : arena_alloc(cli->a, c->opts_size);
	struct strv args;
	int r = opt_parse(c->opts, c->mode, words, opts, cli->a, &args, &cli->err);

	if (r == OPT_HELP) {
		help_command(c, cli->a, &cli->out);
		return cli_flush(cli) < 0 ? cli_fail(cli) : 0;
	}
	if (r < 0)
		return usage_error(title, c->usage, &cli->err);
	if ((int)args.n < c->least || (c->most >= 0 && (int)args.n > c->most))
		return wrong_count(cli, c, title);
	r = c->run(cli, opts, &args);
	if (r < 0) {
		(void)cli_fail(cli);
		r = c->flags & CMD_STATUS_125 ? STATUS_USAGE : STATUS_FAILED;
		if (c->flags & CMD_STATUS_125)
			say("\nRun 'berth run --help' for more information");
	}
	if (cli->out.len && cli_flush(cli) < 0)
		return cli_fail(cli);
	return r;
}

static struct strv tail(const struct strv *v, size_t from)
{
	struct strv rest = { v->items + from, v->n - from };

	return rest;
}

static int unknown(const char *prefix, const char *name)
{
	OWN(str) char *text = str_printf(
		"unknown command: berth %s%s%s\n\nRun 'berth %s%s--help' for more information",
		prefix, *prefix ? " " : "", name, prefix, *prefix ? " " : "");

	cli_complain(text);
	return STATUS_FAILED;
}

static int run_noun(struct cli *cli, const struct cmd_noun *noun, const struct strv *words)
{
	const char *name = words->n ? words->items[0] : "--help";
	const struct cmd *c = cmd_find(noun->name, name);
	const struct cmd_noun *below = cmd_noun(arena_printf(cli->a, "%s %s", noun->name, name));
	struct strv rest;

	if (c) {
		rest = tail(words, 1);
		return run(cli, c, &rest);
	}
	if (below) {
		rest = tail(words, 1);
		return run_noun(cli, below, &rest);
	}
	if (name[0] != '-')
		return unknown(noun->name, name);
	if (!str_eq(name, "--help") && !str_eq(name, "-h")) {
		(void)err_set(&cli->err, -EINVAL, "unknown flag: %.100s", name);
		return usage_error(noun->name, "COMMAND", &cli->err);
	}
	help_noun(noun, cli->a, &cli->out);
	return cli_flush(cli) < 0 ? cli_fail(cli) : 0;
}

/* Commands of docker that are missing on purpose, and what to do instead. */
static const struct {
	const char *name, *why;
} refused[] = {
	{ "search", "registries have no common search; look on their web pages" },
	{ "manifest", "manifests are not made or shown here; 'skopeo inspect --raw' shows one, and "
		      "'berth pull --platform' takes one image of many" },
	{ "trust", "images are not signed with Notary; name an image by its digest" },
	{ "build", "images are not built here; bring them with 'berth pull' or 'berth load'" },
	{ "volume", "there are no named volumes; bind a directory with -v /DIRECTORY:/PATH" },
	{ "swarm", "there is no cluster" },
	{ "service", "there is no cluster" },
	{ "stack", "there is no cluster" },
	{ "node", "there is no cluster" },
};

static int refuse(const char *name)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (str_eq(refused[i].name, name)) {
			OWN(str) char *text =
				str_printf("'berth %s' is not supported: %s", name, refused[i].why);

			cli_complain(text);
			return STATUS_FAILED;
		}
	}
	return unknown("", name);
}

static int dispatch(struct cli *cli, const struct strv *words)
{
	const struct cmd *c = cmd_find(NULL, words->items[0]);
	const struct cmd_noun *noun = c ? NULL : cmd_noun(words->items[0]);
	struct strv rest = tail(words, 1);

	if (c)
		return run(cli, c, &rest);
	if (noun)
		return run_noun(cli, noun, &rest);
	return refuse(words->items[0]);
}

static int set_log(struct cli *cli, const struct global_opts *g)
{
	enum log_level level = LOG_WARN;

	if (g->log_level && log_level_parse(g->log_level, &level) < 0)
		return err_set(&cli->err, -EINVAL, "unable to parse logging level: %.100s",
			       g->log_level);
	log_init("berth", g->debug ? LOG_DEBUG : level);
	return 0;
}

static int run_all(struct cli *cli, const struct strv *all)
{
	struct global_opts g = { 0 };
	struct strv words = { 0 };
	int r = opt_parse(cmd_global_opts, OPT_BEFORE_ARGUMENTS, all, &g, cli->a, &words,
			  &cli->err);

	if (r < 0 || set_log(cli, &g) < 0)
		return usage_error("", "[OPTIONS] COMMAND", &cli->err);
	cli->paths = (struct engine_paths){ .root = g.root, .state = g.state };
	if (r != OPT_HELP && !g.version && words.n)
		return dispatch(cli, &words);
	if (r != OPT_HELP && g.version)
		cli_print(cli, "Berth version %s\n", BERTH_VERSION);
	else
		help_top(cli->a, &cli->out);
	return cli_flush(cli) < 0 ? cli_fail(cli) : 0;
}

int cmd_main(int argc, char **argv)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct cli cli = { .a = &a };
	struct strv all = { 0 };
	int status;

	for (int i = 1; i < argc; i++)
		strv_add(&all, &a, argv[i]);
	status = run_all(&cli, &all);
	if (cli.engine)
		engine_close(cli.engine);
	buf_done(&cli.out);
	return status;
}
