/*
 * test_capability.c - capabilities by name, and docker's algebra
 */
#include "check.h"

#include "base/own.h"
#include "codec/capability.h"

#include <linux/capability.h>

#define BIT(n)   (1ULL << (n))
#define DEFAULTS 0xa80425fbULL /* what /proc/self/status shows in a docker container */

TEST(names_in_any_spelling_are_bits)
{
	CHECK_INT(capability_parse("CAP_SYS_ADMIN"), CAP_SYS_ADMIN);
	CHECK_INT(capability_parse("sys_admin"), CAP_SYS_ADMIN);
	CHECK_INT(capability_parse("cap_Chown"), CAP_CHOWN);
	CHECK_INT(capability_parse("CHECKPOINT_RESTORE"), CAP_CHECKPOINT_RESTORE);
	CHECK_INT(capability_parse(""), -EINVAL);
	CHECK_INT(capability_parse("CAP_"), -EINVAL);
	CHECK_INT(capability_parse("ALL"), -EINVAL);
}

TEST(every_bit_has_the_kernels_name)
{
	CHECK_INT(CAPABILITY_LAST, CAP_LAST_CAP);
	CHECK_STR(capability_name(CAP_NET_RAW), "CAP_NET_RAW");
	CHECK_STR(capability_name(CAP_SETFCAP), "CAP_SETFCAP");
	CHECK_STR(capability_name(CAP_BPF), "CAP_BPF");
	CHECK_NULL(capability_name(-1));
	CHECK_NULL(capability_name(CAPABILITY_LAST + 1));
	for (int i = 0; i <= CAPABILITY_LAST; i++)
		CHECK_INT(capability_parse(capability_name(i)), i);
}

TEST(the_defaults_are_dockers)
{
	CHECK(capability_defaults == DEFAULTS);
}

TEST(a_mask_and_its_names_are_each_others_inverse)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct strv names = capability_names(DEFAULTS, &a);
	const char *unknown = "before";

	CHECK_INT(names.n, 14);
	CHECK_STR(names.items[0], "CAP_CHOWN");
	CHECK(capability_mask(&names, &unknown) == DEFAULTS);
	CHECK_NULL(unknown);
	strv_add(&names, &a, "CAP_FUTURE");
	CHECK(capability_mask(&names, &unknown) == DEFAULTS);
	CHECK_STR(unknown, "CAP_FUTURE");
	CHECK(capability_mask(&names, NULL) == DEFAULTS);
}

TEST(adding_and_dropping_is_dockers_algebra)
{
	static const struct {
		const char *add, *drop; /* comma-separated */
		uint64_t want;
	} cases[] = {
		{ NULL, NULL, DEFAULTS },
		{ "SYS_ADMIN", NULL, DEFAULTS | BIT(CAP_SYS_ADMIN) },
		{ NULL, "chown,CAP_KILL", DEFAULTS & ~(BIT(CAP_CHOWN) | BIT(CAP_KILL)) },
		{ NULL, "ALL", 0 },
		{ "chown", "all", BIT(CAP_CHOWN) },
		{ "ALL", NULL, CAPABILITY_ALL },
		{ "all", "SYS_ADMIN", CAPABILITY_ALL & ~BIT(CAP_SYS_ADMIN) },
		{ "ALL", "ALL", CAPABILITY_ALL },
		{ "CHOWN", "CHOWN", DEFAULTS }, /* docker adds after it has dropped */
	};
	OWN(arena) struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strv none = { 0 };
		struct strv add = cases[i].add ? strv_split(&a, cases[i].add, ',') : none;
		struct strv drop = cases[i].drop ? strv_split(&a, cases[i].drop, ',') : none;
		struct err err = ERR_INIT;
		uint64_t got;

		CHECK_OK(capability_resolve(&add, &drop, &got, &err));
		CHECK(got == cases[i].want);
	}
}

TEST(an_unknown_capability_is_named)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct strv list = strv_split(&a, "CHOWN,FLY", ','), none = { 0 };
	struct err err = ERR_INIT;
	uint64_t got = 7;

	CHECK_ERR(capability_resolve(&list, &none, &got, &err), -EINVAL, &err,
		  "invalid capability: \"FLY\"");
	CHECK_ERR(capability_resolve(&none, &list, &got, &err), -EINVAL, &err,
		  "invalid capability: \"FLY\"");
	CHECK_INT(got, 7);
}

TESTS(T(names_in_any_spelling_are_bits), T(every_bit_has_the_kernels_name),
      T(the_defaults_are_dockers), T(a_mask_and_its_names_are_each_others_inverse),
      T(adding_and_dropping_is_dockers_algebra), T(an_unknown_capability_is_named))
