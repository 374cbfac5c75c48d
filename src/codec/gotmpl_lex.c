/*
 * gotmpl_lex.c - a template's text into words
 *
 * As Go's lexer: text outside of {{ }}, and words inside. A trim marker ({{- or -}}) takes the
 * white space of the text beside it away here, so that the parser never sees it.
 */
#include "codec/gotmpl_tree.h"

#include <ctype.h>

struct lexer {
	const char *text;
	size_t len, at;
	struct arena *a;
	struct gotmpl_words words;
	size_t room;
	int parens;
	struct err *err;
};

void gotmpl_place(const char *text, size_t at, int *ret_line, int *ret_column)
{
	int line = 1;
	size_t start = 0;

	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	*ret_line = line;
	*ret_column = (int)(at - start);
}

static int fail(struct lexer *l, const char *what)
{
	int line, column;

	gotmpl_place(l->text, l->at, &line, &column);
	return err_set(l->err, -EINVAL, "template: :%d: %s", line, what);
}

static void add(struct lexer *l, enum gotmpl_word_kind kind, size_t at, size_t len)
{
	if (l->words.n == l->room) {
		size_t room = l->room ? l->room * 2 : 32;
		struct gotmpl_word *grown = arena_array(l->a, room, sizeof(*grown));

		if (l->words.n)
			memcpy(grown, l->words.items, l->words.n * sizeof(*grown));
		l->words.items = grown;
		l->room = room;
	}
	l->words.items[l->words.n++] = (struct gotmpl_word){ kind, at, len };
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_alnum(char c)
{
	return c == '_' || isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static bool begins(const struct lexer *l, const char *s)
{
	size_t n = strlen(s);

	return l->len - l->at >= n && memcmp(l->text + l->at, s, n) == 0;
}

/* "-}}" with the space that must stand before it, or "}}". */
static bool at_right(const struct lexer *l, bool *ret_trim)
{
	*ret_trim = l->at > 0 && is_space(l->text[l->at - 1]) && begins(l, "-}}");
	return *ret_trim || begins(l, "}}");
}

static void skip_right(struct lexer *l, bool trim)
{
	l->at += trim ? 3 : 2;
	while (trim && l->at < l->len && is_space(l->text[l->at]))
		l->at++;
}

/* Up to the next "{{": true when there is one. */
static bool lex_text(struct lexer *l)
{
	const char *found = memmem(l->text + l->at, l->len - l->at, "{{", 2);
	size_t start = l->at, end = found ? (size_t)(found - l->text) : l->len;
	bool trim = found && l->len - end > 3 && found[2] == '-' && is_space(found[3]);

	l->at = found ? end + (trim ? 3 : 2) : l->len;
	while (trim && end > start && is_space(l->text[end - 1]))
		end--;
	if (end > start)
		add(l, WORD_TEXT, start, end - start);
	return found;
}

/* Just behind "{{": a comment goes whole. Returns 1 when there was one. */
static int lex_comment(struct lexer *l)
{
	const char *end;
	bool trim;
	size_t start = l->at;

	while (start < l->len && l->at > 2 && l->text[l->at - 1] == '-' && is_space(l->text[start]))
		start++;
	if (l->len - start < 2 || memcmp(l->text + start, "/*", 2) != 0)
		return 0;
	end = memmem(l->text + start + 2, l->len - start - 2, "*/", 2);
	if (!end)
		return fail(l, "unclosed comment");
	l->at = (size_t)(end - l->text) + 2;
	if (begins(l, " -}}"))
		l->at++;
	if (!at_right(l, &trim))
		return fail(l, "comment ends before closing delimiter");
	skip_right(l, trim);
	return 1;
}

static int lex_quoted(struct lexer *l, char quote)
{
	size_t start = l->at++;

	for (; l->at < l->len; l->at++) {
		char c = l->text[l->at];

		if (c == '\\' && quote != '`' && l->at + 1 < l->len && l->text[l->at + 1] != '\n') {
			l->at++;
			continue;
		}
		if (c == '\n' && quote != '`')
			break;
		if (c == quote) {
			l->at++;
			add(l, quote == '\'' ? WORD_CHAR : WORD_STRING, start, l->at - start);
			return 0;
		}
	}
	return fail(l, quote == '`'    ? "unterminated raw quoted string"
		       : quote == '\'' ? "unterminated character constant"
				       : "unterminated quoted string");
}

/* Whether a name or field may end here. */
static bool at_terminator(const struct lexer *l)
{
	return l->at >= l->len || is_space(l->text[l->at]) || strchr(".,|:()=", l->text[l->at]) ||
	       begins(l, "}}");
}

static int bad_character(struct lexer *l)
{
	char what[48];
	unsigned char c = (unsigned char)l->text[l->at];

	(void)snprintf(what, sizeof(what), "bad character U+%04X%s%c%s", c, isprint(c) ? " '" : "",
		       isprint(c) ? c : ' ', isprint(c) ? "'" : "");
	return fail(l, what);
}

static bool is_keyword(const char *s, size_t len)
{
	static const char *const words[] = { "if",    "else",     "end",    "range",    "with",
					     "break", "continue", "define", "template", "block" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len && memcmp(words[i], s, len) == 0)
			return true;
	return false;
}

/* A name, .field or $variable; skip is the length of its mark. */
static int lex_name(struct lexer *l, enum gotmpl_word_kind kind, size_t skip)
{
	size_t start = l->at;

	l->at += skip;
	while (l->at < l->len && is_alnum(l->text[l->at]))
		l->at++;
	if (!at_terminator(l))
		return bad_character(l);
	if (kind == WORD_NAME && is_keyword(l->text + start, l->at - start))
		kind = WORD_KEYWORD;
	add(l, kind, start, l->at - start);
	return 0;
}

/* "." alone, or a field. */
static int lex_dot(struct lexer *l)
{
	l->at++;
	if (at_terminator(l)) {
		add(l, WORD_DOT, l->at - 1, 1);
		return 0;
	}
	l->at--;
	return lex_name(l, WORD_FIELD, 1);
}

static int lex_number(struct lexer *l)
{
	size_t start = l->at;

	if (strchr("+-", l->text[l->at]))
		l->at++;
	while (l->at < l->len &&
	       (is_alnum(l->text[l->at]) || l->text[l->at] == '.' ||
		(strchr("+-", l->text[l->at]) && strchr("eE", l->text[l->at - 1]) &&
		 !str_after(l->text + start, "0x"))))
		l->at++;
	add(l, WORD_NUMBER, start, l->at - start);
	return 0;
}

static int lex_space(struct lexer *l)
{
	size_t start = l->at;

	while (l->at < l->len && is_space(l->text[l->at]))
		l->at++;
	add(l, WORD_SPACE, start, l->at - start);
	return 0;
}

static int lex_mark(struct lexer *l)
{
	static const struct {
		const char *text;
		enum gotmpl_word_kind kind;
	} marks[] = { { ":=", WORD_DECLARE },
		      { "=", WORD_ASSIGN },
		      { "|", WORD_PIPE },
		      { "(", WORD_OPEN },
		      { ")", WORD_CLOSE } };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (!begins(l, marks[i].text))
			continue;
		l->parens += marks[i].kind == WORD_OPEN;
		l->parens -= marks[i].kind == WORD_CLOSE;
		if (l->parens < 0)
			return fail(l, "unexpected right paren");
		add(l, marks[i].kind, l->at, strlen(marks[i].text));
		l->at += strlen(marks[i].text);
		return 0;
	}
	if (!isprint((unsigned char)l->text[l->at])) {
		char what[48];

		(void)snprintf(what, sizeof(what), "unrecognized character in action: U+%04X",
			       (unsigned char)l->text[l->at]);
		return fail(l, what);
	}
	if (l->text[l->at] == ':')
		return fail(l, "expected :=");
	add(l, WORD_OTHER, l->at++, 1);
	return 0;
}

static int lex_word(struct lexer *l)
{
	char c = l->text[l->at], next = l->at + 1 < l->len ? l->text[l->at + 1] : '\0';

	if (is_space(c))
		return lex_space(l);
	if (c == '"' || c == '`' || c == '\'')
		return lex_quoted(l, c);
	if (c == '.' && !isdigit((unsigned char)next))
		return lex_dot(l);
	if (c == '$')
		return lex_name(l, WORD_VARIABLE, 1);
	if (isdigit((unsigned char)c) ||
	    ((c == '+' || c == '-' || c == '.') && isdigit((unsigned char)next)))
		return lex_number(l);
	if (is_alnum(c))
		return lex_name(l, WORD_NAME, 0);
	return lex_mark(l);
}

/* From behind "{{" to behind "}}". */
static int lex_action(struct lexer *l)
{
	bool trim;
	int r;

	add(l, WORD_LEFT, l->at - 2, 2);
	l->parens = 0;
	while (!at_right(l, &trim)) {
		if (l->at >= l->len)
			return fail(l, "unclosed action");
		r = lex_word(l);
		if (r < 0)
			return r;
	}
	if (l->parens)
		return fail(l, "unclosed left paren");
	add(l, WORD_RIGHT, l->at + trim, 2);
	skip_right(l, trim);
	return 0;
}

int gotmpl_lex(const char *text, struct arena *a, struct gotmpl_words *ret, struct err *err)
{
	struct lexer l = { .text = text, .len = strlen(text), .a = a, .err = err };
	int r = 0;

	if (l.len > GOTMPL_TEXT_MAX)
		return err_set(err, -EINVAL, "template: longer than %d bytes", GOTMPL_TEXT_MAX);
	while (r == 0 && lex_text(&l)) {
		r = lex_comment(&l);
		if (r == 0)
			r = lex_action(&l);
		r = r < 0 ? r : 0;
	}
	add(&l, WORD_EOF, l.at, 0);
	*ret = l.words;
	return r;
}
