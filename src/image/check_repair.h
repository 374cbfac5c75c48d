/*
 * check_repair.h - inside the image room: putting right what a check has found
 */
#ifndef IMAGE_CHECK_REPAIR_H
#define IMAGE_CHECK_REPAIR_H

#include "image/check_plan.h"

/*
 * Unpacks a layer again from the bytes that are kept, which have been found to be good, and puts it
 * in the place of what is there, in one step. What was there goes. On the disk when it returns.
 */
int check_repair_layer(struct image_store *is, const struct checked_layer *l, struct err *err);
/* Names of images that lead nowhere go, missing ones are set again. */
int check_repair_refs(const struct check_plan *p, struct err *err);
/*
 * Makes the store forget what is damaged of an image (layers, blobs), so that a pull brings it
 * again, and calls fetch. When that fails, records of layers whose files are good are put back.
 */
int check_repair_fetch(const struct check_plan *p, struct checked_image *image,
		       const struct image_check_spec *spec, struct err *err);

#endif
