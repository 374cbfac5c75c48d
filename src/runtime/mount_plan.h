/*
 * mount_plan.h - deciding what a container's tree is made of: mounts, devices, masks
 */
#ifndef RUNTIME_MOUNT_PLAN_H
#define RUNTIME_MOUNT_PLAN_H

#include "runtime/plan.h"

/* Fills in the tree of the plan: mounts in the order of the configuration. Pure. */
int mount_plan_make(const struct oci_config *config, const char *bundle,
		    const struct plan_facts *facts, struct arena *a, struct init_plan *p,
		    struct err *err);

#endif
