/*
 * gotmpl.c - Go's text/template over JSON trees: evaluation
 *
 * The tree is walked with the value of "." and a stack of variables. Values borrow from the data;
 * what functions make is kept in one array until the end. Every step is counted, so that no
 * template and no data make it run for long, and output is bounded.
 */
#include "codec/gotmpl.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/gotmpl_tree.h"
#include "codec/json.h"

enum { VARIABLES_MAX = 256, ARGUMENTS_MAX = 64 };

struct variable {
	const char *name;
	struct gotmpl_value value;
};

struct machine {
	const struct gotmpl *t;
	const struct gotmpl_types *types;
	struct json_object *data, *keep;
	struct variable variables[VARIABLES_MAX];
	int n_variables;
	long steps;
	const char *executing; /* name of the template */
	int calls;             /* templates within templates */
	struct buf *out;
	struct err *err;
};

/* How a list of nodes ended. */
enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE };

static int eval_pipe(struct machine *m, const struct gotmpl_pipe *pipe, struct gotmpl_value dot,
		     struct gotmpl_value *ret);
static int walk(struct machine *m, const struct gotmpl_node *n, struct gotmpl_value dot);

/* Go's words: place, and the text of the expression that failed. */
static int fail_at(struct machine *m, size_t at, size_t start, size_t end, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
static int fail_at(struct machine *m, size_t at, size_t start, size_t end, const char *fmt, ...)
{
	char what[300];
	int line, column, len = (int)(end - start);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	gotmpl_place(m->t->text, at, &line, &column);
	return err_set(m->err, -EINVAL, "template: :%d:%d: executing \"%.100s\" at <%.*s>: %s",
		       line, column, m->executing, len > 100 ? 100 : len, m->t->text + start, what);
}

#define fail(m, operand, ...)                                                                      \
	fail_at((m), (operand)->at, (operand)->start, (operand)->end, __VA_ARGS__)

static int count_step(struct machine *m)
{
	if (++m->steps > GOTMPL_STEPS_MAX)
		return err_set(m->err, -EINVAL, "template: it takes too many steps");
	if (m->out->len > GOTMPL_OUTPUT_MAX)
		return err_set(m->err, -EINVAL, "template: the output is too long");
	return 0;
}

static bool has_name(const char *const *names, const char *name)
{
	for (; names && *names; names++)
		if (str_eq(*names, name))
			return true;
	return false;
}

static bool is_map(const struct machine *m, const char *name)
{
	return m->types && has_name(m->types->maps, name);
}

/* What a member that is null, or left out, is to Go. */
static enum gotmpl_nil nil_of(const struct machine *m, const char *name)
{
	if (m->types && has_name(m->types->lists, name))
		return NIL_LIST;
	if (m->types && has_name(m->types->pointers, name))
		return NIL_POINTER;
	return is_map(m, name) ? NIL_MAP : NIL_PLAIN;
}

/* -- fields -- */

static int no_field(struct machine *m, const struct gotmpl_operand *o, struct gotmpl_value from,
		    const char *name)
{
	if (m->types && m->types->name && from.json == m->data)
		return fail(m, o, "can't evaluate field %s in type %s", name, m->types->name);
	if (!from.json)
		return fail(m, o, "nil data; no entry for key \"%s\"", name);
	if (json_object_is_type(from.json, json_type_object))
		return fail(m, o, "map has no entry for key \"%s\"", name);
	return fail(m, o, "can't evaluate field %s in type interface {}", name);
}

static int call_method(struct machine *m, const struct gotmpl_operand *o, const char *name,
		       const struct gotmpl_value *args, size_t n, struct gotmpl_value *ret)
{
	struct json_object *fresh;
	bool known = false;

	if (!m->types || !m->types->method || n != 1 ||
	    !json_object_is_type(args[0].json, json_type_string))
		return fail(m, o, "%s has arguments but cannot be invoked as function", name);
	fresh = m->types->method(m->types->ctx, name, json_object_get_string(args[0].json), &known);
	if (!known)
		return fail(m, o, "%s has arguments but cannot be invoked as function", name);
	*ret = gotmpl_keep(m->keep, fresh);
	return 0;
}

/* Follows the fields of an operand; arguments go to the last one, which is then a method. */
static int follow(struct machine *m, const struct gotmpl_operand *o, struct gotmpl_value v,
		  const struct gotmpl_value *args, size_t n_args, struct gotmpl_value *ret)
{
	bool in_map = false;

	for (size_t i = 0; i < o->fields.n; i++) {
		const char *name = o->fields.items[i];
		struct json_object *next = NULL;

		if (n_args && i == o->fields.n - 1)
			return call_method(m, o, name, args, n_args, ret);
		if (json_object_is_type(v.json, json_type_object) &&
		    json_object_object_get_ex(v.json, name, &next)) {
			v = (struct gotmpl_value){ next, next ? NIL_PLAIN : nil_of(m, name) };
		} else if ((in_map || (m->types && m->types->headings)) &&
			   (!v.json || json_object_is_type(v.json, json_type_object))) {
			v = (struct gotmpl_value){ NULL, NIL_MISSING };
		} else if (i > 0 && v.json && nil_of(m, name) != NIL_PLAIN) {
			v = (struct gotmpl_value){ NULL, nil_of(m, name) };
		} else if (v.nil == NIL_POINTER) {
			return fail(m, o, "map has no entry for key \"%s\"",
				    o->fields.items[i - 1]);
		} else {
			return no_field(m, o, v, name);
		}
		in_map = is_map(m, name);
	}
	*ret = v;
	return 0;
}

/* -- operands and commands -- */

static struct gotmpl_value constant(struct machine *m, const struct gotmpl_operand *o)
{
	struct json_object *json = NULL;

	switch (o->constant) {
	case CONSTANT_STRING:
		json = json_object_new_string(o->name);
		break;
	case CONSTANT_INT:
		json = json_object_new_int64(o->integer);
		break;
	case CONSTANT_FLOAT:
		json = json_object_new_double(o->real);
		break;
	case CONSTANT_BOOL:
		json = json_object_new_boolean(o->integer != 0);
		break;
	}
	return gotmpl_keep(m->keep, json);
}

static struct variable *find_variable(struct machine *m, const char *name)
{
	for (int i = m->n_variables - 1; i >= 0; i--)
		if (str_eq(m->variables[i].name, name))
			return &m->variables[i];
	return &m->variables[0];
}

static int push_variable(struct machine *m, const char *name, struct gotmpl_value v)
{
	if (m->n_variables == VARIABLES_MAX)
		return err_set(m->err, -EINVAL, "template: more than %d variables", VARIABLES_MAX);
	m->variables[m->n_variables++] = (struct variable){ name, v };
	return 0;
}

static int call_function(struct machine *m, const struct gotmpl_operand *o,
			 const struct gotmpl_command *c, struct gotmpl_value dot,
			 const struct gotmpl_value *piped, struct gotmpl_value *ret);

/* The value of an operand that stands as an argument, or alone. */
static int eval_operand(struct machine *m, const struct gotmpl_operand *o, struct gotmpl_value dot,
			struct gotmpl_value *ret)
{
	struct gotmpl_value v = dot;
	int r = count_step(m);

	if (r < 0)
		return r;
	switch (o->kind) {
	case OPERAND_DOT:
		break;
	case OPERAND_NIL:
		v = (struct gotmpl_value){ NULL, NIL_PLAIN };
		break;
	case OPERAND_VARIABLE:
		v = find_variable(m, o->name)->value;
		break;
	case OPERAND_CONSTANT:
		v = constant(m, o);
		break;
	case OPERAND_PIPE:
		r = eval_pipe(m, o->pipe, dot, &v);
		break;
	case OPERAND_FUNCTION:
		r = call_function(m, o, NULL, dot, NULL, &v);
		break;
	}
	return r < 0 ? r : follow(m, o, v, NULL, 0, ret);
}

/* `and` and `or` stop at the first argument that decides. */
static int eval_lazy(struct machine *m, bool is_or, const struct gotmpl_command *c,
		     struct gotmpl_value dot, const struct gotmpl_value *piped,
		     struct gotmpl_value *ret)
{
	for (size_t i = 1; c && i < c->n; i++) {
		int r = eval_operand(m, &c->args[i], dot, ret);

		if (r < 0 || gotmpl_is_true(*ret) == is_or)
			return r;
	}
	if (piped)
		*ret = *piped;
	return 0;
}

static bool leaves_headings(const char *function)
{
	static const char *const names[] = { "json", "title", "lower", "upper", "truncate" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(names[i], function))
			return true;
	return false;
}

static int check_count(struct machine *m, const struct gotmpl_function *f,
		       const struct gotmpl_operand *o, size_t n)
{
	if ((int)n < f->least && f->most != f->least)
		return fail(m, o, "wrong number of args for %s: want at least %d got %zu", f->name,
			    f->least, n);
	if ((int)n < f->least || (f->most >= 0 && (int)n > f->most))
		return fail(m, o, "wrong number of args for %s: want %d got %zu", f->name, f->least,
			    n);
	if (n > ARGUMENTS_MAX)
		return fail(m, o, "more than %d arguments", ARGUMENTS_MAX);
	return 0;
}

static int call_function(struct machine *m, const struct gotmpl_operand *o,
			 const struct gotmpl_command *c, struct gotmpl_value dot,
			 const struct gotmpl_value *piped, struct gotmpl_value *ret)
{
	const struct gotmpl_function *f = gotmpl_function(o->name, strlen(o->name));
	struct gotmpl_value args[ARGUMENTS_MAX];
	struct err reason = ERR_INIT;
	size_t n = (c ? c->n - 1 : 0) + (piped != NULL);
	struct gotmpl_call call = { args, n, m->keep, &reason };
	int r = check_count(m, f, o, n);

	if (r < 0)
		return r;
	if (str_eq(o->name, "and") || str_eq(o->name, "or"))
		return eval_lazy(m, o->name[0] == 'o', c, dot, piped, ret);
	for (size_t i = 1; c && i < c->n; i++) {
		r = eval_operand(m, &c->args[i], dot, &args[i - 1]);
		if (r < 0)
			return r;
	}
	if (piped)
		args[n - 1] = *piped;
	if (m->types && m->types->headings && leaves_headings(f->name)) {
		*ret = args[0];
		return 0;
	}
	r = f->run(&call, ret);
	if (r == 0)
		return 0;
	if (!c)
		return fail(m, o, "error calling %s: %s", f->name, reason.msg);
	return fail_at(m, c->start, c->start, c->end, "error calling %s: %s", f->name, reason.msg);
}

static int eval_command(struct machine *m, const struct gotmpl_command *c, struct gotmpl_value dot,
			const struct gotmpl_value *piped, struct gotmpl_value *ret)
{
	const struct gotmpl_operand *first = &c->args[0];
	struct gotmpl_value args[ARGUMENTS_MAX], base = dot;
	size_t n = c->n - 1 + (piped != NULL);

	if (first->kind == OPERAND_FUNCTION) {
		int r = call_function(m, first, c, dot, piped, &base);

		return r < 0 ? r : follow(m, first, base, NULL, 0, ret);
	}
	if (n == 0)
		return eval_operand(m, first, dot, ret);
	if (first->fields.n == 0 || first->kind == OPERAND_PIPE || n > ARGUMENTS_MAX)
		return fail(m, first, "can't give argument to non-function %.*s",
			    (int)(first->end - first->start > 80 ? 80 : first->end - first->start),
			    m->t->text + first->start);
	for (size_t i = 1; i < c->n; i++) {
		int r = eval_operand(m, &c->args[i], dot, &args[i - 1]);

		if (r < 0)
			return r;
	}
	if (piped)
		args[n - 1] = *piped;
	if (first->kind == OPERAND_VARIABLE)
		base = find_variable(m, first->name)->value;
	return follow(m, first, base, args, n, ret);
}

static int eval_pipe(struct machine *m, const struct gotmpl_pipe *pipe, struct gotmpl_value dot,
		     struct gotmpl_value *ret)
{
	struct gotmpl_value v = { 0 };
	bool first = true;

	for (const struct gotmpl_command *c = pipe->commands; c; c = c->next) {
		struct gotmpl_value piped = v;
		int r = count_step(m);

		if (r == 0)
			r = eval_command(m, c, dot, first ? NULL : &piped, &v);
		if (r < 0)
			return r;
		first = false;
	}
	*ret = v;
	/* range sets its variables itself, once for each item. */
	for (int i = 0; i < pipe->n_variables; i++) {
		if (pipe->declares) {
			int r = push_variable(m, pipe->variables[i], v);

			if (r < 0)
				return r;
		} else {
			find_variable(m, pipe->variables[i])->value = v;
		}
	}
	return 0;
}

/* -- statements -- */

/* One round of a range: key and item into the variables, item into ".". */
static int range_round(struct machine *m, const struct gotmpl_node *n, int base,
		       struct gotmpl_value key, struct gotmpl_value item)
{
	const struct gotmpl_pipe *pipe = n->pipe;
	struct gotmpl_value values[2] = { pipe->n_variables == 2 ? key : item, item };
	int r;

	for (int i = 0; i < pipe->n_variables; i++) {
		struct variable *v = pipe->declares ? &m->variables[base + i]
						    : find_variable(m, pipe->variables[i]);

		v->value = values[i];
	}
	r = count_step(m);
	if (r < 0)
		return r;
	r = walk(m, n->body, item);
	m->n_variables = base + (pipe->declares ? pipe->n_variables : 0);
	return r;
}

static int range_list(struct machine *m, const struct gotmpl_node *n, int base,
		      struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct gotmpl_value key = gotmpl_keep(m->keep, json_object_new_int64((int64_t)i));
		struct gotmpl_value item = { json_object_array_get_idx(list, i), NIL_PLAIN };
		int r = range_round(m, n, base, key, item);

		if (r < 0 || r == FLOW_BREAK)
			return r < 0 ? r : 0;
	}
	return 0;
}

