/*
 * gotmpl_func.c - the functions a template can call: Go's built-in ones and docker's
 *
 * A function gets its arguments evaluated and returns one value; err holds the reason alone, and
 * the caller puts "error calling NAME: " in front.
 */
#include "codec/gotmpl_tree.h"

#include "base/own.h"

#include <ctype.h>

enum { PAD_MAX = 10000 };

struct gotmpl_value gotmpl_keep(struct json_object *keep, struct json_object *fresh)
{
	if (fresh)
		json_object_array_add(keep, fresh);
	return (struct gotmpl_value){ fresh, NIL_PLAIN };
}

static int give(struct gotmpl_call *c, struct gotmpl_value *ret, struct json_object *fresh)
{
	*ret = gotmpl_keep(c->keep, fresh);
	return 0;
}

static int give_text(struct gotmpl_call *c, struct gotmpl_value *ret, const struct buf *text)
{
	return give(c, ret, json_object_new_string_len(buf_text(text), (int)text->len));
}

static int give_bool(struct gotmpl_call *c, struct gotmpl_value *ret, bool b)
{
	return give(c, ret, json_object_new_boolean(b));
}

static int wrong_type(struct gotmpl_call *c, size_t i, const char *want)
{
	return err_set(c->err, -EINVAL, "wrong type for value; expected %s; got %s", want,
		       gotmpl_type(c->args[i]));
}

static int want_string(struct gotmpl_call *c, size_t i, const char **ret)
{
	if (!json_object_is_type(c->args[i].json, json_type_string))
		return wrong_type(c, i, "string");
	*ret = json_object_get_string(c->args[i].json);
	return 0;
}

static int want_int(struct gotmpl_call *c, size_t i, int64_t *ret)
{
	if (!json_object_is_type(c->args[i].json, json_type_int))
		return wrong_type(c, i, "int");
	*ret = json_object_get_int64(c->args[i].json);
	return 0;
}

/* -- docker's -- */

static int run_json(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	OWN(buf) struct buf text = { 0 };

	gotmpl_json(c->args[0].json, &text);
	return give_text(c, ret, &text);
}

static int run_join(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	struct json_object *list = c->args[0].json;
	OWN(buf) struct buf text = { 0 };
	const char *sep;

	if (list && !json_object_is_type(list, json_type_array))
		return wrong_type(c, 0, "[]string");
	if (want_string(c, 1, &sep) < 0)
		return -EINVAL;
	for (size_t i = 0; list && i < json_object_array_length(list); i++) {
		if (i)
			buf_adds(&text, sep);
		gotmpl_print((struct gotmpl_value){ json_object_array_get_idx(list, i), NIL_PLAIN },
			     false, &text);
		if (text.len > GOTMPL_OUTPUT_MAX)
			return err_set(c->err, -EINVAL, "the output is too long");
	}
	return give_text(c, ret, &text);
}

/* strings.Split: an empty separator splits into characters. */
static int run_split(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	struct json_object *parts;
	const char *s, *sep;

	if (want_string(c, 0, &s) < 0 || want_string(c, 1, &sep) < 0)
		return -EINVAL;
	parts = json_object_new_array();
	while (*sep ? strstr(s, sep) != NULL : *s != '\0') {
		size_t len = 1;

		if (*sep)
			len = (size_t)(strstr(s, sep) - s);
		while (!*sep && ((unsigned char)s[len] & 0xc0) == 0x80)
			len++;
		json_object_array_add(parts, json_object_new_string_len(s, (int)len));
		s += len + strlen(sep);
	}
	if (*sep)
		json_object_array_add(parts, json_object_new_string(s));
	return give(c, ret, parts);
}

static int change_case(struct gotmpl_call *c, struct gotmpl_value *ret, int (*change)(int))
{
	OWN(buf) struct buf text = { 0 };
	const char *s;

	if (want_string(c, 0, &s) < 0)
		return -EINVAL;
	for (; *s; s++)
		buf_addc(&text, (unsigned char)*s < 0x80 ? (char)change((unsigned char)*s) : *s);
	return give_text(c, ret, &text);
}

static int run_lower(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	return change_case(c, ret, tolower);
}

static int run_upper(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	return change_case(c, ret, toupper);
}

static int run_title(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	OWN(buf) struct buf text = { 0 };
	bool start = true;
	const char *s;

	if (want_string(c, 0, &s) < 0)
		return -EINVAL;
	for (; *s; s++) {
		unsigned char b = (unsigned char)*s;

		buf_addc(&text, start && b < 0x80 ? (char)toupper(b) : *s);
		start = b < 0x80 && !isalnum(b) && b != '_';
	}
	return give_text(c, ret, &text);
}

