/*
 * oci_signal.h - ending a container for good
 */
#ifndef CMD_OCI_SIGNAL_H
#define CMD_OCI_SIGNAL_H

#include "cmd/oci_state.h"

/* Kills what there is, removes control group and state; the hooks poststop run in between. */
int oci_signal_delete(struct oci_cli *cli, const struct oci_container *c);
/*
 * The same of one whose first process we have waited for, and whose lock we gave back; nothing
 * when a checkpoint or delete was faster.
 */
int oci_signal_delete_ended(struct oci_cli *cli, struct oci_container *c);

#endif
