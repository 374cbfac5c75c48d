/*
 * size.h - amounts of bytes as people write and read them
 */
#ifndef CODEC_SIZE_H
#define CODEC_SIZE_H

#include "base/err.h"

#include <stdint.h>

enum { SIZE_HUMAN_MAX = 16 };

/*
 * "512m", "1.5GiB", "64kb", "100": binary multiples, upper or lower case, as docker's flags take
 * them. -EINVAL "invalid size: 'x'".
 */
int size_parse(const char *s, int64_t *ret_bytes, struct err *err);
/* Decimal multiples with docker's precision: "4.86MB" (three digits) or "1.234kB" (four). */
void size_human(int64_t bytes, int digits, char out[SIZE_HUMAN_MAX]);
/* Binary multiples: "1.5GiB". */
void size_human_binary(int64_t bytes, char out[SIZE_HUMAN_MAX]);

#endif
