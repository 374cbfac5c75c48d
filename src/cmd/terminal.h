/*
 * terminal.h - the caller's terminal: its size, and raw mode while a container has it
 */
#ifndef CMD_TERMINAL_H
#define CMD_TERMINAL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

struct terminal {
	bool is_raw;
	struct termios before;
};

/* Puts stdin into raw mode when it is a terminal. */
int terminal_raw(struct terminal *t, struct err *err);
/* As it was before; nothing when it is not raw. */
void terminal_restore(struct terminal *t);
static inline void terminal_cleanup(struct terminal *t)
{
	terminal_restore(t);
}

/* Rows and columns of stdout's or stdin's terminal; zeros without one. */
void terminal_size(uint32_t *ret_height, uint32_t *ret_width);

/* -ENOTTY "the input device is not a TTY" when a container with a terminal wants a stdin that is
 * none. */
int terminal_check(bool tty, bool interactive, struct err *err);

#endif
