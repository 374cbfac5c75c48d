/*
 * container_validate.c - rules between fields of a new container, in docker's words
 *
 * Two kinds: what the user said that cannot be is an error; what this machine lacks is left out
 * with a note, as docker's warnings do it. The rules are one function a subject, listed in a table.
 */
#include "engine/container_validate.h"

#include "codec/capability.h"
#include "codec/signal_name.h"
#include "codec/ulimit_name.h"
#include "codec/size.h"
#include "engine/container_security.h"
#include "engine/container_mounts.h"
#include "model/seccomp_profile.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <limits.h>

enum {
	MEMORY_MIN = 6 << 20,
	CPU_PERIOD_MIN = 1000,
	CPU_PERIOD_MAX = 1000000,
	CPU_QUOTA_MIN = 1000
};

struct check {
	struct container *c;
	struct host_config *h;
	const struct host_facts *facts;
	struct arena *a;
	struct err *err;
};

static void note(const struct check *k, const char *text)
{
	strv_add(&k->c->notes, k->a, text);
}

static int check_memory(const struct check *k)
{
	struct host_config *h = k->h;

	if (h->memory && h->memory < MEMORY_MIN)
		return err_set(k->err, -EINVAL, "Minimum memory limit allowed is 6MB");
	if (h->memory_reservation && h->memory_reservation < MEMORY_MIN)
		return err_set(k->err, -EINVAL, "Minimum memory reservation allowed is 6MB");
	if (h->memory == 0 && h->memory_swap > 0)
		return err_set(
			k->err, -EINVAL,
			"You should always set the Memory limit when using Memoryswap limit, "
			"see usage");
	if (h->memory_swap < -1)
		return err_set(k->err, -EINVAL,
			       "invalid memory swap limit: only -1 may be negative");
	if (h->memory > 0 && h->memory_swap > 0 && h->memory_swap < h->memory)
		return err_set(
			k->err, -EINVAL,
			"Minimum memoryswap limit should be larger than memory limit, see usage");
	if (h->memory > 0 && h->memory_reservation > h->memory)
		return err_set(
			k->err, -EINVAL,
			"Minimum memory limit can not be less than memory reservation limit, "
			"see usage");
	if (h->memory_swappiness && (*h->memory_swappiness < -1 || *h->memory_swappiness > 100))
		return err_set(k->err, -EINVAL,
			       "Invalid value: %lld, valid memory swappiness range is 0-100",
			       (long long)*h->memory_swappiness);
	if (h->shm_size < 0)
		return err_set(k->err, -EINVAL, "SHM size can not be less than 0");
	return 0;
}

static int check_memory_support(const struct check *k)
{
	struct host_config *h = k->h;
	bool any =
		h->memory || h->memory_reservation || h->memory_swappiness || h->oom_kill_disable;

	if (!k->facts->limits_known)
		return 0;
	if (any && !k->facts->has_memory) {
		note(k,
		     "Your kernel does not support memory limit capabilities or the cgroup is not "
		     "mounted. Limitation discarded.");
		h->memory = h->memory_reservation = h->memory_swap = 0;
		h->memory_swappiness = NULL;
		h->oom_kill_disable = NULL;
	}
	if (h->memory > 0 && h->memory_swap && !k->facts->has_swap) {
		note(k, "Your kernel does not support swap limit capabilities or the cgroup is not "
			"mounted. Memory limited without swap.");
		h->memory_swap = -1;
	}
	if (k->facts->unified && h->memory_swappiness) {
		note(k,
		     "Your kernel does not support memory swappiness capabilities or the cgroup is "
		     "not mounted. Memory swappiness discarded.");
		h->memory_swappiness = NULL;
	}
	if (h->oom_kill_disable && *h->oom_kill_disable && !h->memory)
		note(k,
		     "OOM killer is disabled for the container, but no memory limit is set, this "
		     "can result in the system running out of resources.");
	if (k->facts->unified && h->oom_kill_disable && *h->oom_kill_disable) {
		note(k, "Your kernel does not support OomKillDisable. OomKillDisable discarded.");
		h->oom_kill_disable = NULL;
	}
	return 0;
}

