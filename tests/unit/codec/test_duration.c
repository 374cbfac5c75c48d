/*
 * test_duration.c - lengths of time
 */
#include "check.h"

#include "codec/duration.h"

#include <errno.h>

#define S 1000000000LL

TEST(go_durations_are_read)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{ "0", 0 },
		{ "-0", 0 },
		{ "10s", 10 * S },
		{ "1h30m", 5400 * S },
		{ "1.5h", 5400 * S },
		{ "-1.5h", -5400 * S },
		{ "+5s", 5 * S },
		{ "100ms", S / 10 },
		{ "1us", 1000 },
		{ "1\xc2\xb5s", 1000 },
		{ "1\xce\xbcs", 1000 },
		{ "7ns", 7 },
		{ ".5s", S / 2 },
		{ "5.s", 5 * S },
		{ "2h45m0.5s", 9900 * S + S / 2 },
		{ "1h1ns", 3600 * S + 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t got;

		CHECK_OK(duration_parse(cases[i].text, &got));
		CHECK_INT(got, cases[i].want);
	}
}

TEST(what_is_no_duration_is_refused)
{
	static const char *const bad[] = {
		"",    "1",   "s",  "-",   "-s",    ".",    ".s",   "1d",           "1 s",
		"1s ", " 1s", "1x", "1h1", "1..5s", "--1s", "3e9s", "99999999999h", "inf",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t got = 7;

		CHECK_INT(duration_parse(bad[i], &got), -EINVAL);
		CHECK_INT(got, 7);
	}
}

TEST(people_read_dockers_words)
{
	static const struct {
		int64_t seconds;
		const char *want;
	} cases[] = {
		{ -5, "Less than a second" },
		{ 0, "Less than a second" },
		{ 1, "1 second" },
		{ 5, "5 seconds" },
		{ 59, "59 seconds" },
		{ 60, "About a minute" },
		{ 119, "About a minute" },
		{ 120, "2 minutes" },
		{ 59 * 60, "59 minutes" },
		{ 3600, "About an hour" },
		{ 3600 + 1799, "About an hour" },
		{ 3600 + 1800, "2 hours" },
		{ 47 * 3600, "47 hours" },
		{ 48 * 3600, "2 days" },
		{ 13 * 86400, "13 days" },
		{ 14 * 86400, "2 weeks" },
		{ 59 * 86400, "8 weeks" },
		{ 60 * 86400, "2 months" },
		{ 729 * 86400, "24 months" },
		{ 730 * 86400, "2 years" },
		{ 9000000000, "285 years" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[DURATION_HUMAN_MAX];

		duration_human(cases[i].seconds * S, out);
		CHECK_STR(out, cases[i].want);
	}
}

TEST(durations_are_written_as_go_writes_them)
{
	static const struct {
		int64_t ns;
		const char *want;
	} cases[] = {
		{ 0, "0s" },
		{ 1, "1ns" },
		{ 1100, "1.1\302\265s" },
		{ 2200000, "2.2ms" },
		{ 300000000, "300ms" },
		{ S, "1s" },
		{ 3 * S / 2, "1.5s" },
		{ 60 * S, "1m0s" },
		{ 90 * S + 1, "1m30.000000001s" },
		{ 3600 * S, "1h0m0s" },
		{ -5 * S, "-5s" },
		{ INT64_MAX, "2562047h47m16.854775807s" },
		{ INT64_MIN, "-2562047h47m16.854775808s" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[DURATION_HUMAN_MAX];

		duration_write(cases[i].ns, out);
		CHECK_STR(out, cases[i].want);
	}
}

TESTS(T(durations_are_written_as_go_writes_them), T(go_durations_are_read),
      T(what_is_no_duration_is_refused), T(people_read_dockers_words))
