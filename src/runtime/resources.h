/*
 * resources.h - from OCI resources to limits of a control group
 */
#ifndef RUNTIME_RESOURCES_H
#define RUNTIME_RESOURCES_H

#include "base/arena.h"
#include "cgroup/cgroup.h"
#include "model/oci_runtime.h"

/*
 * Pointers of *ret lead into resources, which may be NULL; lists are the arena's. Device rules get
 * those behind them that every container needs (null, zero, tty, …), unless there are none at all.
 */
void resources_limits(const struct oci_resources *resources, struct arena *a,
		      struct cgroup_limits *ret);

/* What linux.intelRdt wants for the container of this ID; *ret leads into rdt. */
void resources_class(const struct oci_intel_rdt *rdt, const char *id,
		     struct cgroup_class_want *ret);

#endif
