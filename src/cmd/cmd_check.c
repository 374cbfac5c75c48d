/*
 * cmd_check.c - berth system check: berth-fetch does it
 */
#include "cmd/cmd.h"
#include "cmd/fetch_exec.h"

struct check_flags {
	bool json, repair;
};

static const struct opt check_opts[] = {
	FLAG(struct check_flags, json, 0, "json", "Print what was found as JSON"),
	FLAG(struct check_flags, repair, 0, "repair",
	     "Put right what can be: remove what nothing needs, unpack layers again, fetch images again"),
	OPT_END,
};

static int check(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct check_flags *f = opts;
	struct strv words = { 0 };

	(void)args;
	strv_add(&words, cli->a, "check");
	fetch_flag(&words, cli->a, "--json", f->json);
	fetch_flag(&words, cli->a, "--repair", f->repair);
	return fetch_exec(cli, &words);
}

const struct cmd cmd_check_table[] = {
	{ NULL, "system", "check", "[OPTIONS]",
	  "Hold images, layers, containers and the database against each other", check_opts, NULL,
	  sizeof(struct check_flags), check, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE, 0 },
	{ 0 },
};
