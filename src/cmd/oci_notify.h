/*
 * oci_notify.h - telling the service manager that a container is ready (NOTIFY_SOCKET,
 * sd_notify(3))
 */
#ifndef CMD_OCI_NOTIFY_H
#define CMD_OCI_NOTIFY_H

#include "cmd/oci.h"
#include "model/oci_runtime.h"

#include <sys/types.h>

struct oci_notify {
	const char *host; /* our own NOTIFY_SOCKET; NULL: nobody wants to know */
	int fd;           /* what the container sends to, or -1 */
};
#define OCI_NOTIFY_INIT                                                                            \
	{                                                                                          \
		.fd = -1                                                                           \
	}
void oci_notify_cleanup(struct oci_notify *n);

/*
 * When our environment has a NOTIFY_SOCKET: a directory for another one in the container's state,
 * which config then mounts, and names in the environment of the process.
 */
int oci_notify_prepare(struct oci_cli *cli, int state_dir, const char *id,
		       struct oci_config *config);
/* Makes the socket in there, before the program runs; nothing when oci_notify_prepare() did. */
int oci_notify_listen(struct oci_cli *cli, int state_dir, const char *id, struct oci_notify *ret);
/*
 * Takes one message; true when that was READY=1, which is passed on, with the number of the process
 * to watch from now on when that is not 0.
 */
bool oci_notify_take(struct oci_cli *cli, struct oci_notify *n, pid_t main_pid);
/*
 * A checkpoint: when the container has such a directory, config mounts it again, and a mark beside
 * the images says so.
 */
int oci_notify_write(struct oci_cli *cli, int state_dir, int images_dir, struct oci_config *config);
/* A restore: makes the directory when that mark is there; place is the path of state_dir. */
int oci_notify_read(struct oci_cli *cli, int state_dir, const char *id, const char *place,
		    int images_dir, struct oci_config *config);
/*
 * A restored container is ready: its program has begun long ago, and will not say it again. Tells
 * who is named by our NOTIFY_SOCKET, if any, with the process to watch when that is not 0.
 */
void oci_notify_restored(struct oci_cli *cli, pid_t main_pid);
/* Waits until the container says that it is ready, or ends. */
void oci_notify_wait(struct oci_cli *cli, struct oci_notify *n, int pidfd, pid_t main_pid);

#endif
