/* test_port.c - ports as docker writes them */
#include "check.h"

#include "codec/port.h"

TEST(ports_and_ranges_are_read)
{
	static const struct {
		const char *text;
		int first, last;
		const char *protocol;
	} cases[] = {
		{ "80", 80, 80, "tcp" },
		{ "80/tcp", 80, 80, "tcp" },
		{ "53/UDP", 53, 53, "udp" },
		{ "0", 0, 0, "tcp" },
		{ "1-65535/sctp", 1, 65535, "sctp" },
		{ "7-7", 7, 7, "tcp" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct port_range r;

		CHECK_OK(port_range_parse(cases[i].text, &r, NULL));
		CHECK_INT(r.first, cases[i].first);
		CHECK_INT(r.last, cases[i].last);
		CHECK_STR(r.protocol, cases[i].protocol);
	}
}

TEST(what_is_no_port_is_refused_with_the_reason)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "use PORT" },           { "x", "use PORT" },
		{ "80:80", "use PORT" },      { "65536", "use PORT" },
		{ "-1", "use PORT" },         { "1-", "use PORT" },
		{ "1-2-3", "use PORT" },      { "99999999999999999999", "use PORT" },
		{ "80/", "the protocol" },    { "80/icmp", "the protocol" },
		{ "9-8", "below the first" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct port_range r;

		CHECK_ERR(port_range_parse(cases[i].text, &r, &err), -EINVAL, &err, cases[i].why);
	}
}

TESTS(T(ports_and_ranges_are_read), T(what_is_no_port_is_refused_with_the_reason))
