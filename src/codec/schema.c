/*
 * schema.c - documents described by tables: reading and writing JSON
 *
 * One function per direction walks the rows; what a kind means is one case in each. The path in a
 * message is kept as a chain of frames on the stack, so that reading allocates nothing for it.
 */
#include "codec/schema.h"

#include "base/own.h"
#include "codec/json.h"
#include "codec/timestamp.h"

#include <limits.h>

enum { LIST_MAX = 1000000 };

/* Where we are in the document, for messages: parent and either a name or an index. */
struct path {
	const struct path *up;
	const char *name;
	size_t index;
};

struct reader {
	struct arena *a;
	struct err *err;
};

static void path_text(const struct path *p, struct buf *out)
{
	if (!p)
		return;
	path_text(p->up, out);
	if (!p->name)
		buf_printf(out, "[%zu]", p->index);
	else
		buf_printf(out, "%s%s", out->len ? "." : "", p->name);
}

static int fail(struct reader *r, const struct path *at, const char *what)
{
	OWN(buf) struct buf text = { 0 };

	path_text(at, &text);
	return err_set(r->err, -EINVAL, "%.300s: %s", text.len ? buf_text(&text) : "document",
		       what);
}

static int read_object(struct reader *r, const struct schema *s, struct json_object *tree,
		       const struct path *at, void *obj);

static int read_str(struct reader *r, struct json_object *v, const struct path *at,
		    const char **ret)
{
	size_t len;

	if (!json_object_is_type(v, json_type_string))
		return fail(r, at, "expected a string");
	len = (size_t)json_object_get_string_len(v);
	if (memchr(json_object_get_string(v), '\0', len))
		return fail(r, at, "a string must not hold a NUL");
	*ret = arena_strndup(r->a, json_object_get_string(v), len);
	return 0;
}

static int read_signed(struct reader *r, struct json_object *v, const struct path *at, int64_t min,
		       int64_t max, int64_t *ret)
{
	int64_t n;

	if (!json_object_is_type(v, json_type_int))
		return fail(r, at, "expected a whole number");
	n = json_object_get_int64(v);
	/* json-c clamps an unsigned number that does not fit: the unsigned reading tells. */
	if (n < min || n > max || (n == INT64_MAX && json_object_get_uint64(v) > INT64_MAX))
		return fail(r, at, "the number is out of range");
	*ret = n;
	return 0;
}

static int read_unsigned(struct reader *r, struct json_object *v, const struct path *at,
			 uint64_t max, uint64_t *ret)
{
	if (!json_object_is_type(v, json_type_int))
		return fail(r, at, "expected a whole number");
	if (json_object_get_int64(v) < 0 || json_object_get_uint64(v) > max)
		return fail(r, at, "the number is out of range");
	*ret = json_object_get_uint64(v);
	return 0;
}

static int read_bool(struct reader *r, struct json_object *v, const struct path *at, bool *ret)
{
	if (!json_object_is_type(v, json_type_boolean))
		return fail(r, at, "expected true or false");
	*ret = json_object_get_boolean(v);
	return 0;
}

static int read_strv(struct reader *r, struct json_object *v, const struct path *at,
		     struct strv *ret)
{
	size_t n;

	if (!json_object_is_type(v, json_type_array))
		return fail(r, at, "expected an array of strings");
	n = json_object_array_length(v);
	if (n > LIST_MAX)
		return fail(r, at, "too many items");
	for (size_t i = 0; i < n; i++) {
		struct path item = { at, NULL, i };
		const char *s;
		int res = read_str(r, json_object_array_get_idx(v, i), &item, &s);

		if (res < 0)
			return res;
		strv_add(ret, r->a, s);
	}
	return 0;
}

/* Documents of old have a string where newer ones have a list. */
static int read_strv_or_str(struct reader *r, const struct field *f, struct json_object *v,
			    const struct path *at, struct strv *ret)
{
	const char *only;
	int res;

	if (!(f->flags & OR_STRING) || !json_object_is_type(v, json_type_string))
		return read_strv(r, v, at, ret);
	res = read_str(r, v, at, &only);
	if (res == 0)
		strv_add(ret, r->a, only);
	return res;
}

static int read_map(struct reader *r, struct json_object *v, const struct path *at,
		    struct str_map *ret)
{
	size_t i = 0;

