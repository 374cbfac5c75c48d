/*
 * runtime.c - from an OCI configuration to a running process
 *
 * Gather (control group, facts), decide (plan_start), open (opened_*), act (child_start). What was
 * made is undone in reverse when a later stage fails: the child is reaped by child.c, detached
 * mounts go with their descriptors, and the control group is removed here.
 */
#include "runtime/runtime.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "runtime/answer.h"
#include "runtime/child.h"
#include "runtime/entry.h"
#include "runtime/gather.h"
#include "runtime/opened.h"
#include "runtime/plan.h"
#include "runtime/report.h"
#include "runtime/resources.h"
#include "runtime/seccomp.h"
#include "sys/namespace.h"
#include "sys/proc.h"
#include "sys/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* What the child joins by writing to it: its class of resctrl and its control group, if any. */
static int open_joins(struct opened *o, const struct cgroup_class *class,
		      const struct cgroup_place *place, struct init_plan *p, int *ret_v2_dir,
		      struct err *err)
{
	int *fds = arena_array(o->a, CGROUP_CLASS_JOINS + CGROUP_HIERARCHIES_MAX, sizeof(*fds));
	size_t n_class = 0, n = 0;
	int r = class ? cgroup_class_open_joins(class, fds, &n_class, err) : 0;

	for (size_t i = 0; i < n_class; i++)
		opened_add(o, fds[i]);
	/* The last of all is that of v2, in which the child may be born. */
	if (r == 0 && place->path)
		r = cgroup_open_joins(place, fds + n_class, &n, ret_v2_dir, err);
	for (size_t i = 0; i < n; i++)
		opened_add(o, fds[n_class + i]);
	if (r == 0 && *ret_v2_dir >= 0)
		opened_add(o, *ret_v2_dir);
	p->cgroup_fds = fds;
	p->n_cgroup_fds = n_class + n;
	return r;
}

static int add_seccomp(const struct oci_seccomp *rules, const char *cache, const char *key,
		       const struct plan_facts *facts, struct seccomp_filter *filter,
		       struct arena *a, struct init_plan *p, struct err *err)
{
	int r = seccomp_open(rules, cache, key, filter, err);

	p->seccomp = filter->code;
	p->seccomp_len = filter->len;
	p->seccomp_flags = filter->flags;
	/* Only root may fetch its descriptor out of the child. */
	if (r == 0 && filter->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		r = answer_plan_notify(rules, facts->rootless, a, &p->notify, err);
	return r;
}

/* Without rights on the namespaces that we are in. */
static bool is_guest(const struct plan_facts *facts)
{
	return facts->ordinary || facts->rootless;
}

static bool is_ours(const struct init_join *join)
{
	return namespace_is_ours(join->fd, namespace_name(join->flags));
}

/*
 * Where the namespaces of others are entered. In a user namespace, new or not, we have no rights on
 * those of the host, so all others are joined before; where we are in one ourselves, we could not
 * come back to the host's. Otherwise the child does it, except for those that hold for children
 * only.
 */
static int add_joins(struct opened *o, const struct oci_config *c, const struct plan_facts *facts,
		     struct init_plan *p, struct child_request *rq, struct err *err)
{
	bool before = is_guest(facts) || oci_runtime_has_namespace(c, "user");
	struct init_join *joins, *list;
	size_t all, n = 0, user = 0;
	int r = opened_joins(o, c, &joins, &all, err);

