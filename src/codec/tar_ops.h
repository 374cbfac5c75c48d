/*
 * tar_ops.h - a tar without the contents of its files, as a list of pieces
 *
 * A piece is a letter and numbers (7 bits a byte, the lowest first, all but the last with the
 * highest bit): 'R' LENGTH bytes; 'F' SIZE LENGTH path, the contents of that file; 'E', the end.
 */
#ifndef CODEC_TAR_OPS_H
#define CODEC_TAR_OPS_H

#include "base/str.h"

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

enum tar_op_kind { TAR_OP_RAW, TAR_OP_FILE, TAR_OP_END };

struct tar_op {
	enum tar_op_kind kind;
	int64_t size;        /* bytes of it in the tar */
	char path[PATH_MAX]; /* of a file */
};

void tar_ops_add_raw(struct buf *out, const void *data, size_t len);
void tar_ops_add_file(struct buf *out, const char *path, int64_t size);
void tar_ops_add_end(struct buf *out);

struct tar_ops_reader {
	/* Fills buf, less only at the end; 0 is the end, or a negative errno. */
	ssize_t (*read)(void *ctx, void *buf, size_t size);
	void *ctx;
	unsigned char buf[4096];
	size_t at, len;
	int64_t left; /* of raw bytes that were not taken */
};

/* -EBADMSG when it is no such list. Raw bytes of the piece before that were not taken are skipped.
 */
int tar_ops_next(struct tar_ops_reader *r, struct tar_op *ret);
/* Bytes of a raw piece: how many, 0 when all were taken, or a negative errno. */
ssize_t tar_ops_raw(struct tar_ops_reader *r, void *buf, size_t size);

#endif
