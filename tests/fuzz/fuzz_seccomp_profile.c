/* fuzz_seccomp_profile.c - a profile of --security-opt seccomp=FILE */
#include "base/own.h"
#include "codec/capability.h"
#include "model/seccomp_profile.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf out = { 0 };
	struct oci_seccomp *seccomp;

	if (seccomp_profile_parse((const char *)data, size, capability_defaults, &a, &seccomp,
				  NULL) == 0)
		schema_write(&oci_seccomp_schema, seccomp, SCHEMA_FULL, &out);
	return 0;
}
