/*
 * oci_runtime.c - tables and rules of an OCI runtime configuration
 *
 * The rules are those whose breach would be noticed late or not at all: an option that would be
 * ignored, a value that would act on the host instead of on the container.
 */
#include "model/oci_runtime.h"

#include "codec/ulimit_name.h"

#include <ctype.h>

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
       F_RAW(T, io_priority, "ioPriority", OMIT_EMPTY),
       F_RAW(T, scheduler, "scheduler", OMIT_EMPTY),
       F_RAW(T, exec_cpu_affinity, "execCPUAffinity", OMIT_EMPTY));
#undef T

#define T struct oci_root
SCHEMA(oci_root, T, F_STR(T, path, "path", REQUIRED), F_BOOL(T, readonly, "readonly", OMIT_EMPTY));
#undef T

#define T struct oci_mount
SCHEMA(oci_mount, T, F_STR(T, destination, "destination", REQUIRED),
       F_STR(T, type, "type", OMIT_EMPTY), F_STR(T, source, "source", OMIT_EMPTY),
       F_STRV(T, options, "options", OMIT_EMPTY), F_RAW(T, uid_mappings, "uidMappings", OMIT_EMPTY),
       F_RAW(T, gid_mappings, "gidMappings", OMIT_EMPTY));
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
       F_OPT_U64(T, swappiness, "swappiness", OMIT_EMPTY),
       F_OPT_BOOL(T, disable_oom_killer, "disableOOMKiller", OMIT_EMPTY));
#undef T

#define T struct oci_cpu
SCHEMA(oci_cpu, T, F_OPT_U64(T, shares, "shares", OMIT_EMPTY),
       F_OPT_U64(T, period, "period", OMIT_EMPTY), F_OPT_I64(T, quota, "quota", OMIT_EMPTY),
       F_STR(T, cpus, "cpus", OMIT_EMPTY), F_STR(T, mems, "mems", OMIT_EMPTY));
#undef T

#define T struct oci_pids
SCHEMA(oci_pids, T, F_I64(T, limit, "limit", REQUIRED));
#undef T

#define T struct oci_resources
SCHEMA(oci_resources, T, F_LIST(T, devices, "devices", oci_device_rule, OMIT_EMPTY),
       F_PTR(T, memory, "memory", oci_memory, OMIT_EMPTY),
       F_PTR(T, cpu, "cpu", oci_cpu, OMIT_EMPTY), F_PTR(T, pids, "pids", oci_pids, OMIT_EMPTY),
       F_RAW(T, block_io, "blockIO", OMIT_EMPTY),
       F_RAW(T, hugepage_limits, "hugepageLimits", OMIT_EMPTY),
       F_RAW(T, network, "network", OMIT_EMPTY), F_RAW(T, rdma, "rdma", OMIT_EMPTY),
       F_RAW(T, unified, "unified", OMIT_EMPTY));
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
       F_LIST(T, syscalls, "syscalls", oci_syscall, OMIT_EMPTY));
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
       F_RAW(T, uid_mappings, "uidMappings", OMIT_EMPTY),
       F_RAW(T, gid_mappings, "gidMappings", OMIT_EMPTY),
       F_RAW(T, intel_rdt, "intelRdt", OMIT_EMPTY),
       F_RAW(T, personality, "personality", OMIT_EMPTY),
       F_RAW(T, time_offsets, "timeOffsets", OMIT_EMPTY),
       F_RAW(T, memory_policy, "memoryPolicy", OMIT_EMPTY),
       F_RAW(T, net_devices, "netDevices", OMIT_EMPTY),
       F_STR(T, mount_label, "mountLabel", OMIT_EMPTY));
#undef T

#define T struct oci_config
SCHEMA(oci_config, T, F_STR(T, oci_version, "ociVersion", REQUIRED),
       F_PTR(T, process, "process", oci_process, OMIT_EMPTY),
       F_PTR(T, root, "root", oci_root, OMIT_EMPTY), F_STR(T, hostname, "hostname", OMIT_EMPTY),
       F_STR(T, domainname, "domainname", OMIT_EMPTY),
       F_LIST(T, mounts, "mounts", oci_mount, OMIT_EMPTY), F_RAW(T, hooks, "hooks", OMIT_EMPTY),
       F_MAP(T, annotations, "annotations", OMIT_EMPTY),
       F_PTR(T, linux_, "linux", oci_linux, OMIT_EMPTY));
