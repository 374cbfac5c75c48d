/*
 * oci_runtime.c - tables of an OCI runtime configuration
 *
 * https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md
 */
#include "model/oci_runtime.h"

#define T struct oci_box
SCHEMA(oci_box, T, F_U32(T, height, "height", ALWAYS_FULL), F_U32(T, width, "width", ALWAYS_FULL));
#undef T

#define T struct oci_user
SCHEMA(oci_user, T, F_U32(T, uid, "uid", REQUIRED), F_U32(T, gid, "gid", REQUIRED),
       F_OPT_U32(T, umask, "umask", OMIT_EMPTY),
       F_U32V(T, additional_gids, "additionalGids", OMIT_EMPTY));
#undef T

#define T struct oci_rlimit
SCHEMA(oci_rlimit, T, F_STR(T, type, "type", REQUIRED), F_U64(T, hard, "hard", REQUIRED),
       F_U64(T, soft, "soft", REQUIRED));
#undef T

#define T struct oci_capabilities
SCHEMA(oci_capabilities, T, F_STRV(T, bounding, "bounding", OMIT_EMPTY),
       F_STRV(T, effective, "effective", OMIT_EMPTY),
       F_STRV(T, inheritable, "inheritable", OMIT_EMPTY),
       F_STRV(T, permitted, "permitted", OMIT_EMPTY), F_STRV(T, ambient, "ambient", OMIT_EMPTY));
#undef T

#define T struct oci_scheduler
SCHEMA(oci_scheduler, T, F_STR(T, policy, "policy", REQUIRED), F_INT(T, nice, "nice", OMIT_EMPTY),
       F_INT(T, priority, "priority", OMIT_EMPTY), F_STRV(T, flags, "flags", OMIT_EMPTY),
       F_U64(T, runtime, "runtime", OMIT_EMPTY), F_U64(T, deadline, "deadline", OMIT_EMPTY),
       F_U64(T, period, "period", OMIT_EMPTY));
#undef T

#define T struct oci_io_priority
SCHEMA(oci_io_priority, T, F_STR(T, class_, "class", REQUIRED),
       F_INT(T, priority, "priority", ALWAYS_FULL));
#undef T

#define T struct oci_cpu_affinity
SCHEMA(oci_cpu_affinity, T, F_STR(T, initial, "initial", OMIT_EMPTY),
       F_STR(T, final, "final", OMIT_EMPTY));
#undef T

#define T struct oci_process
SCHEMA(oci_process, T, F_BOOL(T, terminal, "terminal", OMIT_EMPTY),
       F_OBJ(T, console_size, "consoleSize", oci_box, OMIT_EMPTY),
       F_OBJ(T, user, "user", oci_user, ALWAYS_FULL), F_STRV(T, args, "args", ALWAYS_FULL),
       F_STRV(T, env, "env", OMIT_EMPTY), F_STR(T, cwd, "cwd", REQUIRED),
       F_PTR(T, capabilities, "capabilities", oci_capabilities, OMIT_EMPTY),
       F_LIST(T, rlimits, "rlimits", oci_rlimit, OMIT_EMPTY),
       F_BOOL(T, no_new_privileges, "noNewPrivileges", OMIT_EMPTY),
       F_STR(T, apparmor_profile, "apparmorProfile", OMIT_EMPTY),
       F_STR(T, selinux_label, "selinuxLabel", OMIT_EMPTY),
       F_OPT_I64(T, oom_score_adj, "oomScoreAdj", OMIT_EMPTY),
       F_PTR(T, io_priority, "ioPriority", oci_io_priority, OMIT_EMPTY),
       F_PTR(T, scheduler, "scheduler", oci_scheduler, OMIT_EMPTY),
       F_PTR(T, exec_cpu_affinity, "execCPUAffinity", oci_cpu_affinity, OMIT_EMPTY));
#undef T

#define T struct oci_root
SCHEMA(oci_root, T, F_STR(T, path, "path", REQUIRED), F_BOOL(T, readonly, "readonly", OMIT_EMPTY));
#undef T

#define T struct oci_id_mapping
SCHEMA(oci_id_mapping, T, F_U32(T, container_id, "containerID", ALWAYS_FULL),
       F_U32(T, host_id, "hostID", ALWAYS_FULL), F_U32(T, size, "size", REQUIRED));
#undef T

