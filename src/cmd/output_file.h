/*
 * output_file.h - a file that is there whole or not at all
 */
#ifndef CMD_OUTPUT_FILE_H
#define CMD_OUTPUT_FILE_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct output_file {
	int fd;
	bool direct; /* stdout, or a device or pipe that was named: written as it comes */
	char *path, *temporary;
};

/*
 * path NULL is stdout, which may not be a terminal (what says which command refuses). Otherwise a
 * file without a finished content is made beside path. output_file_cleanup() in any case
 * afterwards.
 */
int output_file_open(struct output_file *o, const char *path, const char *what, struct err *err);
/* All is written: the file gets its name. */
int output_file_commit(struct output_file *o, struct err *err);
/* Removes what was not committed. */
void output_file_cleanup(struct output_file *o);

#endif
