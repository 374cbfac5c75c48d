/*
 * cgroup.h - control groups, v1, hybrid and v2 behind one door
 *
 * A container's group has one path ("/berth/ID") beneath every hierarchy that is mounted. Which
 * hierarchies and controllers there are is read from /proc/self/mountinfo and /proc/cgroups once
 * per process. v1 controllers that no limit of the container needs are joined all the same when
 * they are cheap to tell processes apart (freezer, pids, cpuacct, memory, devices, cpu, blkio,
 * cpuset, name=systemd), as docker does. Machines where the v2 tree carries only hugetlb, or no
 * controller, are v1 machines with one more hierarchy.
 */
#ifndef CGROUP_CGROUP_H
#define CGROUP_CGROUP_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum cgroup_mode { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };

/* Limits; NULL or 0 where nothing is set, -1 is "max". */
struct cgroup_device_rule {
	bool allow;
	char type;            /* 'a', 'b', 'c' */
	int64_t major, minor; /* -1: any */
	const char *access;   /* of "rwm" */
};
/* One device's weight, from 10 to 1000, or rate, in bytes or operations a second. */
struct cgroup_weight_device {
	int64_t major, minor;
	const uint32_t *weight, *leaf_weight;
};
struct cgroup_throttle {
	int64_t major, minor;
	uint64_t rate;
};
enum cgroup_throttle_kind {
	CGROUP_READ_BPS,
	CGROUP_WRITE_BPS,
	CGROUP_READ_IOPS,
	CGROUP_WRITE_IOPS,
	CGROUP_THROTTLES
};
struct cgroup_hugepages {
	const char *page_size; /* "2MB" */
	uint64_t limit;        /* bytes */
};
struct cgroup_priority {
	const char *interface;
	uint32_t priority;
};
struct cgroup_rdma {
	const char *device;
	const uint32_t *handles, *objects;
};
struct cgroup_limits {
	const int64_t *memory, *memory_reservation,
		*memory_swap; /* bytes; swap is memory and swap */
	const int64_t *memory_kernel, *memory_kernel_tcp;
	const uint64_t *memory_swappiness;
	const bool *memory_use_hierarchy;
	bool memory_check; /* refuse a limit below what is in use */
	bool disable_oom_killer;
	const uint64_t *cpu_shares, *cpu_period, *cpu_burst, *cpu_rt_period; /* us */
	const int64_t *cpu_quota, *cpu_rt_runtime, *cpu_idle;
	const char *cpuset_cpus, *cpuset_mems;
	const int64_t *pids;
	const uint32_t *io_weight, *io_leaf_weight; /* 10 to 1000 */
	const struct cgroup_weight_device *io_weights;
	size_t n_io_weights;
	const struct cgroup_throttle *io_throttles[CGROUP_THROTTLES];
	size_t n_io_throttles[CGROUP_THROTTLES];
	const struct cgroup_hugepages *hugepages;
	size_t n_hugepages;
	const uint32_t *net_class;
	const struct cgroup_priority *net_priorities;
	size_t n_net_priorities;
	const struct cgroup_rdma *rdma;
	size_t n_rdma;
	const struct str_map *unified;            /* files of v2, written last; NULL: none */
	const struct cgroup_device_rule *devices; /* NULL: devices are left alone */
	size_t n_devices;
};

enum cgroup_mode cgroup_mode(void);
/* Name of each controller that this machine can limit by, arena's: for `info` and warnings. */
int cgroup_controllers(struct arena *a, struct strv *ret, struct err *err);

/*
 * Creates the group (absolute path, no "..") in every hierarchy and sets the limits; limits may be
 * NULL. A limit whose controller is missing is -ENOTSUP with its name; a group that is there and
 * has processes is -EEXIST. On failure nothing is left but parents.
 */
int cgroup_setup(const char *path, const struct cgroup_limits *limits, struct err *err);
/*
 * The same for who may not write everywhere: a hierarchy that he may not, and that no limit needs,
 * is passed over, which *ret_partial tells. -EACCES when that leaves none.
 */
int cgroup_setup_where_allowed(const char *path, const struct cgroup_limits *limits,
			       bool *ret_partial, struct err *err);
/* Names of the controllers that the limits need, v1's; the arena's. */
void cgroup_limited(const struct cgroup_limits *limits, struct arena *a, struct strv *ret);
/* The group that we are in ourselves, of a machine with v2 alone. Arena's; NULL: not known. */
const char *cgroup_own_v2(struct arena *a);
/*
 * The same for a group that a service manager has made where it wants it and keeps alive with a
 * process in it. What is missing elsewhere is made; on failure all stays as it is.
 */
