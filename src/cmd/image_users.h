/*
 * image_users.h - which container an image is used by
 */
#ifndef CMD_IMAGE_USERS_H
#define CMD_IMAGE_USERS_H

#include "image/image.h"

/* For image_remove() and image_prune(): asks the store's containers; strings are the arena's. */
struct image_users image_users_in(struct arena *a);
/* The ID of a container that is made of the image, the arena's, or NULL. */
const char *image_users_of(struct state_txn *txn, const char *image_id, struct arena *a);

#endif
