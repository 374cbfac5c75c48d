/*
 * test_ref.c - image references
 */
#include "check.h"

#include "base/own.h"
#include "codec/ref.h"

#include <stdio.h>

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX
#define LONG   "a123456789a123456789a123456789a123456789a123456789a123456789a123456789"

TEST(names_tags_and_digests_are_told_apart_and_have_defaults)
{
	static const struct {
		const char *text, *domain, *path, *tag, *digest;
	} cases[] = {
		{ "alpine", "docker.io", "library/alpine", "latest", "" },
		{ "alpine:3.20", "docker.io", "library/alpine", "3.20", "" },
		{ "user/app", "docker.io", "user/app", "latest", "" },
		{ "a/b/c:d", "docker.io", "a/b/c", "d", "" },
		{ "docker.io/alpine", "docker.io", "library/alpine", "latest", "" },
		{ "index.docker.io/alpine", "docker.io", "library/alpine", "latest", "" },
		{ "docker.io/user/app:1", "docker.io", "user/app", "1", "" },
		{ "ghcr.io/x", "ghcr.io", "x", "latest", "" },
		{ "localhost/x", "localhost", "x", "latest", "" },
		{ "localhost:5000/x/y:z", "localhost:5000", "x/y", "z", "" },
		{ "Registry/x", "Registry", "x", "latest", "" },
		{ "reg:5000/x", "reg:5000", "x", "latest", "" },
		{ "[::1]:5000/x:1", "[::1]:5000", "x", "1", "" },
		{ "127.0.0.1/x", "127.0.0.1", "x", "latest", "" },
		{ "alpine@" DIGEST, "docker.io", "library/alpine", "", DIGEST },
		{ "alpine:3@" DIGEST, "docker.io", "library/alpine", "3", DIGEST },
		{ "alpine@sha512:" HEX HEX, "docker.io", "library/alpine", "", "sha512:" HEX HEX },
		{ "a-b__c.d--e_f:_T.-9", "docker.io", "library/a-b__c.d--e_f", "_T.-9", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct ref ref;

		CHECK_OK(ref_parse(cases[i].text, &ref, &err));
		CHECK_STR(ref.domain, cases[i].domain);
		CHECK_STR(ref.path, cases[i].path);
		CHECK_STR(ref.tag, cases[i].tag);
		CHECK_STR(ref.digest, cases[i].digest);
	}
}

TEST(what_is_no_reference_is_refused_in_dockers_words)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "", "invalid reference format" },
		{ ":", "invalid reference format" },
		{ "alpine:", "invalid reference format" },
		{ "alpine:.1", "invalid reference format" },
		{ "alpine:-1", "invalid reference format" },
		{ "alpine:a b", "invalid reference format" },
		{ "alpine@", "invalid reference format" },
		{ "alpine@sha256:12", "invalid reference format" },
		{ "alpine@md5:" HEX, "invalid reference format" },
		{ "alpine@" DIGEST "@" DIGEST, "invalid reference format" },
		{ "/alpine", "invalid reference format" },
		{ "a//b", "invalid reference format" },
		{ "a/", "invalid reference format" },
		{ "a/../b", "invalid reference format" },
		{ "-a", "invalid reference format" },
		{ "a-", "invalid reference format" },
		{ "a___b", "invalid reference format" },
		{ "a..b", "invalid reference format" },
		{ "a b", "invalid reference format" },
		{ "a\n", "invalid reference format" },
		{ "reg:port/x", "invalid reference format" },
		{ "reg:123456/x", "invalid reference format" },
		{ "reg-.io/x", "invalid reference format" },
		{ ".io/x", "invalid reference format" },
		{ "reg..io/x", "invalid reference format" },
		{ "[::1/x", "invalid reference format" },
		{ "sch\xc3\xb6n", "invalid reference format" },
		{ "http://x/y", "invalid reference format" },
		{ "Alpine", "repository name (Alpine) must be lowercase" },
		{ "ghcr.io/Foo/bar:1", "repository name (Foo/bar) must be lowercase" },
		{ HEX, "cannot specify 64-byte hexadecimal strings" },
		{ LONG "/" LONG "/" LONG "/" LONG, "not be more than 255" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct ref ref;

		CHECK_ERR(ref_parse(cases[i].text, &ref, &err), -EINVAL, &err, cases[i].want);
	}
}

TEST(capitals_in_a_tag_are_not_blamed_on_the_name)
{
	struct err err = ERR_INIT;
	struct ref ref;

	CHECK_ERR(ref_parse("alpine:A!", &ref, &err), -EINVAL, &err, "format: \"alpine:A!\"");
}

