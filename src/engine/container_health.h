/*
 * container_health.h - the health check of a container: merged, checked, planned, and looked at
 */
#ifndef ENGINE_CONTAINER_HEALTH_H
#define ENGINE_CONTAINER_HEALTH_H

#include "engine/engine.h"
#include "model/image_doc.h"
#include "model/shim_plan.h"

/* What the user leaves open is the image's; both stay as they are. -EINVAL for what cannot be. */
int container_health_merge(struct container_config *c, const struct image_run_config *image,
			   struct arena *a, struct err *err);
/* What a shim runs, docker's defaults filled in; NULL: nothing. */
struct health_plan *container_health_plan(const struct container_config *c, struct arena *a);

/* Name of an enum shim_health; NULL for none. */
const char *container_health_name(unsigned health);
/* A container that runs: its last results, into c->state.health. Without them nothing changes. */
void container_health_results(struct engine *e, struct container *c, struct arena *a);

#endif
