/*
 * help.c - help in docker's layout, and manual pages, from the tables of commands and options
 */
#include "cmd/help.h"

#include "base/mem.h"
#include "base/own.h"
#include "cmd/man_page.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_DEFAULT = 80 };

static size_t columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return COLUMNS_DEFAULT;
}

/* -- lists of commands -- */

struct entry {
	const char *name, *summary;
};

struct entries {
	struct entry *items;
	size_t n;
};

static void entries_cleanup(struct entries *e)
{
	free(e->items);
}

static void entries_add(struct entries *e, const char *name, const char *summary)
{
	e->items = mem_resize(e->items, e->n + 1, sizeof(*e->items));
	e->items[e->n++] = (struct entry){ name, summary };
}

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void print_entries(const char *title, struct entries *e, bool sort, struct buf *out)
{
	if (sort && e->n)
		qsort(e->items, e->n, sizeof(*e->items), by_name);
	buf_printf(out, "\n%s:\n", title);
	for (size_t i = 0; i < e->n; i++)
		buf_printf(out, "  %-11s %s\n", e->items[i].name, e->items[i].summary);
}

static void collect_top(bool common, struct entries *e)
{
	for (const struct cmd *c = cmd_next(NULL); c; c = cmd_next(c))
		if (c->top && !(c->flags & CMD_HIDDEN) && !!(c->flags & CMD_COMMON) == common)
			entries_add(e, c->top, c->summary);
}

void help_top(struct arena *a, struct buf *out)
{
	OWN(entries) struct entries common = { 0 }, nouns = { 0 }, others = { 0 };

	(void)a;
	collect_top(true, &common);
	collect_top(false, &others);
	for (const struct cmd_noun *n = cmd_nouns; n->name; n++)
		if (!strchr(n->name, ' '))
			entries_add(&nouns, n->name, n->summary);
	buf_adds(out, "Usage:  berth [OPTIONS] COMMAND\n\nContainers without a daemon\n");
	print_entries("Common Commands", &common, false, out);
	print_entries("Management Commands", &nouns, true, out);
	print_entries("Commands", &others, true, out);
	buf_adds(out, "\nGlobal Options:\n");
	opt_help(cmd_global_opts, columns() - 1, out);
	buf_adds(out, "\nRun 'berth COMMAND --help' for more information on a command.\n");
}

void help_noun(const struct cmd_noun *noun, struct arena *a, struct buf *out)
{
	OWN(entries) struct entries e = { 0 };

	for (const struct cmd *c = cmd_next(NULL); c; c = cmd_next(c))
		if (str_eq(c->noun, noun->name) && !(c->flags & CMD_HIDDEN))
			entries_add(&e, cmd_name(c, a), c->summary);
	for (const struct cmd_noun *n = cmd_nouns; n->name; n++) {
		const char *rest = str_after(n->name, noun->name);

		if (rest && *rest == ' ')
			entries_add(&e, rest + 1, n->summary);
	}
	buf_printf(out, "Usage:  berth %s COMMAND\n\n%s\n", noun->name, noun->summary);
	print_entries("Commands", &e, true, out);
	buf_printf(out, "\nRun 'berth %s COMMAND --help' for more information on a command.\n",
		   noun->name);
}

/* -- one command -- */

/* "berth container ls, berth container list, berth ps"; nothing when there is one name only. */
static void add_aliases(const struct cmd *c, struct buf *out)
{
	const char *words = c->names;

	if (!c->noun || !words || (!c->top && !strchr(words, ' ')))
		return;
	buf_adds(out, "\nAliases:\n  ");
	while (*words) {
		size_t len = strcspn(words, " ");

		buf_printf(out, "berth %s %.*s", c->noun, (int)len, words);
		words += len + (words[len] == ' ');
		if (*words || c->top)
			buf_adds(out, ", ");
	}
	if (c->top)
		buf_printf(out, "berth %s", c->top);
	buf_addc(out, '\n');
}

void help_command(const struct cmd *c, struct arena *a, struct buf *out)
{
	buf_printf(out, "Usage:  berth %s%s%s\n\n%s\n", cmd_title(c, a), *c->usage ? " " : "",
		   c->usage, c->summary);
	add_aliases(c, out);
	if (opt_row(c->opts)) {
		buf_adds(out, "\nOptions:\n");
		opt_help(c->opts, columns() - 1, out);
	}
}

/* -- manual pages -- */

/* berth-container-prune(1): the name of a command's page. */
static const char *page(const char *title, struct arena *a)
{
	char *name = arena_printf(a, "berth-%s", title);

	for (char *c = name; *c; c++)
		if (*c == ' ')
			*c = '-';
	return name;
}

static void man_command(const struct cmd *c, struct arena *a, struct buf *out)
{
	const char *title = cmd_title(c, a);

	man_page_head(page(title, a), c->summary, a, out);
	buf_printf(out, "\\fBberth %s\\fR ", title);
	man_page_text(c->usage, out);
	buf_adds(out, "\n");
	if (opt_row(c->opts)) {
		buf_adds(out, ".SH OPTIONS\n");
		man_page_options(c->opts, out);
	}
	buf_adds(out, ".SH EXIT STATUS\n");
	if (c->flags & CMD_STATUS_125)
		buf_adds(
			out,
			"The command's own; 125 when Berth itself fails, 126 when the command cannot be "
			"executed, 127 when it is not found, 128 and the signal's number when a signal "
			"ended it.\n");
	else
		buf_adds(out, "0, or 1 when something failed; 125 for options that are wrong.\n");
	buf_adds(out, ".SH SEE ALSO\n.BR berth (1)\n");
}

static void man_entry(const struct cmd *c, struct arena *a, struct buf *out)
{
	const char *title = cmd_title(c, a);

	buf_printf(out, ".TP\n\\fBberth %s\\fR\n", title);
	man_page_text(c->summary, out);
	buf_adds(out, "\n");
}

void help_man(const struct cmd *c, struct arena *a, struct buf *out)
{
	if (c) {
		man_command(c, a, out);
		return;
	}
	man_page_head("berth", "containers without a daemon", a, out);
	buf_adds(out, "\\fBberth\\fR [OPTIONS] COMMAND\n.SH OPTIONS\n");
	man_page_options(cmd_global_opts, out);
	buf_adds(out, ".SH COMMANDS\n");
	for (c = cmd_next(NULL); c; c = cmd_next(c))
		if (!(c->flags & CMD_HIDDEN))
			man_entry(c, a, out);
	buf_adds(
		out,
		".SH ENVIRONMENT\n.TP\n\\fBBERTH_ROOT\\fR\nDirectory of images and containers, unless "
		"\\fB\\-\\-root\\fR is given.\n.TP\n\\fBBERTH_STATE\\fR\nDirectory of what runs, unless "
		"\\fB\\-\\-state\\fR is given.\n");
}
