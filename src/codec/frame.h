/*
 * frame.h - frames of a byte stream: one byte of type, three zero bytes, length, payload
 *
 * The header is the one of Docker's attach stream: the length is 32 bits, big-endian. What a type
 * means and how long its payload may be is the caller's.
 */
#ifndef CODEC_FRAME_H
#define CODEC_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum { FRAME_HEADER = 8 };

void frame_header(unsigned char out[FRAME_HEADER], unsigned type, size_t len);

/* One frame being received, in pieces of any size. All zero: none has begun. */
struct frame {
	unsigned char header[FRAME_HEADER];
	uint32_t have; /* bytes of header and payload that came */
	uint8_t type;  /* from FRAME_HEAD on */
	uint32_t len;
};

enum frame_event {
	FRAME_MORE,  /* nothing to do yet */
	FRAME_HEAD,  /* type and length are known; the payload follows: is there room for it? */
	FRAME_WHOLE, /* the payload is complete (also after the header of one without any) */
};

/* Where the next bytes go, and how many at most; payload: the caller's room for len bytes. */
void *frame_room(struct frame *f, void *payload, size_t *ret_size);
/* n bytes were put there: an enum frame_event, or -EPROTO when this is no header. */
int frame_took(struct frame *f, size_t n);
/* After FRAME_WHOLE: the next one begins. */
void frame_next(struct frame *f);

#endif
