/*
 * container_flags.c - the options that run and create share, and what they ask of the engine
 *
 * Only what the engine does is taken. Every other option of docker's has a row that refuses it by
 * name, for an option that is accepted and ignored is a promise broken. What values may be is
 * checked by the engine, unless only the command line knows their grammar.
 */
#include "cmd/container_flags.h"

#include "base/own.h"
#include "cmd/mount_flag.h"
#include "cmd/network_flag.h"
#include "codec/duration.h"
#include "codec/envfile.h"
#include "codec/json.h"
#include "codec/port.h"
#include "codec/size.h"
#include "codec/ulimit_name.h"
#include "model/image_platform.h"

enum { FILE_MAX = 1 << 20 };

/* -- values that only the command line knows -- */

/* "-1" is unlimited, as --memory-swap has it. */
static int parse_swap(const char *text, int64_t *ret, struct err *err)
{
	if (str_eq(text, "-1")) {
		*ret = -1;
		return 0;
	}
	return size_parse(text, ret, err);
}

/* "1.5" in billionths. */
static int parse_cpus(const char *text, int64_t *ret, struct err *err)
{
	int64_t nano = 0;
	int decimals = -1;

	for (const char *s = text; *s; s++) {
		if (*s == '.' && decimals < 0) {
			decimals = 0;
			continue;
		}
		if (*s < '0' || *s > '9')
			return err_set(err, -EINVAL, "failed to parse %.100s as a rational number",
				       text);
		if (decimals == 9 || nano > INT64_MAX / 10000000000)
			return err_set(err, -EINVAL, "value is too precise");
		nano = nano * 10 + (*s - '0');
		decimals += decimals >= 0;
	}
	if (!*text || str_eq(text, "."))
		return err_set(err, -EINVAL, "failed to parse %.100s as a rational number", text);
	for (decimals = decimals < 0 ? 0 : decimals; decimals < 9; decimals++)
		if (__builtin_mul_overflow(nano, 10, &nano))
			return err_set(err, -EINVAL, "value out of range");
	*ret = nano;
	return 0;
}

static int duration_parse_opt(const char *text, int64_t *ret, struct err *err)
{
	if (duration_parse(text, ret) < 0)
		return err_set(err, -EINVAL, "invalid duration \"%.100s\"", text);
	return 0;
}

static const char no_links[] =
	"make a network, in which containers find each other by name and --network-alias";
static const char no_blkio[] = "block devices are not limited";
static const char no_rt[] = "real-time scheduling is not limited";
static const char windows[] = "it is for Windows";

#define S(member, letter, name, arg, help)                                                         \
	STR(struct container_flags, member, letter, name, arg, help)
#define L(member, letter, name, arg, help)                                                         \
	STRS(struct container_flags, member, letter, name, arg, help)
#define B(member, letter, name, help) FLAG(struct container_flags, member, letter, name, help)
#define N(member, letter, name, help) I64(struct container_flags, member, letter, name, "int", help)
#define C(member, letter, name, arg, fn, help)                                                     \
	CONVERT(struct container_flags, member, letter, name, arg, fn, help)

