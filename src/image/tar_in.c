/*
 * tar_in.c - entries of a tar as libarchive reads them, for layer_tree.h
 */
#include "image/tar_in.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

int tar_in_failed(struct archive *a, struct err *err)
{
	const char *why = archive_error_string(a);

	return err_set(err, -EINVAL, "%s", why ? why : "not a tar archive");
}

static size_t read_xattrs(struct archive_entry *ae, struct layer_xattr xattrs[TAR_IN_XATTRS_MAX])
{
	size_t n = 0;

	if (archive_entry_xattr_reset(ae) == 0)
		return 0;
	while (n < TAR_IN_XATTRS_MAX &&
	       archive_entry_xattr_next(ae, &xattrs[n].name, &xattrs[n].value, &xattrs[n].len) ==
		       ARCHIVE_OK)
		n++;
	return n;
}

static uint32_t clamp_id(int64_t id)
{
	return id < 0 || id >= UINT32_MAX ? UINT32_MAX : (uint32_t)id;
}

int tar_in_entry(struct archive_entry *ae, struct layer_xattr xattrs[TAR_IN_XATTRS_MAX],
		 struct layer_entry *e, struct err *err)
{
	*e = (struct layer_entry){
		.path = archive_entry_pathname(ae),
		.hardlink = archive_entry_hardlink(ae),
		.symlink = archive_entry_symlink(ae),
		.mode = archive_entry_mode(ae),
		.uid = clamp_id(archive_entry_uid(ae)),
		.gid = clamp_id(archive_entry_gid(ae)),
		.device = archive_entry_rdev(ae),
		.size = archive_entry_size(ae),
		.mtime = { archive_entry_mtime(ae), archive_entry_mtime_nsec(ae) },
		.xattrs = xattrs,
		.n_xattrs = read_xattrs(ae, xattrs),
	};
	if (!e->path)
		return err_set(err, -EINVAL, "an entry without a readable name");
	if (e->uid == UINT32_MAX || e->gid == UINT32_MAX)
		return err_set(err, -EINVAL, "%.200s: an owner that no system has", e->path);
	if (e->mtime.tv_nsec < 0 || e->mtime.tv_nsec > 999999999)
		e->mtime.tv_nsec = 0;
	if (e->size < 0)
		return err_set(err, -EINVAL, "%.200s: less than no bytes", e->path);
	return 0;
}

static int write_all(int fd, const char *data, size_t len, off_t offset)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
		offset += n;
	}
	return 0;
}

/* The file's contents; holes stay holes. */
int tar_in_contents(struct archive *a, const struct layer_entry *e, int fd, struct err *err)
{
	int64_t end = 0, offset;
	const void *data;
	size_t len;
	int r;

	while ((r = archive_read_data_block(a, &data, &len, &offset)) >= ARCHIVE_WARN) {
		if (r == ARCHIVE_EOF)
			break;
		if (offset < end || offset > e->size || (int64_t)len > e->size - offset)
			return err_set(err, -EINVAL, "%.200s: its pieces do not fit", e->path);
		r = write_all(fd, data, len, offset);
		if (r < 0)
			return err_code(err, r, "%.200s", e->path);
		end = offset + (int64_t)len;
	}
	if (r != ARCHIVE_EOF)
		return tar_in_failed(a, err);
	if (end < e->size && ftruncate(fd, e->size) < 0)
		return err_sys(err, "%.200s", e->path);
	return 0;
}
