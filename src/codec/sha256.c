/*
 * sha256.c - SHA-256 of a stream
 */
#include "codec/sha256.h"

#include "base/mem.h"

#include <openssl/evp.h>

void sha256_init(struct sha256 *h)
{
	h->ctx = EVP_MD_CTX_new();
	/* Fails only without memory or in a libcrypto without SHA-256, which there is none. */
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
		mem_exhausted(sizeof(*h));
}

void sha256_add(struct sha256 *h, const void *data, size_t len)
{
	if (EVP_DigestUpdate(h->ctx, data, len) != 1)
		abort();
}

void sha256_end(struct sha256 *h, char out[DIGEST_TEXT])
{
	unsigned char hash[EVP_MAX_MD_SIZE];

	if (EVP_DigestFinal_ex(h->ctx, hash, NULL) != 1)
		abort();
	sha256_cleanup(h);
	digest_write(hash, out);
}

void sha256_cleanup(struct sha256 *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

void sha256_of(const void *data, size_t len, char out[DIGEST_TEXT])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, data, len);
	sha256_end(&h, out);
}
