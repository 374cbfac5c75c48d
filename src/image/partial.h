/*
 * partial.h - inside the image room: a blob of which a part is there, to be gone on with
 *
 * ROOT/partial/sha256-HEX is the blob, in chunks that may come in any order, and behind it how much
 * of each chunk there is. So what a killed pull has downloaded is not lost; whether it is what it
 * should be, only the digest of the whole says.
 */
#ifndef IMAGE_PARTIAL_H
#define IMAGE_PARTIAL_H

#include "image/image_store.h"

#include <stddef.h>
#include <stdint.h>

enum { PARTIAL_CHUNK = 16 << 20, PARTIAL_AGE_S = 7 * 86400 };
static const int64_t partial_size_max = (int64_t)1 << 40;

struct partial {
	int fd;
	char name[DIGEST_TEXT];
	int64_t size; /* of the blob */
	size_t n_chunks;
	int64_t *done, *noted; /* bytes of each chunk, and what the file says of it */
};

/*
 * Opens or makes the file and locks it against other processes. -EWOULDBLOCK when one of them has
 * it; -EFBIG beyond partial_size_max. The digest is a valid one.
 */
int partial_open(const struct image_dirs *dirs, const char *digest, int64_t size,
		 struct partial *ret, struct err *err);
/* Lets go of the file, which stays. */
void partial_close(struct partial *p);
/* Lets go of it and removes it. */
void partial_remove(const struct image_dirs *dirs, struct partial *p);
/* Nothing of it is there any more. */
int partial_reset(struct partial *p, struct err *err);

/* How many bytes a chunk has when it is complete; and where it begins. */
int64_t partial_chunk_size(const struct partial *p, size_t chunk);
int64_t partial_chunk_start(size_t chunk);
/*
 * Writes what follows in a chunk; one thread a chunk. It counts once the caller has added n to
 * done[chunk] and, now and then, called partial_note().
 */
int partial_write(struct partial *p, size_t chunk, const void *bytes, size_t n, struct err *err);
void partial_note(struct partial *p, size_t chunk);
/* Bytes that are there from the front on. */
int64_t partial_ready(const struct partial *p);
/* Makes the complete file the blob and nothing else. */
int partial_complete(struct partial *p, struct err *err);

/*
 * Makes the completed file a blob of the store, too. Also fine when another process did. It keeps
 * its name here, by which other processes find that it is locked, until the records are committed.
 */
int partial_place(const struct image_dirs *dirs, const char *digest);
/* After that, before the lock goes. */
void partial_forget(const struct image_dirs *dirs, const char *digest);
/* Removes files that nobody went on with for age_s seconds, and names of what is a blob by now
 * (left when the power went). ret_freed in bytes, or NULL. No pull may be running. */
void partial_sweep(const struct image_dirs *dirs, int64_t age_s, int64_t *ret_freed);
/* How many there are, and the bytes they take on the disk. */
void partial_usage(const struct image_dirs *dirs, size_t *ret_n, int64_t *ret_bytes);

#endif
