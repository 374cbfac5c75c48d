/*
 * gotmpl_print.c - values as Go's fmt and encoding/json write them
 */
#include "codec/gotmpl_tree.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/json.h"

#include <ctype.h>

/* From which power of ten on fmt and encoding/json write an exponent. */
enum { EXPONENT_FROM = 6, JSON_EXPONENT_FROM = 21 };

bool gotmpl_is_true(struct gotmpl_value v)
{
	switch (json_object_get_type(v.json)) {
	case json_type_null:
		return false;
	case json_type_boolean:
		return json_object_get_boolean(v.json);
	case json_type_int:
		return json_object_get_uint64(v.json) != 0;
	case json_type_double:
		return json_object_get_double(v.json) != 0;
	case json_type_string:
		return json_object_get_string_len(v.json) > 0;
	case json_type_array:
		return json_object_array_length(v.json) > 0;
	case json_type_object:
		return json_object_object_length(v.json) > 0;
	}
	return false;
}

const char *gotmpl_type(struct gotmpl_value v)
{
	switch (json_object_get_type(v.json)) {
	case json_type_null:
		break;
	case json_type_boolean:
		return "bool";
	case json_type_int:
		return "int";
	case json_type_double:
		return "float64";
	case json_type_string:
		return "string";
	case json_type_array:
		return "[]interface {}";
	case json_type_object:
		return "map[string]interface {}";
	}
	return "nil";
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **gotmpl_sorted_keys(struct json_object *object, size_t *ret_n)
{
	size_t n = (size_t)json_object_object_length(object), i = 0;
	const char **keys = mem_alloc((n + 1) * sizeof(*keys));

	json_object_object_foreach(object, key, value)
	{
		(void)value;
		keys[i++] = key;
	}
	qsort(keys, n, sizeof(*keys), by_text);
	*ret_n = n;
	return keys;
}

/* The shortest decimal that reads back as the same number; exponent form as Go chooses it. */
static void print_float(double d, int exponent_from, struct buf *out)
{
	char text[40];
	const char *e;
	int exponent;

	for (int precision = 0; precision < 18; precision++) {
		(void)snprintf(text, sizeof(text), "%.*e", precision, d);
		if (strtod(text, NULL) == d)
			break;
	}
	e = strchr(text, 'e');
	exponent = e ? (int)strtol(e + 1, NULL, 10) : 0;
	if (!e || exponent < -4 || exponent >= exponent_from) {
		buf_adds(out, text);
		return;
	}
	for (int precision = 0; precision < 24; precision++) {
		(void)snprintf(text, sizeof(text), "%.*f", precision, d);
		if (strtod(text, NULL) == d)
			break;
	}
	buf_adds(out, text);
}

static void print_integer(struct json_object *json, struct buf *out)
{
	if (json_object_get_int64(json) < 0)
		buf_printf(out, "%lld", (long long)json_object_get_int64(json));
	else
		buf_printf(out, "%llu", (unsigned long long)json_object_get_uint64(json));
}

static void print_any(struct json_object *json, struct buf *out);

static void print_map(struct json_object *json, struct buf *out)
{
	size_t n;
	OWN(mem) const char **keys = gotmpl_sorted_keys(json, &n);

	buf_adds(out, "map[");
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "%s%s:", i ? " " : "", keys[i]);
		print_any(json_object_object_get(json, keys[i]), out);
	}
	buf_addc(out, ']');
}

static void print_array(struct json_object *json, struct buf *out)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < json_object_array_length(json); i++) {
		if (i)
			buf_addc(out, ' ');
		print_any(json_object_array_get_idx(json, i), out);
	}
	buf_addc(out, ']');
}

static void print_any(struct json_object *json, struct buf *out)
{
	switch (json_object_get_type(json)) {
	case json_type_null:
		buf_adds(out, "<nil>");
		break;
	case json_type_boolean:
		buf_adds(out, json_object_get_boolean(json) ? "true" : "false");
		break;
	case json_type_int:
		print_integer(json, out);
		break;
	case json_type_double:
		print_float(json_object_get_double(json), EXPONENT_FROM, out);
		break;
	case json_type_string:
		buf_add(out, json_object_get_string(json),
			(size_t)json_object_get_string_len(json));
		break;
	case json_type_array:
		print_array(json, out);
		break;
	case json_type_object:
		print_map(json, out);
		break;
	}
}

void gotmpl_print(struct gotmpl_value v, bool top, struct buf *out)
{
	if (!v.json && v.nil > NIL_MISSING)
		buf_adds(out, v.nil == NIL_LIST ? "[]" : v.nil == NIL_MAP ? "map[]" : "<nil>");
	else if (!v.json && (top || v.nil == NIL_MISSING))
		buf_adds(out, "<no value>");
	else
		print_any(v.json, out);
}

