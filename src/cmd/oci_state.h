/*
 * oci_state.h - what berth-oci remembers of a container between two commands
 *
 * ROOT/ID exists as long as the container. Whoever changes a container holds the lock in there.
 * What can be seen in the kernel (does it run, is it frozen) is asked there each time.
 */
#ifndef CMD_OCI_STATE_H
#define CMD_OCI_STATE_H

#include "cgroup/cgroup.h"
#include "cmd/oci.h"
#include "codec/schema.h"
#include "model/oci_runtime.h"

#include <sys/types.h>

SCHEMA_DECLARE(oci_class); /* of struct cgroup_class */

/* The document. */
struct oci_state {
	const char *id;
	int pid;             /* 0: its process has not been made yet */
	uint64_t start_time; /* with it, pid names one process for good */
	bool started;        /* by the command that made it */
	bool listens;        /* for its start, on a socket in its directory */
	const char *bundle, *rootfs;
	const char *cgroup;         /* "": none */
	bool cgroup_is_partial;     /* not in every hierarchy: its user may not write in all */
	const char *unit;           /* of systemd's that the group is, or NULL */
	struct cgroup_class *class; /* of resctrl, or NULL */
	int64_t created;            /* ns */
	uint32_t owner;
	struct strv
		streams; /* criu's names of standard input, output, error; none: process.terminal */
	const char *config; /* config.json as it was at creation, or updated */
};
SCHEMA_DECLARE(oci_state);

enum oci_status { OCI_CREATING, OCI_CREATED, OCI_RUNNING, OCI_PAUSED, OCI_STOPPED, OCI_STATUSES };
extern const char *const oci_status_names[OCI_STATUSES];

struct oci_container {
	int dir, lock; /* descriptors; -1: not locked */
	struct oci_state state;
};
#define OCI_CONTAINER_INIT                                                                         \
	{                                                                                          \
		.dir = -1, .lock = -1                                                              \
	}
void oci_container_cleanup(struct oci_container *c);

/* Makes ROOT/ID, locked, with nothing in it yet. -EEXIST when there is one, -EINVAL for a bad ID.
 */
int oci_state_make(struct oci_cli *cli, const char *id, struct oci_container *ret);
/* Opens and reads it. -ENOENT "container ID does not exist". */
int oci_state_open(struct oci_cli *cli, const char *id, bool lock, struct oci_container *ret);
/* Writes what is in c->state of one that oci_state_make() made, without a process. */
int oci_state_begin(struct oci_cli *cli, const struct oci_container *c);
/* Writes what is in c->state. */
int oci_state_save(struct oci_cli *cli, const struct oci_container *c);
/* Notes that its program was let run. */
int oci_state_started(struct oci_cli *cli, const struct oci_container *c);
/* An ordinary user's container may have none. */
bool oci_state_has_cgroup(const struct oci_container *c);
/* -ENOTSUP, and says what is not possible, when it has none. */
int oci_state_need_cgroup(struct oci_cli *cli, const struct oci_container *c, const char *what);
/*
 * Where a held container of an ordinary user waits for its start: a socket in its directory that
 * listens, or a connection to it, which is -1 when there is no such socket.
 */
int oci_state_listen(struct oci_cli *cli, const struct oci_container *c, int *ret);
int oci_state_call(struct oci_cli *cli, const struct oci_container *c, int *ret);
/* Takes the lock once more. -ENOENT, with nothing in cli->err, when it was deleted meanwhile. */
int oci_state_relock(struct oci_cli *cli, struct oci_container *c);
/* Lets other commands at it. */
void oci_state_unlock(struct oci_container *c);
/* Removes ROOT/ID; the control group and the processes must be gone. */
int oci_state_remove(struct oci_cli *cli, const struct oci_container *c);
/* The configuration that it was made with. */
int oci_state_config(struct oci_cli *cli, const struct oci_container *c, struct oci_config **ret);
/*
 * The same for who wants nothing but its hooks: NULL, at no cost, when it has none, or when it
 * cannot be read (any more).
 */
const struct oci_config *oci_state_hooks(struct oci_cli *cli, const struct oci_container *c);

enum oci_status oci_state_status(const struct oci_container *c);
/* A pidfd of its first process, or -ESRCH when that one has ended. */
int oci_state_pidfd(const struct oci_container *c);
/* IDs of all containers, sorted. */
int oci_state_ids(struct oci_cli *cli, struct strv *ret);

#endif
