/*
 * container.c - tables of the container document
 */
#include "model/container.h"

#include <ctype.h>

#define T struct health_config
SCHEMA(health_config, T, F_STRV(T, test, "Test", OMIT_EMPTY),
       F_I64(T, interval, "Interval", OMIT_EMPTY), F_I64(T, timeout, "Timeout", OMIT_EMPTY),
       F_I64(T, start_period, "StartPeriod", OMIT_EMPTY),
       F_I64(T, start_interval, "StartInterval", OMIT_EMPTY),
       F_INT(T, retries, "Retries", OMIT_EMPTY));
#undef T

#define T struct container_config
SCHEMA(container_config, T, F_STR(T, hostname, "Hostname", ALWAYS_FULL),
       F_STR(T, domainname, "Domainname", ALWAYS_FULL), F_STR(T, user, "User", ALWAYS_FULL),
       F_BOOL(T, attach_stdin, "AttachStdin", ALWAYS_FULL),
       F_BOOL(T, attach_stdout, "AttachStdout", ALWAYS_FULL),
       F_BOOL(T, attach_stderr, "AttachStderr", ALWAYS_FULL),
       F_SET(T, exposed_ports, "ExposedPorts", OMIT_EMPTY), F_BOOL(T, tty, "Tty", ALWAYS_FULL),
       F_BOOL(T, open_stdin, "OpenStdin", ALWAYS_FULL),
       F_BOOL(T, stdin_once, "StdinOnce", ALWAYS_FULL), F_STRV(T, env, "Env", NULL_EMPTY),
       F_STRV(T, cmd, "Cmd", NULL_EMPTY), F_STR(T, image, "Image", ALWAYS_FULL),
       F_SET(T, volumes, "Volumes", NULL_EMPTY), F_STR(T, working_dir, "WorkingDir", ALWAYS_FULL),
       F_STRV(T, entrypoint, "Entrypoint", NULL_EMPTY), F_STRV(T, on_build, "OnBuild", NULL_EMPTY),
       F_MAP(T, labels, "Labels", ALWAYS_FULL), F_STR(T, stop_signal, "StopSignal", OMIT_EMPTY),
       F_OPT_I64(T, stop_timeout, "StopTimeout", OMIT_EMPTY), F_STRV(T, shell, "Shell", OMIT_EMPTY),
       F_PTR(T, healthcheck, "Healthcheck", health_config, OMIT_EMPTY));
#undef T

#define T struct restart_policy
SCHEMA(restart_policy, T, F_STR(T, name, "Name", ALWAYS_FULL),
       F_INT(T, maximum_retry_count, "MaximumRetryCount", ALWAYS_FULL));
#undef T

#define T struct log_config
SCHEMA(log_config, T, F_STR(T, type, "Type", ALWAYS_FULL), F_MAP(T, config, "Config", ALWAYS_FULL));
#undef T

#define T struct ulimit
SCHEMA(ulimit, T, F_STR(T, name, "Name", ALWAYS_FULL), F_I64(T, hard, "Hard", ALWAYS_FULL),
       F_I64(T, soft, "Soft", ALWAYS_FULL));
#undef T

#define T struct device_mapping
SCHEMA(device_mapping, T, F_STR(T, path_on_host, "PathOnHost", ALWAYS_FULL),
       F_STR(T, path_in_container, "PathInContainer", ALWAYS_FULL),
       F_STR(T, cgroup_permissions, "CgroupPermissions", ALWAYS_FULL));
#undef T

/* The API has what only one type knows in objects of their own. */
#define T struct mount_spec
SCHEMA(mount_spec_bind, T, F_STR(T, propagation, "Propagation", OMIT_EMPTY),
       F_BOOL(T, non_recursive, "NonRecursive", OMIT_EMPTY));
SCHEMA(mount_spec_tmpfs, T, F_I64(T, size_bytes, "SizeBytes", OMIT_EMPTY),
       F_U32(T, mode, "Mode", OMIT_EMPTY));
SCHEMA(mount_spec, T, F_STR(T, type, "Type", ALWAYS_FULL), F_STR(T, source, "Source", OMIT_EMPTY),
       F_STR(T, target, "Target", ALWAYS_FULL), F_BOOL(T, read_only, "ReadOnly", OMIT_EMPTY),
       F_PART(T, "BindOptions", mount_spec_bind, OMIT_EMPTY),
       F_PART(T, "TmpfsOptions", mount_spec_tmpfs, OMIT_EMPTY));
