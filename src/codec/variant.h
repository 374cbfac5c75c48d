/*
 * variant.h - typed values as text, as D-Bus tools write them: "uint64 5", "['a', 'b']"
 */
#ifndef CODEC_VARIANT_H
#define CODEC_VARIANT_H

#include "base/arena.h"
#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { VARIANT_TEXT_MAX = 64 << 10 }; /* bytes of a text */

struct variant {
	const char *type;      /* signature in D-Bus's letters: "t", "as", "a(ss)" */
	uint64_t number;       /* of integers (two's complement) and of booleans */
	double real;           /* "d" */
	const char *string;    /* "s", "o", "g" */
	struct variant *items; /* of arrays and tuples */
	size_t n;
};

/*
 * The text format of GVariant (https://docs.gtk.org/glib/gvariant-text-format.html), for what
 * properties have: numbers, booleans, strings, and arrays and tuples of those. Dictionaries, maybe
 * types and variants within are refused. Everything is the arena's. -EINVAL; err says where.
 */
int variant_parse(const char *text, struct arena *a, struct variant *ret, struct err *err);

#endif