static int check_cpu(const struct check *k)
{
	const struct host_config *h = k->h;

	if (h->nano_cpus && h->cpu_period)
		return err_set(k->err, -EINVAL,
			       "Conflicting options: Nano CPUs and CPU Period cannot both be set.");
	if (h->nano_cpus && h->cpu_quota)
		return err_set(k->err, -EINVAL,
			       "Conflicting options: Nano CPUs and CPU Quota cannot both be set.");
	if (h->nano_cpus &&
	    (h->nano_cpus < 10000000 || h->nano_cpus > (int64_t)k->facts->cpus * 1000000000))
		return err_set(
			k->err, -EINVAL,
			"Range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available",
			k->facts->cpus, k->facts->cpus);
	if (h->cpu_shares < 0)
		return err_set(k->err, -EINVAL,
			       "invalid CPU shares (%lld): value must be a positive integer",
			       (long long)h->cpu_shares);
	if (h->cpu_period && (h->cpu_period < CPU_PERIOD_MIN || h->cpu_period > CPU_PERIOD_MAX))
		return err_set(
			k->err, -EINVAL,
			"CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s "
			"(i.e. 1000000)");
	if (h->cpu_quota > 0 && h->cpu_quota < CPU_QUOTA_MIN)
		return err_set(k->err, -EINVAL,
			       "CPU cfs quota can not be less than 1ms (i.e. 1000)");
	return 0;
}

/* "0-3,7": numbers and ranges that rise, below limit. Returns the highest number, or -EINVAL. */
static int parse_cpu_list(const char *s)
{
	enum { LIST_MAX_CPU = 8192 };
	long highest = -1;

	while (*s) {
		char *end;
		long from, to;

		if (!isdigit((unsigned char)*s))
			return -EINVAL;
		from = to = strtol(s, &end, 10);
		if (*end == '-' && isdigit((unsigned char)end[1]))
			to = strtol(end + 1, &end, 10);
		if (to < from || to >= LIST_MAX_CPU || (*end && *end != ',') || (*end && !end[1]))
			return -EINVAL;
		highest = to > highest ? to : highest;
		s = *end ? end + 1 : end;
	}
	return (int)highest;
}

static int check_cpuset(const struct check *k)
{
	struct host_config *h = k->h;

	if (!str_is_empty(h->cpuset_cpus)) {
		int highest = parse_cpu_list(h->cpuset_cpus);

		if (highest < 0)
			return err_set(k->err, -EINVAL, "Invalid value %s for cpuset cpus",
				       h->cpuset_cpus);
		if (highest >= k->facts->cpus)
			return err_set(
				k->err, -EINVAL,
				"Requested CPUs are not available - requested %s, available: 0-%d",
				h->cpuset_cpus, k->facts->cpus - 1);
	}
	if (!str_is_empty(h->cpuset_mems) && parse_cpu_list(h->cpuset_mems) < 0)
		return err_set(k->err, -EINVAL, "Invalid value %s for cpuset mems", h->cpuset_mems);
	return 0;
}

static int check_cpu_support(const struct check *k)
{
	struct host_config *h = k->h;
	bool cpu = h->nano_cpus || h->cpu_shares || h->cpu_period || h->cpu_quota;
	bool cpuset = !str_is_empty(h->cpuset_cpus) || !str_is_empty(h->cpuset_mems);

	if (!k->facts->limits_known)
		return 0;
	if (cpu && !k->facts->has_cpu) {
		note(k,
		     "Your kernel does not support CPU limits or the cgroup is not mounted. Limits on "
		     "CPU time discarded.");
		h->nano_cpus = h->cpu_shares = h->cpu_period = h->cpu_quota = 0;
	}
	if (cpuset && !k->facts->has_cpuset) {
		note(k, "Your kernel does not support cpuset or the cgroup is not mounted. Cpuset "
			"discarded.");
		h->cpuset_cpus = h->cpuset_mems = NULL;
	}
	return 0;
}

