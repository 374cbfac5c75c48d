/*
 * rootless.h - berth as an ordinary user
 *
 * All his containers are in one user namespace, where he is root and has the ranges of users that
 * root has granted him, and their bridges in one network namespace of that. A command enters both
 * and goes on as root does. Who keeps them is written in model/keeper.h.
 */
#ifndef CMD_ROOTLESS_H
#define CMD_ROOTLESS_H

#include "cmd/cli.h"

/*
 * Becomes root of the user namespace, which is made when there is none, and chooses where images
 * and containers are, for this process and those that it executes. Nothing for who is root already.
 * Error in cli->err.
 */
int rootless_enter(struct cli *cli);
/*
 * Enters the network namespace of his bridges and says in cli->paths how the engine comes back.
 * Nothing for the machine's root, and where nobody keeps one.
 */
int rootless_enter_network(struct cli *cli);

#endif