/* pad SOURCE PREFIX SUFFIX: spaces before and behind, unless it is empty. */
static int run_pad(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	OWN(buf) struct buf text = { 0 };
	int64_t before, behind;
	const char *s;

	if (want_string(c, 0, &s) < 0 || want_int(c, 1, &before) < 0 || want_int(c, 2, &behind) < 0)
		return -EINVAL;
	if (before < 0 || behind < 0 || before > PAD_MAX || behind > PAD_MAX)
		return err_set(c->err, -EINVAL, "padding must be between 0 and %d", PAD_MAX);
	if (*s)
		buf_printf(&text, "%*s%s%*s", (int)before, "", s, (int)behind, "");
	return give_text(c, ret, &text);
}

static int run_truncate(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	OWN(buf) struct buf text = { 0 };
	int64_t length;
	const char *s;

	if (want_string(c, 0, &s) < 0 || want_int(c, 1, &length) < 0)
		return -EINVAL;
	if (length < 0)
		return err_set(c->err, -EINVAL, "length must not be negative");
	buf_add(&text, s, strnlen(s, (size_t)length));
	return give_text(c, ret, &text);
}

/* table was a function once; docker's own header row makes it the identity. */
static int run_table(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	*ret = c->args[0];
	return 0;
}

/* -- Go's: values -- */

static int index_map(struct gotmpl_call *c, struct json_object *map, size_t i,
		     struct gotmpl_value *ret)
{
	struct json_object *value = NULL;
	const char *key;

	if (want_string(c, i, &key) < 0)
		return -EINVAL;
	if (json_object_object_get_ex(map, key, &value)) {
		*ret = (struct gotmpl_value){ value, NIL_PLAIN };
		return 0;
	}
	/* Go gives the zero value of the map's type, which the other values show. */
	json_object_object_foreach(map, other, sample)
	{
		(void)other;
		if (json_object_is_type(sample, json_type_array))
			return give(c, ret, json_object_new_array());
		if (sample && !json_object_is_type(sample, json_type_string)) {
			*ret = (struct gotmpl_value){ NULL, NIL_MISSING };
			return 0;
		}
	}
	return give(c, ret, json_object_new_string(""));
}

static int index_list(struct gotmpl_call *c, size_t i, size_t length, int64_t *ret)
{
	if (want_int(c, i, ret) < 0)
		return err_set(c->err, -EINVAL, "cannot index slice/array with type %s",
			       gotmpl_type(c->args[i]));
	if (*ret < 0 || (uint64_t)*ret >= length)
		return err_set(c->err, -EINVAL, "index out of range: %lld", (long long)*ret);
	return 0;
}

static int run_index(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	struct gotmpl_value at = c->args[0];
	int64_t n;

	for (size_t i = 1; i < c->n; i++) {
		enum json_type type = json_object_get_type(at.json);

		if (type == json_type_object) {
			if (index_map(c, at.json, i, &at) < 0)
				return -EINVAL;
		} else if (type == json_type_array) {
			if (index_list(c, i, json_object_array_length(at.json), &n) < 0)
				return -EINVAL;
			at = (struct gotmpl_value){ json_object_array_get_idx(at.json, (size_t)n),
						    NIL_PLAIN };
		} else if (type == json_type_string) {
			if (index_list(c, i, (size_t)json_object_get_string_len(at.json), &n) < 0)
				return -EINVAL;
			n = (unsigned char)json_object_get_string(at.json)[n];
			at = gotmpl_keep(c->keep, json_object_new_int64(n));
		} else if (type == json_type_null) {
			return err_set(c->err, -EINVAL, "index of untyped nil");
		} else {
			return err_set(c->err, -EINVAL, "can't index item of type %s",
				       gotmpl_type(at));
		}
	}
	*ret = at;
	return 0;
}

