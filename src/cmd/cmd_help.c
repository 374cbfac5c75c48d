/*
 * cmd_help.c - help, completion, and the manual pages
 */
#include "cmd/cmd.h"
#include "cmd/completion.h"
#include "cmd/help.h"

/* All words but the last n, joined: "network policy". */
static const char *noun_of(const struct strv *words, size_t n, struct arena *a)
{
	struct strv noun = { words->items, words->n - n };

	return noun.n ? strv_join(&noun, a, " ") : NULL;
}

/* "ps", or "container" "ls", or "network" "policy" "ls". */
static const struct cmd *find(const struct strv *words, struct arena *a)
{
	return words->n ? cmd_find(noun_of(words, 1, a), words->items[words->n - 1]) : NULL;
}

static int help(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct cmd *c = find(args, cli->a);
	const struct cmd_noun *noun = cmd_noun(noun_of(args, 0, cli->a));

	(void)opts;
	if (args->n == 0)
		help_top(cli->a, &cli->out);
	else if (c)
		help_command(c, cli->a, &cli->out);
	else if (noun)
		help_noun(noun, cli->a, &cli->out);
	else
		return err_set(&cli->err, -ENOENT, "unknown help topic: %.100s", args->items[0]);
	return 0;
}

static int completion(struct cli *cli, const void *opts, const struct strv *args)
{
	const char *script = completion_script(args->items[0]);

	(void)opts;
	if (!script)
		return err_set(
			&cli->err, -EINVAL,
			"no completion for the shell %.60s; there is one for bash, zsh and fish",
			args->items[0]);
	buf_adds(&cli->out, script);
	return 0;
}

/* Run by the shell's script: the words are somebody else's, so none of them is an option here. */
static int complete(struct cli *cli, const void *opts, const struct strv *args)
{
	(void)opts;
	completion_answer(cli, args, &cli->out);
	return 0;
}

/* Run when the documentation is made. */
static int man(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct cmd *c = find(args, cli->a);

	(void)opts;
	if (args->n && !c)
		return err_set(&cli->err, -ENOENT, "no such command: %.100s", args->items[0]);
	help_man(c, cli->a, &cli->out);
	return 0;
}

const struct cmd cmd_help_table[] = {
	{ "help", NULL, NULL, "[COMMAND]", "Help about a command", NULL, NULL, 0, help, 0, 3,
	  OPT_ANYWHERE, CMD_ARGS_NONE, 0 },
	{ "completion", NULL, NULL, "SHELL", "Print the completion script for bash, zsh or fish",
	  NULL, NULL, 0, completion, 1, 1, OPT_ANYWHERE, CMD_ARGS_SHELLS, 0 },
	{ "__complete", NULL, NULL, "WORD...", "Candidates for the last word", NULL, NULL, 0,
	  complete, 0, -1, OPT_RAW, CMD_ARGS_NONE, CMD_HIDDEN },
	{ "__man", NULL, NULL, "[COMMAND]", "Manual page of a command", NULL, NULL, 0, man, 0, 3,
	  OPT_ANYWHERE, CMD_ARGS_NONE, CMD_HIDDEN },
	{ 0 },
};
