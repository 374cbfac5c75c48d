/*
 * image_layer.c - the bytes by which an image came: layers, manifests, configurations
 */
#include "image/image.h"

#include "base/own.h"
#include "codec/digest.h"
#include "image/image_store.h"
#include "model/image_manifest.h"
#include "sys/file.h"

#include <fcntl.h>
#include <sys/stat.h>

int image_layer_open(struct image_store *is, struct state_txn *txn, const char *diff_id,
		     struct arena *a, struct image_layer *ret, struct err *err)
{
	OWN(image_dirs) struct image_dirs dirs = IMAGE_DIRS_INIT;
	OWN(fd) int fd = -1;
	struct layer_doc doc;
	struct stat st;
	int r;

	if (!digest_is_valid(diff_id))
		return err_set(err, -EINVAL, "not a digest: %.100s", diff_id);
	r = state_get_doc(txn, STATE_LAYERS, digest_hex(diff_id), &layer_doc_schema, a, &doc, err);
	if (r < 0)
		return r;
	if (!doc.blob || !digest_is_valid(doc.blob->digest))
		return err_set(err, -ENODATA, "the bytes of layer %s are not kept", diff_id);
	r = image_dirs_open(is, false, &dirs, err);
	if (r < 0)
		return r;
	fd = openat(dirs.blobs, digest_hex(doc.blob->digest), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "%s/blobs/sha256/%s", is->root, digest_hex(doc.blob->digest));
	if (st.st_size != doc.blob->size)
		return err_set(err, -EIO, "%s/blobs/sha256/%s has %lld bytes, not %lld", is->root,
			       digest_hex(doc.blob->digest), (long long)st.st_size,
			       (long long)doc.blob->size);
	*ret = (struct image_layer){ .fd = take_fd(&fd),
				     .size = doc.blob->size,
				     .digest = doc.blob->digest,
				     .media_type = doc.blob->media_type,
				     .repositories = doc.blob->repositories };
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
	r = file_read_at(dirs.blobs, digest_hex(digest), IMAGE_CONFIG_MAX, &text, &len);
	if (r < 0)
		return err_code(err, r, "%s/blobs/sha256/%s", is->root, digest_hex(digest));
	*ret = arena_strndup(a, text, len);
	*ret_len = len;
	return 0;
}
