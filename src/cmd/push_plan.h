/*
 * push_plan.h - what a push of one tag consists of
 */
#ifndef CMD_PUSH_PLAN_H
#define CMD_PUSH_PLAN_H

#include "codec/ref.h"
#include "image/image.h"
#include "model/image_manifest.h"

/* Where the bytes of a blob come from. */
enum push_source {
	PUSH_KEPT, /* they are kept */
	PUSH_TAR,  /* the layer's tar, made again */
	PUSH_GZIP, /* the same, packed */
};

struct push_blob {
	const char *diff_id; /* of a layer; NULL: a configuration */
	enum push_source source;
	char digest[DIGEST_TEXT]; /* "": not known before it is packed */
	const char *kept_as;      /* its digest in the store, if another one */
	int64_t size;
	bool is_zstd;           /* of a kept layer; otherwise gzip */
	struct strv mount_from; /* paths of repositories that have it, the newest first */
};

/* A manifest or an index, as it is kept. */
struct push_text {
	const char *digest, *text, *media_type;
	size_t len;
};

struct push_image {
	struct image_doc doc;
	struct push_blob *blobs; /* layers, the lowest first, then the configuration */
	size_t n_blobs;
	bool has_manifest; /* that it came with; otherwise one is to be written */
	struct push_text manifest;
};

struct push_plan {
	struct push_image *images;
	size_t n_images;
	/* Indexes, in the order in which they can be put; the last is what the tag is to name.
	 * Without any it is the manifest of the first image. */
	struct push_text *indexes;
	size_t n_indexes;
	struct strv missing; /* manifests that indexes name and that are not here */
};

struct push_planner {
	struct image_store *is;
	struct arena *a;
	const struct ref *ref; /* where to; tag and digest do not matter */
	const char *tag;       /* canonical: what it named where it was pulled from goes first */
	const struct image_platform *platform; /* one image only; NULL: all that are there */
};

/*
 * The plan for an image that a tag leads to. Everything is the arena's. -ENOENT when the platform
 * is not there; -ENODATA when a layer's bytes cannot be had.
 */
int push_plan_make(const struct push_planner *planner, const struct image_doc *doc,
		   struct push_plan *ret, struct err *err);
/* Leaves the first image alone. */
void push_plan_narrow(struct push_plan *plan);

#endif