const struct opt container_flags_opts[] = {
	L(add_host, 0, "add-host", "list", "Add a custom host-to-IP mapping (host:ip)"),
	L(annotation, 0, "annotation", "map",
	  "Add an annotation to the container (passed through to the OCI runtime)"),
	L(attach, 'a', "attach", "list", "Attach to STDIN, STDOUT or STDERR"),
	L(cap_add, 0, "cap-add", "list", "Add Linux capabilities"),
	L(cap_drop, 0, "cap-drop", "list", "Drop Linux capabilities"),
	S(cgroup_parent, 0, "cgroup-parent", "string", "Optional parent cgroup for the container"),
	S(cgroupns, 0, "cgroupns", "string", "Cgroup namespace to use (host|private)"),
	S(cidfile, 0, "cidfile", "string", "Write the container ID to the file"),
	N(cpu_period, 0, "cpu-period", "Limit CPU CFS (Completely Fair Scheduler) period"),
	N(cpu_quota, 0, "cpu-quota", "Limit CPU CFS (Completely Fair Scheduler) quota"),
	N(cpu_shares, 'c', "cpu-shares", "CPU shares (relative weight)"),
	C(nano_cpus, 0, "cpus", "decimal", parse_cpus, "Number of CPUs"),
	S(cpuset_cpus, 0, "cpuset-cpus", "string", "CPUs in which to allow execution (0-3, 0,1)"),
	S(cpuset_mems, 0, "cpuset-mems", "string", "MEMs in which to allow execution (0-3, 0,1)"),
	L(device, 0, "device", "list", "Add a host device to the container"),
	L(device_cgroup_rule, 0, "device-cgroup-rule", "list",
	  "Add a rule to the cgroup allowed devices list"),
	L(dns, 0, "dns", "list", "Set custom DNS servers"),
	L(dns_option, 0, "dns-option", "list", "Set DNS options"),
	STRS_ALIAS(struct container_flags, dns_option, "dns-opt"),
	L(dns_search, 0, "dns-search", "list", "Set custom DNS search domains"),
	S(domainname, 0, "domainname", "string", "Container NIS domain name"),
	S(entrypoint, 0, "entrypoint", "string", "Overwrite the default ENTRYPOINT of the image"),
	L(env, 'e', "env", "list", "Set environment variables"),
	L(env_file, 0, "env-file", "list", "Read in a file of environment variables"),
	L(expose, 0, "expose", "list", "Expose a port or a range of ports"),
	L(group_add, 0, "group-add", "list", "Add additional groups to join"),
	S(health_cmd, 0, "health-cmd", "string", "Command to run to check health"),
	C(health_interval, 0, "health-interval", "duration", duration_parse_opt,
	  "Time between running the check (ms|s|m|h) (default 30s)"),
	N(health_retries, 0, "health-retries",
	  "Consecutive failures needed to report unhealthy (default 3)"),
	C(health_start_interval, 0, "health-start-interval", "duration", duration_parse_opt,
	  "Time between running the check during the start period (ms|s|m|h) (default 5s)"),
	C(health_start_period, 0, "health-start-period", "duration", duration_parse_opt,
	  "Start period for the container to initialize before starting health-retries countdown "
	  "(ms|s|m|h) (default 0s)"),
	C(health_timeout, 0, "health-timeout", "duration", duration_parse_opt,
	  "Maximum time to allow one check to run (ms|s|m|h) (default 30s)"),
	S(hostname, 'h', "hostname", "string", "Container host name"),
	S(ip, 0, "ip", "ip", "IPv4 address (e.g., 172.30.100.104)"),
	S(ip6, 0, "ip6", "ip", "IPv6 address (e.g., 2001:db8::33)"),
	B(init, 0, "init",
	  "Run an init inside the container that forwards signals and reaps processes"),
	B(interactive, 'i', "interactive", "Keep STDIN open even if not attached"),
	S(ipc, 0, "ipc", "string", "IPC mode to use"),
	L(label, 'l', "label", "list", "Set meta data on a container"),
	L(label_file, 0, "label-file", "list", "Read in a line delimited file of labels"),
	L(link_local_ip, 0, "link-local-ip", "list", "Container IPv4/IPv6 link-local addresses"),
	S(log_driver, 0, "log-driver", "string",
	  "Logging driver for the container (json-file|local|none)"),
	L(log_opt, 0, "log-opt", "list", "Log driver options (max-size, max-file)"),
	S(mac_address, 0, "mac-address", "string",
	  "Container MAC address (e.g., 92:d0:c6:0a:29:33)"),
	C(memory, 'm', "memory", "bytes", size_parse, "Memory limit"),
	C(memory_reservation, 0, "memory-reservation", "bytes", size_parse, "Memory soft limit"),
	C(memory_swap, 0, "memory-swap", "bytes", parse_swap,
	  "Swap limit equal to memory plus swap: '-1' to enable unlimited swap"),
	N(memory_swappiness, 0, "memory-swappiness", "Tune container memory swappiness (0 to 100)"),
	L(mount, 0, "mount", "mount", "Attach a filesystem mount to the container"),
	S(name, 0, "name", "string", "Assign a name to the container"),
	L(network, 0, "network", "network", "Connect a container to a network"),
	STRS_ALIAS(struct container_flags, network, "net"),
	L(network_alias, 0, "network-alias", "list", "Add network-scoped alias for the container"),
	STRS_ALIAS(struct container_flags, network_alias, "net-alias"),
	B(no_healthcheck, 0, "no-healthcheck", "Disable any container-specified HEALTHCHECK"),
	B(oom_kill_disable, 0, "oom-kill-disable", "Disable OOM Killer"),
	N(oom_score_adj, 0, "oom-score-adj", "Tune host's OOM preferences (-1000 to 1000)"),
	S(pid, 0, "pid", "string", "PID namespace to use"),
	N(pids_limit, 0, "pids-limit", "Tune container pids limit (set -1 for unlimited)"),
	S(platform, 0, "platform", "string", "Set platform if server is multi-platform capable"),
	B(privileged, 0, "privileged", "Give extended privileges to this container"),
	L(publish, 'p', "publish", "list", "Publish a container's port(s) to the host"),
	B(publish_all, 'P', "publish-all", "Publish all exposed ports to random ports"),
	S(pull, 0, "pull", "string",
	  "Pull image before running (\"always\", \"missing\", \"never\")"),
	B(quiet, 'q', "quiet", "Suppress the pull output"),
	B(read_only, 0, "read-only", "Mount the container's root filesystem as read only"),
	S(restart, 0, "restart", "string",
	  "Restart policy to apply when a container exits (default \"no\")"),
	B(rm, 0, "rm", "Automatically remove the container when it exits"),
	S(runtime, 0, "runtime", "string", "Runtime to use for this container"),
	L(security_opt, 0, "security-opt", "list", "Security Options"),
	C(shm_size, 0, "shm-size", "bytes", size_parse, "Size of /dev/shm"),
	S(stop_signal, 0, "stop-signal", "string", "Signal to stop the container"),
	N(stop_timeout, 0, "stop-timeout", "Timeout (in seconds) to stop a container"),
	L(sysctl, 0, "sysctl", "map", "Sysctl options"),
	L(tmpfs, 0, "tmpfs", "list", "Mount a tmpfs directory"),
	B(tty, 't', "tty", "Allocate a pseudo-TTY"),
	L(ulimit, 0, "ulimit", "ulimit", "Ulimit options"),
	S(user, 'u', "user", "string", "Username or UID (format: <name|uid>[:<group|gid>])"),
	S(userns, 0, "userns", "string", "User namespace to use"),
	S(uts, 0, "uts", "string", "UTS namespace to use"),
	L(volume, 'v', "volume", "list", "Bind mount a directory or file"),
	L(volumes_from, 0, "volumes-from", "list", "Mount volumes from the specified container(s)"),
	S(workdir, 'w', "workdir", "string", "Working directory inside the container"),
	/* Without registries there is nothing to trust. */
	{ .name = "disable-content-trust",
	  .help = "",
	  .kind = OPT_KIND_FLAG,
	  .flags = OPT_HIDDEN,
	  .offset = offsetof(struct container_flags, ignored) },
	REFUSED(0, "link", no_links),
	REFUSED(0, "blkio-weight", no_blkio),
	REFUSED(0, "blkio-weight-device", no_blkio),
	REFUSED(0, "device-read-bps", no_blkio),
	REFUSED(0, "device-read-iops", no_blkio),
	REFUSED(0, "device-write-bps", no_blkio),
	REFUSED(0, "device-write-iops", no_blkio),
	REFUSED(0, "cpu-rt-period", no_rt),
	REFUSED(0, "cpu-rt-runtime", no_rt),
	REFUSED(0, "gpus", "name the device files with --device"),
	REFUSED(0, "volume-driver", "there are no named volumes; bind a directory with -v"),
	REFUSED(0, "storage-opt", "the layer of a container has no options"),
	REFUSED(0, "kernel-memory", "the kernel has given it up; use --memory"),
	REFUSED_FLAG(0, "use-api-socket", "there is no API socket"),
	REFUSED(0, "isolation", windows),
	REFUSED(0, "cpu-count", windows),
	REFUSED(0, "cpu-percent", windows),
	REFUSED(0, "io-maxbandwidth", windows),
	REFUSED(0, "io-maxiops", windows),
	OPT_END,
};

