/*
 * format.h - lists in the form that --format asks for: a table, a template, JSON
 */
#ifndef CMD_FORMAT_H
#define CMD_FORMAT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct json_object;
struct gotmpl;

struct format_heading {
	const char *field, *heading;
};

/* What is listed: constant, one for each command. */
struct format_kind {
	const char *type; /* Go's name in messages: "*formatter.ContainerContext" */
	const struct format_heading *headings; /* ends with a row without a field */
};

struct format {
	const struct format_kind *kind;
	const struct gotmpl *template;
	bool is_table;
	struct buf rows;
};

static inline void format_cleanup(struct format *f)
{
	buf_done(&f->rows);
}

/*
 * text is the user's ("json", "table", "table TEMPLATE", TEMPLATE) or NULL; a table without a
 * template has usual_table. The template is the arena's. -EINVAL "template parsing error: …".
 */
int format_init(struct format *f, const struct format_kind *kind, const char *text,
		const char *usual_table, struct arena *a, struct err *err);
/* Whether rows need this field: for those that cost something. */
bool format_uses(const struct format *f, const char *field);
/* One row, an object with the kind's fields; labels serve .Label, and may be NULL. */
int format_row(struct format *f, struct json_object *row, const struct str_map *labels,
	       struct err *err);
/* Appends headings and rows to out. */
int format_finish(struct format *f, struct buf *out, struct err *err);

/* One document with a template (inspect, info, version): output and a newline. */
int format_document(const char *text, struct json_object *doc, struct arena *a, struct buf *out,
		    struct err *err);

#endif