	if (r < 0 || all == 0)
		return r;
	list = arena_array(o->a, all, sizeof(*list));
	for (size_t i = 0; i < all; i++)
		if (joins[i].flags == CLONE_NEWUSER)
			user = i + 1;
	/* An ordinary user has rights on the others only as root of that one. */
	if (user && facts->ordinary)
		list[n++] = joins[user - 1];
	for (size_t i = 0; i < all; i++) {
		/* Those that one is in already he could not join again. */
		if (is_guest(facts) && is_ours(&joins[i]))
			continue;
		if (joins[i].flags == CLONE_NEWTIME)
			rq->time_ns_fd = joins[i].fd;
		else if (joins[i].flags == CLONE_NEWPID && !before)
			rq->pid_ns_fd = joins[i].fd;
		else if (joins[i].flags != CLONE_NEWUSER)
			list[n++] = joins[i];
	}
	if (user && !facts->ordinary)
		list[n++] = joins[user - 1];
	if (before) {
		rq->before = list;
		rq->n_before = n;
	} else {
		p->joins = list;
		p->n_joins = n;
	}
	return 0;
}

static void add_answers(struct answers *answers, struct child_request *rq)
{
	if (!answer_plan(answers, rq->plan))
		return;
	rq->answer = answer;
	rq->answer_ctx = answers;
}

static void answers_to_start(const struct runtime_start *s, const struct plan_facts *facts,
			     struct arena *a, struct answers *ret)
{
	const struct oci_config *c = s->config;
	const struct oci_id_mappings *m = &c->linux_->mappings;

	*ret = (struct answers){ .net_devices = &c->linux_->net_devices,
				 .hooks = c->hooks,
				 .seccomp = c->linux_->seccomp,
				 .state = { .id = s->id ? s->id : "",
					    .status = "creating",
					    .bundle = s->bundle ? s->bundle : "",
					    .annotations = &c->annotations } };
	if (oci_runtime_has_new_namespace(c, "user") && facts->ordinary) {
		ret->mappings = m;
	} else if (oci_runtime_has_new_namespace(c, "user")) {
		ret->uid_map = plan_id_map(m->uids.items, m->uids.n, a);
		ret->gid_map = plan_id_map(m->gids.items, m->gids.n, a);
	}
}

/* A process that runs is not undone because of what we cannot say about it, but for its identity.
 */
static int identify(struct runtime_process *p, struct err *err)
{
	int r = proc_start_time(p->pid, &p->start_time);

	if (r == 0 || r == -ESRCH)
		return 0;
	(void)proc_signal(p->pidfd, SIGKILL);
	return err_code(err, r, "start time of process %d", (int)p->pid);
}

/*
 * Nobody but root may write the score of a process that cannot be traced, as the child cannot; so
 * where we are not root it is our own for the moment of the child's birth, who inherits it.
 */
static const char *take_score(const struct plan_facts *facts, struct init_plan *p)
{
	const char *score = facts->rootless ? p->oom_score_adj : NULL;

	if (score)
		p->oom_score_adj = NULL;
	return score;
}

static int start_child(const struct child_request *rq, const char *score, struct arena *a,
		       struct runtime_process *ret, int *ret_exit, struct err *err)
{
	char before[16];
	ssize_t n;
	int r;

	if (!score)
		return child_start(rq, a, ret, ret_exit, err);

	/* Opened once: when the child is born our procfs is shut to ourselves. */
	OWN(fd) int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);

	n = fd < 0 ? -1 : pread(fd, before, sizeof(before), 0);
	if (n < 0)
		return err_sys(err, "/proc/self/oom_score_adj");
	if (pwrite(fd, score, strlen(score), 0) < 0)
		return err_sys(err,
			       "process.oomScoreAdj: our own is %.*s, and only root can have %s; "
			       "remove it",
			       (int)n - 1, before, score);
	r = child_start(rq, a, ret, ret_exit, err);
	(void)!pwrite(fd, before, (size_t)n, 0);
	return r;
}

static int start_in_cgroup(const struct runtime_start *s, struct arena *a,
			   struct runtime_process *ret, int *ret_exit, struct err *err)
{
	OWN(opened) struct opened o;
	OWN(seccomp) struct seccomp_filter filter = { 0 };
	struct init_plan *p = arena_new(a, struct init_plan);
	struct child_request rq = {
		.plan = p, .cgroup_dir = -1, .pid_ns_fd = -1, .time_ns_fd = -1, .hold = s->hold
	};
	struct answers answers;
	struct plan_facts facts;
	const char *score;
	int r;