static int check_pids(const struct check *k)
{
	struct host_config *h = k->h;

	if (h->pids_limit && *h->pids_limit <= 0)
		h->pids_limit = NULL; /* docker's "unlimited" */
	if (h->pids_limit && k->facts->limits_known && !k->facts->has_pids) {
		note(k, "Your kernel does not support PIDs limit capabilities or the cgroup is not "
			"mounted. PIDs limit discarded.");
		h->pids_limit = NULL;
	}
	return 0;
}

static int check_oom_score(const struct check *k)
{
	struct host_config *h = k->h;

	if (h->oom_score_adj < -1000 || h->oom_score_adj > 1000)
		return err_set(k->err, -EINVAL,
			       "Invalid value %d, range for oom score adj is [-1000, 1000]",
			       h->oom_score_adj);
	if (h->oom_score_adj < 0 && !host_facts_may_raise(k->facts)) {
		note(k,
		     "This process lacks CAP_SYS_RESOURCE and cannot lower OOM scores. OomScoreAdj "
		     "discarded.");
		h->oom_score_adj = 0;
	}
	return 0;
}

static int check_restart(const struct check *k)
{
	const struct restart_policy *p = &k->h->restart_policy;
	static const char *const names[] = { "no", "always", "unless-stopped", "on-failure" };
	bool known = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		known = known || str_eq(p->name, names[i]);
	if (!known)
		return err_set(
			k->err, -EINVAL,
			"invalid restart policy: unknown policy '%s'; use one of 'no', 'always', "
			"'on-failure', or 'unless-stopped'",
			p->name);
	if (p->maximum_retry_count < 0)
		return err_set(k->err, -EINVAL,
			       "invalid restart policy: maximum retry count cannot be negative");
	if (p->maximum_retry_count > 0 && !str_eq(p->name, "on-failure"))
		return err_set(k->err, -EINVAL,
			       "invalid restart policy: maximum retry count can only be used with "
			       "'on-failure'");
	if (k->h->auto_remove && !str_eq(p->name, "no"))
		return err_set(k->err, -EINVAL,
			       "can't create 'AutoRemove' container with restart policy");
	return 0;
}

/* A namespace's mode and what it may be. */
static int check_mode(const struct check *k, const char *option, const char *value,
		      const char *const *allowed)
{
	if (str_is_empty(value))
		return 0;
	for (size_t i = 0; allowed[i]; i++)
		if (str_eq(value, allowed[i]))
			return 0;
	return err_set(k->err, -EINVAL, "--%s %.100s is not supported; use %s or leave it out",
		       option, value, allowed[0]);
}

static int check_namespaces(const struct check *k)
{
	static const char *const host[] = { "host", NULL };
	static const char *const ipc[] = { "private", "host", "none", "shareable", NULL };
	static const char *const cgroupns[] = { "private", "host", NULL };
	const struct host_config *h = k->h;
	int r = 0;

	if ((r = check_mode(k, "ipc", h->ipc_mode, ipc)) < 0 ||
	    (r = check_mode(k, "pid", h->pid_mode, host)) < 0 ||
	    (r = check_mode(k, "uts", h->uts_mode, host)) < 0 ||
	    (r = check_mode(k, "userns", h->userns_mode, host)) < 0 ||
	    (r = check_mode(k, "cgroupns", h->cgroupns_mode, cgroupns)) < 0)
		return r;
	if (!str_eq(h->runtime, "berth"))
		return err_set(k->err, -EINVAL, "unknown or invalid runtime name: %.100s",
			       h->runtime);
	return 0;
}

static bool is_mac(const char *text)
{
	static const char form[] = "xx:xx:xx:xx:xx:xx";

	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != form[i])
			return false;
	/* The lowest bit of the first byte: many receivers. */
	return !(strchr("13579bBdDfF", text[1]));
}

