/*
 * fuzz_variant.c - values of unit properties from annotations
 */
#include "base/own.h"
#include "codec/variant.h"

#include <string.h>

/* A value has what its type says. */
static void check(const struct variant *v)
{
	if (strchr("sog", v->type[0]) && !v->string)
		__builtin_trap();
	if (v->type[0] == '(' && v->n == 0)
		__builtin_trap();
	for (size_t i = 0; i < v->n; i++) {
		if (v->type[0] == 'a' && strcmp(v->items[i].type, v->type + 1) != 0)
			__builtin_trap();
		check(&v->items[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct variant v;

	if (variant_parse(arena_strndup(&a, (const char *)data, size), &a, &v, &err) == 0)
		check(&v);
	return 0;
}
