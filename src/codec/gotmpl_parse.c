/*
 * gotmpl_parse.c - a template's words into a tree
 *
 * Recursive descent, as Go's parser; depth is bounded. Messages carry Go's words, since people
 * search for them.
 */
#include "codec/gotmpl.h"
#include "codec/gotmpl_tree.h"

#include "base/own.h"

#include <ctype.h>
#include <limits.h>

enum { VARIABLES_MAX = 256 };

struct gotmpl_parser {
	const char *text;
	struct arena *a;
	struct gotmpl_words words;
	size_t next;
	struct gotmpl *t;
	int depth, loops;
	const char *variables[VARIABLES_MAX]; /* in scope */
	int n_variables, scope; /* of them only those from scope on, and "$", are seen */
	struct err *err;
};

/* How a list of nodes ended. */
enum list_end { LIST_EOF, LIST_END, LIST_ELSE };

static int parse_list(struct gotmpl_parser *p, bool top, struct gotmpl_node **ret,
		      enum list_end *ret_end);
static int parse_pipe(struct gotmpl_parser *p, const char *context, enum gotmpl_word_kind end,
		      struct gotmpl_pipe **ret);

static int fail_at(struct gotmpl_parser *p, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int fail_at(struct gotmpl_parser *p, size_t at, const char *fmt, ...)
{
	char what[300];
	int line, column;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	gotmpl_place(p->text, at, &line, &column);
	return err_set(p->err, -EINVAL, "template: :%d: %s", line, what);
}

static const struct gotmpl_word *peek(const struct gotmpl_parser *p)
{
	return &p->words.items[p->next];
}

static const struct gotmpl_word *take_word(struct gotmpl_parser *p)
{
	const struct gotmpl_word *w = peek(p);

	if (w->kind != WORD_EOF)
		p->next++;
	return w;
}

static const struct gotmpl_word *peek_solid(struct gotmpl_parser *p)
{
	while (peek(p)->kind == WORD_SPACE)
		p->next++;
	return peek(p);
}

static const struct gotmpl_word *take_solid(struct gotmpl_parser *p)
{
	(void)peek_solid(p);
	return take_word(p);
}

static bool word_is(const struct gotmpl_parser *p, const struct gotmpl_word *w, const char *s)
{
	return w->len == strlen(s) && memcmp(p->text + w->at, s, w->len) == 0;
}

static const char *word_text(struct gotmpl_parser *p, const struct gotmpl_word *w, size_t skip)
{
	return arena_strndup(p->a, p->text + w->at + skip, w->len - skip);
}

static int unexpected(struct gotmpl_parser *p, const struct gotmpl_word *w, const char *context)
{
	const char *s = p->text + w->at;

	if (w->kind == WORD_EOF)
		return fail_at(p, w->at, "unexpected EOF");
	if (w->kind == WORD_KEYWORD || w->kind == WORD_DOT)
		return fail_at(p, w->at, "unexpected <%.*s> in %s", (int)w->len, s, context);
	if (w->len > 10)
		return fail_at(p, w->at, "unexpected \"%.10s\"... in %s", s, context);
	return fail_at(p, w->at, "unexpected \"%.*s\" in %s", (int)w->len, s, context);
}

static int enter(struct gotmpl_parser *p)
{
	if (++p->depth > GOTMPL_DEPTH_MAX)
		return fail_at(p, peek(p)->at, "nested too deeply");
	return 0;
}

/* -- constants -- */

static void add_rune(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_addc(b, (char)(0xe0 | c >> 12));
		} else {
			buf_addc(b, (char)(0xf0 | c >> 18));
			buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_addc(b, (char)(0x80 | (c & 0x3f)));
}

/* n digits of base at s (within end); -1 when they are not there. */
static long digits(const char *s, const char *end, int n, int base)
{
	char copy[9] = "";
	char *stop;
	long value;

	if (end - s < n)
		return -1;
	memcpy(copy, s, (size_t)n);
	value = strtol(copy, &stop, base);
	return stop == copy + n && isxdigit((unsigned char)copy[0]) ? value : -1;
}

/* One escape behind a backslash; returns where it ends, or NULL. */
static const char *unescape(const char *s, const char *end, struct buf *out)
{
	static const char simple[] = "a\ab\bf\fn\nr\rt\tv\v\\\\''\"\"";
	static const struct {
		char letter;
		int n, base;
		bool rune;
	} numeric[] = { { 'x', 2, 16, false }, { 'u', 4, 16, true }, { 'U', 8, 16, true } };

	for (const char *e = simple; *e; e += 2) {
		if (*e == *s) {
			buf_addc(out, e[1]);
			return s + 1;
		}
	}
	for (size_t i = 0; i < sizeof(numeric) / sizeof(numeric[0]); i++) {
		long value;

		if (*s != numeric[i].letter)
			continue;
		value = digits(s + 1, end, numeric[i].n, numeric[i].base);
		if (value <= 0 || value > 0x10ffff)
			return NULL;
		if (numeric[i].rune)
			add_rune(out, (uint32_t)value);
		else
			buf_addc(out, (char)value);
		return s + 1 + numeric[i].n;
	}
	if (*s >= '0' && *s <= '7') {
		long value = digits(s, end, 3, 8);

		if (value <= 0 || value > 255)
			return NULL;
		buf_addc(out, (char)value);
		return s + 3;
	}
	return NULL;
}

static int unquote(struct gotmpl_parser *p, const struct gotmpl_word *w, const char **ret)
{
	const char *s = p->text + w->at + 1, *end = s + w->len - 2;
	OWN(buf) struct buf out = { 0 };

	if (p->text[w->at] == '`') {
		*ret = arena_strndup(p->a, s, w->len - 2);
		return 0;
	}
	while (s < end) {
		if (*s != '\\') {
			buf_addc(&out, *s++);
			continue;
		}
		s = unescape(s + 1, end, &out);
		if (!s)
			return fail_at(p, w->at, "invalid syntax");
	}
	*ret = arena_strdup(p->a, buf_text(&out));
	return 0;
}

/* C's prefixes and Go's own 0b and 0o. */
static int64_t parse_integer(const char *s, char **end)
{
	size_t sign = *s == '-' || *s == '+';
	char letter = s[sign] == '0' ? (char)tolower((unsigned char)s[sign + 1]) : '\0';
	int base = letter == 'b' ? 2 : letter == 'o' ? 8 : 0;
	int64_t n;

	if (!base)
		return strtoll(s, end, 0);
	n = strtoll(s + sign + 2, end, base);
	return *s == '-' ? -n : n;
}

static int parse_number(struct gotmpl_parser *p, const struct gotmpl_word *w,
			struct gotmpl_operand *o)
{
	const char *text = word_text(p, w, 0);
	OWN(buf) struct buf plain = { 0 };
	char *end;

	for (const char *c = text; *c; c++)
		if (*c != '_')
			buf_addc(&plain, *c);
	errno = 0;
	o->kind = OPERAND_CONSTANT;
	o->constant = CONSTANT_INT;
	o->integer = parse_integer(buf_text(&plain), &end);
	if (!*end && errno == 0)
		return 0;
	o->constant = CONSTANT_FLOAT;
	o->real = strtod(buf_text(&plain), &end);
	if (!*end && isdigit((unsigned char)end[-1]))
		return 0;
	return fail_at(p, w->at, "bad number syntax: \"%.100s\"", text);
}

static int parse_char(struct gotmpl_parser *p, const struct gotmpl_word *w,
		      struct gotmpl_operand *o)
{
	const unsigned char *s;
	const char *text;
	int r = unquote(p, w, &text);

	if (r < 0)
		return r;
	s = (const unsigned char *)text;
	o->kind = OPERAND_CONSTANT;
	o->constant = CONSTANT_INT;
	if (s[0] < 0x80 && !s[1])
		o->integer = s[0];
	else if (s[0] >= 0xc0 && s[1] && !s[2])
		o->integer = (s[0] & 0x1f) << 6 | (s[1] & 0x3f);
	else if (s[0] >= 0xe0 && s[1] && s[2] && !s[3])
		o->integer = (s[0] & 0xf) << 12 | (s[1] & 0x3f) << 6 | (s[2] & 0x3f);
	else
		return fail_at(p, w->at, "malformed character constant: %.*s", (int)w->len,
			       p->text + w->at);
	return 0;
}

/* -- operands -- */

static int parse_name(struct gotmpl_parser *p, const struct gotmpl_word *w,
		      struct gotmpl_operand *o)
{
	if (word_is(p, w, "true") || word_is(p, w, "false")) {
		o->kind = OPERAND_CONSTANT;
		o->constant = CONSTANT_BOOL;
		o->integer = word_is(p, w, "true");
		return 0;
	}
	if (word_is(p, w, "nil")) {
		o->kind = OPERAND_NIL;
		return 0;
	}
	if (!gotmpl_function(p->text + w->at, w->len))
		return fail_at(p, w->at, "function \"%.*s\" not defined",
			       (int)(w->len > 100 ? 100 : w->len), p->text + w->at);
	o->kind = OPERAND_FUNCTION;
	o->name = word_text(p, w, 0);
	return 0;
}

static int parse_variable(struct gotmpl_parser *p, const struct gotmpl_word *w,
			  struct gotmpl_operand *o)
{
	o->kind = OPERAND_VARIABLE;
	o->name = word_text(p, w, 0);
	if (str_eq(o->name, "$"))
		return 0;
	for (int i = p->scope; i < p->n_variables; i++)
		if (str_eq(p->variables[i], o->name))
			return 0;
	return fail_at(p, w->at, "undefined variable \"%.100s\"", o->name);
}

/* The fields behind an operand: Go's messages point at the second word of a chain. */
static void parse_fields(struct gotmpl_parser *p, struct gotmpl_operand *o)
{
	if (peek(p)->kind == WORD_FIELD)
		o->at = peek(p)->at;
	while (peek(p)->kind == WORD_FIELD) {
		const struct gotmpl_word *w = take_word(p);

		strv_add(&o->fields, p->a, word_text(p, w, 1));
		o->end = w->at + w->len;
	}
}

static bool begins_operand(const struct gotmpl_word *w)
{
	return w->kind == WORD_NAME || w->kind == WORD_FIELD || w->kind == WORD_VARIABLE ||
	       w->kind == WORD_STRING || w->kind == WORD_CHAR || w->kind == WORD_NUMBER ||
	       w->kind == WORD_DOT || w->kind == WORD_OPEN;
}

static bool is_constant(const struct gotmpl_operand *o)
{
	return o->kind == OPERAND_CONSTANT || o->kind == OPERAND_NIL ||
	       (o->kind == OPERAND_DOT && o->fields.n == 0);
}

static int parse_operand(struct gotmpl_parser *p, struct gotmpl_operand *o)
{
	const struct gotmpl_word *w = take_word(p);
	int r = 0;

	*o = (struct gotmpl_operand){ .at = w->at, .start = w->at, .end = w->at + w->len };
	if (w->kind == WORD_FIELD) {
		o->kind = OPERAND_DOT;
		strv_add(&o->fields, p->a, word_text(p, w, 1));
	} else if (w->kind == WORD_VARIABLE) {
		r = parse_variable(p, w, o);
	} else if (w->kind == WORD_NAME) {
		r = parse_name(p, w, o);
	} else if (w->kind == WORD_NUMBER) {
		r = parse_number(p, w, o);
	} else if (w->kind == WORD_CHAR) {
		r = parse_char(p, w, o);
	} else if (w->kind == WORD_STRING) {
		o->kind = OPERAND_CONSTANT;
		o->constant = CONSTANT_STRING;
		r = unquote(p, w, &o->name);
	} else if (w->kind == WORD_OPEN) {
		o->kind = OPERAND_PIPE;
		r = parse_pipe(p, "parenthesized pipeline", WORD_CLOSE, &o->pipe);
		o->end = p->words.items[p->next - 1].at + 1;
	}
	if (r < 0)
		return r;
	if (is_constant(o) && peek(p)->kind == WORD_FIELD)
		return fail_at(p, w->at, "unexpected . after term \"%.*s\"",
			       (int)(w->len > 100 ? 100 : w->len), p->text + w->at);
	parse_fields(p, o);
	return 0;
}

static void add_argument(struct gotmpl_parser *p, struct gotmpl_command *c,
			 const struct gotmpl_operand *o)
{
	if ((c->n & (c->n - 1)) == 0) {
		struct gotmpl_operand *grown =
			arena_array(p->a, c->n ? c->n * 2 : 1, sizeof(*grown));

		if (c->n)
			memcpy(grown, c->args, c->n * sizeof(*grown));
		c->args = grown;
	}
	c->args[c->n++] = *o;
	c->end = o->end;
}

/* Operands separated by spaces, up to | or the end of the pipeline. */
static int parse_command(struct gotmpl_parser *p, struct gotmpl_command **ret)
{
	struct gotmpl_command *c = arena_new(p->a, struct gotmpl_command);

	c->start = peek_solid(p)->at;
	for (;;) {
		struct gotmpl_operand o;
		const struct gotmpl_word *w = peek_solid(p);
		int r;

		if (!begins_operand(w))
			break;
		r = parse_operand(p, &o);
		if (r < 0)
			return r;
		add_argument(p, c, &o);
		w = peek(p);
		if (w->kind == WORD_SPACE)
			continue;
		if (w->kind != WORD_PIPE && w->kind != WORD_RIGHT && w->kind != WORD_CLOSE)
			return unexpected(p, w, "operand");
		break;
	}
	if (c->n == 0)
		return fail_at(p, peek(p)->at, "empty command");
	*ret = c;
	return 0;
}

static void declare(struct gotmpl_parser *p, const char *name)
{
	if (p->n_variables < VARIABLES_MAX)
		p->variables[p->n_variables++] = name;
}

/* "$v :=", "$v =" or "$i, $v :=" at the beginning of a pipeline. */
static int parse_assignment(struct gotmpl_parser *p, const char *context, struct gotmpl_pipe *pipe)
{
	size_t start = p->next;
	bool is_range = str_eq(context, "range");

	while (peek_solid(p)->kind == WORD_VARIABLE && pipe->n_variables < 2) {
		const struct gotmpl_word *w = take_word(p), *then = peek_solid(p);

		pipe->variables[pipe->n_variables++] = word_text(p, w, 0);
		if (then->kind == WORD_DECLARE || then->kind == WORD_ASSIGN) {
			pipe->declares = then->kind == WORD_DECLARE;
			(void)take_word(p);
			if (pipe->n_variables == 2 && !is_range)
				return fail_at(p, then->at, "too many declarations in %s", context);
			for (int i = 0; i < pipe->n_variables && pipe->declares; i++)
				declare(p, pipe->variables[i]);
			return 0;
		}
		if (!(is_range && word_is(p, then, ",")))
			break;
		if (pipe->n_variables == 2)
			return fail_at(p, then->at, "too many declarations in range");
		(void)take_word(p);
	}
	p->next = start;
	pipe->n_variables = 0;
	return 0;
}

/* Go refuses a pipeline whose later commands cannot be called. */
static int check_pipe(struct gotmpl_parser *p, const struct gotmpl_pipe *pipe, const char *context)
{
	if (!pipe->commands)
		return fail_at(p, peek(p)->at, "missing value for %s", context);
	for (const struct gotmpl_command *c = pipe->commands->next; c; c = c->next)
		if (is_constant(&c->args[0]))
			return fail_at(p, c->start, "non executable command in pipeline stage 2");
	return 0;
}

static int parse_pipe(struct gotmpl_parser *p, const char *context, enum gotmpl_word_kind end,
		      struct gotmpl_pipe **ret)
{
	struct gotmpl_pipe *pipe = arena_new(p->a, struct gotmpl_pipe);
	struct gotmpl_command **tail = &pipe->commands;
	int r = enter(p);

	pipe->at = peek_solid(p)->at;
	if (r == 0)
		r = parse_assignment(p, context, pipe);
	while (r == 0) {
		const struct gotmpl_word *w = peek_solid(p);

		if (w->kind == end) {
			r = check_pipe(p, pipe, context);
			(void)take_word(p);
			break;
		}
		if (w->kind == WORD_PIPE && pipe->commands) {
			(void)take_word(p);
			/* Go lets a pipeline end in a pipe. */
			if (peek_solid(p)->kind == end)
				continue;
		} else if (!begins_operand(w) || pipe->commands) {
			return unexpected(p, w, context);
		}
		r = parse_command(p, tail);
		if (r == 0)
			tail = &(*tail)->next;
	}
	p->depth--;
	*ret = pipe;
	return r;
}

/* -- statements -- */

static int parse_body(struct gotmpl_parser *p, const char *context, struct gotmpl_node *node);

/* Behind {{else}}: the rest of an if chain is an if inside of the else. */
static int parse_else(struct gotmpl_parser *p, const char *context, struct gotmpl_node *node)
{
	const struct gotmpl_word *w = peek_solid(p);
	enum list_end end;
	int r;

	if (w->kind == WORD_KEYWORD && word_is(p, w, context) && !str_eq(context, "range")) {
		(void)take_word(p);
		node->otherwise = arena_new(p->a, struct gotmpl_node);
		node->otherwise->kind = node->kind;
		return parse_body(p, context, node->otherwise);
	}
	if (w->kind != WORD_RIGHT)
		return unexpected(p, w, "else");
	(void)take_word(p);
	r = parse_list(p, false, &node->otherwise, &end);
	if (r == 0 && end != LIST_END)
		return fail_at(p, peek(p)->at, "expected end; found {{else}}");
	return r;
}

/* The pipeline and the lists of if, with and range; what they declare ends with them. */
static int parse_body(struct gotmpl_parser *p, const char *context, struct gotmpl_node *node)
{
	int variables = p->n_variables;
	enum list_end end;
	int r = enter(p);

	if (r == 0)
		r = parse_pipe(p, context, WORD_RIGHT, &node->pipe);
	if (r < 0)
		return r;
	p->loops += node->kind == NODE_RANGE;
	r = parse_list(p, false, &node->body, &end);
	p->loops -= node->kind == NODE_RANGE;
	if (r == 0 && end == LIST_ELSE)
		r = parse_else(p, context, node);
	p->n_variables = variables;
	p->depth--;
	return r;
}

static int parse_jump(struct gotmpl_parser *p, const struct gotmpl_word *w,
		      struct gotmpl_node *node)
{
	if (!p->loops)
		return fail_at(p, w->at, "{{%.*s}} outside {{range}}", (int)w->len,
			       p->text + w->at);
	node->kind = word_is(p, w, "break") ? NODE_BREAK : NODE_CONTINUE;
	if (peek_solid(p)->kind != WORD_RIGHT)
		return unexpected(p, peek(p),
				  word_is(p, w, "break") ? "{{break}}" : "{{continue}}");
	(void)take_word(p);
	return 0;
}

/* -- templates by name -- */

static bool is_blank(const struct gotmpl_parser *p, const struct gotmpl_node *n)
{
	for (; n; n = n->next)
		if (n->kind != NODE_TEXT || strspn(p->text + n->at, " \t\r\n") < n->len)
			return false;
	return true;
}

/* As in Go, only what is blank may be defined again. */
static int add_named(struct gotmpl_parser *p, size_t at, const char *name, struct gotmpl_node *body)
{
	struct gotmpl_named *n = p->t->named;

	while (n && !str_eq(n->name, name))
		n = n->next;
	if (n && !is_blank(p, n->body) && !is_blank(p, body))
		return fail_at(p, at, "multiple definition of template \"%.100s\"", name);
	if (!n) {
		n = arena_new(p->a, struct gotmpl_named);
		*n = (struct gotmpl_named){ name, NULL, p->t->named };
		p->t->named = n;
	}
	if (!is_blank(p, body))
		n->body = body;
	return 0;
}

static int parse_template_name(struct gotmpl_parser *p, const char *context, const char **ret)
{
	const struct gotmpl_word *w = take_solid(p);

	return w->kind == WORD_STRING ? unquote(p, w, ret) : unexpected(p, w, context);
}

/* The list up to {{end}}, which sees nothing of where it stands: no variable and no loop. */
static int parse_named_body(struct gotmpl_parser *p, const char *context, const char *name,
			    size_t at)
{
	int variables = p->n_variables, scope = p->scope, loops = p->loops, r = enter(p);
	struct gotmpl_node *body = NULL;
	enum list_end end = LIST_EOF;

	p->scope = p->n_variables;
	p->loops = 0;
	if (r == 0)
		r = parse_list(p, false, &body, &end);
	if (r == 0 && end != LIST_END)
		return fail_at(p, peek(p)->at, "unexpected {{else}} in %s", context);
	p->n_variables = variables;
	p->scope = scope;
	p->loops = loops;
	p->depth--;
	return r < 0 ? r : add_named(p, at, name, body);
}

/* {{define "name"}}…{{end}}: leaves nothing where it stands. */
static int parse_define(struct gotmpl_parser *p, const struct gotmpl_word *w,
			struct gotmpl_node *node)
{
	const char *name;
	int r;

	node->kind = NODE_TEXT;
	if (p->depth > 0)
		return unexpected(p, w, "command");
	r = parse_template_name(p, "define clause", &name);
	if (r == 0 && peek_solid(p)->kind != WORD_RIGHT)
		return unexpected(p, peek(p), "define clause");
	if (r < 0)
		return r;
	(void)take_word(p);
	return parse_named_body(p, "define clause", name, w->at);
}

/* {{template "name"}}, {{template "name" value}}, and {{block "name" value}}…{{end}}. */
static int parse_template(struct gotmpl_parser *p, const struct gotmpl_word *w,
			  struct gotmpl_node *node)
{
	bool is_block = word_is(p, w, "block");
	const char *context = is_block ? "block clause" : "template clause";
	int r = parse_template_name(p, context, &node->name);

	node->kind = NODE_TEMPLATE;
	node->at = w->at;
	if (r < 0)
		return r;
	if (!is_block && peek_solid(p)->kind == WORD_RIGHT)
		(void)take_word(p);
	else
		r = parse_pipe(p, context, WORD_RIGHT, &node->pipe);
	return r == 0 && is_block ? parse_named_body(p, context, node->name, w->at) : r;
}

static int parse_keyword(struct gotmpl_parser *p, const struct gotmpl_word *w,
			 struct gotmpl_node *node)
{
	static const struct {
		const char *word;
		enum gotmpl_node_kind kind;
	} blocks[] = { { "if", NODE_IF }, { "with", NODE_WITH }, { "range", NODE_RANGE } };

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		if (!word_is(p, w, blocks[i].word))
			continue;
		node->kind = blocks[i].kind;
		return parse_body(p, blocks[i].word, node);
	}
	if (word_is(p, w, "break") || word_is(p, w, "continue"))
		return parse_jump(p, w, node);
	return word_is(p, w, "define") ? parse_define(p, w, node) : parse_template(p, w, node);
}

