/*
 * image_add.h - inside the image room: new images, from unpacked layers to records, all or nothing
 */
#ifndef IMAGE_IMAGE_ADD_H
#define IMAGE_IMAGE_ADD_H

#include "image/image_store.h"
#include "image/unpack.h"

struct add_layer {
	const char *diff_id;     /* NULL: whatever it is; known after image_add_unpack() */
	const char *blob_digest; /* of the bytes in the archive, or NULL */
	const char *media_type;  /* of these, or NULL: by what they are */
	const char *repository;  /* that they come from: "docker.io/library/busybox", or NULL */
	struct byte_range range;
	bool keep;     /* compressed bytes become a blob of the store */
	bool unpacked; /* it is below tmp/; otherwise it was in the store already */
	bool fetched;  /* its bytes are in a file below partial/, not in the range */
	struct layer_doc doc;
};

/* A manifest or index that is kept. */
struct add_text {
	const char *digest, *text;
	size_t len;
};

struct add_image {
	const char *config; /* its text; the digest is the ID */
	size_t config_len;
	struct strv refs;       /* canonical */
	const char *target;     /* digest that the tag among them named; NULL: not pulled */
	struct add_text *texts; /* as in struct image_doc */
	size_t n_texts;
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
	int *held; /* descriptors that lock files below partial/; closed at the end */
	size_t n_held;
	bool committed;
	bool full; /* the disk: what was downloaded goes, too */
};

/* Directories, and the lock that keeps sweeps out. image_add_cleanup() in any case afterwards. */
int image_add_begin(struct image_store *is, struct arena *a, struct image_add *add,
		    struct err *err);
/* Unpacks the layers that the store lacks. */
int image_add_unpack(struct image_add *add, const struct image_progress *progress, struct err *err);
/* The steps of image_add_unpack(), for who brings the bytes himself: what the store has, */
int image_add_find_present(struct image_add *add, struct err *err);
/* the same of one layer, whose doc is filled, */
bool image_add_has(const struct image_add *add, struct state_txn *txn, struct add_layer *l);
/* a job for a layer that it lacks, with files that are opened, */
int image_add_prepare(struct image_add *add, struct add_layer *l, struct unpack_job *job,
		      struct err *err);
/* what is known of the layer afterwards, */
void image_add_note(struct image_add *add, struct add_layer *l, const struct unpack_job *job);
/* and, however it went, the end of these files. */
void image_add_close(struct unpack_job *job);
/* Layers to their places, blobs, then all records in one synced transaction. */
int image_add_commit(struct image_add *add, struct err *err);
/* Whether a failure is a full disk: then space is worth more than what need not be downloaded
 * again. */
bool image_add_is_full(int r);
/* Removes what was not committed, and the lock. */
void image_add_cleanup(struct image_add *add);

/* Keeps a text with the image, before those that led to it; what it points to stays the caller's
 * until the commit. */
void image_add_text(struct arena *a, struct add_image *image, const struct add_text *text);

/*
 * Reads a configuration into image->config, ->doc (all but names and size). -EINVAL when it is
 * none, or its layers do not number n_layers (-1: any).
 */
int image_add_config(struct arena *a, const char *text, size_t len, ssize_t n_layers,
		     struct add_image *image, struct err *err);

#endif
