/*
 * zstd_frame.c - the header of a zstd frame
 */
#include "codec/zstd_frame.h"

#include <errno.h>
#include <string.h>

enum { MAGIC = 4, WINDOW_LOG_LEAST = 10 };
static const unsigned char content_sizes[] = { 1, 2, 4, 8 };

static int64_t by_descriptor(unsigned char descriptor)
{
	int64_t base = (int64_t)1 << (WINDOW_LOG_LEAST + (descriptor >> 3));

	return base + base / 8 * (descriptor & 7);
}

/* A frame in one segment has the size of its content instead, which is the window. */
static int64_t by_content(const unsigned char *field, unsigned code)
{
	uint64_t size = 0;

	for (unsigned i = 0; i < content_sizes[code]; i++)
		size |= (uint64_t)field[i] << (8 * i);
	if (code == 1)
		size += 256;
	return size > INT64_MAX ? INT64_MAX : (int64_t)size;
}

int64_t zstd_frame_window(const unsigned char *bytes, size_t n)
{
	static const unsigned char dictionary_sizes[] = { 0, 1, 2, 4 };
	unsigned descriptor, content, dictionary;

	if (n < MAGIC)
		return -EAGAIN;
	if ((bytes[0] & 0xf0) == 0x50 && memcmp(bytes + 1, "\x2a\x4d\x18", 3) == 0)
		return 0;
	if (memcmp(bytes, "\x28\xb5\x2f\xfd", MAGIC) != 0)
		return -EINVAL;
	if (n < MAGIC + 2)
		return -EAGAIN;
	descriptor = bytes[MAGIC];
	if (!(descriptor & 0x20))
		return by_descriptor(bytes[MAGIC + 1]);
	content = descriptor >> 6;
	dictionary = dictionary_sizes[descriptor & 3];
	if (n < MAGIC + 1 + dictionary + content_sizes[content])
		return -EAGAIN;
	return by_content(bytes + MAGIC + 1 + dictionary, content);
}
