/*
 * hash.h - SHA-256 of what a registry sends
 */
#ifndef REGISTRY_HASH_H
#define REGISTRY_HASH_H

#include "codec/digest.h"

#include <stddef.h>

struct evp_md_ctx_st;

struct hash {
	struct evp_md_ctx_st *ctx; /* NULL: nothing to clean up */
};

void hash_init(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t len);
/* "sha256:hex" of all that was added; the hash is over then. */
void hash_end(struct hash *h, char out[DIGEST_TEXT]);
void hash_cleanup(struct hash *h);

/* Of one piece. */
void hash_of(const void *data, size_t len, char out[DIGEST_TEXT]);

#endif
