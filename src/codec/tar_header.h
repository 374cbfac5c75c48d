/*
 * tar_header.h - the 512 bytes before each member of a tar, and pax's extended records
 *
 * POSIX.1-2017 pax (pax Interchange Format, ustar Interchange Format); GNU tar's long names and
 * base-256 numbers are read. What is written is ustar with pax records where a field does not fit,
 * and depends on nothing but the entry.
 */
#ifndef CODEC_TAR_HEADER_H
#define CODEC_TAR_HEADER_H

#include "base/str.h"

#include <stdint.h>
#include <time.h>

enum { TAR_BLOCK = 512, TAR_NAME_MAX = 256 };

enum tar_type {
	TAR_FILE = '0',
	TAR_HARDLINK = '1',
	TAR_SYMLINK = '2',
	TAR_CHAR = '3',
	TAR_BLOCK_DEVICE = '4',
	TAR_DIRECTORY = '5',
	TAR_FIFO = '6',
	TAR_PAX = 'x',
	TAR_PAX_GLOBAL = 'g',
	TAR_GNU_NAME = 'L',
	TAR_GNU_LINK = 'K',
};

struct tar_xattr {
	const char *name;
	const void *value;
	size_t len;
};

/* Bytes that are in the file; what is between them are holes. */
struct tar_piece {
	int64_t offset, len;
};

struct tar_entry {
	const char *path; /* a directory's without the slash at its end */
	const char *link; /* of links: the target */
	enum tar_type type;
	uint32_t mode; /* permissions */
	uint32_t uid, gid;
	int64_t size; /* of a file, with its holes */
	struct timespec mtime;
	uint32_t major, minor; /* of devices */
	const struct tar_xattr *xattrs;
	size_t n_xattrs;
	const struct tar_piece *pieces; /* NULL: the file has no holes worth telling */
	size_t n_pieces;
};

/*
 * Appends all that comes before the entry's contents: pax records, the header, and for a sparse
 * file the map of GNU's format 1.0. The contents (of the pieces, one behind the other) follow, and
 * zeros to the next multiple of TAR_BLOCK. Times with a fraction are written only when fractions.
 */
void tar_header_write(const struct tar_entry *e, bool fractions, struct buf *out);

/* Zeros that follow contents of this size. */
static inline size_t tar_padding(int64_t size)
{
	return (size_t)(-size & (TAR_BLOCK - 1));
}

struct tar_header {
	char name[TAR_NAME_MAX + 1]; /* prefix and name */
	char type;
	int64_t size; /* of what follows, as the header says */
};

/* -EINVAL: no header (its sum is wrong, or a number is none). -ENODATA: zeros. */
int tar_header_read(const unsigned char block[TAR_BLOCK], struct tar_header *ret);

/* Calls each record "LEN KEY=VALUE\n"; values may hold any bytes but end in a NUL here. -EINVAL. */
int tar_header_each_pax(char *text, size_t len,
			void (*each)(void *ctx, const char *key, const char *value, size_t len),
			void *ctx);

#endif
