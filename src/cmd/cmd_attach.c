/*
 * cmd_attach.c - berth attach
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/session.h"
#include "cmd/terminal.h"

struct attach_flags {
	bool no_stdin, sig_proxy;
	const char *detach_keys;
};

static const struct attach_flags attach_defaults = { .sig_proxy = true };

static const struct opt attach_opts[] = {
	STR(struct attach_flags, detach_keys, 0, "detach-keys", "string",
	    "Override the key sequence for detaching a container"),
	FLAG(struct attach_flags, no_stdin, 0, "no-stdin", "Do not attach STDIN"),
	FLAG(struct attach_flags, sig_proxy, 0, "sig-proxy",
	     "Proxy all received signals to the process (default true)"),
	OPT_END,
};

static int check_state(struct cli *cli, const struct container *c)
{
	if (c->state.paused)
		return err_set(&cli->err, -EBUSY,
			       "cannot attach to a paused container, unpause it first");
	if (c->state.restarting)
		return err_set(&cli->err, -EBUSY,
			       "cannot attach to a restarting container, wait until it is running");
	if (!c->state.running)
		return err_set(&cli->err, -EINVAL,
			       "cannot attach to a stopped container, start it first");
	return 0;
}

static int attach(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct attach_flags *f = opts;
	OWN(shim_client) struct shim_client *client = NULL;
	struct relay_opts relay = { .sig_proxy = f->sig_proxy, .detach_keys = f->detach_keys };
	uint32_t streams = SHIM_ATTACH_STDOUT | SHIM_ATTACH_STDERR;
	struct container c;
	struct engine *e;
	int r = cli_engine(cli, &e);

	if (r == 0)
		r = container_find(e, args->items[0], cli->a, &c, &cli->err);
	if (r == 0)
		r = check_state(cli, &c);
	if (r < 0)
		return r;
	relay.tty = c.config.tty;
	relay.stdin_open = !f->no_stdin && c.config.open_stdin;
	if (relay.stdin_open)
		streams |= SHIM_ATTACH_STDIN;
	r = terminal_check(relay.tty, relay.stdin_open, &cli->err);
	if (r == 0)
		r = container_attach(e, c.id, streams, &client, &cli->err);
	return r < 0 ? r : session_run(cli, e, c.id, client, &relay, false);
}

const struct cmd cmd_attach_table[] = {
	{ "attach", "container", "attach", "[OPTIONS] CONTAINER",
	  "Attach local standard input, output, and error streams to a running container",
	  attach_opts, &attach_defaults, sizeof(struct attach_flags), attach, 1, 1, OPT_ANYWHERE,
	  CMD_ARGS_RUNNING, 0 },
	{ 0 },
};
