/*
 * label_selector.c - which containers are meant, by their labels
 */
#include "model/label_selector.h"

#include "base/own.h"
#include "codec/json.h"

#include <ctype.h>

enum { REQUIREMENTS_MAX = 100, VALUES_MAX = 1000 };

static const char *const operator_names[] = { "In", "NotIn", "Exists", "DoesNotExist", NULL };
_Static_assert(sizeof(operator_names) / sizeof(operator_names[0]) == SELECTOR_OPERATORS + 1,
	       "a name for each operator");

#define T struct label_requirement
SCHEMA(label_requirement, T, F_STR(T, key, "key", REQUIRED),
       F_ENUM(T, op, "operator", operator_names, REQUIRED),
       F_STRV(T, values, "values", OMIT_EMPTY));
#undef T

#define T struct label_selector
SCHEMA(label_selector, T, F_MAP(T, match_labels, "matchLabels", OMIT_EMPTY),
       F_LIST(T, match_expressions, "matchExpressions", label_requirement, OMIT_EMPTY));
#undef T

static bool has_values(const struct label_requirement *q)
{
	return q->op == SELECTOR_IN || q->op == SELECTOR_NOT_IN;
}

int label_selector_check(const struct label_selector *s, struct err *err)
{
	if (s->match_labels.n + s->match_expressions.n > REQUIREMENTS_MAX)
		return err_set(err, -EINVAL, "more than %d requirements", REQUIREMENTS_MAX);
	for (size_t i = 0; i < s->match_labels.n; i++)
		if (!*s->match_labels.items[i].key)
			return err_set(err, -EINVAL, "matchLabels: a label without a name");
	for (size_t i = 0; i < s->match_expressions.n; i++) {
		const struct label_requirement *q = &s->match_expressions.items[i];

		if (!*q->key)
			return err_set(err, -EINVAL, "matchExpressions[%zu].key: is empty", i);
		if (has_values(q) != (q->values.n > 0))
			return err_set(err, -EINVAL, "matchExpressions[%zu].values: %s %s", i,
				       operator_names[q->op],
				       has_values(q) ? "needs some" : "has none");
		if (q->values.n > VALUES_MAX)
			return err_set(err, -EINVAL, "matchExpressions[%zu].values: more than %d",
				       i, VALUES_MAX);
	}
	return 0;
}

static bool is_met(const struct label_requirement *q, const struct str_map *labels)
{
	const char *value = str_map_get(labels, q->key);

	switch ((enum selector_operator)q->op) {
	case SELECTOR_IN:
		return value && strv_has(&q->values, value);
	case SELECTOR_NOT_IN:
		return !value || !strv_has(&q->values, value);
	case SELECTOR_EXISTS:
		return value;
	case SELECTOR_DOES_NOT_EXIST:
		return !value;
	case SELECTOR_OPERATORS:
		break;
	}
	return false;
}

bool label_selector_matches(const struct label_selector *s, const struct str_map *labels)
{
	for (size_t i = 0; i < s->match_labels.n; i++) {
		const char *value = str_map_get(labels, s->match_labels.items[i].key);

		if (!value || !str_eq(value, s->match_labels.items[i].value))
			return false;
	}
	for (size_t i = 0; i < s->match_expressions.n; i++)
		if (!is_met(&s->match_expressions.items[i], labels))
			return false;
	return true;
}

/* -- writing -- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once, joined by commas. */
static const char *join_sorted(const struct strv *texts, struct arena *a)
{
	struct strv sorted = { 0 };
	const char **items = arena_array(a, texts->n, sizeof(*items));

	for (size_t i = 0; i < texts->n; i++)
		items[i] = texts->items[i];
	if (texts->n)
		qsort(items, texts->n, sizeof(*items), by_text);
	for (size_t i = 0; i < texts->n; i++)
		if (i == 0 || !str_eq(items[i], items[i - 1]))
			strv_add(&sorted, a, items[i]);
	return sorted.n ? strv_join(&sorted, a, ",") : "";
}

static const char *quote(const char *text, struct arena *a)
{
	OWN(buf) struct buf out = { 0 };

	json_quote(text, strlen(text), &out);
	return arena_strdup(a, buf_text(&out));
}

static const char *requirement_key(const struct label_requirement *q, struct arena *a)
{
	struct strv values = { 0 };

	for (size_t i = 0; i < q->values.n; i++)
		strv_add(&values, a, quote(q->values.items[i], a));
	return arena_printf(a, "%s %s (%s)", quote(q->key, a), operator_names[q->op],
			    join_sorted(&values, a));
}

const char *label_selector_key(const struct label_selector *s, struct arena *a)
{
	struct strv all = { 0 };

	for (size_t i = 0; i < s->match_labels.n; i++) {
		struct label_requirement q = { .key = s->match_labels.items[i].key };

		strv_add(&q.values, a, s->match_labels.items[i].value);
		strv_add(&all, a, requirement_key(&q, a));
	}
	for (size_t i = 0; i < s->match_expressions.n; i++)
		strv_add(&all, a, requirement_key(&s->match_expressions.items[i], a));
	return join_sorted(&all, a);
}

