/*
 * limits_misc.c - limits that few containers have: huge pages, network classes, RDMA
 */
#include "cgroup/limits.h"

#include "base/str.h"

#include <inttypes.h>

enum { LINE_MAX_ = 160 };

int limits_misc_hugetlb(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
			struct err *err)
{
	const char *suffix = h->is_v2 ? "max" : "limit_in_bytes";
	int r = 0;

	for (size_t i = 0; i < l->n_hugepages && r == 0; i++) {
		const struct cgroup_hugepages *p = &l->hugepages[i];
		char file[64], value[24];

		(void)snprintf(value, sizeof(value), "%" PRIu64, p->limit);
		(void)snprintf(file, sizeof(file), "hugetlb.%.16s.%s", p->page_size, suffix);
		r = limits_write(h, group, file, value, err);
		/* What is reserved and not used yet counts as well, since Linux 5.7. */
		(void)snprintf(file, sizeof(file), "hugetlb.%.16s.rsvd.%s", p->page_size, suffix);
		if (r == 0 && limits_has(h, group, file))
			r = limits_write(h, group, file, value, err);
	}
	return r;
}

int limits_misc_net_class(const struct hierarchy *h, const char *group,
			  const struct cgroup_limits *l, struct err *err)
{
	return limits_write_number(h, group, "net_cls.classid", *l->net_class, err);
}

int limits_misc_net_priorities(const struct hierarchy *h, const char *group,
			       const struct cgroup_limits *l, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < l->n_net_priorities && r == 0; i++) {
		char line[LINE_MAX_];

		(void)snprintf(line, sizeof(line), "%.64s %" PRIu32, l->net_priorities[i].interface,
			       l->net_priorities[i].priority);
		r = limits_write(h, group, "net_prio.ifpriomap", line, err);
	}
	return r;
}

int limits_misc_rdma(const struct hierarchy *h, const char *group, const struct cgroup_limits *l,
		     struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < l->n_rdma && r == 0; i++) {
		const struct cgroup_rdma *d = &l->rdma[i];
		char line[LINE_MAX_], handles[32] = "", objects[32] = "";

		if (d->handles)
			(void)snprintf(handles, sizeof(handles), " hca_handle=%" PRIu32,
				       *d->handles);
		if (d->objects)
			(void)snprintf(objects, sizeof(objects), " hca_object=%" PRIu32,
				       *d->objects);
		(void)snprintf(line, sizeof(line), "%.64s%s%s", d->device, handles, objects);
		r = limits_write(h, group, "rdma.max", line, err);
	}
	return r;
}
