/*
 * container_status.h - a container's state, from its document and its shim's word
 */
#ifndef ENGINE_CONTAINER_STATUS_H
#define ENGINE_CONTAINER_STATUS_H

#include "model/container.h"
#include "model/shim_proto.h"

/* Lays what a shim says over the state in a document; error strings are the arena's. */
void container_status_merge(struct container *c, const struct shim_status *s, struct arena *a);

/* Does it run, in docker's sense: also paused, or between two restarts. */
bool container_status_is_up(const struct container *c);
/* A start that has not come as far as a process: what the container was before. */
void container_status_starting(struct container_state *st, bool restarted);

/* Its control group: "/berth/ID", or beneath the parent that the user chose. The arena's. */
const char *container_status_cgroup(const struct container *c, struct arena *a);

#endif
