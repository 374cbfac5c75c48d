/*
 * http_field.c - values of HTTP header fields: challenges, links, warnings
 *
 * A list of challenges is a list of lists with the same separator: `Basic realm="a", Bearer
 * realm="b", service="c"`. What follows a comma is a parameter when "=" follows its name, and a new
 * challenge otherwise.
 */
#include "codec/http_field.h"

#include "codec/utf8.h"

#include <errno.h>
#include <strings.h>

/* ASCII only, whatever the locale. */
static bool is_token(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

static const char *skip_separators(const char *p)
{
	return p + strspn(p, " \t,");
}

static const char *take_token(const char **p, struct arena *a)
{
	const char *start = *p;

	while (is_token(**p))
		(*p)++;
	return arena_strndup(a, start, (size_t)(*p - start));
}

static const char *take_lower_token(const char **p, struct arena *a)
{
	const char *start = *p;
	char *token;

	while (is_token(**p))
		(*p)++;
	token = arena_strndup(a, start, (size_t)(*p - start));
	for (char *c = token; *c; c++)
		*c = lower(*c);
	return token;
}

/* *p stands on the opening quote. NULL when there is no closing one. */
static const char *take_quoted(const char **p, struct arena *a)
{
	char *out = arena_alloc(a, strlen(*p) + 1), *end = out;

	for (const char *s = *p + 1; *s; s++) {
		if (*s == '"') {
			*p = s + 1;
			return out;
		}
		if (*s == '\\' && s[1])
			s++;
		*end++ = *s;
	}
	return NULL;
}

/* A token or a quoted string; NULL when there is neither. */
static const char *take_value(const char **p, struct arena *a)
{
	const char *value;

	if (**p == '"')
		return take_quoted(p, a);
	value = take_token(p, a);
	/* Without quotes, as some servers write URLs and lists of actions. */
	if (**p && !strchr(" \t,;", **p)) {
		size_t more = strcspn(*p, " \t,;\"");

		value = arena_printf(a, "%s%.*s", value, (int)more, *p);
		*p += more;
	}
	return *value ? value : NULL;
}

/* `name = value`; leaves *p alone and returns 0 when it is none, 1 when it is, or -EINVAL. */
static int take_param(const char **p, struct arena *a, const char **ret_name,
		      const char **ret_value)
{
	const char *at = *p, *after;

	if (!is_token(*at))
		return 0;
	*ret_name = take_lower_token(&at, a);
	after = skip_blanks(at);
	if (*after != '=')
		return 0;
	after = skip_blanks(after + 1);
	*ret_value = take_value(&after, a);
	if (!*ret_value)
		return -EINVAL;
	*p = after;
	return 1;
}

/* The one opaque text that some schemes have instead of parameters: Negotiate a87421000492aa== */
static bool skip_token68(const char **p)
{
	const char *at = *p;

	while (is_token(*at) || *at == '/')
		at++;
	at += strspn(at, "=");
	at = skip_blanks(at);
	if (at == *p || (*at && *at != ','))
		return false;
	*p = at;
	return true;
}

static int take_params(const char **p, struct arena *a, struct http_challenge *c)
{
	const char *at = skip_blanks(*p), *name, *value;
	int r;

	while ((r = take_param(&at, a, &name, &value)) > 0) {
		if (c->params.n == HTTP_FIELD_PARAMS_MAX)
			return -E2BIG;
		str_map_set(&c->params, a, name, value);
		*p = at = skip_blanks(at);
		if (*at && *at != ',')
			return -EINVAL;
		at = skip_separators(at);
	}
	if (r == 0 && c->params.n == 0 && skip_token68(&at))
		*p = at;
	return r;
}

int http_field_challenges(const char *field, struct arena *a, struct http_challenges *into)
{
	const char *p = skip_separators(field);

	while (*p) {
		struct http_challenge c = { 0 };
		int r;

		if (!is_token(*p))
			return -EINVAL;
		if (into->n == HTTP_FIELD_CHALLENGES_MAX)
			return -E2BIG;
		c.scheme = take_lower_token(&p, a);
		if (*p && !strchr(" \t,", *p))
			return -EINVAL;
		r = *p && *p != ',' ? take_params(&p, a, &c) : 0;
		if (r < 0)
			return r;
		into->items[into->n++] = c;
		p = skip_separators(p);
	}
	return 0;
}

const struct http_challenge *http_field_challenge(const struct http_challenges *c,
						  const char *scheme)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->items[i].scheme, scheme))
			return &c->items[i];
	return NULL;
}

