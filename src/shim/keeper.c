/*
 * keeper.c - who keeps an ordinary user's namespaces while his containers run
 *
 * It lingers for a moment, so that a few commands in a row make the namespaces once, and a shim
 * that executes itself again may close the FIFO meanwhile. Then it looks once more under the lock:
 * who opens the FIFO has that, so nobody finds a keeper that is about to end.
 */
#include "shim/keeper.h"

#include "base/own.h"
#include "model/keeper.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LINGER_MS = 700, EXIT_ENGINE = 125 };

/* Nobody writes into it. */
static bool is_held(int timeout_ms)
{
	struct pollfd polled = { .fd = KEEPER_FD_FIFO, .events = POLLIN };
	char lost[64];

	if (poll(&polled, 1, timeout_ms) <= 0)
		return true;
	if (polled.revents & POLLIN)
		(void)!read(KEEPER_FD_FIFO, lost, sizeof(lost));
	return !(polled.revents & (POLLHUP | POLLERR | POLLNVAL));
}

/* True: nobody is there any more, nor can come. */
static bool is_over(void)
{
	OWN(fd) int lock = openat(KEEPER_FD_STATE, KEEPER_LOCK, O_RDWR | O_CLOEXEC);

	/* Without STATE nobody finds us either. */
	if (lock >= 0 && file_lock(lock, true) < 0)
		return false;
	if (is_held(0))
		return false;
	(void)unlinkat(KEEPER_FD_STATE, KEEPER_NOTE, 0);
	(void)unlinkat(KEEPER_FD_STATE, KEEPER_FIFO, 0);
	return true;
}

int keeper_run(void)
{
	sigset_t all;

	(void)setsid();
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)syscall(SYS_close_range, KEEPER_FD_STATE + 1, ~0U, 0);
	if (chdir("/") < 0 || fcntl(KEEPER_FD_FIFO, F_GETFD) < 0 ||
	    fcntl(KEEPER_FD_STATE, F_GETFD) < 0)
		return EXIT_ENGINE;
	do {
		while (is_held(-1))
			;
		(void)poll(NULL, 0, LINGER_MS);
	} while (!is_over());
	return 0;
}
