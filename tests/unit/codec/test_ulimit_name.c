/*
 * test_ulimit_name.c - resource limits by name
 */
#include "check.h"

#include "codec/ulimit_name.h"

#include <stdio.h>
#include <sys/resource.h>

TEST(every_limit_has_a_name_that_is_read_back_in_both_forms)
{
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		char oci[32];

		CHECK_INT(ulimit_name_parse(ulimit_name(i)), i);
		(void)snprintf(oci, sizeof(oci), "RLIMIT_%s", ulimit_name(i));
		CHECK_INT(ulimit_name_parse(oci), i);
	}
	CHECK_NULL(ulimit_name(-1));
	CHECK_NULL(ulimit_name(RLIM_NLIMITS));
	CHECK_INT(ulimit_name_parse("files"), -EINVAL);
	CHECK_INT(ulimit_name_parse(""), -EINVAL);
}

TEST(a_ulimit_has_a_soft_and_a_hard_limit)
{
	static const struct {
		const char *text;
		int resource;
		int64_t soft, hard;
	} cases[] = {
		{ "nofile=1024", RLIMIT_NOFILE, 1024, 1024 },
		{ "nofile=1024:2048", RLIMIT_NOFILE, 1024, 2048 },
		{ "core=-1", RLIMIT_CORE, -1, -1 },
		{ "core=0:-1", RLIMIT_CORE, 0, -1 },
		{ "memlock=9223372036854775807", RLIMIT_MEMLOCK, INT64_MAX, INT64_MAX },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		int64_t soft, hard;
		int resource;

		CHECK_OK(ulimit_parse(cases[i].text, &resource, &soft, &hard, &err));
		CHECK_INT(resource, cases[i].resource);
		CHECK_INT(soft, cases[i].soft);
		CHECK_INT(hard, cases[i].hard);
	}
}

TEST(what_is_no_ulimit_is_refused_and_said)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "invalid ulimit argument" },
		{ "nofile", "invalid ulimit argument" },
		{ "=1", "invalid ulimit argument" },
		{ "nofile=", "invalid ulimit argument" },
		{ "nofile=x", "invalid ulimit argument" },
		{ "nofile=1:", "invalid ulimit argument" },
		{ "nofile=1:2:3", "invalid ulimit argument" },
		{ "nofile=-2", "invalid ulimit argument" },
		{ "nofile=99999999999999999999", "invalid ulimit argument" },
		{ "files=1", "invalid ulimit type: files" },
		{ "nofile=2:1", "less than or equal to hard limit" },
		{ "nofile=-1:1", "less than or equal to hard limit" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		int64_t soft = 7, hard = 7;
		int resource = 7;

		CHECK_ERR(ulimit_parse(cases[i].text, &resource, &soft, &hard, &err), -EINVAL, &err,
			  cases[i].want);
		CHECK_INT(soft, 7);
		CHECK_INT(resource, 7);
	}
}

TESTS(T(every_limit_has_a_name_that_is_read_back_in_both_forms),
      T(a_ulimit_has_a_soft_and_a_hard_limit), T(what_is_no_ulimit_is_refused_and_said))