/* What a container that shares another's network cannot have for itself. */
static int check_shared(const struct check *k)
{
	const struct host_config *h = k->h;
	const struct {
		bool given;
		const char *what;
	} all[] = {
		{ h->port_bindings.n || h->publish_all_ports, "port publishing" },
		{ h->extra_hosts.n, "custom host-to-IP mapping" },
		{ h->dns.n, "dns" },
		{ k->c->endpoints.n > 0, "the option for an endpoint" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].given)
			return err_set(
				k->err, -EINVAL,
				"conflicting options: %s and the container type network mode",
				all[i].what);
	return 0;
}

static int check_network(const struct check *k)
{
	const struct host_config *h = k->h;
	bool ports = h->port_bindings.n || h->publish_all_ports;
	const char *mode = h->network_mode;

	if (str_after(mode, "container:"))
		return check_shared(k);
	if (str_eq(mode, "host") || str_eq(mode, "none")) {
		if (k->c->endpoints.n)
			return err_set(k->err, -EINVAL,
				       "conflicting options: the network mode %s and addresses or "
				       "other networks",
				       mode);
		if (ports)
			note(k, "Published ports are discarded: the container has no network of "
				"its own.");
	}
	for (size_t i = 0; i < k->c->endpoints.n; i++) {
		const char *mac = k->c->endpoints.items[i].wanted_mac;

		if (mac && !is_mac(mac))
			return err_set(k->err, -EINVAL, "%.50s is not a valid mac address", mac);
	}
	return 0;
}

static int check_hostname(const struct check *k)
{
	const char *hostname = k->c->config.hostname;

	if (strlen(hostname) > HOST_NAME_MAX || strpbrk(hostname, "\n/ \t"))
		return err_set(k->err, -EINVAL, "invalid hostname format: %.100s", hostname);
	if (!str_is_empty(k->c->config.domainname) &&
	    strlen(k->c->config.domainname) > HOST_NAME_MAX)
		return err_set(k->err, -EINVAL, "invalid domainname: longer than %d",
			       HOST_NAME_MAX);
	return 0;
}

static int check_security(const struct check *k)
{
	struct security security;
	uint64_t caps, lost;
	int r = container_security_parse(k->h, &security, k->err);

	if (r == 0)
		r = container_security_caps(k->h, k->facts, &caps, &lost, k->err);
	if (r == 0 && security.apparmor && !str_eq(security.apparmor, "unconfined") &&
	    !k->facts->apparmor)
		return err_set(k->err, -EINVAL,
			       "--security-opt apparmor=%.200s: this kernel does not run AppArmor; "
			       "use apparmor=unconfined",
			       security.apparmor);
	if (r == 0 && security.seccomp == SECURITY_SECCOMP_PROFILE) {
		struct oci_seccomp *rules;

		r = seccomp_profile_parse(security.profile, strlen(security.profile), caps, k->a,
					  &rules, k->err);
		if (r < 0)
			return err_wrap(k->err, "seccomp profile");
	}
	if (r == 0 && lost) {
		struct strv names = capability_names(lost, k->a);

		note(k,
		     arena_printf(k->a, "Capabilities that this process lacks were left out: %s.",
				  strv_join(&names, k->a, ", ")));
	}
	return r;
}

static int check_ulimits(const struct check *k)
{
	struct host_config *h = k->h;

	for (size_t i = 0; i < h->ulimits.n; i++) {
		const struct ulimit *u = &h->ulimits.items[i];
		int resource = ulimit_name_parse(u->name);

		if (resource < 0)
			return err_set(k->err, -EINVAL, "invalid ulimit type: %.100s", u->name);
		if (u->hard != -1 && (u->soft == -1 || u->soft > u->hard))
			return err_set(
				k->err, -EINVAL,
				"ulimit soft limit must be less than or equal to hard limit: %lld > %lld",
				(long long)u->soft, (long long)u->hard);
		if (!host_facts_may_raise(k->facts) && (uint64_t)u->hard > k->facts->hard[resource])
			note(k,
			     arena_printf(k->a,
					  "Ulimit %s is held to %llu: this process lacks "
					  "CAP_SYS_RESOURCE.",
					  u->name, (unsigned long long)k->facts->hard[resource]));
	}
	return 0;
}

