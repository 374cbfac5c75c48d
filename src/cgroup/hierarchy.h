/*
 * hierarchy.h - which control group trees this machine has, and which controller is in which
 */
#ifndef CGROUP_HIERARCHY_H
#define CGROUP_HIERARCHY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum controller {
	CONTROLLER_CPU,
	CONTROLLER_CPUACCT,
	CONTROLLER_CPUSET,
	CONTROLLER_MEMORY,
	CONTROLLER_PIDS,
	CONTROLLER_BLKIO, /* "io" in v2 */
	CONTROLLER_DEVICES,
	CONTROLLER_FREEZER,
	CONTROLLER_HUGETLB,
	CONTROLLER_NET_CLS,
	CONTROLLER_NET_PRIO,
	CONTROLLER_RDMA,
	CONTROLLER_SYSTEMD, /* the v1 tree that systemd tracks processes by; no controller */
	CONTROLLERS
};

enum { HIERARCHY_MOUNT_MAX = 128 };

struct hierarchy {
	char mount[HIERARCHY_MOUNT_MAX]; /* "/sys/fs/cgroup/memory" */
	bool is_v2;
	bool optional;        /* joined by containers that have limits of its controllers, only */
	uint32_t controllers; /* 1 << enum controller; of v2: what its root offers */
};

/* Every tree that containers join, the v2 one last. Found once per process. */
const struct hierarchy *hierarchy_all(size_t *ret_n);
/* The tree that has this controller, or NULL. */
const struct hierarchy *hierarchy_of(enum controller c);
/* The v2 tree, or NULL. */
const struct hierarchy *hierarchy_v2(void);
/* v1's name of it. */
const char *hierarchy_controller_name(enum controller c);
/* The controllers in a v2 file such as cgroup.controllers ("cpu io memory"), as bits. */
uint32_t hierarchy_parse_v2(const char *names);

/* Path of a group's file (file == NULL: of the group): 0 or -ENAMETOOLONG. */
int hierarchy_path(const struct hierarchy *h, const char *group, const char *file,
		   char out[PATH_MAX]);

/* One line of /proc/self/mountinfo, cut up in place; false when it is none. */
struct hierarchy_mount {
	char *place, *type, *options; /* options: of the file system */
};
bool hierarchy_split_mount(char *line, struct hierarchy_mount *ret);
/* One line of /proc/self/mountinfo: is it a tree that containers join, and which? Cut up in place.
 */
bool hierarchy_parse_mount(char *line, struct hierarchy *ret);

#endif
