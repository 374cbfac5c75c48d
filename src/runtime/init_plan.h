/*
 * init_plan.h - what the child does between clone() and exec(), decided, opened and allocated
 *
 * The parent writes it (plan.c, mount_plan.c decide; open.c fills in the descriptors), the child
 * carries it out (init.c) in the parent's memory and changes nothing in it but `report` and, for
 * a moment, separators in its own paths. Descriptors are -1 where there is nothing to do.
 *
 * Paths in the container's tree have no leading slash and are resolved beneath root_fd.
 */
#ifndef RUNTIME_INIT_PLAN_H
#define RUNTIME_INIT_PLAN_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* How far the child came; shared memory while the parent is suspended, a message otherwise. */
struct init_report {
	uint16_t step;   /* index into init_steps */
	uint16_t item;   /* which mount, device, … of that step */
	int32_t error;   /* negative errno; 0: no failure */
	uint16_t detail; /* enum init_detail */
	int32_t status;  /* of a hook that failed, as wait(2) gives it */
};

enum init_detail {
	INIT_NO_DETAIL,
	INIT_NOT_IN_PATH,    /* no directory of PATH has the program */
	INIT_NO_SUCH_FILE,   /* the program, named by its path, is absent */
	INIT_NO_INTERPRETER, /* it is there, what should run it is not */
	INIT_IS_DIRECTORY,
	INIT_CWD_OUTSIDE,     /* the working directory is not in the container */
	INIT_NOT_A_DIRECTORY, /* the mount's target is a link, or not what it must be */
	INIT_OVER_PROC,       /* ... or it is in procfs */
	INIT_NOT_MOUNTED,     /* what is to be mounted again is no mount */
	INIT_HOOK_FAILED,
	INIT_HOOK_TIMEOUT,
	INIT_SOURCE_CHANGED, /* another file than the parent saw there */
	INIT_SOURCE_COVERED, /* mounts beneath it hide what it would show */
	INIT_SOURCE_LOCKED,  /* its flags are the host's to clear */
};

/* One step of a mount's configuration: value NULL is a flag. */
struct init_option {
	const char *key, *value;
};

enum init_mount_kind {
	INIT_MOUNT_FS,     /* a new file system */
	INIT_MOUNT_BIND,   /* tree_fd */
	INIT_MOUNT_CGROUP, /* tmpfs with a tree per v1 hierarchy, or tree_fd for v2 */
	INIT_MOUNT_AGAIN,  /* other attributes for what is mounted there */
	INIT_MOUNT_LINK,   /* a link instead */
};

/* A v1 hierarchy under its directory's name, and other names of it (comounted controllers). */
struct init_cgroup {
	const char *name, *path; /* path: the container's group, on the host */
	int tree_fd;
};

struct init_cgroup_link {
	const char *name, *target;
};

struct init_mount {
	enum init_mount_kind kind;
	char *target;
	bool dir;           /* the target to make when it is missing: directory, or file */
	bool no_links;      /* the target must be a real directory: /proc, /sys, /dev */
	bool over_proc;     /* may cover a part of procfs, or all of it */
	const char *source; /* of a bind: absolute, on the host */
	bool recursive;     /* rbind */
	bool no_follow;     /* the source itself, when it is a link */
	bool on_link;       /* upon the target itself, when it is a link */
	bool copy_link;     /* when the source is a link: the same link, INIT_MOUNT_LINK */
	const char *link;   /* what that names */
	bool copy_up;       /* fill the new file system with what is at the target */
	bool late_readonly; /* read-only when devices and other mounts are in it */
	const char *fstype;
	const struct init_option *options;
	size_t n_options;
	const char *data; /* the same as mount(2) takes them, but the source; NULL: it cannot */
	uint64_t attr_set, attr_clear;           /* MOUNT_ATTR_* of the mount itself */
	uint64_t tree_attr_set, tree_attr_clear; /* ... and of everything beneath (rro, …) */
	uint64_t propagation;                    /* MS_* */
	bool tree_propagation;
	int tree_fd;
	const char *uid_map, *gid_map; /* of an idmapped mount, as /proc/PID/uid_map takes them */
	bool map_tree;                 /* and everything beneath */
	struct init_cgroup *cgroups;   /* INIT_MOUNT_CGROUP, v1 */
	size_t n_cgroups;
	const struct init_cgroup_link *cgroup_links;
	size_t n_cgroup_links;
};