void gotmpl_sprint(const struct gotmpl_value *args, size_t n, bool line, struct buf *out)
{
	bool was_string = true;

	for (size_t i = 0; i < n; i++) {
		bool is_string = json_object_is_type(args[i].json, json_type_string);

		if (i && (line || (!is_string && !was_string)))
			buf_addc(out, ' ');
		gotmpl_print(args[i], false, out);
		was_string = is_string;
	}
	if (line)
		buf_addc(out, '\n');
}

void gotmpl_json(struct json_object *json, struct buf *out)
{
	bool first = true;

	if (json_object_is_type(json, json_type_string)) {
		json_quote(json_object_get_string(json), (size_t)json_object_get_string_len(json),
			   out);
	} else if (json_object_is_type(json, json_type_array)) {
		buf_addc(out, '[');
		for (size_t i = 0; i < json_object_array_length(json); i++) {
			buf_adds(out, i ? "," : "");
			gotmpl_json(json_object_array_get_idx(json, i), out);
		}
		buf_addc(out, ']');
	} else if (json_object_is_type(json, json_type_object)) {
		buf_addc(out, '{');
		json_object_object_foreach(json, key, value)
		{
			buf_adds(out, first ? "" : ",");
			first = false;
			json_quote(key, strlen(key), out);
			buf_addc(out, ':');
			gotmpl_json(value, out);
		}
		buf_addc(out, '}');
	} else if (json_object_is_type(json, json_type_double)) {
		print_float(json_object_get_double(json), JSON_EXPONENT_FROM, out);
	} else if (!json) {
		buf_adds(out, "null");
	} else {
		print_any(json, out);
	}
}

/* -- printf -- */

enum { WIDTH_MAX = 1000 };

struct verb {
	bool minus, plus, zero, sharp, space;
	int width, precision; /* -1: none */
	char letter;
};

static int number(const char **s)
{
	int n = 0;

	while (isdigit((unsigned char)**s)) {
		n = n * 10 + (*(*s)++ - '0');
		if (n > WIDTH_MAX)
			n = WIDTH_MAX;
	}
	return n;
}

static const char *read_verb(const char *s, struct verb *v)
{
	*v = (struct verb){ .width = -1, .precision = -1 };
	for (;; s++) {
		if (*s == '-')
			v->minus = true;
		else if (*s == '+')
			v->plus = true;
		else if (*s == '0')
			v->zero = true;
		else if (*s == '#')
			v->sharp = true;
		else if (*s == ' ')
			v->space = true;
		else
			break;
	}
	if (isdigit((unsigned char)*s))
		v->width = number(&s);
	if (*s == '.') {
		s++;
		v->precision = number(&s);
	}
	v->letter = *s;
	return *s ? s + 1 : s;
}

