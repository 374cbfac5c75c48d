/*
 * oci_bundle.h - what a container is made from: config.json, root file system, passed descriptors
 */
#ifndef CMD_OCI_BUNDLE_H
#define CMD_OCI_BUNDLE_H

#include "cgroup/cgroup.h"
#include "cmd/oci.h"
#include "model/oci_runtime.h"

#include <sys/types.h>

struct oci_bundle {
	const char *path;   /* absolute */
	const char *rootfs; /* absolute */
	const char *cgroup;
	struct cgroup_unit unit; /* of systemd's that the group is; name NULL: none */
	const char *text;        /* of config.json */
	struct oci_config *config;
	const int *preserve_fds;
	size_t n_preserve_fds;
};

/*
 * Reads and checks it; everything is the arena's. config is the configuration's file, NULL for the
 * bundle's own.
 */
int oci_bundle_load(struct oci_cli *cli, const char *dir, const char *config, const char *id,
		    struct oci_bundle *ret);
/*
 * Descriptors from 3 on that the container gets: those of socket activation (LISTEN_FDS, whose
 * environment it gets too), and n more.
 */
int oci_bundle_preserve_fds(struct oci_cli *cli, struct oci_bundle *b, int64_t n);
/* The same for another process of the container. */
int oci_bundle_fds(struct oci_cli *cli, int64_t n, struct oci_process *process, const int **ret,
		   size_t *ret_n);
/* Writes the number to a file, which appears complete. */
int oci_bundle_pid_file(struct oci_cli *cli, const char *path, pid_t pid);

#endif
