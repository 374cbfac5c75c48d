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

/* Seconds or less with a fraction of at most nine digits, without zeros at its end. */
static void write_part(uint64_t whole, uint64_t fraction, int digits, const char *unit, char *out,
		       size_t size)
{
	char text[16];

	(void)snprintf(text, sizeof(text), ".%0*llu", digits, (unsigned long long)fraction);
	for (size_t n = strlen(text); n > 0 && (text[n - 1] == '0' || text[n - 1] == '.'); n--) {
		bool dot = text[n - 1] == '.';

		text[n - 1] = '\0';
		if (dot)
			break;
	}
	(void)snprintf(out, size, "%llu%s%s", (unsigned long long)whole, text, unit);
}

void duration_write(int64_t ns, char out[DURATION_HUMAN_MAX])
{
	static const uint64_t second = 1000000000;
	uint64_t left = ns < 0 ? -(uint64_t)ns : (uint64_t)ns, seconds = left / second;
	char part[DURATION_HUMAN_MAX];
	const char *sign = ns < 0 ? "-" : "";

	if (left == 0)
		(void)snprintf(part, sizeof(part), "0s");
	else if (left < 1000)
		write_part(left, 0, 0, "ns", part, sizeof(part));
	else if (left < 1000000)
		write_part(left / 1000, left % 1000, 3, "µs", part, sizeof(part));
	else if (left < second)
		write_part(left / 1000000, left % 1000000, 6, "ms", part, sizeof(part));
	else
		write_part(seconds % 60, left % second, 9, "s", part, sizeof(part));
	if (seconds >= 3600)
		(void)snprintf(out, DURATION_HUMAN_MAX, "%s%lluh%llum%.16s", sign,
			       (unsigned long long)seconds / 3600,
			       (unsigned long long)seconds / 60 % 60, part);
	else if (seconds >= 60)
		(void)snprintf(out, DURATION_HUMAN_MAX, "%s%llum%.16s", sign,
			       (unsigned long long)seconds / 60, part);
	else
		(void)snprintf(out, DURATION_HUMAN_MAX, "%s%.20s", sign, part);
}