#undef T

static const char *const namespace_types[] = { "mount", "pid", "network", "uts", "ipc", "cgroup" };

bool oci_runtime_has_namespace(const struct oci_config *config, const char *type)
{
	for (size_t i = 0; config->linux_ && i < config->linux_->namespaces.n; i++)
		if (str_eq(config->linux_->namespaces.items[i].type, type))
			return true;
	return false;
}

/* Raw members that would change what runs: present and not empty means refused. */
static int refuse(const char *raw, const char *path, struct err *err)
{
	if (str_is_empty(raw) || str_eq(raw, "{}") || str_eq(raw, "[]"))
		return 0;
	return err_set(err, -ENOTSUP,
		       "%s: not supported by this runtime; remove it from config.json", path);
}

struct raw_member {
	const char *raw, *path;
};

static int refuse_rows(const struct raw_member *rows, size_t n, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = refuse(rows[i].raw, rows[i].path, err);
	return r;
}

static int refuse_all(const struct oci_config *c, struct err *err)
{
	const struct oci_linux *l = c->linux_;
	const struct raw_member rows[] = {
		{ c->hooks, "hooks" },
		{ l->uid_mappings, "linux.uidMappings" },
		{ l->gid_mappings, "linux.gidMappings" },
		{ l->intel_rdt, "linux.intelRdt" },
		{ l->personality, "linux.personality" },
		{ l->time_offsets, "linux.timeOffsets" },
		{ l->memory_policy, "linux.memoryPolicy" },
		{ l->net_devices, "linux.netDevices" },
		{ l->mount_label, "linux.mountLabel" },
	};

	return refuse_rows(rows, sizeof(rows) / sizeof(rows[0]), err);
}

static int check_namespaces(const struct oci_linux *l, struct err *err)
{
	for (size_t i = 0; i < l->namespaces.n; i++) {
		const struct oci_namespace *ns = &l->namespaces.items[i];
		bool known = false;

		for (size_t t = 0; t < sizeof(namespace_types) / sizeof(namespace_types[0]); t++)
			known |= str_eq(ns->type, namespace_types[t]);
		if (!known)
			return err_set(
				err, -ENOTSUP,
				"linux.namespaces[%zu].type: %s namespaces are not supported", i,
				ns->type);
		if (!str_is_empty(ns->path))
			return err_set(
				err, -ENOTSUP,
				"linux.namespaces[%zu].path: joining a namespace is not supported",
				i);
		for (size_t j = 0; j < i; j++)
			if (str_eq(l->namespaces.items[j].type, ns->type))
				return err_set(err, -EINVAL,
					       "linux.namespaces[%zu]: %s stands there twice", i,
					       ns->type);
	}
	return 0;
}

static int check_mounts(const struct oci_config *c, struct err *err)
{
	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct oci_mount *m = &c->mounts.items[i];

		if (m->destination[0] != '/')
			return err_set(err, -EINVAL,
				       "mounts[%zu].destination: %s is not an absolute path", i,
				       m->destination);
		if (!str_is_empty(m->uid_mappings) || !str_is_empty(m->gid_mappings))
			return err_set(err, -ENOTSUP,
				       "mounts[%zu].uidMappings: idmapped mounts are not supported",
				       i);
	}
	return 0;
}

static int check_absolute(const struct strv *paths, const char *member, struct err *err)
{
	for (size_t i = 0; i < paths->n; i++)
		if (paths->items[i][0] != '/')
			return err_set(err, -EINVAL, "linux.%s[%zu]: %s is not an absolute path",
				       member, i, paths->items[i]);
	return 0;
}

