/*
 * policy_plan.c - deciding what labels and policies a process runs under
 */
#include "runtime/policy_plan.h"

#include "codec/number_list.h"
#include "model/oci_name.h"

enum { IOPRIO_CLASS_SHIFT = 13 };

static void plan_scheduler(const struct oci_scheduler *from, struct arena *a, struct init_plan *p)
{
	struct init_scheduler *s;

	if (!from)
		return;
	s = arena_new(a, struct init_scheduler);
	*s = (struct init_scheduler){ .size = sizeof(*s),
				      .policy = (uint32_t)oci_name_value(OCI_NAME_SCHED_POLICY,
									 from->policy),
				      .nice = from->nice,
				      .priority = (uint32_t)from->priority,
				      .runtime = from->runtime,
				      .deadline = from->deadline,
				      .period = from->period };
	for (size_t i = 0; i < from->flags.n; i++)
		s->flags |= (uint64_t)oci_name_value(OCI_NAME_SCHED_FLAG, from->flags.items[i]);
	p->scheduler = s;
}

static int plan_labels(const struct oci_process *process, const struct plan_facts *facts,
		       struct arena *a, struct init_plan *p, struct err *err)
{
	if (!str_is_empty(process->apparmor_profile) && !facts->apparmor)
		return err_set(err, -ENOTSUP,
			       "process.apparmorProfile: this kernel does not run AppArmor; remove "
			       "it");
	if (!str_is_empty(process->selinux_label) && !facts->selinux)
		return err_set(err, -ENOTSUP,
			       "process.selinuxLabel: this kernel does not run SELinux; remove it");
	if (!str_is_empty(process->apparmor_profile)) {
		p->apparmor = arena_printf(a, "exec %s", process->apparmor_profile);
		p->apparmor_len = strlen(p->apparmor);
	}
	if (!str_is_empty(process->selinux_label)) {
		p->selinux = process->selinux_label;
		p->selinux_len = strlen(p->selinux);
	}
	return 0;
}

int policy_plan_process(const struct oci_process *process, const struct plan_facts *facts,
			struct arena *a, struct init_plan *p, struct err *err)
{
	const struct oci_io_priority *io = process->io_priority;

	plan_scheduler(process->scheduler, a, p);
	if (io)
		p->io_priority = (int)oci_name_value(OCI_NAME_IOPRIO_CLASS, io->class_)
					 << IOPRIO_CLASS_SHIFT |
				 io->priority;
	return plan_labels(process, facts, a, p, err);
}

static const unsigned long *read_set(const char *list, struct arena *a)
{
	struct number_set *set = arena_new(a, struct number_set);

	return !str_is_empty(list) && number_list_parse(list, set) == 0 ? set->words : NULL;
}

void policy_plan_affinity(const struct oci_cpu_affinity *affinity, struct arena *a,
			  struct init_plan *p)
{
	if (!affinity)
		return;
	p->cpus_initial = read_set(affinity->initial, a);
	p->cpus_final = read_set(affinity->final, a);
	p->cpus_size = sizeof(struct number_set);
}

void policy_plan_linux(const struct oci_linux *l, struct arena *a, struct init_plan *p)
{
	const struct oci_memory_policy *m = l->memory_policy;
	struct init_memory_policy *policy;

	if (l->personality)
		p->personality = oci_name_value(OCI_NAME_PERSONALITY, l->personality->domain);
	if (!m)
		return;
	policy = arena_new(a, struct init_memory_policy);
	policy->mode = (int)oci_name_value(OCI_NAME_MEMORY_MODE, m->mode);
	for (size_t i = 0; i < m->flags.n; i++)
		policy->mode |= (int)oci_name_value(OCI_NAME_MEMORY_FLAG, m->flags.items[i]);
	policy->nodes = read_set(m->nodes, a);
	policy->max = policy->nodes ? NUMBER_LIST_MAX : 0;
	p->memory_policy = policy;
}
