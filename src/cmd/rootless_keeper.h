/*
 * rootless_keeper.h - finding or starting the process that keeps an ordinary user's namespaces
 */
#ifndef CMD_ROOTLESS_KEEPER_H
#define CMD_ROOTLESS_KEEPER_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct rootless_keeper {
	pid_t pid;
	uint64_t start;
};

/* The one that lives. -ENOENT: none. */
int rootless_keeper_find(int state, struct rootless_keeper *ret);
/*
 * Finds it or starts it, and keeps it for as long as *ret_hold is open, here or in a program that
 * this process executes. state: STATE.
 */
int rootless_keeper_hold(int state, struct rootless_keeper *ret, int *ret_hold, struct err *err);

#endif
