/*
 * process_plan.c - deciding what a process may do and what it runs
 */
#include "runtime/process_plan.h"

#include "codec/capability.h"
#include "codec/ulimit_name.h"

enum { DEFAULT_UMASK = 0022, UMASK_MAX = 0777 };

/* Items without a name would take the caller's value in some programs, so they are left out. */
static void plan_environment(const struct oci_process *process, struct arena *a,
			     struct init_plan *p)
{
	struct strv env = { .items = arena_array(a, process->env.n + 1, sizeof(*env.items)) };

	for (size_t i = 0; i < process->env.n; i++) {
		const char *equals = strchr(process->env.items[i], '=');

		if (equals && equals != process->env.items[i])
			env.items[env.n++] = process->env.items[i];
	}
	p->envp = env.items;
}

static const char *search_path(const struct init_plan *p)
{
	const char *path = NULL;

	for (const char *const *e = p->envp; *e; e++)
		if (strncmp(*e, "PATH=", 5) == 0)
			path = *e + 5;
	return path;
}

/* Every place that the program may be at, so that the child only needs to try them. */
static void plan_program(const struct oci_process *process, struct arena *a, struct init_plan *p)
{
	const char *name = process->args.items[0], *path = search_path(p);
	struct strv candidates = { 0 }, dirs = { 0 };

	p->argv = process->args.items;
	p->search_path = !strchr(name, '/');
	if (!p->search_path)
		strv_add(&candidates, a, name);
	else if (path)
		dirs = strv_split(a, path, ':');
	for (size_t i = 0; i < dirs.n; i++)
		strv_add(&candidates, a,
			 arena_printf(a, "%s/%s", *dirs.items[i] ? dirs.items[i] : ".", name));
	if (!candidates.n)
		candidates.items = arena_array(a, 1, sizeof(*candidates.items));
	p->candidates = candidates.items;
}

/* Absent means none at all; what we do not have ourselves cannot be given. */
static void plan_capabilities(const struct oci_capabilities *c, uint64_t have, struct init_plan *p)
{
	static const struct oci_capabilities none;
	uint64_t effective, permitted, inheritable;

	if (!c)
		c = &none;
	p->cap_bounding = capability_mask(&c->bounding, NULL);
	permitted = capability_mask(&c->permitted, NULL) & have;
	effective = capability_mask(&c->effective, NULL) & permitted;
	inheritable = capability_mask(&c->inheritable, NULL) & have & p->cap_bounding;
	p->cap_ambient = capability_mask(&c->ambient, NULL) & permitted & inheritable;
	for (int i = 0; i < 2; i++) {
		p->caps.data[i].effective = (uint32_t)(effective >> (32 * i));
		p->caps.data[i].permitted = (uint32_t)(permitted >> (32 * i));
		p->caps.data[i].inheritable = (uint32_t)(inheritable >> (32 * i));
	}
}

static void plan_rlimits(const struct oci_process *process, struct arena *a, struct init_plan *p)
{
	p->rlimits = arena_array(a, process->rlimits.n, sizeof(*p->rlimits));
	p->n_rlimits = process->rlimits.n;
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct oci_rlimit *l = &process->rlimits.items[i];

		p->rlimits[i].resource = ulimit_name_parse(l->type);
		p->rlimits[i].limit.soft = l->soft;
		p->rlimits[i].limit.hard = l->hard;
	}
}

static int plan_user(const struct oci_process *process, const struct plan_facts *facts,
		     struct init_plan *p, struct err *err)
{
	const struct oci_user *u = &process->user;

	/* (uid_t)-1 means "do not change" to the kernel: it would leave root. */
	if (u->uid == UINT32_MAX || u->gid == UINT32_MAX)
		return err_set(err, -EINVAL, "process.user: %u is no user or group", UINT32_MAX);
	p->uid = u->uid;
	p->gid = u->gid;
	p->groups = u->additional_gids.items;
	p->n_groups = u->additional_gids.n;
	for (size_t i = 0; i < p->n_groups; i++)
		if (p->groups[i] == UINT32_MAX)
			return err_set(err, -EINVAL, "process.user.additionalGids[%zu]: no group",
				       i);
	p->groups_may_stay = facts->rootless && p->n_groups == 0;
	p->umask = u->umask ? *u->umask & UMASK_MAX : DEFAULT_UMASK;
	return 0;
}

int process_plan_make(const struct oci_process *process, const struct plan_facts *facts,
		      struct arena *a, struct init_plan *p, struct err *err)
{
	int r = plan_user(process, facts, p, err);

	if (r < 0)
		return r;
	plan_rlimits(process, a, p);
	plan_environment(process, a, p);
	plan_program(process, a, p);
	plan_capabilities(process->capabilities, facts->caps, p);
	p->no_new_privs = process->no_new_privileges;
	p->terminal = process->terminal;
	p->rows = (uint16_t)process->console_size.height;
	p->cols = (uint16_t)process->console_size.width;
	p->cwd = arena_strdup(a, process->cwd + strspn(process->cwd, "/"));
	if (!*p->cwd)
		p->cwd = arena_strdup(a, ".");
	if (process->oom_score_adj) {
		p->oom_score_adj = arena_printf(a, "%lld", (long long)*process->oom_score_adj);
		p->oom_score_adj_len = strlen(p->oom_score_adj);
	}
	return 0;
}