static int check_devices(const struct oci_linux *l, struct err *err)
{
	for (size_t i = 0; i < l->devices.n; i++) {
		const struct oci_device *d = &l->devices.items[i];

		if (d->path[0] != '/')
			return err_set(err, -EINVAL,
				       "linux.devices[%zu].path: %s is not an absolute path", i,
				       d->path);
		if (strlen(d->type) != 1 || !strchr("cbup", d->type[0]))
			return err_set(err, -EINVAL,
				       "linux.devices[%zu].type: %s is none of c, b, u, p", i,
				       d->type);
	}
	return 0;
}

/*
 * Sysctls that a namespace has for itself; any other would be the host's. Names are in both
 * spellings, with dots and with slashes. A "." or ".." between separators would be a path.
 */
static const struct {
	const char *prefix, *ns;
} sysctl_owners[] = {
	{ "net.", "network" },        { "fs.mqueue.", "ipc" },
	{ "kernel.msg", "ipc" },      { "kernel.sem", "ipc" },
	{ "kernel.shm", "ipc" },      { "kernel.auto_msgmni", "ipc" },
	{ "kernel.hostname", "uts" }, { "kernel.domainname", "uts" },
};

static bool sysctl_is_plain(const char *name)
{
	char last = '.';

	for (; *name; last = *name++) {
		bool separator = *name == '.' || *name == '/';

		if (separator && (last == '.' || last == '/'))
			return false;
		if (!separator && !isalnum((unsigned char)*name) && !strchr("_-", *name))
			return false;
	}
	return last != '.' && last != '/';
}

static bool sysctl_begins(const char *name, const char *prefix)
{
	for (; *prefix; name++, prefix++)
		if (*name != *prefix && !(*prefix == '.' && *name == '/'))
			return false;
	return true;
}

static int check_sysctls(const struct oci_config *c, struct err *err)
{
	for (size_t i = 0; i < c->linux_->sysctl.n; i++) {
		const struct str_pair *p = &c->linux_->sysctl.items[i];
		const char *ns = NULL;

		for (size_t o = 0; o < sizeof(sysctl_owners) / sizeof(sysctl_owners[0]); o++)
			if (sysctl_begins(p->key, sysctl_owners[o].prefix))
				ns = sysctl_owners[o].ns;
		if (!ns || !sysctl_is_plain(p->key))
			return err_set(
				err, -EINVAL,
				"linux.sysctl: %s is not one that a container has for itself",
				p->key);
		if (!oci_runtime_has_namespace(c, ns))
			return err_set(err, -EINVAL, "linux.sysctl: %s needs a %s namespace",
				       p->key, ns);
		if (strpbrk(p->value, "\n"))
			return err_set(err, -EINVAL, "linux.sysctl: the value of %s has two lines",
				       p->key);
	}
	return 0;
}

static int check_propagation(const struct oci_linux *l, struct err *err)
{
	static const char *const names[] = { "private", "shared", "slave", "unbindable" };
	const char *want = l->rootfs_propagation;

	if (str_is_empty(want))
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(want, names[i]) || (want[0] == 'r' && str_eq(want + 1, names[i])))
			return 0;
	return err_set(err, -EINVAL,
		       "linux.rootfsPropagation: %s is none of private, shared, slave, unbindable",
		       want);
}

static int check_rlimits(const struct oci_process *p, struct err *err)
{
	for (size_t i = 0; i < p->rlimits.n; i++) {
		const struct oci_rlimit *limit = &p->rlimits.items[i];

		if (ulimit_name_parse(limit->type) < 0)
			return err_set(err, -EINVAL,
				       "process.rlimits[%zu].type: no limit is "
				       "called %s",
				       i, limit->type);
		if (limit->soft > limit->hard)
			return err_set(err, -EINVAL,
				       "process.rlimits[%zu]: soft is above hard for %s", i,
				       limit->type);
		for (size_t j = 0; j < i; j++)
			if (str_eq(limit->type, p->rlimits.items[j].type))
				return err_set(err, -EINVAL,
					       "process.rlimits[%zu]: %s stands there twice", i,
					       limit->type);
	}
	return 0;
}

