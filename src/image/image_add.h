/*
 * image_add.h - inside the image room: new images, from unpacked layers to records, all or nothing
 */
#ifndef IMAGE_IMAGE_ADD_H
#define IMAGE_IMAGE_ADD_H

#include "image/decompress.h"
#include "image/image_store.h"

struct add_layer {
	const char *diff_id;     /* NULL: whatever it is; known after image_add_unpack() */
	const char *blob_digest; /* of the bytes in the archive, or NULL */
	struct byte_range range;
	bool unpacked; /* it is below tmp/; otherwise it was in the store already */
	struct layer_doc doc;
};

struct add_image {
	const char *config; /* its text; the digest is the ID */
	size_t config_len;
	struct strv refs; /* canonical */
	struct image_doc doc;
	struct strv moved; /* out: "REFERENCE ID" of images that lost a name to this one */
};

struct image_add {
	struct image_store *is;
	struct arena *a;
	struct image_dirs dirs;
	char tmp_name[32];
	int tmp;
	struct add_layer *layers; /* each once */
	size_t n_layers;
	struct add_image *images;
	size_t n_images;
	bool committed;
};

/* Directories, and the lock that keeps sweeps out. image_add_cleanup() in any case afterwards. */
int image_add_begin(struct image_store *is, struct arena *a, struct image_add *add,
		    struct err *err);
/* Unpacks the layers that the store lacks. */
int image_add_unpack(struct image_add *add, const struct image_progress *progress, struct err *err);
/* Layers to their places, blobs, then all records in one synced transaction. */
int image_add_commit(struct image_add *add, struct err *err);
/* Removes what was not committed, and the lock. */
void image_add_cleanup(struct image_add *add);

/*
 * Reads a configuration into image->config, ->doc (all but names and size). -EINVAL when it is
 * none, or its layers do not number n_layers (-1: any).
 */
int image_add_config(struct arena *a, const char *text, size_t len, ssize_t n_layers,
		     struct add_image *image, struct err *err);

#endif
