/*
 * container_plan.c - a container as an OCI configuration and a shim's plan
 *
 * The configuration is the one that docker hands its runtime for the same options. Rules that stand
 * in no specification: another user than root gets no effective capabilities; a privileged
 * container keeps its masks off; variables of docker (PATH, HOSTNAME, TERM) stand before the
 * container's.
 */
#include "engine/container_plan.h"

#include "codec/signal_name.h"
#include "codec/size.h"
#include "codec/ulimit_name.h"
#include "engine/container_health.h"
#include "engine/container_status.h"
#include "engine/container_spec.h"
#include "engine/skeleton.h"

#include <ctype.h>

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define INIT_TARGET  "/sbin/docker-init"

/* docker's for the log driver local. */
#define LOCAL_MAX_SIZE "20m"
#define LOCAL_MAX_FILE "5"

/* A container's files: as many as docker's daemon gives them, whatever the caller's shell has. */
enum { NOFILE_DEFAULT = 1048576 };

#define COPY_TO_ARENA(a, type, value)                                                              \
	({                                                                                         \
		type *copy_ = arena_new((a), type);                                                \
		*copy_ = (value);                                                                  \
		copy_;                                                                             \
	})

static bool is(const char *mode, const char *value)
{
	return str_eq(mode, value);
}

struct strv container_plan_env(const struct container *c, bool tty, const struct strv *more,
			       const char *home, struct arena *a)
{
	struct strv base = { 0 }, env;

	strv_add(&base, a, DEFAULT_PATH);
	strv_add(&base, a, arena_printf(a, "HOSTNAME=%s", c->config.hostname));
	if (tty)
		strv_add(&base, a, "TERM=xterm");
	env = container_spec_env(&base, &c->config.env, a);
	if (more)
		env = container_spec_env(&env, more, a);
	for (size_t i = 0; i < env.n; i++)
		if (str_after(env.items[i], "HOME="))
			return env;
	strv_add(&env, a, arena_printf(a, "HOME=%s", home));
	return env;
}

static uint64_t clamp(int64_t wanted, const struct host_facts *host, int resource)
{
	uint64_t limit = wanted < 0 ? RLIM_INFINITY : (uint64_t)wanted;

	if (host_facts_may_raise(host) || limit <= host->hard[resource])
		return limit;
	return host->hard[resource];
}

static const char *rlimit_type(const char *name, struct arena *a)
{
	char *type = arena_printf(a, "RLIMIT_%s", name);

	for (char *p = type; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return type;
}

int container_plan_rlimits(const struct container *c, const struct host_facts *host,
			   struct arena *a, struct oci_process *process, struct err *err)
{
	size_t n = c->host_config.ulimits.n;
	bool files = false;

	process->rlimits.items = arena_array(a, n + 1, sizeof(*process->rlimits.items));
	for (size_t i = 0; i < n; i++) {
		const struct ulimit *u = &c->host_config.ulimits.items[i];
		int resource = ulimit_name_parse(u->name);

		if (resource < 0)
			return err_set(err, -EINVAL, "invalid ulimit type: %.100s", u->name);
		files = files || resource == RLIMIT_NOFILE;
		process->rlimits.items[process->rlimits.n++] = (struct oci_rlimit){
			.type = rlimit_type(ulimit_name(resource), a),
			.hard = clamp(u->hard, host, resource),
			.soft = clamp(u->soft, host, resource),
		};
	}
	if (!files) {
		uint64_t limit = clamp(NOFILE_DEFAULT, host, RLIMIT_NOFILE);

		process->rlimits.items[process->rlimits.n++] =
			(struct oci_rlimit){ "RLIMIT_NOFILE", limit, limit };
	}
	return 0;
}

static struct strv plan_args(const struct container *c, const struct plan_facts *f, struct arena *a)
{
	struct strv args = { 0 };

	if (f->init && c->host_config.init && *c->host_config.init) {
		strv_add(&args, a, INIT_TARGET);
		strv_add(&args, a, "--");
	}
	strv_add(&args, a, c->path);
	for (size_t i = 0; i < c->args.n; i++)
		strv_add(&args, a, c->args.items[i]);
	return args;
}

static int plan_process(const struct container *c, const struct plan_facts *f, struct arena *a,
			struct oci_config *config, struct err *err)
{
	struct oci_process *p = arena_new(a, struct oci_process);

	config->process = p;
	p->terminal = c->config.tty;
	p->console_size = (struct oci_box){ f->opts->console_height, f->opts->console_width };
	p->user.uid = f->user.uid;
	p->user.gid = f->user.gid;
	p->user.additional_gids.items = f->user.groups;
	p->user.additional_gids.n = f->user.n_groups;
	p->args = plan_args(c, f, a);
	p->env = container_plan_env(c, c->config.tty, NULL, f->user.home, a);
	p->cwd = str_is_empty(c->config.working_dir) ? "/" : c->config.working_dir;
	p->capabilities = container_security_sets(f->caps, f->user.uid, a);
	p->no_new_privileges = f->security.no_new_privileges;
	p->apparmor_profile =
		container_security_apparmor(&f->security, c->host_config.privileged, f->host);
	if (c->host_config.oom_score_adj)
		p->oom_score_adj = COPY_TO_ARENA(a, int64_t, c->host_config.oom_score_adj);
	return container_plan_rlimits(c, f->host, a, p, err);
}

static void plan_namespaces(const struct host_config *h, struct oci_linux *l, struct arena *a)
{
	const struct {
		const char *type;
		bool own;
	} all[] = {
		{ "mount", true },
		{ "network", !is(h->network_mode, "host") },
		{ "uts", !is(h->uts_mode, "host") },
		{ "pid", !is(h->pid_mode, "host") },
		{ "ipc", !is(h->ipc_mode, "host") },
		{ "cgroup", is(h->cgroupns_mode, "private") },
	};

	l->namespaces.items =
		arena_array(a, sizeof(all) / sizeof(all[0]), sizeof(*l->namespaces.items));
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].own)
			l->namespaces.items[l->namespaces.n++].type = all[i].type;
}

