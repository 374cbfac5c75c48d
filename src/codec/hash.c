/*
 * hash.c - digests of a stream
 */
#include "codec/hash.h"

#include "base/mem.h"

#include <openssl/evp.h>

void hash_init(struct hash *h, enum digest_algo algo)
{
	const EVP_MD *md = algo == DIGEST_SHA512 ? EVP_sha512() : EVP_sha256();

	h->algo = algo;
	h->ctx = EVP_MD_CTX_new();
	/* Fails only without memory or in a libcrypto without them, which there is none. */
	if (!h->ctx || EVP_DigestInit_ex(h->ctx, md, NULL) != 1)
		mem_exhausted(0);
}

void hash_add(struct hash *h, const void *data, size_t len)
{
	if (EVP_DigestUpdate(h->ctx, data, len) != 1)
		abort();
}

void hash_end(struct hash *h, char out[DIGEST_TEXT])
{
	unsigned char hash[EVP_MAX_MD_SIZE];

	if (EVP_DigestFinal_ex(h->ctx, hash, NULL) != 1)
		abort();
	hash_cleanup(h);
	digest_write(h->algo, hash, out);
}

void hash_cleanup(struct hash *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

void hash_of(enum digest_algo algo, const void *data, size_t len, char out[DIGEST_TEXT])
{
	struct hash h;

	hash_init(&h, algo);
	hash_add(&h, data, len);
	hash_end(&h, out);
}

void hash_like(const char *digest, const void *data, size_t len, char out[DIGEST_TEXT])
{
	hash_of(digest_algo_or_usual(digest), data, len, out);
}
