/*
 * yaml.c - reading YAML that people write into the trees that JSON is read into
 *
 * libyaml gives events, whose depth it does not bound; here a stack of fixed height does. What has
 * no word in JSON is refused where it stands, so that nobody reads another thing than was written.
 */
#include "codec/yaml.h"

#include "base/own.h"
#include "base/str.h"
#include "codec/json.h"

#include <math.h>
#include <yaml.h>

struct level {
	struct json_object *value; /* the parent's, or at the bottom the reader's */
	char *key;                 /* of the member whose value is next; owned */
};

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	struct json_object *documents;
	struct level levels[JSON_DEPTH_MAX];
	size_t depth, values;
	struct err *err;
};

static int refuse(const struct reader *r, const yaml_mark_t *at, const char *why)
{
	return err_set(r->err, -EINVAL, "line %zu: %s", at->line + 1, why);
}

static int refuse_here(const struct reader *r, const char *why)
{
	return refuse(r, &r->event.start_mark, why);
}

/* -- scalars -- */

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (str_eq(text, *words))
			return true;
	return false;
}

/* [-+]? digits, "0o17", "0x1f". */
static bool is_whole(const char *s, int *ret_base)
{
	const char *digits = "0123456789";

	*ret_base = 10;
	if (strncmp(s, "0o", 2) == 0 || strncmp(s, "0x", 2) == 0) {
		*ret_base = s[1] == 'o' ? 8 : 16;
		digits = s[1] == 'o' ? "01234567" : "0123456789abcdefABCDEF";
		s += 2;
	} else {
		s += *s == '-' || *s == '+';
	}
	return *s && !s[strspn(s, digits)];
}

static size_t digits_of(const char **s)
{
	size_t n = strspn(*s, "0123456789");

	*s += n;
	return n;
}

/* [-+]? ( . digits | digits (. digits*)? ) ([eE] [-+]? digits)? */
static bool is_fraction(const char *s)
{
	size_t n;

	s += *s == '-' || *s == '+';
	n = digits_of(&s);
	if (*s == '.') {
		s++;
		n += digits_of(&s);
	}
	if (n && (*s == 'e' || *s == 'E')) {
		s++;
		s += *s == '-' || *s == '+';
		if (!digits_of(&s))
			return false;
	}
	return n && !*s;
}

static int make_whole(struct reader *r, const char *text, int base, struct json_object **ret)
{
	const char *digits = base == 10 ? text : text + 2;
	long long value;

	errno = 0;
	value = strtoll(digits, NULL, base);
	if (errno == ERANGE)
		return refuse_here(r, "a whole number that does not fit 64 bits");
	*ret = json_object_new_int64(value);
	return 0;
}

static int make_plain(struct reader *r, const char *text, size_t len, struct json_object **ret)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const yes[] = { "true", "True", "TRUE", NULL };
	static const char *const no[] = { "false", "False", "FALSE", NULL };
	int base;

	if (is_one_of(text, nulls)) {
		*ret = NULL;
	} else if (is_one_of(text, yes) || is_one_of(text, no)) {
		*ret = json_object_new_boolean(is_one_of(text, yes));
	} else if (is_whole(text, &base)) {
		return make_whole(r, text, base, ret);
	} else if (is_fraction(text)) {
		double value = strtod(text, NULL);

		if (!isfinite(value))
			return refuse_here(r, "a number that is too large");
		*ret = json_object_new_double(value);
	} else {
		*ret = json_object_new_string_len(text, (int)len);
	}
	return 0;
}

