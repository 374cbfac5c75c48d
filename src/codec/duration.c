/*
 * duration.c - lengths of time: Go's "1h30m", and words for people
 */
#include "codec/duration.h"

#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

static const struct {
	const char *name;
	double ns;
} units[] = {
	{ "ns", 1 },          { "us", 1e3 }, { "\xc2\xb5s", 1e3 }, /* U+00B5, micro sign */
	{ "\xce\xbcs", 1e3 },                                      /* U+03BC, Greek mu */
	{ "ms", 1e6 },        { "s", 1e9 },  { "m", 60e9 },        { "h", 3600e9 },
};

/* The unit at s, longest first ("ms" before "m"); its length, or 0. */
static size_t unit_at(const char *s, double *ret_ns)
{
	size_t best = 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t len = strlen(units[i].name);

		if (len > best && strncmp(s, units[i].name, len) == 0) {
			best = len;
			*ret_ns = units[i].ns;
		}
	}
	return best;
}

int duration_parse(const char *s, int64_t *ret_ns)
{
	int sign = *s == '-' ? -1 : 1;
	double total = 0;

	if (*s == '-' || *s == '+')
		s++;
	if (strcmp(s, "0") == 0) {
		*ret_ns = 0;
		return 0;
	}
	if (!*s)
		return -EINVAL;
	while (*s) {
		double value = 0, scale = 1, unit = 0;
		bool any = false;
		size_t len;

		for (; isdigit((unsigned char)*s); s++, any = true)
			value = value * 10 + (*s - '0');
		if (*s == '.')
			for (s++; isdigit((unsigned char)*s); s++, any = true)
				value += (*s - '0') * (scale /= 10);
		len = unit_at(s, &unit);
		if (!any || !len)
			return -EINVAL;
		total += value * unit;
		s += len;
	}
	if (total >= 9.2e18)
		return -EINVAL;
	*ret_ns = sign * (int64_t)(total + 0.5);
	return 0;
}

void duration_human(int64_t ns, char out[DURATION_HUMAN_MAX])
{
	long long seconds = ns / 1000000000, minutes = seconds / 60;
	long long hours = (seconds + 1800) / 3600; /* rounded, as docker's units do */
	const size_t size = DURATION_HUMAN_MAX;

	if (seconds < 1)
		(void)snprintf(out, size, "Less than a second");
	else if (seconds == 1)
		(void)snprintf(out, size, "1 second");
	else if (seconds < 60)
		(void)snprintf(out, size, "%lld seconds", seconds);
	else if (minutes == 1)
		(void)snprintf(out, size, "About a minute");
	else if (minutes < 60)
		(void)snprintf(out, size, "%lld minutes", minutes);
	else if (hours == 1)
		(void)snprintf(out, size, "About an hour");
	else if (hours < 48)
		(void)snprintf(out, size, "%lld hours", hours);
	else if (hours < 24 * 7 * 2)
		(void)snprintf(out, size, "%lld days", hours / 24);
	else if (hours < 24 * 30 * 2)
		(void)snprintf(out, size, "%lld weeks", hours / 24 / 7);
	else if (hours < 24 * 365 * 2)
		(void)snprintf(out, size, "%lld months", hours / 24 / 30);
	else
		(void)snprintf(out, size, "%lld years",
			       (long long)((double)seconds / 3600 / 24 / 365));
}
