/*
 * hash.c - SHA-256 of what a registry sends
 */
#include "registry/hash.h"

#include "base/mem.h"

#include <openssl/evp.h>

void hash_init(struct hash *h)
{
	h->ctx = EVP_MD_CTX_new();
	/* Fails only without memory or in a libcrypto without SHA-256, which there is none. */
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
		mem_exhausted(sizeof(*h));
}

void hash_add(struct hash *h, const void *data, size_t len)
{
	if (EVP_DigestUpdate(h->ctx, data, len) != 1)
		abort();
}

void hash_end(struct hash *h, char out[DIGEST_TEXT])
{
	unsigned char value[EVP_MAX_MD_SIZE];

	if (EVP_DigestFinal_ex(h->ctx, value, NULL) != 1)
		abort();
	hash_cleanup(h);
	digest_write(value, out);
}

void hash_cleanup(struct hash *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

void hash_of(const void *data, size_t len, char out[DIGEST_TEXT])
{
	struct hash h;

	hash_init(&h);
	hash_add(&h, data, len);
	hash_end(&h, out);
}
