/*
 * fetch_progress.c - a bar for each layer on a terminal, as docker draws it
 */
#include "base/own.h"
#include "base/str.h"
#include "cmd/fetch.h"
#include "codec/digest.h"
#include "codec/size.h"

#include <sys/ioctl.h>

enum { BAR = 50, SHORT_ID = 12, ROWS = 24 };

static void add_bar(struct buf *out, const struct image_progress_layer *l)
{
	char taken[SIZE_HUMAN_MAX], total[SIZE_HUMAN_MAX];
	int64_t filled = l->total > 0 ? l->taken * BAR / l->total : 0;

	size_human(l->taken, 4, taken);
	if (l->total < 0) {
		buf_printf(out, "Loading layer  %s", taken);
		return;
	}
	size_human(l->total, 4, total);
	buf_adds(out, "Loading layer  [");
	for (int64_t i = 0; i < BAR; i++)
		buf_addc(out, i < filled ? '=' : i == filled ? '>' : ' ');
	buf_printf(out, "]  %s/%s", taken, total);
}

static size_t rows(void)
{
	struct winsize size = { 0 };

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row - 1U
									       : ROWS;
}

void fetch_progress_report(void *ctx, const struct image_progress_layer *layers, size_t n)
{
	struct fetch_progress *p = ctx;
	OWN(buf) struct buf out = { 0 };
	size_t most = rows(), lines = 0;

	if (p->lines)
		buf_printf(&out, "\033[%zuA", p->lines);
	/* More layers than the screen has lines: those that are still at work. */
	for (size_t i = 0; i < n && lines < most; i++) {
		const char *id = layers[i].digest;

		if (n > most && (layers[i].ended || layers[i].taken == 0))
			continue;
		buf_printf(&out, "\r\033[K%.*s: ", SHORT_ID,
			   digest_is_valid(id) ? digest_hex(id) : id);
		add_bar(&out, &layers[i]);
		buf_addc(&out, '\n');
		lines++;
	}
	buf_adds(&out, "\033[J"); /* what an earlier, longer list left */
	p->lines = lines;
	/* One write, so that nothing flickers. Without a terminal that listens nothing is lost. */
	(void)!write(STDERR_FILENO, out.data, out.len);
}
