/*
 * group.h - making and removing a group in one tree
 */
#ifndef CGROUP_GROUP_H
#define CGROUP_GROUP_H

#include "base/err.h"
#include "cgroup/hierarchy.h"

#include <sys/types.h>

/* Absolute, without "." or ".." or empty parts, and not the root: what a group may be called. */
bool group_path_is_valid(const char *group);

/*
 * Makes the group and its parents so that processes can join. 1 when it is new, 0 when an empty
 * one was there, -EEXIST when one was there with processes in it. Parents that it made stay on
 * failure.
 */
int group_make(const struct hierarchy *h, const char *group, struct err *err);
/* The same where one with processes in it is fine, too. */
int group_adopt(const struct hierarchy *h, const char *group, struct err *err);
/* Lets the group use these controllers of the v2 tree, as far as the kernel lets us. */
void group_enable_controllers(const struct hierarchy *v2, const char *group, uint32_t want);
/* Removes it and what is beneath: 0 also when there is none, -EBUSY with processes in it. */
int group_remove(const struct hierarchy *h, const char *group);

/* Calls each process of the group and beneath, until each() returns non-zero, which is returned. */
typedef int group_each_fn(void *ctx, pid_t pid);
int group_each_process(const struct hierarchy *h, const char *group, group_each_fn *each,
		       void *ctx);

#endif
