/*
 * pid1.c - process 1 of a container with --init
 *
 *	/sbin/docker-init [--] PROGRAM [ARG...]
 *
 * The kernel gives process 1 two duties that ordinary programs do not know of: orphans become its
 * children and stay as zombies until it reaps them, and signals without a handler do nothing to it.
 * So it runs the program as its child, in a process group of its own that has the terminal, passes
 * every signal on, reaps, and ends with the program's status.
 *
 * It runs in any container, so it needs nothing: no file, no library.
 */
#include "shim/shim.h"

#include <errno.h>
#include <stdbool.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_USAGE = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/* Those that say that this very program is broken. */
static const int own_signals[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS };

/* To write to a terminal whose foreground is another group stops a process, and to give the
 * foreground away does. */
static const int ignored[] = { SIGTTIN, SIGTTOU };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void say(const char *name, const char *why)
{
	char line[512];
	int len = snprintf(line, sizeof(line), "berth-init: %s: %s\n", name, why);

	(void)!write(STDERR_FILENO, line, len < (int)sizeof(line) ? (size_t)len : sizeof(line) - 1);
}

/* In the child, which shares our memory until it executes. */
static _Noreturn void run(char **argv, const sigset_t *mask, volatile int *error)
{
	(void)setpgid(0, 0);
	(void)tcsetpgrp(STDIN_FILENO, getpgrp());
	for (size_t i = 0; i < COUNT(ignored); i++)
		(void)signal(ignored[i], SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	(void)execvp(argv[0], argv);
	*error = errno;
	_exit(EXIT_NOT_FOUND);
}

/* Reaps all that have ended; true and *ret_status when the program is among them. */
static bool reap(pid_t program, int *ret_status)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != program)
			continue;
		ended = true;
		*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return ended;
}

static int supervise(pid_t program, const sigset_t *signals)
{
	int status = 0;

	for (;;) {
		int signal = sigwaitinfo(signals, NULL);

		if (signal == SIGCHLD) {
			if (reap(program, &status))
				return status;
		} else if (signal > 0) {
			(void)kill(program, signal);
		}
	}
}

int shim_pid1(int argc, char **argv)
{
	sigset_t signals, before;
	volatile int error = 0;
	pid_t program;
	int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;

	if (first >= argc) {
		say("usage", "berth-init [--] PROGRAM [ARG...]");
		return EXIT_USAGE;
	}
	(void)sigfillset(&signals);
	for (size_t i = 0; i < COUNT(own_signals); i++)
		(void)sigdelset(&signals, own_signals[i]);
	for (size_t i = 0; i < COUNT(ignored); i++) {
		(void)sigdelset(&signals, ignored[i]);
		(void)signal(ignored[i], SIG_IGN);
	}
	(void)sigprocmask(SIG_SETMASK, &signals, &before);
	program = vfork();
	if (program == 0)
		run(argv + first, &before, &error);
	if (program < 0)
		error = errno;
	if (error) {
		say(argv[first], strerror(error));
		return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
	}
	return supervise(program, &signals);
}
