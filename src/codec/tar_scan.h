/*
 * tar_scan.h - which bytes of a tar are contents of files, and which are everything else
 *
 * The tar comes in pieces of any size. What is not understood is "everything else" to its end: the
 * answer is then longer than it need be, never wrong.
 */
#ifndef CODEC_TAR_SCAN_H
#define CODEC_TAR_SCAN_H

#include "codec/tar_header.h"

struct tar_scan_sink {
	/* Headers, padding, contents of what is no plain file. */
	void (*raw)(void *ctx, const void *data, size_t len);
	/* The contents of a regular file come here; they are not handed on. */
	void (*file)(void *ctx, const char *path, int64_t size);
	void *ctx;
};

struct tar_scan;

struct tar_scan *tar_scan_new(const struct tar_scan_sink *sink);
void tar_scan_free(struct tar_scan *s);
static inline void tar_scan_cleanup(struct tar_scan **s)
{
	tar_scan_free(*s);
	*s = NULL;
}

void tar_scan_add(struct tar_scan *s, const void *data, size_t len);
/* At the end: what was held back. False when the tar ended inside of a file's contents. */
bool tar_scan_end(struct tar_scan *s);

#endif