/* Mounts that become read-only later, as the child has made them: room for all. */
struct init_late {
	size_t n;
	int *fds;
};

/* A layer that has this number in the child. */
struct init_layer {
	const char *path;
	int fd;
};

/*
 * A tree of the host that the child copies, where we have no rights on the mount namespace that we
 * share with the host and the child has them on its own copy. It must be what we found at path.
 */
struct init_source {
	const char *path;
	unsigned flags; /* of open_tree(2) */
	uint64_t inode;
	unsigned dev_major, dev_minor;
	struct init_source_attr {
		unsigned flags; /* AT_RECURSIVE, or 0 */
		uint64_t set, clear, propagation;
	} attrs[2];
	size_t n_attrs;
	int *ret_fd; /* where the rest of the plan looks for it */
};

struct init_device {
	char *path;
	mode_t mode; /* with the type */
	dev_t dev;
	uid_t uid;
	gid_t gid;
	int tree_fd; /* the host's, where nodes cannot be made, or -1 */
};

struct init_link {
	const char *name, *target;
};

struct init_sysctl {
	const char *path, *value; /* path beneath /proc */
	size_t len;
};

struct init_rlimit {
	int resource;
	struct {
		uint64_t soft, hard;
	} limit; /* as prlimit64(2) takes it */
};

/* The same layout that capset(2) takes. */
struct init_caps {
	struct {
		uint32_t effective, permitted, inheritable;
	} data[2];
};

/* A namespace that is joined; or, by the pidfd of a container's init, several. */
struct init_join {
	int fd, flags; /* CLONE_NEW* */
};

struct init_hook {
	const char *path;
	const char *const *argv, *const *envp;
	int64_t timeout_s; /* 0: none */
};

/* Hooks that the child runs; the state is what stands before and behind its process number. */
struct init_hooks {
	const struct init_hook *items;
	size_t n;
	const char *head, *tail;
	size_t head_len, tail_len;
};

/* struct sched_attr of sched_setattr(2). */
struct init_scheduler {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

struct init_memory_policy {
	int mode;
	const unsigned long *nodes; /* a mask of max bits, or NULL */
	unsigned long max;
};

/*
 * Where a filter's descriptor is handed over, in memory: see load_notifying(). A parent that may
 * not reach into the child gets the message instead, into which fds leads.
 */
struct init_notify {
	int fd; /* -1 until it is there */
	int taken;
	int *fds;
	struct msghdr *message; /* NULL: none */
};

/*
 * What a held process gives to who wants to enter it and may not look at it: its namespaces, in the
 * order of init_spaces, and its root behind them. The message is made ready by the parent; fds
 * leads into it.
 */
enum { INIT_SPACES = 8, INIT_ENTRY_FDS = INIT_SPACES + 1 };
struct init_entry {
	int kept[INIT_SPACES];
	int *fds;
	struct msghdr *message;
};

struct init_plan {
	/* Where it lives. */
	const unsigned long *cpus_initial, *cpus_final; /* CPUs before and in its control groups */
	size_t cpus_size;                               /* bytes of each */
	const struct init_join *joins;
	size_t n_joins;
	bool unshare_time;
	const char *time_offsets; /* text of /proc/PID/timens_offsets */
	size_t time_offsets_len;
	bool ask_maps;         /* the parent writes the maps of its user namespace */
	bool become_root;      /* of a user namespace */
	const int *cgroup_fds; /* one for each hierarchy, of cgroup_open_joins() */
	size_t n_cgroup_fds;
	bool unshare_cgroup;
	bool new_keyring;
	bool loopback; /* bring lo up */
	const char *hostname, *domainname;
	size_t hostname_len, domainname_len;

