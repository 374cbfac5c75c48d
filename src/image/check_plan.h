/*
 * check_plan.h - inside the image room: what a check of the store has to look at, and what it saw
 */
#ifndef IMAGE_CHECK_PLAN_H
#define IMAGE_CHECK_PLAN_H

#include "image/image_store.h"
#include "image/layer_verify.h"

/* A layer that is recorded. */
struct checked_layer {
	const char *hex;
	struct layer_doc doc;
	struct strv images; /* that have it: names for people */
	struct layer_verify verify;
	bool has_tree, has_bytes;
};

/* A configuration or a manifest. */
struct checked_blob {
	const char *digest;
	size_t image;        /* whose it is: its place in the list */
	const char *what;    /* "its configuration" */
	const char *problem; /* NULL: it is what its name says */
};

struct checked_image {
	struct image_doc doc;
	const char *name;   /* for people: "busybox:latest", or a short ID */
	const char *fetch;  /* a reference with a digest by which a registry has it, or NULL */
	const char *advice; /* what to do when something of it is lost */
	bool damaged;       /* something of it must be fetched again */
};

/* A name that leads nowhere or to an image that does not know it, or that is missing. */
struct checked_ref {
	const char *ref, *id;
	bool drop; /* else: put */
};

struct check_plan {
	struct image_store *is;
	struct arena *a;
	struct image_dirs dirs;
	struct checked_image *images;
	size_t n_images;
	struct checked_layer *layers; /* by hex */
	size_t n_layers;
	struct checked_blob *blobs;
	size_t n_blobs;
	struct checked_ref *refs;
	size_t n_refs;
	struct strv unused; /* "layers/HEX", "blobs/sha256/HEX", "tmp/x" */
	bool looked_for_unused;
};

/*
 * Reads all records, under the lock that keeps sweeps out (which stays with p->dirs), and adds what
 * is wrong with them. p->is, a and dirs are set.
 */
int check_plan_make(struct check_plan *p, struct finding_list *findings, struct err *err);
struct checked_layer *check_plan_layer(const struct check_plan *p, const char *hex);

#endif
