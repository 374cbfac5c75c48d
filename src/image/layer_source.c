/*
 * layer_source.c - where the bytes of a layer can be had from
 */
#include "image/layer_source.h"

#include "base/own.h"
#include "codec/digest.h"
#include "image/tar_record.h"

#include <fcntl.h>
#include <sys/stat.h>

static int open_record(const struct image_dirs *dirs, const char *diff_id, int *ret_fd,
		       struct err *err)
{
	char name[LAYER_RECORD_MAX];

	layer_record_name(digest_hex(diff_id), name);
	*ret_fd = openat(dirs->layers, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_fd < 0)
		return err_set(err, errno == ENOENT ? -ENODATA : -errno,
			       "layer %s: neither the bytes in which it came nor a record of its "
			       "tar are kept; load or pull the image again",
			       diff_id);
	return 0;
}

static int open_blob(const struct image_dirs *dirs, const struct layer_source *l, int *ret_fd,
		     struct err *err)
{
	struct stat st;

	*ret_fd = openat(image_dirs_blobs(dirs, l->digest), digest_hex(l->digest),
			 O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_fd < 0 || fstat(*ret_fd, &st) < 0)
		return err_sys(err, "layer %s: blob %s", l->diff_id, l->digest);
	if (!S_ISREG(st.st_mode) || st.st_size != l->size)
		return err_set(err, -EIO, "layer %s: blob %s has %lld bytes, not %lld", l->diff_id,
			       l->digest, (long long)st.st_size, (long long)l->size);
	return 0;
}

/* OCI's name for what the blob is; docker's own and those for layers that are kept elsewhere do not
 * fit into a manifest of OCI with the bytes beside it. */
static const char *oci_type(const char *media_type)
{
	return media_type && str_ends(media_type, "zstd")
		       ? "application/vnd.oci.image.layer.v1.tar+zstd"
		       : "application/vnd.oci.image.layer.v1.tar+gzip";
}

static int find_blob(const struct image_dirs *dirs, const struct layer_blob *blob,
		     struct layer_source *ret, struct err *err)
{
	OWN(fd) int fd = -1;

	if (!digest_is_valid(blob->digest))
		return err_set(err, -EINVAL, "layer %s: not a digest: %.100s", ret->diff_id,
			       blob->digest);
	ret->is_blob = true;
	ret->digest = blob->digest;
	ret->media_type = oci_type(blob->media_type);
	ret->size = blob->size;
	return open_blob(dirs, ret, &fd, err);
}

int layer_source_find(const struct image_dirs *dirs, struct state_txn *txn, const char *diff_id,
		      struct arena *a, struct layer_source *ret, struct err *err)
{
	OWN(fd) int fd = -1;
	struct layer_doc doc;
	int r;

	if (!digest_is_valid(diff_id))
		return err_set(err, -EINVAL, "not a digest: %.100s", diff_id);
	r = state_get_doc(txn, STATE_LAYERS, digest_hex(diff_id), &layer_doc_schema, a, &doc, err);
	if (r < 0)
		return err_wrap(err, "layer %s", diff_id);
	*ret = (struct layer_source){ .diff_id = diff_id,
				      .digest = diff_id,
				      .media_type = "application/vnd.oci.image.layer.v1.tar" };
	if (doc.blob)
		return find_blob(dirs, doc.blob, ret, err);
	r = open_record(dirs, diff_id, &fd, err);
	if (r < 0)
		return r;
	r = tar_record_size(fd, &ret->size);
	if (r == -ENODATA)
		return err_set(
			err, r,
			"layer %s cannot be saved: in its tar a later file replaces an earlier "
			"one, so the tar cannot be made from the files again",
			diff_id);
	return r < 0 ? err_code(err, r, "layer %s: its record is damaged", diff_id) : 0;
}

static int pass_on(void *ctx, const void *data, size_t len)
{
	return tar_out_bytes(ctx, data, len);
}

static int write_blob(const struct image_dirs *dirs, const struct layer_source *l,
		      struct tar_out *out, struct err *err)
{
	OWN(fd) int fd = -1;
	int r = open_blob(dirs, l, &fd, err);

	if (r < 0)
		return r;
	r = tar_out_range(out, fd, 0, l->size);
	return r < 0 ? err_code(err, r, "writing the archive") : 0;
}

int layer_source_rebuild(const struct image_dirs *dirs, const char *diff_id, tar_sink_fn *sink,
			 void *ctx, struct err *err)
{
	OWN(fd) int record = -1;
	OWN(fd) int tree = openat(dirs->layers, digest_hex(diff_id),
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char digest[DIGEST_TEXT];
	struct err why = ERR_INIT;
	int r;

	if (tree < 0)
		return err_sys(err, "layer %s", diff_id);
	r = open_record(dirs, diff_id, &record, err);
	if (r < 0)
		return r;
	r = tar_record_rebuild(record, tree, sink, ctx, digest, &why);
	if (r < 0 && !why.code)
		return err_code(err, r, "writing what is made of layer %s", diff_id);
	if (r < 0)
		return err_set(err, r, "layer %s: %s", diff_id, why.msg);
	if (!str_eq(digest, diff_id))
		return err_set(err, -EBADMSG,
			       "layer %s: its files have changed; remove the image and bring it in "
			       "again",
			       diff_id);
	return 0;
}

int layer_source_write(const struct image_dirs *dirs, const struct layer_source *l,
		       struct tar_out *out, struct err *err)
{
	return l->is_blob ? write_blob(dirs, l, out, err)
			  : layer_source_rebuild(dirs, l->diff_id, pass_on, out, err);
}
