/* codec/resolv_conf: the first three servers, as libc reads them. */
#include "codec/resolv_conf.h"

#include "check.h"

#include <errno.h>
#include <string.h>

static size_t servers(const char *text, struct resolv_server ret[RESOLV_CONF_SERVERS_MAX])
{
	return resolv_conf_servers(text, strlen(text), ret);
}

TEST(servers_are_read_whatever_stands_around_them)
{
	struct resolv_server s[RESOLV_CONF_SERVERS_MAX];

	CHECK_INT(servers("# nameserver 192.0.2.9\nsearch example\nnameserver 192.0.2.1\n"
			  "nameserver\t2001:db8::1  # two\r\noptions ndots:1\nnameservers 1.1.1.1\n"
			  "nameserver fe80::1%eth0",
			  s),
		  3);
	CHECK(!s[0].is_v6 && memcmp(s[0].address, "\xc0\x00\x02\x01", 4) == 0);
	CHECK(s[1].is_v6 && s[1].address[0] == 0x20 && s[1].address[15] == 1);
	CHECK_STR(s[1].scope, "");
	CHECK(s[2].is_v6);
	CHECK_STR(s[2].scope, "eth0");
}

TEST(the_fourth_server_and_what_is_none_are_passed_over)
{
	struct resolv_server s[RESOLV_CONF_SERVERS_MAX];

	CHECK_INT(servers("", s), 0);
	CHECK_INT(servers("nameserver\nnameserver \nnameserver x\nnameserver 1.2.3\n", s), 0);
	CHECK_INT(servers("nameserver 1.2.3.4\n nameserver 1.2.3.5\n", s), 1);
	CHECK_INT(servers("nameserver 1.2.3.4\nnameserver 1.2.3.5\nnameserver 1.2.3.6\n"
			  "nameserver 1.2.3.7\n",
			  s),
		  3);
	CHECK_INT(s[2].address[3], 6);
}

TEST(an_address_is_whole)
{
	static const char *const none[] = {
		"", "a", "1.2.3.4%eth0", "fe80::1%", "::1.", "1.2.3.4 ", "fe80::1%0123456789abcdef"
	};
	struct resolv_server s;

	CHECK_OK(resolv_conf_parse_server("127.0.0.1", 9, &s));
	CHECK_OK(resolv_conf_parse_server("::1", 3, &s));
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK_INT(resolv_conf_parse_server(none[i], strlen(none[i]), &s), -EINVAL);
}

TESTS(T(servers_are_read_whatever_stands_around_them),
      T(the_fourth_server_and_what_is_none_are_passed_over), T(an_address_is_whole))
