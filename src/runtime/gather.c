/*
 * gather.c - the facts about this machine that a plan needs
 */
#include "runtime/gather.h"

#include "cgroup/cgroup.h"
#include "runtime/entry.h"
#include "sys/apparmor.h"
#include "sys/namespace.h"
#include "sys/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

static int gather_caps(struct plan_facts *f, struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return err_sys(err, "reading our own capabilities");
	f->caps = data[0].permitted | (uint64_t)data[1].permitted << 32;
	f->ordinary = !(f->caps >> CAP_SYS_ADMIN & 1);
	f->rootless = !userns_is_roots();
	return 0;
}

/* Whoever is in a user namespace has all there are, on what belongs to it. */
static void gather_all_caps(struct plan_facts *f)
{
	f->caps = 0;
	for (unsigned cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		f->caps |= 1ULL << cap;
}

static bool wants_cgroups(const struct oci_config *c)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (str_eq(c->mounts.items[i].type, "cgroup") ||
		    str_eq(c->mounts.items[i].type, "cgroup2"))
			return true;
	return false;
}

/* As docker shows them: on a machine that has v1 hierarchies those and not the v2 one. */
static int gather_cgroups(const char *path, struct arena *a, struct plan_facts *f, struct err *err)
{
	struct cgroup_tree *trees;
	struct plan_cgroup *list;
	size_t n;
	int r = cgroup_trees(path, a, &trees, &n, err);

	if (r < 0)
		return r;
	list = arena_array(a, n, sizeof(*list));
	for (size_t i = 0; i < n; i++) {
		if (trees[i].is_v2 && f->n_cgroups == 0)
			f->cgroup_v2 = trees[i].dir;
		if (!trees[i].is_v2)
			list[f->n_cgroups++] = (struct plan_cgroup){ trees[i].name, trees[i].dir };
	}
	f->cgroups = list;
	return 0;
}

/*
 * The child shares our memory, so it is in a new time namespace only when execve(2) brings it
 * there. Nothing but the version tells: an older kernel leaves it where it is without a word.
 */
static void gather_time(const struct oci_config *c, struct plan_facts *f)
{
	struct utsname u;
	int major = 0, minor = 0;

	if (!oci_runtime_has_new_namespace(c, "time"))
		return;
	f->time_at_exec = uname(&u) == 0 && sscanf(u.release, "%d.%d", &major, &minor) == 2 &&
			  (major > 6 || (major == 6 && minor >= 2));
}

static void gather_lsm(const struct oci_process *p, const char *mount_label, struct plan_facts *f)
{
	f->apparmor = !str_is_empty(p->apparmor_profile) && apparmor_runs();
	f->selinux = (!str_is_empty(p->selinux_label) || !str_is_empty(mount_label)) &&
		     access("/sys/fs/selinux/enforce", F_OK) == 0;
}

int gather_start(const struct runtime_start *s, struct arena *a, struct plan_facts *ret,
		 struct err *err)
{
	int r;

	/* No descriptor is -1: the call fails, and how it does says whether there is one. */
	*ret = (struct plan_facts){
		.old_mounts = syscall(SYS_mount_setattr, -1, "", AT_EMPTY_PATH, NULL, 0) < 0 &&
			      errno == ENOSYS,
	};
	r = gather_caps(ret, err);
	if (ret->rootless && oci_runtime_has_namespace(s->config, "user"))
		gather_all_caps(ret);
	if (r == 0 && s->cgroup && wants_cgroups(s->config))
		r = gather_cgroups(s->cgroup, a, ret, err);
	gather_time(s->config, ret);
	if (r == 0)
		gather_lsm(s->config->process, s->config->linux_->mount_label, ret);
	return r;
}

int gather_exec(const struct runtime_exec *x, struct plan_facts *ret, struct err *err)
{
	int r;

	*ret = (struct plan_facts){ .user_ns = x->entry ? entry_differs(x->entry, CLONE_NEWUSER)
							: !namespace_is_shared_with(x->init_pid,
										    "user") };
	gather_lsm(x->process, NULL, ret);
	r = gather_caps(ret, err);
	if (r < 0 || !ret->rootless)
		return r;
	if (!x->entry && !namespace_is_seen(x->init_pid))
		return err_set(err, -EACCES,
			       "the namespaces of process %d cannot be entered: the container must "
			       "be one's own",
			       (int)x->init_pid);
	if (ret->user_ns)
		gather_all_caps(ret);
	return 0;
}
