/*
 * tree_untar.c - a tar taken apart beneath a directory
 *
 * As a layer is, but for what makes it one: nothing is hidden, and what stands in the way is not
 * cleared away when it is a directory.
 */
#include "base/mem.h"
#include "base/own.h"
#include "image/image.h"
#include "image/layer_tree.h"
#include "image/tar_in.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

enum { BLOCK = 256 << 10 };

static void free_archive(struct archive **a)
{
	(void)archive_read_free(*a);
}

static int add_entry(struct archive *a, struct archive_entry *ae, struct layer_tree *t,
		     const struct tree_untar_spec *spec, struct err *err)
{
	struct layer_xattr xattrs[TAR_IN_XATTRS_MAX];
	struct layer_entry e;
	struct err other = ERR_INIT;
	OWN(fd) int fd = -1;
	int r = tar_in_entry(ae, xattrs, &e, err);

	if (r < 0)
		return r;
	if (!spec->owners) {
		e.uid = spec->uid;
		e.gid = spec->gid;
	}
	r = layer_tree_add(t, &e, &fd, err);
	if (r == -EISDIR)
		return err_set(err, r, "cannot overwrite directory with non-directory: %.200s",
			       e.path);
	if (r == -ENOTDIR && S_ISDIR(e.mode))
		return err_set(err, r, "cannot overwrite non-directory with directory: %.200s",
			       e.path);
	if (r < 0 || fd < 0)
		return r;
	if (e.size > 0)
		r = tar_in_contents(a, &e, fd, err);
	if (layer_tree_close(t, &e, &fd, &other) < 0 && r == 0) {
		r = other.code;
		*err = other;
	}
	return r;
}

static int add_all(struct archive *a, struct layer_tree *t, const struct tree_untar_spec *spec,
		   struct err *err)
{
	struct archive_entry *ae;
	int r;

	while ((r = archive_read_next_header(a, &ae)) != ARCHIVE_EOF) {
		if (r < ARCHIVE_WARN)
			return tar_in_failed(a, err);
		r = add_entry(a, ae, t, spec, err);
		if (r < 0)
			return r;
	}
	return layer_tree_finish(t, err);
}

int tree_untar(const struct tree_untar_spec *spec, int64_t *ret_bytes, struct err *err)
{
	__attribute__((cleanup(free_archive))) struct archive *a = archive_read_new();
	OWN(layer_tree) struct layer_tree *t = layer_tree_new(spec->dir);
	mode_t mask = umask(0);
	int r;

	if (!a)
		mem_exhausted(0);
	layer_tree_plain(t);
	(void)archive_read_support_format_tar(a);
	(void)archive_read_support_format_empty(a);
	(void)archive_read_support_filter_gzip(a);
	(void)archive_read_support_filter_bzip2(a);
	(void)archive_read_support_filter_xz(a);
	(void)archive_read_support_filter_zstd(a);
	r = archive_read_open_fd(a, spec->from, BLOCK);
	r = r < ARCHIVE_WARN ? tar_in_failed(a, err) : add_all(a, t, spec, err);
	(void)umask(mask);
	*ret_bytes = layer_tree_size(t);
	return r;
}
