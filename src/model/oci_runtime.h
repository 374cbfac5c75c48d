/*
 * oci_runtime.h - an OCI runtime configuration (config.json, runtime-spec 1.3 for Linux)
 *
 * Members are the specification's names in snake_case.
 */
#ifndef MODEL_OCI_RUNTIME_H
#define MODEL_OCI_RUNTIME_H

#include "codec/schema.h"

struct oci_box {
	uint32_t height, width;
};
SCHEMA_DECLARE(oci_box);

struct oci_user {
	uint32_t uid, gid;
	uint32_t *umask;
	LIST(uint32_t) additional_gids;
};
SCHEMA_DECLARE(oci_user);

struct oci_rlimit {
	const char *type; /* "RLIMIT_NOFILE" */
	uint64_t hard, soft;
};
SCHEMA_DECLARE(oci_rlimit);

struct oci_capabilities {
	struct strv bounding, effective, inheritable, permitted, ambient;
};
SCHEMA_DECLARE(oci_capabilities);

struct oci_scheduler {
	const char *policy; /* "SCHED_FIFO" */
	int nice, priority;
	struct strv flags;                  /* "SCHED_FLAG_RESET_ON_FORK" */
	uint64_t runtime, deadline, period; /* ns, of SCHED_DEADLINE */
};
SCHEMA_DECLARE(oci_scheduler);

struct oci_io_priority {
	const char *class_; /* "IOPRIO_CLASS_BE" */
	int priority;
};
SCHEMA_DECLARE(oci_io_priority);

/* Of a process that joins a container: before and after it is in the control group. */
struct oci_cpu_affinity {
	const char *initial, *final; /* "0-3,5" */
};
SCHEMA_DECLARE(oci_cpu_affinity);

struct oci_process {
	bool terminal;
	struct oci_box console_size;
	struct oci_user user;
	struct strv args, env;
	const char *cwd;
	struct oci_capabilities *capabilities;
	LIST(struct oci_rlimit) rlimits;
	bool no_new_privileges;
	const char *apparmor_profile, *selinux_label;
	int64_t *oom_score_adj;
	struct oci_io_priority *io_priority;
	struct oci_scheduler *scheduler;
	struct oci_cpu_affinity *exec_cpu_affinity;
};
SCHEMA_DECLARE(oci_process);

struct oci_root {
	const char *path;
	bool readonly;
};
SCHEMA_DECLARE(oci_root);

/* size IDs from container_id on are those from host_id on; of a mount: of the file system's. */
struct oci_id_mapping {
	uint32_t container_id, host_id, size;
};
SCHEMA_DECLARE(oci_id_mapping);
struct oci_id_mappings {
	LIST(struct oci_id_mapping) uids, gids;
};

struct oci_mount {
	const char *destination, *type, *source;
	struct strv options;
	struct oci_id_mappings mappings;
};
SCHEMA_DECLARE(oci_mount);

struct oci_namespace {
	const char *type, *path;
};
SCHEMA_DECLARE(oci_namespace);

struct oci_device {
	const char *path, *type; /* "c", "b", "u", "p" */
	int64_t major, minor;
	uint32_t *file_mode, *uid, *gid;
};
SCHEMA_DECLARE(oci_device);

struct oci_device_rule {
	bool allow;
	const char *type; /* "a", "b", "c"; NULL is "a" */
	int64_t *major, *minor;
	const char *access;
};
SCHEMA_DECLARE(oci_device_rule);

struct oci_memory {
	int64_t *limit, *reservation, *swap, *kernel, *kernel_tcp;
	uint64_t *swappiness;
	bool *disable_oom_killer, *use_hierarchy, *check_before_update;
};
SCHEMA_DECLARE(oci_memory);

struct oci_cpu {
	uint64_t *shares, *period, *burst, *realtime_period;
	int64_t *quota, *realtime_runtime, *idle;
	const char *cpus, *mems;
};
SCHEMA_DECLARE(oci_cpu);

struct oci_pids {
	int64_t limit;
};
SCHEMA_DECLARE(oci_pids);

struct oci_weight_device {
	int64_t major, minor;
	uint32_t *weight, *leaf_weight;
};
SCHEMA_DECLARE(oci_weight_device);

struct oci_throttle_device {
	int64_t major, minor;
	uint64_t rate; /* bytes or operations a second */
};
SCHEMA_DECLARE(oci_throttle_device);

struct oci_block_io {
	uint32_t *weight, *leaf_weight;
	LIST(struct oci_weight_device) weight_device;
	LIST(struct oci_throttle_device)
	throttle_read_bps, throttle_write_bps, throttle_read_iops, throttle_write_iops;
};
SCHEMA_DECLARE(oci_block_io);

struct oci_hugepage_limit {
	const char *page_size; /* "2MB" */
	uint64_t limit;        /* bytes */
};
SCHEMA_DECLARE(oci_hugepage_limit);

struct oci_interface_priority {
	const char *name;
	uint32_t priority;
};
SCHEMA_DECLARE(oci_interface_priority);

struct oci_network {
	uint32_t *class_id;
	LIST(struct oci_interface_priority) priorities;
};
SCHEMA_DECLARE(oci_network);

struct oci_rdma {
	const char *device;
	uint32_t *hca_handles, *hca_objects;
};
SCHEMA_DECLARE(oci_rdma);