/* -- into the specification -- */

struct fill {
	struct cli *cli;
	struct arena *a;
	const struct container_flags *f;
	struct container_config *config;
	struct host_config *host;
	struct create_spec *spec;
};

static int invalid(const struct fill *x, const char *option, const char *value,
		   const struct err *why)
{
	return opt_invalid(container_flags_opts, option, value, why->msg, &x->cli->err);
}

static int read_env_files(struct cli *cli, const struct strv *files, envfile_lookup *lookup,
			  struct strv *ret)
{
	for (size_t i = 0; i < files->n; i++) {
		const char *text;
		size_t len;
		int r = cli_read_file(files->items[i], FILE_MAX, cli->a, &text, &len, &cli->err);

		if (r == 0 && strlen(text) != len)
			r = err_set(&cli->err, -EINVAL,
				    "%s: a NUL byte at offset %zu; no variable can have one",
				    files->items[i], strlen(text));
		if (r == 0)
			r = envfile_parse(files->items[i], text, lookup, cli->a, ret, &cli->err);
		if (r < 0)
			return r;
	}
	return 0;
}

static const char *own_environment(const char *key)
{
	return getenv(key);
}

int container_flags_env(struct cli *cli, const struct strv *files, const struct strv *items,
			struct strv *ret)
{
	int r = read_env_files(cli, files, own_environment, ret);

