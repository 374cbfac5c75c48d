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

TESTS(T(blocks_are_written_as_they_were_read), T(what_is_no_block_is_refused),
      T(bits_behind_the_prefix_are_refused_with_what_is_meant), T(a_block_has_what_lies_within_it),
      T(edges_are_the_first_and_the_last_address))
