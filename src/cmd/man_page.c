/*
 * man_page.c - pieces of manual pages in roff
 */
#include "cmd/man_page.h"

#include <ctype.h>

void man_page_text(const char *s, struct buf *out)
{
	bool start = true;

	for (; *s; s++) {
		if (start && (*s == '.' || *s == '\''))
			buf_adds(out, "\\&");
		if (*s == '\\')
			buf_adds(out, "\\e");
		else if (*s == '-')
			buf_adds(out, "\\-");
		else
			buf_addc(out, *s);
		start = *s == '\n';
	}
}

static void man_option(void *ctx, const struct opt *o)
{
	struct buf *out = ctx;

	buf_adds(out, ".TP\n");
	if (o->letter)
		buf_printf(out, "\\fB\\-%c\\fR, ", o->letter);
	buf_adds(out, "\\fB\\-\\-");
	man_page_text(o->name, out);
	buf_adds(out, "\\fR");
	if (o->arg)
		buf_printf(out, " \\fI%s\\fR", o->arg);
	buf_addc(out, '\n');
	man_page_text(o->help, out);
	buf_addc(out, '\n');
}

void man_page_options(const struct opt *table, struct buf *out)
{
	opt_each(table, man_option, out);
}

void man_page_head(const char *name, const char *summary, struct arena *a, struct buf *out)
{
	char *upper = arena_strdup(a, name);

	for (char *c = upper; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	buf_printf(out, ".TH %s 1 \"\" \"Berth %s\" \"Berth\"\n.SH NAME\n%s \\- ", upper,
		   BERTH_VERSION, name);
	man_page_text(summary, out);
	buf_adds(out, "\n.SH SYNOPSIS\n");
}
