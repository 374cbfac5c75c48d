/*
 * size.c - amounts of bytes as people write and read them
 *
 * The grammar and the precision are those of https://github.com/docker/go-units.
 */
#include "codec/size.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static const char prefixes[] = "kmgtp";

/* The factor of "", "b", "k", "kb", "kib" … in any case; 0 for anything else. */
static double factor(const char *suffix)
{
	const char *prefix;
	double scale = 1;

	if (!*suffix || ((*suffix == 'b' || *suffix == 'B') && !suffix[1]))
		return 1;
	prefix = strchr(prefixes, tolower((unsigned char)*suffix));
	if (!prefix)
		return 0;
	for (const char *p = prefixes; p <= prefix; p++)
		scale *= 1024;
	suffix++;
	if (*suffix && (*suffix == 'i' || *suffix == 'I') && suffix[1])
		suffix++;
	if (*suffix == 'b' || *suffix == 'B')
		suffix++;
	return *suffix ? 0 : scale;
}

int size_parse(const char *s, int64_t *ret_bytes, struct err *err)
{
	const char *suffix = s + strspn(s, "0123456789.");
	char *end;
	double value;

	/* strtod() alone would take signs, exponents, "inf" and hexadecimal. */
	if (!isdigit((unsigned char)*s) && !(*s == '.' && isdigit((unsigned char)s[1])))
		return err_set(err, -EINVAL, "invalid size: '%s'", s);
	value = strtod(s, &end);
	if (end != suffix)
		return err_set(err, -EINVAL, "invalid size: '%s'", s);
	suffix += *suffix == ' ';
	value *= factor(suffix);
	if (factor(suffix) == 0 || value >= 0x1p63)
		return err_set(err, -EINVAL, "invalid size: '%s'", s);
	*ret_bytes = (int64_t)value;
	return 0;
}

static void human(double value, double base, const char *const *unit, int digits, char *out)
{
	size_t i = 0;

	for (; value >= base && unit[i + 1]; i++)
		value /= base;
	(void)snprintf(out, SIZE_HUMAN_MAX, "%.*g%s", digits, value, unit[i]);
	/* 999.9 with three digits is "1e+03": docker prints that, we take the next unit. */
	if (strchr(out, 'e') && unit[i + 1])
		(void)snprintf(out, SIZE_HUMAN_MAX, "%.*g%s", digits, value / base, unit[i + 1]);
}

void size_human(int64_t bytes, int digits, char out[SIZE_HUMAN_MAX])
{
	static const char *const unit[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB", NULL };

	human((double)bytes, 1000, unit, digits, out);
}

void size_human_binary(int64_t bytes, char out[SIZE_HUMAN_MAX])
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL };

	human((double)bytes, 1024, unit, 4, out);
}