static struct oci_memory *plan_memory(const struct host_config *h, struct arena *a)
{
	struct oci_memory *m = arena_new(a, struct oci_memory);

	if (h->memory)
		m->limit = COPY_TO_ARENA(a, int64_t, h->memory);
	if (h->memory_reservation)
		m->reservation = COPY_TO_ARENA(a, int64_t, h->memory_reservation);
	if (h->memory_swap && h->memory)
		m->swap = COPY_TO_ARENA(a, int64_t, h->memory_swap);
	if (h->memory_swappiness && *h->memory_swappiness >= 0)
		m->swappiness = COPY_TO_ARENA(a, uint64_t, (uint64_t)*h->memory_swappiness);
	if (h->oom_kill_disable && *h->oom_kill_disable)
		m->disable_oom_killer = h->oom_kill_disable;
	return m->limit || m->reservation || m->swappiness || m->disable_oom_killer ? m : NULL;
}

static struct oci_cpu *plan_cpu(const struct host_config *h, struct arena *a)
{
	struct oci_cpu *c = arena_new(a, struct oci_cpu);
	int64_t period = h->cpu_period, quota = h->cpu_quota;

	if (h->nano_cpus) {
		period = 100000;
		quota = h->nano_cpus * period / 1000000000;
	}
	if (h->cpu_shares) /* the kernel's least is 2 */
		c->shares =
			COPY_TO_ARENA(a, uint64_t, h->cpu_shares < 2 ? 2 : (uint64_t)h->cpu_shares);
	if (period)
		c->period = COPY_TO_ARENA(a, uint64_t, (uint64_t)period);
	if (quota)
		c->quota = COPY_TO_ARENA(a, int64_t, quota);
	c->cpus = str_is_empty(h->cpuset_cpus) ? NULL : h->cpuset_cpus;
	c->mems = str_is_empty(h->cpuset_mems) ? NULL : h->cpuset_mems;
	return c->shares || c->period || c->quota || c->cpus || c->mems ? c : NULL;
}

static struct oci_resources *plan_resources(const struct host_config *h, const struct plan_facts *f,
					    struct arena *a)
{
	struct oci_resources *r = arena_new(a, struct oci_resources);

	r->devices.items = f->devices.rules.items;
	r->devices.n = f->devices.rules.n;
	r->memory = plan_memory(h, a);
	r->cpu = plan_cpu(h, a);
	if (h->pids_limit && *h->pids_limit > 0)
		r->pids = COPY_TO_ARENA(a, struct oci_pids, ((struct oci_pids){ *h->pids_limit }));
	return r;
}

/* docker lets everybody in a network namespace of its own bind low ports and send pings. */
static void plan_sysctls(const struct host_config *h, const struct host_facts *host,
			 struct oci_linux *l, struct arena *a)
{
	/* Groups that a user namespace does not have the kernel refuses. */
	uint32_t last = host->ordinary ? host->groups : INT32_MAX;

	if (!is(h->network_mode, "host")) {
		str_map_set(&l->sysctl, a, "net.ipv4.ip_unprivileged_port_start", "0");
		if (!h->privileged)
			str_map_set(&l->sysctl, a, "net.ipv4.ping_group_range",
				    arena_printf(a, "0 %u", last));
	}
	for (size_t i = 0; i < h->sysctls.n; i++)
		str_map_set(&l->sysctl, a, h->sysctls.items[i].key, h->sysctls.items[i].value);
}

static void plan_linux(const struct container *c, const struct plan_facts *f, struct arena *a,
		       struct oci_config *config)
{
	const struct host_config *h = &c->host_config;
	struct oci_linux *l = arena_new(a, struct oci_linux);

