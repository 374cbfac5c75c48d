/*
 * log_line.c - lines of a json-file log, as docker writes them
 *
 * Text is copied in runs of bytes that need nothing, which is nearly all of it.
 */
#include "codec/log_line.h"

#include "codec/timestamp.h"

#include <errno.h>
#include <string.h>

enum { ASCII_END = 0x80, LINE_SEPARATOR = 0x2028, PARAGRAPH_SEPARATOR = 0x2029 };

/* How long a character is by its first byte, and what its second may be: RFC 3629's table. */
struct lead {
	unsigned char first, last; /* of first bytes */
	unsigned char len;
	unsigned char low, high; /* of second bytes */
};

static const struct lead leads[] = {
	{ 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf }, { 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf }, { 0xf0, 0xf0, 4, 0x90, 0xbf },
	{ 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

static const struct lead *lead_of(unsigned char c)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (c >= leads[i].first && c <= leads[i].last)
			return &leads[i];
	return NULL;
}

/* How many of the len bytes at s are a beginning of a character of l; l->len: a whole one. */
static size_t matching(const struct lead *l, const unsigned char *s, size_t len)
{
	size_t n = 1;

	while (n < len && n < l->len && s[n] >= (n == 1 ? l->low : 0x80) &&
	       s[n] <= (n == 1 ? l->high : 0xbf))
		n++;
	return n;
}

/* Bytes of the character at s, 0 when it is none. */
static size_t char_len(const unsigned char *s, size_t len)
{
	const struct lead *l = lead_of(*s);

	return l && matching(l, s, len) == l->len ? l->len : 0;
}

size_t log_line_cut(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t back = 1; back < 4 && back < len; back++) {
		const struct lead *l = lead_of(s[len - back]);

		if (l)
			return back < l->len && matching(l, s + len - back, back) == back
				       ? len - back
				       : len;
	}
	return len;
}

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < ASCII_END && c != '"' && c != '\\' && c != '<' && c != '>' &&
	       c != '&';
}

static char *put(char *out, const void *text, size_t len)
{
	memcpy(out, text, len);
	return out + len;
}

static char *put_str(char *out, const char *text)
{
	return put(out, text, strlen(text));
}

static char *put_escape(char *out, unsigned code)
{
	static const char digits[] = "0123456789abcdef";

	*out++ = '\\';
	*out++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*out++ = digits[code >> shift & 0xf];
	return out;
}

static char *put_ascii(char *out, unsigned char c)
{
	const char *letter = c == '\n' ? "n" : c == '\r' ? "r" : c == '"' ? "\"" : "\\";

	if (c != '\n' && c != '\r' && c != '"' && c != '\\')
		return put_escape(out, c);
	*out++ = '\\';
	*out++ = *letter;
	return out;
}

/* A character beyond ASCII; *ret_used bytes of it. */
static char *put_wide(char *out, const unsigned char *s, size_t len, size_t *ret_used)
{
	size_t n = char_len(s, len);
	unsigned code = n == 3 ? (s[0] & 0xfU) << 12 | (s[1] & 0x3fU) << 6 | (s[2] & 0x3fU) : 0;

	*ret_used = n ? n : 1;
	if (n == 0)
		return put_str(out, "\\ufffd");
	if (code == LINE_SEPARATOR || code == PARAGRAPH_SEPARATOR)
		return put_escape(out, code);
	return put(out, s, n);
}

static char *put_text(char *out, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; i < len;) {
		size_t run = i, used = 1;

		while (run < len && is_plain(s[run]))
			run++;
		out = put(out, s + i, run - i);
		i = run;
		if (i == len)
			break;
		out = s[i] < ASCII_END ? put_ascii(out, s[i])
				       : put_wide(out, s + i, len - i, &used);
		i += used;
	}
	return out;
}

size_t log_line_write(const struct log_line *line, char *out)
{
	char time[TIMESTAMP_MAX], *at = out;

	timestamp_write(line->time, time);
	at = put_str(at, "{\"log\":\"");
	at = put_text(at, line->text, line->len);
	if (line->ends)
		at = put_str(at, "\\n");
	at = put_str(at, "\",\"stream\":\"");
	at = put_str(at, line->stream);
	at = put_str(at, "\",\"time\":\"");
	at = put_str(at, time);
	at = put_str(at, "\"}\n");
	return (size_t)(at - out);
}

/* -- reading -- */

/* What is still to be read, [at, end). */
struct reader {
	char *at, *end;
};

enum { DEPTH_MAX = 16, REPLACEMENT = 0xfffd };

static void skip_spaces(struct reader *r)
{
	while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
		r->at++;
}