struct oci_resources {
	LIST(struct oci_device_rule) devices;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
	LIST(struct oci_hugepage_limit) hugepage_limits;
	struct oci_network *network;
	LIST(struct oci_rdma) rdma;
	struct str_map unified; /* file of cgroup v2, what is written to it */
};
SCHEMA_DECLARE(oci_resources);

struct oci_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	const char *op; /* "SCMP_CMP_EQ" */
};
SCHEMA_DECLARE(oci_seccomp_arg);

struct oci_syscall {
	struct strv names;
	const char *action; /* "SCMP_ACT_ALLOW" */
	uint32_t *errno_ret;
	LIST(struct oci_seccomp_arg) args;
};
SCHEMA_DECLARE(oci_syscall);

struct oci_seccomp {
	const char *default_action;
	uint32_t *default_errno_ret;
	struct strv architectures; /* "SCMP_ARCH_X86_64" */
	struct strv flags;
	const char *listener_path, *listener_metadata;
	LIST(struct oci_syscall) syscalls;
};
SCHEMA_DECLARE(oci_seccomp);

struct oci_personality {
	const char *domain;
	struct strv flags;
};
SCHEMA_DECLARE(oci_personality);

struct oci_time_offset {
	int64_t secs;
	uint32_t nanosecs;
};
SCHEMA_DECLARE(oci_time_offset);

struct oci_time_offsets {
	struct oci_time_offset *monotonic, *boottime;
};
SCHEMA_DECLARE(oci_time_offsets);

struct oci_memory_policy {
	const char *mode;  /* "MPOL_BIND" */
	const char *nodes; /* "0-3" */
	struct strv flags; /* "MPOL_F_STATIC_NODES" */
};
SCHEMA_DECLARE(oci_memory_policy);

/* An interface of the host that becomes the container's, under another name if there is one. */
struct oci_net_device {
	const char *device, *name;
};
SCHEMA_DECLARE(oci_net_device);
struct oci_net_devices {
	struct oci_net_device *items;
	size_t n;
};

struct oci_intel_rdt {
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct strv schemata;
	bool enable_monitoring;
	bool enable_cmt, enable_mbm; /* of the specification's 1.1 and 1.2 */
};
SCHEMA_DECLARE(oci_intel_rdt);

struct oci_linux {
	LIST(struct oci_namespace) namespaces;
	LIST(struct oci_device) devices;
	struct oci_resources *resources;
	const char *cgroups_path;
	struct strv masked_paths, readonly_paths;
	struct oci_seccomp *seccomp;
	struct str_map sysctl;
	const char *rootfs_propagation;
	struct oci_id_mappings mappings;
	struct oci_personality *personality;
	struct oci_time_offsets *time_offsets;
	struct oci_memory_policy *memory_policy;
	const char *mount_label;
	struct oci_net_devices net_devices;
	struct oci_intel_rdt *intel_rdt;
};
SCHEMA_DECLARE(oci_linux);

struct oci_hook {
	const char *path;
	struct strv args, env; /* args with the name of the program in front; absent: the path */
	int64_t *timeout;      /* seconds */
};
SCHEMA_DECLARE(oci_hook);

struct oci_hook_list {
	struct oci_hook *items;
	size_t n;
};

struct oci_hooks {
	struct oci_hook_list prestart, create_runtime, create_container, start_container, poststart,
		poststop;
};
SCHEMA_DECLARE(oci_hooks);

struct oci_config {
	const char *oci_version;
	struct oci_process *process;
	struct oci_root *root;
	const char *hostname, *domainname;
	LIST(struct oci_mount) mounts;
	struct oci_hooks *hooks;
	struct str_map annotations;
	struct oci_linux *linux_;
};
SCHEMA_DECLARE(oci_config);

/* The specification that is followed, of which all older ones are parts. */
#define OCI_RUNTIME_SPEC "1.3.0"

/*
 * Rules between fields, and what is not supported, refused by the path of its member:
 * -EINVAL or -ENOTSUP.
 */
int oci_runtime_check(const struct oci_config *config, struct err *err);
/* The same for the process of an exec. */
int oci_runtime_check_process(const struct oci_process *process, struct err *err);
/* The same for limits alone. */
int oci_runtime_check_resources(const struct oci_resources *resources, struct err *err);
/* The same of two lines of linux.intelRdt; NULL and "": none. */
int oci_runtime_check_rdt_lines(const char *l3, const char *mem_bw, struct err *err);
/* Does it follow this minor version of the specification ("1.3.0": 3), or a later one? */
bool oci_runtime_is_since(const struct oci_config *config, long minor);
/* The namespace of this type ("pid", "network", …), new or joined, or NULL: the runtime's own. */
const struct oci_namespace *oci_runtime_namespace(const struct oci_config *config,
						  const char *type);
static inline bool oci_runtime_has_namespace(const struct oci_config *config, const char *type)
{
	return oci_runtime_namespace(config, type) != NULL;
}
/* Is it made for this container? */
bool oci_runtime_has_new_namespace(const struct oci_config *config, const char *type);
/* The kind of namespace that owns a sysctl ("network", "ipc", "uts"), or NULL: it is the host's. */
const char *oci_runtime_sysctl_owner(const char *name);

#endif