TEST(a_tag_has_at_most_128_characters)
{
	char text[160];
	struct ref ref;

	(void)snprintf(text, sizeof(text), "a:%0128d", 0);
	CHECK_OK(ref_parse(text, &ref, NULL));
	(void)snprintf(text, sizeof(text), "a:%0129d", 0);
	CHECK_INT(ref_parse(text, &ref, NULL), -EINVAL);
}

TEST(a_name_has_at_most_255_characters_with_its_defaults)
{
	char text[300];
	struct ref ref;

	/* docker.io/library/ is 18 of them. */
	(void)snprintf(text, sizeof(text), "%0237d", 0);
	CHECK_OK(ref_parse(text, &ref, NULL));
	(void)snprintf(text, sizeof(text), "%0238d", 0);
	CHECK_INT(ref_parse(text, &ref, NULL), -EINVAL);
	(void)snprintf(text, sizeof(text), "docker.io/library/%0238d", 0);
	CHECK_INT(ref_parse(text, &ref, NULL), -EINVAL);
}

TEST(a_failed_parse_leaves_the_result_alone)
{
	struct ref ref = { .path = "before" };

	CHECK_INT(ref_parse("UPPER:tag", &ref, NULL), -EINVAL);
	CHECK_STR(ref.path, "before");
}

TEST(canonical_and_familiar_forms_are_each_others_inverse)
{
	static const struct {
		const char *text, *canonical, *name, *familiar;
	} cases[] = {
		{ "alpine", "docker.io/library/alpine:latest", "docker.io/library/alpine",
		  "alpine:latest" },
		{ "user/app:1", "docker.io/user/app:1", "docker.io/user/app", "user/app:1" },
		{ "ghcr.io/a/b", "ghcr.io/a/b:latest", "ghcr.io/a/b", "ghcr.io/a/b:latest" },
		{ "alpine:3@" DIGEST, "docker.io/library/alpine@" DIGEST,
		  "docker.io/library/alpine", "alpine@" DIGEST },
		/* Shorter would mean another registry, or an ID. */
		{ "docker.io/a.b/c:1", "docker.io/a.b/c:1", "docker.io/a.b/c",
		  "docker.io/a.b/c:1" },
		{ "docker.io/localhost/c:1", "docker.io/localhost/c:1", "docker.io/localhost/c",
		  "docker.io/localhost/c:1" },
		{ "library/" HEX, "docker.io/library/" HEX ":latest", "docker.io/library/" HEX,
		  "library/" HEX ":latest" },
		{ "library/a/b", "docker.io/library/a/b:latest", "docker.io/library/a/b",
		  "library/a/b:latest" },
	};
	OWN(arena) struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ref ref, again;

		CHECK_OK(ref_parse(cases[i].text, &ref, NULL));
		CHECK_STR(ref_canonical(&ref, &a), cases[i].canonical);
		CHECK_STR(ref_name(&ref, &a), cases[i].name);
		CHECK_STR(ref_familiar(cases[i].canonical), cases[i].familiar);
		CHECK_OK(ref_parse(cases[i].familiar, &again, NULL));
		CHECK_STR(ref_canonical(&again, &a), cases[i].canonical);
	}
}

TEST(repository_and_tag_are_split)
{
	static const struct {
		const char *text, *repository, *tag;
	} cases[] = {
		{ "docker.io/library/alpine:3", "alpine", "3" },
		{ "localhost:5000/x", "localhost:5000/x", "<none>" },
		{ "localhost:5000/x:1", "localhost:5000/x", "1" },
		{ "docker.io/library/alpine@" DIGEST, "alpine", "<none>" },
	};
	OWN(arena) struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *repository, *tag;

		ref_split(cases[i].text, &a, &repository, &tag);
		CHECK_STR(repository, cases[i].repository);
		CHECK_STR(tag, cases[i].tag);
	}
}

TESTS(T(names_tags_and_digests_are_told_apart_and_have_defaults),
      T(what_is_no_reference_is_refused_in_dockers_words),
      T(capitals_in_a_tag_are_not_blamed_on_the_name), T(a_tag_has_at_most_128_characters),
      T(a_name_has_at_most_255_characters_with_its_defaults),
      T(a_failed_parse_leaves_the_result_alone),
      T(canonical_and_familiar_forms_are_each_others_inverse), T(repository_and_tag_are_split))
