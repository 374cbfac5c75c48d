/*
 * container_spec.h - a container's document from what the user said and what the image says
 */
#ifndef ENGINE_CONTAINER_SPEC_H
#define ENGINE_CONTAINER_SPEC_H

#include "engine/engine.h"
#include "engine/host_facts.h"
#include "model/image_doc.h"

/*
 * Merges and fills in docker's defaults; *ret then lacks only name and times. Nothing is copied
 * that need not be: it refers to the memory of spec and image. -EINVAL in docker's words.
 */
int container_spec_merge(const struct create_spec *spec, const struct image_doc *image,
			 const struct host_facts *facts, const char *id, struct arena *a,
			 struct container *ret, struct err *err);

/* Environment: a variable of over replaces one of base; "NAME" without a value removes it. */
struct strv container_spec_env(const struct strv *base, const struct strv *over, struct arena *a);

#endif
