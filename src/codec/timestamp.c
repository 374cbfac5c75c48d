/*
 * timestamp.c - points in time as text
 *
 * Days are counted by the proleptic Gregorian calendar with years that begin in March, so that the
 * leap day is the last of a year (Fliegel and Van Flandern's arrangement).
 */
#include "codec/timestamp.h"

#include "base/str.h"
#include "codec/duration.h"

#include <ctype.h>
#include <stdlib.h>

static const int64_t SECOND = 1000000000;

struct civil {
	int year, month, day, hour, minute, second;
	int64_t nanos;
};

static int64_t days_of(int64_t y, int m, int d)
{
	int64_t era, doe;
	int doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	doe = (y - era * 400) * 365 + (y - era * 400) / 4 - (y - era * 400) / 100 + doy;
	return era * 146097 + doe - 719468;
}

static void civil_of(int64_t ns, struct civil *c)
{
	int64_t seconds = ns / SECOND - (ns % SECOND < 0);
	int64_t days = seconds / 86400 - (seconds % 86400 < 0);
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int rest = (int)(seconds - days * 86400);

	c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c->year = (int)(yoe + era * 400 + (c->month <= 2));
	c->hour = rest / 3600;
	c->minute = rest / 60 % 60;
	c->second = rest % 60;
	c->nanos = ns % SECOND + (ns % SECOND < 0 ? SECOND : 0);
}

void timestamp_write_fixed(int64_t ns, char out[TIMESTAMP_MAX])
{
	struct civil c;

	civil_of(ns, &c);
	(void)snprintf(out, TIMESTAMP_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%09dZ", c.year, c.month,
		       c.day, c.hour, c.minute, c.second, (int)c.nanos);
}

void timestamp_write(int64_t ns, char out[TIMESTAMP_MAX])
{
	size_t len;

	if (ns == 0) {
		(void)snprintf(out, TIMESTAMP_MAX, "0001-01-01T00:00:00Z");
		return;
	}
	timestamp_write_fixed(ns, out);
	len = strlen(out) - 1;
	while (out[len - 1] == '0')
		len--;
	if (out[len - 1] == '.')
		len--;
	out[len] = 'Z';
	out[len + 1] = '\0';
}

static int32_t offset_at(timestamp_zone *zone, int64_t ns, char ret_name[TIMESTAMP_ZONE_MAX])
{
	(void)snprintf(ret_name, TIMESTAMP_ZONE_MAX, "UTC");
	return zone ? zone(ns / SECOND - (ns % SECOND < 0), ret_name) : 0;
}

void timestamp_write_long(int64_t ns, timestamp_zone *zone, char out[TIMESTAMP_MAX])
{
	char name[TIMESTAMP_ZONE_MAX];
	int32_t offset = offset_at(zone, ns, name), minutes = (offset < 0 ? -offset : offset) / 60;
	struct civil c;
	int64_t local;

	/* At the ends of what fits the zone is left out. */
	if (__builtin_add_overflow(ns, offset * SECOND, &local)) {
		local = ns;
		minutes = offset = 0;
	}
	civil_of(local, &c);
	(void)snprintf(out, TIMESTAMP_MAX, "%04d-%02d-%02d %02d:%02d:%02d %c%02d%02d %s", c.year,
		       c.month, c.day, c.hour, c.minute, c.second, offset < 0 ? '-' : '+',
		       minutes / 60 % 100, minutes % 60, name);
}

/* n digits; -1 when there are fewer. */
static int digits(const char **s, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++, (*s)++) {
		if (!isdigit((unsigned char)**s))
			return -1;
		value = value * 10 + (**s - '0');
	}
	return value;
}

static bool skip(const char **s, const char *any)
{
	if (!**s || !strchr(any, **s))
		return false;
	(*s)++;
	return true;
}

static int64_t parse_fraction(const char **s)
{
	int64_t nanos = 0, scale = SECOND / 10;

	if (!skip(s, "."))
		return 0;
	if (!isdigit((unsigned char)**s))
		return -1;
	for (; isdigit((unsigned char)**s); (*s)++, scale /= 10)
		nanos += (**s - '0') * scale;
	return nanos;
}

/* Minutes east of UTC. */
static int parse_zone(const char **s, int *ret_minutes)
{
	int sign, h, m;

	*ret_minutes = 0;
	if (skip(s, "Zz"))
		return 0;
	if (**s != '+' && **s != '-')
		return -EINVAL;
	sign = *(*s)++ == '-' ? -1 : 1;
	h = digits(s, 2);
	if (h < 0 || h > 23 || !skip(s, ":"))
		return -EINVAL;
	m = digits(s, 2);
	if (m < 0 || m > 59)
		return -EINVAL;
	*ret_minutes = sign * (h * 60 + m);
	return 0;
}

