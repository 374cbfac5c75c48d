/*
 * group_file.h - the small files of a control group
 */
#ifndef CGROUP_GROUP_FILE_H
#define CGROUP_GROUP_FILE_H

#include "cgroup/hierarchy.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens a group's file, close-on-exec: a descriptor or a negative errno. */
int group_file_open(const struct hierarchy *h, const char *group, const char *file, int flags);
/* Reads at most size - 1 bytes and a NUL: the length, or a negative errno. */
ssize_t group_file_read(const struct hierarchy *h, const char *group, const char *file, char *buf,
			size_t size);
/* Writes the text in one write(2): 0 or a negative errno. */
int group_file_write(const struct hierarchy *h, const char *group, const char *file,
		     const char *text);
/* The number behind key in a file of "key number" lines, or -1. */
int64_t group_file_value(const char *text, const char *key);

#endif
