/*
 * container_flags.h - the options that run and create share, and what they ask of the engine
 */
#ifndef CMD_CONTAINER_FLAGS_H
#define CMD_CONTAINER_FLAGS_H

#include "base/opt.h"
#include "cmd/cli.h"

/* Numbers are OPT_UNSET when not given. */
struct container_flags {
	bool interactive, tty, rm, read_only, privileged, init, oom_kill_disable, quiet, ignored,
		no_healthcheck;
	const char *name, *hostname, *domainname, *user, *workdir, *entrypoint, *restart, *cidfile;
	const char *pull, *platform, *stop_signal, *ipc, *pid, *uts, *userns, *cgroupns,
		*cgroup_parent, *runtime;
	const char *cpuset_cpus, *cpuset_mems, *log_driver;
	int64_t memory, memory_swap, memory_reservation, memory_swappiness, shm_size;
	int64_t nano_cpus, cpu_shares, cpu_period, cpu_quota, pids_limit;
	int64_t stop_timeout, oom_score_adj;
	int64_t health_interval, health_timeout, health_start_period,
		health_start_interval; /* ns */
	int64_t health_retries;
	const char *health_cmd;
	const char *ip, *ip6, *mac_address;
	bool publish_all;
	struct strv network, publish;
	struct strv env, env_file, volume, mount, tmpfs, cap_add, cap_drop, security_opt, ulimit,
		label, label_file;
	struct strv add_host, network_alias, link_local_ip, dns, dns_option, dns_search, group_add,
		sysctl, device, device_cgroup_rule, attach;
	struct strv log_opt, annotation, expose, volumes_from;
};

extern const struct opt container_flags_opts[];

#define CONTAINER_FLAGS_DEFAULTS                                                                   \
	{                                                                                          \
		.memory = OPT_UNSET, .memory_swap = OPT_UNSET, .memory_reservation = OPT_UNSET,    \
		.memory_swappiness = OPT_UNSET, .shm_size = OPT_UNSET, .nano_cpus = OPT_UNSET,     \
		.cpu_shares = OPT_UNSET, .cpu_period = OPT_UNSET, .cpu_quota = OPT_UNSET,          \
		.pids_limit = OPT_UNSET, .stop_timeout = OPT_UNSET, .oom_score_adj = OPT_UNSET,    \
		.health_interval = OPT_UNSET, .health_timeout = OPT_UNSET,                         \
		.health_start_period = OPT_UNSET, .health_start_interval = OPT_UNSET,              \
		.health_retries = OPT_UNSET,                                                       \
	}

/*
 * Fills a specification from the options and the arguments (image, then the command). Files that
 * are named (--env-file, seccomp=FILE) are read here. Strings and arrays are cli's arena's.
 */
int container_flags_spec(struct cli *cli, const struct container_flags *f, const struct strv *args,
			 struct create_spec *ret);

/* Environment of run and exec: files first, then -e; KEY alone takes the caller's value. */
int container_flags_env(struct cli *cli, const struct strv *files, const struct strv *items,
			struct strv *ret);

#endif
