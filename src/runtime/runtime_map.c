/*
 * runtime_map.c - maps of users for who needs nothing else of a runtime
 */
#include "runtime/id_map.h"
#include "runtime/runtime.h"

int runtime_map_ids(pid_t pid, const struct oci_id_mappings *mappings, struct err *err)
{
	return id_map_write(pid, mappings, err);
}