int cgroup_adopt(const char *path, const struct cgroup_limits *limits, struct err *err);
/* Which group a process is to join. */
struct cgroup_place {
	const char *path; /* the container's */
	/*
	 * Beneath it: a path for "" (every hierarchy), or one each for v1 controllers ("cpu");
	 * those of the others are the container's own. NULL or empty: none.
	 */
	const struct str_map *beneath;
	/* Where v2 lets no process into the container's group, for it divides it itself: the group
	 * of this process, unless something beneath was asked for. 0: nobody's. */
	pid_t beside;
	bool is_partial; /* of cgroup_setup_where_allowed(): not in every hierarchy */
};
/*
 * Descriptors (close-on-exec) into which a child with one thread writes "0" to join every
 * hierarchy: cgroup.procs of v2, but tasks of v1, because a thread that moves itself alone takes no
 * lock that waits for every processor; cgroup.procs costs 10 ms and more on an idle machine.
 * *ret_v2_dir is the group's directory for CLONE_INTO_CGROUP, or -1; then the last of
 * ret_fds is of that hierarchy, and needs no write by a child that was cloned into it.
 */
enum { CGROUP_HIERARCHIES_MAX = 16 };
int cgroup_open_joins(const struct cgroup_place *place, int ret_fds[CGROUP_HIERARCHIES_MAX],
		      size_t *ret_n, int *ret_v2_dir, struct err *err);
/* The container's part of each hierarchy, for showing it at /sys/fs/cgroup in there. */
struct cgroup_tree {
	bool is_v2;
	const char *name;        /* of the directory that it is mounted at: "cpu,cpuacct" */
	const char *dir;         /* the group, on the host: "/sys/fs/cgroup/cpu,cpuacct/berth/ID" */
	struct strv controllers; /* v1: "cpu", "cpuacct", or "systemd"; v2: empty */
};
/* Arena's. The v2 one, when there is one, is the last. */
int cgroup_trees(const char *path, struct arena *a, struct cgroup_tree **ret, size_t *ret_n,
		 struct err *err);

/* Changes limits of a live group. */
int cgroup_update(const char *path, const struct cgroup_limits *limits, struct err *err);
/* Every process of it and beneath, host PIDs. -ENOENT when there is no such group. */
int cgroup_pids(const char *path, struct arena *a, pid_t **ret_pids, size_t *ret_n,
		struct err *err);
/* Freezes or thaws and waits until it is so (bounded). */
int cgroup_freeze(const char *path, bool frozen, struct err *err);
int cgroup_is_frozen(const char *path, bool *ret_frozen);
/* Kills everything in it (cgroup.kill, else SIGKILL in a loop until empty). Thaws first. */
int cgroup_kill(const char *path, int signal, struct err *err);
/* Did the OOM killer strike in it? */
bool cgroup_oom_killed(const char *path);
/*
 * Being told when it strikes: fd (close-on-exec, the caller's) becomes readable when it may have,
 * and when the group goes away; cgroup_oom_struck() says whether it did since the last call, and
 * reads the descriptor empty.
 */
struct cgroup_oom {
	int fd;
	bool is_v2;
	uint64_t count;
};
int cgroup_oom_watch(const char *path, struct cgroup_oom *ret, struct err *err);
bool cgroup_oom_struck(const char *path, struct cgroup_oom *oom);

/* What a group has used. Memory in bytes; UINT64_MAX is no limit in v2, v1 has a huge number. */
struct cgroup_memory_use {
	uint64_t usage, max, limit, failures;
};
struct cgroup_io {
	unsigned major, minor;
	const char *op; /* "Read", "Write", ... */
	uint64_t value;
};
struct cgroup_io_list {
	struct cgroup_io *items;
	size_t n;
};
struct cgroup_hugetlb {
	const char *page_size; /* "2MB" */
	uint64_t usage, max, failures;
};
struct cgroup_stats {
	uint64_t cpu_ns, cpu_user_ns, cpu_kernel_ns;
	uint64_t *percpu_ns; /* v1 only */
	size_t n_percpu;
	uint64_t cpu_periods, cpu_throttled_periods, cpu_throttled_ns;
	struct cgroup_memory_use memory, swap, kernel, kernel_tcp; /* swap: with memory */
	uint64_t cache;
	struct str_map memory_raw; /* memory.stat: names and decimal numbers */
	uint64_t pids, pids_limit;
	struct cgroup_io_list io_bytes, io_operations;
	struct cgroup_hugetlb *hugetlb; /* of the sizes that the group counts */
	size_t n_hugetlb;
};
/* Everything is the arena's; what the machine does not count is 0. -ENOENT: no such group. */
int cgroup_stats(const char *path, struct arena *a, struct cgroup_stats *ret, struct err *err);
/*
 * True: no process was in it, and no group beneath it; it is gone where processes are looked for
 * and killed, and what else there is of it is cgroup_teardown()'s. False when there may be one.
 */