static const char *requirement_text(const struct label_requirement *q, struct arena *a)
{
	const char *values = q->values.n ? strv_join(&q->values, a, ",") : "";

	if (q->op == SELECTOR_NOT_IN && q->values.n == 1)
		return arena_printf(a, "%s!=%s", q->key, values);
	switch ((enum selector_operator)q->op) {
	case SELECTOR_IN:
		return arena_printf(a, "%s in (%s)", q->key, values);
	case SELECTOR_NOT_IN:
		return arena_printf(a, "%s notin (%s)", q->key, values);
	case SELECTOR_EXISTS:
		return q->key;
	case SELECTOR_DOES_NOT_EXIST:
		return arena_printf(a, "!%s", q->key);
	case SELECTOR_OPERATORS:
		break;
	}
	return "";
}

const char *label_selector_text(const struct label_selector *s, struct arena *a)
{
	struct strv all = { 0 };

	for (size_t i = 0; i < s->match_labels.n; i++)
		strv_add(&all, a,
			 arena_printf(a, "%s=%s", s->match_labels.items[i].key,
				      s->match_labels.items[i].value));
	for (size_t i = 0; i < s->match_expressions.n; i++)
		strv_add(&all, a, requirement_text(&s->match_expressions.items[i], a));
	return all.n ? strv_join(&all, a, ",") : "*";
}

/* -- reading text -- */

struct cursor {
	const char *at;
	struct arena *a;
	struct label_selector *s;
	struct err *err;
};

static void skip_blanks(struct cursor *c)
{
	while (isspace((unsigned char)*c->at))
		c->at++;
}

static bool take_text(struct cursor *c, const char *text)
{
	size_t len = strlen(text);

	skip_blanks(c);
	if (strncmp(c->at, text, len) != 0)
		return false;
	c->at += len;
	return true;
}

/* A name or value: up to a blank or a character that means something here; may be empty. */
static const char *take_word(struct cursor *c)
{
	const char *start;

	skip_blanks(c);
	start = c->at;
	while (*c->at && !isspace((unsigned char)*c->at) && !strchr(",=!()", *c->at))
		c->at++;
	return arena_strndup(c->a, start, (size_t)(c->at - start));
}

static int bad(const struct cursor *c, const char *why)
{
	return err_set(c->err, -EINVAL,
		       "selector: %s at \"%.40s\" (KEY=VALUE, KEY!=VALUE, KEY in (A,B), "
		       "KEY notin (A,B), KEY, !KEY, joined by commas)",
		       why, c->at);
}

static void add(struct cursor *c, const struct label_requirement *q)
{
	size_t n = c->s->match_expressions.n;
	struct label_requirement *items = arena_array(c->a, n + 1, sizeof(*items));

	if (n)
		memcpy(items, c->s->match_expressions.items, n * sizeof(*items));
	items[n] = *q;
	c->s->match_expressions.items = items;
	c->s->match_expressions.n = n + 1;
}

static int take_values(struct cursor *c, struct label_requirement *q)
{
	if (!take_text(c, "("))
		return bad(c, "no \"(\"");
	do {
		strv_add(&q->values, c->a, take_word(c));
	} while (take_text(c, ","));
	return take_text(c, ")") ? 0 : bad(c, "no \")\"");
}

static int take_requirement(struct cursor *c)
{
	struct label_requirement q = { .op = SELECTOR_EXISTS };
	int r = 0;

	if (take_text(c, "!"))
		q.op = SELECTOR_DOES_NOT_EXIST;
	q.key = take_word(c);
	if (!*q.key)
		return bad(c, "no label's name");
	if (q.op == SELECTOR_DOES_NOT_EXIST) {
		add(c, &q);
	} else if (take_text(c, "!=")) {
		q.op = SELECTOR_NOT_IN;
		strv_add(&q.values, c->a, take_word(c));
		add(c, &q);
	} else if (take_text(c, "==") || take_text(c, "=")) {
		const char *value = take_word(c), *before = str_map_get(&c->s->match_labels, q.key);

		if (before && !str_eq(before, value))
			return bad(c, "another value of the same label");
		str_map_set(&c->s->match_labels, c->a, q.key, value);
	} else if (take_text(c, "in ") || take_text(c, "in(")) {
		c->at--;
		q.op = SELECTOR_IN;
		r = take_values(c, &q);
		add(c, &q);
	} else if (take_text(c, "notin ") || take_text(c, "notin(")) {
		c->at--;
		q.op = SELECTOR_NOT_IN;
		r = take_values(c, &q);
		add(c, &q);
	} else {
		add(c, &q);
	}
	return r;
}

int label_selector_parse(const char *text, struct arena *a, struct label_selector *ret,
			 struct err *err)
{
	struct cursor c = { .at = text, .a = a, .s = ret, .err = err };
	int r = 0;

	*ret = (struct label_selector){ 0 };
	skip_blanks(&c);
	if (!*c.at || str_eq(c.at, "*"))
		return 0;
	do {
		r = take_requirement(&c);
	} while (r == 0 && ret->match_expressions.n <= REQUIREMENTS_MAX && take_text(&c, ","));
	skip_blanks(&c);
	if (r == 0 && *c.at)
		r = bad(&c, "something else");
	return r < 0 ? r : label_selector_check(ret, err);
}
