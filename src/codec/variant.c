/*
 * variant.c - typed values as text
 *
 * A value's type is its own ("uint32 5", "'word'"), or what stands around it says ("@au [5]"), or
 * what such a word is when nobody says: a number is an int32, one with a point a double. So the
 * reader is handed the type that is wanted, or NULL. The items of an array are of the first one's
 * type.
 */
#include "codec/variant.h"

#include "base/own.h"
#include "base/str.h"
#include "codec/utf8.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>

enum { DEPTH_MAX = 16, ITEMS_MAX = 4096 };

struct reader {
	const char *text, *at;
	struct arena *a;
	int depth;
	struct err *err;
};

static const struct {
	const char *word, *type;
} words[] = {
	{ "boolean", "b" },   { "byte", "y" },   { "int16", "n" },      { "uint16", "q" },
	{ "int32", "i" },     { "uint32", "u" }, { "handle", "h" },     { "int64", "x" },
	{ "uint64", "t" },    { "double", "d" }, { "objectpath", "o" }, { "string", "s" },
	{ "signature", "g" },
};

static const struct {
	char type;
	bool is_signed;
	uint8_t bits;
} integers[] = {
	{ 'y', false, 8 },  { 'n', true, 16 }, { 'q', false, 16 }, { 'i', true, 32 },
	{ 'u', false, 32 }, { 'h', true, 32 }, { 'x', true, 64 },  { 't', false, 64 },
};

static int value(struct reader *r, const char *want, struct variant *ret);

static int fail(struct reader *r, const char *what)
{
	return err_set(r->err, -EINVAL, "%s at character %zu", what, (size_t)(r->at - r->text) + 1);
}

static void skip_space(struct reader *r)
{
	while (isspace((unsigned char)*r->at))
		r->at++;
}

/* Takes the character when it is the next one. */
static bool taken(struct reader *r, char c)
{
	skip_space(r);
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

/* Behind one complete type, or NULL. */
static const char *skip_type(const char *s, int depth)
{
	if (depth > DEPTH_MAX || !*s)
		return NULL;
	if (*s == 'a')
		return skip_type(s + 1, depth + 1);
	if (*s != '(')
		return strchr("bynqiuhxtdsog", *s) ? s + 1 : NULL;
	for (s++; s && *s != ')';)
		s = skip_type(s, depth + 1);
	return s ? s + 1 : NULL;
}

static const char *one_type(struct reader *r, const char *from)
{
	const char *end = skip_type(from, 0);

	return end ? arena_strndup(r->a, from, (size_t)(end - from)) : NULL;
}

/* "@as [...]" */
static int with_signature(struct reader *r, const char *want, struct variant *ret)
{
	const char *type = one_type(r, r->at);

	if (!type || (want && !str_eq(type, want)))
		return fail(r, type ? "another type is wanted" : "not a supported type");
	r->at += strlen(type);
	if (!isspace((unsigned char)*r->at))
		return fail(r, "a space is missing");
	return value(r, type, ret);
}

static int integer(struct reader *r, const char *type, const char *digits, struct variant *ret)
{
	bool negative = *digits == '-';
	uint64_t most, magnitude;
	char *end;

	digits += *digits == '-' || *digits == '+';
	errno = 0;
	magnitude = strtoull(digits, &end, 0);
	if (!isdigit((unsigned char)*digits) || *end || errno)
		return fail(r, "not a number");
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		if (integers[i].type != *type)
			continue;
		most = UINT64_MAX >> (64 - integers[i].bits + integers[i].is_signed);
		if (negative)
			most = integers[i].is_signed ? most + 1 : 0;
		if (magnitude > most)
			return fail(r, "a number out of its type's range");
		*ret = (struct variant){ .type = type,
					 .number = negative ? -magnitude : magnitude };
		return 0;
	}
	return fail(r, "a number where another type is wanted");
}

static bool looks_real(const char *digits)
{
	return strchr(digits, '.') || (strpbrk(digits, "eE") && !strpbrk(digits, "xX"));
}

static int number(struct reader *r, const char *want, struct variant *ret)
{
	size_t len = strspn(r->at, "+-0123456789abcdefABCDEFxX.");
	const char *digits = arena_strndup(r->a, r->at, len);
	bool is_real = want ? *want == 'd' : looks_real(digits);
	char *end;
	int e;

	if (len == 0 || len > 64)
		return fail(r, "not a value");
	if (!is_real) {
		e = integer(r, want ? want : "i", digits, ret);
	} else {
		*ret = (struct variant){ .type = "d", .real = strtod(digits, &end) };
		e = *end || strpbrk(digits, "xX") ? fail(r, "not a number") : 0;
	}
	r->at += len;
	return e;
}

