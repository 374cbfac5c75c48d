/*
 * archive_index.h - where the members of a tar file are
 */
#ifndef IMAGE_ARCHIVE_INDEX_H
#define IMAGE_ARCHIVE_INDEX_H

#include "base/arena.h"
#include "base/err.h"
#include "image/decompress.h"

struct archive_member {
	const char *name; /* without "./" */
	const char *link; /* the member it is a link to, or NULL */
	off_t offset;     /* of its contents in the file */
	int64_t size;
	size_t order;
};

struct archive_index {
	int fd;                         /* the caller's */
	struct archive_member *members; /* sorted by name, each name once: the last one counts */
	size_t n;
};

/* fd: a regular file with a tar, not compressed. -EINVAL when it is none, or is cut off. */
int archive_index_read(int fd, struct arena *a, struct archive_index *ret, struct err *err);
bool archive_index_has(const struct archive_index *index, const char *name);
/* Links are followed, within the archive. -ENOENT. */
int archive_index_find(const struct archive_index *index, const char *name, struct byte_range *ret,
		       struct err *err);
/* A member as text of at most max bytes, the arena's. */
int archive_index_text(const struct archive_index *index, const char *name, size_t max,
		       struct arena *a, const char **ret, size_t *ret_len, struct err *err);

#endif
