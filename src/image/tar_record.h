/*
 * tar_record.h - what a layer's tar was, bit for bit, without the contents of its files
 *
 * A record is a file: the letters "berthtar", the length of the tar (8 bytes, the lowest first) and
 * the list of tar_ops.h, compressed by zstd. With the layer's directory it gives the tar again.
 */
#ifndef IMAGE_TAR_RECORD_H
#define IMAGE_TAR_RECORD_H

#include "base/err.h"
#include "codec/digest.h"
#include "image/tar_outlet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* -- writing, while the layer is unpacked -- */

struct tar_record;

/* fd: an empty file, the caller's, which outlives the record. */
struct tar_record *tar_record_new(int fd);
void tar_record_free(struct tar_record *t);
static inline void tar_record_cleanup(struct tar_record **t)
{
	tar_record_free(*t);
	*t = NULL;
}

/* The next bytes of the tar, before they are unpacked. */
void tar_record_add(struct tar_record *t, const void *data, size_t len);
/* A regular file of this size was written under this name of the archive. */
void tar_record_wrote(struct tar_record *t, const char *path, int64_t size);
/*
 * After the last byte. lost: a file that was written has been replaced. -ENODATA when the directory
 * does not hold all that was in the tar; the file then says so, too.
 */
int tar_record_end(struct tar_record *t, bool lost);

/* -- reading -- */

/* The length of the tar that a record is of. -ENODATA: of one that gave no record; -EBADMSG. */
int tar_record_size(int fd, int64_t *ret);
/*
 * Hands the whole tar to sink, in a thread of its own, from a record and the layer's directory, and
 * gives its digest. -EIO when a file is missing or has another size, -EBADMSG when the record is
 * damaged. The caller holds the digest against the one it must be: other contents are not noticed
 * here.
 */
int tar_record_rebuild(int fd, int tree, tar_sink_fn *sink, void *ctx, char ret_digest[DIGEST_TEXT],
		       struct err *err);

#endif
