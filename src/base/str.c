/*
 * str.c - strings, string lists and growing buffers
 */
#include "base/str.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>

char *str_dup(const char *s)
{
	size_t len;
	char *copy;

	if (!s)
		return NULL;
	len = strlen(s) + 1;
	copy = mem_alloc(len);
	memcpy(copy, s, len);
	return copy;
}

static void buf_vprintf(struct buf *b, const char *fmt, va_list ap);

char *str_printf(const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	return buf_take(&b);
}

const char *str_after(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s && strncmp(s, prefix, len) == 0 ? s + len : NULL;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s), tail = strlen(suffix);

	return len >= tail && strcmp(s + len - tail, suffix) == 0;
}

/* True when an array of n items that grows by doubling (with one spare for the NULL) is full. */
static bool is_full(size_t n)
{
	return (n & (n - 1)) == 0;
}

void strv_add(struct strv *v, struct arena *a, const char *s)
{
	if (is_full(v->n)) {
		const char **grown = arena_array(a, v->n ? v->n * 2 + 1 : 2, sizeof(*grown));

		if (v->n)
			memcpy(grown, v->items, v->n * sizeof(*grown));
		v->items = grown;
	}
	v->items[v->n++] = s;
	v->items[v->n] = NULL;
}

bool strv_has(const struct strv *v, const char *s)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->items[i], s))
			return true;
	return false;
}

struct strv strv_split(struct arena *a, const char *s, char sep)
{
	struct strv v = { 0 };
	const char *end;

	while ((end = strchr(s, sep))) {
		strv_add(&v, a, arena_strndup(a, s, (size_t)(end - s)));
		s = end + 1;
	}
	strv_add(&v, a, arena_strdup(a, s));
	return v;
}

char *strv_join(const struct strv *v, struct arena *a, const char *sep)
{
	struct buf b = { 0 };
	char *s;

	for (size_t i = 0; i < v->n; i++) {
		if (i)
			buf_adds(&b, sep);
		buf_adds(&b, v->items[i]);
	}
	s = arena_strdup(a, buf_text(&b));
	buf_done(&b);
	return s;
}

const char *str_map_get(const struct str_map *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->items[i].key, key))
			return m->items[i].value;
	return NULL;
}

void str_map_set(struct str_map *m, struct arena *a, const char *key, const char *value)
{
	for (size_t i = 0; i < m->n; i++) {
		if (str_eq(m->items[i].key, key)) {
			m->items[i].value = value;
			return;
		}
	}
	if (is_full(m->n)) {
		struct str_pair *grown = arena_array(a, m->n ? m->n * 2 : 1, sizeof(*grown));

		if (m->n)
			memcpy(grown, m->items, m->n * sizeof(*grown));
		m->items = grown;
	}
	m->items[m->n++] = (struct str_pair){ key, value };
}

static void reserve(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 64;

	if (__builtin_add_overflow(b->len, more, &more) || more >= SIZE_MAX / 4)
		mem_exhausted(more);
	if (more < b->cap)
		return;
	while (cap <= more)
		cap *= 2;
	b->data = mem_resize(b->data, cap, 1);
	b->cap = cap;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

static void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		len = 0;
	reserve(b, (size_t)len);
	(void)vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
	b->len += (size_t)len;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_take(struct buf *b)
{
	char *s = b->data ? b->data : str_dup("");

	*b = (struct buf){ 0 };
	return s;
}

void buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}
