/*
 * frame.c - frames of a byte stream
 *
 * The receiver says where bytes go before it reads them, so a payload is read to where it is used,
 * and never a byte beyond the frame: the rest stays in the socket, where poll() sees it.
 */
#include "codec/frame.h"

#include <errno.h>
#include <stdbool.h>

enum { LEN_AT = 4 };

void frame_header(unsigned char out[FRAME_HEADER], unsigned type, size_t len)
{
	out[0] = (unsigned char)type;
	out[1] = out[2] = out[3] = 0;
	for (int i = 0; i < 4; i++)
		out[LEN_AT + i] = (unsigned char)(len >> (24 - 8 * i));
}

void *frame_room(struct frame *f, void *payload, size_t *ret_size)
{
	if (f->have < FRAME_HEADER) {
		*ret_size = FRAME_HEADER - f->have;
		return f->header + f->have;
	}
	*ret_size = f->len - (f->have - FRAME_HEADER);
	return (char *)payload + (f->have - FRAME_HEADER);
}

int frame_took(struct frame *f, size_t n)
{
	bool head = f->have < FRAME_HEADER;

	f->have += (uint32_t)n;
	if (f->have < FRAME_HEADER)
		return FRAME_MORE;
	if (head) {
		const unsigned char *h = f->header;

		if (h[1] || h[2] || h[3])
			return -EPROTO;
		f->type = h[0];
		f->len = (uint32_t)h[LEN_AT] << 24 | (uint32_t)h[LEN_AT + 1] << 16 |
			 (uint32_t)h[LEN_AT + 2] << 8 | h[LEN_AT + 3];
		if (f->len > UINT32_MAX - FRAME_HEADER)
			return -EPROTO;
		return f->len ? FRAME_HEAD : FRAME_WHOLE;
	}
	return f->have - FRAME_HEADER == f->len ? FRAME_WHOLE : FRAME_MORE;
}

void frame_next(struct frame *f)
{
	f->have = 0;
}
