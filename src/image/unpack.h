/*
 * unpack.h - layers out of an archive into directories, several at once
 */
#ifndef IMAGE_UNPACK_H
#define IMAGE_UNPACK_H

#include "base/err.h"
#include "codec/digest.h"
#include "image/decompress.h"
#include "image/image.h"

#include <stdatomic.h>

struct unpack_job {
	/* the plan */
	struct byte_range range;
	const char *name;        /* in messages: "layer sha256:…" */
	const char *diff_id;     /* what the uncompressed tar must hash to; NULL: whatever it is */
	const char *blob_digest; /* what the bytes in the archive must hash to; NULL: unknown */
	int dirfd;               /* an empty directory */
	/* the result */
	int code;
	struct err err;
	char digest[DIGEST_TEXT]; /* of the uncompressed tar */
	int64_t size, inodes;
	/* meanwhile */
	atomic_llong taken; /* bytes of the archive */
	atomic_bool ended;
};

/*
 * Does all jobs, on as many threads as there are processors and at least two. After the first
 * failure the rest is stopped. Returns the code of the first failed job, whose err is copied to
 * err. report may be NULL. The process's umask must be 0.
 */
int unpack_all(struct unpack_job *jobs, size_t n, const struct image_progress *progress,
	       struct err *err);

#endif
