/*
 * oci_runtime_process.c - rules of a process, of the container or of an exec
 */
#include "model/oci_runtime.h"

#include "codec/number_list.h"
#include "codec/ulimit_name.h"
#include "model/oci_name.h"

enum { OOM_MAX = 1000, NICE_MIN = -20, NICE_MAX = 19, RT_PRIORITY_MAX = 99, IO_PRIORITY_MAX = 7 };

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

static int check_scheduler(const struct oci_scheduler *s, struct err *err)
{
	int64_t policy;

	if (!s)
		return 0;
	policy = oci_name_value(OCI_NAME_SCHED_POLICY, s->policy);
	if (policy < 0)
		return err_set(err, -ENOTSUP, "process.scheduler.policy: Linux has no %s",
			       s->policy);
	if (s->nice < NICE_MIN || s->nice > NICE_MAX)
		return err_set(err, -EINVAL, "process.scheduler.nice: must be from %d to %d",
			       NICE_MIN, NICE_MAX);
	if (s->priority < 0 || s->priority > RT_PRIORITY_MAX)
		return err_set(err, -EINVAL, "process.scheduler.priority: must be from 0 to %d",
			       RT_PRIORITY_MAX);
	if ((s->runtime || s->deadline || s->period) && !str_eq(s->policy, "SCHED_DEADLINE"))
		return err_set(err, -EINVAL,
			       "process.scheduler: runtime, deadline and period belong to "
			       "SCHED_DEADLINE");
	for (size_t i = 0; i < s->flags.n; i++)
		if (oci_name_value(OCI_NAME_SCHED_FLAG, s->flags.items[i]) < 0)
			return err_set(err, -EINVAL,
				       "process.scheduler.flags[%zu]: no flag is called %s", i,
				       s->flags.items[i]);
	return 0;
}

static int check_io_priority(const struct oci_io_priority *p, struct err *err)
{
	if (!p)
		return 0;
	if (oci_name_value(OCI_NAME_IOPRIO_CLASS, p->class_) < 0)
		return err_set(err, -EINVAL, "process.ioPriority.class: no class is called %s",
			       p->class_);
	if (p->priority < 0 || p->priority > IO_PRIORITY_MAX)
		return err_set(err, -EINVAL, "process.ioPriority.priority: must be from 0 to %d",
			       IO_PRIORITY_MAX);
	return 0;
}

static int check_affinity(const char *list, const char *member, struct err *err)
{
	struct number_set set;

	if (!str_is_empty(list) && number_list_parse(list, &set) < 0)
		return err_set(err, -EINVAL,
			       "process.execCPUAffinity.%s: %s is not a list of CPUs like 0-3,5",
			       member, list);
	return 0;
}

int oci_runtime_check_process(const struct oci_process *p, struct err *err)
{
	int r;

	if (p->args.n == 0 || str_is_empty(p->args.items[0]))
		return err_set(err, -EINVAL, "process.args: must not be empty");
	if (p->cwd[0] != '/')
		return err_set(err, -EINVAL, "process.cwd: %s is not an absolute path", p->cwd);
	if (p->oom_score_adj && (*p->oom_score_adj < -OOM_MAX || *p->oom_score_adj > OOM_MAX))
		return err_set(err, -EINVAL, "process.oomScoreAdj: must be from -1000 to 1000");
	r = check_rlimits(p, err);
	if (r == 0)
		r = check_scheduler(p->scheduler, err);
	if (r == 0)
		r = check_io_priority(p->io_priority, err);
	if (r == 0 && p->exec_cpu_affinity)
		r = check_affinity(p->exec_cpu_affinity->initial, "initial", err);
	if (r == 0 && p->exec_cpu_affinity)
		r = check_affinity(p->exec_cpu_affinity->final, "final", err);
	return r;
}
