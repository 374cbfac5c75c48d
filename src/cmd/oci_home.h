/*
 * oci_home.h - the home directory that a process finds in its environment
 */
#ifndef CMD_OCI_HOME_H
#define CMD_OCI_HOME_H

#include "cmd/oci.h"
#include "model/oci_runtime.h"

/*
 * Adds HOME to the environment of a process that has none: what /etc/passwd beneath root, a path of
 * the host, says of its user, or "/", as runc and crun have it. The file is the image's, so
 * whatever is wrong with it is no error.
 */
void oci_home_add(struct oci_cli *cli, const char *root, struct oci_process *process);

#endif
