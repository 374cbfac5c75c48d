/*
 * str.h - strings, string lists and growing buffers
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Heap strings: the caller frees (OWN(str)). NULL in gives NULL out. */
char *str_dup(const char *s);
char *str_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static inline bool str_eq(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline bool str_is_empty(const char *s)
{
	return !s || !*s;
}

/* What follows prefix in s, or NULL when s does not begin with it. */
const char *str_after(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/*
 * A list of strings. items is NULL when n is 0, and otherwise has a NULL behind the last item,
 * so that it serves as argv. A list in a document belongs to the document's arena and grows by
 * strv_add(); the strings are not copied.
 */
struct strv {
	const char **items;
	size_t n;
};

/* Appends; the array is the arena's (grown by doubling), s must live as long as the arena. */
void strv_add(struct strv *v, struct arena *a, const char *s);
bool strv_has(const struct strv *v, const char *s);
/* Splits at every sep; empty parts are kept; "" gives one empty part. Strings are the arena's. */
struct strv strv_split(struct arena *a, const char *s, char sep);
char *strv_join(const struct strv *v, struct arena *a, const char *sep);

/* Pairs of strings in the order in which they came: labels, annotations, environment. */
struct str_pair {
	const char *key;
	const char *value;
};

struct str_map {
	struct str_pair *items;
	size_t n;
};

/* The value of key, or NULL. */
const char *str_map_get(const struct str_map *m, const char *key);
/* Replaces or appends; strings are not copied. */
void str_map_set(struct str_map *m, struct arena *a, const char *key, const char *value);

/* A growing byte buffer; data is NUL-terminated whenever it is not NULL. {0} is empty. */
struct buf {
	char *data;
	size_t len;
	size_t cap;
};

void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The text ("" when nothing was added); stays the buffer's. */
const char *buf_text(const struct buf *b);
/* The text as a heap string that the caller frees; the buffer is empty again. */
char *buf_take(struct buf *b);
void buf_done(struct buf *b);
static inline void buf_cleanup(struct buf *b)
{
	buf_done(b);
}

#endif
