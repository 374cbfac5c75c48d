/*
 * test_schema.c - documents described by tables: JSON and packed
 *
 * One struct has a member of every kind; a new kind that is forgotten here fails the count below.
 */
#include "check.h"

#include "base/own.h"
#include "codec/json.h"
#include "codec/schema.h"

#include <limits.h>

static const char *const colours[] = { "red", "green", "blue", NULL };

struct leaf {
	const char *name;
	int64_t n;
};

#define S struct leaf
SCHEMA(leaf, S, F_STR(S, name, "name", REQUIRED), F_I64(S, n, "n", OMIT_EMPTY));
#undef S

struct entry {
	const char *key;
	bool on;
};

#define S struct entry
SCHEMA(entry, S, F_BOOL(S, on, "on", OMIT_EMPTY));
#undef S

struct every {
	bool b;
	int i;
	uint32_t u32;
	int64_t i64;
	uint64_t u64;
	double f64;
	const char *str;
	struct strv strv;
	struct str_map map;
	int colour;
	int64_t time;
	struct leaf obj;
	struct leaf *ptr;
	LIST(struct leaf) list;
	LIST(struct entry) dict;
	struct strv set;
	bool *opt_b;
	int64_t *opt_i64;
	uint64_t *opt_u64;
	uint32_t *opt_u32;
	const char *raw;
	int64_t pair[2];
	LIST(uint32_t) numbers;
	const char *part_a, *part_b;
};

#define S struct every
SCHEMA(every_part, S, F_STR(S, part_a, "a", OMIT_EMPTY), F_STR(S, part_b, "b", OMIT_EMPTY));
SCHEMA(every, S, F_BOOL(S, b, "b", OMIT_EMPTY), F_INT(S, i, "i", OMIT_EMPTY),
       F_U32(S, u32, "u32", OMIT_EMPTY), F_I64(S, i64, "i64", OMIT_EMPTY),
       F_U64(S, u64, "u64", OMIT_EMPTY), F_F64(S, f64, "f64", OMIT_EMPTY),
       F_STR(S, str, "str", OMIT_EMPTY), F_STRV(S, strv, "strv", OMIT_EMPTY),
       F_MAP(S, map, "map", OMIT_EMPTY), F_ENUM(S, colour, "colour", colours, OMIT_EMPTY),
       F_TIME(S, time, "time", OMIT_EMPTY), F_OBJ(S, obj, "obj", leaf, OMIT_EMPTY),
       F_PTR(S, ptr, "ptr", leaf, OMIT_EMPTY), F_LIST(S, list, "list", leaf, OMIT_EMPTY),
       F_DICT(S, dict, "dict", entry, OMIT_EMPTY), F_SET(S, set, "set", OMIT_EMPTY),
       F_OPT_BOOL(S, opt_b, "optB", OMIT_EMPTY), F_OPT_I64(S, opt_i64, "optI64", OMIT_EMPTY),
       F_OPT_U64(S, opt_u64, "optU64", OMIT_EMPTY), F_OPT_U32(S, opt_u32, "optU32", OMIT_EMPTY),
       F_RAW(S, raw, "raw", OMIT_EMPTY), F_PAIR(S, pair, "pair", OMIT_EMPTY),
       F_U32V(S, numbers, "numbers", OMIT_EMPTY), F_PART(S, "part", every_part, OMIT_EMPTY));
#undef S

static const char full[] =
	"{\"b\":true,\"i\":-2147483648,\"u32\":4294967295,\"i64\":-9223372036854775808,"
	"\"u64\":18446744073709551615,\"f64\":0.5,\"str\":\"a\\\"b\",\"strv\":[\"x\",\"\",\"y\"],"
	"\"map\":{\"k\":\"v\",\"l\":\"\",\"m\":\"w\"},\"colour\":\"blue\","
	"\"time\":\"2026-01-02T03:04:05.678Z\",\"obj\":{\"name\":\"o\"},"
	"\"ptr\":{\"name\":\"p\",\"n\":1},\"list\":[{\"name\":\"1\"},{\"name\":\"2\",\"n\":-2}],"
	"\"dict\":{\"d\":{\"on\":true},\"e\":{}},\"set\":{\"80/tcp\":{},\"/v\":{}},"
	"\"optB\":false,\"optI64\":0,\"optU64\":18446744073709551615,\"optU32\":0,"
	"\"raw\":{\"any\":[1.50,\"x\"]},\"pair\":[24,-80],\"numbers\":[0,4294967295],"
	"\"part\":{\"a\":\"A\",\"b\":\"B\"}}";

