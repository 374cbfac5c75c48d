/*
 * duration.h - lengths of time: Go's "1h30m", and words for people
 */
#ifndef CODEC_DURATION_H
#define CODEC_DURATION_H

#include <stdint.h>

enum { DURATION_HUMAN_MAX = 32 };

/* Go's time.ParseDuration: "300ms", "-1.5h", "2h45m", "0"; units ns us ms s m h. -EINVAL. */
int duration_parse(const char *s, int64_t *ret_ns);
/* Go's Duration.String(): "1m30s", "1.5s", "300ms", "0s". */
void duration_write(int64_t ns, char out[DURATION_HUMAN_MAX]);
/* As docker words it: "Less than a second", "About a minute", "3 hours", "2 weeks". */
void duration_human(int64_t ns, char out[DURATION_HUMAN_MAX]);

#endif
