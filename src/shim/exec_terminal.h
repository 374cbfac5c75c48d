/*
 * exec_terminal.h - between the caller's terminal and that of an exec'd process
 */
#ifndef SHIM_EXEC_TERMINAL_H
#define SHIM_EXEC_TERMINAL_H

#include "runtime/runtime.h"

enum { EXEC_TERMINAL_KEYS_MAX = 32 };

/*
 * Relays until the process has ended: -1; it is to be reaped. Otherwise we were left (the detach
 * keys, a signal, an output that breaks): the exit status of that; the process goes on, and a
 * child of ours holds its terminal. Our own terminal is as it was before. keys: their bytes, "" is
 * none.
 */
int exec_terminal_relay(const struct runtime_process *process, bool interactive, const char *keys);
/* Keeps the terminal open, and its output from piling up, until the process has ended. */
void exec_terminal_hold(const struct runtime_process *process);

#endif