#undef T

#define T struct host_config
SCHEMA(host_config, T, F_STRV(T, binds, "Binds", NULL_EMPTY),
       F_STR(T, container_id_file, "ContainerIDFile", ALWAYS_FULL),
       F_OBJ(T, log_config, "LogConfig", log_config, ALWAYS_FULL),
       F_STR(T, network_mode, "NetworkMode", ALWAYS_FULL),
       F_LIST(T, port_bindings, "PortBindings", port_binding, OMIT_EMPTY),
       F_OBJ(T, restart_policy, "RestartPolicy", restart_policy, ALWAYS_FULL),
       F_BOOL(T, auto_remove, "AutoRemove", ALWAYS_FULL),
       F_STRV(T, volumes_from, "VolumesFrom", NULL_EMPTY),
       F_PAIR(T, console_size, "ConsoleSize", ALWAYS_FULL),
       F_MAP(T, annotations, "Annotations", OMIT_EMPTY), F_STRV(T, cap_add, "CapAdd", NULL_EMPTY),
       F_STRV(T, cap_drop, "CapDrop", NULL_EMPTY),
       F_STR(T, cgroupns_mode, "CgroupnsMode", ALWAYS_FULL), F_STRV(T, dns, "Dns", ALWAYS_FULL),
       F_STRV(T, dns_options, "DnsOptions", ALWAYS_FULL),
       F_STRV(T, dns_search, "DnsSearch", ALWAYS_FULL),
       F_STRV(T, extra_hosts, "ExtraHosts", NULL_EMPTY),
       F_STRV(T, group_add, "GroupAdd", NULL_EMPTY), F_STR(T, ipc_mode, "IpcMode", ALWAYS_FULL),
       F_INT(T, oom_score_adj, "OomScoreAdj", ALWAYS_FULL),
       F_STR(T, pid_mode, "PidMode", ALWAYS_FULL), F_BOOL(T, privileged, "Privileged", ALWAYS_FULL),
       F_BOOL(T, publish_all_ports, "PublishAllPorts", ALWAYS_FULL),
       F_BOOL(T, readonly_rootfs, "ReadonlyRootfs", ALWAYS_FULL),
       F_STRV(T, security_opt, "SecurityOpt", NULL_EMPTY), F_MAP(T, tmpfs, "Tmpfs", OMIT_EMPTY),
       F_STR(T, uts_mode, "UTSMode", ALWAYS_FULL), F_STR(T, userns_mode, "UsernsMode", ALWAYS_FULL),
       F_I64(T, shm_size, "ShmSize", ALWAYS_FULL), F_MAP(T, sysctls, "Sysctls", OMIT_EMPTY),
       F_STR(T, runtime, "Runtime", ALWAYS_FULL), F_I64(T, cpu_shares, "CpuShares", ALWAYS_FULL),
       F_I64(T, memory, "Memory", ALWAYS_FULL), F_I64(T, nano_cpus, "NanoCpus", ALWAYS_FULL),
       F_STR(T, cgroup_parent, "CgroupParent", ALWAYS_FULL),
       F_I64(T, cpu_period, "CpuPeriod", ALWAYS_FULL), F_I64(T, cpu_quota, "CpuQuota", ALWAYS_FULL),
       F_STR(T, cpuset_cpus, "CpusetCpus", ALWAYS_FULL),
       F_STR(T, cpuset_mems, "CpusetMems", ALWAYS_FULL),
       F_LIST(T, devices, "Devices", device_mapping, ALWAYS_FULL),
       F_STRV(T, device_cgroup_rules, "DeviceCgroupRules", NULL_EMPTY),
       F_I64(T, memory_reservation, "MemoryReservation", ALWAYS_FULL),
       F_I64(T, memory_swap, "MemorySwap", ALWAYS_FULL),
       F_OPT_I64(T, memory_swappiness, "MemorySwappiness", ALWAYS_FULL),
       F_OPT_BOOL(T, oom_kill_disable, "OomKillDisable", ALWAYS_FULL),
       F_OPT_I64(T, pids_limit, "PidsLimit", ALWAYS_FULL),
       F_LIST(T, ulimits, "Ulimits", ulimit, ALWAYS_FULL),
       F_LIST(T, mounts, "Mounts", mount_spec, OMIT_EMPTY),
       F_STRV(T, masked_paths, "MaskedPaths", ALWAYS_FULL),
       F_STRV(T, readonly_paths, "ReadonlyPaths", ALWAYS_FULL),
       F_OPT_BOOL(T, init, "Init", OMIT_EMPTY));