	if (!json_object_is_type(v, json_type_object))
		return fail(r, at, "expected an object of strings");
	ret->n = (size_t)json_object_object_length(v);
	/* Twice the room: str_map_set() expects a power of two and may append. */
	ret->items = ret->n ? arena_array(r->a, ret->n * 2, sizeof(*ret->items)) : NULL;
	json_object_object_foreach(v, key, value)
	{
		struct path item = { at, key, 0 };
		int res = 0;

		ret->items[i].value = "";
		if (value) /* null is the empty string, as in Go */
			res = read_str(r, value, &item, &ret->items[i].value);
		if (res < 0)
			return res;
		ret->items[i++].key = arena_strdup(r->a, key);
	}
	return 0;
}

static int read_set(struct reader *r, struct json_object *v, const struct path *at,
		    struct strv *ret)
{
	if (!json_object_is_type(v, json_type_object))
		return fail(r, at, "expected an object");
	json_object_object_foreach(v, key, value)
	{
		(void)value;
		strv_add(ret, r->a, arena_strdup(r->a, key));
	}
	return 0;
}

static int read_enum(struct reader *r, const struct field *f, struct json_object *v,
		     const struct path *at, int *ret)
{
	const char *s;
	int res = read_str(r, v, at, &s);

	if (res < 0)
		return res;
	for (int i = 0; f->names[i]; i++) {
		if (str_eq(f->names[i], s)) {
			*ret = i;
			return 0;
		}
	}
	return fail(r, at, arena_printf(r->a, "unknown value \"%.64s\"", s));
}

static int read_list(struct reader *r, const struct field *f, struct json_object *v,
		     const struct path *at, struct list_any *ret)
{
	char *items;
	size_t n;

	if (!json_object_is_type(v, json_type_array))
		return fail(r, at, "expected an array");
	n = json_object_array_length(v);
	if (n > LIST_MAX)
		return fail(r, at, "too many items");
	items = arena_array(r->a, n, f->sub->size);
	for (size_t i = 0; i < n; i++) {
		struct path item = { at, NULL, i };
		int res = read_object(r, f->sub, json_object_array_get_idx(v, i), &item,
				      items + i * f->sub->size);

		if (res < 0)
			return res;
	}
	*ret = (struct list_any){ n ? items : NULL, n };
	return 0;
}

static int read_dict(struct reader *r, const struct field *f, struct json_object *v,
		     const struct path *at, struct list_any *ret)
{
	char *item;

	if (!json_object_is_type(v, json_type_object))
		return fail(r, at, "expected an object");
	ret->n = (size_t)json_object_object_length(v);
	ret->items = item = ret->n ? arena_array(r->a, ret->n, f->sub->size) : NULL;
	json_object_object_foreach(v, key, value)
	{
		struct path below = { at, key, 0 };
		int res = read_object(r, f->sub, value, &below, item);

		if (res < 0)
			return res;
		*(const char **)(void *)item = arena_strdup(r->a, key);
		item += f->sub->size;
	}
	return 0;
}

static int read_u32v(struct reader *r, struct json_object *v, const struct path *at,
		     struct list_any *ret)
{
	uint32_t *items;
	size_t n;

	if (!json_object_is_type(v, json_type_array))
		return fail(r, at, "expected an array of numbers");
	n = json_object_array_length(v);
	if (n > LIST_MAX)
		return fail(r, at, "too many items");
	items = arena_array(r->a, n, sizeof(*items));
	for (size_t i = 0; i < n; i++) {
		struct path item = { at, NULL, i };
		uint64_t number = 0;
		int res = read_unsigned(r, json_object_array_get_idx(v, i), &item, UINT32_MAX,
					&number);

		if (res < 0)
			return res;
		items[i] = (uint32_t)number;
	}
	*ret = (struct list_any){ n ? items : NULL, n };
	return 0;
}

static int read_pair(struct reader *r, struct json_object *v, const struct path *at, int64_t *ret)
{
	if (!json_object_is_type(v, json_type_array) || json_object_array_length(v) != 2)
		return fail(r, at, "expected two numbers");
	for (size_t i = 0; i < 2; i++) {
		int res = read_signed(r, json_object_array_get_idx(v, i), at, INT64_MIN, INT64_MAX,
				      &ret[i]);

		if (res < 0)
			return res;
	}
	return 0;
}

