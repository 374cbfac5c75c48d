/*
 * decompress.h - a stream of bytes out of a file, plain or compressed
 *
 * The first bytes say what it is: gzip, zstd, bzip2, xz; anything else is taken as it is. Several
 * gzip members or zstd frames in a row are one stream. A stream that ends too early is an error.
 */
#ifndef IMAGE_DECOMPRESS_H
#define IMAGE_DECOMPRESS_H

#include "base/err.h"
#include "codec/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct growing;

struct byte_range {
	int fd; /* the caller's */
	off_t offset;
	int64_t size;            /* -1: read(2) from here to the end, for what cannot seek */
	struct growing *growing; /* says how much of the file is there; NULL: all of it */
};

/* Whether the bytes as they are in the file are hashed, too. */
enum decompress_hash { DECOMPRESS_HASH_NOT, DECOMPRESS_HASH_COMPRESSED, DECOMPRESS_HASH_ALWAYS };

struct decompress;
struct memory_budget;

struct decompress_spec {
	struct byte_range range; /* its descriptor must outlive the result */
	enum decompress_hash hash;
	enum digest_algo algo; /* by which */
	/* Of several streams that are read at once: what zstd's windows take together. NULL: none.
	 */
	struct memory_budget *budget;
};

int decompress_open(const struct decompress_spec *spec, struct decompress **ret, struct err *err);
void decompress_close(struct decompress *d);
static inline void decompress_cleanup(struct decompress **d)
{
	decompress_close(*d);
	*d = NULL;
}

/* "plain", "gzip", "zstd", "bzip2" or "xz". */
const char *decompress_name(const struct decompress *d);
bool decompress_is_plain(const struct decompress *d);
/*
 * Fills buf, less only at the end; 0 is the end. -EINVAL for damaged data, for a stream that grows
 * beyond any honest measure (1 GiB and 1100 times what was read), and for zstd frames whose window
 * is larger than MEMORY_BUDGET (memory_budget.h).
 */
ssize_t decompress_read(struct decompress *d, void *buf, size_t size, struct err *err);
/* Bytes taken from the file so far; any thread may ask. */
int64_t decompress_taken(const struct decompress *d);
/* Reads the rest of the range, also after damage, and gives its digest; where it is hashed. */
int decompress_digest(struct decompress *d, char out[DIGEST_TEXT], struct err *err);

#endif
