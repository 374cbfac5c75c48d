/*
 * test_timestamp.c - points in time
 */
#include "check.h"

#include "codec/timestamp.h"

#include <stdbool.h>
#include <string.h>

#define S    1000000000LL
#define TIME (1767323045LL * S) /* 2026-01-02T03:04:05Z */

TEST(times_are_written_as_go_writes_them)
{
	static const struct {
		int64_t ns;
		const char *trimmed, *fixed, *words;
	} cases[] = {
		{ TIME, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000000Z",
		  "2026-01-02 03:04:05 +0000 UTC" },
		{ TIME + 678000000, "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678000000Z",
		  "2026-01-02 03:04:05 +0000 UTC" },
		{ TIME + 1, "2026-01-02T03:04:05.000000001Z", "2026-01-02T03:04:05.000000001Z",
		  "2026-01-02 03:04:05 +0000 UTC" },
		{ 951782400 * S, "2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000000000Z",
		  "2000-02-29 00:00:00 +0000 UTC" },
		{ -1, "1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59.999999999Z",
		  "1969-12-31 23:59:59 +0000 UTC" },
		{ INT64_MAX, "2262-04-11T23:47:16.854775807Z", "2262-04-11T23:47:16.854775807Z",
		  "2262-04-11 23:47:16 +0000 UTC" },
		{ INT64_MIN, "1677-09-21T00:12:43.145224192Z", "1677-09-21T00:12:43.145224192Z",
		  "1677-09-21 00:12:43 +0000 UTC" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[TIMESTAMP_MAX];

		timestamp_write(cases[i].ns, out);
		CHECK_STR(out, cases[i].trimmed);
		timestamp_write_fixed(cases[i].ns, out);
		CHECK_STR(out, cases[i].fixed);
		timestamp_write_long(cases[i].ns, NULL, out);
		CHECK_STR(out, cases[i].words);
	}
}

TEST(never_is_gos_zero_time)
{
	char out[TIMESTAMP_MAX];
	int64_t ns = 7;

	timestamp_write(0, out);
	CHECK_STR(out, "0001-01-01T00:00:00Z");
	CHECK_OK(timestamp_parse(out, &ns));
	CHECK_INT(ns, 0);
}

/* Three and a half hours west of Greenwich, and one less from TIME on. */
static int32_t newfoundland(int64_t at_s, char name[TIMESTAMP_ZONE_MAX])
{
	bool summer = at_s >= TIME / S;

	(void)snprintf(name, TIMESTAMP_ZONE_MAX, "%s", summer ? "NDT" : "NST");
	return summer ? -9000 : -12600;
}

TEST(times_for_people_are_in_their_zone)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ TIME, "2026-01-02 00:34:05 -0230 NDT" },
		{ TIME - 1, "2026-01-01 23:34:04 -0330 NST" },
		{ 0, "1969-12-31 20:30:00 -0330 NST" },
		{ INT64_MIN, "1677-09-21 00:12:43 +0000 NST" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[TIMESTAMP_MAX];

		timestamp_write_long(cases[i].ns, newfoundland, out);
		CHECK_STR(out, cases[i].text);
	}
}

TEST(since_without_a_zone_is_in_the_user_s)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{ "2026-01-02T00:34:05", TIME },
		{ "2026-01-02T03:04:05Z", TIME },
		{ "2026-01-02T05:04:05+02:00", TIME },
		{ "2026-01-02", 1767312000 * S + 9000 * S },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t got;

		CHECK_OK(timestamp_parse_since(cases[i].text, TIME, newfoundland, &got, NULL));
		CHECK_INT(got, cases[i].want);
	}
}

