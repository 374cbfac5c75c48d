/*
 * unit_devices.h - device rules as systemd says them
 */
#ifndef CGROUP_UNIT_DEVICES_H
#define CGROUP_UNIT_DEVICES_H

#include "cgroup/cgroup.h"

/*
 * DevicePolicy= and DeviceAllow= for a list of rules. systemd knows only what is allowed beside
 * nothing, and devices of one driver by its name in drivers (the text of /proc/devices). true when
 * that says the same as the rules.
 */
bool unit_devices_add(const struct cgroup_device_rule *rules, size_t n, const char *drivers,
		      struct arena *a, struct str_map *ret);

#endif
