/* fuzz_shim_frame.c - frames in pieces of any size are the same as in one */
#include "codec/frame.h"

#include "base/own.h"

#include <string.h>

enum { ROOM = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A sum over types and payloads of all whole frames. */
static uint64_t take_frames(const uint8_t *data, size_t size, size_t piece)
{
	static unsigned char payload[ROOM];
	struct frame f = { 0 };
	uint64_t sum = 1;

	while (size > 0) {
		size_t want;
		void *room = frame_room(&f, payload, &want);
		int event;

		want = want < piece ? want : piece;
		want = want < size ? want : size;
		memcpy(room, data, want);
		data += want;
		size -= want;
		event = frame_took(&f, want);
		if (event < 0 || (event == FRAME_HEAD && f.len > ROOM))
			return sum * 31 + 7;
		if (event != FRAME_WHOLE)
			continue;
		sum = sum * 31 + f.type;
		for (size_t i = 0; i < f.len; i++)
			sum = sum * 31 + payload[i];
		frame_next(&f);
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (take_frames(data, size, 1) != take_frames(data, size, ROOM))
		abort();
	return 0;
}
