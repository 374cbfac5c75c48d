/*
 * oci_unit.h - containers whose control group is a unit of systemd
 *
 * berth-systemd is executed for each step: it speaks D-Bus, which this static program does not.
 */
#ifndef CMD_OCI_UNIT_H
#define CMD_OCI_UNIT_H

#include "cgroup/cgroup.h"
#include "cmd/oci.h"
#include "model/oci_runtime.h"

#include <sys/types.h>

/* What keeps a new scope alive until the container is in it. */
struct oci_unit {
	int socket; /* -1: nothing does */
	pid_t pid;
};

/* Our program that speaks to systemd, the arena's, or NULL where it is not installed. */
const char *oci_unit_program(struct oci_cli *cli);
/* Are there systemd and our program that speaks to it? -ENOTSUP says what is missing. */
int oci_unit_check(struct oci_cli *cli);
/* Makes the unit with the limits and the org.systemd.property annotations of the configuration. */
int oci_unit_make(struct oci_cli *cli, const struct cgroup_unit *unit, const char *id,
		  const struct oci_config *config, struct oci_unit *ret);
/* The container is in it, or will not be. Harmless when repeated. */
void oci_unit_release(struct oci_unit *u);
/* Limits of a live one. */
int oci_unit_set(struct oci_cli *cli, const char *name, const struct oci_resources *resources);
/* Stops it, and has its failure forgotten. NULL, and one that is gone, are fine. */
int oci_unit_stop(struct oci_cli *cli, const char *name);

/*
 * The annotations "org.systemd.property.NAME" as properties, appended to *ret. A name that ends in
 * "Sec", as people write it, becomes one in microseconds.
 */
int oci_unit_annotations(const struct str_map *annotations, struct arena *a, struct str_map *ret,
			 struct err *err);

#endif
