#include "check.h"
#include "codec/publish.h"

#include <string.h>

static struct publish parsed(const char *text)
{
	struct publish p;
	struct err err = ERR_INIT;

	CHECK_OK(publish_parse(text, &p, &err));
	return p;
}

TEST(a_port_of_the_host_leads_to_one_of_the_container)
{
	struct publish p = parsed("8080:80");

	CHECK_STR(p.host_ip, "");
	CHECK_INT(p.host_first, 8080);
	CHECK_INT(p.host_last, 8080);
	CHECK_INT(p.container.first, 80);
	CHECK_STR(p.container.protocol, "tcp");
}

TEST(without_a_port_of_the_host_any_will_do)
{
	CHECK_INT(parsed("80").host_first, 0);
	CHECK_INT(parsed("127.0.0.1::53/udp").host_first, 0);
	CHECK_STR(parsed("127.0.0.1::53/udp").host_ip, "127.0.0.1");
	CHECK_STR(parsed("127.0.0.1::53/udp").container.protocol, "udp");
}

TEST(an_ipv6_address_of_the_host_has_brackets)
{
	CHECK_STR(parsed("[::]:8080:80").host_ip, "::");
	CHECK_INT(parsed("[::]:8080:80").host_first, 8080);
	CHECK_STR(parsed("[2001:db8::5]::80/udp").host_ip, "2001:db8::5");
	CHECK_INT(parsed("[2001:db8::5]::80/udp").host_first, 0);
	CHECK_STR(parsed("[2222:2222:2222:2222:2222:2222:255.255.255.255]:1:80").host_ip,
		  "2222:2222:2222:2222:2222:2222:255.255.255.255");
}

TEST(ranges_are_equally_long_or_one_of_a_range)
{
	struct publish p = parsed("10.0.0.1:8000-8002:80-82/sctp");

	CHECK_STR(p.host_ip, "10.0.0.1");
	CHECK_INT(p.host_last, 8002);
	CHECK_INT(p.container.last, 82);
	p = parsed("8000-9000:80");
	CHECK_INT(p.host_first, 8000);
	CHECK_INT(p.host_last, 9000);
	CHECK_INT(p.container.last, 80);
}

TEST(what_cannot_be_published_says_why)
{
	static const struct {
		const char *text, *why;
	} wrong[] = {
		{ "", "containerPort" },
		{ "80:", "no port specified" },
		{ "x:80", "hostPort" },
		{ "80:x", "containerPort" },
		{ "1.2.3:80:80", "IP address" },
		{ "8000-8001:80-82", "Invalid ranges" },
		{ "80/icmp", "protocol" },
		{ "0", "containerPort" },
		{ "8080/tcp:80", "hostPort" },
		{ "::1:80:80", "needs brackets" },
		{ "[127.0.0.1]:80:80", "IP address" },
		{ "[]:80:80", "IP address" },
		{ "[::1:80:80", "IP address" },
		{ "0-5:80", "hostPort" },
		{ "70000:80", "hostPort" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = ERR_INIT;
		struct publish p;

		CHECK_ERR(publish_parse(wrong[i].text, &p, &err), -EINVAL, &err, wrong[i].why);
	}
}

TESTS(T(a_port_of_the_host_leads_to_one_of_the_container),
      T(without_a_port_of_the_host_any_will_do), T(an_ipv6_address_of_the_host_has_brackets),
      T(ranges_are_equally_long_or_one_of_a_range), T(what_cannot_be_published_says_why))