	opened_init(&o, a);
	plan_init(p);
	r = gather_start(s, a, &facts, err);
	if (r == 0)
		r = plan_start(s, &facts, a, p, &rq.namespaces, err);
	if (r == 0)
		r = open_joins(&o, s->class,
			       &(struct cgroup_place){ .path = s->cgroup,
						       .is_partial = s->cgroup_is_partial },
			       p, &rq.cgroup_dir, err);
	if (r == 0)
		r = opened_root(&o, s, p, err);
	if (r == 0)
		r = add_joins(&o, s->config, &facts, p, &rq, err);
	if (r == 0)
		r = opened_mounts(&o, p, err);
	p->listen_fd = s->listen_fd ? s->listen_fd : -1;
	p->entry = s->listen_fd ? entry_new(a) : NULL;
	if (r == 0)
		r = opened_rest(&o, p, s->die_with_parent, err);
	if (r == 0)
		r = add_seccomp(s->config->linux_->seccomp, s->seccomp_cache, s->seccomp_key,
				&facts, &filter, a, p, err);
	if (r < 0)
		return r;
	answers_to_start(s, &facts, a, &answers);
	rq.open_until_mapped = answers.mappings;
	score = take_score(&facts, p);
	add_answers(&answers, &rq);
	r = start_child(&rq, score, a, ret, ret_exit, err);
	/* A held child shares our memory only as long as we do not unmap it: it keeps the filter.
	 */
	if (r == 0 && s->hold)
		filter.map = NULL;
	return r;
}

/*
 * Rules for devices are the machine's root's to set: in a user namespace nobody can make a device
 * node, and what the host has is protected by its owner and mode.
 */
static int make_cgroup(struct runtime_start *s, struct arena *a, struct err *err)
{
	struct cgroup_limits limits;
	struct strv names = { 0 };
	int r;

	resources_limits(s->config->linux_->resources, a, &limits);
	if (!userns_is_roots())
		limits.n_devices = 0;
	if (s->cgroup_is_unit)
		r = cgroup_adopt(s->cgroup, &limits, err);
	else if (s->cgroup_is_optional)
		r = cgroup_setup_where_allowed(s->cgroup, &limits, &s->cgroup_is_partial, err);
	else
		r = cgroup_setup(s->cgroup, &limits, err);
	if (r == 0 || !s->cgroup_is_optional ||
	    (r != -EACCES && r != -EPERM && r != -EROFS &&
	     !(r == -ENOTSUP && cgroup_mode() == CGROUP_NONE)))
		return r;
	cgroup_limited(&limits, a, &names);
	if (names.n)
		return err_set(err, r,
			       "linux.resources: no control group for limits of %s can be made at "
			       "%s: %s; remove them, or have a subtree of cgroup v2 delegated to "
			       "you",
			       strv_join(&names, a, ", "), s->cgroup, strerror(-r));
	s->cgroup = NULL;
	return 0;
}

static void remove_groups(const struct runtime_start *s, struct err *err)
{
	struct err other = ERR_INIT;

	if (s->cgroup && !s->cgroup_is_unit)
		(void)cgroup_teardown(s->cgroup, &other);
	if (s->class)
		(void)cgroup_class_undo(s->class, &other);
	(void)err_also(err, &other);
}

/* The kernel tells of memory that a group may not have in many ways. */
static int explain_memory(const struct oci_resources *r, int code, struct err *err)
{
	const struct oci_memory *m = r ? r->memory : NULL;
	struct err first = err ? *err : (struct err)ERR_INIT;

	if ((code != -ENOMEM && code != -ENFILE && code != -ENOBUFS) || !m || !m->limit ||
	    *m->limit <= 0)
		return code;
	return err_set(err, code, "%s; linux.resources.memory.limit may be too low", first.msg);
}

