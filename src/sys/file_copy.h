/*
 * file_copy.h - bytes from one file to another without a detour through this process
 */
#ifndef SYS_FILE_COPY_H
#define SYS_FILE_COPY_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Copies len bytes at offset of a regular file to where `to` stands: copy_file_range(2) (which
 * shares them where the file system can), else sendfile(2), else by hand. -ENODATA when the file
 * ends before.
 */
int file_copy_range(int from, off_t offset, int to, int64_t len);

#endif
