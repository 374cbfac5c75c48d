/*
 * gotmpl.h - Go's text/template over JSON trees: what --format takes
 *
 * https://pkg.go.dev/text/template, with docker's functions (json, join, split, lower, upper,
 * title, pad, truncate). Objects are walked in the order of their keys, sorted, as Go walks maps.
 *
 * A template is a user's text: nesting, steps and output are limited.
 */
#ifndef CODEC_GOTMPL_H
#define CODEC_GOTMPL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct json_object;
struct gotmpl;

/* What Go would know from the types of the data, and a JSON tree does not say. */
struct gotmpl_types {
	/* Type in "can't evaluate field X in type T"; NULL: the data is a map, as in `inspect`. */
	const char *name;
	/* Members that are maps: a missing key in one is "<no value>", not an error;
	 * NULL-terminated. */
	const char *const *maps;
	/* Members that are lists and pointers: nil, or not there, they are "[]" and "<nil>";
	 * NULL-terminated. */
	const char *const *lists, *const *pointers;
	/* The data are the headings of a table: what changes words leaves them, nothing is missing.
	 */
	bool headings;
	/* A method with one string argument, .Label "x"; NULL: no such method. The result is the
	 * caller's. */
	struct json_object *(*method)(const void *ctx, const char *name, const char *arg,
				      bool *ret_known);
	const void *ctx;
};

/* The tree is the arena's. -EINVAL with Go's words: "template: :1: unexpected …". */
int gotmpl_parse(const char *text, struct arena *a, struct gotmpl **ret, struct err *err);

/*
 * Appends the output for data. -EINVAL with Go's words, "template: :1:2: executing …"; what was
 * written before the error stays in out.
 */
int gotmpl_run(const struct gotmpl *t, struct json_object *data, const struct gotmpl_types *types,
	       struct buf *out, struct err *err);

/* Whether it reads field .name of the data's top by name (docker computes .Size only then). */
bool gotmpl_uses(const struct gotmpl *t, const char *name);

#endif