#define T struct oci_mount
SCHEMA(oci_mount, T, F_STR(T, destination, "destination", REQUIRED),
       F_STR(T, type, "type", OMIT_EMPTY), F_STR(T, source, "source", OMIT_EMPTY),
       F_STRV(T, options, "options", OMIT_EMPTY),
       F_LIST(T, mappings.uids, "uidMappings", oci_id_mapping, OMIT_EMPTY),
       F_LIST(T, mappings.gids, "gidMappings", oci_id_mapping, OMIT_EMPTY));
#undef T

#define T struct oci_namespace
SCHEMA(oci_namespace, T, F_STR(T, type, "type", REQUIRED), F_STR(T, path, "path", OMIT_EMPTY));
#undef T

#define T struct oci_device
SCHEMA(oci_device, T, F_STR(T, path, "path", REQUIRED), F_STR(T, type, "type", REQUIRED),
       F_I64(T, major, "major", OMIT_EMPTY), F_I64(T, minor, "minor", OMIT_EMPTY),
       F_OPT_U32(T, file_mode, "fileMode", OMIT_EMPTY), F_OPT_U32(T, uid, "uid", OMIT_EMPTY),
       F_OPT_U32(T, gid, "gid", OMIT_EMPTY));
#undef T

#define T struct oci_device_rule
SCHEMA(oci_device_rule, T, F_BOOL(T, allow, "allow", ALWAYS_FULL),
       F_STR(T, type, "type", OMIT_EMPTY), F_OPT_I64(T, major, "major", OMIT_EMPTY),
       F_OPT_I64(T, minor, "minor", OMIT_EMPTY), F_STR(T, access, "access", OMIT_EMPTY));
#undef T

#define T struct oci_memory
SCHEMA(oci_memory, T, F_OPT_I64(T, limit, "limit", OMIT_EMPTY),
       F_OPT_I64(T, reservation, "reservation", OMIT_EMPTY), F_OPT_I64(T, swap, "swap", OMIT_EMPTY),
       F_OPT_I64(T, kernel, "kernel", OMIT_EMPTY),
       F_OPT_I64(T, kernel_tcp, "kernelTCP", OMIT_EMPTY),
       F_OPT_U64(T, swappiness, "swappiness", OMIT_EMPTY),
       F_OPT_BOOL(T, disable_oom_killer, "disableOOMKiller", OMIT_EMPTY),
       F_OPT_BOOL(T, use_hierarchy, "useHierarchy", OMIT_EMPTY),
       F_OPT_BOOL(T, check_before_update, "checkBeforeUpdate", OMIT_EMPTY));
#undef T

#define T struct oci_cpu
SCHEMA(oci_cpu, T, F_OPT_U64(T, shares, "shares", OMIT_EMPTY),
       F_OPT_U64(T, period, "period", OMIT_EMPTY), F_OPT_I64(T, quota, "quota", OMIT_EMPTY),
       F_OPT_U64(T, burst, "burst", OMIT_EMPTY),
       F_OPT_I64(T, realtime_runtime, "realtimeRuntime", OMIT_EMPTY),
       F_OPT_U64(T, realtime_period, "realtimePeriod", OMIT_EMPTY),
       F_OPT_I64(T, idle, "idle", OMIT_EMPTY), F_STR(T, cpus, "cpus", OMIT_EMPTY),
       F_STR(T, mems, "mems", OMIT_EMPTY));
#undef T

#define T struct oci_pids
SCHEMA(oci_pids, T, F_I64(T, limit, "limit", REQUIRED));
#undef T

#define T struct oci_weight_device
SCHEMA(oci_weight_device, T, F_I64(T, major, "major", REQUIRED), F_I64(T, minor, "minor", REQUIRED),
       F_OPT_U32(T, weight, "weight", OMIT_EMPTY),
       F_OPT_U32(T, leaf_weight, "leafWeight", OMIT_EMPTY));
#undef T

#define T struct oci_throttle_device
SCHEMA(oci_throttle_device, T, F_I64(T, major, "major", REQUIRED),
       F_I64(T, minor, "minor", REQUIRED), F_U64(T, rate, "rate", ALWAYS_FULL));
#undef T

#define T struct oci_block_io
SCHEMA(oci_block_io, T, F_OPT_U32(T, weight, "weight", OMIT_EMPTY),
       F_OPT_U32(T, leaf_weight, "leafWeight", OMIT_EMPTY),
       F_LIST(T, weight_device, "weightDevice", oci_weight_device, OMIT_EMPTY),
       F_LIST(T, throttle_read_bps, "throttleReadBpsDevice", oci_throttle_device, OMIT_EMPTY),
       F_LIST(T, throttle_write_bps, "throttleWriteBpsDevice", oci_throttle_device, OMIT_EMPTY),
       F_LIST(T, throttle_read_iops, "throttleReadIOPSDevice", oci_throttle_device, OMIT_EMPTY),
       F_LIST(T, throttle_write_iops, "throttleWriteIOPSDevice", oci_throttle_device, OMIT_EMPTY));
