/*
 * log_line.h - lines of a json-file log, as docker writes them
 *
 *	{"log":"text\n","stream":"stdout","time":"2026-01-02T03:04:05.678901234Z"}
 *
 * Nothing here allocates. Docker's rules: a line is at most 16 KiB, longer ones are cut into
 * entries of which only the last ends in "\n", all with the time of the first; control characters,
 * <, >, & and the line separators of Unicode are escaped; what is no UTF-8 becomes U+FFFD.
 */
#ifndef CODEC_LOG_LINE_H
#define CODEC_LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LOG_LINE_TEXT_MAX = 16384,                  /* bytes of text in one entry */
	LOG_LINE_MAX = LOG_LINE_TEXT_MAX * 6 + 128, /* an entry with every byte escaped */
};

struct log_line {
	const char *text; /* without its newline */
	size_t len;       /* at most LOG_LINE_TEXT_MAX */
	bool ends;        /* in a newline; otherwise it goes on, or the stream has ended */
	const char *stream;
	int64_t time; /* ns since 1970 */
};

/* Writes one entry with its newline into LOG_LINE_MAX bytes; the number of bytes written. */
size_t log_line_write(const struct log_line *line, char *out);

/*
 * Reads an entry of len bytes, which is decoded in place: ret->text points into it and may hold any
 * byte, NUL too; ret->stream is "stdout" or "stderr". Other members are passed over. -EINVAL when
 * it is no whole entry, as after a crash.
 */
int log_line_read(char *entry, size_t len, struct log_line *ret);

/*
 * How many of the len bytes can stand in an entry that is cut off behind them: not the beginning
 * of a character whose rest is still to come.
 */
size_t log_line_cut(const char *text, size_t len);

#endif
