/*
 * zstd_frame.h - what the beginning of a zstd frame says of the memory that its decoder needs
 *
 * RFC 8878, 3.1.1.1 (frame header) and 3.1.2 (skippable frames).
 */
#ifndef CODEC_ZSTD_FRAME_H
#define CODEC_ZSTD_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum { ZSTD_FRAME_HEADER_MAX = 18 };

/*
 * The bytes of window of the frame that begins here; 0 for a skippable one. -EAGAIN: more than n
 * bytes are needed to tell, ZSTD_FRAME_HEADER_MAX at most. -EINVAL: no frame.
 */
int64_t zstd_frame_window(const unsigned char *bytes, size_t n);

#endif
