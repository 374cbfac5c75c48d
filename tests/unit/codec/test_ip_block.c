/* Addresses of both families and blocks of them. */
#include "check.h"
#include "codec/ip_block.h"

#include <string.h>

static struct ip_block block(const char *text)
{
	struct ip_block b = { 0 };

	CHECK_OK(ip_block_parse(text, &b, NULL));
	return b;
}

TEST(blocks_are_written_as_they_were_read)
{
	static const char *const texts[] = { "0.0.0.0/0", "10.0.0.0/8", "192.0.2.128/25",
					     "::/0",      "fd00::/8",   "2001:db8::/127",
					     "10.1.2.3" };
	char out[IP_BLOCK_TEXT_MAX];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ip_block b;

		if (strchr(texts[i], '/'))
			b = block(texts[i]);
		else
			CHECK_OK(ip_block_parse_address(texts[i], &b));
		ip_block_write(&b, out);
		CHECK_STR(out, texts[i]);
	}
}

TEST(what_is_no_block_is_refused)
{
	static const char *const texts[] = { "",
					     "/",
					     "10.0.0.0",
					     "10.0.0.0/",
					     "10.0.0.0/33",
					     "10.0.0.0/08",
					     "10.0.0.0/-1",
					     "10.0.0/8",
					     "::/129",
					     "a/8",
					     "10.0.0.0/8 ",
					     "0/0",
					     "10.0.0.0/0000000000000008" };
	struct err err = ERR_INIT;
	struct ip_block b;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK_ERR(ip_block_parse(texts[i], &b, &err), -EINVAL, &err, "not ADDRESS/PREFIX");
}

TEST(bits_behind_the_prefix_are_refused_with_what_is_meant)
{
	struct err err = ERR_INIT;
	struct ip_block b;

	CHECK_ERR(ip_block_parse("10.1.2.3/8", &b, &err), -EINVAL, &err, "write \"10.0.0.0/8\"");
	CHECK_ERR(ip_block_parse("fd00::1/64", &b, &err), -EINVAL, &err, "write \"fd00::/64\"");
}

TEST(a_block_has_what_lies_within_it)
{
	struct ip_block all = block("0.0.0.0/0"), ten = block("10.0.0.0/8"),
			part = block("10.128.0.0/9"), other = block("11.0.0.0/8"),
			v6 = block("::/0");

	CHECK(ip_block_has(&all, &ten) && ip_block_has(&ten, &ten) && ip_block_has(&ten, &part));
	CHECK(!ip_block_has(&part, &ten) && !ip_block_has(&ten, &other));
	CHECK(!ip_block_has(&v6, &ten) && !ip_block_has(&all, &v6));
}

TEST(edges_are_the_first_and_the_last_address)
{
	struct ip_block b = block("10.4.0.0/14");
	uint8_t first[IP_BYTES], last[IP_BYTES];

	ip_block_edge(&b, false, first);
	ip_block_edge(&b, true, last);
	assert_memory_equal(first, "\x0a\x04\0\0", 4);
	assert_memory_equal(last, "\x0a\x07\xff\xff", 4);
}

TEST(an_address_may_stand_within_its_subnet)
{
	struct ip_block b, alone, subnet;
	char text[IP_BLOCK_TEXT_MAX];

	CHECK_OK(ip_block_parse_within("fd00:0:0:7::2/64", &b));
	ip_block_write_within(&b, text);
	CHECK_STR(text, "fd00:0:0:7::2/64");
	alone = ip_block_address(&b);
	ip_block_write(&alone, text);
	CHECK_STR(text, "fd00:0:0:7::2");
	subnet = ip_block_subnet(&b);
	ip_block_write(&subnet, text);
	CHECK_STR(text, "fd00:0:0:7::/64");
	CHECK(ip_block_has(&b, &alone) && ip_block_has(&subnet, &b));
	CHECK_INT(ip_block_parse_within("fd00::2", &b), -EINVAL);
	CHECK_INT(ip_block_parse_within("10.0.0.2/33", &b), -EINVAL);
}

TEST(blocks_that_share_an_address_overlap)
{
	struct ip_block a = block("fd00::/48"), b = block("fd00:0:0:8000::/49"),
			c = block("fd00:0:1::/48"), v4 = block("0.0.0.0/0");

	CHECK(ip_block_overlaps(&a, &b) && ip_block_overlaps(&b, &a));
	CHECK(!ip_block_overlaps(&a, &c) && !ip_block_overlaps(&v4, &a));
}

TEST(the_next_block_is_the_one_behind)
{
	static const char *const steps[][2] = {
		{ "10.0.255.255/32", "10.1.0.0" },
		{ "172.17.0.0/16", "172.18.0.0/16" },
		{ "192.168.240.0/20", "192.169.0.0/20" },
		{ "fd00:0:0:ffff::/64", "fd00:0:1::/64" },
		{ "fd00::ffff:ffff:ffff:ffff/128", "fd00:0:0:1::" },
	};
	struct ip_block all = block("0.0.0.0/0"), last = block("255.255.255.255/32");
	char text[IP_BLOCK_TEXT_MAX];

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct ip_block b = block(steps[i][0]);

		CHECK(ip_block_next(&b));
		ip_block_write(&b, text);
		CHECK_STR(text, steps[i][1]);
	}
	CHECK(!ip_block_next(&all) && !ip_block_next(&last));
}

TEST(special_addresses_are_known)
{
	struct ip_block any4 = block("0.0.0.0/32"), any6 = block("::/128"),
			lo4 = block("127.9.9.9/32"), lo6 = block("::1/128"),
			here4 = block("169.254.3.4/32"), here6 = block("fe80::5/128");

	CHECK(ip_block_is_any(&any4) && ip_block_is_any(&any6) && !ip_block_is_any(&lo6));
	CHECK(ip_block_is_loopback(&lo4) && ip_block_is_loopback(&lo6));
	CHECK(!ip_block_is_loopback(&any6) && !ip_block_is_loopback(&here4));
	CHECK(ip_block_is_link_local(&here4) && ip_block_is_link_local(&here6));
	CHECK(!ip_block_is_link_local(&lo4) && !ip_block_is_link_local(&lo6));
}

TESTS(T(blocks_are_written_as_they_were_read), T(what_is_no_block_is_refused),
      T(bits_behind_the_prefix_are_refused_with_what_is_meant), T(a_block_has_what_lies_within_it),
      T(edges_are_the_first_and_the_last_address), T(an_address_may_stand_within_its_subnet),
      T(blocks_that_share_an_address_overlap), T(the_next_block_is_the_one_behind),
      T(special_addresses_are_known))
