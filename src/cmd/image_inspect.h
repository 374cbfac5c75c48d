/*
 * image_inspect.h - the Docker API's document of an image
 */
#ifndef CMD_IMAGE_INSPECT_H
#define CMD_IMAGE_INSPECT_H

#include "model/image_doc.h"

struct json_object;

/* Docker's members, in its order; a tree that the caller puts. root is --root, for the layers'
 * paths. */
struct json_object *image_inspect(const struct image_doc *doc, const char *root, struct arena *a);

#endif