static int read_time(struct reader *r, struct json_object *v, const struct path *at, int64_t *ret)
{
	const char *s;
	int res = read_str(r, v, at, &s);

	if (res < 0)
		return res;
	if (timestamp_parse(s, ret) < 0)
		return fail(r, at, "expected an RFC 3339 time");
	return 0;
}

static int read_optional(struct reader *r, const struct field *f, struct json_object *v,
			 const struct path *at, void *member)
{
	uint64_t u = 0;
	int64_t i = 0;
	bool b = false;
	int res;

	switch (f->kind) {
	case FIELD_OPT_BOOL:
		res = read_bool(r, v, at, &b);
		*(bool **)member = arena_memdup(r->a, &b, sizeof(b));
		return res;
	case FIELD_OPT_I64:
		res = read_signed(r, v, at, INT64_MIN, INT64_MAX, &i);
		*(int64_t **)member = arena_memdup(r->a, &i, sizeof(i));
		return res;
	case FIELD_OPT_U64:
		res = read_unsigned(r, v, at, UINT64_MAX, &u);
		*(uint64_t **)member = arena_memdup(r->a, &u, sizeof(u));
		return res;
	case FIELD_OPT_U32: {
		uint32_t small;

		res = read_unsigned(r, v, at, UINT32_MAX, &u);
		small = (uint32_t)u;
		*(uint32_t **)member = arena_memdup(r->a, &small, sizeof(small));
		return res;
	}
	default:
		return -EINVAL;
	}
}

static int read_number(struct reader *r, const struct field *f, struct json_object *v,
		       const struct path *at, void *member)
{
	int64_t i = 0;
	uint64_t u = 0;
	int res;

	switch (f->kind) {
	case FIELD_INT:
		res = read_signed(r, v, at, INT_MIN, INT_MAX, &i);
		*(int *)member = (int)i;
		return res;
	case FIELD_U32:
		res = read_unsigned(r, v, at, UINT32_MAX, &u);
		*(uint32_t *)member = (uint32_t)u;
		return res;
	case FIELD_I64:
		return read_signed(r, v, at, INT64_MIN, INT64_MAX, member);
	case FIELD_U64:
		return read_unsigned(r, v, at, UINT64_MAX, member);
	case FIELD_F64:
		if (!json_object_is_type(v, json_type_double) &&
		    !json_object_is_type(v, json_type_int))
			return fail(r, at, "expected a number");
		*(double *)member = json_object_get_double(v);
		return 0;
	default:
		return -EINVAL;
	}
}

static int read_field(struct reader *r, const struct field *f, struct json_object *v,
		      const struct path *at, void *member)
{
	switch ((enum field_kind)f->kind) {
	case FIELD_BOOL:
		return read_bool(r, v, at, member);
	case FIELD_INT:
	case FIELD_U32:
	case FIELD_I64:
	case FIELD_U64:
	case FIELD_F64:
		return read_number(r, f, v, at, member);
	case FIELD_STR:
		return read_str(r, v, at, member);
	case FIELD_STRV:
		return read_strv_or_str(r, f, v, at, member);
	case FIELD_MAP:
		return read_map(r, v, at, member);
	case FIELD_ENUM:
		return read_enum(r, f, v, at, member);
	case FIELD_TIME:
		return read_time(r, v, at, member);
	case FIELD_OBJ:
		return read_object(r, f->sub, v, at, member);
	case FIELD_PTR:
		*(void **)member = arena_alloc(r->a, f->sub->size);
		return read_object(r, f->sub, v, at, *(void **)member);
	case FIELD_LIST:
		return read_list(r, f, v, at, member);
	case FIELD_DICT:
		return read_dict(r, f, v, at, member);
	case FIELD_SET:
		return read_set(r, v, at, member);
	case FIELD_PAIR:
		return read_pair(r, v, at, member);
	case FIELD_U32V:
		return read_u32v(r, v, at, member);
	case FIELD_OPT_BOOL:
	case FIELD_OPT_I64:
	case FIELD_OPT_U64:
	case FIELD_OPT_U32:
		return read_optional(r, f, v, at, member);
	case FIELD_RAW: {
		OWN(buf) struct buf text = { 0 };

		json_write(v, &text);
		*(const char **)member = arena_strndup(r->a, buf_text(&text), text.len);
		return 0;
	}
	case FIELD_KINDS:
		break;
	}
	return -EINVAL;
}