static void put_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_addc(out, (char)c);
	} else if (c < 0x800) {
		buf_addc(out, (char)(0xc0 | c >> 6));
		buf_addc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_addc(out, (char)(0xe0 | c >> 12));
		buf_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addc(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* What stands behind a backslash. */
static int escape(struct reader *r, struct buf *out)
{
	static const char letters[] = "abfnrtv", means[] = "\a\b\f\n\r\t\v";
	const char *letter = *r->at ? strchr(letters, *r->at) : NULL;
	char hex[5] = "", *end;
	unsigned long c;

	if (!*r->at)
		return fail(r, "an unfinished string");
	if (*r->at != 'u') {
		buf_addc(out, letter ? means[letter - letters] : *r->at);
		r->at++;
		return 0;
	}
	memcpy(hex, r->at + 1, strnlen(r->at + 1, 4));
	c = strtoul(hex, &end, 16);
	/* NUL and halves of surrogate pairs are in no string of D-Bus's. */
	if (end != hex + 4 || !isxdigit((unsigned char)*hex) || c == 0 ||
	    (c >= 0xd800 && c < 0xe000))
		return fail(r, "not four digits of a character");
	r->at += 5;
	put_utf8(out, (unsigned)c);
	return 0;
}

static int string(struct reader *r, const char *want, struct variant *ret)
{
	OWN(buf) struct buf out = { 0 };
	char quote = *r->at++;
	int e = 0;

	while (e == 0 && *r->at != quote) {
		if (!*r->at)
			return fail(r, "an unfinished string");
		if (*r->at != '\\') {
			buf_addc(&out, *r->at++);
		} else {
			r->at++;
			e = escape(r, &out);
		}
	}
	if (e < 0)
		return e;
	r->at++;
	if (want && !strchr("sog", *want))
		return fail(r, "a string where another type is wanted");
	if (!utf8_is_valid(buf_text(&out), out.len))
		return fail(r, "a string that is not UTF-8");
	*ret = (struct variant){ .type = want ? want : "s",
				 .string = arena_strndup(r->a, buf_text(&out), out.len) };
	return 0;
}

struct list {
	struct variant *items;
	size_t n, cap;
};

static int add(struct reader *r, struct list *l, const char *want)
{
	if (l->n == ITEMS_MAX)
		return fail(r, "too many items");
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		struct variant *grown = arena_array(r->a, cap, sizeof(*grown));

		if (l->n)
			memcpy(grown, l->items, l->n * sizeof(*grown));
		l->items = grown;
		l->cap = cap;
	}
	return value(r, want, &l->items[l->n++]);
}

static int array(struct reader *r, const char *want, struct variant *ret)
{
	const char *of = want ? want + 1 : NULL;
	struct list l = { 0 };
	int e = 0;

	if (want && *want != 'a')
		return fail(r, "an array where another type is wanted");
	r->at++;
	while (e == 0 && !taken(r, ']')) {
		if (l.n > 0 && !taken(r, ','))
			return fail(r, "a comma or ] is missing");
		e = add(r, &l, of);
		if (e == 0 && !of)
			of = l.items[0].type;
	}
	if (e == 0 && !of)
		return fail(r, "an empty array without a type (@as [])");
	if (e == 0)
		*ret = (struct variant){ .type = want ? want : arena_printf(r->a, "a%s", of),
					 .items = l.items,
					 .n = l.n };
	return e;
}

static int tuple(struct reader *r, const char *want, struct variant *ret)
{
	OWN(buf) struct buf type = { 0 };
	const char *next = want ? want + 1 : NULL, *of = NULL;
	struct list l = { 0 };
	int e = 0;

	if (want && *want != '(')
		return fail(r, "a tuple where another type is wanted");
	r->at++;
	buf_addc(&type, '(');
	while (e == 0 && !taken(r, ')')) {
		if (l.n > 0 && !taken(r, ','))
			return fail(r, "a comma or ) is missing");
		if (l.n == 1 && taken(r, ')')) /* "(1,)" */
			break;
		if (next)
			of = one_type(r, next);
		if (next && !of)
			return fail(r, "more items than are wanted");
		next = of ? next + strlen(of) : NULL;
		e = add(r, &l, of);
		if (e == 0)
			buf_adds(&type, l.items[l.n - 1].type);
	}
	buf_addc(&type, ')');
	if (e == 0 && ((want && !str_eq(want, buf_text(&type))) || l.n == 0))
		return fail(r, "fewer items than are wanted");
	if (e == 0)
		*ret = (struct variant){ .type = arena_strdup(r->a, buf_text(&type)),
					 .items = l.items,
					 .n = l.n };
	return e;
}

/* true, false, or a type's name before its value. */
static int word(struct reader *r, const char *want, struct variant *ret)
{
	size_t len = strspn(r->at, "abcdefghijklmnopqrstuvwxyz0123456789");
	const char *name = arena_strndup(r->a, r->at, len);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_eq(name, words[i].word))
			continue;
		if (want && !str_eq(want, words[i].type))
			return fail(r, "another type is wanted");
		r->at += len;
		return value(r, words[i].type, ret);
	}
	if (!str_eq(name, "true") && !str_eq(name, "false"))
		return fail(r, "not a value");
	if (want && *want != 'b')
		return fail(r, "a boolean where another type is wanted");
	r->at += len;
	*ret = (struct variant){ .type = "b", .number = name[0] == 't' };
	return 0;
}

static int value(struct reader *r, const char *want, struct variant *ret)
{
	int e;

	skip_space(r);
	if (r->depth == DEPTH_MAX)
		return fail(r, "too deep");
	r->depth++;
	if (*r->at == '@' && r->at++)
		e = with_signature(r, want, ret);
	else if (*r->at == '\'' || *r->at == '"')
		e = string(r, want, ret);
	else if (*r->at == '[')
		e = array(r, want, ret);
	else if (*r->at == '(')
		e = tuple(r, want, ret);
	else if (islower((unsigned char)*r->at))
		e = word(r, want, ret);
	else
		e = number(r, want, ret);
	r->depth--;
	return e;
}

int variant_parse(const char *text, struct arena *a, struct variant *ret, struct err *err)
{
	struct reader r = { .text = text, .at = text, .a = a, .err = err };
	struct variant v = { 0 };
	int e;

	if (strnlen(text, VARIANT_TEXT_MAX + 1) > VARIANT_TEXT_MAX)
		return err_set(err, -EINVAL, "longer than %d bytes", VARIANT_TEXT_MAX);
	e = value(&r, NULL, &v);
	skip_space(&r);
	if (e == 0 && *r.at)
		e = fail(&r, "more than one value");
	if (e == 0)
		*ret = v;
	return e;
}
