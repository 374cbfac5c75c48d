/*
 * seccomp.h - system call filters: compiled once, kept as files, mapped
 */
#ifndef RUNTIME_SECCOMP_H
#define RUNTIME_SECCOMP_H

#include "base/err.h"
#include "model/oci_runtime.h"

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

struct seccomp_filter {
	const struct sock_filter *code; /* NULL: no filter */
	uint16_t len;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
	void *map;      /* what seccomp_close() unmaps */
	size_t map_size;
};

/*
 * The filter for rules. With a cache directory and a key, a filter kept there under that name is
 * used without looking at the rules, which may then be absent; otherwise it is compiled, by a
 * short-lived child so that the compiler's memory is not ours, and kept. Without rules and without
 * a key there is no filter.
 */
int seccomp_open(const struct oci_seccomp *rules, const char *cache, const char *key,
		 struct seccomp_filter *ret, struct err *err);
void seccomp_close(struct seccomp_filter *f);
static inline void seccomp_cleanup(struct seccomp_filter *f)
{
	seccomp_close(f);
}

#endif
