/*
 * test_digest.c - digests as text
 */
#include "check.h"

#include "codec/digest.h"

#include <errno.h>
#include <string.h>

#define HEX  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX2 HEX HEX

TEST(only_sha256_and_64_lower_case_digits_are_valid)
{
	static const char *const bad[] = {
		"",
		"sha256:",
		HEX,
		"sha256:" HEX "0",
		"SHA256:" HEX,
		"sha512:" HEX2,
		"md5:" HEX,
		"sha256:../3456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"sha256:" HEX "\n",
	};

	CHECK(digest_is_valid("sha256:" HEX));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!digest_is_valid(bad[i]));
}

TEST(sha512_is_known_by_name)
{
	CHECK_INT(digest_algo("sha256:" HEX), DIGEST_SHA256);
	CHECK_INT(digest_algo("sha512:" HEX2), DIGEST_SHA512);
	CHECK_INT(digest_algo("sha512:" HEX), -EINVAL);
	CHECK_INT(digest_algo("sha384:" HEX), -EINVAL);
}

TEST(the_digits_are_found)
{
	CHECK_STR(digest_hex("sha256:" HEX), HEX);
}

TEST(a_hash_is_written)
{
	unsigned char hash[DIGEST_SIZE] = { 0x00, 0x1f, 0xa0, 0xff };
	char out[DIGEST_TEXT];

	digest_write(hash, out);
	CHECK(digest_is_valid(out));
	CHECK(strncmp(out, "sha256:001fa0ff0000", 19) == 0);
}

TESTS(T(only_sha256_and_64_lower_case_digits_are_valid), T(sha512_is_known_by_name),
      T(the_digits_are_found), T(a_hash_is_written))