static int range_map(struct machine *m, const struct gotmpl_node *n, int base,
		     struct json_object *map)
{
	size_t count;
	OWN(mem) const char **keys = gotmpl_sorted_keys(map, &count);

	for (size_t i = 0; i < count; i++) {
		struct gotmpl_value key = gotmpl_keep(m->keep, json_object_new_string(keys[i]));
		struct gotmpl_value item = { json_object_object_get(map, keys[i]), NIL_PLAIN };
		int r = range_round(m, n, base, key, item);

		if (r < 0 || r == FLOW_BREAK)
			return r < 0 ? r : 0;
	}
	return 0;
}

static int range_count(struct machine *m, const struct gotmpl_node *n, int base, int64_t count)
{
	for (int64_t i = 0; i < count; i++) {
		struct gotmpl_value item = gotmpl_keep(m->keep, json_object_new_int64(i));
		int r = range_round(m, n, base, item, item);

		if (r < 0 || r == FLOW_BREAK)
			return r < 0 ? r : 0;
	}
	return 0;
}

static int walk_range(struct machine *m, const struct gotmpl_node *n, struct gotmpl_value dot)
{
	const struct gotmpl_command *c = n->pipe->commands;
	int base = m->n_variables, r;
	struct gotmpl_value v;

	r = eval_pipe(m, n->pipe, dot, &v);
	if (r < 0)
		return r;
	if (v.json && !gotmpl_is_true(v) && !json_object_is_type(v.json, json_type_boolean) &&
	    !json_object_is_type(v.json, json_type_string))
		v.json = NULL;
	if (!v.json) {
		m->n_variables = base;
		return walk(m, n->otherwise, dot);
	}
	if (json_object_is_type(v.json, json_type_array))
		r = range_list(m, n, base, v.json);
	else if (json_object_is_type(v.json, json_type_object))
		r = range_map(m, n, base, v.json);
	else if (json_object_is_type(v.json, json_type_int))
		r = range_count(m, n, base, json_object_get_int64(v.json));
	else
		r = fail_at(m, n->pipe->at, n->pipe->at, c->end, "range can't iterate over %s",
			    json_object_get_string(v.json));
	m->n_variables = base;
	return r;
}

