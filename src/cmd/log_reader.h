/*
 * log_reader.h - a container's json-file log, line by line, across rotated files
 *
 * The log is PATH; what was rotated away is PATH.1 (newest), PATH.2, ... One line is an object
 * {"log":"text\n","stream":"stdout","time":"RFC 3339"}, as docker writes it.
 */
#ifndef CMD_LOG_READER_H
#define CMD_LOG_READER_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct log_reader;

/* tail: how many lines from the end; -1 all. A log that is not there yet is empty. */
int log_reader_open(const char *path, int64_t tail, struct log_reader **ret, struct err *err);
void log_reader_close(struct log_reader *l);
static inline void log_reader_cleanup(struct log_reader **l)
{
	log_reader_close(*l);
	*l = NULL;
}

struct log_entry {
	const char *text; /* with its newline, if it has one; valid until the next call */
	size_t len;
	bool is_stderr;
	int64_t time;              /* ns */
	struct json_object *attrs; /* object of strings, or NULL */
};

/* 1 and the next entry, 0 at the end for now, or a negative errno. Lines that are torn are skipped.
 */
int log_reader_next(struct log_reader *l, struct log_entry *ret, struct err *err);
/* Becomes readable when the log may have grown; -1 when that cannot be known. */
int log_reader_watch(struct log_reader *l);

#endif
