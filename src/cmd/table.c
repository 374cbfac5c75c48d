/*
 * table.c - columns as Go's text/tabwriter lays them out for docker
 *
 * A column is a run of lines that all have a cell there which a tab ends; its width is its widest
 * cell's. Columns nest: the one to the right is laid out within the lines of the one to the left.
 */
#include "cmd/table.h"

#include "base/mem.h"
#include "base/own.h"

enum { PADDING = 3, COLUMNS_MAX = 64 };

struct line {
	const char *text;
	size_t len;
	size_t tabs;
};

struct layout {
	const struct line *lines;
	size_t widths[COLUMNS_MAX];
	size_t n_widths, least;
	struct buf *out;
};

static size_t width_of(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

/* Cell i of a line, which has one there. */
static const char *cell(const struct line *l, size_t i, size_t *ret_len)
{
	const char *s = l->text, *end = l->text + l->len, *tab;

	while (i--)
		s = (const char *)memchr(s, '\t', (size_t)(end - s)) + 1;
	tab = memchr(s, '\t', (size_t)(end - s));
	*ret_len = (size_t)((tab ? tab : end) - s);
	return s;
}

static void write_line(struct layout *t, const struct line *l)
{
	for (size_t i = 0; i <= l->tabs; i++) {
		size_t len;
		const char *s = cell(l, i, &len);

		buf_add(t->out, s, len);
		if (i < t->n_widths)
			buf_printf(t->out, "%*s", (int)(t->widths[i] - width_of(s, len)), "");
	}
	buf_addc(t->out, '\n');
}

static void write_lines(struct layout *t, size_t from, size_t to)
{
	for (; from < to; from++)
		write_line(t, &t->lines[from]);
}

static void lay_out(struct layout *t, size_t from, size_t to)
{
	size_t column = t->n_widths;

	for (size_t i = from; i < to; i++) {
		size_t width = t->least;

		if (column >= t->lines[i].tabs || column == COLUMNS_MAX)
			continue;
		write_lines(t, from, i);
		from = i;
		for (; i < to && column < t->lines[i].tabs; i++) {
			size_t len, w;
			const char *s = cell(&t->lines[i], column, &len);

			w = width_of(s, len) + PADDING;
			if (w > width)
				width = w;
		}
		t->widths[t->n_widths++] = width;
		lay_out(t, from, i);
		t->n_widths--;
		from = i;
	}
	write_lines(t, from, to);
}

void table_write(const char *text, size_t least, struct buf *out)
{
	OWN(mem) struct line *lines = NULL;
	struct layout t = { .least = least, .out = out };
	size_t n = 0, count = 1;

	for (const char *s = text; *s; s++)
		count += *s == '\n';
	lines = mem_alloc(count * sizeof(*lines));
	while (*text) {
		struct line *l = &lines[n++];

		l->text = text;
		l->len = strcspn(text, "\n");
		for (size_t i = 0; i < l->len; i++)
			l->tabs += text[i] == '\t';
		text += l->len + (text[l->len] == '\n');
	}
	t.lines = lines;
	lay_out(&t, 0, n);
}