static bool take(struct reader *r, char c)
{
	skip_spaces(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* Four hex digits behind "\\u": the number, or -1. */
static int take_hex(struct reader *r)
{
	int code = 0;

	if (r->end - r->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		char c = *r->at++;
		const char *digit =
			c ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;

		if (!digit)
			return -1;
		code = code << 4 | (int)(digit - digits);
	}
	return code;
}

/* The character of a "\\u" escape, which may be two that belong together. */
static int take_code(struct reader *r)
{
	int code = take_hex(r), low;
	char *after = r->at;

	if (code < 0xd800 || code > 0xdfff)
		return code;
	if (code <= 0xdbff && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
		r->at += 2;
		low = take_hex(r);
		if (low >= 0xdc00 && low <= 0xdfff)
			return 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
		r->at = after;
	}
	return REPLACEMENT;
}

/* Never longer than its escape. */
static char *put_code(char *out, int code)
{
	static const struct {
		int end;
		unsigned char mark;
	} lens[] = { { 0x80, 0 }, { 0x800, 0xc0 }, { 0x10000, 0xe0 }, { 0x110000, 0xf0 } };
	int more = 0;

	while (code >= lens[more].end)
		more++;
	*out++ = (char)(lens[more].mark | code >> 6 * more);
	while (more-- > 0)
		*out++ = (char)(0x80 | (code >> 6 * more & 0x3f));
	return out;
}

static bool take_escape(struct reader *r, char **out)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter;
	int code;

	if (r->at == r->end || !*r->at)
		return false;
	if (*r->at == 'u') {
		r->at++;
		code = take_code(r);
		if (code >= 0)
			*out = put_code(*out, code);
		return code >= 0;
	}
	letter = strchr(letters, *r->at++);
	if (letter)
		*(*out)++ = meanings[letter - letters];
	return letter;
}

/* A string, decoded where it stands. */
static bool take_string(struct reader *r, char **ret, size_t *ret_len)
{
	char *out;

	if (!take(r, '"'))
		return false;
	*ret = out = r->at;
	while (r->at < r->end && *r->at != '"') {
		if (*r->at != '\\') {
			*out++ = *r->at++;
			continue;
		}
		r->at++;
		if (!take_escape(r, &out))
			return false;
	}
	*ret_len = (size_t)(out - *ret);
	return take(r, '"');
}

/* A number, true, false or null. */
static bool skip_word(struct reader *r)
{
	char *from = r->at;

	while (r->at < r->end && *r->at && !strchr(",]} \t\r\n\"[{:", *r->at))
		r->at++;
	return r->at > from;
}

static bool skip_value(struct reader *r, int depth)
{
	size_t len;
	char *text;
	bool object;

	skip_spaces(r);
	if (r->at == r->end || depth > DEPTH_MAX)
		return false;
	if (*r->at == '"')
		return take_string(r, &text, &len);
	if (*r->at != '{' && *r->at != '[')
		return skip_word(r);
	object = *r->at++ == '{';
	if (take(r, object ? '}' : ']'))
		return true;
	do {
		if (object && (!take_string(r, &text, &len) || !take(r, ':')))
			return false;
		if (!skip_value(r, depth + 1))
			return false;
	} while (take(r, ','));
	return take(r, object ? '}' : ']');
}

static bool is_text(const char *text, size_t len, const char *wanted)
{
	return len == strlen(wanted) && memcmp(text, wanted, len) == 0;
}

static int read_time(char *text, size_t len, int64_t *ret)
{
	char copy[TIMESTAMP_MAX];

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return timestamp_parse(copy, ret);
}

static bool read_member(struct reader *r, struct log_line *l)
{
	char *name, *value;
	size_t name_len, len;

	if (!take_string(r, &name, &name_len) || !take(r, ':'))
		return false;
	skip_spaces(r);
	if (r->at == r->end || *r->at != '"')
		return skip_value(r, 0);
	if (!take_string(r, &value, &len))
		return false;
	if (is_text(name, name_len, "time"))
		return read_time(value, len, &l->time) == 0;
	if (is_text(name, name_len, "stream"))
		l->stream = is_text(value, len, "stderr") ? "stderr" : "stdout";
	if (is_text(name, name_len, "log")) {
		l->text = value;
		l->len = len;
	}
	return true;
}

int log_line_read(char *entry, size_t len, struct log_line *ret)
{
	struct reader r = { entry, entry + len };
	struct log_line l = { .stream = "stdout" };

	if (!take(&r, '{'))
		return -EINVAL;
	do {
		if (!read_member(&r, &l))
			return -EINVAL;
	} while (take(&r, ','));
	if (!take(&r, '}') || !l.text)
		return -EINVAL;
	skip_spaces(&r);
	if (r.at < r.end)
		return -EINVAL;
	l.ends = l.len > 0 && l.text[l.len - 1] == '\n';
	l.len -= l.ends;
	*ret = l;
	return 0;
}
