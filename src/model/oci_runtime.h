/*
 * oci_runtime.h - an OCI runtime configuration (config.json, runtime-spec 1.2 for Linux)
 *
 * Members are the specification's names in snake_case. What this runtime does not do yet is kept
 * as raw text (`hooks`, `intel_rdt`, …) so that oci_runtime_check() can refuse it by name.
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
	const char *io_priority, *scheduler, *exec_cpu_affinity; /* raw */
};
SCHEMA_DECLARE(oci_process);

struct oci_root {
	const char *path;
	bool readonly;
};
SCHEMA_DECLARE(oci_root);

struct oci_mount {
	const char *destination, *type, *source;
	struct strv options;
	const char *uid_mappings, *gid_mappings; /* raw */
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
	int64_t *limit, *reservation, *swap;
	uint64_t *swappiness;
	bool *disable_oom_killer;
};
SCHEMA_DECLARE(oci_memory);

struct oci_cpu {
	uint64_t *shares, *period;
	int64_t *quota;
	const char *cpus, *mems;
};
SCHEMA_DECLARE(oci_cpu);

struct oci_pids {
	int64_t limit;
};
SCHEMA_DECLARE(oci_pids);

struct oci_resources {
	LIST(struct oci_device_rule) devices;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	const char *block_io, *hugepage_limits, *network, *rdma, *unified; /* raw */
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
	const char *listener_path;
	LIST(struct oci_syscall) syscalls;
};
SCHEMA_DECLARE(oci_seccomp);

struct oci_linux {
	LIST(struct oci_namespace) namespaces;
	LIST(struct oci_device) devices;
	struct oci_resources *resources;
	const char *cgroups_path;
	struct strv masked_paths, readonly_paths;
	struct oci_seccomp *seccomp;
	struct str_map sysctl;
	const char *rootfs_propagation;
	const char *uid_mappings, *gid_mappings, *intel_rdt, *personality, *time_offsets,
		*memory_policy, *net_devices, *mount_label; /* raw */
};
SCHEMA_DECLARE(oci_linux);

struct oci_config {
	const char *oci_version;
	struct oci_process *process;
	struct oci_root *root;
	const char *hostname, *domainname;
	LIST(struct oci_mount) mounts;
	const char *hooks; /* raw */
	struct str_map annotations;
	struct oci_linux *linux_;
};
SCHEMA_DECLARE(oci_config);

/*
 * Rules between fields, and what is not supported, refused by the path of its member:
 * -EINVAL or -ENOTSUP.
 */
int oci_runtime_check(const struct oci_config *config, struct err *err);
/* The same for the process of an exec. */
int oci_runtime_check_process(const struct oci_process *process, struct err *err);
/* The same for limits alone. */
int oci_runtime_check_resources(const struct oci_resources *resources, struct err *err);
/* Is there a new namespace of this type ("pid", "network", …)? Joined ones are refused by check. */
bool oci_runtime_has_namespace(const struct oci_config *config, const char *type);

#endif
