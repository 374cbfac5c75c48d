/*
 * tar_out.h - a tar on its way into a file or a pipe
 */
#ifndef IMAGE_TAR_OUT_H
#define IMAGE_TAR_OUT_H

#include "codec/tar_header.h"

#include <sys/types.h>

struct tar_out {
	int fd; /* the caller's */
	bool fractions;
	struct buf buf;
};

/* fractions: of seconds, as pax records; without them a tar is smaller and as old tools write it.
 */
void tar_out_init(struct tar_out *o, int fd, bool fractions);
void tar_out_cleanup(struct tar_out *o);

/* All return 0 or a negative errno of write(2); what was added may still be in the buffer. */
int tar_out_entry(struct tar_out *o, const struct tar_entry *e);
int tar_out_bytes(struct tar_out *o, const void *data, size_t len);
/* From a file, in the kernel. */
int tar_out_range(struct tar_out *o, int from, off_t offset, int64_t len);
/* Behind contents of this size. */
int tar_out_pad(struct tar_out *o, int64_t size);
/* The two blocks of zeros at the end; all is written then. */
int tar_out_end(struct tar_out *o);

#endif
