/*
 * plan.c - deciding: from a configuration and facts to what the child will do
 */
#include "runtime/plan.h"

#include "base/own.h"
#include "model/oci_name.h"
#include "runtime/hook.h"
#include "runtime/mount_plan.h"
#include "runtime/process_plan.h"
#include "runtime/rootless_plan.h"
#include "runtime/policy_plan.h"

#include <linux/sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void plan_init(struct init_plan *p)
{
	*p = (struct init_plan){
		.root_fd = -1,
		.null_fd = -1,
		.proc_fd = -1,
		.console_socket = -1,
		.stdio = { -1, -1, -1 },
		.parent_fd = -1,
		.hold_fd = -1,
		.listen_fd = -1,
		.talk_fd = -1,
		.talk_far_fd = -1,
		.personality = -1,
		.root_place = "/",
	};
}

/* "net.ipv4.ip_forward" or "net/ipv4/ip_forward"; in the second form dots are part of names. */
static char *sysctl_path(struct arena *a, const char *key)
{
	char *path = arena_printf(a, "sys/%s", key);

	for (char *at = path; !strchr(key, '/') && *at; at++)
		if (*at == '.')
			*at = '/';
	return path;
}

static void plan_sysctls(const struct str_map *map, struct arena *a, struct init_plan *p)
{
	struct init_sysctl *list = arena_array(a, map->n, sizeof(*list));

	for (size_t i = 0; i < map->n; i++)
		list[i] = (struct init_sysctl){ sysctl_path(a, map->items[i].key),
						map->items[i].value, strlen(map->items[i].value) };
	p->sysctls = list;
	p->n_sysctls = map->n;
}

/*
 * A cgroup namespace takes the group that one is in when it is made, so the child makes it later.
 * So does it with a time namespace, since clone(2) with shared memory would leave it out of it.
 */
static uint64_t clone_flags(const struct oci_config *c)
{
	uint64_t flags = 0;

	for (size_t i = 0; i < c->linux_->namespaces.n; i++) {
		const struct oci_namespace *ns = &c->linux_->namespaces.items[i];

		if (str_is_empty(ns->path))
			flags |= (uint64_t)oci_name_value(OCI_NAME_NAMESPACE, ns->type);
	}
	return flags & ~(uint64_t)(CLONE_NEWCGROUP | CLONE_NEWTIME);
}

const char *plan_id_map(const struct oci_id_mapping *items, size_t n, struct arena *a)
{
	OWN(buf) struct buf text = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%u %u %u\n", items[i].container_id, items[i].host_id,
			   items[i].size);
	return arena_strdup(a, buf_text(&text));
}

static void add_offset(const char *clock, const struct oci_time_offset *o, struct buf *out)
{
	if (o)
		buf_printf(out, "%s %lld %u\n", clock, (long long)o->secs, o->nanosecs);
}

static void plan_time(const struct oci_config *c, struct arena *a, struct init_plan *p)
{
	const struct oci_time_offsets *t = c->linux_->time_offsets;
	OWN(buf) struct buf text = { 0 };

	p->unshare_time = oci_runtime_has_new_namespace(c, "time");
	if (!t)
		return;
	add_offset("monotonic", t->monotonic, &text);
	add_offset("boottime", t->boottime, &text);
	if (text.len == 0)
		return;
	p->time_offsets = arena_strdup(a, buf_text(&text));
	p->time_offsets_len = text.len;
}

/* What the namespaces are like, and what is needed of the parent for that. */
static void plan_namespaces(const struct oci_config *c, const struct plan_facts *facts,
			    struct arena *a, struct init_plan *p)
{
	bool user = oci_runtime_has_namespace(c, "user");

	p->unshare_cgroup = oci_runtime_has_new_namespace(c, "cgroup");
	p->loopback = oci_runtime_has_new_namespace(c, "network");
	p->become_root = user;
	p->ask_maps = oci_runtime_has_new_namespace(c, "user");
	/* The kernel shows procfs and sysfs there only to who sees others of them already. */
	p->late_pivot = user || facts->rootless || p->old_mounts;
	plan_time(c, a, p);
}

