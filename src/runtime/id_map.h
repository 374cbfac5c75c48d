/*
 * id_map.h - maps of users and groups, and how an ordinary user has them written
 */
#ifndef RUNTIME_ID_MAP_H
#define RUNTIME_ID_MAP_H

#include "base/err.h"
#include "model/oci_runtime.h"

#include <stdbool.h>
#include <sys/types.h>

/* Is the number one of those in the container? */
bool id_map_holds(const struct oci_id_mapping *items, size_t n, uint32_t container_id);
/* One number alone, which can be one's own? */
bool id_map_is_single(const struct oci_id_mapping *items, size_t n);
/*
 * Writes the maps of a process of ours in a new user namespace, as far as the kernel lets an
 * ordinary user: his own number alone. For anything else newuidmap(1) and newgidmap(1) do it, which
 * grant what is in /etc/subuid and /etc/subgid. The error says what is missing there.
 */
int id_map_write(pid_t pid, const struct oci_id_mappings *mappings, struct err *err);

#endif
