/* test_filter.c - filters of one name are alternatives, of several names conditions */
#include "cmd/filter.h"

#include "check.h"

static struct arena a;
static struct err err;
static struct filter f;

static int parse(const char *texts)
{
	static const char *const allowed[] = { "name", "label", "reference", NULL };
	struct strv list = strv_split(&a, texts, ' ');

	return filter_parse(&list, allowed, &a, &f, &err);
}

TEST(unknown_and_malformed_filters_are_refused)
{
	CHECK_ERR(parse("nope=1"), -EINVAL, &err, "invalid filter 'nope'");
	CHECK_ERR(parse("name"), -EINVAL, &err, "use NAME=VALUE");
}

TEST(values_of_one_name_are_alternatives)
{
	CHECK_OK(parse("name=web name=^d"));
	CHECK(filter_matches(&f, "name", "my-web-1"));
	CHECK(filter_matches(&f, "name", "db"));
	CHECK(!filter_matches(&f, "name", "mydb"));
	CHECK(filter_matches(&f, "label", "no such filter"));
	CHECK(!filter_equals(&f, "name", "my-web-1"));
}

TEST(a_pattern_that_is_no_expression_matches_itself_only)
{
	CHECK_OK(parse("name=a("));
	CHECK(filter_matches(&f, "name", "a("));
	CHECK(!filter_matches(&f, "name", "a"));
}

TEST(every_label_must_be_there)
{
	struct str_map labels = { 0 };

	str_map_set(&labels, &a, "a", "1");
	str_map_set(&labels, &a, "b", "");
	CHECK_OK(parse("label=a=1 label=b"));
	CHECK(filter_labels(&f, "label", &labels));
	CHECK_OK(parse("label=a label=c"));
	CHECK(!filter_labels(&f, "label", &labels));
	CHECK_OK(parse("label=a=2"));
	CHECK(!filter_labels(&f, "label", &labels));
}

TEST(references_match_by_glob_within_a_path_component)
{
	CHECK_OK(parse("reference=busy*"));
	CHECK(filter_globs(&f, "reference", "busybox"));
	CHECK(!filter_globs(&f, "reference", "busy/box"));
}

TESTS(T(unknown_and_malformed_filters_are_refused), T(values_of_one_name_are_alternatives),
      T(a_pattern_that_is_no_expression_matches_itself_only), T(every_label_must_be_there),
      T(references_match_by_glob_within_a_path_component))
