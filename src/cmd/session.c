/*
 * session.c - attached to a container: what run, start -a and attach have in common
 */
#include "cmd/session.h"

#include "base/log.h"
#include "base/own.h"

enum { STATUS_KILLED = 137 };

/* The shim was killed: whoever looks next finds the container dead, and so do we. */
static int lost(struct cli *cli, struct engine *e, const char *id)
{
	struct container c;
	struct err gone = ERR_INIT;

	if (container_find(e, id, cli->a, &c, &gone) < 0 || c.state.running)
		return STATUS_KILLED;
	return c.state.exit_code;
}

int session_run(struct cli *cli, struct engine *e, const char *id, struct shim_client *client,
		const struct relay_opts *opts, bool finish)
{
	enum relay_end end = RELAY_LOST;
	struct shim_status last = { 0 };
	struct err late = ERR_INIT;
	int r = relay_run(client, opts, &end, &last, &cli->err);

	if (r < 0)
		return r;
	if (end == RELAY_DETACHED)
		return 0;
	if (end == RELAY_LOST)
		return lost(cli, e, id);
	/* The exit status is the container's, whatever becomes of the tidying: the next command
	 * does it. */
	if (finish && container_finished(e, id, &last, &late) < 0)
		log_warn("%s", late.msg);
	return last.exit_code;
}