static int check_log_option(const struct check *k, const char *driver, const struct str_pair *o)
{
	/* docker has these, and they would change what is in the log. */
	static const char *const missing[] = { "labels",         "labels-regex", "env",
					       "env-regex",      "tag",          "mode",
					       "max-buffer-size" };
	int64_t bytes;
	char *end;
	long files;

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
		if (str_eq(o->key, missing[i]))
			return err_set(k->err, -ENOTSUP,
				       "log opt '%s' is not supported: leave it out", o->key);
	if (str_eq(driver, "none"))
		return err_set(k->err, -EINVAL, "unknown log opt '%.100s' for none log driver",
			       o->key);
	if (str_eq(o->key, "max-size")) {
		if (size_parse(o->value, &bytes, k->err) < 0 || bytes <= 0)
			return err_set(k->err, -EINVAL, "invalid value for max-size: %.100s",
				       o->value);
	} else if (str_eq(o->key, "max-file")) {
		files = strtol(o->value, &end, 10);
		if (*end || files < 1 || files > 1000)
			return err_set(k->err, -EINVAL,
				       "max-file must be a number from 1 to 1000: %.100s",
				       o->value);
	} else if (str_eq(o->key, "compress")) {
		if (!str_eq(o->value, "false"))
			return err_set(k->err, -ENOTSUP,
				       "log opt compress=%.20s is not supported: logs that were "
				       "rotated are kept as they are",
				       o->value);
	} else {
		return err_set(k->err, -EINVAL, "unknown log opt '%.100s' for %s log driver",
			       o->key, driver);
	}
	return 0;
}

