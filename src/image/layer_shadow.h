/*
 * layer_shadow.h - inside the image room: what a layer's tar says of its files beside their
 * contents
 *
 * The tar is unpacked once more below tmp/, by the same code, but its files stay empty. So owners,
 * modes, times, attributes, links, devices and what hides something below are there to be compared,
 * whatever in a tar they come from.
 */
#ifndef IMAGE_LAYER_SHADOW_H
#define IMAGE_LAYER_SHADOW_H

#include "base/err.h"

#include <stddef.h>

struct layer_shadow;

/* Below tmp, whose descriptor must outlive it. The process's umask must be 0. */
int layer_shadow_start(int tmp, struct layer_shadow **ret, struct err *err);
/* The next piece of the tar; a tar_sink_fn (ctx is the shadow). Never fails. */
int layer_shadow_add(void *shadow, const void *data, size_t len);
/*
 * After the last piece: compares all that is in the shadow with the layer's directory. 0 and
 * *ret_problem "" or the first difference; else it could not be looked at. Frees the shadow.
 */
int layer_shadow_end(struct layer_shadow *s, int tree, char *ret_problem, size_t size,
		     struct err *err);

#endif
