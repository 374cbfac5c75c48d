/*
 * err.h - errors that a person may read
 *
 * A struct err is a code (negative errno) and a fixed text owned by the caller: nothing to free,
 * usable when memory is short. Every setter returns the code, so reporting an error is one line:
 *
 *	return err_set(err, -EINVAL, "not a digest: %s", digest);
 *
 * Every function here accepts err == NULL: the text is dropped, the code is still returned.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <errno.h>
#include <stdarg.h>

struct err {
	int code;      /* 0, or a negative errno */
	char msg[512]; /* one line, no newline; ends in "…" when it was cut */
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		.code = 0                                                                          \
	}

/* Sets code and text; returns code. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Like err_set() with code -errno, and ": strerror(errno)" behind the text; returns -errno. */
int err_sys(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same for a call that returned a negative errno itself; returns code. */
int err_code(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Puts "text: " before the message that stands in err; returns its code. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * For undoing, which does not stop: keeps the first of several errors and counts the rest in the
 * text ("… (and 2 more)"). Does nothing when other->code is 0. Returns first->code.
 */
int err_also(struct err *first, const struct err *other);

#endif
