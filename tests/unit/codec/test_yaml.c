/* YAML as the trees that JSON is read into, and what is refused of it. */
#include "base/own.h"
#include "check.h"
#include "codec/json.h"
#include "codec/yaml.h"

static struct err err;

/* All documents of a text as JSON. */
static void check_json(const char *text, const char *json)
{
	OWN(json) struct json_object *list = NULL;
	OWN(buf) struct buf out = { 0 };

	err = (struct err)ERR_INIT;
	if (yaml_parse(text, strlen(text), &list, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	json_write(list, &out);
	CHECK_STR(buf_text(&out), json);
}

static void check_refused(const char *text, const char *why)
{
	struct json_object *list = NULL;

	err = (struct err)ERR_INIT;
	CHECK_ERR(yaml_parse(text, strlen(text), &list, &err), -EINVAL, &err, why);
	CHECK_NULL(list);
}

TEST(scalars_are_those_of_the_core_schema)
{
	check_json("[null, ~, true, False, yes, no, on, 12, -3, +4, 0x1f, 0o17, 1.5, .5, 1e3, 12a]",
		   "[[null,null,true,false,\"yes\",\"no\",\"on\",12,-3,4,31,15,1.5,0.5,1000.0,"
		   "\"12a\"]]");
	check_json("['12', \"true\", 10.0.0.0/8, 1:2, -, 0x, .inf]",
		   "[[\"12\",\"true\",\"10.0.0.0/8\",\"1:2\",\"-\",\"0x\",\".inf\"]]");
}

TEST(blocks_and_flows_are_the_same)
{
	const char *json = "[{\"a\":[{\"b\":1},\"c\"],\"d\":{\"e\":null}}]";

	check_json("a:\n- b: 1\n- c\nd:\n  e:\n", json);
	check_json("{a: [{b: 1}, c], d: {e: }}", json);
	check_json("{\"a\":[{\"b\":1},\"c\"],\"d\":{\"e\":null}}", json);
}

TEST(a_text_has_several_documents_and_empty_ones_do_not_count)
{
	check_json("---\na: 1\n---\n# nothing\n---\nb: 2\n---\n", "[{\"a\":1},{\"b\":2}]");
	check_json("", "[]");
	check_json("# a comment", "[]");
}

TEST(names_of_members_are_text)
{
	check_json("{1: a, true: b}", "[{\"1\":\"a\",\"true\":\"b\"}]");
	check_refused("? [a]\n: b\n", "line 1: a member's name must be a text");
	check_refused("a: 1\nb: 2\na: 3\n", "line 3: \"a\" stands there twice");
}

TEST(a_short_text_cannot_stand_for_a_huge_one)
{
	check_refused("a: &x [1]\nb: *x\n", "line 1: anchors are not taken");
	check_refused("a: &x 1\n", "anchors are not taken");
	check_refused("b: *x\n", "line 1: aliases are not taken");
	check_refused("a: &a {}\nb: {<<: *a}\n", "not taken");
}

TEST(tags_are_refused)
{
	check_refused("a: !!binary aGk=\n", "tags are not taken");
	check_refused("--- !x {}\n", "tags are not taken");
}

TEST(depth_is_bounded)
{
	OWN(buf) struct buf text = { 0 };

	for (int i = 0; i < 63; i++)
		buf_addc(&text, '[');
	for (int i = 0; i < 63; i++)
		buf_addc(&text, ']');
	OWN(str) char *inside = str_printf("[%s]", buf_text(&text));

	check_json(buf_text(&text), inside);
	text.len = 0;
	for (int i = 0; i < 100000; i++)
		buf_addc(&text, '[');
	check_refused(buf_text(&text), "more than 64 levels");
}

TEST(length_and_number_of_values_are_bounded)
{
	OWN(buf) struct buf text = { 0 };
	struct json_object *list = NULL;

	for (int i = 0; i < YAML_VALUES_MAX + 2; i++)
		buf_adds(&text, "-\n");
	check_refused(buf_text(&text), "too many values");
	text.len = 0;
	for (int i = 0; i < YAML_DOCUMENTS_MAX + 2; i++)
		buf_adds(&text, "--- 1\n");
	check_refused(buf_text(&text), "too many documents");
	while (text.len <= YAML_TEXT_MAX)
		buf_adds(&text, "# more and more\n");
	CHECK_ERR(yaml_parse(buf_text(&text), text.len, &list, &err), -EFBIG, &err, "longer than");
}

TEST(what_is_no_yaml_is_refused_with_its_line)
{
	check_refused("a: [1\nb: 2\n", "line 2");
	check_refused("a: 'x\n", "line 2");
	check_refused("a: \"\\0\"\n", "a NUL in a text");
	check_refused("a: \xff\n", "UTF-8");
	check_refused("a: 99999999999999999999\n", "does not fit 64 bits");
	check_refused("a: 1e999\n", "too large");
	check_refused("\t- a\n", "line 1");
}

TESTS(T(scalars_are_those_of_the_core_schema), T(blocks_and_flows_are_the_same),
      T(a_text_has_several_documents_and_empty_ones_do_not_count), T(names_of_members_are_text),
      T(a_short_text_cannot_stand_for_a_huge_one), T(tags_are_refused), T(depth_is_bounded),
      T(length_and_number_of_values_are_bounded), T(what_is_no_yaml_is_refused_with_its_line))
