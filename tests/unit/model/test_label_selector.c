/* Which containers a selector means. */
#include "base/own.h"
#include "check.h"
#include "model/label_selector.h"

static struct arena a;
static struct err err;

static const struct label_selector *selector(const char *text)
{
	struct label_selector *s = arena_new(&a, struct label_selector);

	CHECK_OK(label_selector_parse(text, &a, s, &err));
	return s;
}

/* labels: "app=db tier=back". */
static bool matches(const char *text, const char *labels)
{
	struct strv pairs = strv_split(&a, labels, ' ');
	struct str_map map = { 0 };

	for (size_t i = 0; i < pairs.n && *labels; i++) {
		struct strv pair = strv_split(&a, pairs.items[i], '=');

		str_map_set(&map, &a, pair.items[0], pair.items[1]);
	}
	return label_selector_matches(selector(text), &map);
}

TEST(every_requirement_must_hold)
{
	CHECK(matches("app=db,tier in (back,side)", "app=db tier=back"));
	CHECK(!matches("app=db,tier in (back,side)", "app=db tier=front"));
	CHECK(!matches("app=db,tier in (back,side)", "app=db"));
	CHECK(matches("app == db", "app=db"));
	CHECK(!matches("app=db", "app=dbs"));
}

TEST(a_selector_without_requirements_is_met_by_all)
{
	CHECK(matches("*", "") && matches("", "app=db"));
}

TEST(who_lacks_the_label_meets_what_forbids_values)
{
	CHECK(matches("app!=db", "") && matches("app notin (db,web)", "tier=x"));
	CHECK(!matches("app!=db", "app=db") && !matches("app notin (db,web)", "app=web"));
	CHECK(matches("!app", "tier=x") && !matches("!app", "app="));
	CHECK(matches("app", "app=") && !matches("app", "tier=x"));
}

TEST(the_same_requirements_in_any_form_have_one_key)
{
	CHECK_STR(label_selector_key(selector("a=1,b in (y,x)"), &a),
		  label_selector_key(selector("b in (x,y,x),a in (1),a=1"), &a));
	CHECK_STR(label_selector_key(selector("*"), &a), "");
}

TEST(different_requirements_have_different_keys)
{
	static const char *const texts[] = { "*",    "a",   "!a",         "a=",           "a=1",
					     "a!=1", "a,b", "a in (1,2)", "a notin (1,2)" };

	for (size_t i = 0; i < 9; i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(label_selector_key(selector(texts[i]), &a),
						label_selector_key(selector(texts[k]), &a));
}

TEST(names_and_values_cannot_pretend_to_be_a_selector)
{
	struct label_requirement q = { .key = "a", .op = SELECTOR_IN };
	struct label_selector s = { 0 };

	strv_add(&q.values, &a, "1\",\"2");
	s.match_expressions.items = &q;
	s.match_expressions.n = 1;
	assert_string_not_equal(label_selector_key(&s, &a),
				label_selector_key(selector("a in (1,2)"), &a));
}

TEST(text_is_read_as_it_is_written)
{
	static const char *const texts[] = { "*",    "a=1,b=",        "a in (1,2),!b,c",
					     "a!=1", "a notin (1,2)", "example.com/app=web" };

	for (size_t i = 0; i < 6; i++)
		CHECK_STR(label_selector_text(selector(texts[i]), &a), texts[i]);
}

TEST(malformed_text_is_refused)
{
	static const char *const texts[] = { ",",   "=1", "a=1,",    "a in",  "a in (1", "a in 1",
					     "a b", "!",  "a=1 b=2", "a=(1)", "a=1,a=2" };
	struct label_selector s;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK_ERR(label_selector_parse(texts[i], &a, &s, &err), -EINVAL, &err, "selector:");
}

TEST(values_stand_where_they_belong)
{
	struct label_requirement q = { .key = "a", .op = SELECTOR_IN };
	struct label_selector s = { 0 };

	s.match_expressions.items = &q;
	s.match_expressions.n = 1;
	CHECK_ERR(label_selector_check(&s, &err), -EINVAL, &err,
		  "matchExpressions[0].values: In needs some");
	q.op = SELECTOR_EXISTS;
	strv_add(&q.values, &a, "x");
	CHECK_ERR(label_selector_check(&s, &err), -EINVAL, &err, "Exists has none");
	q.key = "";
	CHECK_ERR(label_selector_check(&s, &err), -EINVAL, &err, "key: is empty");
}

TESTS(T(every_requirement_must_hold), T(a_selector_without_requirements_is_met_by_all),
      T(who_lacks_the_label_meets_what_forbids_values),
      T(the_same_requirements_in_any_form_have_one_key),
      T(different_requirements_have_different_keys),
      T(names_and_values_cannot_pretend_to_be_a_selector), T(text_is_read_as_it_is_written),
      T(malformed_text_is_refused), T(values_stand_where_they_belong))
