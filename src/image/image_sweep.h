/*
 * image_sweep.h - inside the image room: when files of images may be removed
 */
#ifndef IMAGE_IMAGE_SWEEP_H
#define IMAGE_IMAGE_SWEEP_H

#include "image/image_store.h"

/*
 * Held by whoever brings images in, from before it looks at what is there until its documents are
 * in the store; released with the descriptor. Meanwhile nobody removes layers or blobs.
 */
int image_sweep_lock_out(const struct image_dirs *dirs);
/* The same lock for oneself alone, unless somebody has it. */
bool image_sweep_try_alone(const struct image_dirs *dirs);

/* After the transaction that removed an image: its blobs and the directories of these layers. */
void image_sweep_removed(struct image_store *is, const struct strv *layers);
/* Files without a record; what cannot be removed now stays. Writes nothing into the store. */
void image_sweep_files(struct image_store *is);
/* Records of layers that nothing needs, marked or not, then all files without a record. */
int image_sweep_all(struct image_store *is, struct err *err);
/* Notes that there may be layers without an image, which a container still uses. */
int image_sweep_later(struct state_txn *txn, struct err *err);

/* Calls act for each name in a directory but "." and "..". */
int image_sweep_each_name(int dirfd, void (*act)(void *ctx, const char *name), void *ctx);

#endif
