/*
 * json.c - reading untrusted JSON into json-c trees
 *
 * json-c is the parser, but a lenient one even in its strict mode: it takes 'single quotes', NaN,
 * "1.", raw control characters and overlong UTF-8, clamps whole numbers that do not fit, cuts a
 * member's name at a NUL, and keeps the last of two members of one name. Where two readers of one
 * text disagree, one of them can be deceived. So a scan of the text comes first, which refuses what
 * RFC 8259 does not know and counts the members. Two of one name, however they are spelled, leave
 * fewer members in the tree than the text has.
 */
#include "codec/json.h"

#include "codec/utf8.h"

#include <stdbool.h>
#include <stdint.h>

struct scan {
	const char *text, *end;
	const char *at;
	size_t members;  /* colons outside of strings */
	const char *why; /* NULL: nothing wrong so far; otherwise at `at` */
};

/* From the opening quote to behind the closing one. */
static void scan_string(struct scan *s)
{
	const char *start = ++s->at;

	for (; s->at < s->end && *s->at != '"'; s->at++) {
		if ((unsigned char)*s->at < 0x20) {
			s->why = "a control character in a string";
			return;
		}
		if (*s->at != '\\')
			continue;
		if (s->end - s->at >= 6 && memcmp(s->at, "\\u0000", 6) == 0) {
			s->why = "a NUL in a string";
			return;
		}
		if (s->at + 1 < s->end)
			s->at++;
	}
	if (!utf8_is_valid(start, (size_t)(s->at - start))) {
		s->at = start;
		s->why = "a string that is not UTF-8";
		return;
	}
	if (s->at < s->end)
		s->at++;
}

/* Digits, sign, point and exponent; the order of these is json-c's to check. */
static void scan_number(struct scan *s)
{
	const char *start = s->at, *most;
	bool whole = true, negative = *start == '-';
	size_t digits;

	for (; s->at < s->end && *s->at && strchr("+-.0123456789eE", *s->at); s->at++) {
		bool before_digit = s->end - s->at > 1 && s->at[1] >= '0' && s->at[1] <= '9';

		if (*s->at == '.' && !before_digit) {
			s->why = "a point without a digit behind it";
			return;
		}
		whole = whole && !strchr(".eE", *s->at);
	}
	start += negative;
	digits = (size_t)(s->at - start);
	most = negative ? "9223372036854775808" : "18446744073709551615";
	if (whole && (digits > strlen(most) ||
		      (digits == strlen(most) && memcmp(start, most, digits) > 0))) {
		s->at = start;
		s->why = "a whole number that does not fit 64 bits";
	}
}

static void scan_text(struct scan *s)
{
	while (s->at < s->end && !s->why) {
		char c = *s->at;

		if (c == '"') {
			scan_string(s);
		} else if (c == '-' || (c >= '0' && c <= '9')) {
			scan_number(s);
		} else if (c == '\'' || c == 'N' || c == 'I') {
			s->why = "unexpected character";
		} else {
			s->members += c == ':';
			s->at++;
		}
	}
}

/* json-c's depth limit bounds the recursion. */
static size_t count_members(struct json_object *tree)
{
	size_t n = 0;

	if (json_object_is_type(tree, json_type_object)) {
		json_object_object_foreach(tree, key, value)
		{
			(void)key;
			n += 1 + count_members(value);
		}
	} else if (json_object_is_type(tree, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(tree); i++)
			n += count_members(json_object_array_get_idx(tree, i));
	}
	return n;
}

/* The value at the start of text; *ret_at is the offset behind it, or where it is wrong. */
static const char *parse_value(const char *text, size_t len, struct json_object **ret_tree,
			       size_t *ret_at)
{
	struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH_MAX);
	enum json_tokener_error status;

	if (!tok)
		return "out of memory";
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	*ret_tree = json_tokener_parse_ex(tok, text, (int)len);
	status = json_tokener_get_error(tok);
	*ret_at = json_tokener_get_parse_end(tok);
	if (status == json_tokener_continue) {
		/* A bare number is only complete when something follows it. */
		*ret_tree = json_tokener_parse_ex(tok, " ", 1);
		status = json_tokener_get_error(tok);
		*ret_at = len;
	}
	json_tokener_free(tok);
	if (status == json_tokener_success)
		return NULL;
	return status == json_tokener_continue ? "it ends too early"
					       : json_tokener_error_desc(status);
}

