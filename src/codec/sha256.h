/*
 * sha256.h - SHA-256 of a stream, by the processor's own instructions where it has them
 */
#ifndef CODEC_SHA256_H
#define CODEC_SHA256_H

#include "codec/digest.h"

#include <stddef.h>

struct evp_md_ctx_st;

struct sha256 {
	struct evp_md_ctx_st *ctx; /* NULL: nothing to clean up */
};

void sha256_init(struct sha256 *h);
void sha256_add(struct sha256 *h, const void *data, size_t len);
/* "sha256:hex" of all that was added; the hash is over then. */
void sha256_end(struct sha256 *h, char out[DIGEST_TEXT]);
void sha256_cleanup(struct sha256 *h);

/* Of one piece. */
void sha256_of(const void *data, size_t len, char out[DIGEST_TEXT]);

#endif
