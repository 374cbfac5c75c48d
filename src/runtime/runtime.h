/*
 * runtime.h - from an OCI configuration to a running process
 *
 * The in-process library that berth-shim and berth-oci share. The caller becomes the parent of
 * the container's init. Everything is decided, opened and allocated before the child exists; the
 * child (init.c) only makes system calls, in the caller's address space (CLONE_VM), so a start
 * copies no page tables.
 *
 * Memory comes from an arena of the caller, which may drop it as soon as the start returned (for
 * a held container: as soon as runtime_release() returned).
 */
#ifndef RUNTIME_RUNTIME_H
#define RUNTIME_RUNTIME_H

#include "base/arena.h"
#include "base/err.h"
#include "cgroup/cgroup.h"
#include "model/oci_runtime.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* An overlay as the root, mounted in the container's own mount namespace only. */
struct runtime_overlay {
	const struct strv *lower; /* absolute directories, top first */
	const char *upper, *work;
	bool is_volatile;
};

/* What a container is in, as hooks and seccomp listeners are told. */
struct runtime_state {
	const char *id, *status; /* "creating", "created", "running", "stopped" */
	const char *bundle;
	pid_t pid;                         /* 0: it has ended */
	const struct str_map *annotations; /* NULL: none */
};

struct runtime_start {
	const struct oci_config *config;
	const char *id;     /* of the container; NULL where there are no hooks and listeners */
	const char *bundle; /* relative paths of the configuration begin here; NULL: all absolute */
	const struct runtime_overlay *overlay; /* NULL: config->root->path */
	const char *cgroup;  /* "/berth/ID", beneath every hierarchy; NULL: none */
	bool cgroup_is_unit; /* systemd made it: adopted, and left to the caller on failure */
	/* Where it cannot be made for want of privileges, and nothing is limited: none. */
	bool cgroup_is_optional;
	bool cgroup_is_partial; /* set by runtime_start() itself */
	/* Of resctrl, as runtime_class_find() found it, to be made and joined; NULL: none. */
	struct cgroup_class *class;
	int stdin_fd, stdout_fd, stderr_fd; /* become 0, 1, 2; ignored with a terminal */
	const char *seccomp_cache,
		*seccomp_key;    /* directory and file name of the compiled filter, or NULL */
	const int *preserve_fds; /* passed on as 3, 4, … */
	size_t n_preserve_fds;
	bool hold; /* stop before the program: OCI create */
	/* Held by an ordinary user: a socket (SOCK_SEQPACKET) that listens, which
	 * runtime_reattach() is given a connection to, since he may not reach into the process. 0:
	 * none. */
	int listen_fd;
	bool no_pivot;       /* leave the old root beneath the new one: for initramfs, and weaker */
	bool no_new_keyring; /* stay in the caller's session keyring */
	bool die_with_parent; /* PR_SET_PDEATHSIG SIGKILL: no container without its shim */
};

struct runtime_process {
	pid_t pid;
	int pidfd;
	uint64_t start_time;     /* field 22 of /proc/PID/stat */
	int console_fd;          /* pty master with a terminal, else -1; the caller's */
	int hold_fd;             /* of a held container, else -1 */
	bool has_no_cgroup;      /* it was optional and could not be made */
	bool has_part_of_cgroup; /* ... or not in every hierarchy */
};

/*
 * Returns when the program runs (its execve() succeeded), or is held. On failure nothing is left
 * (process, mount, cgroup), the message names the step, and *ret_exit is docker's exit status for
 * it: 127 not found, 126 not executable, otherwise 125.
 */
int runtime_start(const struct runtime_start *start, struct arena *a,
		  struct runtime_process *ret_process, int *ret_exit, struct err *err);
/* Lets a held container's program run; errors of execve() are reported here. */
int runtime_release(struct runtime_process *process, int *ret_exit, struct err *err);
/*
 * A held container that another process made, which may have exited since: what runtime_release()
 * needs. call_fd is connected to its listening socket and taken over, or -1 when it has none. pidfd
 * and hold_fd are the caller's. -ESRCH when pid is another process by now, -EINVAL when it does not
 * wait any more.
 */
int runtime_reattach(pid_t pid, uint64_t start_time, int call_fd,
		     struct runtime_process *ret_process, struct err *err);

/*
 * The way into a held container whose user may not look at its process: descriptors that it gives
 * when it is asked through a connection to its listening socket. -1: none.
 */
