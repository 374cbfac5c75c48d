/*
 * merged_file.h - reading a file as overlayfs would show it, without mounting anything
 */
#ifndef ENGINE_MERGED_FILE_H
#define ENGINE_MERGED_FILE_H

#include <stddef.h>

/*
 * The text of a regular file (a NUL behind it; the caller frees) in a stack of directories, the
 * top one first: whiteouts, opaque directories and symbolic links are honoured, and nothing leads
 * out of the stack. -ENOENT, -ELOOP, -EFBIG beyond max, -EINVAL when it is no regular file.
 */
int merged_file_read(const int *roots, size_t n, const char *path, size_t max, char **ret_text,
		     size_t *ret_len);

#endif
