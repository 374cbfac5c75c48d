/*
 * relay.h - between the caller's stdin, stdout, stderr, signals, terminal and a container's shim
 */
#ifndef CMD_RELAY_H
#define CMD_RELAY_H

#include "base/err.h"
#include "cmd/detach_keys.h"
#include "engine/shim_client.h"

#include <stdbool.h>

struct relay_opts {
	bool stdin_open;         /* pass stdin on */
	bool tty;                /* the container has a terminal: raw mode, size, detach keys */
	bool sig_proxy;          /* signals to this process go to the container */
	const char *detach_keys; /* as the user wrote them; NULL: docker's */
};

enum relay_end {
	RELAY_EXITED,   /* the container has ended: *ret_status says how */
	RELAY_DETACHED, /* the user typed the detach keys */
	RELAY_LOST,     /* the connection ended without a word: the shim was killed */
};

/*
 * Relays until one of the ends above. -EIO and such when stdout or stderr cannot be written: the
 * container goes on. The terminal is as before when this returns.
 */
int relay_run(struct shim_client *c, const struct relay_opts *opts, enum relay_end *ret_end,
	      struct shim_status *ret_status, struct err *err);

#endif