int json_parse(const char *text, size_t len, struct json_object **ret_tree, struct err *err)
{
	struct scan scan = { .text = text, .end = text + len, .at = text };
	struct json_object *tree = NULL;
	const char *why;
	size_t at = 0;

	if (len > INT32_MAX)
		return err_set(err, -EINVAL, "JSON document of %zu bytes is too large", len);
	scan_text(&scan);
	if (scan.why)
		return err_set(err, -EINVAL, "invalid JSON at byte %zu: %s",
			       (size_t)(scan.at - text), scan.why);
	why = parse_value(text, len, &tree, &at);
	while (!why && at < len && text[at] && strchr(" \t\r\n", text[at]))
		at++;
	if (!why && at < len)
		why = "text after the value";
	if (why) {
		json_object_put(tree);
		return err_set(err, -EINVAL, "invalid JSON at byte %zu: %s", at, why);
	}
	if (count_members(tree) != scan.members) {
		json_object_put(tree);
		return err_set(err, -EINVAL, "invalid JSON: a member twice in one object");
	}
	*ret_tree = tree;
	return 0;
}

void json_write(struct json_object *tree, struct buf *out)
{
	buf_adds(out, json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PLAIN |
								   JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void indent(struct buf *out, int depth)
{
	for (int i = 0; i < depth; i++)
		buf_adds(out, "    ");
}

static void write_pretty(struct json_object *tree, int depth, struct buf *out)
{
	bool first = true;

	if (json_object_is_type(tree, json_type_object) && json_object_object_length(tree) > 0) {
		buf_adds(out, "{\n");
		json_object_object_foreach(tree, key, value)
		{
			buf_adds(out, first ? "" : ",\n");
			first = false;
			indent(out, depth + 1);
			json_quote(key, strlen(key), out);
			buf_adds(out, ": ");
			write_pretty(value, depth + 1, out);
		}
		buf_addc(out, '\n');
		indent(out, depth);
		buf_addc(out, '}');
	} else if (json_object_is_type(tree, json_type_array) &&
		   json_object_array_length(tree) > 0) {
		buf_adds(out, "[\n");
		for (size_t i = 0; i < json_object_array_length(tree); i++) {
			buf_adds(out, first ? "" : ",\n");
			first = false;
			indent(out, depth + 1);
			write_pretty(json_object_array_get_idx(tree, i), depth + 1, out);
		}
		buf_addc(out, '\n');
		indent(out, depth);
		buf_addc(out, ']');
	} else {
		json_write(tree, out);
	}
}

void json_write_pretty(struct json_object *tree, struct buf *out)
{
	write_pretty(tree, 0, out);
}

/* ASCII that is written as it is: nearly all of nearly every text. */
static bool is_plain(char c)
{
	return c >= 0x20 && c != '"' && c != '\\' && (unsigned char)c < 0x80;
}

/* Writes one character that is not plain; returns its bytes. */
static size_t quote_char(const char *s, size_t len, struct buf *out)
{
	static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	size_t n = utf8_len(s, len);

	for (const char *p = escapes; *p; p += 2) {
		if (*p == *s) {
			buf_add(out, (char[]){ '\\', p[1] }, 2);
			return 1;
		}
	}
	if (n == 0)
		buf_adds(out, "\\ufffd");
	else if ((unsigned char)*s < 0x20)
		buf_printf(out, "\\u%04x", (unsigned)*s);
	else
		buf_add(out, s, n);
	return n ? n : 1;
}

void json_quote(const char *s, size_t len, struct buf *out)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < len;) {
		size_t run = i;

		while (i < len && is_plain(s[i]))
			i++;
		buf_add(out, s + run, i - run);
		if (i < len)
			i += quote_char(s + i, len - i, out);
	}
	buf_addc(out, '"');
}
