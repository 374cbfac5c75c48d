/*
 * fuzz_ref.c - image references: the canonical form of what is accepted means the same
 */
#include "base/own.h"
#include "base/str.h"
#include "codec/ref.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *text = arena_strndup(&a, (const char *)data, size), *repository, *tag;
	struct err err = ERR_INIT;
	struct ref ref, again;
	const char *canonical;

	ref_split(text, &a, &repository, &tag);
	if (ref_parse(text, &ref, &err) < 0)
		return 0;
	canonical = ref_canonical(&ref, &a);
	if (strstr(ref.path, "..") || strstr(ref.path, "//"))
		__builtin_trap();
	if (ref_parse(canonical, &again, &err) < 0 || !str_eq(ref_canonical(&again, &a), canonical))
		__builtin_trap();
	if (ref_parse(ref_familiar(canonical), &again, &err) < 0 ||
	    !str_eq(ref_canonical(&again, &a), canonical))
		__builtin_trap();
	return 0;
}
