/*
 * capability.h - Linux capabilities by name, as bit masks, and docker's algebra of them
 */
#ifndef CODEC_CAPABILITY_H
#define CODEC_CAPABILITY_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum { CAPABILITY_LAST = 40 };
#define CAPABILITY_ALL ((1ULL << (CAPABILITY_LAST + 1)) - 1)

/* What docker gives a container. */
extern const uint64_t capability_defaults;

/* "CAP_CHOWN" or "chown", any case: the bit's number, or -EINVAL. */
int capability_parse(const char *name);
/* "CAP_CHOWN"; NULL beyond the last. */
const char *capability_name(int bit);
/* Names of a mask, arena's, in the order of the bits. */
struct strv capability_names(uint64_t mask, struct arena *a);
/* The mask of a list of names; unknown names are left out and, unless NULL, reported in
 * *ret_unknown. */
uint64_t capability_mask(const struct strv *names, const char **ret_unknown);
/*
 * docker's --cap-add and --cap-drop over the defaults, with ALL in either. -EINVAL
 * "invalid capability: …".
 */
int capability_resolve(const struct strv *add, const struct strv *drop, uint64_t *ret,
		       struct err *err);

#endif
