/*
 * oci_hooks.h - hooks that run when a container has started and when it is gone
 */
#ifndef CMD_OCI_HOOKS_H
#define CMD_OCI_HOOKS_H

#include "cmd/oci_state.h"

/* Failures are warnings: the program runs, or is gone, all the same. */
void oci_hooks_poststart(const struct oci_cli *cli, const struct oci_state *state,
			 const struct oci_config *config);
void oci_hooks_poststop(const struct oci_cli *cli, const struct oci_state *state,
			const struct oci_config *config);

#endif
