/*
 * test_digest.c - digests as text
 */
#include "check.h"

#include "codec/digest.h"

#include <errno.h>
#include <string.h>

#define HEX  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX2 HEX HEX

TEST(only_an_algorithm_and_its_lower_case_digits_are_valid)
{
	static const char *const bad[] = {
		"",
		"sha256:",
		HEX,
		"sha256:" HEX "0",
		"SHA256:" HEX,
		"sha512:" HEX,
		"md5:" HEX,
		"sha256:../3456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"sha256:" HEX "\n",
	};

	CHECK(digest_is_valid("sha256:" HEX));
	CHECK(digest_is_valid("sha512:" HEX2));
	CHECK(digest_is_sha256("sha256:" HEX));
	CHECK(!digest_is_sha256("sha512:" HEX2));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!digest_is_valid(bad[i]));
}

TEST(the_algorithm_is_told)
{
	CHECK_INT(digest_algo("sha256:" HEX), DIGEST_SHA256);
	CHECK_INT(digest_algo("sha512:" HEX2), DIGEST_SHA512);
	CHECK_INT(digest_algo("sha512:" HEX), -EINVAL);
	CHECK_INT(digest_algo("sha384:" HEX), -EINVAL);
}

TEST(the_digits_are_found)
{
	CHECK_STR(digest_hex("sha256:" HEX), HEX);
	CHECK_STR(digest_hex("sha512:" HEX2), HEX2);
}

TEST(a_hash_is_written)
{
	unsigned char hash[64] = { 0x00, 0x1f, 0xa0, 0xff };
	char out[DIGEST_TEXT];

	digest_write(DIGEST_SHA256, hash, out);
	CHECK(digest_is_sha256(out));
	CHECK(strncmp(out, "sha256:001fa0ff0000", 19) == 0);
	digest_write(DIGEST_SHA512, hash, out);
	CHECK_INT(digest_algo(out), DIGEST_SHA512);
	CHECK(strncmp(out, "sha512:001fa0ff0000", 19) == 0);
}

TESTS(T(only_an_algorithm_and_its_lower_case_digits_are_valid), T(the_algorithm_is_told),
      T(the_digits_are_found), T(a_hash_is_written))
