/*
 * image_distribution.c - an image as registries want it: blobs that are kept
 */
#include "codec/digest.h"
#include "image/image_store.h"

#include "base/own.h"

#include <fcntl.h>
#include <sys/stat.h>

int image_begin(struct image_store *is, struct state_txn **ret, struct err *err)
{
	return state_begin(is->st, STATE_READ, ret, err);
}

int image_blob_open(struct image_store *is, const char *digest, struct image_blob *ret,
		    struct err *err)
{
	OWN(image_dirs) struct image_dirs dirs = IMAGE_DIRS_INIT;
	OWN(fd) int fd = -1;
	struct stat st;
	int r = image_dirs_open(is, false, &dirs, err);

	if (r < 0)
		return r;
	if (!digest_is_valid(digest))
		return err_set(err, -EINVAL, "not a digest: %.100s", digest);
	fd = openat(image_dirs_blobs(&dirs, digest), digest_hex(digest),
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, "blob %s", digest);
	*ret = (struct image_blob){ .fd = take_fd(&fd), .size = st.st_size };
	(void)snprintf(ret->digest, sizeof(ret->digest), "%s", digest);
	return 0;
}