static int read_object(struct reader *r, const struct schema *s, struct json_object *tree,
		       const struct path *at, void *obj)
{
	if (!json_object_is_type(tree, json_type_object))
		return fail(r, at, "expected an object");
	for (size_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];
		struct path below = { at, f->name, 0 };
		struct json_object *v = NULL;
		int res;

		if (!json_object_object_get_ex(tree, f->name, &v) || !v) {
			if (f->flags & REQUIRED)
				return fail(r, &below, "is required");
			continue;
		}
		res = read_field(r, f, v, &below, (char *)obj + f->offset);
		if (res < 0)
			return res;
	}
	return 0;
}

int schema_read_tree(const struct schema *s, struct json_object *tree, struct arena *a, void *obj,
		     struct err *err)
{
	struct reader r = { a, err };
	int res;

	memset(obj, 0, s->size);
	res = read_object(&r, s, tree, NULL, obj);
	if (res < 0)
		memset(obj, 0, s->size);
	return res;
}

int schema_read(const struct schema *s, const char *json, size_t len, struct arena *a, void *obj,
		struct err *err)
{
	OWN(json) struct json_object *tree = NULL;
	int res;

	memset(obj, 0, s->size);
	res = json_parse(json, len, &tree, err);
	return res < 0 ? res : schema_read_tree(s, tree, a, obj, err);
}

/* -- writing -- */

struct writer {
	enum schema_style style;
	struct buf *out;
};

static void write_object(const struct writer *w, const struct schema *s, const void *obj);

static bool is_empty(const struct field *f, const void *member)
{
	static const char zero[sizeof(double)] = { 0 };

	switch ((enum field_kind)f->kind) {
	case FIELD_BOOL:
		return !*(const bool *)member;
	case FIELD_INT:
	case FIELD_U32:
	case FIELD_ENUM:
		return *(const int *)member == 0;
	case FIELD_I64:
	case FIELD_U64:
	case FIELD_F64:
	case FIELD_TIME:
		return memcmp(member, zero, sizeof(double)) == 0;
	case FIELD_STR:
	case FIELD_RAW:
		return str_is_empty(*(const char *const *)member);
	case FIELD_PTR:
	case FIELD_OPT_BOOL:
	case FIELD_OPT_I64:
	case FIELD_OPT_U64:
	case FIELD_OPT_U32:
		return !*(void *const *)member;
	case FIELD_STRV:
	case FIELD_MAP:
	case FIELD_LIST:
	case FIELD_DICT:
	case FIELD_SET:
	case FIELD_U32V:
		return ((const struct list_any *)member)->n == 0;
	case FIELD_PAIR:
		return ((const int64_t *)member)[0] == 0 && ((const int64_t *)member)[1] == 0;
	case FIELD_OBJ:
		for (size_t i = 0; i < f->sub->n_fields; i++)
			if (!is_empty(&f->sub->fields[i],
				      (const char *)member + f->sub->fields[i].offset))
				return false;
		return true;
	case FIELD_KINDS:
		break;
	}
	return true;
}

static void write_str(struct buf *out, const char *s)
{
	json_quote(s ? s : "", s ? strlen(s) : 0, out);
}

static void write_strv(struct buf *out, const struct strv *v, bool as_set)
{
	buf_addc(out, as_set ? '{' : '[');
	for (size_t i = 0; i < v->n; i++) {
		buf_adds(out, i ? "," : "");
		write_str(out, v->items[i]);
		buf_adds(out, as_set ? ":{}" : "");
	}
	buf_addc(out, as_set ? '}' : ']');
}

static void write_map(struct buf *out, const struct str_map *m)
{
	buf_addc(out, '{');
	for (size_t i = 0; i < m->n; i++) {
		buf_adds(out, i ? "," : "");
		write_str(out, m->items[i].key);
		buf_addc(out, ':');
		write_str(out, m->items[i].value);
	}
	buf_addc(out, '}');
}

static void write_list(const struct writer *w, const struct field *f, const struct list_any *l)
{
	bool dict = f->kind == FIELD_DICT;
	const char *item = l->items;

	buf_addc(w->out, dict ? '{' : '[');
	for (size_t i = 0; i < l->n; i++, item += f->sub->size) {
		buf_adds(w->out, i ? "," : "");
		if (dict) {
			write_str(w->out, *(const char *const *)(const void *)item);
			buf_addc(w->out, ':');
		}
		write_object(w, f->sub, item);
	}
	buf_addc(w->out, dict ? '}' : ']');
}

