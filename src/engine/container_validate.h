/*
 * container_validate.h - rules between fields of a new container, in docker's words
 */
#ifndef ENGINE_CONTAINER_VALIDATE_H
#define ENGINE_CONTAINER_VALIDATE_H

#include "engine/host_facts.h"

/*
 * Checks a merged document. What docker takes but this machine cannot do is taken out of
 * c->host_config, or left to be clamped at the start, with a sentence in c->notes. -EINVAL for
 * everything that cannot be.
 */
int container_validate(struct container *c, const struct host_facts *facts, struct arena *a,
		       struct err *err);

#endif