static struct every *read_every(const char *json, struct arena *a)
{
	struct every *e = arena_new(a, struct every);
	struct err err = ERR_INIT;

	if (schema_read(&every_schema, json, strlen(json), a, e, &err) < 0)
		fail_msg("%s", err.msg);
	return e;
}

static const char *written(const struct schema *s, const void *obj, enum schema_style style,
			   struct arena *a)
{
	OWN(buf) struct buf out = { 0 };

	schema_write(s, obj, style, &out);
	return arena_strdup(a, buf_text(&out));
}

TEST(every_kind_is_tested_here)
{
	bool seen[FIELD_KINDS] = { false };

	for (size_t i = 0; i < every_schema.n_fields; i++)
		seen[every_schema.fields[i].kind] = true;
	for (size_t i = 0; i < FIELD_KINDS; i++)
		CHECK(seen[i]);
}

TEST(every_kind_is_read)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct every *e = read_every(full, &a);

	CHECK(e->b);
	CHECK_INT(e->i, INT_MIN);
	CHECK_INT(e->u32, UINT32_MAX);
	CHECK(e->i64 == INT64_MIN);
	CHECK(e->u64 == UINT64_MAX);
	CHECK(e->f64 == 0.5);
	CHECK_STR(e->str, "a\"b");
	CHECK_INT(e->strv.n, 3);
	CHECK_NULL(e->strv.items[3]);
	CHECK_STR(str_map_get(&e->map, "m"), "w");
	CHECK_INT(e->colour, 2);
	CHECK(e->time == 1767323045678000000);
	CHECK_STR(e->obj.name, "o");
	CHECK_INT(e->ptr->n, 1);
	CHECK_INT(e->list.items[1].n, -2);
	CHECK_STR(e->dict.items[0].key, "d");
	CHECK(e->dict.items[0].on && !e->dict.items[1].on);
	CHECK_STR(e->set.items[0], "80/tcp");
	CHECK(!*e->opt_b && *e->opt_i64 == 0 && *e->opt_u64 == UINT64_MAX && *e->opt_u32 == 0);
	CHECK_STR(e->raw, "{\"any\":[1.50,\"x\"]}");
	CHECK_INT(e->pair[1], -80);
	CHECK_INT(e->numbers.items[1], UINT32_MAX);
	CHECK_STR(e->part_b, "B");
}

TEST(what_was_read_is_written_again_in_both_styles)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct every *e = read_every(full, &a);

	CHECK_STR(written(&every_schema, e, SCHEMA_COMPACT, &a), full);
	CHECK_STR(written(&every_schema, e, SCHEMA_FULL, &a), full);
}

TEST(a_tree_has_the_same_contents)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(json) struct json_object *tree = NULL;
	OWN(buf) struct buf out = { 0 };

	tree = schema_tree(&every_schema, read_every(full, &a), SCHEMA_FULL);
	json_write(tree, &out);
	CHECK_STR(buf_text(&out), full);
}

TEST(null_and_unknown_members_are_passed_over)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct every *e = read_every("{\"str\":null,\"strv\":null,\"ptr\":null,\"optB\":null,"
				     "\"time\":null,\"other\":[{}],\"map\":{\"k\":null}}",
				     &a);

	CHECK_NULL(e->str);
	CHECK_NULL(e->ptr);
	CHECK_NULL(e->opt_b);
	CHECK_INT(e->strv.n, 0);
	CHECK_STR(str_map_get(&e->map, "k"), ""); /* as in Go */
}