/* slice x 1 2 is x[1:2]; a string's bytes or a list's items. */
static int run_slice(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	struct json_object *from = c->args[0].json, *part;
	bool is_string = json_object_is_type(from, json_type_string);
	int64_t bounds[2] = { 0, 0 };

	if (!is_string && !json_object_is_type(from, json_type_array))
		return err_set(c->err, -EINVAL, "can't slice item of type %s",
			       gotmpl_type(c->args[0]));
	bounds[1] = is_string ? json_object_get_string_len(from)
			      : (int64_t)json_object_array_length(from);
	for (size_t i = 1; i < c->n; i++) {
		int64_t length = is_string ? json_object_get_string_len(from)
					   : (int64_t)json_object_array_length(from);

		if (want_int(c, i, &bounds[i - 1]) < 0)
			return -EINVAL;
		if (bounds[i - 1] < 0 || bounds[i - 1] > length)
			return err_set(c->err, -EINVAL, "index out of range: %lld",
				       (long long)bounds[i - 1]);
	}
	if (bounds[0] > bounds[1])
		return err_set(c->err, -EINVAL, "invalid slice index: %lld > %lld",
			       (long long)bounds[0], (long long)bounds[1]);
	if (is_string)
		return give(c, ret,
			    json_object_new_string_len(json_object_get_string(from) + bounds[0],
						       (int)(bounds[1] - bounds[0])));
	part = json_object_new_array();
	for (int64_t i = bounds[0]; i < bounds[1]; i++)
		json_object_array_add(part,
				      json_object_get(json_object_array_get_idx(from, (size_t)i)));
	return give(c, ret, part);
}

static int run_len(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	struct json_object *json = c->args[0].json;
	int64_t n;

	if (json_object_is_type(json, json_type_string))
		n = json_object_get_string_len(json);
	else if (json_object_is_type(json, json_type_array))
		n = (int64_t)json_object_array_length(json);
	else if (json_object_is_type(json, json_type_object))
		n = json_object_object_length(json);
	else if (c->args[0].nil == NIL_LIST || c->args[0].nil == NIL_MAP)
		n = 0;
	else if (!json)
		return err_set(c->err, -EINVAL, "len of nil pointer");
	else
		return err_set(c->err, -EINVAL, "len of type %s", gotmpl_type(c->args[0]));
	return give(c, ret, json_object_new_int64(n));
}

static int run_not(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	return give_bool(c, ret, !gotmpl_is_true(c->args[0]));
}

/* The evaluator does these itself, for they do not look at all arguments. */
static int run_lazy(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	*ret = c->args[c->n - 1];
	return 0;
}

/* -- Go's: comparisons -- */

static bool is_number(struct json_object *json)
{
	return json_object_is_type(json, json_type_int) ||
	       json_object_is_type(json, json_type_double);
}

/* *ret_order: less than, equal to or greater than 0. */
static int compare(struct gotmpl_call *c, struct gotmpl_value x, struct gotmpl_value y, bool order,
		   int *ret_order)
{
	enum json_type type = json_object_get_type(x.json);

	if (is_number(x.json) && is_number(y.json)) {
		double a = json_object_get_double(x.json), b = json_object_get_double(y.json);
		int64_t i = json_object_get_int64(x.json), k = json_object_get_int64(y.json);

		if (type == json_type_int && json_object_is_type(y.json, json_type_int))
			*ret_order = (i > k) - (i < k);
		else
			*ret_order = (a > b) - (a < b);
		return 0;
	}
	if (!x.json || !y.json) {
		if (order)
			return err_set(c->err, -EINVAL, "invalid type for comparison");
		*ret_order = x.json != y.json;
		return 0;
	}
	if (type == json_type_array || type == json_type_object)
		return err_set(c->err, -EINVAL, "non-comparable type %s", gotmpl_type(x));
	if (type != json_object_get_type(y.json))
		return err_set(c->err, -EINVAL, "incompatible types for comparison");
	if (type == json_type_boolean) {
		if (order)
			return err_set(c->err, -EINVAL, "invalid type for comparison");
		*ret_order = json_object_get_boolean(x.json) != json_object_get_boolean(y.json);
		return 0;
	}
	*ret_order = strcmp(json_object_get_string(x.json), json_object_get_string(y.json));
	return 0;
}

static int run_eq(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	for (size_t i = 1; i < c->n; i++) {
		int order;

		if (compare(c, c->args[0], c->args[i], false, &order) < 0)
			return -EINVAL;
		if (order == 0)
			return give_bool(c, ret, true);
	}
	return give_bool(c, ret, false);
}

static int run_ne(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	int order;

	if (compare(c, c->args[0], c->args[1], false, &order) < 0)
		return -EINVAL;
	return give_bool(c, ret, order != 0);
}

static int run_lt(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	int order;

	if (compare(c, c->args[0], c->args[1], true, &order) < 0)
		return -EINVAL;
	return give_bool(c, ret, order < 0);
}

static int run_le(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	int order;

	if (compare(c, c->args[0], c->args[1], true, &order) < 0)
		return -EINVAL;
	return give_bool(c, ret, order <= 0);
}