static int check_log(const struct check *k)
{
	const struct log_config *log = &k->h->log_config;
	static const char *const drivers[] = { "json-file", "local", "none" };
	bool known = false;

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		known = known || str_eq(log->type, drivers[i]);
	if (!known)
		return err_set(k->err, -EINVAL,
			       "logger: no log driver named '%.100s' is registered (json-file, "
			       "local and none are)",
			       log->type);
	for (size_t i = 0; i < log->config.n; i++) {
		int r = check_log_option(k, log->type, &log->config.items[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int check_stop_signal(const struct check *k)
{
	const char *signal = k->c->config.stop_signal;

	if (!str_is_empty(signal) && signal_name_parse(signal) < 0)
		return err_set(k->err, -EINVAL, "invalid signal: %.100s", signal);
	return 0;
}

/* Only what a namespace of the container has for itself: nothing of the host may be changed. */
static bool sysctl_is_namespaced(const struct host_config *h, const char *key)
{
	static const char *const ipc_keys[] = {
		"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
		"kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced",
	};
	bool own_ipc = !str_eq(h->ipc_mode, "host");

	if (str_after(key, "net."))
		return !str_eq(h->network_mode, "host");
	if (str_after(key, "fs.mqueue."))
		return own_ipc;
	for (size_t i = 0; i < sizeof(ipc_keys) / sizeof(ipc_keys[0]); i++)
		if (str_eq(key, ipc_keys[i]))
			return own_ipc;
	return false;
}

static int check_sysctls(const struct check *k)
{
	const struct str_map *sysctls = &k->h->sysctls;

	for (size_t i = 0; i < sysctls->n; i++) {
		const char *key = sysctls->items[i].key;

		if (strpbrk(key, "/+\n") || strstr(key, "..") || !sysctl_is_namespaced(k->h, key) ||
		    strchr(sysctls->items[i].value, '\n'))
			return err_set(k->err, -EINVAL, "sysctl '%.100s' is not allowed", key);
	}
	return 0;
}

/* inet_pton(3); an IPv6 address may stand in brackets. */
static bool is_address(const char *s)
{
	unsigned char unused[sizeof(struct in6_addr)];
	char bare[INET6_ADDRSTRLEN + 1];
	size_t len = strlen(s);

	if (*s == '[' && s[len - 1] == ']' && len < sizeof(bare) + 2) {
		(void)snprintf(bare, sizeof(bare), "%.*s", (int)(len - 2), s + 1);
		return inet_pton(AF_INET6, bare, unused) == 1;
	}
	return inet_pton(AF_INET, s, unused) == 1 || inet_pton(AF_INET6, s, unused) == 1;
}

static int check_extra_hosts(const struct check *k)
{
	const struct strv *hosts = &k->h->extra_hosts;

	for (size_t i = 0; i < hosts->n; i++) {
		const char *colon = strchr(hosts->items[i], ':');

		if (!colon || colon == hosts->items[i] || !colon[1] ||
		    strpbrk(hosts->items[i], " \t\n"))
			return err_set(k->err, -EINVAL, "bad format for add-host: \"%.100s\"",
				       hosts->items[i]);
		if (!str_eq(colon + 1, "host-gateway") && !is_address(colon + 1))
			return err_set(k->err, -EINVAL,
				       "invalid IP address in add-host: \"%.100s\"", colon + 1);
	}
	return 0;
}

static int check_dns(const struct check *k)
{
	for (size_t i = 0; i < k->h->dns.n; i++)
		if (!is_address(k->h->dns.items[i]))
			return err_set(k->err, -EINVAL,
				       "IP address is not correctly formatted: %.100s",
				       k->h->dns.items[i]);
	return 0;
}

static int check_devices(const struct check *k)
{
	const struct host_config *h = k->h;

	for (size_t i = 0; i < h->devices.n; i++) {
		const struct device_mapping *d = &h->devices.items[i];

		if (str_is_empty(d->path_on_host) || d->path_on_host[0] != '/')
			return err_set(
				k->err, -EINVAL,
				"error gathering device information while adding custom device "
				"\"%.100s\": not a device node",
				d->path_on_host ? d->path_on_host : "");
		if (!str_is_empty(d->cgroup_permissions) &&
		    strspn(d->cgroup_permissions, "rwm") != strlen(d->cgroup_permissions))
			return err_set(k->err, -EINVAL, "invalid device mode: %.20s",
				       d->cgroup_permissions);
	}
	return 0;
}

static int check_mounts(const struct check *k)
{
	struct user_mounts mounts;
	int r = container_mounts_parse(k->h, k->a, &mounts, k->err);

	return r < 0 ? r : container_mounts_check_sources(&mounts, k->err);
}

/* A parent group is a path beneath the hierarchies, and nothing else. */
static int check_cgroup_parent(const struct check *k)
{
	const char *parent = k->h->cgroup_parent;

	if (str_is_empty(parent))
		return 0;
	if (strstr(parent, "..") || strchr(parent, '\n') || str_ends(parent, ".slice"))
		return err_set(k->err, -EINVAL,
			       "cgroup-parent %.100s is not supported; give a path such as /mine",
			       parent);
	k->h->cgroup_parent = container_mounts_clean(k->a, parent);
	if (str_eq(k->h->cgroup_parent, "/berth"))
		k->h->cgroup_parent = NULL;
	return 0;
}

static int (*const checks[])(const struct check *k) = {
	check_memory,        check_memory_support,
	check_cpu,           check_cpuset,
	check_cpu_support,   check_pids,
	check_oom_score,     check_restart,
	check_namespaces,    check_network,
	check_hostname,      check_security,
	check_ulimits,       check_log,
	check_stop_signal,   check_sysctls,
	check_extra_hosts,   check_dns,
	check_devices,       check_mounts,
	check_cgroup_parent,
};

int container_validate(struct container *c, const struct host_facts *facts, struct arena *a,
		       struct err *err)
{
	const struct check k = { c, &c->host_config, facts, a, err };

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		int r = checks[i](&k);

		if (r < 0)
			return r;
	}
	return 0;
}
