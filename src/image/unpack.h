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
#include <stdbool.h>

struct unpack_job {
	/* the plan */
	struct byte_range range;
	const char *name;        /* in messages: "layer sha256:…" */
	const char *diff_id;     /* what the uncompressed tar must hash to; NULL: whatever it is */
	const char *blob_digest; /* what the bytes in the archive must hash to; NULL: unknown */
	int dirfd;               /* an empty directory */
	int keep_fd;             /* where compressed bytes are copied to as they are, or -1 */
	bool keep;               /* tell the digest of compressed bytes */
	int record_fd; /* an empty file for tar_record.h, or -1; used if nothing is kept */
	/* the result */
	int code;
	struct err err;
	char digest[DIGEST_TEXT]; /* of the uncompressed tar */
	char packed[DIGEST_TEXT]; /* of the compressed bytes, when keep is set; "" when plain */
	const char *packing;      /* decompress_name(); known before the first byte is unpacked */
	int64_t size, inodes;
	/* meanwhile */
	atomic_llong taken; /* bytes of the archive */
	atomic_bool ended;
};

/* Whether compressed bytes are kept: only those that have a name in registries. Otherwise there is
 * a record. */
bool unpack_keeps(const struct unpack_job *job);

/*
 * A number of threads, as many as there are processors, two to eight, that do jobs in the order
 * in which they are offered. The caller looks after them: what fails does not stop the rest.
 */
struct unpack_pool;

/* At most most jobs are done at a time. The process's umask must be 0 from now on. */
struct unpack_pool *unpack_start(size_t most);
/* The job and what it refers to must stay until it has ended. It may be offered again then. */
void unpack_offer(struct unpack_pool *p, struct unpack_job *job);
/*
 * Waits for wait_ms at most, until a job ends or somebody calls unpack_wake(). True when all jobs
 * that were offered have ended.
 */
bool unpack_wait(struct unpack_pool *p, int wait_ms);
void unpack_wake(struct unpack_pool *p);
/* What has not ended is off: -ECANCELED. A job that waits for bytes must be woken by its source. */
void unpack_stop(struct unpack_pool *p);
/* Waits for the threads; jobs that have not begun never do. */
void unpack_finish(struct unpack_pool *p);
static inline void unpack_pool_cleanup(struct unpack_pool **p)
{
	if (*p)
		unpack_finish(*p);
	*p = NULL;
}

/*
 * Does all jobs, the largest first. After the first failure the rest is stopped. Returns the code
 * of the first failed job, whose err is copied to err. report may be NULL.
 */
int unpack_all(struct unpack_job *jobs, size_t n, const struct image_progress *progress,
	       struct err *err);

#endif
