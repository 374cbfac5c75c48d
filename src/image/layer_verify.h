/*
 * layer_verify.h - inside the image room: a layer's directory against what it was made from
 */
#ifndef IMAGE_LAYER_VERIFY_H
#define IMAGE_LAYER_VERIFY_H

#include "model/image_doc.h"

#include <stdbool.h>

enum { LAYER_VERIFY_TEXT = 512 };

struct memory_budget;

struct layer_verify {
	/* the question; descriptors are the caller's */
	const struct layer_doc *doc;
	int tree;   /* the layer's directory */
	int bytes;  /* as it came, when these are kept, or -1 */
	int record; /* of its tar (tar_record.h), or -1 */
	int tmp;    /* where its entries can be made once more */
	struct memory_budget *budget;
	/* the answer; "" is good */
	char tree_problem[LAYER_VERIFY_TEXT];
	char bytes_problem[LAYER_VERIFY_TEXT];
	char unseen[LAYER_VERIFY_TEXT]; /* why its owners, modes, times were not compared */
	bool unproved;                  /* there was nothing to hold the files' contents against */
};

/*
 * Bytes are held against both digests, and every file of the directory against what they have by
 * its name; or, with a record, the tar is made again and held against its digest. In any case files
 * and inodes are counted. Owners, modes, times, attributes and links are compared with those in
 * the tar (layer_shadow.h). A descriptor that is -1 and should not be has been complained about by
 * the caller. The process's umask must be 0.
 */
void layer_verify(struct layer_verify *v);

#endif