TEST(rfc_3339_is_read_in_any_zone)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{ "2026-01-02T03:04:05Z", TIME },
		{ "2026-01-02T03:04:05.678Z", TIME + 678000000 },
		{ "2026-01-02T03:04:05.1234567899Z", TIME + 123456789 },
		{ "2026-01-02T05:04:05+02:00", TIME },
		{ "2026-01-01T21:34:05-05:30", TIME },
		{ "1969-12-31T23:59:59.5Z", -S / 2 },
		{ "2024-02-29T00:00:00Z", 1709164800 * S },
		{ "0001-01-01T00:00:00Z", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t got;

		CHECK_OK(timestamp_parse(cases[i].text, &got));
		CHECK_INT(got, cases[i].want);
	}
}

TEST(what_is_not_rfc_3339_is_refused)
{
	static const char *const bad[] = {
		"",
		"2026",
		"2026-01-02",
		"2026-01-02T03",
		"2026-01-02T03Z",
		"2026-01-02T03:04Z",
		"2026-01-02T03:04:05",
		"2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05Zx",
		"2026-01-02T03:04:05+0200",
		"2026-01-02T03:04:05+24:00",
		"2026-13-02T03:04:05Z",
		"2026-00-02T03:04:05Z",
		"2026-02-29T03:04:05Z",
		"2026-04-31T03:04:05Z",
		"2026-01-02T24:04:05Z",
		"2026-01-02T03:60:05Z",
		"2026-1-2T03:04:05Z",
		"26-01-02T03:04:05Z",
		"-026-01-02T03:04:05Z",
		"9999-12-31T23:59:59Z",
		"1600-01-01T00:00:00Z",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t got = 7;

		CHECK_INT(timestamp_parse(bad[i], &got), -EINVAL);
		CHECK_INT(got, 7);
	}
}

TEST(since_takes_all_that_docker_takes)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{ "10m", TIME - 600 * S },
		{ "1h30m", TIME - 5400 * S },
		{ "0", TIME },
		{ "1767323045", TIME },
		{ "1767323045.5", TIME + S / 2 },
		{ "1767323045.000000001", TIME + 1 },
		{ "-1.5", -S - S / 2 },
		{ "2026-01-02", 1767312000 * S },
		{ "2026-01-02Z", 1767312000 * S },
		{ "2026-01-02T03", 1767322800 * S },
		{ "2026-01-02T03:04", 1767323040 * S },
		{ "2026-01-02T03:04:05", TIME },
		{ "2026-01-02T03:04:05.678", TIME + 678000000 },
		{ "2026-01-02T03:04:05Z", TIME },
		{ "2026-01-02T05:04+02:00", 1767323040 * S },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		int64_t got;

		CHECK_OK(timestamp_parse_since(cases[i].text, TIME, NULL, &got, &err));
		CHECK_INT(got, cases[i].want);
	}
}

TEST(what_since_does_not_take_is_said)
{
	static const char *const bad[] = { "",   "yesterday", "1.x", "1.", "99999999999",
					   "1d", "2026-01",   "10 m" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;
		int64_t got = 7;

		CHECK_ERR(timestamp_parse_since(bad[i], TIME, NULL, &got, &err), -EINVAL, &err,
			  "invalid time");
		CHECK_INT(got, 7);
	}
}

TEST(every_day_is_read_as_it_was_written)
{
	for (int64_t day = -106000; day <= 106000; day++) {
		char out[TIMESTAMP_MAX];
		int64_t ns = day * 86400 * S + 86399 * S + 1, again;

		timestamp_write(ns, out);
		CHECK_OK(timestamp_parse(out, &again));
		CHECK_INT(again, ns);
	}
}

TESTS(T(times_are_written_as_go_writes_them), T(never_is_gos_zero_time),
      T(times_for_people_are_in_their_zone), T(since_without_a_zone_is_in_the_user_s),
      T(rfc_3339_is_read_in_any_zone), T(what_is_not_rfc_3339_is_refused),
      T(since_takes_all_that_docker_takes), T(what_since_does_not_take_is_said),
      T(every_day_is_read_as_it_was_written))
