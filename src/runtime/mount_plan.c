/*
 * mount_plan.c - deciding what a container's tree is made of: mounts, devices, masks
 */
#include "runtime/mount_plan.h"

#include "base/own.h"
#include "runtime/mount_option.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
	MOUNTS_MAX = 4096,
	DEVICE_MODE = 0666,
	MAJOR_MAX = 0xfff,
	MINOR_MAX = 0xfffff,
	OLD_DATA_MAX = 4096
};

/* What every container has, whatever the configuration says. */
static const struct {
	const char *name;
	unsigned major, minor;
} default_devices[] = {
	{ "null", 1, 3 },   { "zero", 1, 5 },    { "full", 1, 7 },
	{ "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};

static const struct init_link default_links[] = {
	{ "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	{ "core", "/proc/kcore" },       { "ptmx", "pts/ptmx" },
};

/* Files of procfs that programs read to learn their limits; lxcfs and others replace them. */
static const char *const replaceable[] = {
	"proc/cpuinfo",
	"proc/diskstats",
	"proc/loadavg",
	"proc/meminfo",
	"proc/slabinfo",
	"proc/stat",
	"proc/swaps",
	"proc/uptime",
	"proc/net/dev",
	"proc/sys/kernel/ns_last_pid",
	"proc/sys/crypto/fips_enabled",
};

/* Without slashes at either end; the child ends it at separators for a moment, so it is a copy. */
static char *inner_path(struct arena *a, const char *path)
{
	size_t len;

	path += strspn(path, "/");
	len = strlen(path);
	while (len && path[len - 1] == '/')
		len--;
	return arena_strndup(a, path, len);
}

static bool is_real_directory(const struct init_mount *m)
{
	return str_eq(m->fstype, "proc") || str_eq(m->fstype, "sysfs") || str_eq(m->target, "dev");
}

/* The source of a bind over all of /proc is checked to be procfs when it is opened. */
static bool may_cover_proc(const struct init_mount *m)
{
	for (size_t i = 0; i < COUNT(replaceable); i++)
		if (m->kind == INIT_MOUNT_BIND && str_eq(m->target, replaceable[i]))
			return true;
	return str_eq(m->fstype, "proc") || m->kind == INIT_MOUNT_AGAIN ||
	       (m->kind == INIT_MOUNT_BIND && str_eq(m->target, "proc"));
}

static bool is_plain(const char *fstype)
{
	static const char *const plain[] = { "proc", "tmpfs", "devpts", "mqueue" };

	for (size_t i = 0; i < COUNT(plain); i++)
		if (str_eq(fstype, plain[i]))
			return true;
	return false;
}

/*
 * mount(2) does in one system call what takes one a step otherwise. It says no more than EINVAL, so
 * what it refuses is tried step by step. Read-only would be the file system for it, not the mount.
 */
static void set_old_data(struct init_mount *m, struct arena *a)
{
	const uint64_t known = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
			       MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;
	OWN(buf) struct buf text = { 0 };

	if (!is_plain(m->fstype) || m->late_readonly || (m->attr_set & ~known) || m->propagation ||
	    m->copy_up)
		return;
	for (size_t i = 1; i < m->n_options; i++) {
		const struct init_option *o = &m->options[i];

		if (strpbrk(o->key, ",\\") || (o->value && strpbrk(o->value, ",\\")))
			return;
		buf_adds(&text, i > 1 ? "," : "");
		buf_adds(&text, o->key);
		buf_adds(&text, o->value ? "=" : "");
		buf_adds(&text, o->value ? o->value : "");
	}
	if (text.len < OLD_DATA_MAX)
		m->data = arena_strdup(a, buf_text(&text));
}

/* Default options in front of what the configuration says, and the source that mount(8) shows. */
static int set_data(struct init_mount *m, const struct oci_config *c, const struct oci_mount *from,
		    const struct mount_options *o, const struct plan_facts *facts, struct arena *a,
		    struct err *err)
{
	struct init_option *data = arena_array(a, o->n_data + 2, sizeof(*data));
	const char *label = c->linux_->mount_label;

	data[0] = (struct init_option){ "source",
					str_is_empty(from->source) ? from->type : from->source };
	if (o->n_data)
		memcpy(data + 1, o->data, o->n_data * sizeof(*data));
	m->options = data;
	m->n_options = o->n_data + 1;
	if (str_is_empty(label))
		return 0;
	if (!facts->selinux)
		return err_set(err, -ENOTSUP,
			       "linux.mountLabel: this kernel does not run SELinux; remove it");
	/* Those of the kernel have labels of their own. */
	if (str_eq(m->fstype, "tmpfs") || str_eq(m->fstype, "mqueue") ||
	    str_eq(m->fstype, "devpts"))
		data[m->n_options++] = (struct init_option){ "context", label };
	return 0;
}

static void plan_bind(struct init_mount *m, const char *source, const struct mount_options *o)
{
	m->kind = INIT_MOUNT_BIND;
	m->source = source;
	m->recursive = o->recursive;
	m->no_follow = o->no_follow;
	m->copy_link = o->copy_link;
	m->map_tree = o->id_map_tree;
	m->attr_clear = o->clear;
	m->tree_attr_set = o->tree_set;
	m->tree_attr_clear = o->tree_clear;
	m->propagation = o->propagation ? o->propagation : MS_PRIVATE;
	m->tree_propagation = o->propagation ? o->tree_propagation : true;
}

/* Comounted controllers are found under each of their names. */
static void add_cgroup_links(struct init_mount *m, const struct plan_facts *f, struct arena *a)
{
	struct init_cgroup_link *links;
	size_t n = 0, max = 0;

	for (size_t i = 0; i < f->n_cgroups; i++)
		max += strlen(f->cgroups[i].name);
	links = arena_array(a, max, sizeof(*links));
	for (size_t i = 0; i < f->n_cgroups; i++) {
		struct strv names;

		if (!strchr(f->cgroups[i].name, ','))
			continue;
		names = strv_split(a, f->cgroups[i].name, ',');
		for (size_t j = 0; j < names.n; j++)
			links[n++] =
				(struct init_cgroup_link){ names.items[j], f->cgroups[i].name };
	}
	m->cgroup_links = links;
	m->n_cgroup_links = n;
}

static void plan_cgroups(struct init_mount *m, const struct mount_options *o,
			 const struct plan_facts *f, struct arena *a)
{
	static const struct init_option tmpfs[] = { { "source", "tmpfs" }, { "mode", "755" } };

	m->kind = INIT_MOUNT_CGROUP;
	m->fstype = "tmpfs";
	m->options = tmpfs;
	m->n_options = COUNT(tmpfs);
	/* Read-only as the last step, when the directories are made. */
	m->tree_attr_set = o->set | o->tree_set;
	m->attr_set = m->tree_attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY;
	m->cgroups = arena_array(a, f->n_cgroups, sizeof(*m->cgroups));
	m->n_cgroups = f->n_cgroups;
	for (size_t i = 0; i < f->n_cgroups; i++)
		m->cgroups[i] = (struct init_cgroup){ f->cgroups[i].name, f->cgroups[i].path, -1 };
	add_cgroup_links(m, f, a);
}

static const char *bind_source(const struct oci_mount *from, const char *bundle, struct arena *a)
{
	if (from->source[0] == '/' || !bundle)
		return from->source;
	return arena_printf(a, "%s/%s", bundle, from->source);
}

/* Options that a bind mount has no use for, and that older runtimes let pass. */
static bool is_idle_in_bind(const char *option)
{
	static const char *const idle[] = { "sync", "dirsync", "lazytime", "iversion" };

	for (size_t i = 0; i < COUNT(idle); i++)
		if (str_eq(option, idle[i]))
			return true;
	return false;
}

static int check_bind(const struct oci_mount *from, const struct mount_options *o, struct err *err)
{
	if (str_is_empty(from->source))
		return err_set(err, -EINVAL, "mount on %s: a bind mount needs a source",
			       from->destination);
	if (o->copy_up)
		return err_set(err, -EINVAL, "mount on %s: tmpcopyup is for tmpfs",
			       from->destination);
	for (size_t i = 0; i < o->n_data; i++)
		if (!is_idle_in_bind(o->data[i].key))
			return err_set(err, -EINVAL,
				       "mount on %s: a bind mount has no option %s; remove it",
				       from->destination, o->data[i].key);
	return 0;
}

/* Whose IDs a mount shows otherwise than its file system has them: its own mappings, or else those
 * of the container. */
static int plan_id_mapping(const struct oci_config *c, const struct oci_mount *from,
			   const struct mount_options *o, struct arena *a, struct init_mount *m,
			   struct err *err)
{
	const struct oci_id_mappings *maps = &from->mappings;

	if (maps->uids.n == 0 && !o->id_map)
		return 0;
	if (maps->uids.n == 0)
		maps = &c->linux_->mappings;
	if (maps->uids.n == 0)
		return err_set(
			err, -EINVAL,
			"mount on %s: the option idmap needs uidMappings and gidMappings, of "
			"the mount or of a user namespace",
			from->destination);
	if (!o->bind && !str_eq(from->type, "bind"))
		return err_set(err, -ENOTSUP,
			       "mount on %s: only bind mounts can be idmapped; %s is not one",
			       from->destination, from->type);
	m->uid_map = plan_id_map(maps->uids.items, maps->uids.n, a);
	m->gid_map = plan_id_map(maps->gids.items, maps->gids.n, a);
	return 0;
}

/*
 * In a user namespace the kernel makes procfs and sysfs only for who owns the PID or network
 * namespace that they show. Without one, the host's are all there is, as for any process there.
 */
static const char *host_tree(const struct oci_config *c, const char *type)
{
	if (!oci_runtime_has_namespace(c, "user"))
		return NULL;
	if (str_eq(type, "sysfs") && !oci_runtime_has_namespace(c, "network"))
		return "/sys";
	return str_eq(type, "proc") && !oci_runtime_has_namespace(c, "pid") ? "/proc" : NULL;
}

/* A container of an ordinary user that has no group of its own sees the host's, and may look. */
static void plan_host_cgroups(struct init_mount *m, const struct mount_options *o)
{
	struct mount_options whole = *o;

	whole.recursive = true;
	whole.tree_set |= MOUNT_ATTR_RDONLY;
	plan_bind(m, "/sys/fs/cgroup", &whole);
}

static int plan_cgroup_mount(const struct oci_mount *from, const struct mount_options *o,
			     const struct plan_facts *facts, struct arena *a, struct init_mount *m,
			     struct err *err)
{
	if (facts->n_cgroups)
		plan_cgroups(m, o, facts, a);
	else if (facts->cgroup_v2)
		plan_bind(m, facts->cgroup_v2, o);
	else if (facts->rootless)
		plan_host_cgroups(m, o);
	else
		return err_set(err, -ENOTSUP, "mount on %s: this machine has no control groups",
			       from->destination);
	return 0;
}

/*
 * What is mounted there may be a part of the host's, or what others have mounted as well, so that
 * only the mount is changed and never its file system.
 */
static int plan_again(const struct oci_mount *from, const struct mount_options *o,
		      const struct plan_facts *facts, struct init_mount *m, struct err *err)
{
	if (o->n_data || o->copy_up || o->id_map || from->mappings.uids.n)
		return err_set(err, -EINVAL,
			       "mount on %s: remount changes options of the mount (ro, nosuid, "
			       "…) and no others; remove %s",
			       from->destination,
			       o->n_data    ? o->data[0].key
			       : o->copy_up ? "tmpcopyup"
					    : "the mappings");
	if (facts->old_mounts && (o->tree_set || o->tree_clear))
		return err_set(err, -ENOTSUP,
			       "mount on %s: recursive options (rro, …) need Linux 5.12",
			       from->destination);
	m->kind = INIT_MOUNT_AGAIN;
	m->attr_clear = o->clear;
	m->tree_attr_set = o->tree_set;
	m->tree_attr_clear = o->tree_clear;
	return 0;
}

/* What is new and empty gets its devices, and directories for the mounts in it. */
static bool is_filled(const struct init_mount *m)
{
	return str_eq(m->fstype, "tmpfs") || str_eq(m->target, "dev");
}

static int plan_mount(const struct oci_config *c, const struct oci_mount *from, const char *bundle,
		      const struct plan_facts *facts, struct arena *a, struct init_mount *m,
		      struct err *err)
{
	struct mount_options o;
	int r;

	mount_option_read(&from->options, a, &o);
	m->target = inner_path(a, from->destination);
	m->dir = true;
	m->tree_fd = -1;
	m->attr_set = o.set;
	m->propagation = o.propagation;
	m->on_link = o.on_link;
	if (!*m->target)
		return err_set(err, -EINVAL, "mount on %s: the root itself cannot be mounted over",
			       from->destination);
	if (o.again)
		return plan_again(from, &o, facts, m, err);
	if (o.copy_link && !o.bind && !str_eq(from->type, "bind"))
		return err_set(err, -EINVAL, "mount on %s: copy-symlink is for bind mounts",
			       from->destination);
	r = plan_id_mapping(c, from, &o, a, m, err);
	if (r < 0)
		return r;
	if (o.bind || str_eq(from->type, "bind")) {
		r = check_bind(from, &o, err);
		if (r == 0)
			plan_bind(m, bind_source(from, bundle, a), &o);
		return r;
	}
	if (str_is_empty(from->type))
		return err_set(err, -EINVAL, "mount on %s: has neither a type nor the option bind",
			       from->destination);
	if (str_eq(from->type, "cgroup") || str_eq(from->type, "cgroup2"))
		return plan_cgroup_mount(from, &o, facts, a, m, err);
	m->fstype = from->type;
	m->no_links = is_real_directory(m);
	if (host_tree(c, from->type)) {
		o.recursive = true;
		plan_bind(m, host_tree(c, from->type), &o);
		return 0;
	}
	if (o.copy_up && !str_eq(from->type, "tmpfs"))
		return err_set(err, -EINVAL, "mount on %s: tmpcopyup is for tmpfs",
			       from->destination);
	m->kind = INIT_MOUNT_FS;
	m->copy_up = o.copy_up;
	/* Attributes of a new mount start from nothing, so there is nothing to clear. A tree that
	 * is new has one mount, so options for all of it are that one's. */
	m->attr_set = (o.set & ~o.tree_clear) | o.tree_set;
	m->late_readonly = (m->attr_set & MOUNT_ATTR_RDONLY) && is_filled(m);
	if (m->late_readonly)
		m->attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	r = set_data(m, c, from, &o, facts, a, err);
	if (r == 0)
		set_old_data(m, a);
	return r;
}

static int plan_mounts(const struct oci_config *c, const char *bundle,
		       const struct plan_facts *facts, struct arena *a, struct init_plan *p,
		       struct err *err)
{
	if (c->mounts.n > MOUNTS_MAX)
		return err_set(err, -EINVAL, "mounts: more than %d", MOUNTS_MAX);
	p->mounts = arena_array(a, c->mounts.n, sizeof(*p->mounts));
	p->late = arena_new(a, struct init_late);
	p->late->fds = arena_array(a, c->mounts.n, sizeof(*p->late->fds));
	p->default_devs = true;
	for (size_t i = 0; i < c->mounts.n; i++) {
		struct init_mount *m = &p->mounts[p->n_mounts];
		int r = plan_mount(c, &c->mounts.items[i], bundle, facts, a, m, err);

		if (r < 0)
			return r;
		m->over_proc = may_cover_proc(m);
		if (str_eq(m->target, "proc") && !m->over_proc)
			return err_set(err, -EINVAL,
				       "mount on /proc: nothing but procfs can be there");
		/* Somebody else's /dev is theirs to fill. */
		if (m->kind == INIT_MOUNT_BIND && str_eq(m->target, "dev"))
			p->default_devs = false;
		p->n_mounts++;
	}
	return 0;
}

static mode_t device_type(const char *type)
{
	return str_eq(type, "b") ? S_IFBLK : str_eq(type, "p") ? S_IFIFO : S_IFCHR;
}

static int plan_device(const struct oci_device *from, struct arena *a, struct init_device *d,
		       struct err *err)
{
	mode_t type = device_type(from->type);
	bool has_numbers = type != S_IFIFO;

	if (has_numbers && (from->major < 0 || from->major > MAJOR_MAX || from->minor < 0 ||
			    from->minor > MINOR_MAX))
		return err_set(err, -EINVAL, "device %s: no device has numbers %lld:%lld",
			       from->path, (long long)from->major, (long long)from->minor);
	d->path = inner_path(a, from->path);
	d->mode = type | ((from->file_mode ? *from->file_mode : DEVICE_MODE) & 07777);
	d->dev = has_numbers ? makedev((unsigned)from->major, (unsigned)from->minor) : 0;
	d->uid = from->uid ? *from->uid : 0;
	d->gid = from->gid ? *from->gid : 0;
	d->tree_fd = -1;
	return 0;
}

static int plan_devices(const struct oci_config *c, struct arena *a, struct init_plan *p,
			struct err *err)
{
	size_t max = COUNT(default_devices) + c->linux_->devices.n;

	p->devices = arena_array(a, max, sizeof(*p->devices));
	if (!p->default_devs)
		return 0;
	for (size_t i = 0; i < COUNT(default_devices); i++) {
		struct init_device *d = &p->devices[p->n_devices++];

		d->path = arena_printf(a, "dev/%s", default_devices[i].name);
		d->mode = S_IFCHR | DEVICE_MODE;
		d->dev = makedev(default_devices[i].major, default_devices[i].minor);
		d->tree_fd = -1;
	}
	p->links = default_links;
	p->n_links = COUNT(default_links);
	for (size_t i = 0; i < c->linux_->devices.n; i++) {
		struct init_device d = { 0 };
		bool known = false;
		int r = plan_device(&c->linux_->devices.items[i], a, &d, err);

		if (r < 0)
			return r;
		/* The configuration may say again, or otherwise, what the defaults say. */
		for (size_t j = 0; j < p->n_devices && !known; j++) {
			known = str_eq(p->devices[j].path, d.path);
			if (known)
				p->devices[j] = d;
		}
		if (!known)
			p->devices[p->n_devices++] = d;
	}
	return 0;
}

static char *const *inner_paths(const struct strv *from, struct arena *a)
{
	char **paths = arena_array(a, from->n, sizeof(*paths));

	for (size_t i = 0; i < from->n; i++)
		paths[i] = inner_path(a, from->items[i]);
	return paths;
}

int mount_plan_make(const struct oci_config *c, const char *bundle, const struct plan_facts *facts,
		    struct arena *a, struct init_plan *p, struct err *err)
{
	const struct oci_linux *l = c->linux_;
	int r = plan_mounts(c, bundle, facts, a, p, err);

	if (r == 0)
		r = plan_devices(c, a, p, err);
	if (r < 0)
		return r;
	p->masked_paths = inner_paths(&l->masked_paths, a);
	p->n_masked = l->masked_paths.n;
	p->readonly_paths = inner_paths(&l->readonly_paths, a);
	p->n_readonly = l->readonly_paths.n;
	p->root_readonly = c->root && c->root->readonly;
	/* The kernel makes no device nodes there, whoever asks. */
	p->bind_devices = facts->rootless || oci_runtime_has_namespace(c, "user");
	if (!str_is_empty(l->rootfs_propagation))
		p->root_propagation = mount_option_propagation(l->rootfs_propagation);
	return 0;
}
