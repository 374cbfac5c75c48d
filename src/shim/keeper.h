/*
 * keeper.h - who keeps an ordinary user's namespaces while his containers run
 *
 * `berth-shim keep` is started in the user namespace in which all containers of the user are, and
 * in the network namespace in which their bridges are, so that there is one of each and others find
 * them: STATE/keeper.pid says who it is. Everybody who works in there holds the FIFO STATE/keeper
 * open for writing, commands as well as shims; when the last one has closed it the keeper ends.
 */
#ifndef SHIM_KEEPER_H
#define SHIM_KEEPER_H

/* The program; its result is the exit status. */
int keeper_run(void);

#endif