TEST(a_mistake_is_named_by_its_path)
{
	static const struct {
		const char *json, *want;
	} cases[] = {
		{ "[]", "document: expected an object" },
		{ "null", "document: expected an object" },
		{ "{\"b\":1}", "b: expected true or false" },
		{ "{\"i\":\"1\"}", "i: expected a whole number" },
		{ "{\"i\":1.5}", "i: expected a whole number" },
		{ "{\"i\":2147483648}", "i: the number is out of range" },
		{ "{\"i\":-2147483649}", "i: the number is out of range" },
		{ "{\"u32\":-1}", "u32: the number is out of range" },
		{ "{\"u32\":4294967296}", "u32: the number is out of range" },
		{ "{\"i64\":9223372036854775808}", "i64: the number is out of range" },
		{ "{\"u64\":-1}", "u64: the number is out of range" },
		{ "{\"u64\":18446744073709551616}", "does not fit 64 bits" },
		{ "{\"f64\":\"x\"}", "f64: expected a number" },
		{ "{\"str\":1}", "str: expected a string" },
		{ "{\"strv\":\"x\"}", "strv: expected an array of strings" },
		{ "{\"strv\":[\"x\",1]}", "strv[1]: expected a string" },
		{ "{\"strv\":[null]}", "strv[0]: expected a string" },
		{ "{\"map\":[]}", "map: expected an object of strings" },
		{ "{\"map\":{\"k\":1}}", "map.k: expected a string" },
		{ "{\"colour\":\"pink\"}", "colour: unknown value \"pink\"" },
		{ "{\"time\":\"today\"}", "time: expected an RFC 3339 time" },
		{ "{\"obj\":{}}", "obj.name: is required" },
		{ "{\"obj\":{\"name\":null}}", "obj.name: is required" },
		{ "{\"ptr\":[]}", "ptr: expected an object" },
		{ "{\"list\":{}}", "list: expected an array" },
		{ "{\"list\":[{\"name\":\"x\"},{\"name\":\"y\",\"n\":\"z\"}]}",
		  "list[1].n: expected a whole number" },
		{ "{\"dict\":{\"k\":{\"on\":1}}}", "dict.k.on: expected true or false" },
		{ "{\"set\":[]}", "set: expected an object" },
		{ "{\"optU32\":4294967296}", "optU32: the number is out of range" },
		{ "{\"pair\":[1]}", "pair: expected two numbers" },
		{ "{\"pair\":[1,2,3]}", "pair: expected two numbers" },
		{ "{\"numbers\":[1,-1]}", "numbers[1]: the number is out of range" },
		{ "{\"part\":{\"b\":1}}", "part.b: expected a string" },
		{ "{\"str\":\"a\\u0000\"}", "a NUL in a string" },
	};
	OWN(arena) struct arena a = ARENA_INIT;
	static const struct every nothing;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		struct every e;

		CHECK_ERR(schema_read(&every_schema, cases[i].json, strlen(cases[i].json), &a, &e,
				      &err),
			  -EINVAL, &err, cases[i].want);
		CHECK(memcmp(&e, &nothing, sizeof(e)) == 0);
	}
}

/* -- what empty members look like -- */

struct flags {
	const char *required, *full, *omitted;
	struct strv list, null_list;
	struct str_map map, null_map;
	struct strv set, null_set;
	struct leaf *ptr;
	bool *opt;
	int colour;
	int64_t time;
};

#define S struct flags
SCHEMA(flags, S, F_STR(S, required, "required", REQUIRED), F_STR(S, full, "full", ALWAYS_FULL),
       F_STR(S, omitted, "omitted", OMIT_EMPTY), F_STRV(S, list, "list", ALWAYS_FULL),
       F_STRV(S, null_list, "nullList", NULL_EMPTY), F_MAP(S, map, "map", ALWAYS_FULL),
       F_MAP(S, null_map, "nullMap", NULL_EMPTY), F_SET(S, set, "set", ALWAYS_FULL),
       F_SET(S, null_set, "nullSet", NULL_EMPTY), F_PTR(S, ptr, "ptr", leaf, ALWAYS_FULL),
       F_OPT_BOOL(S, opt, "opt", ALWAYS_FULL), F_ENUM(S, colour, "colour", colours, ALWAYS_FULL),
       F_TIME(S, time, "time", ALWAYS_FULL));
#undef S

TEST(empty_members_are_written_as_their_flags_say)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const struct flags none = { 0 };

	CHECK_STR(written(&flags_schema, &none, SCHEMA_FULL, &a),
		  "{\"required\":\"\",\"full\":\"\",\"list\":[],\"nullList\":null,\"map\":{},"
		  "\"nullMap\":null,\"set\":{},\"nullSet\":null,\"ptr\":null,\"opt\":null,"
		  "\"colour\":\"red\",\"time\":\"0001-01-01T00:00:00Z\"}");
	CHECK_STR(written(&flags_schema, &none, SCHEMA_COMPACT, &a), "{\"required\":\"\"}");
}

/* -- packing -- */

