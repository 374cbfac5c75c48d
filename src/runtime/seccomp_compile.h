/*
 * seccomp_compile.h - from OCI rules to a BPF program
 */
#ifndef RUNTIME_SECCOMP_COMPILE_H
#define RUNTIME_SECCOMP_COMPILE_H

#include "base/err.h"
#include "base/str.h"
#include "model/oci_runtime.h"

#include <stdint.h>

/* Appends instructions (struct sock_filter) to *out. *ret_flags: SECCOMP_FILTER_FLAG_*. */
int seccomp_compile(const struct oci_seccomp *rules, struct buf *out, uint32_t *ret_flags,
		    struct err *err);

/* Every name that rules may use, of libseccomp's architectures those that it can compile for. */
struct seccomp_names {
	struct strv actions, operators, flags, arches;
};
struct seccomp_names seccomp_compile_names(struct arena *a);

#endif
