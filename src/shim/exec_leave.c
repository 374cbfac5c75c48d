/*
 * exec_leave.c - what ends the supervisor of an exec'd process does not end the process
 */
#include "shim/exec_leave.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int exec_leave_signals(void)
{
	static const int watched[] = { SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		(void)sigaddset(&set, watched[i]);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int exec_leave_read(int signals, bool *ret_resized)
{
	struct signalfd_siginfo info;

	*ret_resized = false;
	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGWINCH)
			return 128 + (int)info.ssi_signo;
		*ret_resized = true;
	}
	return EXEC_GOES_ON;
}

bool exec_leave_fork(void)
{
	if (fork() != 0)
		return false;

	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
	return true;
}
