/*
 * cmd_container.c - the life of containers: start, stop, kill, restart, wait, pause, rename, rm
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/session.h"
#include "cmd/terminal.h"
#include "codec/signal_name.h"

/* -- start -- */

struct start_flags {
	bool attach, interactive;
	const char *detach_keys;
};

static const struct opt start_opts[] = {
	FLAG(struct start_flags, attach, 'a', "attach", "Attach STDOUT/STDERR and forward signals"),
	STR(struct start_flags, detach_keys, 0, "detach-keys", "string",
	    "Override the key sequence for detaching a container"),
	FLAG(struct start_flags, interactive, 'i', "interactive", "Attach container's STDIN"),
	REFUSED(0, "checkpoint", "there are no checkpoints"),
	REFUSED(0, "checkpoint-dir", "there are no checkpoints"),
	OPT_END,
};

static int start_attached(struct cli *cli, const struct start_flags *f, const char *name)
{
	OWN(shim_client) struct shim_client *client = NULL;
	struct start_opts start = { .attach_stdout = true, .attach_stderr = true };
	struct relay_opts relay = { .sig_proxy = true, .detach_keys = f->detach_keys };
	struct container c;
	struct engine *e;
	int status = 1, r = cli_engine(cli, &e);

	if (r == 0)
		r = container_find(e, name, cli->a, &c, &cli->err);
	if (r < 0)
		return r;
	start.attach_stdin = f->interactive && c.config.open_stdin;
	relay.tty = c.config.tty;
	relay.stdin_open = start.attach_stdin;
	r = terminal_check(relay.tty, start.attach_stdin, &cli->err);
	if (r < 0)
		return r;
	if (relay.tty)
		terminal_size(&start.console_height, &start.console_width);
	if (container_start(e, c.id, &start, &client, &status, &cli->err) < 0) {
		(void)cli_fail(cli);
		return status > 0 && status != 125 ? status : 1;
	}
	return client ? session_run(cli, e, c.id, client, &relay, true) : 0;
}

static int start_one(struct cli *cli, const char *name, const void *opts)
{
	static const struct start_opts detached;
	struct shim_client *client = NULL;
	struct engine *e;
	int status, r = cli_engine(cli, &e);

	(void)opts;
	return r < 0 ? r : container_start(e, name, &detached, &client, &status, &cli->err);
}

static int start(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct start_flags *f = opts;

	if (!f->attach && !f->interactive)
		return cli_each(cli, args, start_one, NULL);
	if (args->n > 1)
		return err_set(&cli->err, -EINVAL,
			       "you cannot start and attach multiple containers at once");
	return start_attached(cli, f, args->items[0]);
}

/* -- stop, restart, kill -- */

struct stop_flags {
	const char *signal;
	int64_t timeout;
	int number; /* of the signal; not an option */
};

static const struct stop_flags stop_defaults = { .timeout = OPT_UNSET };

static const struct opt stop_opts[] = {
	STR(struct stop_flags, signal, 's', "signal", "string", "Signal to send to the container"),
	I64(struct stop_flags, timeout, 't', "timeout", "int",
	    "Seconds to wait before killing the container"),
	{ .name = "time",
	  .arg = "int",
	  .help = "",
	  .kind = OPT_KIND_I64,
	  .flags = OPT_HIDDEN,
	  .offset = offsetof(struct stop_flags, timeout) },
	OPT_END,
};

static int read_signal(struct cli *cli, const char *name, int *ret)
{
	*ret = str_is_empty(name) ? 0 : signal_name_parse(name);
	if (*ret < 0)
		return err_set(&cli->err, -EINVAL, "invalid signal: %.100s", name);
	return 0;
}

typedef int stop_fn(struct engine *e, const char *name, const int64_t *timeout_s, int signal,
		    struct err *err);

static int stop_with(struct cli *cli, const char *name, const struct stop_flags *f, stop_fn *stop)
{
	struct engine *e;
	int r = cli_engine(cli, &e);

	if (r < 0)
		return r;
	return stop(e, name, f->timeout == OPT_UNSET ? NULL : &f->timeout, f->number, &cli->err);
}

