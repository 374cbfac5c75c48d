/*
 * gotmpl_uses.c - what a template reads of its data
 *
 * A template that is defined counts as called, for with what data is known only when it runs.
 */
#include "codec/gotmpl.h"
#include "codec/gotmpl_tree.h"

static bool pipe_uses(const struct gotmpl_pipe *pipe, const char *name);

static bool operand_uses(const struct gotmpl_operand *o, const char *name)
{
	bool top = o->kind == OPERAND_DOT || (o->kind == OPERAND_VARIABLE && str_eq(o->name, "$"));

	if (o->kind == OPERAND_PIPE)
		return pipe_uses(o->pipe, name);
	return top && o->fields.n > 0 && str_eq(o->fields.items[0], name);
}

static bool pipe_uses(const struct gotmpl_pipe *pipe, const char *name)
{
	for (const struct gotmpl_command *c = pipe->commands; c; c = c->next)
		for (size_t i = 0; i < c->n; i++)
			if (operand_uses(&c->args[i], name))
				return true;
	return false;
}

static bool list_uses(const struct gotmpl_node *n, const char *name)
{
	for (; n; n = n->next)
		if ((n->pipe && pipe_uses(n->pipe, name)) || list_uses(n->body, name) ||
		    list_uses(n->otherwise, name))
			return true;
	return false;
}

bool gotmpl_uses(const struct gotmpl *t, const char *name)
{
	for (const struct gotmpl_named *n = t->named; n; n = n->next)
		if (list_uses(n->body, name))
			return true;
	return list_uses(t->first, name);
}
