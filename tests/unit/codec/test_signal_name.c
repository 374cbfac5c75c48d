/*
 * test_signal_name.c - signals by name and number
 */
#include "check.h"

#include "codec/signal_name.h"

#include <errno.h>
#include <signal.h>

TEST(names_and_numbers_in_any_spelling_are_read)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{ "TERM", SIGTERM }, { "SIGTERM", SIGTERM }, { "sigterm", SIGTERM },
		{ "kill", SIGKILL }, { "15", SIGTERM },      { "1", SIGHUP },
		{ "64", 64 },        { "CLD", SIGCHLD },     { "IOT", SIGABRT },
		{ "RTMIN", 34 },     { "SIGRTMIN+3", 37 },   { "RTMIN+0", 34 },
		{ "RTMIN+30", 64 },  { "RTMAX", 64 },        { "RTMAX-14", 50 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_INT(signal_name_parse(cases[i].text), cases[i].want);
}

TEST(what_is_no_signal_is_refused)
{
	static const char *const bad[] = {
		"",
		"SIG",
		"0",
		"65",
		"-1",
		"15x",
		"1.5",
		"FOO",
		"TERMX",
		"SIGSIGTERM",
		"RTMIN-1",
		"RTMIN+31",
		"RTMAX+1",
		"RTMINX",
		"RTMIN+",
		"RTMIN+3x",
		"RTMIN3",
		"RTMIN+9223372036854775807",
		"RTMAX-9223372036854775808",
		"99999999999999999999",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(signal_name_parse(bad[i]), -EINVAL);
}

TEST(numbers_have_their_usual_name)
{
	CHECK_STR(signal_name(SIGTERM), "SIGTERM");
	CHECK_STR(signal_name(SIGABRT), "SIGABRT");
	CHECK_STR(signal_name(SIGCHLD), "SIGCHLD");
	CHECK_NULL(signal_name(0));
	CHECK_NULL(signal_name(34));
	CHECK_NULL(signal_name(-1));
}

TEST(every_standard_signal_has_a_name_that_is_read_back)
{
	for (int n = 1; n <= 31; n++)
		CHECK_INT(signal_name_parse(signal_name(n)), n);
}

TESTS(T(names_and_numbers_in_any_spelling_are_read), T(what_is_no_signal_is_refused),
      T(numbers_have_their_usual_name), T(every_standard_signal_has_a_name_that_is_read_back))