bool cgroup_remove_empty(const char *path);
/*
 * Removes it and what is beneath, in every hierarchy; what is absent is fine. Retries for a
 * bounded time while the kernel still counts dying processes (-EBUSY after that).
 */
int cgroup_teardown(const char *path, struct err *err);

/* -- classes of resctrl: parts of caches and of memory bandwidth -- */

/* What is wanted of a class, as linux.intelRdt has it. */
struct cgroup_class_want {
	const char *name;            /* NULL: after the container; "/": the default class */
	const char *container;       /* its ID */
	const char *l3, *mem_bw;     /* lines of schemata, or NULL */
	const struct strv *schemata; /* more of them, written last */
	bool monitor;                /* a group of its own that is measured */
	bool needs_occupancy, needs_bandwidth; /* what must be among the things measured */
};
struct cgroup_class {
	const char *mount;   /* where resctrl is mounted */
	const char *name;    /* the class's directory there; "": the default class */
	const char *monitor; /* its group to be measured, or NULL */
	bool is_ours;        /* goes with the container */
	bool is_new;         /* cgroup_class_setup() made it */
};
/* Where resctrl is mounted; the arena's. NULL: nowhere. */
const char *cgroup_class_mount(struct arena *a);
/*
 * Which class that is, beneath mount; changes nothing. Strings are the arena's. -ENOENT when one is
 * named that is not there and nothing says what it is to be.
 */
int cgroup_class_find(const char *mount, const struct cgroup_class_want *want, struct arena *a,
		      struct cgroup_class *ret, struct err *err);
/*
 * Makes what is missing of it and writes its lines; those of a class that was named and is there
 * are compared instead (-EEXIST: it is another one). On failure nothing is left that was not there.
 */
int cgroup_class_setup(struct cgroup_class *class, const struct cgroup_class_want *want,
		       struct err *err);
/* Removes what cgroup_class_setup() made, unless somebody else is in it by now. */
int cgroup_class_undo(const struct cgroup_class *class, struct err *err);
/* Writes new lines (NULL: none) to a class that is there. */
int cgroup_class_update(const struct cgroup_class *class, const char *l3, const char *mem_bw,
			struct err *err);
/* Descriptors (close-on-exec) that a child with one thread writes "0" to, in this order. */
enum { CGROUP_CLASS_JOINS = 2 };
int cgroup_class_open_joins(const struct cgroup_class *class, int ret_fds[CGROUP_CLASS_JOINS],
			    size_t *ret_n, struct err *err);
/* Removes its group to be measured, and the class when it is ours; what is absent is fine. */
int cgroup_class_teardown(const struct cgroup_class *class, struct err *err);
/* What it has and has used; members that the machine does not have are NULL or empty. */
struct cgroup_class_domain {
	const char *name;                          /* of a cache: "mon_L3_00" */
	const uint64_t *occupancy, *total, *local; /* bytes; NULL: not measured */
};
struct cgroup_class_stats {
	struct strv schemata, root_schemata;
	struct str_map cache, bandwidth; /* files of info/L3 and info/MB */
	struct cgroup_class_domain *domains;
	size_t n_domains;
};
int cgroup_class_stats(const struct cgroup_class *class, struct arena *a,
		       struct cgroup_class_stats *ret, struct err *err);

/* -- groups that are units of systemd -- */

struct cgroup_unit {
	const char *name;  /* "berth-ID.scope", or "some.slice" */
	const char *slice; /* the unit that it is in: "system.slice"; "-.slice" is the top */
	const char *group; /* its group: "/system.slice/berth-ID.scope" */
	bool is_slice;     /* a slice holds no process of its own until the container joins it */
};
/*
 * From an OCI configuration's linux.cgroupsPath in the form "SLICE:PREFIX:NAME" ("" and NULL:
 * "system.slice:berth:ID"), as runc reads it. Strings are the arena's. -EINVAL says what is wrong.
 */
int cgroup_unit_parse(const char *cgroups_path, const char *id, struct arena *a,
		      struct cgroup_unit *ret, struct err *err);
/*
 * Names and values (codec/variant.h) of a unit's properties, appended to *ret; v2 is whether this
 * machine has v2 groups alone. First what a new unit needs that no limit says.
 */
void cgroup_unit_basics(const struct cgroup_unit *unit, const char *id, bool v2, struct arena *a,
			struct str_map *ret);
/*
 * The limits that systemd knows, so that it keeps them when it sets a unit up again. What it cannot
 * say exactly is left out: the group's files have it all.
 */
int cgroup_unit_limits(const struct cgroup_limits *limits, bool v2, struct arena *a,
		       struct str_map *ret, struct err *err);

#endif