	for (size_t i = 0; r == 0 && i < items->n; i++)
		r = envfile_add(items->items[i], own_environment, cli->a, ret, &cli->err);
	return r;
}

static int fill_env(const struct fill *x)
{
	return container_flags_env(x->cli, &x->f->env_file, &x->f->env, &x->config->env);
}

/* "key=value" or "key" into a map. */
static void set_pair(struct str_map *map, struct arena *a, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals)
		str_map_set(map, a, arena_strndup(a, text, (size_t)(equals - text)), equals + 1);
	else
		str_map_set(map, a, text, "");
}

static int fill_labels(const struct fill *x)
{
	struct strv lines = { 0 };
	int r = read_env_files(x->cli, &x->f->label_file, NULL, &lines);

	if (r < 0)
		return r;
	for (size_t i = 0; i < lines.n; i++)
		set_pair(&x->config->labels, x->a, lines.items[i]);
	for (size_t i = 0; i < x->f->label.n; i++) {
		const struct err why = { .msg = "it has no name" };

		if (!*x->f->label.items[i] || x->f->label.items[i][0] == '=')
			return invalid(x, "label", x->f->label.items[i], &why);
		set_pair(&x->config->labels, x->a, x->f->label.items[i]);
	}
	for (size_t i = 0; i < x->f->annotation.n; i++)
		set_pair(&x->host->annotations, x->a, x->f->annotation.items[i]);
	return 0;
}

static int fill_streams(const struct fill *x)
{
	struct container_config *c = x->config;
	const struct container_flags *f = x->f;

	c->attach_stdin = f->interactive;
	c->attach_stdout = c->attach_stderr = f->attach.n == 0;
	for (size_t i = 0; i < f->attach.n; i++) {
		const char *name = f->attach.items[i];
		const struct err why = { .msg = "valid streams are STDIN, STDOUT and STDERR" };

		if (strcasecmp(name, "stdin") == 0)
			c->attach_stdin = true;
		else if (strcasecmp(name, "stdout") == 0)
			c->attach_stdout = true;
		else if (strcasecmp(name, "stderr") == 0)
			c->attach_stderr = true;
		else
			return invalid(x, "attach", name, &why);
	}
	c->tty = f->tty;
	c->open_stdin = f->interactive;
	c->stdin_once = f->interactive && c->attach_stdin;
	return 0;
}

