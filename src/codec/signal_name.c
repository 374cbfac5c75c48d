/*
 * signal_name.c - signals by name and number
 */
#include "codec/signal_name.h"

#include "base/str.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <strings.h>

/* The kernel's real-time range; the C library keeps the first two for itself, docker does not. */
enum { RT_FIRST = 34, RT_LAST = 64 };

static const struct {
	const char *name;
	int number;
} table[] = {
	{ "SIGHUP", SIGHUP },       { "SIGINT", SIGINT },       { "SIGQUIT", SIGQUIT },
	{ "SIGILL", SIGILL },       { "SIGTRAP", SIGTRAP },     { "SIGABRT", SIGABRT },
	{ "SIGBUS", SIGBUS },       { "SIGFPE", SIGFPE },       { "SIGKILL", SIGKILL },
	{ "SIGUSR1", SIGUSR1 },     { "SIGSEGV", SIGSEGV },     { "SIGUSR2", SIGUSR2 },
	{ "SIGPIPE", SIGPIPE },     { "SIGALRM", SIGALRM },     { "SIGTERM", SIGTERM },
	{ "SIGSTKFLT", SIGSTKFLT }, { "SIGCHLD", SIGCHLD },     { "SIGCONT", SIGCONT },
	{ "SIGSTOP", SIGSTOP },     { "SIGTSTP", SIGTSTP },     { "SIGTTIN", SIGTTIN },
	{ "SIGTTOU", SIGTTOU },     { "SIGURG", SIGURG },       { "SIGXCPU", SIGXCPU },
	{ "SIGXFSZ", SIGXFSZ },     { "SIGVTALRM", SIGVTALRM }, { "SIGPROF", SIGPROF },
	{ "SIGWINCH", SIGWINCH },   { "SIGIO", SIGIO },         { "SIGPWR", SIGPWR },
	{ "SIGSYS", SIGSYS },       { "SIGIOT", SIGABRT },      { "SIGPOLL", SIGIO },
	{ "SIGCLD", SIGCHLD },
};

static int in_range(long n, int first, int last)
{
	return n >= first && n <= last ? (int)n : -EINVAL;
}

int signal_name_parse(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end != s && !*end)
		return in_range(n, 1, RT_LAST);
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcasecmp(s, table[i].name + 3) == 0)
			return table[i].number;
	if (strncasecmp(s, "RTMIN", 5) == 0 || strncasecmp(s, "RTMAX", 5) == 0) {
		int base = strncasecmp(s, "RTMIN", 5) == 0 ? RT_FIRST : RT_LAST;

		n = s[5] ? strtol(s + 5, &end, 10) : 0;
		if (s[5] && (*end || (s[5] != '+' && s[5] != '-')))
			return -EINVAL;
		if (n < -RT_LAST || n > RT_LAST)
			return -EINVAL;
		return in_range(base + n, RT_FIRST, RT_LAST);
	}
	return -EINVAL;
}

const char *signal_name(int number)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].number == number)
			return table[i].name;
	return NULL;
}
