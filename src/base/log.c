/*
 * log.c - one line per event on stderr
 */
#include "base/log.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static struct {
	const char *program;
	enum log_level level;
} log_state = { "berth", LOG_WARN };

static const char *const names[] = { "error", "warn", "info", "debug" };
_Static_assert(sizeof(names) / sizeof(names[0]) == LOG_LEVELS, "a name for every level");

void log_init(const char *program, enum log_level level)
{
	log_state.program = program;
	log_state.level = level;
}

int log_level_parse(const char *name, enum log_level *ret_level)
{
	for (int i = 0; i < LOG_LEVELS; i++) {
		if (str_eq(name, names[i])) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	if (str_eq(name, "fatal")) {
		*ret_level = LOG_ERROR;
		return 0;
	}
	return -EINVAL;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int len, more;

	if (level > log_state.level)
		return;
	len = snprintf(line, sizeof(line), "%s: %s: ", log_state.program, names[level]);
	va_start(ap, fmt);
	more = vsnprintf(line + len, sizeof(line) - (size_t)len - 1, fmt, ap);
	va_end(ap);
	len += more;
	if (len > (int)sizeof(line) - 2)
		len = (int)sizeof(line) - 2;
	line[len++] = '\n';
	/* One write, so that lines of several processes do not mix. */
	(void)!write(STDERR_FILENO, line, (size_t)len);
}
