/*
 * rootless_plan.h - what an ordinary user's container cannot have, said before it is made
 */
#ifndef RUNTIME_ROOTLESS_PLAN_H
#define RUNTIME_ROOTLESS_PLAN_H

#include "runtime/plan.h"

/*
 * What the kernel would refuse later with EINVAL or EPERM alone: -EPERM, -EINVAL or -ENOTSUP with
 * the member and what to do. Pure. user_namespaces(7) has the rules.
 */
int rootless_plan_check(const struct oci_config *config, const struct plan_facts *facts,
			struct err *err);

#endif