	config->linux_ = l;
	plan_namespaces(h, l, a);
	plan_sysctls(h, f->host, l, a);
	l->devices.items = f->devices.nodes.items;
	l->devices.n = f->devices.nodes.n;
	l->resources = plan_resources(h, f, a);
	l->cgroups_path = container_status_cgroup(c, a);
	l->masked_paths = container_security_masked(h, f->host->throttled_cpus, a);
	l->readonly_paths = container_security_readonly(h, a);
	l->seccomp = f->filter.rules;
}

static int plan_log(const struct container *c, const struct plan_facts *f, struct arena *a,
		    struct shim_plan *plan, struct err *err)
{
	const struct log_config *log = &c->host_config.log_config;
	const char *size = str_map_get(&log->config, "max-size");
	const char *files = str_map_get(&log->config, "max-file");
	int64_t bytes = 0;
	bool local = is(log->type, "local");

	if (is(log->type, "none"))
		return 0;
	/* What it keeps is bounded unless the user says otherwise. */
	if (local && !size)
		size = LOCAL_MAX_SIZE;
	if (local && !files)
		files = LOCAL_MAX_FILE;
	if (size && size_parse(size, &bytes, err) < 0)
		return err_wrap(err, "max-size");
	plan->log_path = arena_printf(a, "%s/logs/%s.log", f->root, c->id);
	plan->log_max_size = (uint64_t)bytes;
	plan->log_max_file = files ? (int)strtol(files, NULL, 10) : 1;
	return 0;
}

static int plan_restart(const char *policy)
{
	static const struct {
		const char *name;
		int value;
	} names[] = {
		{ "on-failure", SHIM_RESTART_ON_FAILURE },
		{ "always", SHIM_RESTART_ALWAYS },
		{ "unless-stopped", SHIM_RESTART_UNLESS_STOPPED },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (is(policy, names[i].name))
			return names[i].value;
	return SHIM_RESTART_NO;
}

/* overlayfs wants the top one first; mount points that the image lacks come last. */
static struct strv plan_lower(const struct container *c, const struct plan_facts *f,
			      struct arena *a)
{
	struct strv lower = { 0 };

	for (size_t i = c->layers.n; i-- > 0;) {
		const char *dir = arena_printf(a, "%s/layers/%s", f->root, c->layers.items[i]);

		/* overlayfs refuses a directory twice (ELOOP); the upper of two hides the other
		 * anyway. */
		if (!strv_has(&lower, dir))
			strv_add(&lower, a, dir);
	}
	strv_add(&lower, a, arena_printf(a, "%s/" SKELETON_DIR, f->root));
	return lower;
}

static int plan_config(const struct container *c, const struct plan_facts *f, struct arena *a,
		       struct oci_config *config, struct err *err)
{
	struct oci_root *root = arena_new(a, struct oci_root);
	int r = plan_process(c, f, a, config, err);

	if (r < 0)
		return r;
	config->oci_version = "1.2.0";
	config->root = root;
	root->path = "rootfs"; /* the overlay; the specification wants a name */
	root->readonly = c->host_config.readonly_rootfs;
	if (!is(c->host_config.uts_mode, "host")) {
		config->hostname = c->config.hostname;
		config->domainname =
			str_is_empty(c->config.domainname) ? NULL : c->config.domainname;
	}
	config->annotations = c->host_config.annotations;
	plan_linux(c, f, a, config);
	return container_plan_mounts(c, f, a, config, err);
}

int container_plan_make(const struct container *c, const struct plan_facts *f, struct arena *a,
			struct shim_plan *ret, struct err *err)
{
	const struct start_opts *o = f->opts;
	struct shim_plan plan = {
		.id = c->id,
		.root_dir = f->root,
		.state_root = f->state,
		.state_dir = arena_printf(a, "%s/c/%s", f->state, c->id),
		.berth = f->berth,
		.terminal = c->config.tty,
		.open_stdin = c->config.open_stdin,
		.stdin_once = c->config.stdin_once,
		.attach = container_plan_attach(o),
		.auto_remove = c->host_config.auto_remove,
		.restart = plan_restart(c->host_config.restart_policy.name),
		.restart_max = c->host_config.restart_policy.maximum_retry_count,
		.restart_count = c->restart_count,
		.console_height = o->console_height,
		.console_width = o->console_width,
		.cgroup = container_status_cgroup(c, a),
		.lower = plan_lower(c, f, a),
		.upper = arena_printf(a, "%s/upper/%s", f->root, c->id),
		.work = arena_printf(a, "%s/work/%s", f->root, c->id),
		.health = container_health_plan(&c->config, a),
		.volatile_upper = c->host_config.auto_remove,
		.seccomp_cache = f->filter.cache,
		.seccomp_key = f->filter.key,
	};
	int r = plan_log(c, f, a, &plan, err);

	if (r == 0)
		r = plan_config(c, f, a, &plan.config, err);
	if (r == 0)
		*ret = plan;
	return r;
}