/* Behind "{{": 1 when the list ends here. */
static int parse_action(struct gotmpl_parser *p, struct gotmpl_node **ret, enum list_end *ret_end)
{
	const struct gotmpl_word *w = peek_solid(p);
	struct gotmpl_node *node;

	if (w->kind == WORD_KEYWORD && word_is(p, w, "else")) {
		(void)take_word(p);
		*ret_end = LIST_ELSE;
		return 1;
	}
	if (w->kind == WORD_KEYWORD && word_is(p, w, "end")) {
		(void)take_word(p);
		if (peek_solid(p)->kind != WORD_RIGHT)
			return unexpected(p, peek(p), "end");
		(void)take_word(p);
		*ret_end = LIST_END;
		return 1;
	}
	node = arena_new(p->a, struct gotmpl_node);
	*ret = node;
	if (w->kind == WORD_KEYWORD)
		return parse_keyword(p, take_word(p), node);
	node->kind = NODE_ACTION;
	return parse_pipe(p, "command", WORD_RIGHT, &node->pipe);
}

static int parse_list(struct gotmpl_parser *p, bool top, struct gotmpl_node **ret,
		      enum list_end *ret_end)
{
	struct gotmpl_node **tail = ret;

	for (;;) {
		const struct gotmpl_word *w = take_solid(p);
		struct gotmpl_node *node = NULL;
		int r = 0;

		if (w->kind == WORD_EOF) {
			*ret_end = LIST_EOF;
			return top ? 0 : unexpected(p, w, "input");
		}
		if (w->kind == WORD_TEXT) {
			node = arena_new(p->a, struct gotmpl_node);
			*node = (struct gotmpl_node){ .kind = NODE_TEXT,
						      .at = w->at,
						      .len = w->len };
		} else {
			r = parse_action(p, &node, ret_end);
		}
		if (r == 1 && top)
			return fail_at(p, w->at, "unexpected {{%s}}",
				       *ret_end == LIST_END ? "end" : "else");
		if (r != 0)
			return r < 0 ? r : 0;
		*tail = node;
		tail = &node->next;
	}
}

int gotmpl_parse(const char *text, struct arena *a, struct gotmpl **ret, struct err *err)
{
	struct gotmpl *t = arena_new(a, struct gotmpl);
	struct gotmpl_parser p = { .a = a, .err = err, .t = t };
	struct err unread = ERR_INIT;
	enum list_end end;
	int r, lexed;

	p.text = t->text = arena_strdup(a, text);
	declare(&p, "$");
	lexed = gotmpl_lex(p.text, a, &p.words, &unread);
	if (p.words.n == 0)
		return err_set(err, lexed, "%s", unread.msg);
	r = parse_list(&p, true, &t->first, &end);
	/* What ends too early ends where the words do: the lexer knows why. */
	if (lexed < 0 && (r == 0 || peek(&p)->kind == WORD_EOF))
		return err_set(err, lexed, "%s", unread.msg);
	if (r < 0)
		return r;
	*ret = t;
	return 0;
}
