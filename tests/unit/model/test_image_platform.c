/* test_image_platform.c - platforms: their names, and what runs where */
#include "check.h"

#include "base/own.h"
#include "model/image_manifest.h"

static struct image_platform parsed(const char *text, struct arena *a)
{
	struct image_platform p = { 0 };

	CHECK_OK(image_platform_parse(text, a, &p, NULL));
	return p;
}

TEST(platforms_have_one_to_three_parts_and_other_names)
{
	static const struct {
		const char *text, *means;
	} good[] = {
		{ "linux/x86_64", "linux/amd64" },      { "linux/amd64/v1", "linux/amd64" },
		{ "linux/aarch64", "linux/arm64" },     { "linux/arm64/v8", "linux/arm64" },
		{ "linux/arm64/8", "linux/arm64" },     { "linux/arm", "linux/arm/v7" },
		{ "linux/armhf", "linux/arm/v7" },      { "linux/armel", "linux/arm/v6" },
		{ "linux/i386", "linux/386" },          { "riscv64", "linux/riscv64" },
		{ "linux/amd64/v3", "linux/amd64/v3" }, { "windows/amd64", "windows/amd64" },
	};
	static const char *const bad[] = { "",          "linux/", "/amd64",  "a/b/c/d",
					   "linux//v7", "vax",    "nonsense" };
	OWN(arena) struct arena a = ARENA_INIT;
	struct image_platform p;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		p = parsed(good[i].text, &a);
		CHECK_STR(image_platform_text(&p, &a), good[i].means);
	}
	p = parsed("linux", &a);
	CHECK_STR(p.architecture, image_platform_host()->architecture);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_ERR(image_platform_parse(bad[i], &a, &p, &err), -EINVAL, &err,
			  "not a platform");
}

/* From the best to the worst; what is behind the bar does not fit. */
TEST(what_fits_is_ranked_the_nearest_variant_first)
{
	static const struct {
		const char *want, *order, *others;
	} cases[] = {
		{ "linux/arm/v7", "linux/arm/v7 linux/arm/v6 linux/arm/v5",
		  "linux/arm/v8 linux/arm/v4 linux/arm64 linux/amd64 windows/arm/v7" },
		{ "linux/arm/v6", "linux/arm/v6 linux/arm/v5", "linux/arm/v7" },
		{ "linux/arm64", "linux/arm64 linux/arm/v8 linux/arm/v7 linux/arm/v6",
		  "linux/arm64/v9 linux/amd64" },
		{ "linux/arm64/v9", "linux/arm64/v9 linux/arm64/v8.5 linux/arm64 linux/arm/v7",
		  "linux/arm64/v9.1" },
		{ "linux/amd64/v3", "linux/amd64/v3 linux/amd64/v2 linux/amd64 linux/386",
		  "linux/amd64/v4 linux/arm64" },
		{ "linux/amd64", "linux/amd64 linux/386", "linux/amd64/v2 windows/amd64" },
		{ "linux/386", "linux/386", "linux/amd64" },
		{ "linux/riscv64", "linux/riscv64", "linux/s390x" },
	};
	OWN(arena) struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct image_platform want = parsed(cases[i].want, &a), have;
		struct strv order = strv_split(&a, cases[i].order, ' ');
		struct strv others = strv_split(&a, cases[i].others, ' ');
		int last = -1;

		for (size_t k = 0; k < order.n; k++) {
			have = parsed(order.items[k], &a);
			CHECK(image_platform_rank(&want, &have) > last);
			last = image_platform_rank(&want, &have);
		}
		for (size_t k = 0; k < others.n; k++) {
			have = parsed(others.items[k], &a);
			CHECK_INT(image_platform_rank(&want, &have), -1);
		}
		CHECK(image_platform_rank(&want, NULL) > last);
	}
}

TEST(what_is_not_said_fits_and_a_variant_that_is_no_number_only_itself)
{
	const struct image_platform want = { "linux", "arm", "soft", NULL };
	const struct image_platform same = { "linux", "arm", "soft", NULL };
	const struct image_platform other = { "linux", "arm", "v7", NULL };
	const struct image_platform nothing = { 0 },
				    huge = { "linux", "arm", "v99999999999", NULL };

	CHECK(image_platform_fits(&want, &same));
	CHECK(!image_platform_fits(&want, &other));
	CHECK(!image_platform_fits(&other, &huge));
	CHECK(image_platform_fits(&want, &nothing));
}

TESTS(T(platforms_have_one_to_three_parts_and_other_names),
      T(what_fits_is_ranked_the_nearest_variant_first),
      T(what_is_not_said_fits_and_a_variant_that_is_no_number_only_itself))
