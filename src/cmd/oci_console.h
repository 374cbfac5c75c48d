/*
 * oci_console.h - terminals: handed to an engine, or relayed to ours; and waiting for a process
 */
#ifndef CMD_OCI_CONSOLE_H
#define CMD_OCI_CONSOLE_H

#include "cmd/oci.h"
#include "cmd/oci_notify.h"
#include "runtime/runtime.h"

/*
 * --console-socket goes with a terminal and a process that is left alone, and then there must be
 * one. *ret is the connected socket, or -1 when there is to be none.
 */
int oci_console_open(struct oci_cli *cli, const char *path, bool terminal, bool detached, int *ret);
/* Sends a terminal's master over it, as runc does: the name as data, the descriptor beside. */
int oci_console_send(struct oci_cli *cli, int socket, int master);
/* Sends a pidfd to a --pidfd-socket in the same way; role is what runc calls the process. */
int oci_console_send_pidfd(struct oci_cli *cli, const char *path, const char *role, int pidfd);

/*
 * Before a process is started that is waited for: signals are kept for oci_console_wait().
 * Returns a descriptor to give it.
 */
int oci_console_signals(void);
/* From now on orphans of what is started become our children, and oci_console_wait() reaps them. */
int oci_console_adopt(struct oci_cli *cli);
/*
 * Waits for the process, passing on signals and, when it has a terminal, what is typed and
 * written; notify (NULL: nobody) is told when it is ready. Returns its exit status, or 128 and the
 * number of the signal that ended it.
 */
int oci_console_wait(struct oci_cli *cli, int signals, struct runtime_process *process,
		     struct oci_notify *notify);

#endif