int oci_runtime_check_process(const struct oci_process *p, struct err *err)
{
	if (p->args.n == 0 || str_is_empty(p->args.items[0]))
		return err_set(err, -EINVAL, "process.args: must not be empty");
	if (p->cwd[0] != '/')
		return err_set(err, -EINVAL, "process.cwd: %s is not an absolute path", p->cwd);
	if (p->oom_score_adj && (*p->oom_score_adj < -1000 || *p->oom_score_adj > 1000))
		return err_set(err, -EINVAL, "process.oomScoreAdj: must be from -1000 to 1000");
	if (check_rlimits(p, err) < 0)
		return -EINVAL;
	if (refuse(p->io_priority, "process.ioPriority", err) < 0 ||
	    refuse(p->scheduler, "process.scheduler", err) < 0 ||
	    refuse(p->exec_cpu_affinity, "process.execCPUAffinity", err) < 0 ||
	    refuse(p->selinux_label, "process.selinuxLabel", err) < 0)
		return -ENOTSUP;
	return 0;
}

static int check_device_rules(const struct oci_resources *r, struct err *err)
{
	for (size_t i = 0; i < r->devices.n; i++) {
		const struct oci_device_rule *d = &r->devices.items[i];

		if (d->type && (strlen(d->type) != 1 || !strchr("acb", d->type[0])))
			return err_set(err, -EINVAL,
				       "linux.resources.devices[%zu].type: %s is none of a, c, b",
				       i, d->type);
		if (d->access && d->access[strspn(d->access, "rwm")])
			return err_set(
				err, -EINVAL,
				"linux.resources.devices[%zu].access: %s has others than r, w, m",
				i, d->access);
	}
	return 0;
}

int oci_runtime_check_resources(const struct oci_resources *r, struct err *err)
{
	const struct raw_member rows[] = {
		{ r->block_io, "linux.resources.blockIO" },
		{ r->hugepage_limits, "linux.resources.hugepageLimits" },
		{ r->network, "linux.resources.network" },
		{ r->rdma, "linux.resources.rdma" },
		{ r->unified, "linux.resources.unified" },
	};
	int res = refuse_rows(rows, sizeof(rows) / sizeof(rows[0]), err);

	return res < 0 ? res : check_device_rules(r, err);
}

static int check_linux(const struct oci_config *c, struct err *err)
{
	const struct oci_linux *l = c->linux_;
	int r = check_namespaces(l, err);

	if (r == 0)
		r = check_devices(l, err);
	if (r == 0 && l->resources)
		r = oci_runtime_check_resources(l->resources, err);
	if (r == 0)
		r = check_absolute(&l->masked_paths, "maskedPaths", err);
	if (r == 0)
		r = check_absolute(&l->readonly_paths, "readonlyPaths", err);
	if (r == 0)
		r = check_propagation(l, err);
	return r == 0 ? check_sysctls(c, err) : r;
}

int oci_runtime_check(const struct oci_config *c, struct err *err)
{
	int r;

	if (strncmp(c->oci_version, "1.", 2) != 0)
		return err_set(err, -EINVAL,
			       "ociVersion: %s is not a version 1 of the specification",
			       c->oci_version);
	if (!c->process)
		return err_set(err, -EINVAL, "process: is required");
	if (!c->linux_)
		return err_set(err, -EINVAL, "linux: is required");
	r = refuse_all(c, err);
	if (r == 0)
		r = check_linux(c, err);
	if (r == 0)
		r = check_mounts(c, err);
	if (r == 0)
		r = oci_runtime_check_process(c->process, err);
	if (r < 0)
		return r;
	if (!oci_runtime_has_namespace(c, "mount"))
		return err_set(err, -EINVAL, "linux.namespaces: a mount namespace is required");
	if (!str_is_empty(c->hostname) && !oci_runtime_has_namespace(c, "uts"))
		return err_set(err, -EINVAL, "hostname: needs a uts namespace of its own");
	if (!str_is_empty(c->domainname) && !oci_runtime_has_namespace(c, "uts"))
		return err_set(err, -EINVAL, "domainname: needs a uts namespace of its own");
	return 0;
}
