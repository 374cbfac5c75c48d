/*
 * load.c - images out of an archive: gather, plan, carry out
 *
 * An archive is read by place. What has none, a pipe or a compressed archive, is first copied into
 * a file without a name below tmp/.
 */
#include "base/own.h"
#include "codec/digest.h"
#include "codec/ref.h"
#include "image/decompress.h"
#include "image/image.h"
#include "image/load_plan.h"
#include "sys/file.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { COPY_SIZE = 1 << 20 };

static int open_unnamed(int dir)
{
	int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		fd = openat(dir, "spool", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0)
			(void)unlinkat(dir, "spool", 0);
	}
	return fd < 0 ? -errno : fd;
}

static int copy_out(struct decompress *d, int to, const char *root, struct err *err)
{
	OWN(mem) char *block = malloc(COPY_SIZE);
	ssize_t n;

	if (!block)
		return err_code(err, -ENOMEM, "copying the archive");
	while ((n = decompress_read(d, block, COPY_SIZE, err)) > 0) {
		int r = file_write_all(to, block, (size_t)n);

		if (r < 0)
			return err_code(err, r, "copying the archive to %s/tmp", root);
	}
	return (int)n;
}

/* Makes *fd one that can be read by place; *ret_spool is the copy when one had to be made. */
static int make_seekable(struct image_add *add, int *fd, int *ret_spool, struct err *err)
{
	OWN(decompress) struct decompress *d = NULL;
	struct decompress_spec all = { .range = { .fd = *fd, .size = -1 } };
	struct stat st;
	int r;

	if (fstat(*fd, &st) < 0)
		return err_sys(err, "the archive");
	if (S_ISREG(st.st_mode) && lseek(*fd, 0, SEEK_CUR) == 0)
		all.range.size = st.st_size;
	if (S_ISDIR(st.st_mode))
		return err_set(err, -EISDIR, "the archive is a directory");
	r = decompress_open(&all, &d, err);
	if (r < 0)
		return r;
	if (all.range.size >= 0 && decompress_is_plain(d))
		return 0;
	*ret_spool = open_unnamed(add->tmp);
	if (*ret_spool < 0)
		return err_code(err, *ret_spool, "%s/tmp", add->is->root);
	*fd = *ret_spool;
	return copy_out(d, *ret_spool, add->is->root, err);
}

static void tell(const struct image_add *add, struct arena *a, struct image_loaded_list *ret)
{
	ret->n = add->n_images;
	ret->items = arena_array(a, ret->n, sizeof(*ret->items));
	for (size_t i = 0; i < ret->n; i++) {
		const struct add_image *image = &add->images[i];

		ret->items[i].id = image->doc.id;
		for (size_t k = 0; k < image->refs.n; k++)
			strv_add(&ret->items[i].names, a, ref_familiar(image->refs.items[k]));
		for (size_t k = 0; k < image->moved.n; k++)
			strv_add(&ret->items[i].moved, a, ref_familiar(image->moved.items[k]));
	}
}

int image_load(struct image_store *is, const struct image_load_spec *spec, struct arena *a,
	       struct image_loaded_list *ret, struct err *err)
{
	OWN(image_add) struct image_add add = { 0 };
	OWN(fd) int spool = -1;
	struct archive_index index;
	struct image_platform want;
	struct load_plan plan = { .a = a, .index = &index };
	int fd = spec->fd, r = 0;

	if (spec->platform) {
		r = image_platform_parse(spec->platform, a, &want, err);
		plan.want = &want;
	}
	if (r == 0)
		r = image_add_begin(is, a, &add, err);
	if (r == 0)
		r = make_seekable(&add, &fd, &spool, err);
	if (r == 0)
		r = archive_index_read(fd, a, &index, err);
	if (r == 0)
		r = load_plan_make(&plan, err);
	if (r < 0)
		return r;
	add.layers = plan.layers;
	add.n_layers = plan.n_layers;
	add.images = plan.images;
	add.n_images = plan.n_images;
	r = image_add_unpack(&add, &spec->progress, err);
	if (r == 0)
		r = image_add_commit(&add, err);
	if (r == 0)
		tell(&add, a, ret);
	return r;
}
