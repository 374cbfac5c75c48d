/*
 * test_size.c - amounts of bytes
 */
#include "check.h"

#include "codec/size.h"

TEST(sizes_are_binary_multiples)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{ "0", 0 },
		{ "100", 100 },
		{ "32b", 32 },
		{ "32B", 32 },
		{ "100k", 100 << 10 },
		{ "64kb", 64 << 10 },
		{ "64KB", 64 << 10 },
		{ "64Kib", 64 << 10 },
		{ "512m", 512 << 20 },
		{ "1g", 1LL << 30 },
		{ "1.5GiB", 3LL << 29 },
		{ "0.1k", 102 },
		{ ".5g", 1LL << 29 },
		{ "5.", 5 },
		{ "2 gb", 2LL << 30 },
		{ "1t", 1LL << 40 },
		{ "1P", 1LL << 50 },
		{ "1.1g", 1181116006 },
		{ "8191p", 8191LL << 50 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		int64_t got;

		CHECK_OK(size_parse(cases[i].text, &got, &err));
		CHECK_INT(got, cases[i].want);
	}
}

TEST(what_is_no_size_is_refused_in_dockers_words)
{
	static const char *const bad[] = {
		"",     " ",     "x",     "g",    "-1",  "+1",  "1x",    "1gg",
		"1ki",  "1bb",   "1kibb", "1  g", "1g ", " 1",  ".",     ".g",
		"1..5", "1.2.3", "0x10",  "inf",  "nan", "1e3", "8192p", "9223372036854775808",
		"1,5g",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = ERR_INIT;
		int64_t got = 7;

		CHECK_ERR(size_parse(bad[i], &got, &err), -EINVAL, &err, "invalid size: '");
		CHECK_INT(got, 7);
	}
}

TEST(decimal_sizes_have_dockers_precision)
{
	static const struct {
		int64_t bytes;
		int digits;
		const char *want;
	} cases[] = {
		{ 0, 4, "0B" },
		{ 1, 4, "1B" },
		{ 999, 4, "999B" },
		{ 1000, 4, "1kB" },
		{ 1234, 4, "1.234kB" },
		{ 4860000, 3, "4.86MB" },
		{ 4861234, 3, "4.86MB" },
		{ 999900, 3, "1MB" },
		{ 999900, 4, "999.9kB" },
		{ 77800000, 3, "77.8MB" },
		{ 1230000000, 4, "1.23GB" },
		{ INT64_MAX, 4, "9.223EB" },
		{ INT64_MAX, 3, "9.22EB" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[SIZE_HUMAN_MAX];

		size_human(cases[i].bytes, cases[i].digits, out);
		CHECK_STR(out, cases[i].want);
	}
}

TEST(binary_sizes_have_four_digits)
{
	static const struct {
		int64_t bytes;
		const char *want;
	} cases[] = {
		{ 0, "0B" },
		{ 1023, "1023B" },
		{ 1024, "1KiB" },
		{ 3LL << 29, "1.5GiB" },
		{ 2105344, "2.008MiB" },
		{ INT64_MAX, "8EiB" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char out[SIZE_HUMAN_MAX];

		size_human_binary(cases[i].bytes, out);
		CHECK_STR(out, cases[i].want);
	}
}

TESTS(T(sizes_are_binary_multiples), T(what_is_no_size_is_refused_in_dockers_words),
      T(decimal_sizes_have_dockers_precision), T(binary_sizes_have_four_digits))