static int64_t *number(const struct fill *x, int64_t value)
{
	return value == OPT_UNSET ? NULL : arena_memdup(x->a, &value, sizeof(value));
}

static int64_t or_zero(int64_t value)
{
	return value == OPT_UNSET ? 0 : value;
}

static int fill_limits(const struct fill *x)
{
	struct host_config *h = x->host;
	const struct container_flags *f = x->f;

	h->memory = or_zero(f->memory);
	h->memory_reservation = or_zero(f->memory_reservation);
	h->memory_swap = or_zero(f->memory_swap);
	if (f->memory_swappiness != -1)
		h->memory_swappiness = number(x, f->memory_swappiness);
	h->nano_cpus = or_zero(f->nano_cpus);
	h->cpu_shares = or_zero(f->cpu_shares);
	h->cpu_period = or_zero(f->cpu_period);
	h->cpu_quota = or_zero(f->cpu_quota);
	h->cpuset_cpus = f->cpuset_cpus;
	h->cpuset_mems = f->cpuset_mems;
	h->pids_limit = number(x, f->pids_limit);
	h->shm_size = or_zero(f->shm_size);
	if (f->oom_kill_disable)
		h->oom_kill_disable = arena_memdup(x->a, &f->oom_kill_disable, sizeof(bool));
	if (f->oom_score_adj != OPT_UNSET && (f->oom_score_adj < -1000 || f->oom_score_adj > 1000))
		return err_set(&x->cli->err, -EINVAL,
			       "Invalid value %lld, range for oom score adj is [-1000, 1000]",
			       (long long)f->oom_score_adj);
	h->oom_score_adj = (int)or_zero(f->oom_score_adj);
	return 0;
}

static int fill_ulimits(const struct fill *x)
{
	const struct strv *given = &x->f->ulimit;
	struct ulimit *items = arena_array(x->a, given->n, sizeof(*items));

	for (size_t i = 0; i < given->n; i++) {
		struct err why = ERR_INIT;
		int resource;

		if (ulimit_parse(given->items[i], &resource, &items[i].soft, &items[i].hard, &why) <
		    0)
			return invalid(x, "ulimit", given->items[i], &why);
		items[i].name = ulimit_name(resource);
	}
	x->host->ulimits.items = items;
	x->host->ulimits.n = given->n;
	return 0;
}

static int fill_mounts(const struct fill *x)
{
	const struct container_flags *f = x->f;
	struct mount_spec *mounts = arena_array(x->a, f->mount.n, sizeof(*mounts));

	for (size_t i = 0; i < f->mount.n; i++) {
		struct err why = ERR_INIT;

		if (mount_flag_parse(f->mount.items[i], x->a, &mounts[i], &why) < 0)
			return invalid(x, "mount", f->mount.items[i], &why);
	}
	x->host->mounts.items = mounts;
	x->host->mounts.n = f->mount.n;
	for (size_t i = 0; i < f->volume.n; i++) {
		const char *bind;
		int r = mount_flag_volume(f->volume.items[i], x->a, &bind, &x->cli->err);

		if (r < 0)
			return r;
		strv_add(&x->host->binds, x->a, bind);
	}
	x->host->volumes_from = f->volumes_from;
	for (size_t i = 0; i < f->tmpfs.n; i++)
		mount_flag_tmpfs(f->tmpfs.items[i], x->a, &x->host->tmpfs);
	return 0;
}

static int fill_devices(const struct fill *x)
{
	const struct strv *given = &x->f->device;
	struct device_mapping *items = arena_array(x->a, given->n, sizeof(*items));

	for (size_t i = 0; i < given->n; i++) {
		struct err why = ERR_INIT;

		if (mount_flag_device(given->items[i], x->a, &items[i], &why) < 0)
			return invalid(x, "device", given->items[i], &why);
	}
	x->host->devices.items = items;
	x->host->devices.n = given->n;
	x->host->device_cgroup_rules = x->f->device_cgroup_rule;
	return 0;
}

