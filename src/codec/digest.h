/*
 * digest.h - content digests as text: "sha256:" and 64 lower-case hexadecimal digits
 *
 * OCI image-spec, descriptor.md#digests. Content is kept by sha256; sha512 is known as a name only,
 * so that a reference with one is understood, and then not found.
 */
#ifndef CODEC_DIGEST_H
#define CODEC_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

enum digest_algo { DIGEST_SHA256, DIGEST_SHA512 };

enum { DIGEST_SIZE = 32, DIGEST_HEX = 64, DIGEST_TEXT = 72 /* with "sha256:" and NUL */ };

/* Exactly "sha256:" and 64 of [0-9a-f]; nothing else can become a file name. */
bool digest_is_valid(const char *s);
/* A well-formed digest's algorithm, an enum digest_algo; -EINVAL for anything else. */
int digest_algo(const char *s);
/* The 64 digits of a valid digest. */
const char *digest_hex(const char *s);
/* n characters, all lower-case hexadecimal digits. */
bool digest_is_hex(const char *s, size_t n);
/* Writes "sha256:hex" of 32 bytes. */
void digest_write(const unsigned char hash[DIGEST_SIZE], char out[DIGEST_TEXT]);

#endif