static int stop_one(struct cli *cli, const char *name, const void *opts)
{
	return stop_with(cli, name, opts, container_stop);
}

static int restart_one(struct cli *cli, const char *name, const void *opts)
{
	return stop_with(cli, name, opts, container_restart);
}

static int stop(struct cli *cli, const void *opts, const struct strv *args)
{
	struct stop_flags f = *(const struct stop_flags *)opts;
	int r = read_signal(cli, f.signal, &f.number);

	return r < 0 ? r : cli_each(cli, args, stop_one, &f);
}

static int restart(struct cli *cli, const void *opts, const struct strv *args)
{
	struct stop_flags f = *(const struct stop_flags *)opts;
	int r = read_signal(cli, f.signal, &f.number);

	return r < 0 ? r : cli_each(cli, args, restart_one, &f);
}

struct kill_flags {
	const char *signal;
	int number; /* not an option */
};

static const struct opt kill_opts[] = {
	STR(struct kill_flags, signal, 's', "signal", "string",
	    "Signal to send to the container (default \"KILL\")"),
	OPT_END,
};

static int kill_one(struct cli *cli, const char *name, const void *opts)
{
	const struct kill_flags *f = opts;
	struct engine *e;
	int r = cli_engine(cli, &e);

	return r < 0 ? r : container_kill(e, name, f->number, &cli->err);
}

static int kill_all(struct cli *cli, const void *opts, const struct strv *args)
{
	struct kill_flags f = *(const struct kill_flags *)opts;
	/* Docker's engine takes an empty one for none. */
	int r = read_signal(cli, str_is_empty(f.signal) ? "KILL" : f.signal, &f.number);

	if (r == 0 && f.number == 0)
		r = err_set(&cli->err, -EINVAL, "invalid signal: %s", f.signal);
	return r < 0 ? r : cli_each(cli, args, kill_one, &f);
}

/* -- pause, unpause, rename, wait -- */

static int pause_one(struct cli *cli, const char *name, const void *opts)
{
	struct engine *e;
	int r = cli_engine(cli, &e);

	(void)opts;
	return r < 0 ? r : container_pause(e, name, &cli->err);
}

static int unpause_one(struct cli *cli, const char *name, const void *opts)
{
	struct engine *e;
	int r = cli_engine(cli, &e);

	(void)opts;
	return r < 0 ? r : container_unpause(e, name, &cli->err);
}

static int pause_all(struct cli *cli, const void *opts, const struct strv *args)
{
	return cli_each(cli, args, pause_one, opts);
}

static int unpause_all(struct cli *cli, const void *opts, const struct strv *args)
{
	return cli_each(cli, args, unpause_one, opts);
}

static int rename_container(struct cli *cli, const void *opts, const struct strv *args)
{
	struct engine *e;
	int r = cli_engine(cli, &e);

	(void)opts;
	return r < 0 ? r : container_rename(e, args->items[0], args->items[1], &cli->err);
}

static int wait_all(struct cli *cli, const void *opts, const struct strv *args)
{
	struct engine *e;
	int status = 0, code, r = cli_engine(cli, &e);

	(void)opts;
	if (r < 0)
		return r;
	for (size_t i = 0; i < args->n; i++) {
		r = container_wait(e, args->items[i], WAIT_NOT_RUNNING, &code, &cli->err);
		if (r == 0) {
			cli_print(cli, "%d\n", code);
			r = cli_flush(cli);
		}
		if (r < 0)
			status = cli_fail(cli);
	}
	return status;
}

/* -- rm, reap -- */

struct rm_flags {
	bool force, volumes;
};

static const struct opt rm_opts[] = {
	FLAG(struct rm_flags, force, 'f', "force",
	     "Force the removal of a running container (uses SIGKILL)"),
	FLAG(struct rm_flags, volumes, 'v', "volumes",
	     "Remove anonymous volumes associated with the container"),
	REFUSED_FLAG('l', "link", "containers are not linked"),
	OPT_END,
};

