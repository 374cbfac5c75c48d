/*
 * runtime_features.c - what a configuration may ask of this runtime, from the tables it is read by
 */
#include "codec/capability.h"
#include "model/oci_name.h"
#include "runtime/mount_option.h"
#include "runtime/runtime.h"
#include "runtime/seccomp_compile.h"

#include <stdlib.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct strv sorted(struct strv list)
{
	if (list.n > 0)
		qsort(list.items, list.n, sizeof(*list.items), by_name);
	return list;
}

void runtime_features(struct arena *a, struct runtime_features *ret)
{
	struct seccomp_names seccomp = seccomp_compile_names(a);

	*ret = (struct runtime_features){
		.mount_options = sorted(mount_option_all(a)),
		.namespaces = sorted(oci_name_all(OCI_NAME_NAMESPACE, a)),
		.capabilities = capability_names(CAPABILITY_ALL, a),
		.seccomp_actions = sorted(seccomp.actions),
		.seccomp_operators = sorted(seccomp.operators),
		.seccomp_arches = sorted(seccomp.arches),
		.seccomp_flags = sorted(seccomp.flags),
		.memory_modes = sorted(oci_name_all(OCI_NAME_MEMORY_MODE, a)),
		.memory_flags = sorted(oci_name_all(OCI_NAME_MEMORY_FLAG, a)),
	};
	for (size_t i = 0; i < oci_hooks_schema.n_fields; i++)
		strv_add(&ret->hooks, a, oci_hooks_schema.fields[i].name);
}