static int walk_if(struct machine *m, const struct gotmpl_node *n, struct gotmpl_value dot)
{
	int base = m->n_variables;
	struct gotmpl_value v;
	int r = eval_pipe(m, n->pipe, dot, &v);

	if (r == 0 && gotmpl_is_true(v))
		r = walk(m, n->body, n->kind == NODE_WITH ? v : dot);
	else if (r == 0)
		r = walk(m, n->otherwise, dot);
	m->n_variables = base;
	return r;
}

static int walk_action(struct machine *m, const struct gotmpl_node *n, struct gotmpl_value dot)
{
	struct gotmpl_value v;
	int r = eval_pipe(m, n->pipe, dot, &v);

	if (r == 0 && n->pipe->n_variables == 0)
		gotmpl_print(v, true, m->out);
	return r;
}

/* Another template, which sees the value it is given as "." and "$", and no variable. */
static int walk_template(struct machine *m, const struct gotmpl_node *n, struct gotmpl_value dot)
{
	const struct gotmpl_named *called = m->t->named;
	struct variable *above = &m->variables[0], top = *above;
	const char *executing = m->executing;
	struct gotmpl_value v = { 0 };
	int base = m->n_variables, r = n->pipe ? eval_pipe(m, n->pipe, dot, &v) : 0;

	while (called && !str_eq(called->name, n->name))
		called = called->next;
	if (r == 0 && !called)
		return fail_at(m, n->at, n->at, n->at + strlen("template"),
			       "template \"%.100s\" not defined", n->name);
	if (r == 0 && ++m->calls > GOTMPL_CALLS_MAX)
		return fail_at(m, n->at, n->at, n->at + strlen("template"),
			       "exceeded maximum template depth (%d)", GOTMPL_CALLS_MAX);
	if (r < 0)
		return r;
	*above = (struct variable){ "$", v };
	m->executing = n->name;
	r = walk(m, called->body, v);
	m->executing = executing;
	m->calls--;
	*above = top;
	m->n_variables = base;
	return r;
}