/* A seccomp profile by file name becomes its text, compact. */
static int read_profile(const struct fill *x, const char *path, const char **ret)
{
	OWN(json) struct json_object *tree = NULL;
	OWN(buf) struct buf text = { 0 };
	struct err *err = &x->cli->err;
	const char *raw;
	size_t len;

	if (cli_read_file(path, FILE_MAX, x->a, &raw, &len, &x->cli->err) < 0)
		return err_wrap(err, "opening seccomp profile (%.200s) failed", path);
	if (json_parse(raw, len, &tree, err) < 0)
		return err_wrap(err, "compacting json for seccomp profile (%.200s) failed", path);
	buf_adds(&text, "seccomp=");
	json_write(tree, &text);
	*ret = arena_strdup(x->a, buf_text(&text));
	return 0;
}

static int fill_security(const struct fill *x)
{
	struct host_config *h = x->host;
	const struct container_flags *f = x->f;

	h->cap_add = f->cap_add;
	h->cap_drop = f->cap_drop;
	h->privileged = f->privileged;
	h->readonly_rootfs = f->read_only;
	h->group_add = f->group_add;
	for (size_t i = 0; i < f->security_opt.n; i++) {
		const char *option = f->security_opt.items[i],
			   *profile = str_after(option, "seccomp=");

		if (!profile)
			profile = str_after(option, "seccomp:");
		if (profile && !str_eq(profile, "unconfined") && !str_eq(profile, "builtin")) {
			int r = read_profile(x, profile, &option);

			if (r < 0)
				return r;
		}
		strv_add(&h->security_opt, x->a, option);
	}
	return 0;
}

static int fill_restart(const struct fill *x)
{
	const char *text = x->f->restart, *colon = text ? strchr(text, ':') : NULL;
	struct restart_policy *p = &x->host->restart_policy;
	long count;
	char *end;

	p->name = str_is_empty(text) ? "no" : text;
	if (x->f->rm && !str_eq(p->name, "no"))
		return err_set(&x->cli->err, -EINVAL,
			       "conflicting options: cannot specify both --restart and --rm");
	if (!colon)
		return 0;
	p->name = arena_strndup(x->a, text, (size_t)(colon - text));
	errno = 0;
	count = strtol(colon + 1, &end, 10);
	if (*end || end == colon + 1 || errno || count < 0 || count > INT32_MAX)
		return err_set(
			&x->cli->err, -EINVAL,
			"invalid restart policy format: maximum retry count must be an integer");
	p->maximum_retry_count = (int)count;
	return 0;
}

static int fill_log(const struct fill *x)
{
	struct log_config *log = &x->host->log_config;

	log->type = str_is_empty(x->f->log_driver) ? "json-file" : x->f->log_driver;
	for (size_t i = 0; i < x->f->log_opt.n; i++) {
		const char *option = x->f->log_opt.items[i];
		const struct err why = { .msg = "use key=value" };

		if (!strchr(option, '='))
			return invalid(x, "log-opt", option, &why);
		set_pair(&log->config, x->a, option);
	}
	return 0;
}

/* Whether it is more than a network's name. */
static bool has_wishes(const struct endpoint *ep)
{
	return ep->wanted_ip || ep->wanted_ip6 || ep->wanted_mac || ep->aliases.n ||
	       ep->link_local.n || ep->driver_opts.n || ep->gw_priority;
}

/* What stands beside --network is the first network's. */
static int fill_first(const struct fill *x, struct endpoint *first)
{
	const struct container_flags *f = x->f;

	if ((f->ip && first->wanted_ip) || (f->ip6 && first->wanted_ip6) ||
	    (f->mac_address && first->wanted_mac))
		return err_set(&x->cli->err, -EINVAL,
			       "conflicting options: --ip, --ip6 or --mac-address, and the same of "
			       "--network");
	if (f->ip)
		first->wanted_ip = f->ip;
	if (f->ip6)
		first->wanted_ip6 = f->ip6;
	if (f->mac_address)
		first->wanted_mac = f->mac_address;
	for (size_t i = 0; i < f->network_alias.n; i++)
		strv_add(&first->aliases, x->a, f->network_alias.items[i]);
	for (size_t i = 0; i < f->link_local_ip.n; i++)
		strv_add(&first->link_local, x->a, f->link_local_ip.items[i]);
	return 0;
}

