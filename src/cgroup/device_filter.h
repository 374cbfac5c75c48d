/*
 * device_filter.h - device rules as an eBPF program on a v2 group
 */
#ifndef CGROUP_DEVICE_FILTER_H
#define CGROUP_DEVICE_FILTER_H

#include "cgroup/cgroup.h"

#include <linux/bpf.h>

/*
 * The program for a list of rules: *ret is the caller's to free, *ret_n instructions.
 */
void device_filter_compile(const struct cgroup_device_rule *rules, size_t n, struct bpf_insn **ret,
			   size_t *ret_n);

/*
 * Loads it and attaches it to the group whose directory this is (not O_PATH), in the place of
 * those that were there. A negative errno on failure; the old ones then stay.
 */
int device_filter_attach(int group_dir, const struct cgroup_device_rule *rules, size_t n);

#endif
