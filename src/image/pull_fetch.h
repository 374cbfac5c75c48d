/*
 * pull_fetch.h - inside the image room: the layers of a pull, downloaded and unpacked at once
 */
#ifndef IMAGE_PULL_FETCH_H
#define IMAGE_PULL_FETCH_H

#include "image/image_add.h"

struct pull_fetch_spec {
	const struct image_remote *remote;
	int most_layers; /* downloaded at a time */
	const struct image_progress *progress;
};

/*
 * Brings the layers that the store lacks from the registry to directories below tmp/, ready for
 * image_add_commit(). What was downloaded stays below partial/ when something else fails.
 */
int pull_fetch(struct image_add *add, const struct pull_fetch_spec *spec, struct err *err);

#endif
