/*
 * oci_criu.h - what checkpoint and restore have in common: what of a container is not its own
 *
 * CRIU writes and makes what is the container's. What it only uses (bind mounts, control groups,
 * namespaces of others, standard streams) gets a name at the checkpoint, and at the restore under
 * the same name what takes its place.
 */
#ifndef CMD_OCI_CRIU_H
#define CMD_OCI_CRIU_H

#include "cmd/criu.h"
#include "cmd/oci.h"
#include "cmd/oci_state.h"

/* Options of both commands; their structs begin with it. */
struct oci_criu_opts {
	const char *image_path, *work_path;
	const char *cgroups_mode, *network_lock;
	struct strv empty_ns;
	bool tcp_established, ext_unix_sk, shell_job, file_locks, auto_dedup, lazy_pages;
};
extern const struct opt oci_criu_opts[];

/* A piece of work being prepared. */
struct oci_criu {
	struct oci_cli *cli;
	const struct oci_config *config;
	const char *images, *work; /* paths of the directories */
	int images_fd, work_fd;
	int terminal_fd; /* ours, that a restored container gets */
	struct criu_options options;
};
#define OCI_CRIU_INIT                                                                              \
	{                                                                                          \
		.images_fd = -1, .work_fd = -1, .terminal_fd = -1                                  \
	}
void oci_criu_cleanup(struct oci_criu *c);

/* Opens the directories (made when missing, the images' only for a checkpoint), takes options. */
int oci_criu_init(struct oci_cli *cli, const struct oci_criu_opts *opts,
		  const struct oci_config *config, bool restore, const char *log_file,
		  struct oci_criu *ret);
/*
 * Names mounts from outside. root is where the container's tree is: its first process's root, or
 * for a restore the root file system. bundle is where relative sources begin.
 */
int oci_criu_mounts(struct oci_criu *c, int root, const char *cgroup, const char *bundle,
		    bool restore);
/* Absolute and without links: criu works in another directory. The name in the container's state.
 */
const char *oci_criu_place(struct oci_cli *cli, const struct oci_container *container,
			   const char *name);
/*
 * On a machine with cgroup v2 alone: makes a directory in the container's state that has a place
 * "unified" for CRIU to find that hierarchy at, and returns its mount in *ret_mount; otherwise
 * NULL. Left to itself, CRIU mounts it, and takes its options (nsdelegate) from the whole machine.
 */
int oci_criu_cgroup_yard(struct oci_criu *c, const struct oci_container *container,
			 const char **ret_mount);
/* Removes it again. */
void oci_criu_cgroup_yard_remove(const struct oci_container *container);
/* Puts the name of the file that tells more behind cli->err. */
int oci_criu_failed(struct oci_criu *c);

/* Names of our standard streams as a container gets them, for its state. */
void oci_criu_streams(struct oci_cli *cli, struct strv *ret);
int oci_criu_streams_write(struct oci_criu *c, const struct strv *streams);
/*
 * Of the streams that were written, those that came from outside become ours. *ret_null is to be
 * closed after the work, or -1.
 */
int oci_criu_streams_read(struct oci_criu *c, int *ret_null);

/* Where an external namespace of this type ("network", "pid") stands in the images. */
const char *oci_criu_namespace_key(const char *type);

#endif
