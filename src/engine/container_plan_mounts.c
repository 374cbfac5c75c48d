/*
 * container_plan_mounts.c - every mount of a container, in the order in which they are made
 *
 * docker's defaults, then the container's own hosts, hostname and resolv.conf, then the user's. A
 * mount of the user takes the place of a default one at the same target; one on /dev takes the
 * place of everything below it. All are ordered by depth at the end, so that a parent never hides a
 * child.
 */
#include "engine/container_mounts.h"
#include "engine/container_plan.h"

struct default_mount {
	const char *target, *type, *source;
	const char *options; /* separated by commas */
};

static const struct default_mount defaults[] = {
	{ "/proc", "proc", "proc", "nosuid,noexec,nodev" },
	{ "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k" },
	{ "/dev/pts", "devpts", "devpts",
	  "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5" },
	{ "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro" },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", "ro,nosuid,noexec,nodev" },
	{ "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev" },
};

static void add(struct oci_config *config, const char *target, const char *type, const char *source,
		struct strv options)
{
	config->mounts.items[config->mounts.n++] = (struct oci_mount){
		.destination = target,
		.type = type,
		.source = source,
		.options = options,
	};
}

static bool hidden_by_user(const struct user_mounts *user, const char *target)
{
	return container_mounts_has(user, target) ||
	       (str_after(target, "/dev/") && container_mounts_has(user, "/dev"));
}

static bool is_writable(const struct plan_facts *f, const struct host_config *h, const char *target)
{
	if (str_eq(target, "/sys"))
		return h->privileged && !h->readonly_rootfs;
	return str_eq(target, "/sys/fs/cgroup") && (h->privileged || f->security.writable_cgroups);
}

static struct strv without_ro(const struct strv *options, struct arena *a)
{
	struct strv out = { 0 };

	for (size_t i = 0; i < options->n; i++)
		if (!str_eq(options->items[i], "ro"))
			strv_add(&out, a, options->items[i]);
	return out;
}

/*
 * In a user namespace the kernel makes these file systems only of namespaces that belong to it; of
 * the machine's they are what is mounted there.
 */
static bool is_hosts_own(const struct plan_facts *f, const struct host_config *h,
			 const char *target)
{
	return f->host->ordinary &&
	       ((str_eq(target, "/sys") && str_eq(h->network_mode, "host")) ||
		(str_eq(target, "/proc") && str_eq(h->pid_mode, "host")) ||
		(str_eq(target, "/dev/mqueue") && str_eq(h->ipc_mode, "host")));
}

static void add_defaults(const struct container *c, const struct plan_facts *f,
			 const struct user_mounts *user, struct arena *a, struct oci_config *config)
{
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		const struct default_mount *d = &defaults[i];
		struct strv options = strv_split(a, d->options, ',');

		if (hidden_by_user(user, d->target))
			continue;
		if (is_writable(f, &c->host_config, d->target))
			options = without_ro(&options, a);
		if (is_hosts_own(f, &c->host_config, d->target)) {
			strv_add(&options, a, "rbind");
			add(config, d->target, "bind", d->target, options);
			continue;
		}
		add(config, d->target, d->type, d->source, options);
	}
}

static void add_shm(const struct host_config *h, const struct user_mounts *user, struct arena *a,
		    struct oci_config *config)
{
	const char *options =
		arena_printf(a, "nosuid,noexec,nodev,mode=1777,size=%lld", (long long)h->shm_size);

	if (hidden_by_user(user, "/dev/shm") || str_eq(h->ipc_mode, "none"))
		return;
	if (str_eq(h->ipc_mode, "host"))
		add(config, "/dev/shm", "bind", "/dev/shm", strv_split(a, "rbind,rprivate", ','));
	else
		add(config, "/dev/shm", "tmpfs", "shm", strv_split(a, options, ','));
}

static void add_files(const struct container *c, const struct plan_facts *f,
		      const struct user_mounts *user, struct arena *a, struct oci_config *config)
{
	static const struct {
		const char *target, *name;
	} files[] = {
		{ "/etc/resolv.conf", "resolv.conf" },
		{ "/etc/hostname", "hostname" },
		{ "/etc/hosts", "hosts" },
	};
	const char *options =
		c->host_config.readonly_rootfs ? "rbind,rprivate,ro" : "rbind,rprivate";

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!container_mounts_has(user, files[i].target))
			add(config, files[i].target, "bind",
			    arena_printf(a, "%s/c/%s/%s", f->state, c->id, files[i].name),
			    strv_split(a, options, ','));
}

static void add_user(const struct user_mount *m, struct arena *a, struct oci_config *config)
{
	struct strv options = { 0 };

	if (m->tmpfs) {
		add(config, m->target, "tmpfs", "tmpfs", m->options);
		return;
	}
	strv_add(&options, a, m->non_recursive ? "bind" : "rbind");
	strv_add(&options, a, m->propagation);
	if (m->read_only) /* docker's is recursive since Linux 5.12 */
		strv_add(&options, a, m->non_recursive ? "ro" : "rro");
	add(config, m->target, "bind", m->source, options);
}

static size_t depth(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

static void sort_by_depth(struct oci_config *config)
{
	for (size_t i = 1; i < config->mounts.n; i++) {
		struct oci_mount m = config->mounts.items[i];
		size_t k = i;

		for (;
		     k > 0 && depth(config->mounts.items[k - 1].destination) > depth(m.destination);
		     k--)
			config->mounts.items[k] = config->mounts.items[k - 1];
		config->mounts.items[k] = m;
	}
}

int container_plan_mounts(const struct container *c, const struct plan_facts *f, struct arena *a,
			  struct oci_config *config, struct err *err)
{
	enum { OWN_MOUNTS = 16 }; /* more than defaults, /dev/shm, three files and the init */
	struct user_mounts user;
	int r = container_mounts_parse(&c->host_config, a, &user, err);

	if (r < 0)
		return r;
	config->mounts.items = arena_array(a, OWN_MOUNTS + user.n, sizeof(*config->mounts.items));
	add_defaults(c, f, &user, a, config);
	add_shm(&c->host_config, &user, a, config);
	add_files(c, f, &user, a, config);
	if (f->init && c->host_config.init && *c->host_config.init)
		add(config, "/sbin/docker-init", "bind", f->init, strv_split(a, "bind,ro", ','));
	for (size_t i = 0; i < user.n; i++)
		add_user(&user.items[i], a, config);
	sort_by_depth(config);
	return 0;
}
