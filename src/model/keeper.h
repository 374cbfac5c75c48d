/*
 * keeper.h - how an ordinary user's commands, shims and keeper (shim/keeper.h) find each other
 */
#ifndef MODEL_KEEPER_H
#define MODEL_KEEPER_H

/* Descriptors that `berth-shim keep` starts with. */
enum {
	KEEPER_FD_FIFO = 3,  /* the reading end */
	KEEPER_FD_STATE = 4, /* STATE */
};
/* Names in STATE. The lock is held by whoever looks for the keeper, and by it while it ends. */
#define KEEPER_FIFO "keeper"
#define KEEPER_LOCK "keeper.lock"
#define KEEPER_NOTE "keeper.pid" /* "PID START\n", START as in /proc/PID/stat */

#endif