static size_t runes(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

/* Pads to the width in characters, as Go counts. */
static void pad(const struct verb *v, const char *text, size_t len, bool zeros, struct buf *out)
{
	int missing = v->width - (int)runes(text, len);
	bool sign = zeros && len && (*text == '-' || *text == '+');

	if (sign)
		buf_addc(out, *text);
	for (; missing > 0 && !v->minus; missing--)
		buf_addc(out, zeros ? '0' : ' ');
	buf_add(out, text + sign, len - sign);
	for (; missing > 0; missing--)
		buf_addc(out, ' ');
}

static void bad_verb(const struct verb *v, struct gotmpl_value arg, struct buf *out)
{
	if (!arg.json) {
		buf_printf(out, "%%!%c(<nil>)", v->letter);
		return;
	}
	buf_printf(out, "%%!%c(%s=", v->letter, gotmpl_type(arg));
	print_any(arg.json, out);
	buf_addc(out, ')');
}

/* Bytes of the first n characters. */
static size_t cut(const char *s, size_t len, size_t n)
{
	for (size_t i = 0, seen = 0; i < len; i++) {
		seen += ((unsigned char)s[i] & 0xc0) != 0x80;
		if (seen > n)
			return i;
	}
	return len;
}

static void print_string(const struct verb *v, const char *s, size_t len, struct buf *out)
{
	OWN(buf) struct buf text = { 0 };

	if (v->letter == 'x' || v->letter == 'X') {
		for (size_t i = 0; i < len; i++)
			buf_printf(&text, v->letter == 'x' ? "%02x" : "%02X", (unsigned char)s[i]);
		pad(v, buf_text(&text), text.len, false, out);
		return;
	}
	if (v->precision >= 0)
		len = cut(s, len, (size_t)v->precision);
	if (v->letter == 'q') {
		json_quote(s, len, &text);
		pad(v, buf_text(&text), text.len, false, out);
		return;
	}
	pad(v, s, len, v->zero && !v->minus, out);
}

static void print_int(const struct verb *v, struct json_object *json, struct buf *out)
{
	int64_t n = json_object_get_int64(json);
	uint64_t magnitude = n < 0 ? -(uint64_t)n : json_object_get_uint64(json);
	OWN(buf) struct buf text = { 0 };

	if (v->letter == 'c') {
		buf_addc(&text, (char)n);
		pad(v, buf_text(&text), text.len, false, out);
		return;
	}
	if (n < 0)
		buf_addc(&text, '-');
	else if (v->plus || v->space)
		buf_addc(&text, v->plus ? '+' : ' ');
	if (v->letter == 'b') {
		int bits = magnitude ? 64 - __builtin_clzll(magnitude) : 1;

		while (bits--)
			buf_addc(&text, magnitude >> bits & 1 ? '1' : '0');
	} else {
		buf_adds(&text, v->sharp && v->letter == 'x'   ? "0x"
				: v->sharp && v->letter == 'o' ? "0"
							       : "");
		buf_printf(&text,
			   v->letter == 'x'   ? "%llx"
			   : v->letter == 'X' ? "%llX"
			   : v->letter == 'o' ? "%llo"
					      : "%llu",
			   (unsigned long long)magnitude);
	}
	pad(v, buf_text(&text), text.len, v->zero && !v->minus, out);
}

static void print_real(const struct verb *v, double d, struct buf *out)
{
	OWN(buf) struct buf text = { 0 };
	int precision = v->precision >= 0 ? v->precision : 6;

	if (v->plus && d >= 0)
		buf_addc(&text, '+');
	if (v->letter == 'e' || v->letter == 'E')
		buf_printf(&text, v->letter == 'e' ? "%.*e" : "%.*E", precision, d);
	else if (v->letter == 'f' || v->letter == 'F')
		buf_printf(&text, "%.*f", precision, d);
	else if (v->precision >= 0)
		buf_printf(&text, "%.*g", precision, d);
	else
		print_float(d, EXPONENT_FROM, &text);
	pad(v, buf_text(&text), text.len, v->zero && !v->minus, out);
}

static void print_default(const struct verb *v, struct gotmpl_value arg, struct buf *out)
{
	OWN(buf) struct buf text = { 0 };

	gotmpl_print(arg, false, &text);
	pad(v, buf_text(&text), text.len, false, out);
}

/* Which letters fit which types. */
static void print_verb(const struct verb *v, struct gotmpl_value arg, struct buf *out)
{
	enum json_type type = json_object_get_type(arg.json);
	bool is_composite = type == json_type_array || type == json_type_object;

	if (v->letter == 'T') {
		const char *name = arg.json ? gotmpl_type(arg) : "<nil>";

		pad(v, name, strlen(name), false, out);
	} else if (type == json_type_string && strchr("svqxX", v->letter)) {
		print_string(v, json_object_get_string(arg.json),
			     (size_t)json_object_get_string_len(arg.json), out);
	} else if (type == json_type_int && strchr("dvxXobc", v->letter)) {
		print_int(v, arg.json, out);
	} else if (type == json_type_double && strchr("vfFeEgG", v->letter)) {
		print_real(v, json_object_get_double(arg.json), out);
	} else if (v->letter == 'v' || (type == json_type_boolean && v->letter == 't') ||
		   (is_composite && strchr("sd", v->letter))) {
		print_default(v, arg, out);
	} else {
		bad_verb(v, arg, out);
	}
}

void gotmpl_sprintf(const char *format, const struct gotmpl_value *args, size_t n, struct buf *out)
{
	size_t used = 0;

	for (const char *s = format; *s;) {
		struct verb v;

		if (*s != '%') {
			buf_addc(out, *s++);
			continue;
		}
		s = read_verb(s + 1, &v);
		if (v.letter == '%')
			buf_addc(out, '%');
		else if (!v.letter)
			buf_adds(out, "%!(NOVERB)");
		else if (used >= n)
			buf_printf(out, "%%!%c(MISSING)", v.letter);
		else
			print_verb(&v, args[used++], out);
		if (out->len > GOTMPL_OUTPUT_MAX)
			return;
	}
	if (used == n)
		return;
	buf_adds(out, "%!(EXTRA ");
	for (size_t i = used; i < n; i++) {
		buf_printf(out, "%s%s=", i > used ? ", " : "",
			   args[i].json ? gotmpl_type(args[i]) : "<nil>");
		print_any(args[i].json, out);
	}
	buf_addc(out, ')');
}
