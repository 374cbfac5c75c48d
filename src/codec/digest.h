/*
 * digest.h - content digests as text: "sha256:" and 64 lower-case hexadecimal digits, "sha512:" and
 * 128
 *
 * OCI image-spec, descriptor.md#digests. What comes from outside may have either; what Berth names
 * itself (images, layers by their contents) has sha256.
 */
#ifndef CODEC_DIGEST_H
#define CODEC_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum digest_algo { DIGEST_SHA256, DIGEST_SHA512 };

enum {
	DIGEST_ALGOS = 2,
	DIGEST_HEX = 64, /* of sha256 */
	DIGEST_HEX_MAX = 128,
	DIGEST_TEXT = 136, /* of either, with "sha256:" and NUL */
};

/* Exactly an algorithm and its digits; nothing else can become a file name. */
bool digest_is_valid(const char *s);
bool digest_is_sha256(const char *s);
/* A well-formed digest's algorithm, an enum digest_algo; -EINVAL for anything else. */
int digest_algo(const char *s);
/* Of a digest, or sha256 when it is none or NULL. */
enum digest_algo digest_algo_or_usual(const char *s);
/* "sha256" */
const char *digest_algo_name(enum digest_algo algo);
/* The digits of a valid digest. */
const char *digest_hex(const char *s);
/* n characters, all lower-case hexadecimal digits. */
bool digest_is_hex(const char *s, size_t n);
/* Writes "sha256:hex" of 32 bytes, "sha512:hex" of 64. */
void digest_write(enum digest_algo algo, const unsigned char *hash, char out[DIGEST_TEXT]);

#endif
