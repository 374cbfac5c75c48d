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

static void add_memory(const struct oci_memory *m, struct cgroup_limits *ret)
{
	if (!m)
		return;
	ret->memory = m->limit;
	ret->memory_reservation = m->reservation;
	ret->memory_swap = m->swap;
	ret->memory_kernel = m->kernel;
	ret->memory_kernel_tcp = m->kernel_tcp;
	ret->memory_swappiness = m->swappiness;
	ret->memory_use_hierarchy = m->use_hierarchy;
	ret->memory_check = m->check_before_update && *m->check_before_update;
	ret->disable_oom_killer = m->disable_oom_killer && *m->disable_oom_killer;
}

static void add_cpu(const struct oci_cpu *c, struct cgroup_limits *ret)
{
	if (!c)
		return;
	ret->cpu_shares = c->shares;
	ret->cpu_period = c->period;
	ret->cpu_quota = c->quota;
	ret->cpu_burst = c->burst;
	ret->cpu_rt_period = c->realtime_period;
	ret->cpu_rt_runtime = c->realtime_runtime;
	ret->cpu_idle = c->idle;
	ret->cpuset_cpus = c->cpus;
	ret->cpuset_mems = c->mems;
}

static void add_throttles(const struct oci_throttle_device *from, size_t n,
			  enum cgroup_throttle_kind kind, struct arena *a,
			  struct cgroup_limits *ret)
{
	struct cgroup_throttle *list = n ? arena_array(a, n, sizeof(*list)) : NULL;

	for (size_t i = 0; i < n; i++)
		list[i] = (struct cgroup_throttle){ from[i].major, from[i].minor, from[i].rate };
	ret->io_throttles[kind] = list;
	ret->n_io_throttles[kind] = n;
}

static void add_block_io(const struct oci_block_io *b, struct arena *a, struct cgroup_limits *ret)
{
	struct cgroup_weight_device *weights;

	if (!b)
		return;
	weights = arena_array(a, b->weight_device.n, sizeof(*weights));
	for (size_t i = 0; i < b->weight_device.n; i++) {
		const struct oci_weight_device *d = &b->weight_device.items[i];

		weights[i] = (struct cgroup_weight_device){ d->major, d->minor, d->weight,
							    d->leaf_weight };
	}
	ret->io_weight = b->weight;
	ret->io_leaf_weight = b->leaf_weight;
	ret->io_weights = weights;
	ret->n_io_weights = b->weight_device.n;
	add_throttles(b->throttle_read_bps.items, b->throttle_read_bps.n, CGROUP_READ_BPS, a, ret);
	add_throttles(b->throttle_write_bps.items, b->throttle_write_bps.n, CGROUP_WRITE_BPS, a,
		      ret);
	add_throttles(b->throttle_read_iops.items, b->throttle_read_iops.n, CGROUP_READ_IOPS, a,
		      ret);
	add_throttles(b->throttle_write_iops.items, b->throttle_write_iops.n, CGROUP_WRITE_IOPS, a,
		      ret);
}

static void add_network(const struct oci_network *n, struct arena *a, struct cgroup_limits *ret)
{
	struct cgroup_priority *list;

	if (!n)
		return;
	list = arena_array(a, n->priorities.n, sizeof(*list));
	for (size_t i = 0; i < n->priorities.n; i++)
		list[i] = (struct cgroup_priority){ n->priorities.items[i].name,
						    n->priorities.items[i].priority };
	ret->net_class = n->class_id;
	ret->net_priorities = list;
	ret->n_net_priorities = n->priorities.n;
}

static void add_rest(const struct oci_resources *r, struct arena *a, struct cgroup_limits *ret)
{
	struct cgroup_hugepages *pages = arena_array(a, r->hugepage_limits.n, sizeof(*pages));
	struct cgroup_rdma *rdma = arena_array(a, r->rdma.n, sizeof(*rdma));

	for (size_t i = 0; i < r->hugepage_limits.n; i++)
		pages[i] = (struct cgroup_hugepages){ r->hugepage_limits.items[i].page_size,
						      r->hugepage_limits.items[i].limit };
	for (size_t i = 0; i < r->rdma.n; i++)
		rdma[i] =
			(struct cgroup_rdma){ r->rdma.items[i].device, r->rdma.items[i].hca_handles,
					      r->rdma.items[i].hca_objects };
	ret->hugepages = pages;
	ret->n_hugepages = r->hugepage_limits.n;
	ret->rdma = rdma;
	ret->n_rdma = r->rdma.n;
	ret->unified = &r->unified;
}

void resources_limits(const struct oci_resources *r, struct arena *a, struct cgroup_limits *ret)
{
	*ret = (struct cgroup_limits){ 0 };
	if (!r)
		return;
	add_memory(r->memory, ret);
	add_cpu(r->cpu, ret);
	if (r->pids)
		ret->pids = &r->pids->limit;
	add_block_io(r->block_io, a, ret);
	add_network(r->network, a, ret);
	add_rest(r, a, ret);
	add_devices(r, a, ret);
}

static const char *unless_empty(const char *text)
{
	return str_is_empty(text) ? NULL : text;
}

void resources_class(const struct oci_intel_rdt *rdt, const char *id, struct cgroup_class_want *ret)
{
	*ret = (struct cgroup_class_want){
		.name = unless_empty(rdt->clos_id),
		.container = id,
		.l3 = unless_empty(rdt->l3_cache_schema),
		.mem_bw = unless_empty(rdt->mem_bw_schema),
		.schemata = &rdt->schemata,
		.monitor = rdt->enable_monitoring || rdt->enable_cmt || rdt->enable_mbm,
		.needs_occupancy = rdt->enable_cmt,
		.needs_bandwidth = rdt->enable_mbm,
	};
}
