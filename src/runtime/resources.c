/*
 * resources.c - from OCI resources to limits of a control group
 */
#include "runtime/resources.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Making nodes harms nobody; using these is what the specification promises to every container. */
static const struct cgroup_device_rule defaults[] = {
	{ true, 'c', -1, -1, "m" }, { true, 'b', -1, -1, "m" },    { true, 'c', 1, 3, "rwm" },
	{ true, 'c', 1, 5, "rwm" }, { true, 'c', 1, 7, "rwm" },    { true, 'c', 1, 8, "rwm" },
	{ true, 'c', 1, 9, "rwm" }, { true, 'c', 5, 0, "rwm" },    { true, 'c', 5, 1, "rwm" },
	{ true, 'c', 5, 2, "rwm" }, { true, 'c', 136, -1, "rwm" },
};

static struct cgroup_device_rule rule(const struct oci_device_rule *from)
{
	return (struct cgroup_device_rule){
		.allow = from->allow,
		.type = str_is_empty(from->type) ? 'a' : from->type[0],
		.major = from->major ? *from->major : -1,
		.minor = from->minor ? *from->minor : -1,
		.access = str_is_empty(from->access) ? "rwm" : from->access,
	};
}

static bool same(const struct cgroup_device_rule *x, const struct cgroup_device_rule *y)
{
	return x->allow == y->allow && x->type == y->type && x->major == y->major &&
	       x->minor == y->minor && str_eq(x->access, y->access);
}

/* Said already, and not taken back since? Each rule costs a system call in v1. */
static bool holds(const struct cgroup_device_rule *rules, size_t n,
		  const struct cgroup_device_rule *want)
{
	for (size_t i = n; i-- > 0;) {
		if (same(&rules[i], want))
			return true;
		if (!rules[i].allow)
			return false;
		if (rules[i].type == 'a' && rules[i].major < 0 && rules[i].minor < 0)
			return true;
	}
	return false;
}

static void add_devices(const struct oci_resources *r, struct arena *a, struct cgroup_limits *ret)
{
	struct cgroup_device_rule *rules;
	size_t n = 0;

	if (r->devices.n == 0)
		return;
	rules = arena_array(a, r->devices.n + COUNT(defaults), sizeof(*rules));
	for (size_t i = 0; i < r->devices.n; i++)
		rules[n++] = rule(&r->devices.items[i]);
	for (size_t i = 0; i < COUNT(defaults); i++)
		if (!holds(rules, n, &defaults[i]))
			rules[n++] = defaults[i];
	ret->devices = rules;
	ret->n_devices = n;
}

void resources_limits(const struct oci_resources *r, struct arena *a, struct cgroup_limits *ret)
{
	*ret = (struct cgroup_limits){ 0 };
	if (!r)
		return;
	if (r->memory) {
		ret->memory = r->memory->limit;
		ret->memory_reservation = r->memory->reservation;
		ret->memory_swap = r->memory->swap;
		ret->memory_swappiness = r->memory->swappiness;
		ret->disable_oom_killer =
			r->memory->disable_oom_killer && *r->memory->disable_oom_killer;
	}
	if (r->cpu) {
		ret->cpu_shares = r->cpu->shares;
		ret->cpu_period = r->cpu->period;
		ret->cpu_quota = r->cpu->quota;
		ret->cpuset_cpus = r->cpu->cpus;
		ret->cpuset_mems = r->cpu->mems;
	}
	if (r->pids)
		ret->pids = &r->pids->limit;
	add_devices(r, a, ret);
}
