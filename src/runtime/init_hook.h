/*
 * init_hook.h - hooks that run in the container: a process for each, which gets the container's
 * state on its standard input
 */
#ifndef RUNTIME_INIT_HOOK_H
#define RUNTIME_INIT_HOOK_H

#include "runtime/init_descriptor.h"
#include "runtime/init_kernel.h"
#include "runtime/init_report.h"

#include "sys/raw.h"

/* A file of the state, in which the process number is the one that the container sees. */
static inline long init_hook_state(const struct init_hooks *h)
{
	char digits[24];
	size_t at = sizeof(digits);
	long fd = RAW(memfd_create, "state", MFD_CLOEXEC_), pid = RAW(getpid), high, r;

	if (fd < 0)
		return fd;
	for (; pid > 0; pid /= 10)
		digits[--at] = (char)('0' + pid % 10);
	r = RAW(write, fd, h->head, h->head_len);
	if (r >= 0)
		r = RAW(write, fd, digits + at, sizeof(digits) - at);
	if (r >= 0)
		r = RAW(write, fd, h->tail, h->tail_len);
	if (r >= 0)
		r = RAW(lseek, fd, 0, 0);
	/* Not one of those that the hook gets something else under. */
	high = r < 0 ? r : RAW(fcntl, fd, F_DUPFD_CLOEXEC, FIRST_FD);
	(void)RAW(close, fd);
	return high;
}

/* In the hook's process. What it prints goes where the container's errors go. */
static inline void init_hook_exec(const struct init_hook *h, long state)
{
	static const unsigned long none = 0;

	(void)RAW(rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
	(void)RAW(dup3, state, 0, 0);
	(void)RAW(dup3, 2, 1, 0);
	(void)init_descriptor_mark_from(FIRST_FD);
	(void)RAW(execve, h->path, h->argv, h->envp);
	(void)RAW(exit_group, INIT_FAILED);
}

/* 1 when its time is over. */
static inline long init_hook_wait(long pid, int64_t timeout_s)
{
	struct {
		long seconds, nanoseconds;
	} left = { (long)timeout_s, 0 };
	struct pollfd ended = { .events = POLLIN };
	long r;

	if (timeout_s <= 0)
		return 0;
	ended.fd = (int)RAW(pidfd_open, pid, 0);
	if (ended.fd < 0)
		return ended.fd;
	r = RAW(ppoll, &ended, 1, &left, 0, 0); /* what is left is written back */
	(void)RAW(close, ended.fd);
	return r < 0 ? r : r == 0;
}

static inline long init_hook_run(const struct init_plan *p, const struct init_hook *h, long state)
{
	/* Like fork(2): it must not run in memory that others use. */
	long pid = RAW(clone, SIGCHLD, 0, 0, 0, 0), late, r;
	int status = 0;

	if (pid == 0)
		init_hook_exec(h, state);
	if (pid < 0)
		return pid;
	late = init_hook_wait(pid, h->timeout_s);
	if (late)
		(void)RAW(kill, pid, SIGKILL);
	do
		r = RAW(wait4, pid, &status, 0, 0);
	while (r == -EINTR);
	if (late || r < 0)
		return late < 0 ? late
		       : r < 0  ? r
				: init_report_failed(p, INIT_HOOK_TIMEOUT, -ETIMEDOUT);
	p->report->status = status;
	return status ? init_report_failed(p, INIT_HOOK_FAILED, -ECANCELED) : 0;
}

/* All of them in order, up to the first that fails. */
static inline long init_hook_run_all(const struct init_plan *p, const struct init_hooks *h)
{
	long r = 0;

	for (size_t i = 0; i < h->n && r >= 0; i++) {
		long state = init_hook_state(h);

		init_report_item(p, i);
		r = state < 0 ? state : init_hook_run(p, &h->items[i], state);
		if (state >= 0)
			(void)RAW(close, state);
	}
	return r;
}

#endif
