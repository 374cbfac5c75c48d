/*
 * filter.h - --filter NAME=VALUE of lists, with docker's ways of matching
 */
#ifndef CMD_FILTER_H
#define CMD_FILTER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

/* Filters by name: several of one name are alternatives, different names must all match. */
struct filter {
	struct str_pair *items;
	size_t n;
};

/* allowed ends with NULL. -EINVAL "invalid filter 'x'". */
int filter_parse(const struct strv *texts, const char *const *allowed, struct arena *a,
		 struct filter *ret, struct err *err);
bool filter_has(const struct filter *f, const char *name);

/* True when there is no filter of that name, or one is equal, or one matches as a regular
 * expression. */
bool filter_equals(const struct filter *f, const char *name, const char *value);
bool filter_matches(const struct filter *f, const char *name, const char *value);
/* True when every label filter ("key" or "key=value") is in the map. */
bool filter_labels(const struct filter *f, const char *name, const struct str_map *labels);
/* True when none of them is. */
bool filter_lacks_labels(const struct filter *f, const char *name, const struct str_map *labels);
/* Whether any pattern of that name fits by glob; as filter_equals(). */
bool filter_globs(const struct filter *f, const char *name, const char *value);

/* Walks values of one name: i is where to begin, *ret_value the next one; returns where to go on, 0
 * at the end. */
size_t filter_next(const struct filter *f, const char *name, size_t i, const char **ret_value);

#endif
