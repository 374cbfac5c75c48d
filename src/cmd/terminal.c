/*
 * terminal.c - the caller's terminal: its size, and raw mode while a container has it
 */
#include "cmd/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

int terminal_raw(struct terminal *t, struct err *err)
{
	struct termios raw;

	if (t->is_raw || !isatty(STDIN_FILENO))
		return 0;
	if (tcgetattr(STDIN_FILENO, &t->before) < 0)
		return err_sys(err, "reading the terminal's mode");
	raw = t->before;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
		return err_sys(err, "setting the terminal's mode");
	t->is_raw = true;
	return 0;
}

void terminal_restore(struct terminal *t)
{
	if (t->is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
	t->is_raw = false;
}

void terminal_size(uint32_t *ret_height, uint32_t *ret_width)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		(void)ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	*ret_height = size.ws_row;
	*ret_width = size.ws_col;
}

int terminal_check(bool tty, bool interactive, struct err *err)
{
	if (tty && interactive && !isatty(STDIN_FILENO))
		return err_set(err, -ENOTTY, "the input device is not a TTY");
	return 0;
}
