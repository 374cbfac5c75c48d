/*
 * timestamp.h - points in time as text: RFC 3339 as Go prints it, and docker's --since
 *
 * A time is an int64_t of nanoseconds since 1970, UTC; 0 means "never" and is written as Go's zero
 * time. Years 1678 to 2262 fit.
 */
#ifndef CODEC_TIMESTAMP_H
#define CODEC_TIMESTAMP_H

#include "base/err.h"

#include <stdint.h>

enum { TIMESTAMP_MAX = 40 };

/* "2026-01-02T03:04:05.678Z", trailing zeros of the fraction dropped. */
void timestamp_write(int64_t ns, char out[TIMESTAMP_MAX]);
/* The same with nine digits of fraction, as `logs -t` and json-file have it. */
void timestamp_write_fixed(int64_t ns, char out[TIMESTAMP_MAX]);
/* "2026-01-02 03:04:05 +0000 UTC", the form of CreatedAt. */
void timestamp_write_long(int64_t ns, char out[TIMESTAMP_MAX]);
/* RFC 3339 with any zone; -EINVAL. The zero time gives 0. */
int timestamp_parse(const char *s, int64_t *ret_ns);
/*
 * What --since and --until take: RFC 3339 with or without zone (UTC then), seconds, minutes and
 * time of day, seconds since 1970 with or without fraction, or a duration before now ("10m").
 */
int timestamp_parse_since(const char *s, int64_t now_ns, int64_t *ret_ns, struct err *err);

#endif
