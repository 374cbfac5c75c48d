#include "check.h"
#include "codec/cidr.h"

#include <errno.h>

TEST(a_subnet_is_read_and_written)
{
	struct cidr c;
	char text[CIDR_TEXT_MAX];

	CHECK_OK(cidr_parse("172.17.5.9/16", &c));
	CHECK_INT(c.address, 0xac110509);
	CHECK_INT(cidr_first(&c), 0xac110000);
	CHECK_INT(cidr_last(&c), 0xac11ffff);
	cidr_write(&c, text);
	CHECK_STR(text, "172.17.5.9/16");
}

TEST(the_edges_of_a_prefix_are_right)
{
	struct cidr all, one;

	CHECK_OK(cidr_parse("0.0.0.0/0", &all));
	CHECK_INT(cidr_first(&all), 0);
	CHECK_INT(cidr_last(&all), 0xffffffff);
	CHECK_OK(cidr_parse("255.255.255.255/32", &one));
	CHECK_INT(cidr_first(&one), cidr_last(&one));
	CHECK(cidr_overlaps(&all, &one));
}

TEST(overlap_is_mutual_and_ends_at_the_edge)
{
	struct cidr a, b, c;

	CHECK_OK(cidr_parse("10.0.0.0/24", &a));
	CHECK_OK(cidr_parse("10.0.0.128/25", &b));
	CHECK_OK(cidr_parse("10.0.1.0/24", &c));
	CHECK(cidr_overlaps(&a, &b) && cidr_overlaps(&b, &a));
	CHECK(!cidr_overlaps(&a, &c) && !cidr_overlaps(&c, &a));
	CHECK(cidr_has(&a, 0x0a0000ff));
	CHECK(!cidr_has(&a, 0x0a000100));
}

TEST(what_is_no_subnet_is_refused)
{
	static const char *const wrong[] = {
		"",
		"10.0.0.0",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0/8",
		"10.0.0.0/08",
		"10.0.0.0/-1",
		"10.0.0.0/1x",
		"1.2.3.4.5/8",
		"::1/64",
		"10.0.0.256/8",
		" 10.0.0.0/8",
		"010.0.0.0/8",
		"10.0.0.0/ 8",
		"10.0.0.0/100",
	};
	struct cidr c;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_INT(cidr_parse(wrong[i], &c), -EINVAL);
}

TESTS(T(a_subnet_is_read_and_written), T(the_edges_of_a_prefix_are_right),
      T(overlap_is_mutual_and_ends_at_the_edge), T(what_is_no_subnet_is_refused))
