/*
 * init_hold.h - a held process waits for who lets it run its program
 */
#ifndef RUNTIME_INIT_HOLD_H
#define RUNTIME_INIT_HOLD_H

#include "runtime/init_entry.h"
#include "runtime/init_kernel.h"
#include "runtime/init_plan.h"

#include "sys/raw.h"

/* 0 when the other side says GO, a negative errno when it says anything else or ends. */
static inline long init_wait_for_go(int fd)
{
	unsigned char byte = 0;
	long r;

	do
		r = RAW(read, fd, &byte, 1);
	while (r == -EINTR);
	if (r < 0)
		return r;
	return r == 1 && byte == INIT_GO ? 0 : -EPIPE;
}

/* Whoever calls and says nothing was killed in the midst of it; somebody else may call again. */
static inline long init_hold_for_caller(const struct init_plan *p)
{
	unsigned char byte = 0;
	long r = 0;

	while (r >= 0 && byte != INIT_GO) {
		long caller = RAW(accept4, p->listen_fd, 0, 0, SOCK_CLOEXEC);

		if (caller == -EINTR || caller == -ECONNABORTED)
			continue;
		if (caller < 0)
			return caller;
		(void)RAW(read, caller, &byte, 1);
		/* Our report goes to who waits for it. */
		if (byte == INIT_GO)
			r = RAW(dup3, caller, p->hold_fd, O_CLOEXEC);
		else if (byte == INIT_ENTER)
			init_entry_give(p, caller);
		(void)RAW(close, caller);
	}
	return r < 0 ? r : 0;
}

static inline long init_hold(const struct init_plan *p)
{
	unsigned char byte = INIT_HELD;
	long r;

	if (p->hold_fd < 0)
		return 0;
	/* There is nothing more to ask for. */
	if (p->talk_fd >= 0)
		(void)RAW(close, p->talk_fd);
	r = RAW(write, p->hold_fd, &byte, 1);
	if (r >= 0 && p->listen_fd >= 0)
		return init_hold_for_caller(p);
	return r < 0 ? r : init_wait_for_go(p->hold_fd);
}

#endif
