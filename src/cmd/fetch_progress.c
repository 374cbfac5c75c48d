/*
 * fetch_progress.c - a bar for each layer on a terminal, as docker draws it
 */
#include "base/mem.h"
#include "base/own.h"
#include "base/str.h"
#include "cmd/fetch.h"
#include "codec/digest.h"
#include "codec/size.h"

#include <sys/ioctl.h>
#include <time.h>

enum { BAR = 50, SHORT_ID = 12, ROWS = 24 };

/* What a layer that is pulled is at: bytes from the registry, then bytes that are unpacked. */
static const char *phase_of(const struct image_progress_layer *l, int64_t *ret_done)
{
	*ret_done = l->taken;
	switch (l->state) {
	case IMAGE_LAYER_FETCHING:
		*ret_done = l->fetched;
		return "Downloading";
	case IMAGE_LAYER_UNPACKING:
		return "Extracting";
	case IMAGE_LAYER_ENDED:
		return "Pull complete";
	case IMAGE_LAYER_PRESENT:
		return "Already exists";
	case IMAGE_LAYER_WAITING:
		return "Waiting";
	case IMAGE_LAYER_LOADING:
		break;
	}
	return "Loading layer";
}

static void add_bar(struct buf *out, const struct fetch_row *row)
{
	char taken[SIZE_HUMAN_MAX], total[SIZE_HUMAN_MAX];
	int64_t filled = row->total > 0 ? row->done * BAR / row->total : 0;

	buf_adds(out, row->phase);
	if (row->done < 0)
		return;
	size_human(row->done, 4, taken);
	if (row->total < 0) {
		buf_printf(out, "  %s", taken);
		return;
	}
	size_human(row->total, 4, total);
	buf_adds(out, "  [");
	for (int64_t i = 0; i < BAR; i++)
		buf_addc(out, i < filled ? '=' : i == filled ? '>' : ' ');
	buf_printf(out, "]  %s/%s", taken, total);
}

static size_t rows(int fd)
{
	struct winsize size = { 0 };

	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row - 1U : ROWS;
}

void fetch_progress_draw(struct fetch_progress *p, const struct fetch_row *list, size_t n)
{
	OWN(buf) struct buf out = { 0 };
	size_t most = rows(p->fd), lines = 0;

	if (p->lines)
		buf_printf(&out, "\033[%zuA", p->lines);
	/* More layers than the screen has lines: those that are still at work. */
	for (size_t i = 0; i < n && lines < most; i++) {
		const char *id = list[i].id;

		if (n > most && (list[i].over || list[i].done <= 0))
			continue;
		buf_printf(&out, "\r\033[K%.*s: ", SHORT_ID,
			   digest_is_valid(id) ? digest_hex(id) : id);
		add_bar(&out, &list[i]);
		buf_addc(&out, '\n');
		lines++;
	}
	buf_adds(&out, "\033[J"); /* what an earlier, longer list left */
	p->lines = lines;
	/* One write, so that nothing flickers. Without a terminal that listens nothing is lost. */
	(void)!write(p->fd, out.data, out.len);
}

void fetch_progress_report(void *ctx, const struct image_progress_layer *layers, size_t n)
{
	OWN(mem) struct fetch_row *list = mem_alloc(n * sizeof(*list));

	for (size_t i = 0; i < n; i++) {
		struct fetch_row *row = &list[i];

		row->id = layers[i].digest;
		row->phase = phase_of(&layers[i], &row->done);
		row->total = layers[i].total;
		row->over = layers[i].ended;
	}
	fetch_progress_draw(ctx, list, n);
}

double fetch_progress_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void fetch_progress_summary(const char *what, int64_t bytes, double took_s, struct buf *out)
{
	char moved[SIZE_HUMAN_MAX], rate[SIZE_HUMAN_MAX];

	size_human(bytes, 4, moved);
	size_human((int64_t)((double)bytes / (took_s > 0.001 ? took_s : 0.001)), 3, rate);
	buf_printf(out, "%s %s in %.1f s (%s/s)\n", what, moved, took_s, rate);
}
