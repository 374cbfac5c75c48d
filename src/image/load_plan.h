/*
 * load_plan.h - what is in an image archive: which images, under which names, of which layers
 */
#ifndef IMAGE_LOAD_PLAN_H
#define IMAGE_LOAD_PLAN_H

#include "image/archive_index.h"
#include "image/image_add.h"
#include "model/image_manifest.h"

struct load_plan {
	struct arena *a;
	const struct archive_index *index;
	const struct image_platform *want; /* NULL: not asked for, this machine's is preferred */
	struct add_image *images;
	size_t n_images, images_cap;
	struct add_layer *layers; /* each once */
	size_t n_layers, layers_cap;
};

/* Fills images and layers of a plan whose other members are set. Reads texts only. */
int load_plan_make(struct load_plan *plan, struct err *err);
/* Adds one image of this configuration; blobs[i] is layer i's digest in the archive, or NULL. */
int load_plan_add(struct load_plan *plan, struct add_image *image, const struct byte_range *ranges,
		  const char *const *blobs, struct err *err);
/* The same for images of an OCI layout, from index.json on (load_oci.c). */
int load_oci_plan(struct load_plan *plan, struct err *err);

#endif