#undef T

const char *const container_status_names[CONTAINER_STATUSES + 1] = {
	"created", "running", "paused", "restarting", "removing", "exited", "dead", NULL,
};

#define T struct health_result
SCHEMA(health_result, T, F_TIME(T, start, "Start", ALWAYS_FULL), F_TIME(T, end, "End", ALWAYS_FULL),
       F_INT(T, exit_code, "ExitCode", ALWAYS_FULL), F_STR(T, output, "Output", ALWAYS_FULL));
#undef T

#define T struct health_state
SCHEMA(health_state, T, F_STR(T, status, "Status", ALWAYS_FULL),
       F_INT(T, failing_streak, "FailingStreak", ALWAYS_FULL),
       F_LIST(T, log, "Log", health_result, ALWAYS_FULL));
#undef T

#define T struct container_state
SCHEMA(container_state, T, F_ENUM(T, status, "Status", container_status_names, ALWAYS_FULL),
       F_BOOL(T, running, "Running", ALWAYS_FULL), F_BOOL(T, paused, "Paused", ALWAYS_FULL),
       F_BOOL(T, restarting, "Restarting", ALWAYS_FULL),
       F_BOOL(T, oom_killed, "OOMKilled", ALWAYS_FULL), F_BOOL(T, dead, "Dead", ALWAYS_FULL),
       F_INT(T, pid, "Pid", ALWAYS_FULL), F_INT(T, exit_code, "ExitCode", ALWAYS_FULL),
       F_STR(T, error, "Error", ALWAYS_FULL), F_TIME(T, started_at, "StartedAt", ALWAYS_FULL),
       F_TIME(T, finished_at, "FinishedAt", ALWAYS_FULL),
       F_PTR(T, health, "Health", health_state, OMIT_EMPTY));
#undef T

#define T struct mount_point
SCHEMA(mount_point, T, F_STR(T, type, "Type", ALWAYS_FULL), F_STR(T, name, "Name", OMIT_EMPTY),
       F_STR(T, source, "Source", ALWAYS_FULL), F_STR(T, destination, "Destination", ALWAYS_FULL),
       F_STR(T, driver, "Driver", OMIT_EMPTY), F_STR(T, mode, "Mode", ALWAYS_FULL),
       F_BOOL(T, rw, "RW", ALWAYS_FULL), F_STR(T, propagation, "Propagation", ALWAYS_FULL));
#undef T

#define T struct container
SCHEMA(container, T, F_INT(T, version, "Version", REQUIRED), F_STR(T, id, "Id", REQUIRED),
       F_STR(T, name, "Name", REQUIRED), F_TIME(T, created, "Created", ALWAYS_FULL),
       F_STR(T, path, "Path", ALWAYS_FULL), F_STRV(T, args, "Args", ALWAYS_FULL),
       F_STR(T, image, "Image", ALWAYS_FULL), F_STRV(T, layers, "Layers", ALWAYS_FULL),
       F_OBJ(T, config, "Config", container_config, ALWAYS_FULL),
       F_OBJ(T, host_config, "HostConfig", host_config, ALWAYS_FULL),
       F_OBJ(T, state, "State", container_state, ALWAYS_FULL),
       F_LIST(T, mounts, "Mounts", mount_point, ALWAYS_FULL),
       F_LIST(T, endpoints, "Endpoints", endpoint, OMIT_EMPTY),
       F_LIST(T, ports, "Ports", port_binding, OMIT_EMPTY),
       F_INT(T, restart_count, "RestartCount", ALWAYS_FULL),
       F_BOOL(T, has_been_manually_stopped, "HasBeenManuallyStopped", ALWAYS_FULL),
       F_STRV(T, notes, "Notes", ALWAYS_FULL));
#undef T

bool container_name_is_valid(const char *name)
{
	if (!isalnum((unsigned char)name[0]) || !name[1])
		return false;
	for (const char *p = name + 1; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
			return false;
	return true;
}
