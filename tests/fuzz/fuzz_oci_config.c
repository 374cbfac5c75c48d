/* fuzz_oci_config.c - a config.json: read, checked, written, packed; what is written reads again */
#include "base/own.h"
#include "model/oci_runtime.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf once = { 0 }, twice = { 0 };
	struct oci_config config, again, *clone;

	if (schema_read(&oci_config_schema, (const char *)data, size, &a, &config, NULL) < 0)
		return 0;
	(void)oci_runtime_check(&config, NULL);
	clone = schema_clone(&oci_config_schema, &config, &a);
	schema_write(&oci_config_schema, clone, SCHEMA_FULL, &once);
	if (schema_read(&oci_config_schema, once.data, once.len, &a, &again, NULL) < 0)
		abort();
	schema_write(&oci_config_schema, &again, SCHEMA_FULL, &twice);
	if (!str_eq(once.data, twice.data))
		abort();
	return 0;
}