static void write_u32v(struct buf *out, const struct list_any *l)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < l->n; i++)
		buf_printf(out, "%s%u", i ? "," : "", ((const uint32_t *)l->items)[i]);
	buf_addc(out, ']');
}

static void write_time(struct buf *out, int64_t ns)
{
	char text[TIMESTAMP_MAX];

	timestamp_write(ns, text);
	write_str(out, text);
}

static void write_value(const struct writer *w, const struct field *f, const void *m)
{
	struct buf *out = w->out;

	switch ((enum field_kind)f->kind) {
	case FIELD_BOOL:
		buf_adds(out, *(const bool *)m ? "true" : "false");
		break;
	case FIELD_INT:
		buf_printf(out, "%d", *(const int *)m);
		break;
	case FIELD_U32:
		buf_printf(out, "%u", *(const uint32_t *)m);
		break;
	case FIELD_I64:
		buf_printf(out, "%lld", (long long)*(const int64_t *)m);
		break;
	case FIELD_U64:
		buf_printf(out, "%llu", (unsigned long long)*(const uint64_t *)m);
		break;
	case FIELD_F64:
		buf_printf(out, "%.17g", *(const double *)m);
		break;
	case FIELD_STR:
		write_str(out, *(const char *const *)m);
		break;
	case FIELD_STRV:
	case FIELD_SET:
		write_strv(out, m, f->kind == FIELD_SET);
		break;
	case FIELD_MAP:
		write_map(out, m);
		break;
	case FIELD_ENUM:
		write_str(out, f->names[*(const int *)m]);
		break;
	case FIELD_TIME:
		write_time(out, *(const int64_t *)m);
		break;
	case FIELD_OBJ:
		write_object(w, f->sub, m);
		break;
	case FIELD_PTR:
		write_object(w, f->sub, *(void *const *)m);
		break;
	case FIELD_LIST:
	case FIELD_DICT:
		write_list(w, f, m);
		break;
	case FIELD_PAIR:
		buf_printf(out, "[%lld,%lld]", (long long)((const int64_t *)m)[0],
			   (long long)((const int64_t *)m)[1]);
		break;
	case FIELD_U32V:
		write_u32v(out, m);
		break;
	case FIELD_OPT_BOOL:
		buf_adds(out, **(bool *const *)m ? "true" : "false");
		break;
	case FIELD_OPT_I64:
		buf_printf(out, "%lld", (long long)**(int64_t *const *)m);
		break;
	case FIELD_OPT_U64:
		buf_printf(out, "%llu", (unsigned long long)**(uint64_t *const *)m);
		break;
	case FIELD_OPT_U32:
		buf_printf(out, "%u", **(uint32_t *const *)m);
		break;
	case FIELD_RAW:
		buf_adds(out, *(const char *const *)m);
		break;
	case FIELD_KINDS:
		break;
	}
}

/* Pointers that are absent have no value to write. */
static bool is_pointer(const struct field *f)
{
	return f->kind == FIELD_PTR || f->kind == FIELD_RAW ||
	       (f->kind >= FIELD_OPT_BOOL && f->kind <= FIELD_OPT_U32);
}

static void write_object(const struct writer *w, const struct schema *s, const void *obj)
{
	bool first = true;

	buf_addc(w->out, '{');
	for (size_t i = 0; i < s->n_fields; i++) {
		const struct field *f = &s->fields[i];
		const void *member = (const char *)obj + f->offset;
		bool empty = is_empty(f, member);

		if (empty && !(f->flags & REQUIRED) &&
		    (w->style == SCHEMA_COMPACT || f->flags & OMIT_EMPTY))
			continue;
		buf_adds(w->out, first ? "" : ",");
		first = false;
		write_str(w->out, f->name);
		buf_addc(w->out, ':');
		if (empty && (is_pointer(f) || f->flags & NULL_EMPTY))
			buf_adds(w->out, "null");
		else
			write_value(w, f, member);
	}
	buf_addc(w->out, '}');
}

void schema_write(const struct schema *s, const void *obj, enum schema_style style, struct buf *out)
{
	write_object(&(struct writer){ style, out }, s, obj);
}

struct json_object *schema_tree(const struct schema *s, const void *obj, enum schema_style style)
{
	OWN(buf) struct buf text = { 0 };
	struct json_object *tree = NULL;

	schema_write(s, obj, style, &text);
	(void)json_parse(buf_text(&text), text.len, &tree, NULL);
	return tree;
}
