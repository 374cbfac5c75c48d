/*
 * names.h - made-up names for containers that the user did not name: "eager_turing"
 */
#ifndef ENGINE_NAMES_H
#define ENGINE_NAMES_H

#include <stdint.h>

enum { NAMES_MAX = 48 };

/*
 * Writes the name that a random number stands for. attempt: how often a name was taken already;
 * from the third on a digit is added, so that a full store still finds a free one.
 */
void names_make(uint64_t random, unsigned attempt, char out[NAMES_MAX]);

#endif