static int fill_endpoints(const struct fill *x)
{
	const struct container_flags *f = x->f;
	size_t n = f->network.n ? f->network.n : 1;
	struct endpoint *items = arena_array(x->a, n, sizeof(*items));
	bool more = n > 1;
	int r;

	items[0].network = "bridge";
	for (size_t i = 0; i < f->network.n; i++) {
		struct err why = ERR_INIT;

		if (network_flag_parse(f->network.items[i], x->a, &items[i], &why) < 0)
			return invalid(x, "network", f->network.items[i], &why);
	}
	r = fill_first(x, &items[0]);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		more = more || has_wishes(&items[i]);
	x->host->network_mode = str_is_empty(items[0].network) ? "bridge" : items[0].network;
	items[0].network = x->host->network_mode;
	if (more) {
		x->spec->endpoints.items = items;
		x->spec->endpoints.n = n;
	}
	return 0;
}

static int fill_network(const struct fill *x)
{
	struct host_config *h = x->host;
	const struct container_flags *f = x->f;
	int r = fill_endpoints(x);

	if (r < 0)
		return r;
	for (size_t i = 0; i < f->add_host.n; i++) {
		char *host = arena_strdup(x->a, f->add_host.items[i]);
		char *equals = strchr(host, '=');

		/* docker also takes host=ip. */
		if (equals && !(strchr(host, ':') && strchr(host, ':') < equals))
			*equals = ':';
		strv_add(&h->extra_hosts, x->a, host);
	}
	h->dns = f->dns;
	h->dns_options = f->dns_option;
	h->dns_search = f->dns_search;
	x->config->hostname = f->hostname;
	x->config->domainname = f->domainname;
	return 0;
}

static int fill_publish(const struct fill *x)
{
	const struct strv *given = &x->f->publish;
	struct publish *all = arena_array(x->a, given->n, sizeof(*all));

	x->host->publish_all_ports = x->f->publish_all;
	for (size_t i = 0; i < given->n; i++) {
		struct err why = ERR_INIT;

		if (network_flag_publish(given->items[i], x->a, &all[i], &why) < 0)
			return invalid(x, "publish", given->items[i], &why);
	}
	network_flag_bind(all, given->n, x->a, x->host, x->config);
	return 0;
}

/* The set names each port of a range once. */
static int fill_expose(const struct fill *x)
{
	enum { PORTS = UINT16_MAX + 1 };
	static const char letters[] = "tus"; /* each protocol's first */
	const struct strv *given = &x->f->expose;
	bool *seen =
		given->n ? arena_array(x->a, (size_t)PORTS * strlen(letters), sizeof(*seen)) : NULL;

	for (size_t i = 0; i < given->n; i++) {
		struct err why = ERR_INIT;
		struct port_range r;

		if (port_range_parse(given->items[i], &r, &why) < 0)
			return invalid(x, "expose", given->items[i], &why);
		for (int port = r.first; port <= r.last; port++) {
			bool *known =
				&seen[(strchr(letters, r.protocol[0]) - letters) * PORTS + port];

			if (!*known)
				strv_add(&x->config->exposed_ports, x->a,
					 arena_printf(x->a, "%d/%s", port, r.protocol));
			*known = true;
		}
	}
	return 0;
}

static int fill_sysctls(const struct fill *x)
{
	for (size_t i = 0; i < x->f->sysctl.n; i++) {
		const char *text = x->f->sysctl.items[i];
		const struct err why = { .msg = "use key=value" };

		if (!strchr(text, '='))
			return invalid(x, "sysctl", text, &why);
		set_pair(&x->host->sysctls, x->a, text);
	}
	return 0;
}