	/* Its tree. root_fd is a detached mount that becomes "/", or, in an exec, unused. */
	bool new_root;
	bool no_pivot; /* the old root stays mounted beneath the new one */
	int root_fd;
	const char *overlay_options; /* kernels without lowerdir+: mounted by the child ... */
	const char *overlay_target;  /* ... over this directory */
	const struct init_layer *overlay_layers; /* layers that the options name as descriptors */
	size_t n_overlay_layers;
	const char *root_place; /* where root_fd is attached first */
	uint64_t root_birth;    /* MS_* for the root's mounts when the parent cannot set them */
	bool old_mounts;        /* the kernel has no mount_setattr(2) */
	bool late_pivot;        /* the host's tree is needed until all is mounted */
	bool ask_hooks;         /* the parent runs hooks when all is mounted */
	struct init_hooks create_container, start_container;
	bool root_readonly;
	uint64_t root_propagation; /* MS_* for "/" at the end, 0: as it is */
	bool child_opens;          /* the sources of its mounts are opened by the child */
	const struct init_source *sources;
	size_t n_sources;
	struct init_mount *mounts;
	size_t n_mounts;
	struct init_late *late; /* the child counts there */
	int dev_mount;          /* index of the file system mounted at /dev, or -1 */
	bool default_devs;      /* populate /dev */
	struct init_device *devices;
	size_t n_devices;
	bool bind_devices; /* nodes are the host's, mounted */
	const struct init_link *links;
	size_t n_links;
	char *const *masked_paths;
	size_t n_masked;
	int null_fd; /* the host's /dev/null, verified, as a detached mount */
	char *const *readonly_paths;
	size_t n_readonly;
	const struct init_sysctl *sysctls;
	size_t n_sysctls;
	int proc_fd; /* the host's /proc, verified; not open while the program runs */

	/* Its terminal and descriptors. */
	bool terminal;
	uint16_t rows, cols;
	int console_socket; /* where the master is sent */
	int stdio[3];
	const int *preserve_fds; /* become 3, 4, … */
	size_t n_preserve_fds;

	/* What it may do. */
	const char *oom_score_adj; /* text, NULL: unchanged */
	size_t oom_score_adj_len;
	const char *apparmor; /* "exec PROFILE" */
	size_t apparmor_len;
	const char *selinux; /* label */
	size_t selinux_len;
	const struct init_scheduler *scheduler;
	int io_priority; /* of ioprio_set(2), 0: unchanged */
	const struct init_memory_policy *memory_policy;
	int64_t personality; /* -1: unchanged */
	struct init_rlimit *rlimits;
	size_t n_rlimits;
	bool no_new_privs;
	const struct sock_filter *seccomp;
	uint16_t seccomp_len;
	uint32_t seccomp_flags;
	struct init_notify *notify; /* of a filter that asks a listener, or NULL */
	uint64_t cap_bounding, cap_ambient;
	struct init_caps caps;
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
	bool groups_may_stay; /* in a user namespace where nobody may change them, and none are
				 asked */
	mode_t umask;
	int parent_fd; /* pidfd of the parent to die with, or -1 */

	/* What it runs. */
	char *cwd;
	const char *const *argv, *const *envp;
	const char *const *candidates; /* paths to try; ended by NULL */
	bool search_path;              /* argv[0] is a name to look for, not a path */
	int hold_fd;                   /* wait here before exec, or -1 */
	int listen_fd;                 /* ... or for who connects here, or -1 */
	struct init_entry *entry;      /* of one that listens */
	int talk_fd;                   /* where the parent is asked for things, or -1 */
	int talk_far_fd;               /* the parent's end of it, which is not for the child */

	struct init_report *report;
	const struct iovec *last_words; /* report and name of the program, for the hold socket */
	char *scratch;                  /* SCRATCH_SIZE bytes for getcwd(2) */
};

enum { INIT_SCRATCH_SIZE = 4096, INIT_NAME_MAX = 256, INIT_FAILED = 125 };

/* Messages on the hold socket: the child says HELD, the releaser GO; then EOF, or a report with the
 * program's name behind it. Who calls a listening one says GO as well, or ENTER: it answers with
 * its namespaces and waits for the next. */
enum { INIT_HELD = 'h', INIT_GO = 'g', INIT_ENTER = 'e' };
/* ... and on the talk socket: the child asks, the parent does it and says GO; then EOF. */
enum { INIT_ASK_MAPS = 'm', INIT_ASK_HOOKS = 'r', INIT_ASK_NOTIFY = 's' };

struct init_step {
	const char *name; /* what the message says was being done */
	long (*run)(const struct init_plan *p);
};
extern const struct init_step init_steps[];
extern const uint16_t init_steps_count;

/* The child. Ends in execve() or in _exit(INIT_FAILED) with a report. */
int init_main(void *plan);

#endif