#undef T

#define T struct oci_hugepage_limit
SCHEMA(oci_hugepage_limit, T, F_STR(T, page_size, "pageSize", REQUIRED),
       F_U64(T, limit, "limit", REQUIRED));
#undef T

#define T struct oci_interface_priority
SCHEMA(oci_interface_priority, T, F_STR(T, name, "name", REQUIRED),
       F_U32(T, priority, "priority", REQUIRED));
#undef T

#define T struct oci_network
SCHEMA(oci_network, T, F_OPT_U32(T, class_id, "classID", OMIT_EMPTY),
       F_LIST(T, priorities, "priorities", oci_interface_priority, OMIT_EMPTY));
#undef T

#define T struct oci_rdma
SCHEMA(oci_rdma, T, F_OPT_U32(T, hca_handles, "hcaHandles", OMIT_EMPTY),
       F_OPT_U32(T, hca_objects, "hcaObjects", OMIT_EMPTY));
#undef T

#define T struct oci_resources
SCHEMA(oci_resources, T, F_LIST(T, devices, "devices", oci_device_rule, OMIT_EMPTY),
       F_PTR(T, memory, "memory", oci_memory, OMIT_EMPTY),
       F_PTR(T, cpu, "cpu", oci_cpu, OMIT_EMPTY), F_PTR(T, pids, "pids", oci_pids, OMIT_EMPTY),
       F_PTR(T, block_io, "blockIO", oci_block_io, OMIT_EMPTY),
       F_LIST(T, hugepage_limits, "hugepageLimits", oci_hugepage_limit, OMIT_EMPTY),
       F_PTR(T, network, "network", oci_network, OMIT_EMPTY),
       F_DICT(T, rdma, "rdma", oci_rdma, OMIT_EMPTY), F_MAP(T, unified, "unified", OMIT_EMPTY));
#undef T

#define T struct oci_seccomp_arg
SCHEMA(oci_seccomp_arg, T, F_U32(T, index, "index", REQUIRED), F_U64(T, value, "value", REQUIRED),
       F_U64(T, value_two, "valueTwo", OMIT_EMPTY), F_STR(T, op, "op", REQUIRED));
#undef T

#define T struct oci_syscall
SCHEMA(oci_syscall, T, F_STRV(T, names, "names", REQUIRED), F_STR(T, action, "action", REQUIRED),
       F_OPT_U32(T, errno_ret, "errnoRet", OMIT_EMPTY),
       F_LIST(T, args, "args", oci_seccomp_arg, OMIT_EMPTY));
#undef T

#define T struct oci_seccomp
SCHEMA(oci_seccomp, T, F_STR(T, default_action, "defaultAction", REQUIRED),
       F_OPT_U32(T, default_errno_ret, "defaultErrnoRet", OMIT_EMPTY),
       F_STRV(T, architectures, "architectures", OMIT_EMPTY), F_STRV(T, flags, "flags", OMIT_EMPTY),
       F_STR(T, listener_path, "listenerPath", OMIT_EMPTY),
       F_STR(T, listener_metadata, "listenerMetadata", OMIT_EMPTY),
       F_LIST(T, syscalls, "syscalls", oci_syscall, OMIT_EMPTY));
#undef T

#define T struct oci_personality
SCHEMA(oci_personality, T, F_STR(T, domain, "domain", REQUIRED),
       F_STRV(T, flags, "flags", OMIT_EMPTY));
#undef T

#define T struct oci_time_offset
SCHEMA(oci_time_offset, T, F_I64(T, secs, "secs", OMIT_EMPTY),
       F_U32(T, nanosecs, "nanosecs", OMIT_EMPTY));
#undef T

#define T struct oci_time_offsets
SCHEMA(oci_time_offsets, T, F_PTR(T, monotonic, "monotonic", oci_time_offset, OMIT_EMPTY),
       F_PTR(T, boottime, "boottime", oci_time_offset, OMIT_EMPTY));
#undef T

#define T struct oci_memory_policy
SCHEMA(oci_memory_policy, T, F_STR(T, mode, "mode", REQUIRED), F_STR(T, nodes, "nodes", OMIT_EMPTY),
       F_STRV(T, flags, "flags", OMIT_EMPTY));