static void plan_hooks(const struct runtime_start *s, struct arena *a, struct init_plan *p)
{
	const struct oci_hooks *h = s->config->hooks;
	struct runtime_state state = { .id = s->id,
				       .status = "creating",
				       .bundle = s->bundle,
				       .annotations = &s->config->annotations };
	const char *root;

	if (!h)
		return;
	hook_plan(&h->create_container, &state, a, &p->create_container);
	state.status = "created";
	hook_plan(&h->start_container, &state, a, &p->start_container);
	p->ask_hooks = h->prestart.n || h->create_runtime.n;
	if (!p->ask_hooks && !h->create_container.n)
		return;
	/* They look for the tree, with all its mounts, where the state says that it is. */
	root = s->config->root->path;
	p->late_pivot = true;
	p->root_place = root[0] == '/' ? root : arena_printf(a, "%s/%s", s->bundle, root);
}

static void plan_stdio(struct init_plan *p, int in, int out, int error, const int *preserve,
		       size_t n_preserve)
{
	p->stdio[0] = in;
	p->stdio[1] = out;
	p->stdio[2] = error;
	p->preserve_fds = preserve;
	p->n_preserve_fds = n_preserve;
}

int plan_start(const struct runtime_start *s, const struct plan_facts *facts, struct arena *a,
	       struct init_plan *p, uint64_t *ret_namespaces, struct err *err)
{
	const struct oci_config *c = s->config;
	int r = oci_runtime_check(c, err);

	if (r == 0)
		r = mount_plan_make(c, s->bundle, facts, a, p, err);
	if (r == 0)
		r = process_plan_make(c->process, facts, a, p, err);
	if (r == 0)
		r = policy_plan_process(c->process, facts, a, p, err);
	if (r == 0)
		r = rootless_plan_check(c, facts, err);
	if (r < 0)
		return r;
	if (!s->overlay && (!c->root || str_is_empty(c->root->path)))
		return err_set(err, -EINVAL, "root.path: is required");
	plan_sysctls(&c->linux_->sysctl, a, p);
	p->new_root = true;
	p->no_pivot = s->no_pivot;
	p->new_keyring = !s->no_new_keyring;
	p->old_mounts = facts->old_mounts;
	p->child_opens = facts->rootless;
	plan_namespaces(c, facts, a, p);
	policy_plan_linux(c->linux_, a, p);
	if (p->unshare_time && !facts->time_at_exec)
		return err_set(err, -ENOTSUP,
			       "linux.namespaces: new time namespaces need Linux 6.2; remove it");
	if (c->hooks && (!s->id || !s->bundle || s->overlay))
		return err_set(err, -EINVAL, "hooks: a container without a bundle has none");
	plan_hooks(s, a, p);
	p->hostname = c->hostname;
	p->hostname_len = str_is_empty(c->hostname) ? 0 : strlen(c->hostname);
	p->domainname = c->domainname;
	p->domainname_len = str_is_empty(c->domainname) ? 0 : strlen(c->domainname);
	plan_stdio(p, s->stdin_fd, s->stdout_fd, s->stderr_fd, s->preserve_fds, s->n_preserve_fds);
	*ret_namespaces = clone_flags(c);
	return 0;
}

int plan_exec(const struct runtime_exec *x, const struct plan_facts *facts, struct arena *a,
	      struct init_plan *p, struct err *err)
{
	int r = oci_runtime_check_process(x->process, err);

	if (r == 0)
		r = process_plan_make(x->process, facts, a, p, err);
	if (r == 0)
		r = policy_plan_process(x->process, facts, a, p, err);
	if (r < 0)
		return r;
	policy_plan_affinity(x->process->exec_cpu_affinity, a, p);
	p->new_keyring = true;
	p->become_root = facts->user_ns;
	plan_stdio(p, x->stdin_fd, x->stdout_fd, x->stderr_fd, x->preserve_fds, x->n_preserve_fds);
	return 0;
}

/* -- as text -- */

