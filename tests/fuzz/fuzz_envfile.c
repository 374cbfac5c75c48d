/*
 * fuzz_envfile.c - environment files: each entry that is accepted has a name
 */
#include "base/own.h"
#include "codec/envfile.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *lookup(const char *key)
{
	return key[0] % 2 ? "value" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct strv out = { 0 }, env = { 0 };
	struct err err = ERR_INIT;

	(void)envfile_parse("file", arena_strndup(&a, (const char *)data, size), lookup, &a, &out,
			    &err);
	for (size_t i = 0; i < out.n; i++) {
		if (strcspn(out.items[i], "=") == 0 || !strchr(out.items[i], '='))
			__builtin_trap();
		envfile_set(&env, &a, out.items[i]);
	}
	return 0;
}
