/*
 * oci_runtime_check.c - rules between members of an OCI runtime configuration
 *
 * They are those whose breach would be noticed late or not at all: an option that would be ignored,
 * a value that would act on the host instead of on the container.
 */
#include "model/oci_runtime.h"

#include "codec/number_list.h"
#include "model/oci_name.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>

enum { MAPPINGS_MAX = 340, NS_PER_S = 1000000000, INTERFACE_SIZE = 16, MINOR_DIGITS = 4 };

const struct oci_namespace *oci_runtime_namespace(const struct oci_config *config, const char *type)
{
	for (size_t i = 0; config->linux_ && i < config->linux_->namespaces.n; i++)
		if (str_eq(config->linux_->namespaces.items[i].type, type))
			return &config->linux_->namespaces.items[i];
	return NULL;
}

bool oci_runtime_has_new_namespace(const struct oci_config *config, const char *type)
{
	const struct oci_namespace *ns = oci_runtime_namespace(config, type);

	return ns && str_is_empty(ns->path);
}

static int check_namespaces(const struct oci_linux *l, struct err *err)
{
	for (size_t i = 0; i < l->namespaces.n; i++) {
		const struct oci_namespace *ns = &l->namespaces.items[i];

		if (oci_name_value(OCI_NAME_NAMESPACE, ns->type) < 0)
			return err_set(err, -EINVAL,
				       "linux.namespaces[%zu].type: no namespaces are called %s", i,
				       ns->type);
		if (!str_is_empty(ns->path) && ns->path[0] != '/')
			return err_set(err, -EINVAL,
				       "linux.namespaces[%zu].path: %s is not an absolute path", i,
				       ns->path);
		for (size_t j = 0; j < i; j++)
			if (str_eq(l->namespaces.items[j].type, ns->type))
				return err_set(err, -EINVAL,
					       "linux.namespaces[%zu]: %s stands there twice", i,
					       ns->type);
	}
	return 0;
}

static int check_mapping_list(const struct oci_id_mapping *items, size_t n, const char *member,
			      struct err *err)
{
	if (n > MAPPINGS_MAX)
		return err_set(err, -EINVAL, "%s: the kernel takes at most %d", member,
			       MAPPINGS_MAX);
	for (size_t i = 0; i < n; i++)
		if (items[i].size == 0 || UINT32_MAX - items[i].size < items[i].host_id ||
		    UINT32_MAX - items[i].size < items[i].container_id)
			return err_set(err, -EINVAL, "%s[%zu]: is empty or leaves 32 bits", member,
				       i);
	return 0;
}

static int check_mappings(const struct oci_id_mappings *m, const char *where, struct err *err)
{
	char member[64];
	int r;

	if ((m->uids.n == 0) != (m->gids.n == 0))
		return err_set(err, -EINVAL, "%s: has only one of uidMappings and gidMappings",
			       where);
	(void)snprintf(member, sizeof(member), "%s.uidMappings", where);
	r = check_mapping_list(m->uids.items, m->uids.n, member, err);
	(void)snprintf(member, sizeof(member), "%s.gidMappings", where);
	return r < 0 ? r : check_mapping_list(m->gids.items, m->gids.n, member, err);
}

/*
 * A namespace that is joined has its mappings already. Some engines give one more all the same, for
 * runtimes that would complain without, so it is no error.
 */
static int check_user_namespace(const struct oci_config *c, struct err *err)
{
	const struct oci_id_mappings *m = &c->linux_->mappings;

	if (m->uids.n > 0 && !oci_runtime_has_namespace(c, "user"))
		return err_set(err, -EINVAL, "linux.uidMappings: needs a user namespace");
	if (m->uids.n == 0 && oci_runtime_has_new_namespace(c, "user"))
		return err_set(err, -EINVAL,
			       "linux.namespaces: a new user namespace needs linux.uidMappings and "
			       "linux.gidMappings");
	return check_mappings(m, "linux", err);
}

static int check_time(const struct oci_config *c, struct err *err)
{
	const struct oci_time_offsets *t = c->linux_->time_offsets;
	const struct oci_time_offset *both[] = { t ? t->monotonic : NULL, t ? t->boottime : NULL };

	if (t && !oci_runtime_has_new_namespace(c, "time"))
		return err_set(err, -EINVAL, "linux.timeOffsets: needs a new time namespace");
	for (size_t i = 0; i < 2; i++)
		if (both[i] && both[i]->nanosecs >= NS_PER_S)
			return err_set(err, -EINVAL,
				       "linux.timeOffsets: nanosecs must be below a second");
	return 0;
}

static int check_personality(const struct oci_personality *p, struct err *err)
{
	if (!p)
		return 0;
	if (oci_name_value(OCI_NAME_PERSONALITY, p->domain) < 0)
		return err_set(err, -EINVAL,
			       "linux.personality.domain: %s is neither LINUX nor LINUX32",
			       p->domain);
	if (p->flags.n > 0)
		return err_set(err, -ENOTSUP,
			       "linux.personality.flags: the specification has none, so there is "
			       "no %s; remove it",
			       p->flags.items[0]);
	return 0;
}

