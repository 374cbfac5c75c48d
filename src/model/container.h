/*
 * container.h - what the store remembers of a container, in the words of the Docker Engine API
 *
 * The struct names follow the API's JSON (`docker inspect`), so one table serves the store, the
 * command line's --format, and the API. Fields of the API that nothing here can set yet have no
 * member; inspect adds the constant ones. All memory is the arena's of whoever read the document.
 */
#ifndef MODEL_CONTAINER_H
#define MODEL_CONTAINER_H

#include "codec/schema.h"
#include "model/network_doc.h"

enum { CONTAINER_ID_LEN = 64, CONTAINER_DOC_VERSION = 1 };

/* HealthConfig, of an image or a container. Times in ns, 0: docker's default. */
struct health_config {
	struct strv test; /* none: the image's; "NONE"; "CMD", args; "CMD-SHELL", command */
	int64_t interval, timeout, start_period, start_interval;
	int retries;
};
SCHEMA_DECLARE(health_config);

/* ContainerConfig: what runs. */
struct container_config {
	const char *hostname;
	const char *domainname;
	const char *user;
	bool attach_stdin, attach_stdout, attach_stderr;
	bool tty, open_stdin, stdin_once;
	struct strv env; /* KEY=VALUE; image's and user's, merged */
	struct strv cmd;
	const char *image;   /* as the user named it */
	struct strv volumes; /* set of paths */
	const char *working_dir;
	struct strv entrypoint;
	struct strv on_build;
	struct str_map labels;   /* image's and user's, merged */
	const char *stop_signal; /* NULL: SIGTERM */
	int64_t *stop_timeout;   /* seconds; NULL: 10 */
	struct strv shell;
	struct strv exposed_ports; /* set of "80/tcp" */
	struct health_config *healthcheck;
};
SCHEMA_DECLARE(container_config);

struct restart_policy {
	const char *name; /* "no", "on-failure", "always", "unless-stopped" */
	int maximum_retry_count;
};
SCHEMA_DECLARE(restart_policy);

struct log_config {
	const char *type; /* "json-file", "local" or "none" */
	struct str_map config;
};
SCHEMA_DECLARE(log_config);

struct ulimit {
	const char *name;   /* "nofile" */
	int64_t hard, soft; /* -1: unlimited */
};
SCHEMA_DECLARE(ulimit);

struct device_mapping {
	const char *path_on_host, *path_in_container, *cgroup_permissions;
};
SCHEMA_DECLARE(device_mapping);

/* A --mount of the API (HostConfig.Mounts). */
struct mount_spec {
	const char *type; /* "bind", "tmpfs" */
	const char *source, *target;
	bool read_only;
	const char *propagation; /* bind: "rprivate", ... */
	bool non_recursive;      /* bind */
	int64_t size_bytes;      /* tmpfs */
	uint32_t mode;           /* tmpfs */
};
SCHEMA_DECLARE(mount_spec);

/* HostConfig: how it runs. */
struct host_config {
	struct strv binds;        /* "src:dst[:opts]" */
	struct strv volumes_from; /* "container[:mode]"; their mounts stand in mounts */
	const char *container_id_file;
	struct log_config log_config;
	const char *network_mode; /* "bridge", a network's name, "none", "host", "container:ID" */
	LIST(struct port_binding) port_bindings;
	struct restart_policy restart_policy;
	bool auto_remove;
	struct strv cap_add, cap_drop;
	struct strv extra_hosts, dns, dns_options, dns_search;
	struct strv group_add;
	const char *ipc_mode, *pid_mode, *uts_mode, *userns_mode, *cgroupns_mode;
	const char *cgroup_parent;
	int oom_score_adj;
	bool privileged, publish_all_ports, readonly_rootfs;
	struct strv security_opt; /* a seccomp profile stands here as its JSON, as docker has it */
	struct str_map tmpfs;     /* path to options */
	struct str_map sysctls;
	struct str_map annotations;
	int64_t shm_size; /* bytes */
	const char *runtime;
	int64_t memory, memory_reservation, memory_swap; /* bytes; 0 unset, swap -1 unlimited */
	int64_t *memory_swappiness;
	bool *oom_kill_disable;
	int64_t nano_cpus, cpu_shares, cpu_period, cpu_quota;
	const char *cpuset_cpus, *cpuset_mems;
	int64_t *pids_limit;
	LIST(struct ulimit) ulimits;
	LIST(struct device_mapping) devices;
	struct strv device_cgroup_rules;
	LIST(struct mount_spec) mounts;
	bool *init;
	struct strv masked_paths, readonly_paths; /* empty when unconfined; one word for docker's
						     own, which the engine resolves */
	int64_t console_size[2];                  /* height, width */
};
SCHEMA_DECLARE(host_config);

/* The API's State. In the store: the last state that is final, or "running" while a shim has it. */
enum container_status {
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_RESTARTING,
	CONTAINER_REMOVING,
	CONTAINER_EXITED,
	CONTAINER_DEAD,
	CONTAINER_STATUSES
};
extern const char *const container_status_names[CONTAINER_STATUSES + 1];

struct health_result {
	int64_t start, end; /* ns */
	int exit_code;
	const char *output;
};
SCHEMA_DECLARE(health_result);

struct health_state {
	const char *status; /* "starting", "healthy", "unhealthy" */
	int failing_streak;
	LIST(struct health_result) log; /* the last ones, oldest first */
};
SCHEMA_DECLARE(health_state);

struct container_state {
	int status; /* enum container_status */
	bool running, paused, restarting, oom_killed, dead;
	int pid;
	int exit_code;
	const char *error;
	int64_t started_at, finished_at; /* ns */
	struct health_state *health;     /* NULL: it has no health check, or has not run */
};
SCHEMA_DECLARE(container_state);

/* One row of the API's Mounts, as resolved at creation. */
struct mount_point {
	const char *type, *name, *source, *destination, *driver, *mode;
	bool rw;
	const char *propagation;
};
SCHEMA_DECLARE(mount_point);

struct container {
	int version; /* CONTAINER_DOC_VERSION */
	const char *id;
	const char *name; /* without the API's leading slash */
	int64_t created;  /* ns */
	const char *path; /* entrypoint and command, joined */
	struct strv args;
	const char *image;  /* "sha256:..." */
	struct strv layers; /* hex names of layer directories, lowest first */
	struct container_config config;
	struct host_config host_config;
	struct container_state state;
	LIST(struct mount_point) mounts;
	LIST(struct endpoint) endpoints; /* networks, in the order of its interfaces */
	LIST(struct port_binding) ports; /* published while it runs */
	int restart_count;
	bool has_been_manually_stopped; /* unless-stopped stays down then */
	struct strv notes; /* what was left out or clamped on this machine, as sentences */
};
SCHEMA_DECLARE(container);

/* "[a-zA-Z0-9][a-zA-Z0-9_.-]+", docker's rule for names. */
bool container_name_is_valid(const char *name);

#endif