TEST(every_kind_survives_packing)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct every *copy = schema_clone(&every_schema, read_every(full, &a), &a);

	CHECK_STR(written(&every_schema, copy, SCHEMA_COMPACT, &a), full);
	CHECK_NULL(copy->strv.items[3]);
}

TEST(nothing_survives_packing_as_nothing)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct every *copy = schema_clone(&every_schema, read_every("{}", &a), &a);
	static const struct every nothing;

	CHECK(memcmp(copy, &nothing, sizeof(nothing)) == 0);
}

TEST(packed_documents_follow_each_other)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf packed = { 0 };
	const struct leaf one = { "one", 1 }, two = { NULL, -2 };
	struct leaf got;
	size_t used;

	schema_pack(&leaf_schema, &one, &packed);
	schema_pack(&leaf_schema, &two, &packed);
	CHECK_OK(schema_unpack(&leaf_schema, packed.data, packed.len, &a, &got, &used));
	CHECK_STR(got.name, "one");
	CHECK(got.name > packed.data && got.name < packed.data + packed.len);
	CHECK_OK(schema_unpack(&leaf_schema, packed.data + used, packed.len - used, &a, &got,
			       &used));
	CHECK_NULL(got.name);
	CHECK_INT(got.n, -2);
}

TEST(packed_data_that_is_cut_anywhere_is_refused)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf packed = { 0 };
	struct every got;
	size_t used;

	schema_pack(&every_schema, read_every(full, &a), &packed);
	for (size_t len = 0; len < packed.len; len++) {
		/* A block of its own, so that a sanitizer sees each byte too far. */
		OWN(mem) char *cut = malloc(len + 1);

		memcpy(cut, packed.data, len);
		CHECK_INT(schema_unpack(&every_schema, cut, len, &a, &got, &used), -EINVAL);
	}
}

TEST(packed_data_that_is_changed_anywhere_does_no_harm)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf packed = { 0 }, out = { 0 };

	schema_pack(&every_schema, read_every(full, &a), &packed);
	for (size_t i = 0; i < packed.len * 8; i++) {
		OWN(arena) struct arena scratch = ARENA_INIT;
		struct every got;
		size_t used;

		packed.data[i / 8] ^= (char)(1 << i % 8);
		(void)schema_unpack(&every_schema, packed.data, packed.len, &scratch, &got, &used);
		schema_write(&every_schema, &got, SCHEMA_FULL, &out); /* whatever came out of it */
		packed.data[i / 8] ^= (char)(1 << i % 8);
	}
	CHECK(out.len > 0);
}

TEST(a_lying_count_does_not_allocate)
{
	static const unsigned char lie[] = { 0, 0, 0, 0, 0, 0,    0,    0,    0,    0,
					     0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f };
	OWN(arena) struct arena a = ARENA_INIT;
	struct every got;
	size_t used;

	CHECK_INT(schema_unpack(&every_schema, lie, sizeof(lie), &a, &got, &used), -EINVAL);
}

/* A document's lists and maps grow by the functions of base/str.h, wherever they came from. */
static void grow(struct every *e, struct arena *a)
{
	for (int i = 0; i < 20; i++) {
		strv_add(&e->strv, a, "more");
		strv_add(&e->set, a, "more");
		str_map_set(&e->map, a, arena_printf(a, "more %d", i), "more");
	}
	CHECK_INT(e->strv.n, 23);
	CHECK_INT(e->map.n, 23);
	CHECK_STR(e->strv.items[0], "x");
	CHECK_STR(str_map_get(&e->map, "m"), "w");
}

TEST(lists_and_maps_of_a_document_can_grow)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct every *e = read_every(full, &a), *copy = schema_clone(&every_schema, e, &a);

	grow(e, &a);
	grow(copy, &a);
}

TESTS(T(every_kind_is_tested_here), T(every_kind_is_read),
      T(what_was_read_is_written_again_in_both_styles), T(a_tree_has_the_same_contents),
      T(null_and_unknown_members_are_passed_over), T(a_mistake_is_named_by_its_path),
      T(empty_members_are_written_as_their_flags_say), T(every_kind_survives_packing),
      T(nothing_survives_packing_as_nothing), T(packed_documents_follow_each_other),
      T(packed_data_that_is_cut_anywhere_is_refused),
      T(packed_data_that_is_changed_anywhere_does_no_harm), T(a_lying_count_does_not_allocate),
      T(lists_and_maps_of_a_document_can_grow))