/* -- links -- */

/* Whether a blank-separated list of relations holds "next". */
static bool is_next(const char *relations)
{
	while (*relations) {
		size_t n = strcspn(relations, " \t");

		if (n == strlen("next") && strncasecmp(relations, "next", n) == 0)
			return true;
		relations = skip_blanks(relations + n);
	}
	return false;
}

const char *http_field_next_link(const char *field, struct arena *a)
{
	const char *p = skip_separators(field);

	while (*p == '<') {
		const char *end = strchr(p, '>'), *target, *name, *value;
		bool next = false;

		if (!end)
			return NULL;
		target = arena_strndup(a, p + 1, (size_t)(end - p - 1));
		p = skip_blanks(end + 1);
		while (*p == ';') {
			p = skip_blanks(p + 1);
			if (take_param(&p, a, &name, &value) <= 0)
				return NULL;
			next |= str_eq(name, "rel") && is_next(value);
			p = skip_blanks(p);
		}
		if (next)
			return target;
		p = skip_separators(p);
	}
	return NULL;
}

/* -- texts for people -- */

const char *http_field_printable(const char *text, size_t len, size_t max, struct arena *a)
{
	size_t n = len < max ? len : max, used;
	char *out;

	/* Not in the midst of a character. */
	while (n > 0 && n < len && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	out = arena_strndup(a, text, n);
	for (used = 0; used < n; used++) {
		unsigned char c = (unsigned char)out[used];

		if (c < ' ' || c == 0x7f)
			out[used] = ' ';
		/* U+0080 to U+009F are control characters, too. */
		if (c == 0xc2 && (unsigned char)out[used + 1] < 0xa0 && used + 1 < n)
			out[used] = out[used + 1] = ' ';
	}
	if (!utf8_is_valid(out, n))
		for (size_t i = 0; i < n; i++)
			if ((unsigned char)out[i] >= 0x80)
				out[i] = '?';
	return out;
}

const char *http_field_warning(const char *field, struct arena *a)
{
	static const char code[] = "299 ";
	const char *p = str_after(skip_blanks(field), code), *text;

	if (!p)
		return NULL;
	/* The agent that warns, which is "-" or a host. */
	p = skip_blanks(p);
	p = skip_blanks(p + strcspn(p, " \t"));
	if (*p != '"')
		return NULL;
	text = take_quoted(&p, a);
	return text && *text ? http_field_printable(text, strlen(text), 400, a) : NULL;
}

/* -- numbers -- */

/* Digits up to a character that is not one; *ret_end is there. */
static int64_t digits(const char *s, const char **ret_end)
{
	int64_t n = 0;

	*ret_end = s;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *s - '0', &n))
			return -1;
	if (s == *ret_end)
		return -1;
	*ret_end = s;
	return n;
}

int64_t http_field_number(const char *field)
{
	const char *end;
	int64_t n = field ? digits(field, &end) : -1;

	return n >= 0 && !*end ? n : -1;
}

int64_t http_field_range_first(const char *field)
{
	const char *p = field ? str_after(field, "bytes ") : NULL, *end;
	int64_t first = p ? digits(p, &end) : -1;

	return first >= 0 && *end == '-' ? first : -1;
}

int64_t http_field_upload_length(const char *field)
{
	int64_t last = field ? http_field_number(str_after(field, "0-")) : -1;

	return last < INT64_MAX ? last + 1 : 0;
}