/* A line of resctrl's file schemata: two in one would be read as two. */
static int check_schema(const char *line, const char *prefix, const char *member, struct err *err)
{
	if (strncmp(line, prefix, strlen(prefix)) != 0 || !strchr(line, ':'))
		return err_set(err, -EINVAL, "linux.intelRdt.%s: \"%s\" does not begin like %s",
			       member, line, *prefix ? prefix : "L3:0=f");
	if (strchr(line, '\n'))
		return err_set(err, -EINVAL, "linux.intelRdt.%s: has two lines", member);
	return 0;
}

/* One directory of resctrl that is a class; "/" is the default one. */
static int check_class(const char *name, struct err *err)
{
	static const char *const others[] = { ".", "..", "info", "mon_groups", "mon_data" };
	bool bad = strpbrk(name, "/\n") || strlen(name) > NAME_MAX;

	if (str_eq(name, "/"))
		return 0;
	for (size_t i = 0; !bad && i < sizeof(others) / sizeof(others[0]); i++)
		bad = str_eq(name, others[i]);
	return bad ? err_set(err, -EINVAL, "linux.intelRdt.closID: no class can be called \"%s\"",
			     name)
		   : 0;
}

static int check_intel_rdt(const struct oci_intel_rdt *rdt, struct err *err)
{
	int r = 0;

	if (!rdt)
		return 0;
	if (!str_is_empty(rdt->clos_id))
		r = check_class(rdt->clos_id, err);
	if (r == 0)
		r = oci_runtime_check_rdt_lines(rdt->l3_cache_schema, rdt->mem_bw_schema, err);
	for (size_t i = 0; r == 0 && i < rdt->schemata.n; i++)
		r = check_schema(rdt->schemata.items[i], "", "schemata", err);
	return r;
}

int oci_runtime_check_rdt_lines(const char *l3, const char *mem_bw, struct err *err)
{
	int r = str_is_empty(l3) ? 0 : check_schema(l3, "L3", "l3CacheSchema", err);

	return r < 0 || str_is_empty(mem_bw) ? r : check_schema(mem_bw, "MB:", "memBwSchema", err);
}

static int check_memory_policy(const struct oci_memory_policy *m, struct err *err)
{
	struct number_set nodes;

	if (!m)
		return 0;
	if (oci_name_value(OCI_NAME_MEMORY_MODE, m->mode) < 0)
		return err_set(err, -EINVAL, "linux.memoryPolicy.mode: no mode is called %s",
			       m->mode);
	if (!str_is_empty(m->nodes) && number_list_parse(m->nodes, &nodes) < 0)
		return err_set(err, -EINVAL,
			       "linux.memoryPolicy.nodes: %s is not a list of nodes like 0-3,5",
			       m->nodes);
	for (size_t i = 0; i < m->flags.n; i++)
		if (oci_name_value(OCI_NAME_MEMORY_FLAG, m->flags.items[i]) < 0)
			return err_set(err, -EINVAL,
				       "linux.memoryPolicy.flags[%zu]: no flag is called %s", i,
				       m->flags.items[i]);
	return 0;
}

static int check_hook_list(const struct oci_hook_list *list, const char *name, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct oci_hook *h = &list->items[i];

		if (h->path[0] != '/')
			return err_set(err, -EINVAL,
				       "hooks.%s[%zu].path: %s is not an absolute path", name, i,
				       h->path);
		if (h->timeout && *h->timeout <= 0)
			return err_set(err, -EINVAL,
				       "hooks.%s[%zu].timeout: must be above 0 seconds", name, i);
	}
	return 0;
}

static int check_hooks(const struct oci_hooks *h, struct err *err)
{
	const struct {
		const struct oci_hook_list *list;
		const char *name;
	} rows[] = {
		{ &h->prestart, "prestart" },
		{ &h->create_runtime, "createRuntime" },
		{ &h->create_container, "createContainer" },
		{ &h->start_container, "startContainer" },
		{ &h->poststart, "poststart" },
		{ &h->poststop, "poststop" },
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && r == 0; i++)
		r = check_hook_list(rows[i].list, rows[i].name, err);
	return r;
}

