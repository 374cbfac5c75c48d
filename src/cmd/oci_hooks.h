/*
 * oci_hooks.h - hooks that run when a container is made again, has started, and is gone
 */
#ifndef CMD_OCI_HOOKS_H
#define CMD_OCI_HOOKS_H

#include "cmd/oci_state.h"

/*
 * prestart and createRuntime, for a container that is restored and has its namespaces; pid is its
 * first process. The first that fails ends them.
 */
int oci_hooks_create(const struct oci_state *state, const struct oci_config *config, pid_t pid,
		     struct err *err);
/*
 * The specification has a failure end the container since 1.3: it is an error of a configuration
 * that follows that, the first one ends them, and the caller ends the container. Before it was a
 * warning.
 */
int oci_hooks_poststart(struct oci_cli *cli, const struct oci_state *state,
			const struct oci_config *config);
/* Failures are warnings: the program is gone all the same. */
void oci_hooks_poststop(const struct oci_cli *cli, const struct oci_state *state,
			const struct oci_config *config);

#endif
