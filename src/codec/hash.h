/*
 * hash.h - digests of a stream, by the processor's own instructions where it has them
 */
#ifndef CODEC_HASH_H
#define CODEC_HASH_H

#include "codec/digest.h"

#include <stddef.h>

struct evp_md_ctx_st;

struct hash {
	struct evp_md_ctx_st *ctx; /* NULL: nothing to clean up */
	enum digest_algo algo;
};

void hash_init(struct hash *h, enum digest_algo algo);
void hash_add(struct hash *h, const void *data, size_t len);
/* "sha256:hex" of all that was added; the hash is over then. */
void hash_end(struct hash *h, char out[DIGEST_TEXT]);
void hash_cleanup(struct hash *h);

/* Of one piece. */
void hash_of(enum digest_algo algo, const void *data, size_t len, char out[DIGEST_TEXT]);
/* Of one piece, by the algorithm of a digest that it is to be held against. */
void hash_like(const char *digest, const void *data, size_t len, char out[DIGEST_TEXT]);

#endif
