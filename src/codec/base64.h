/*
 * base64.h - bytes as text, RFC 4648 section 4
 */
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include "base/str.h"

/* Appends the text, padded. */
void base64_write(const void *data, size_t len, struct buf *out);
/* Appends the bytes of a text, padded or not. -EINVAL for anything else; out may have grown then.
 */
int base64_read(const char *text, size_t len, struct buf *out);

#endif