int runtime_start(const struct runtime_start *s, struct arena *a, struct runtime_process *ret,
		  int *ret_exit, struct err *err)
{
	struct runtime_process process = { .pidfd = -1, .console_fd = -1, .hold_fd = -1 };
	struct runtime_start start = *s;
	int r = oci_runtime_check(s->config, err);

	*ret_exit = REPORT_EXIT_SETUP;
	if (r == 0 && s->cgroup)
		r = make_cgroup(&start, a, err);
	if (r < 0)
		return r;
	process.has_no_cgroup = !start.cgroup;
	process.has_part_of_cgroup = start.cgroup_is_partial;
	s = &start;
	r = runtime_restore_class(s->config, s->class, s->id, err);
	if (r == 0)
		r = start_in_cgroup(s, a, &process, ret_exit, err);
	if (r == 0)
		r = identify(&process, err);
	if (r == 0) {
		*ret = process;
		return 0;
	}
	(void)explain_memory(s->config->linux_->resources, r, err);
	remove_groups(s, err);
	return r;
}

int runtime_release(struct runtime_process *process, int *ret_exit, struct err *err)
{
	return child_release(process, ret_exit, err);
}

int runtime_reattach(pid_t pid, uint64_t start_time, int call_fd, struct runtime_process *ret,
		     struct err *err)
{
	OWN(fd) int pidfd = proc_open(pid, start_time);
	OWN(fd) int call = call_fd;
	int hold, r = 0;

	if (pidfd < 0)
		return err_code(err, pidfd, "process %d", (int)pid);
	if (call >= 0)
		hold = take_fd(&call);
	else
		r = child_find_hold(pid, pidfd, &hold, err);
	if (r < 0)
		return r;
	*ret = (struct runtime_process){ .pid = pid,
					 .pidfd = take_fd(&pidfd),
					 .start_time = start_time,
					 .console_fd = -1,
					 .hold_fd = hold };
	return 0;
}

/*
 * An ordinary user has rights on a container's namespaces only as one of its user namespace, also
 * on that of processes; root of a user namespace has them, but none on the host's, to which it
 * would have to come back. So somebody enters them first and gives birth to the child there; but
 * not those that the container shares with the host, where we are anyway.
 */
static void add_guest_joins(const struct runtime_exec *x, int init, struct arena *a,
			    struct child_request *rq)
{
	static const int kinds[] = { CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
				     CLONE_NEWUTS,  CLONE_NEWIPC, CLONE_NEWCGROUP };
	struct init_join *join = arena_array(a, INIT_SPACES, sizeof(*join));

	rq->pid_ns_fd = -1;
	rq->before = join;
	if (x->entry) {
		rq->n_before = entry_joins(x->entry, join);
		return;
	}
	*join = (struct init_join){ .fd = init };
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!namespace_is_shared_with(x->init_pid, namespace_name(kinds[i])))
			join->flags |= kinds[i];
	rq->n_before = 1;
}

/* The namespaces that are the container's own; the others are ours already. */
static void add_exec_joins(const struct runtime_exec *x, int init, struct arena *a,
			   const struct plan_facts *facts, struct child_request *rq)
{
	struct init_join *join = arena_new(a, struct init_join);

	*join = (struct init_join){ init, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC |
						  CLONE_NEWCGROUP };
	/* The kernel refuses to have one's own joined again. */
	if (facts->user_ns)
		join->flags |= CLONE_NEWUSER;
	rq->plan->joins = join;
	rq->plan->n_joins = 1;
	rq->pid_ns_fd = init;
	if (!namespace_is_shared_with(x->init_pid, "time"))
		rq->time_ns_fd = init;
}

static bool has_time(const struct runtime_exec *x)
{
	return x->entry ? entry_differs(x->entry, CLONE_NEWTIME)
			: !namespace_is_shared_with(x->init_pid, "time");
}