static int fill_namespaces(const struct fill *x)
{
	struct host_config *h = x->host;
	const struct container_flags *f = x->f;

	h->ipc_mode = f->ipc;
	h->pid_mode = f->pid;
	h->uts_mode = f->uts;
	h->userns_mode = f->userns;
	h->cgroupns_mode = f->cgroupns;
	h->cgroup_parent = f->cgroup_parent;
	h->runtime = f->runtime;
	return 0;
}

static int fill_process(const struct fill *x)
{
	struct container_config *c = x->config;
	const struct container_flags *f = x->f;

	c->user = f->user;
	c->working_dir = f->workdir;
	c->stop_signal = f->stop_signal;
	c->stop_timeout = number(x, f->stop_timeout);
	if (f->init)
		x->host->init = arena_memdup(x->a, &f->init, sizeof(bool));
	if (str_is_empty(f->entrypoint))
		x->spec->entrypoint_reset = f->entrypoint != NULL;
	else
		strv_add(&c->entrypoint, x->a, f->entrypoint);
	x->host->auto_remove = f->rm;
	x->host->container_id_file = f->cidfile;
	return 0;
}

static int fill_health(const struct fill *x)
{
	const struct container_flags *f = x->f;
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
		{ "interval", f->health_interval },
		{ "timeout", f->health_timeout },
		{ "start-period", f->health_start_period },
		{ "start-interval", f->health_start_interval },
		{ "retries", f->health_retries },
	};
	bool any = !str_is_empty(f->health_cmd);
	struct health_config *h;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		any = any || or_zero(numbers[i].value) != 0;
		if (or_zero(numbers[i].value) < 0)
			return err_set(&x->cli->err, -EINVAL, "--health-%s cannot be negative",
				       numbers[i].name);
	}
	if (f->no_healthcheck && any)
		return err_set(&x->cli->err, -EINVAL,
			       "--no-healthcheck conflicts with --health-* options");
	if (!any && !f->no_healthcheck)
		return 0;
	if (or_zero(f->health_retries) > INT32_MAX)
		return err_set(&x->cli->err, -EINVAL, "--health-retries is too large");
	h = x->config->healthcheck = arena_new(x->a, struct health_config);
	h->interval = or_zero(f->health_interval);
	h->timeout = or_zero(f->health_timeout);
	h->start_period = or_zero(f->health_start_period);
	h->start_interval = or_zero(f->health_start_interval);
	h->retries = (int)or_zero(f->health_retries);
	if (!any || !str_is_empty(f->health_cmd))
		strv_add(&h->test, x->a, any ? "CMD-SHELL" : "NONE");
	if (!str_is_empty(f->health_cmd))
		strv_add(&h->test, x->a, f->health_cmd);
	return 0;
}

static int check_platform(const struct fill *x)
{
	struct image_platform p;

	if (str_is_empty(x->f->platform))
		return 0;
	return image_platform_parse(x->f->platform, x->a, &p, &x->cli->err);
}

static int (*const fillers[])(const struct fill *x) = {
	check_platform, fill_streams, fill_process,    fill_env,      fill_labels,  fill_limits,
	fill_ulimits,   fill_mounts,  fill_devices,    fill_security, fill_restart, fill_log,
	fill_network,   fill_sysctls, fill_namespaces, fill_expose,   fill_publish, fill_health,
};

int container_flags_spec(struct cli *cli, const struct container_flags *f, const struct strv *args,
			 struct create_spec *ret)
{
	struct fill x = { cli, cli->a, f, &ret->config, &ret->host, ret };

	*ret = (struct create_spec){ .name = f->name, .image = args->items[0] };
	ret->config.image = args->items[0];
	ret->config.cmd = (struct strv){ args->items + 1, args->n - 1 };
	if (args->n == 1)
		ret->config.cmd.items = NULL;
	for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++) {
		int r = fillers[i](&x);

		if (r < 0)
			return r;
	}
	return 0;
}
