/*
 * session.h - attached to a container: what run, start -a and attach have in common
 */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include "cmd/cli.h"
#include "cmd/relay.h"

/*
 * Relays until the container ends, and returns its exit status; 0 when the user detached. finish:
 * this command started the container, so it takes the end into the store. A negative errno with
 * cli->err when the relay failed.
 */
int session_run(struct cli *cli, struct engine *e, const char *id, struct shim_client *client,
		const struct relay_opts *opts, bool finish);

#endif
