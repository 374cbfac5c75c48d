/*
 * log_file.h - the container's json-file log, with docker's rotation
 *
 * The file is made when there is something to write. A log that cannot be written (a full disk)
 * loses lines, never parts of lines, and does not hold the container up.
 */
#ifndef SHIM_LOG_FILE_H
#define SHIM_LOG_FILE_H

#include "codec/log_line.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_stream { LOG_STDOUT, LOG_STDERR, LOG_STREAMS };

/* The beginning of a line whose end is still to come. */
struct log_tail {
	size_t len;
	bool goes_on; /* earlier parts of the line are in the log already ... */
	int64_t time; /* ... with this time */
};

struct log_file {
	const char *path; /* NULL: nothing is logged */
	uint64_t max_size;
	int max_files;
	int fd; /* -1: not open */
	uint64_t size;
	size_t filled; /* of out */
	struct log_tail tails[LOG_STREAMS];
	struct log_room *room;
};

/* Its pages are touched when they are needed. */
struct log_room {
	_Alignas(4096) char texts[LOG_STREAMS][LOG_LINE_TEXT_MAX];
	_Alignas(4096) char out[LOG_LINE_MAX + 32768];
};

/* path and room live as long as the log. */
void log_file_init(struct log_file *l, struct log_room *room, const char *path, uint64_t max_size,
		   int max_files);
/* Bytes that the container has written now. */
void log_file_add(struct log_file *l, enum log_stream stream, const char *data, size_t len,
		  int64_t now);
/* The container writes no more: what has no newline is logged without one. */
void log_file_end(struct log_file *l, int64_t now);

#endif
