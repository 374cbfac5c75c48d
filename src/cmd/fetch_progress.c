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

static void add_bar(struct buf *out, const struct image_progress_layer *l)
{
	char taken[SIZE_HUMAN_MAX], total[SIZE_HUMAN_MAX];
	int64_t done;
	const char *phase = phase_of(l, &done);
	int64_t filled = l->total > 0 ? done * BAR / l->total : 0;

	size_human(done, 4, taken);
	if (l->total < 0) {
		buf_printf(out, "%s  %s", phase, taken);
		return;
	}
	size_human(l->total, 4, total);
	buf_printf(out, "%s  [", phase);
	for (int64_t i = 0; i < BAR; i++)
		buf_addc(out, i < filled ? '=' : i == filled ? '>' : ' ');
	buf_printf(out, "]  %s/%s", taken, total);
}

static size_t rows(int fd)
{
	struct winsize size = { 0 };

	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row - 1U : ROWS;
}

void fetch_progress_report(void *ctx, const struct image_progress_layer *layers, size_t n)
{
	struct fetch_progress *p = ctx;
	OWN(buf) struct buf out = { 0 };
	size_t most = rows(p->fd), lines = 0;

	if (p->lines)
		buf_printf(&out, "\033[%zuA", p->lines);
	/* More layers than the screen has lines: those that are still at work. */
	for (size_t i = 0; i < n && lines < most; i++) {
		const char *id = layers[i].digest;

		if (n > most && (layers[i].ended || layers[i].taken + layers[i].fetched == 0))
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
	(void)!write(p->fd, out.data, out.len);
}