static int exec_in(const struct runtime_exec *x, int init, struct arena *a,
		   struct runtime_process *ret, int *ret_exit, struct err *err)
{
	OWN(opened) struct opened o;
	OWN(seccomp) struct seccomp_filter filter = { 0 };
	struct init_plan *p = arena_new(a, struct init_plan);
	struct child_request rq = { .plan = p, .cgroup_dir = -1, .time_ns_fd = -1 };
	struct cgroup_place place = { x->cgroup, x->beneath_cgroup, x->init_pid,
				      x->cgroup_is_partial };
	struct answers answers = { .seccomp = x->seccomp,
				   .state = { .id = x->id ? x->id : "",
					      .status = "running",
					      .bundle = x->bundle ? x->bundle : "",
					      .pid = x->init_pid,
					      .annotations = x->annotations } };
	struct plan_facts facts;
	const char *score;
	int r;

	opened_init(&o, a);
	plan_init(p);
	r = gather_exec(x, &facts, err);
	if (r == 0)
		r = plan_exec(x, &facts, a, p, err);
	if (r == 0)
		r = open_joins(&o, x->class, &place, p, &rq.cgroup_dir, err);
	if (r == 0)
		r = opened_rest(&o, p, false, err);
	if (r == 0)
		r = add_seccomp(x->seccomp, x->seccomp_cache, x->seccomp_key, &facts, &filter, a, p,
				err);
	if (r < 0)
		return r;
	if (facts.rootless && has_time(x))
		return err_set(err, -ENOTSUP,
			       "the container has a time namespace of its own, which an ordinary "
			       "user cannot enter; make it without one");
	/* Root of a user namespace cannot return to the machine's PID namespace either. */
	if (is_guest(&facts))
		add_guest_joins(x, init, a, &rq);
	else
		add_exec_joins(x, init, a, &facts, &rq);
	score = take_score(&facts, p);
	add_answers(&answers, &rq);
	return start_child(&rq, score, a, ret, ret_exit, err);
}

int runtime_exec(const struct runtime_exec *x, struct arena *a, struct runtime_process *ret,
		 int *ret_exit, struct err *err)
{
	struct runtime_process process = { .pidfd = -1, .console_fd = -1, .hold_fd = -1 };
	OWN(fd) int init = proc_open(x->init_pid, x->init_start);
	bool frozen = false;
	int r;

	*ret_exit = REPORT_EXIT_SETUP;
	if (init < 0)
		return err_code(err, init, "process %d, the container's init", (int)x->init_pid);
	/* We would wait for a child that the freezer stops before it runs anything. */
	if (!x->wait_thawed && x->cgroup && cgroup_is_frozen(x->cgroup, &frozen) == 0 && frozen)
		return err_set(err, -EBUSY, "the container is paused, unpause it first");
	r = exec_in(x, init, a, &process, ret_exit, err);
	if (r == 0)
		r = identify(&process, err);
	if (r == 0)
		*ret = process;
	return r;
}

int runtime_update(const char *cgroup, const struct oci_resources *resources, struct arena *a,
		   struct err *err)
{
	struct oci_resources limited = *resources;
	struct cgroup_limits limits;

	limited.devices.n = 0;
	resources_limits(&limited, a, &limits);
	return cgroup_update(cgroup, &limits, err);
}

int runtime_unit_limits(const struct oci_resources *resources, struct arena *a, struct str_map *ret,
			struct err *err)
{
	struct cgroup_limits limits;

	resources_limits(resources, a, &limits);
	return cgroup_unit_limits(&limits, cgroup_mode() == CGROUP_V2, a, ret, err);
}

int runtime_class_find(const struct oci_config *config, const char *id, struct arena *a,
		       struct cgroup_class **ret, struct err *err)
{
	struct cgroup_class_want want;
	const char *mount;

	*ret = NULL;
	if (!config->linux_->intel_rdt)
		return 0;
	mount = cgroup_class_mount(a);
	if (!mount)
		return err_set(
			err, -ENOTSUP,
			"linux.intelRdt: no resctrl file system is mounted here; mount it at "
			"/sys/fs/resctrl where processor and kernel have it, or remove it");
	resources_class(config->linux_->intel_rdt, id, &want);
	*ret = arena_new(a, struct cgroup_class);
	return cgroup_class_find(mount, &want, a, *ret, err);
}