#undef T

#define T struct oci_net_device
SCHEMA(oci_net_device, T, F_STR(T, name, "name", OMIT_EMPTY));
#undef T

#define T struct oci_intel_rdt
SCHEMA(oci_intel_rdt, T, F_STR(T, clos_id, "closID", OMIT_EMPTY),
       F_STR(T, l3_cache_schema, "l3CacheSchema", OMIT_EMPTY),
       F_STR(T, mem_bw_schema, "memBwSchema", OMIT_EMPTY),
       F_STRV(T, schemata, "schemata", OMIT_EMPTY),
       F_BOOL(T, enable_monitoring, "enableMonitoring", OMIT_EMPTY),
       F_BOOL(T, enable_cmt, "enableCMT", OMIT_EMPTY),
       F_BOOL(T, enable_mbm, "enableMBM", OMIT_EMPTY));
#undef T

#define T struct oci_linux
SCHEMA(oci_linux, T, F_LIST(T, namespaces, "namespaces", oci_namespace, OMIT_EMPTY),
       F_LIST(T, devices, "devices", oci_device, OMIT_EMPTY),
       F_PTR(T, resources, "resources", oci_resources, OMIT_EMPTY),
       F_STR(T, cgroups_path, "cgroupsPath", OMIT_EMPTY),
       F_STRV(T, masked_paths, "maskedPaths", OMIT_EMPTY),
       F_STRV(T, readonly_paths, "readonlyPaths", OMIT_EMPTY),
       F_PTR(T, seccomp, "seccomp", oci_seccomp, OMIT_EMPTY),
       F_MAP(T, sysctl, "sysctl", OMIT_EMPTY),
       F_STR(T, rootfs_propagation, "rootfsPropagation", OMIT_EMPTY),
       F_LIST(T, mappings.uids, "uidMappings", oci_id_mapping, OMIT_EMPTY),
       F_LIST(T, mappings.gids, "gidMappings", oci_id_mapping, OMIT_EMPTY),
       F_PTR(T, intel_rdt, "intelRdt", oci_intel_rdt, OMIT_EMPTY),
       F_PTR(T, personality, "personality", oci_personality, OMIT_EMPTY),
       F_PTR(T, time_offsets, "timeOffsets", oci_time_offsets, OMIT_EMPTY),
       F_PTR(T, memory_policy, "memoryPolicy", oci_memory_policy, OMIT_EMPTY),
       F_DICT(T, net_devices, "netDevices", oci_net_device, OMIT_EMPTY),
       F_STR(T, mount_label, "mountLabel", OMIT_EMPTY));
#undef T

#define T struct oci_hook
SCHEMA(oci_hook, T, F_STR(T, path, "path", REQUIRED), F_STRV(T, args, "args", OMIT_EMPTY),
       F_STRV(T, env, "env", OMIT_EMPTY), F_OPT_I64(T, timeout, "timeout", OMIT_EMPTY));
#undef T

#define T struct oci_hooks
SCHEMA(oci_hooks, T, F_LIST(T, prestart, "prestart", oci_hook, OMIT_EMPTY),
       F_LIST(T, create_runtime, "createRuntime", oci_hook, OMIT_EMPTY),
       F_LIST(T, create_container, "createContainer", oci_hook, OMIT_EMPTY),
       F_LIST(T, start_container, "startContainer", oci_hook, OMIT_EMPTY),
       F_LIST(T, poststart, "poststart", oci_hook, OMIT_EMPTY),
       F_LIST(T, poststop, "poststop", oci_hook, OMIT_EMPTY));
#undef T

#define T struct oci_config
SCHEMA(oci_config, T, F_STR(T, oci_version, "ociVersion", REQUIRED),
       F_PTR(T, process, "process", oci_process, OMIT_EMPTY),
       F_PTR(T, root, "root", oci_root, OMIT_EMPTY), F_STR(T, hostname, "hostname", OMIT_EMPTY),
       F_STR(T, domainname, "domainname", OMIT_EMPTY),
       F_LIST(T, mounts, "mounts", oci_mount, OMIT_EMPTY),
       F_PTR(T, hooks, "hooks", oci_hooks, OMIT_EMPTY),
       F_MAP(T, annotations, "annotations", OMIT_EMPTY),
       F_PTR(T, linux_, "linux", oci_linux, OMIT_EMPTY));
#undef T
