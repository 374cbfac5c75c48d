/*
 * clock.h - what time it is
 */
#ifndef ENGINE_CLOCK_H
#define ENGINE_CLOCK_H

#include <stdint.h>

/* Nanoseconds since 1970. */
int64_t clock_now_ns(void);
/* Milliseconds of a clock that only goes forward. */
int64_t clock_steady_ms(void);

#endif