/* A list of nodes; an enum flow, or a negative errno. */
static int walk(struct machine *m, const struct gotmpl_node *n, struct gotmpl_value dot)
{
	int r = 0;

	for (; n && r == FLOW_ON; n = n->next) {
		r = count_step(m);
		if (r < 0)
			return r;
		switch (n->kind) {
		case NODE_TEXT:
			buf_add(m->out, m->t->text + n->at, n->len);
			break;
		case NODE_ACTION:
			r = walk_action(m, n, dot);
			break;
		case NODE_IF:
		case NODE_WITH:
			r = walk_if(m, n, dot);
			break;
		case NODE_RANGE:
			r = walk_range(m, n, dot);
			break;
		case NODE_TEMPLATE:
			r = walk_template(m, n, dot);
			break;
		case NODE_BREAK:
			return FLOW_BREAK;
		case NODE_CONTINUE:
			return FLOW_CONTINUE;
		}
	}
	return r;
}

int gotmpl_run(const struct gotmpl *t, struct json_object *data, const struct gotmpl_types *types,
	       struct buf *out, struct err *err)
{
	OWN(mem) struct machine *m = mem_alloc(sizeof(*m));
	OWN(json) struct json_object *keep = json_object_new_array();
	struct gotmpl_value dot = { data, NIL_PLAIN };

	*m = (struct machine){ .executing = "",
			       .t = t,
			       .types = types,
			       .data = data,
			       .keep = keep,
			       .out = out,
			       .err = err };
	(void)push_variable(m, "$", dot);
	return walk(m, t->first, dot);
}
