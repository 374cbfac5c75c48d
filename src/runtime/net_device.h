/*
 * net_device.h - giving interfaces of the host to a container
 */
#ifndef RUNTIME_NET_DEVICE_H
#define RUNTIME_NET_DEVICE_H

#include "base/err.h"
#include "model/oci_runtime.h"

#include <sys/types.h>

/*
 * Moves them into the network namespace of the process, under their new names, with their global
 * addresses, and brings them up. On failure those that were moved go with that namespace.
 */
int net_device_move(const struct oci_net_devices *devices, pid_t pid, struct err *err);

#endif
