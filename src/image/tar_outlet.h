/*
 * tar_outlet.h - inside the image room: bytes of a tar on their way, hashed and passed on by a
 * thread
 *
 * Whoever makes the bytes puts them into the room that it is given; meanwhile the thread hashes and
 * writes those before.
 */
#ifndef IMAGE_TAR_OUTLET_H
#define IMAGE_TAR_OUTLET_H

#include "codec/digest.h"

#include <stddef.h>

/* Takes bytes of a tar; a negative errno ends it. */
typedef int tar_sink_fn(void *ctx, const void *data, size_t len);

struct tar_outlet;

/* sink is called by the thread; NULL: the bytes are only hashed. -EAGAIN: no thread is to be had.
 */
int tar_outlet_open(tar_sink_fn *sink, void *ctx, struct tar_outlet **ret);
/* Room for bytes to come, at least one; NULL when the sink has failed. */
char *tar_outlet_room(struct tar_outlet *o, size_t *ret_len);
/* n bytes are in the room by now. */
void tar_outlet_add(struct tar_outlet *o, size_t n);
/* Waits until all has gone; what the sink failed with, or 0 and the digest. Frees o. */
int tar_outlet_close(struct tar_outlet *o, char ret_digest[DIGEST_TEXT]);

#endif
