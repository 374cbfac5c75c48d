/*
 * tar_ops.c - a tar without the contents of its files, as a list of pieces
 */
#include "codec/tar_ops.h"

#include <errno.h>

static void add_number(struct buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_addc(out, (char)(value | 0x80));
	buf_addc(out, (char)value);
}

void tar_ops_add_raw(struct buf *out, const void *data, size_t len)
{
	buf_addc(out, 'R');
	add_number(out, len);
	buf_add(out, data, len);
}

void tar_ops_add_file(struct buf *out, const char *path, int64_t size)
{
	buf_addc(out, 'F');
	add_number(out, (uint64_t)size);
	add_number(out, strlen(path));
	buf_adds(out, path);
}

void tar_ops_add_end(struct buf *out)
{
	buf_addc(out, 'E');
}

/* -- reading -- */

static int next_byte(struct tar_ops_reader *r)
{
	if (r->at == r->len) {
		ssize_t n = r->read(r->ctx, r->buf, sizeof(r->buf));

		if (n <= 0)
			return n < 0 ? (int)n : -EBADMSG;
		r->at = 0;
		r->len = (size_t)n;
	}
	return r->buf[r->at++];
}

static int next_number(struct tar_ops_reader *r, int64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 63; shift += 7) {
		int c = next_byte(r);

		if (c < 0)
			return c;
		value |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80)) {
			*ret = (int64_t)value;
			return 0;
		}
	}
	return -EBADMSG;
}

ssize_t tar_ops_raw(struct tar_ops_reader *r, void *buf, size_t size)
{
	size_t have = r->len - r->at;
	ssize_t n;

	if ((int64_t)size > r->left)
		size = (size_t)r->left;
	if (size == 0)
		return 0;
	if (have) {
		n = (ssize_t)(have < size ? have : size);
		memcpy(buf, r->buf + r->at, (size_t)n);
		r->at += (size_t)n;
	} else {
		n = r->read(r->ctx, buf, size);
		if (n <= 0)
			return n < 0 ? n : -EBADMSG;
	}
	r->left -= n;
	return n;
}

static int skip_raw(struct tar_ops_reader *r)
{
	char scratch[4096];
	ssize_t n;

	while ((n = tar_ops_raw(r, scratch, sizeof(scratch))) > 0)
		;
	return (int)n;
}

static int next_path(struct tar_ops_reader *r, char path[PATH_MAX])
{
	int64_t len;
	int c = next_number(r, &len);

	if (c < 0)
		return c;
	if (len == 0 || len >= PATH_MAX)
		return -EBADMSG;
	for (int64_t i = 0; i < len; i++) {
		c = next_byte(r);
		if (c <= 0)
			return c < 0 ? c : -EBADMSG;
		path[i] = (char)c;
	}
	path[len] = '\0';
	return 0;
}

int tar_ops_next(struct tar_ops_reader *r, struct tar_op *ret)
{
	int c = skip_raw(r);

	if (c == 0)
		c = next_byte(r);
	if (c < 0)
		return c;
	ret->size = 0;
	if (c == 'E') {
		ret->kind = TAR_OP_END;
		return 0;
	}
	if (c != 'R' && c != 'F')
		return -EBADMSG;
	ret->kind = c == 'R' ? TAR_OP_RAW : TAR_OP_FILE;
	c = next_number(r, &ret->size);
	if (c < 0)
		return c;
	if (ret->kind == TAR_OP_FILE)
		return next_path(r, ret->path);
	r->left = ret->size;
	return 0;
}
