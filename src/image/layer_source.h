/*
 * layer_source.h - inside the image room: where the bytes of a layer can be had from
 */
#ifndef IMAGE_LAYER_SOURCE_H
#define IMAGE_LAYER_SOURCE_H

#include "image/image_store.h"
#include "image/tar_out.h"
#include "image/tar_record.h"

struct layer_source {
	const char *diff_id;
	const char *digest, *media_type; /* of the bytes; the type is OCI's */
	int64_t size;
	bool is_blob; /* kept as they came; otherwise the tar is made from its record */
};

/*
 * Strings are the arena's. -ENODATA when there are neither the bytes nor a record: docker's tools
 * cannot be given another tar, since the image's configuration names this one.
 */
int layer_source_find(const struct image_dirs *dirs, struct state_txn *txn, const char *diff_id,
		      struct arena *a, struct layer_source *ret, struct err *err);
/*
 * size bytes. -EIO or -EBADMSG when the store is damaged, after some of them; a blob is passed on
 * unread (whoever takes it checks its digest), so only its size is held against the record.
 */
int layer_source_write(const struct image_dirs *dirs, const struct layer_source *l,
		       struct tar_out *out, struct err *err);

/*
 * The tar of a layer from its record, held against the digest at its end. What sink returns ends
 * it.
 */
int layer_source_rebuild(const struct image_dirs *dirs, const char *diff_id, tar_sink_fn *sink,
			 void *ctx, struct err *err);

#endif
