/*
 * oci_name.h - the kernel's numbers for names that a configuration uses
 */
#ifndef MODEL_OCI_NAME_H
#define MODEL_OCI_NAME_H

#include "base/arena.h"
#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

enum oci_name_kind {
	OCI_NAME_SCHED_POLICY, /* "SCHED_FIFO": policy of sched_setattr(2) */
	OCI_NAME_SCHED_FLAG,   /* "SCHED_FLAG_RESET_ON_FORK" */
	OCI_NAME_IOPRIO_CLASS, /* "IOPRIO_CLASS_BE": class of ioprio_set(2) */
	OCI_NAME_PERSONALITY,  /* "LINUX32": of personality(2) */
	OCI_NAME_MEMORY_MODE,  /* "MPOL_BIND": of set_mempolicy(2) */
	OCI_NAME_MEMORY_FLAG,  /* "MPOL_F_STATIC_NODES" */
	OCI_NAME_NAMESPACE,    /* "network": CLONE_NEW* of clone(2) */
	OCI_NAME_KINDS
};

/* The number, or -1 when nothing of the kind is called so. */
int64_t oci_name_value(enum oci_name_kind kind, const char *name);
/* Every name of a kind; the list is the arena's. */
struct strv oci_name_all(enum oci_name_kind kind, struct arena *a);

#endif
