/*
 * tar_out.c - a tar on its way into a file or a pipe
 */
#include "image/tar_out.h"

#include "sys/file.h"
#include "sys/file_copy.h"

enum { BUFFER = 1 << 20, SMALL = 64 << 10 };

static const char zeros[2 * TAR_BLOCK];

void tar_out_init(struct tar_out *o, int fd, bool fractions)
{
	*o = (struct tar_out){ .fd = fd, .fractions = fractions };
}

void tar_out_cleanup(struct tar_out *o)
{
	buf_done(&o->buf);
}

static int flush(struct tar_out *o)
{
	int r = o->buf.len ? file_write_all(o->fd, o->buf.data, o->buf.len) : 0;

	o->buf.len = 0;
	return r;
}

static int flush_when_full(struct tar_out *o)
{
	return o->buf.len >= BUFFER ? flush(o) : 0;
}

int tar_out_entry(struct tar_out *o, const struct tar_entry *e)
{
	tar_header_write(e, o->fractions, &o->buf);
	return flush_when_full(o);
}

int tar_out_bytes(struct tar_out *o, const void *data, size_t len)
{
	int r;

	if (len < SMALL) {
		buf_add(&o->buf, data, len);
		return flush_when_full(o);
	}
	r = flush(o);
	return r < 0 ? r : file_write_all(o->fd, data, len);
}

int tar_out_range(struct tar_out *o, int from, off_t offset, int64_t len)
{
	int r = flush(o);

	return r < 0 ? r : file_copy_range(from, offset, o->fd, len);
}

int tar_out_pad(struct tar_out *o, int64_t size)
{
	return tar_out_bytes(o, zeros, tar_padding(size));
}

int tar_out_end(struct tar_out *o)
{
	int r = tar_out_bytes(o, zeros, sizeof(zeros));

	return r < 0 ? r : flush(o);
}