static int run_gt(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	int order;

	if (compare(c, c->args[0], c->args[1], true, &order) < 0)
		return -EINVAL;
	return give_bool(c, ret, order > 0);
}

static int run_ge(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	int order;

	if (compare(c, c->args[0], c->args[1], true, &order) < 0)
		return -EINVAL;
	return give_bool(c, ret, order >= 0);
}

/* -- Go's: text -- */

static int run_print(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	OWN(buf) struct buf text = { 0 };

	gotmpl_sprint(c->args, c->n, false, &text);
	return give_text(c, ret, &text);
}

static int run_println(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	OWN(buf) struct buf text = { 0 };

	gotmpl_sprint(c->args, c->n, true, &text);
	return give_text(c, ret, &text);
}

static int run_printf(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	OWN(buf) struct buf text = { 0 };
	const char *format;

	if (want_string(c, 0, &format) < 0)
		return -EINVAL;
	gotmpl_sprintf(format, c->args + 1, c->n - 1, &text);
	return give_text(c, ret, &text);
}

struct escape {
	char c;
	const char *text;
};

static const struct escape html_escapes[] = {
	{ '"', "&#34;" }, { '\'', "&#39;" }, { '&', "&amp;" },
	{ '<', "&lt;" },  { '>', "&gt;" },   { 0 },
};

static const struct escape js_escapes[] = {
	{ '\\', "\\\\" },   { '\'', "\\'" },    { '"', "\\\"" },    { '<', "\\u003C" },
	{ '>', "\\u003E" }, { '&', "\\u0026" }, { '=', "\\u003D" }, { 0 },
};

static int escape(struct gotmpl_call *c, const struct escape *table, struct gotmpl_value *ret)
{
	OWN(buf) struct buf plain = { 0 }, text = { 0 };

	gotmpl_sprint(c->args, c->n, false, &plain);
	for (const char *s = buf_text(&plain); *s; s++) {
		const struct escape *e = table;

		while (e->c && e->c != *s)
			e++;
		if (e->c)
			buf_adds(&text, e->text);
		else if (table == js_escapes && (unsigned char)*s < 0x20)
			buf_printf(&text, "\\u%04X", (unsigned char)*s);
		else
			buf_addc(&text, *s);
	}
	return give_text(c, ret, &text);
}

static int run_html(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	return escape(c, html_escapes, ret);
}

static int run_js(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	return escape(c, js_escapes, ret);
}

static int run_urlquery(struct gotmpl_call *c, struct gotmpl_value *ret)
{
	OWN(buf) struct buf plain = { 0 }, text = { 0 };

	gotmpl_sprint(c->args, c->n, false, &plain);
	for (const char *s = buf_text(&plain); *s; s++) {
		unsigned char b = (unsigned char)*s;

		if (b == ' ')
			buf_addc(&text, '+');
		else if (b < 0x80 && (isalnum(b) || strchr("-_.~", b)))
			buf_addc(&text, *s);
		else
			buf_printf(&text, "%%%02X", b);
	}
	return give_text(c, ret, &text);
}

static const struct gotmpl_function functions[] = {
	{ "and", 1, -1, run_lazy },
	{ "eq", 2, -1, run_eq },
	{ "ge", 2, 2, run_ge },
	{ "gt", 2, 2, run_gt },
	{ "html", 0, -1, run_html },
	{ "index", 1, -1, run_index },
	{ "join", 2, 2, run_join },
	{ "js", 0, -1, run_js },
	{ "json", 1, 1, run_json },
	{ "le", 2, 2, run_le },
	{ "len", 1, 1, run_len },
	{ "lower", 1, 1, run_lower },
	{ "lt", 2, 2, run_lt },
	{ "ne", 2, 2, run_ne },
	{ "not", 1, 1, run_not },
	{ "or", 1, -1, run_lazy },
	{ "pad", 3, 3, run_pad },
	{ "print", 0, -1, run_print },
	{ "printf", 1, -1, run_printf },
	{ "println", 0, -1, run_println },
	{ "slice", 1, 3, run_slice },
	{ "split", 2, 2, run_split },
	{ "table", 1, 1, run_table },
	{ "title", 1, 1, run_title },
	{ "truncate", 2, 2, run_truncate },
	{ "upper", 1, 1, run_upper },
	{ "urlquery", 0, -1, run_urlquery },
};

const struct gotmpl_function *gotmpl_function(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strlen(functions[i].name) == len && memcmp(functions[i].name, name, len) == 0)
			return &functions[i];
	return NULL;
}