static int make_scalar(struct reader *r, struct json_object **ret)
{
	const char *text = (const char *)r->event.data.scalar.value;
	size_t len = r->event.data.scalar.length;

	if (r->event.data.scalar.anchor)
		return refuse_here(r, "anchors are not taken: write the value where it is meant");
	if (r->event.data.scalar.tag)
		return refuse_here(r, "tags are not taken");
	if (strlen(text) != len)
		return refuse_here(r, "a NUL in a text");
	if (r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return make_plain(r, text, len, ret);
	*ret = json_object_new_string_len(text, (int)len);
	return 0;
}

/* -- where a value goes -- */

static bool wants_key(const struct reader *r)
{
	const struct level *top = &r->levels[r->depth - 1];

	return json_object_is_type(top->value, json_type_object) && !top->key;
}

static int take_key(struct reader *r)
{
	struct level *top = &r->levels[r->depth - 1];
	const char *text = (const char *)r->event.data.scalar.value;

	if (r->event.type != YAML_SCALAR_EVENT)
		return refuse_here(r, "a member's name must be a text");
	if (r->event.data.scalar.anchor || r->event.data.scalar.tag ||
	    strlen(text) != r->event.data.scalar.length)
		return refuse_here(r, "a member's name must be a plain text");
	if (json_object_object_get_ex(top->value, text, NULL)) {
		OWN(str) char *why = str_printf("\"%.100s\" stands there twice", text);

		return refuse_here(r, why);
	}
	top->key = str_dup(text);
	return 0;
}

/* The value belongs to what is on top from here on. */
static void put_value(struct reader *r, struct json_object *value)
{
	struct level *top = &r->levels[r->depth - 1];

	if (json_object_is_type(top->value, json_type_array)) {
		(void)json_object_array_add(top->value, value);
		return;
	}
	(void)json_object_object_add(top->value, top->key, value);
	str_cleanup(&top->key);
}

static int open_level(struct reader *r, struct json_object *value)
{
	const yaml_event_t *e = &r->event;
	bool is_list = e->type == YAML_SEQUENCE_START_EVENT;
	const void *anchor = is_list ? e->data.sequence_start.anchor : e->data.mapping_start.anchor;
	const void *tag = is_list ? e->data.sequence_start.tag : e->data.mapping_start.tag;

	put_value(r, value);
	if (anchor)
		return refuse_here(r, "anchors are not taken: write the value where it is meant");
	if (tag)
		return refuse_here(r, "tags are not taken");
	if (r->depth == JSON_DEPTH_MAX)
		return refuse_here(r, "more than 64 levels");
	r->levels[r->depth++] = (struct level){ .value = value };
	return 0;
}

/* -- events -- */

static int take_value(struct reader *r)
{
	struct json_object *value = NULL;
	int e;

	if (++r->values > YAML_VALUES_MAX)
		return refuse_here(r, "too many values");
	if (wants_key(r))
		return take_key(r);
	switch ((int)r->event.type) {
	case YAML_SEQUENCE_START_EVENT:
		return open_level(r, json_object_new_array());
	case YAML_MAPPING_START_EVENT:
		return open_level(r, json_object_new_object());
	default:
		e = make_scalar(r, &value);
		if (e == 0)
			put_value(r, value);
		return e;
	}
}

/* A text that ends in "---" has one document more, which is null. */
static void end_document(struct reader *r)
{
	size_t n = json_object_array_length(r->documents);

	if (n && !json_object_array_get_idx(r->documents, n - 1))
		(void)json_object_array_del_idx(r->documents, n - 1, 1);
}

static int take_event(struct reader *r)
{
	switch ((int)r->event.type) {
	case YAML_ALIAS_EVENT:
		return refuse_here(r, "aliases are not taken: write the value where it is meant");
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return take_value(r);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		return json_object_array_length(r->documents) < YAML_DOCUMENTS_MAX
			       ? 0
			       : refuse_here(r, "too many documents");
	case YAML_DOCUMENT_END_EVENT:
		end_document(r);
		return 0;
	default:
		return 0;
	}
}

static int read_events(struct reader *r)
{
	bool more = true;
	int e = 0;

	while (e == 0 && more) {
		if (!yaml_parser_parse(&r->parser, &r->event))
			return refuse(r, &r->parser.problem_mark,
				      r->parser.problem ? r->parser.problem : "not YAML");
		more = r->event.type != YAML_STREAM_END_EVENT;
		e = take_event(r);
		yaml_event_delete(&r->event);
	}
	return e;
}

int yaml_parse(const char *text, size_t len, struct json_object **ret_list, struct err *err)
{
	struct reader r = { .err = err, .depth = 1 };
	int e;

	if (len > YAML_TEXT_MAX)
		return err_set(err, -EFBIG, "longer than %d bytes", YAML_TEXT_MAX);
	if (!yaml_parser_initialize(&r.parser))
		return err_set(err, -ENOMEM, "no memory for a parser");
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	r.documents = json_object_new_array();
	r.levels[0].value = r.documents;
	e = read_events(&r);
	for (size_t i = 0; i < r.depth; i++)
		str_cleanup(&r.levels[i].key);
	yaml_parser_delete(&r.parser);
	if (e == 0)
		*ret_list = r.documents;
	else
		json_object_put(r.documents);
	return e;
}