static int check_mounts(const struct oci_config *c, struct err *err)
{
	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct oci_mount *m = &c->mounts.items[i];
		char where[32];
		int r;

		/* A relative one begins at the root as well: specification 1.2, "destination". */
		if (!*m->destination)
			return err_set(err, -EINVAL, "mounts[%zu].destination: is empty", i);
		(void)snprintf(where, sizeof(where), "mounts[%zu]", i);
		r = check_mappings(&m->mappings, where, err);
		if (r < 0)
			return r;
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

const char *oci_runtime_sysctl_owner(const char *name)
{
	for (size_t i = 0; i < sizeof(sysctl_owners) / sizeof(sysctl_owners[0]); i++)
		if (sysctl_begins(name, sysctl_owners[i].prefix))
			return sysctl_owners[i].ns;
	return NULL;
}

/* Which of both values would hold is nothing that the specification says. */
static bool sets_name_again(const struct oci_config *c, const char *sysctl)
{
	return (!str_is_empty(c->hostname) && sysctl_begins(sysctl, "kernel.hostname")) ||
	       (!str_is_empty(c->domainname) && sysctl_begins(sysctl, "kernel.domainname"));
}

static int check_sysctls(const struct oci_config *c, struct err *err)
{
	for (size_t i = 0; i < c->linux_->sysctl.n; i++) {
		const struct str_pair *p = &c->linux_->sysctl.items[i];
		const char *ns = oci_runtime_sysctl_owner(p->key);

		if (!ns || !sysctl_is_plain(p->key))
			return err_set(
				err, -EINVAL,
				"linux.sysctl: %s is not one that a container has for itself",
				p->key);
		if (!oci_runtime_has_namespace(c, ns))
			return err_set(err, -EINVAL, "linux.sysctl: %s needs a %s namespace",
				       p->key, ns);
		if (sets_name_again(c, p->key))
			return err_set(err, -EINVAL,
				       "linux.sysctl: %s is set by the member of that name as well",
				       p->key);
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

/* dev_valid_name() of the kernel. */
static bool is_interface(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < INTERFACE_SIZE && !str_eq(name, ".") && !str_eq(name, "..") &&
	       !name[strcspn(name, "/: \t\n\v\f\r")];
}

static const char *name_inside(const struct oci_net_device *d)
{
	return str_is_empty(d->name) ? d->device : d->name;
}

static int check_net_devices(const struct oci_config *c, struct err *err)
{
	const struct oci_net_devices *devices = &c->linux_->net_devices;

	if (devices->n > 0 && !oci_runtime_has_namespace(c, "network"))
		return err_set(err, -EINVAL, "linux.netDevices: needs a network namespace");
	for (size_t i = 0; i < devices->n; i++) {
		const struct oci_net_device *d = &devices->items[i];

		if (!is_interface(d->device) || !is_interface(name_inside(d)))
			return err_set(err, -EINVAL,
				       "linux.netDevices: \"%s\" as \"%s\" is no interface's name",
				       d->device, name_inside(d));
		for (size_t j = 0; j < i; j++)
			if (str_eq(name_inside(d), name_inside(&devices->items[j])))
				return err_set(err, -EINVAL,
					       "linux.netDevices: two become %s in the container",
					       name_inside(d));
	}
	return 0;
}

static int check_linux(const struct oci_config *c, struct err *err)
{
	const struct oci_linux *l = c->linux_;
	int r = check_namespaces(l, err);

	if (r == 0)
		r = check_user_namespace(c, err);
	if (r == 0)
		r = check_time(c, err);
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
	if (r == 0)
		r = check_personality(l->personality, err);
	if (r == 0)
		r = check_memory_policy(l->memory_policy, err);
	if (r == 0)
		r = check_intel_rdt(l->intel_rdt, err);
	if (r == 0)
		r = check_net_devices(c, err);
	return r == 0 ? check_sysctls(c, err) : r;
}

/* N of "1.N.M", which a suffix like "-dev" may follow; -1 when it is none. */
static long minor_version(const char *version)
{
	const char *minor = str_after(version, "1."), *rest;
	size_t digits = minor ? strspn(minor, "0123456789") : 0;

	if (digits == 0 || digits > MINOR_DIGITS)
		return -1;
	rest = minor + digits;
	if (*rest == '.' && isdigit((unsigned char)rest[1]))
		rest += 1 + strspn(rest + 1, "0123456789");
	return *rest && *rest != '-' && *rest != '+' ? -1 : strtol(minor, NULL, 10);
}

bool oci_runtime_is_since(const struct oci_config *config, long minor)
{
	return minor_version(config->oci_version) >= minor;
}

static int check_names(const struct oci_config *c, struct err *err)
{
	if (!oci_runtime_has_namespace(c, "mount"))
		return err_set(err, -EINVAL, "linux.namespaces: a mount namespace is required");
	if (!str_is_empty(c->hostname) && !oci_runtime_has_namespace(c, "uts"))
		return err_set(err, -EINVAL, "hostname: needs a uts namespace of its own");
	if (!str_is_empty(c->domainname) && !oci_runtime_has_namespace(c, "uts"))
		return err_set(err, -EINVAL, "domainname: needs a uts namespace of its own");
	return 0;
}

int oci_runtime_check(const struct oci_config *c, struct err *err)
{
	int r;

	if (minor_version(c->oci_version) < 0)
		return err_set(err, -EINVAL,
			       "ociVersion: %s is not a version 1 of the specification",
			       c->oci_version);
	if (!c->process)
		return err_set(err, -EINVAL, "process: is required");
	if (!c->linux_)
		return err_set(err, -EINVAL, "linux: is required");
	r = check_linux(c, err);
	if (r == 0)
		r = check_mounts(c, err);
	if (r == 0 && c->hooks)
		r = check_hooks(c->hooks, err);
	if (r == 0)
		r = oci_runtime_check_process(c->process, err);
	return r == 0 ? check_names(c, err) : r;
}
