/*
 * image_layer.c - the bytes by which an image came: layers, manifests, configurations
 */
#include "image/image.h"

#include "base/own.h"
#include "codec/digest.h"
#include "image/image_store.h"
#include "model/image_manifest.h"
#include "sys/file.h"

int image_layer_find(struct state_txn *txn, const char *diff_id, struct arena *a,
		     struct image_layer *ret, struct err *err)
{
	struct layer_doc doc;
	int r;

	if (!digest_is_valid(diff_id))
		return err_set(err, -EINVAL, "not a digest: %.100s", diff_id);
	r = state_get_doc(txn, STATE_LAYERS, digest_hex(diff_id), &layer_doc_schema, a, &doc, err);
	if (r < 0)
		return err_wrap(err, "layer %s", diff_id);
	*ret = (struct image_layer){ .kept = doc.blob, .packed = doc.packed };
	return 0;
}

int image_layer_text(struct image_store *is, const char *digest, struct arena *a, const char **ret,
		     size_t *ret_len, struct err *err)
{
	OWN(image_dirs) struct image_dirs dirs = IMAGE_DIRS_INIT;
	OWN(str) char *text = NULL;
	size_t len;
	int r;

	if (!digest_is_valid(digest))
		return err_set(err, -EINVAL, "not a digest: %.100s", digest);
	r = image_dirs_open(is, false, &dirs, err);
	if (r < 0)
		return r;
	r = file_read_at(image_dirs_blobs(&dirs, digest), digest_hex(digest), IMAGE_CONFIG_MAX,
			 &text, &len);
	if (r < 0)
		return err_code(err, r, "%s: blob %s", is->root, digest);
	*ret = arena_strndup(a, text, len);
	*ret_len = len;
	return 0;
}