static int rm_one(struct cli *cli, const char *name, const void *opts)
{
	const struct rm_flags *f = opts;
	struct engine *e;
	int r = cli_engine(cli, &e);

	return r < 0 ? r : container_remove(e, name, f->force, f->volumes, &cli->err);
}

static int rm(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct rm_flags *f = opts;
	int status = 0;

	for (size_t i = 0; i < args->n; i++) {
		int r = rm_one(cli, args->items[i], opts);

		if (r == 0) {
			cli_print(cli, "%s\n", args->items[i]);
			r = cli_flush(cli);
		}
		if (r == 0)
			continue;
		/* As docker: to force away what is not there is said, but no failure. */
		(void)cli_fail(cli);
		status = r == -ENOENT && f->force ? status : 1;
	}
	return status;
}

/* What a shim executes when a detached --rm container has ended. */
static int reap(struct cli *cli, const void *opts, const struct strv *args)
{
	struct engine *e;
	int r = cli_engine(cli, &e);

	(void)opts;
	return r < 0 ? r : container_reap(e, args->items[0], &cli->err);
}

#define OPTIONAL_CONTAINERS "[OPTIONS] CONTAINER [CONTAINER...]"
#define CONTAINERS          "CONTAINER [CONTAINER...]"

const struct cmd cmd_container_table[] = {
	{ "start", "container", "start", OPTIONAL_CONTAINERS,
	  "Start one or more stopped containers", start_opts, NULL, sizeof(struct start_flags),
	  start, 1, -1, OPT_ANYWHERE, CMD_ARGS_STOPPED, 0 },
	{ "stop", "container", "stop", OPTIONAL_CONTAINERS, "Stop one or more running containers",
	  stop_opts, &stop_defaults, sizeof(struct stop_flags), stop, 1, -1, OPT_ANYWHERE,
	  CMD_ARGS_RUNNING, 0 },
	{ "restart", "container", "restart", OPTIONAL_CONTAINERS, "Restart one or more containers",
	  stop_opts, &stop_defaults, sizeof(struct stop_flags), restart, 1, -1, OPT_ANYWHERE,
	  CMD_ARGS_CONTAINERS, 0 },
	{ "kill", "container", "kill", OPTIONAL_CONTAINERS, "Kill one or more running containers",
	  kill_opts, NULL, sizeof(struct kill_flags), kill_all, 1, -1, OPT_ANYWHERE,
	  CMD_ARGS_RUNNING, 0 },
	{ "pause", "container", "pause", CONTAINERS,
	  "Pause all processes within one or more containers", NULL, NULL, 0, pause_all, 1, -1,
	  OPT_ANYWHERE, CMD_ARGS_RUNNING, 0 },
	{ "unpause", "container", "unpause", CONTAINERS,
	  "Unpause all processes within one or more containers", NULL, NULL, 0, unpause_all, 1, -1,
	  OPT_ANYWHERE, CMD_ARGS_RUNNING, 0 },
	{ "rename", "container", "rename", "CONTAINER NEW_NAME", "Rename a container", NULL, NULL,
	  0, rename_container, 2, 2, OPT_ANYWHERE, CMD_ARGS_CONTAINERS, 0 },
	{ "wait", "container", "wait", CONTAINERS,
	  "Block until one or more containers stop, then print their exit codes", NULL, NULL, 0,
	  wait_all, 1, -1, OPT_ANYWHERE, CMD_ARGS_CONTAINERS, 0 },
	{ "rm", "container", "rm remove", OPTIONAL_CONTAINERS, "Remove one or more containers",
	  rm_opts, NULL, sizeof(struct rm_flags), rm, 1, -1, OPT_ANYWHERE, CMD_ARGS_CONTAINERS, 0 },
	{ NULL, "container", "reap", "ID", "Take the end of a container into the store", NULL, NULL,
	  0, reap, 1, 1, OPT_ANYWHERE, CMD_ARGS_NONE, CMD_HIDDEN },
	{ 0 },
};