struct runtime_entry {
	int spaces[8]; /* namespaces */
	int root;      /* O_PATH */
};
#define RUNTIME_ENTRY_INIT                                                                         \
	{                                                                                          \
		.spaces = { -1, -1, -1, -1, -1, -1, -1, -1 }, .root = -1                           \
	}
void runtime_entry_cleanup(struct runtime_entry *entry);
int runtime_entry_ask(int call_fd, struct runtime_entry *ret, struct err *err);

/*
 * Writes the maps of a process of ours in a new user namespace; what an ordinary user may not write
 * himself newuidmap(1) and newgidmap(1) do.
 */
int runtime_map_ids(pid_t pid, const struct oci_id_mappings *mappings, struct err *err);

/* One more process in a container that runs. */
struct runtime_exec {
	pid_t init_pid;
	uint64_t init_start; /* refused with -ESRCH when the PID is another process by now */
	const struct runtime_entry *entry; /* of one that is held and listens; NULL: none */
	const char *cgroup;
	bool cgroup_is_partial;               /* it is not in every hierarchy */
	const struct cgroup_class *class;     /* the container's; NULL: none */
	const struct str_map *beneath_cgroup; /* struct cgroup_place's, or NULL */
	bool wait_thawed;                     /* of a paused container: wait, instead of -EBUSY */
	const struct oci_process *process;
	const struct oci_seccomp *seccomp; /* NULL: none */
	/* For a listener of that: id NULL where there is none. */
	const char *id, *bundle;
	const struct str_map *annotations;
	const char *seccomp_cache, *seccomp_key;
	int stdin_fd, stdout_fd, stderr_fd;
	const int *preserve_fds;
	size_t n_preserve_fds;
};
int runtime_exec(const struct runtime_exec *exec, struct arena *a,
		 struct runtime_process *ret_process, int *ret_exit, struct err *err);

/*
 * Runs the hooks of one kind in order, in our namespaces; name is the kind's ("poststop"). Stops at
 * the first that fails, unless go_on. The first failure is returned, with the number of others.
 */
int runtime_run_hooks(const struct oci_hook_list *hooks, const char *name,
		      const struct runtime_state *state, bool go_on, struct err *err);
/*
 * Sets the limits of a container that runs, but for its rules for devices, which stay as they
 * were made. What is not in resources is left alone.
 */
int runtime_update(const char *cgroup, const struct oci_resources *resources, struct arena *a,
		   struct err *err);

/*
 * The class of resctrl that linux.intelRdt asks for: *ret is the arena's, NULL when it asks for
 * none. Makes nothing. -ENOTSUP where no resctrl is mounted.
 */
int runtime_class_find(const struct oci_config *config, const char *id, struct arena *a,
		       struct cgroup_class **ret, struct err *err);

/* The same limits as properties of systemd's (cgroup/cgroup.h), appended to *ret. */
int runtime_unit_limits(const struct oci_resources *resources, struct arena *a, struct str_map *ret,
			struct err *err);

/*
 * For a container that is not started but made anew by CRIU. The control group, as runtime_start()
 * makes it; on failure there is none.
 */
int runtime_restore_cgroup(const struct oci_config *config, const char *cgroup, struct arena *a,
			   struct err *err);
/* The class (NULL: none), in the same way. */
int runtime_restore_class(const struct oci_config *config, struct cgroup_class *class,
			  const char *id, struct err *err);
/*
 * Makes what is missing of the places that are mounted on, in the root file system that is mounted
 * at root; bundle is where relative sources begin. For a mount namespace that nobody else is in.
 */
int runtime_restore_mount_points(const struct oci_config *config, const char *bundle,
				 const char *root, struct err *err);
/* Of the network namespace of that process. */
int runtime_restore_loopback(pid_t pid, struct err *err);
/* The root mount of that process's mount namespace; CRIU keeps no flags of it. */
int runtime_restore_readonly(pid_t pid, struct err *err);

/* Names that a configuration may use, as its `features` document lists them; all the arena's. */
struct runtime_features {
	struct strv hooks, mount_options, namespaces, capabilities;
	struct strv seccomp_actions, seccomp_operators, seccomp_arches, seccomp_flags;
	struct strv memory_modes, memory_flags;
};
void runtime_features(struct arena *a, struct runtime_features *ret);

#endif
