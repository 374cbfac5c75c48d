/*
 * utf8.h - is it UTF-8? (RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF)
 */
#ifndef CODEC_UTF8_H
#define CODEC_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at s (of len > 0 bytes): 1 to 4; 0 when it is not valid or cut off. */
size_t utf8_len(const char *s, size_t len);
/* Nothing but valid characters. */
bool utf8_is_valid(const char *s, size_t len);

#endif