static void print_mount(const struct init_mount *m, struct buf *out)
{
	static const char *const kinds[] = {
		[INIT_MOUNT_FS] = "mount",       [INIT_MOUNT_BIND] = "bind",
		[INIT_MOUNT_CGROUP] = "cgroups", [INIT_MOUNT_AGAIN] = "remount",
		[INIT_MOUNT_LINK] = "link",
	};

	buf_printf(out, "%s%s %s on %s", m->recursive ? "r" : "", kinds[m->kind],
		   m->kind == INIT_MOUNT_BIND ? m->source : m->fstype, m->target);
	for (size_t i = 0; i < m->n_options; i++)
		buf_printf(out, "%s%s%s%s", i ? "," : " ", m->options[i].key,
			   m->options[i].value ? "=" : "",
			   m->options[i].value ? m->options[i].value : "");
	buf_printf(out, " set=%llx clear=%llx", (unsigned long long)m->attr_set,
		   (unsigned long long)m->attr_clear);
	if (m->tree_attr_set || m->tree_attr_clear)
		buf_printf(out, " tree-set=%llx tree-clear=%llx",
			   (unsigned long long)m->tree_attr_set,
			   (unsigned long long)m->tree_attr_clear);
	if (m->propagation)
		buf_printf(out, " propagation=%s%llx", m->tree_propagation ? "r" : "",
			   (unsigned long long)m->propagation);
	buf_printf(out, "%s\n", m->no_links ? " no-links" : "");
	for (size_t i = 0; i < m->n_cgroups; i++)
		buf_printf(out, "  tree %s on %s\n", m->cgroups[i].path, m->cgroups[i].name);
	for (size_t i = 0; i < m->n_cgroup_links; i++)
		buf_printf(out, "  link %s to %s\n", m->cgroup_links[i].name,
			   m->cgroup_links[i].target);
}

static void print_tree(const struct init_plan *p, struct buf *out)
{
	for (size_t i = 0; i < p->n_mounts; i++)
		print_mount(&p->mounts[i], out);
	for (size_t i = 0; i < p->n_devices; i++)
		buf_printf(out, "device %s mode %o numbers %u:%u owner %u:%u\n", p->devices[i].path,
			   p->devices[i].mode, major(p->devices[i].dev), minor(p->devices[i].dev),
			   p->devices[i].uid, p->devices[i].gid);
	for (size_t i = 0; i < p->n_links; i++)
		buf_printf(out, "link dev/%s to %s\n", p->links[i].name, p->links[i].target);
	for (size_t i = 0; i < p->n_masked; i++)
		buf_printf(out, "mask %s\n", p->masked_paths[i]);
	for (size_t i = 0; i < p->n_readonly; i++)
		buf_printf(out, "read-only %s\n", p->readonly_paths[i]);
	for (size_t i = 0; i < p->n_sysctls; i++)
		buf_printf(out, "write %s to %s\n", p->sysctls[i].value, p->sysctls[i].path);
	buf_printf(out, "root%s propagation %llx\n", p->root_readonly ? " read-only" : "",
		   (unsigned long long)p->root_propagation);
}

void plan_print(const struct init_plan *p, struct buf *out)
{
	if (p->hostname_len)
		buf_printf(out, "hostname %s\n", p->hostname);
	print_tree(p, out);
	for (size_t i = 0; i < p->n_rlimits; i++)
		buf_printf(out, "rlimit %d %llu %llu\n", p->rlimits[i].resource,
			   (unsigned long long)p->rlimits[i].limit.soft,
			   (unsigned long long)p->rlimits[i].limit.hard);
	buf_printf(out, "user %u group %u umask %04o", p->uid, p->gid, p->umask);
	for (size_t i = 0; i < p->n_groups; i++)
		buf_printf(out, "%s%u", i ? "," : " and groups ", p->groups[i]);
	buf_printf(out,
		   "\ncapabilities bounding %llx effective %x:%x permitted %x:%x "
		   "inheritable %x:%x ambient %llx\n",
		   (unsigned long long)p->cap_bounding, p->caps.data[1].effective,
		   p->caps.data[0].effective, p->caps.data[1].permitted, p->caps.data[0].permitted,
		   p->caps.data[1].inheritable, p->caps.data[0].inheritable,
		   (unsigned long long)p->cap_ambient);
	buf_printf(out, "no_new_privs %d terminal %d oom_score_adj %s\n", p->no_new_privs,
		   p->terminal, p->oom_score_adj ? p->oom_score_adj : "unchanged");
	buf_printf(out, "in %s run", p->cwd);
	for (const char *const *arg = p->argv; *arg; arg++)
		buf_printf(out, " %s", *arg);
	buf_adds(out, "\n");
	for (const char *const *c = p->candidates; *c; c++)
		buf_printf(out, "  try %s\n", *c);
	for (const char *const *e = p->envp; *e; e++)
		buf_printf(out, "  env %s\n", *e);
}