static bool is_date(const struct civil *c)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = c->year % 4 == 0 && (c->year % 100 != 0 || c->year % 400 == 0);

	return c->year >= 0 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
	       c->day <= lengths[c->month - 1] + (leap && c->month == 2);
}

/* A date and as much of a time as there is: *ret_parts of hour, minute and second. */
static int parse_civil(const char **s, struct civil *c, int *ret_parts)
{
	*ret_parts = 0;
	*c = (struct civil){ 0 };
	c->year = digits(s, 4);
	if (c->year < 0 || !skip(s, "-"))
		return -EINVAL;
	c->month = digits(s, 2);
	if (c->month < 0 || !skip(s, "-"))
		return -EINVAL;
	c->day = digits(s, 2);
	if (!is_date(c))
		return -EINVAL;
	if (!skip(s, "Tt "))
		return 0;
	c->hour = digits(s, 2);
	if (c->hour < 0 || c->hour > 23)
		return -EINVAL;
	*ret_parts = 1;
	if (!skip(s, ":"))
		return 0;
	c->minute = digits(s, 2);
	if (c->minute < 0 || c->minute > 59)
		return -EINVAL;
	*ret_parts = 2;
	if (!skip(s, ":"))
		return 0;
	c->second = digits(s, 2);
	if (c->second < 0 || c->second > 60)
		return -EINVAL;
	*ret_parts = 3;
	c->nanos = parse_fraction(s);
	return c->nanos < 0 ? -EINVAL : 0;
}

static int join(int64_t seconds, int64_t nanos, int64_t *ret)
{
	int64_t ns;

	if (__builtin_mul_overflow(seconds, SECOND, &ns) || __builtin_add_overflow(ns, nanos, &ns))
		return -EINVAL;
	*ret = ns;
	return 0;
}

static int to_ns(const struct civil *c, int32_t offset_s, int64_t *ret)
{
	int64_t seconds = days_of(c->year, c->month, c->day) * 86400 + c->hour * 3600 +
			  c->minute * 60 + c->second - offset_s;

	return join(seconds, c->nanos, ret);
}

int timestamp_parse(const char *s, int64_t *ret_ns)
{
	struct civil c;
	int parts, zone;

	if (parse_civil(&s, &c, &parts) < 0 || parts < 3 || parse_zone(&s, &zone) < 0 || *s)
		return -EINVAL;
	if (c.year == 1 && c.month == 1 && c.day <= 2) { /* Go's zero time, in any zone */
		*ret_ns = 0;
		return 0;
	}
	return to_ns(&c, zone * 60, ret_ns);
}

static int parse_unix(const char *s, int64_t *ret_ns)
{
	char *end;
	long long seconds = strtoll(s, &end, 10);
	const char *rest = end;
	int64_t nanos = parse_fraction(&rest);

	if (end == s || *rest || nanos < 0)
		return -EINVAL;
	return join(seconds, seconds < 0 ? -nanos : nanos, ret_ns);
}

/* A date, and behind it a zone or nothing. */
static int parse_dated(const char *s, int64_t now_ns, timestamp_zone *zone, int64_t *ret_ns)
{
	char name[TIMESTAMP_ZONE_MAX];
	struct civil c;
	int parts, minutes;

	if (parse_civil(&s, &c, &parts) < 0)
		return -EINVAL;
	if (!*s)
		return to_ns(&c, offset_at(zone, now_ns, name), ret_ns);
	if (parse_zone(&s, &minutes) < 0 || *s)
		return -EINVAL;
	return to_ns(&c, minutes * 60, ret_ns);
}

int timestamp_parse_since(const char *s, int64_t now_ns, timestamp_zone *zone, int64_t *ret_ns,
			  struct err *err)
{
	int64_t ago;

	if (duration_parse(s, &ago) == 0 && !__builtin_sub_overflow(now_ns, ago, &ago)) {
		*ret_ns = ago;
		return 0;
	}
	if (parse_unix(s, ret_ns) == 0)
		return 0;
	if (parse_dated(s, now_ns, zone, ret_ns) == 0)
		return 0;
	return err_set(
		err, -EINVAL,
		"invalid time \"%s\": use RFC 3339 (2026-01-02T15:04:05Z), seconds since 1970, or a "
		"duration such as 10m",
		s);
}
