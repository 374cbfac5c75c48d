/*
 * opt.c - command-line options described by tables: parsing, and help from the same rows
 */
#include "base/opt.h"

#include "base/mem.h"
#include "base/own.h"

#include <ctype.h>
#include <stdio.h>

struct parser {
	const struct opt *table;
	void *into;
	struct arena *a;
	const struct strv *args;
	size_t next; /* index of the argument after the one at hand */
	struct err *err;
};

const struct opt *opt_row(const struct opt *o)
{
	while (o && o->kind == OPT_KIND_END)
		o = o->more;
	return o;
}

static const struct opt *find_name(const struct opt *table, const char *name, size_t len)
{
	for (const struct opt *o = opt_row(table); o; o = opt_row(o + 1))
		if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static const struct opt *find_letter(const struct opt *table, char letter)
{
	for (const struct opt *o = opt_row(table); o; o = opt_row(o + 1))
		if (o->letter == letter)
			return o;
	return NULL;
}

/* pflag's name of an option in messages: "-t, --timeout". */
static void full_name(const struct opt *o, char *out, size_t size)
{
	if (o->letter)
		(void)snprintf(out, size, "-%c, --%s", o->letter, o->name);
	else
		(void)snprintf(out, size, "--%s", o->name);
}

static int invalid(const struct opt *o, const char *value, const char *why, struct err *err)
{
	char name[64];

	full_name(o, name, sizeof(name));
	return err_set(err, -EINVAL, "invalid argument \"%.200s\" for \"%s\" flag: %s", value, name,
		       why);
}

int opt_invalid(const struct opt *table, const char *name, const char *value, const char *why,
		struct err *err)
{
	return invalid(find_name(table, name, strlen(name)), value, why, err);
}

int opt_parse_bool(const char *s, bool *ret)
{
	static const char *const words[] = { "1", "t", "T", "TRUE",  "true",  "True",
					     "0", "f", "F", "FALSE", "false", "False" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_eq(s, words[i])) {
			*ret = i < 6;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_i64(const char *s, int64_t *ret, char *why, size_t size)
{
	char *end;

	errno = 0;
	*ret = strtoll(s, &end, 10);
	if (errno == 0 && end != s && !*end && !isspace((unsigned char)*s))
		return 0;
	(void)snprintf(why, size, "strconv.ParseInt: parsing \"%.100s\": %s", s,
		       errno == ERANGE ? "value out of range" : "invalid syntax");
	return -EINVAL;
}

static int refuse(const struct parser *p, const struct opt *o, const char *value)
{
	bool on;

	/* Saying no to what is not there changes nothing. */
	if (!(o->flags & OPT_VALUE) && opt_parse_bool(value, &on) == 0 && !on)
		return 0;
	return err_set(p->err, -ENOTSUP, "--%s is not supported: %s", o->name, o->help);
}

static int set(const struct parser *p, const struct opt *o, const char *value)
{
	void *at = (char *)p->into + o->offset;
	char why[160];
	struct err bad = ERR_INIT;

	switch ((enum opt_kind)o->kind) {
	case OPT_KIND_FLAG:
		if (opt_parse_bool(value, at) == 0)
			return 0;
		(void)snprintf(why, sizeof(why),
			       "strconv.ParseBool: parsing \"%.100s\": invalid syntax", value);
		return invalid(o, value, why, p->err);
	case OPT_KIND_STR:
		*(const char **)at = value;
		return 0;
	case OPT_KIND_LIST:
		strv_add(at, p->a, value);
		return 0;
	case OPT_KIND_I64:
		if (parse_i64(value, at, why, sizeof(why)) == 0)
			return 0;
		return invalid(o, value, why, p->err);
	case OPT_KIND_CONVERT:
		if (o->convert(value, at, &bad) == 0)
			return 0;
		return invalid(o, value, bad.msg, p->err);
	case OPT_KIND_REFUSED:
		return refuse(p, o, value);
	case OPT_KIND_END:
		break;
	}
	return err_set(p->err, -EINVAL, "unknown flag: --%s", o->name);
}

static bool takes_value(const struct opt *o)
{
	return o->kind != OPT_KIND_FLAG &&
	       !(o->kind == OPT_KIND_REFUSED && !(o->flags & OPT_VALUE));
}

/* The next argument as a value; NULL when there is none. */
static const char *next_value(struct parser *p)
{
	return p->next < p->args->n ? p->args->items[p->next++] : NULL;
}

static int parse_long(struct parser *p, const char *arg)
{
	const char *name = arg + 2, *equals = strchr(name, '='), *value;
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct opt *o;

	if (len == 0 || *name == '-')
		return err_set(p->err, -EINVAL, "bad flag syntax: %.200s", arg);
	o = find_name(p->table, name, len);
	if (!o && len == 4 && memcmp(name, "help", 4) == 0)
		return OPT_HELP;
	if (!o)
		return err_set(p->err, -EINVAL, "unknown flag: --%.*s",
			       (int)(len > 200 ? 200 : len), name);
	if (equals)
		return set(p, o, equals + 1);
	if (!takes_value(o))
		return set(p, o, "true");
	value = next_value(p);
	if (!value)
		return err_set(p->err, -EINVAL, "flag needs an argument: --%s", o->name);
	return set(p, o, value);
}

/* One cluster, "-itp8080": flags, and at most one option that takes the rest as its value. */
static int parse_letters(struct parser *p, const char *arg)
{
	for (const char *c = arg + 1; *c; c++) {
		const struct opt *o = find_letter(p->table, *c);
		const char *value;
		int r;

		if (!o && *c == 'h')
			return OPT_HELP;
		if (!o)
			return err_set(p->err, -EINVAL, "unknown shorthand flag: '%c' in -%.200s",
				       *c, c);
		if (c[1] == '=' && c[2])
			return set(p, o, c + 2);
		if (takes_value(o)) {
			value = c[1] ? c + 1 : next_value(p);
			if (!value)
				return err_set(p->err, -EINVAL,
					       "flag needs an argument: '%c' in -%s", *c, c);
			return set(p, o, value);
		}
		r = set(p, o, "true");
		if (r != 0)
			return r;
	}
	return 0;
}

int opt_parse(const struct opt *table, enum opt_mode mode, const struct strv *args, void *into,
	      struct arena *a, struct strv *ret_args, struct err *err)
{
	struct parser p = { table, into, a, args, 0, err };
	struct strv rest = { 0 };
	bool options = mode != OPT_RAW;

	while (p.next < args->n) {
		const char *arg = args->items[p.next++];
		int r;

		if (!options || arg[0] != '-' || !arg[1]) {
			strv_add(&rest, a, arg);
			options = options && mode == OPT_ANYWHERE;
			continue;
		}
		if (str_eq(arg, "--")) {
			options = false;
			continue;
		}
		r = arg[1] == '-' ? parse_long(&p, arg) : parse_letters(&p, arg);
		if (r != 0)
			return r;
	}
	*ret_args = rest;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct opt *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

void opt_each(const struct opt *table, void (*each)(void *ctx, const struct opt *row), void *ctx)
{
	OWN(mem) const struct opt **rows = NULL;
	size_t n = 0, i = 0;

	for (const struct opt *o = opt_row(table); o; o = opt_row(o + 1))
		n += !(o->flags & OPT_HIDDEN);
	rows = mem_alloc((n + 1) * sizeof(*rows));
	for (const struct opt *o = opt_row(table); o; o = opt_row(o + 1))
		if (!(o->flags & OPT_HIDDEN))
			rows[i++] = o;
	qsort(rows, n, sizeof(*rows), by_name);
	for (i = 0; i < n; i++)
		each(ctx, rows[i]);
}

/* -- help -- */

enum { WRAP_LEAST = 24, WRAP_SLOP = 5 };

static void head(const struct opt *o, struct buf *out)
{
	if (o->letter)
		buf_printf(out, "  -%c, --%s", o->letter, o->name);
	else
		buf_printf(out, "      --%s", o->name);
	if (o->arg)
		buf_printf(out, " %s", o->arg);
}

/*
 * Bytes of s that go on one line of width columns: up to the last blank or the first line break
 * in there. A rest that is only WRAP_SLOP longer stays on the line, so that no short word is alone.
 */
static size_t line_length(const char *s, size_t width)
{
	size_t len = strlen(s), cut = 0;

	for (size_t i = 0; i < width && i < len; i++) {
		if (s[i] == '\n')
			return i;
		if (s[i] == ' ')
			cut = i;
	}
	if (width + WRAP_SLOP > len) {
		const char *end = strchr(s, '\n');

		return end ? (size_t)(end - s) : len;
	}
	return cut ? cut : len;
}

static void wrap(const char *s, size_t indent, size_t cols, struct buf *out)
{
	size_t width = cols > indent + WRAP_LEAST ? cols - indent - WRAP_SLOP : SIZE_MAX / 2;

	for (;;) {
		size_t len = line_length(s, width);

		buf_add(out, s, len);
		buf_addc(out, '\n');
		s += len;
		if (!*s)
			return;
		s++;
		buf_printf(out, "%*s", (int)indent, "");
	}
}

struct help_state {
	struct buf *out;
	size_t widest, cols;
};

static void measure(void *ctx, const struct opt *o)
{
	struct help_state *h = ctx;
	OWN(buf) struct buf text = { 0 };

	head(o, &text);
	if (text.len > h->widest)
		h->widest = text.len;
}

static void print_row(void *ctx, const struct opt *o)
{
	struct help_state *h = ctx;
	size_t start = h->out->len;

	head(o, h->out);
	buf_printf(h->out, "%*s", (int)(h->widest + 3 - (h->out->len - start)), "");
	wrap(o->help, h->widest + 3, h->cols, h->out);
}

void opt_help(const struct opt *table, size_t cols, struct buf *out)
{
	struct help_state h = { out, 0, cols };

	opt_each(table, measure, &h);
	opt_each(table, print_row, &h);
}
