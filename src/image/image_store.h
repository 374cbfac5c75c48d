/*
 * image_store.h - inside the image room: the store's directories, and images in a transaction
 */
#ifndef IMAGE_IMAGE_STORE_H
#define IMAGE_IMAGE_STORE_H

#include "image/image.h"

struct image_store {
	char *root;
	struct state *st;
};

/* Descriptors of ROOT/blobs/ALGORITHM, ROOT/layers, ROOT/tmp and ROOT/partial. */
struct image_dirs {
	int blobs[DIGEST_ALGOS], layers, tmp, partial;
};
#define IMAGE_DIRS_INIT                                                                            \
	{                                                                                          \
		{ -1, -1 }, -1, -1, -1                                                             \
	}

/* Makes what is missing (0700) when make is true; otherwise -ENOENT. */
int image_dirs_open(struct image_store *is, bool make, struct image_dirs *ret, struct err *err);
void image_dirs_cleanup(struct image_dirs *dirs);
/* The directory of the blob with a valid digest, whose name there is digest_hex(). */
int image_dirs_blobs(const struct image_dirs *dirs, const char *digest);

/* The document of an ID. -ENOENT. */
int image_store_get(struct state_txn *txn, const char *id, struct arena *a, struct image_doc *ret,
		    struct err *err);
int image_store_put(struct state_txn *txn, const struct image_doc *doc, struct err *err);

/*
 * Points a canonical reference at the image doc, in the transaction and in *doc (which the caller
 * puts); another image loses it. *ret_old is that image's ID (arena's), or NULL; may be NULL.
 */
int image_store_name(struct state_txn *txn, struct image_doc *doc, const char *ref, struct arena *a,
		     const char **ret_old, struct err *err);
/* Notes what a tag named where it was pulled from; target NULL: it is a name of ours. */
void image_store_target(struct image_doc *doc, const char *ref, const char *target,
			struct arena *a);
/* The list without one string. */
void image_store_drop(struct strv *list, const char *s);

/* Names of layers (hex) that images, or images and containers, need; sorted. */
struct layer_uses {
	struct strv hex;
	struct arena *a;
};
int layer_uses_gather(struct state_txn *txn, bool containers, struct arena *a,
		      struct layer_uses *ret, struct err *err);
bool layer_uses_has(const struct layer_uses *uses, const char *hex);

/* Names (hex) of blobs that records need: configurations, manifests, layers as they came. */
int blob_uses_gather(struct state_txn *txn, struct arena *a, struct layer_uses *ret,
		     struct err *err);

int64_t image_store_now(void);

/* layers/HEX.tar: the record of the layer's tar (tar_record.h), which is there when the layer is.
 */
enum { LAYER_RECORD_MAX = 72 };
void layer_record_name(const char *hex, char ret[LAYER_RECORD_MAX]);

#endif
