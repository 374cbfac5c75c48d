/*
 * cmd_exec.c - berth exec
 */
#include "cmd/cmd.h"
#include "cmd/container_flags.h"
#include "cmd/detach_keys.h"
#include "cmd/terminal.h"

struct exec_flags {
	bool detach, interactive, tty, privileged;
	const char *detach_keys, *user, *workdir;
	struct strv env, env_file;
};

static const struct opt exec_opts[] = {
	FLAG(struct exec_flags, detach, 'd', "detach",
	     "Detached mode: run command in the background"),
	STR(struct exec_flags, detach_keys, 0, "detach-keys", "string",
	    "Override the key sequence for detaching a container"),
	STRS(struct exec_flags, env, 'e', "env", "list", "Set environment variables"),
	STRS(struct exec_flags, env_file, 0, "env-file", "list",
	     "Read in a file of environment variables"),
	FLAG(struct exec_flags, interactive, 'i', "interactive",
	     "Keep STDIN open even if not attached"),
	FLAG(struct exec_flags, privileged, 0, "privileged",
	     "Give extended privileges to the command"),
	FLAG(struct exec_flags, tty, 't', "tty", "Allocate a pseudo-TTY"),
	STR(struct exec_flags, user, 'u', "user", "string",
	    "Username or UID (format: \"<name|uid>[:<group|gid>]\")"),
	STR(struct exec_flags, workdir, 'w', "workdir", "string",
	    "Working directory inside the container"),
	OPT_END,
};

static int exec(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct exec_flags *f = opts;
	struct detach_keys keys;
	struct exec_spec spec = {
		.cmd = { args->items + 1, args->n - 1 },
		.user = f->user,
		.working_dir = f->workdir,
		.tty = f->tty,
		.interactive = f->interactive && !f->detach,
		.detach = f->detach,
		.privileged = f->privileged,
	};
	struct engine *e;
	int status = 1, r = detach_keys_parse(f->detach_keys, &keys, &cli->err);

	if (r == 0 && !f->detach)
		r = terminal_check(f->tty, f->interactive, &cli->err);
	if (r == 0)
		r = container_flags_env(cli, &f->env_file, &f->env, &spec.env);
	if (r == 0)
		r = cli_engine(cli, &e);
	if (r < 0)
		return r;
	spec.detach_keys = f->tty ? keys.keys : NULL;
	if (f->tty)
		terminal_size(&spec.console_height, &spec.console_width);
	/* Not detached, this process becomes the command's supervisor and does not come back. */
	if (container_exec(e, args->items[0], &spec, &status, &cli->err) == 0)
		return 0;
	(void)cli_fail(cli);
	return status > 0 && status != 125 ? status : 1;
}

const struct cmd cmd_exec_table[] = {
	{ "exec", "container", "exec", "[OPTIONS] CONTAINER COMMAND [ARG...]",
	  "Execute a command in a running container", exec_opts, NULL, sizeof(struct exec_flags),
	  exec, 2, -1, OPT_BEFORE_ARGUMENTS, CMD_ARGS_RUNNING, CMD_COMMON },
	{ 0 },
};
