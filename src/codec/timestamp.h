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

enum { TIMESTAMP_MAX = 40, TIMESTAMP_ZONE_MAX = 12 };

/*
 * The zone that times of people are in: seconds east of UTC at a time (seconds since 1970), and the
 * name that it has then. Where one is asked for, NULL is UTC.
 */
typedef int32_t timestamp_zone(int64_t at_s, char ret_name[TIMESTAMP_ZONE_MAX]);

/* "2026-01-02T03:04:05.678Z", trailing zeros of the fraction dropped. */
void timestamp_write(int64_t ns, char out[TIMESTAMP_MAX]);
/* The same with nine digits of fraction, as `logs -t` and json-file have it. */
void timestamp_write_fixed(int64_t ns, char out[TIMESTAMP_MAX]);
/* "2026-01-02 04:04:05 +0100 CET", the form of CreatedAt; 0 is 1970 here. */
void timestamp_write_long(int64_t ns, timestamp_zone *zone, char out[TIMESTAMP_MAX]);
/* RFC 3339 with any zone; -EINVAL. The zero time gives 0. */
int timestamp_parse(const char *s, int64_t *ret_ns);
/*
 * What --since and --until take: RFC 3339 with or without seconds, minutes and time of day, seconds
 * since 1970 with or without fraction, or a duration before now ("10m"). What names no zone is in
 * the one given, with the offset that it has now: so docker takes it.
 */
int timestamp_parse_since(const char *s, int64_t now_ns, timestamp_zone *zone, int64_t *ret_ns,
			  struct err *err);

#endif
