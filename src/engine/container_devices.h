/*
 * container_devices.h - device nodes and who may use them: --device, --privileged, rules
 */
#ifndef ENGINE_CONTAINER_DEVICES_H
#define ENGINE_CONTAINER_DEVICES_H

#include "model/container.h"
#include "model/oci_runtime.h"

struct container_devices {
	LIST(struct oci_device) nodes;
	LIST(struct oci_device_rule) rules;
};

/*
 * Looks up the host's device nodes that the container is to have, and makes the rules: deny
 * everything, then what was asked for. (What every container has, /dev/null and its like, the
 * runtime adds.) With --privileged: every node below /dev, and everything allowed.
 */
int container_devices_gather(const struct host_config *host, struct arena *a,
			     struct container_devices *ret, struct err *err);

/* "c 1:3 rwm", "a *:* rwm". -EINVAL "invalid device cgroup rule format: …". */
int container_devices_parse_rule(const char *text, struct arena *a, struct oci_device_rule *ret,
				 struct err *err);

#endif
