/*
 * err.c - errors that a person may read
 */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/*
 * A message is one line of text. Names in it may come from an archive or a container, and a
 * terminal would obey what they say: control characters, C1 ones in UTF-8 among them, become '?'.
 */
static void make_printable(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < ' ' || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)) {
			if (*c == 0xc2)
				c[1] = '?';
			*c = '?';
		}
}

static void set_text(struct err *err, const char *fmt, va_list ap)
{
	int len = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);

	make_printable(err->msg);
	if (len >= (int)sizeof(err->msg))
		memcpy(err->msg + sizeof(err->msg) - sizeof("…"), "…", sizeof("…"));
}

static void add_reason(struct err *err, int code)
{
	size_t len = strlen(err->msg);

	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", strerror(-code));
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	set_text(err, fmt, ap);
	va_end(ap);
	err->code = code;
	return code;
}

int err_sys(struct err *err, const char *fmt, ...)
{
	int code = -errno;
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	set_text(err, fmt, ap);
	va_end(ap);
	add_reason(err, code);
	err->code = code;
	return code;
}

int err_code(struct err *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	set_text(err, fmt, ap);
	va_end(ap);
	add_reason(err, code);
	err->code = code;
	return code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	size_t len;
	va_list ap;

	if (!err)
		return -EIO;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	set_text(err, fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", inner);
	return err->code;
}

int err_also(struct err *first, const struct err *other)
{
	const char mark[] = " (and ";
	char *at;
	int more = 0;
	size_t len;

	if (!first || !other->code)
		return first ? first->code : other->code;
	if (!first->code) {
		*first = *other;
		return first->code;
	}
	at = strstr(first->msg, mark);
	if (at && sscanf(at + sizeof(mark) - 1, "%d more)", &more) == 1)
		*at = '\0';
	len = strlen(first->msg);
	if (len > sizeof(first->msg) - 24)
		len = sizeof(first->msg) - 24;
	(void)snprintf(first->msg + len, sizeof(first->msg) - len, "%s%d more)", mark, more + 1);
	return first->code;
}
