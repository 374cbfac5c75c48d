/*
 * log_file.c - the container's json-file log, with docker's rotation
 *
 * Entries are collected and written together, at the end of each piece of output: one system call
 * for many lines. The file is rotated when it has reached its size, before the next entry: LOG
 * becomes LOG.1, LOG.1 becomes LOG.2, and so on; with one file it is emptied.
 */
#include "shim/log_file.h"

#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const stream_names[LOG_STREAMS] = { "stdout", "stderr" };

void log_file_init(struct log_file *l, struct log_room *room, const char *path, uint64_t max_size,
		   int max_files)
{
	*l = (struct log_file){
		.path = path,
		.max_size = max_size,
		.max_files = max_files,
		.fd = -1,
		.room = room,
	};
}

static bool open_log(struct log_file *l, int flags)
{
	struct stat st;

	if (l->fd >= 0)
		return true;
	l->fd = open(l->path,
		     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | flags,
		     0640);
	if (l->fd < 0 || fstat(l->fd, &st) < 0)
		return false;
	l->size = (uint64_t)st.st_size;
	return true;
}

/* A line that got in halfway is taken out again. */
static void flush(struct log_file *l)
{
	size_t done = 0;

	while (done < l->filled && open_log(l, 0)) {
		ssize_t n = write(l->fd, l->room->out + done, l->filled - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			(void)!ftruncate(l->fd, (off_t)l->size);
			break;
		}
		done += (size_t)n;
	}
	if (done == l->filled)
		l->size += done;
	l->filled = 0;
}

static void rename_log(const char *path, int from, int to)
{
	char old[PATH_MAX], new[PATH_MAX];

	(void)snprintf(old, sizeof(old), from ? "%s.%d" : "%s", path, from);
	(void)snprintf(new, sizeof(new), "%s.%d", path, to);
	(void)rename(old, new);
}

static void rotate(struct log_file *l)
{
	for (int i = l->max_files - 1; i > 0; i--)
		rename_log(l->path, i - 1, i);
	fd_cleanup(&l->fd);
	(void)open_log(l, O_TRUNC);
}

static void add_entry(struct log_file *l, enum log_stream stream, const struct log_line *line)
{
	struct log_line entry = *line;

	if (l->max_size && open_log(l, 0) && l->size + l->filled >= l->max_size) {
		flush(l);
		rotate(l);
	}
	entry.stream = stream_names[stream];
	l->filled += log_line_write(&entry, l->room->out + l->filled);
	if (l->filled + LOG_LINE_MAX > sizeof(l->room->out))
		flush(l);
}

/* The tail of a stream, or the line in data itself when there is no tail. */
static void add_line(struct log_file *l, enum log_stream stream, const char *text, size_t len,
		     bool ends, int64_t now)
{
	struct log_tail *t = &l->tails[stream];
	struct log_line line = { .text = text, .len = len, .ends = ends };

	if (!t->goes_on)
		t->time = now;
	line.time = t->time;
	add_entry(l, stream, &line);
	t->goes_on = !ends;
}

/* Cuts a tail that is full; the beginning of a character stays for the next part. */
static void cut_tail(struct log_file *l, enum log_stream stream, int64_t now)
{
	struct log_tail *t = &l->tails[stream];
	char *text = l->room->texts[stream];
	size_t len = log_line_cut(text, t->len);

	add_line(l, stream, text, len, false, now);
	memmove(text, text + len, t->len - len);
	t->len -= len;
}

/* Bytes up to a newline (ends), or to the end of what came. */
static void add_piece(struct log_file *l, enum log_stream stream, const char *data, size_t len,
		      bool ends, int64_t now)
{
	struct log_tail *t = &l->tails[stream];
	char *text = l->room->texts[stream];

	if (ends && t->len == 0 && len <= LOG_LINE_TEXT_MAX) {
		add_line(l, stream, data, len, true, now);
		return;
	}
	while (len > 0) {
		size_t room = LOG_LINE_TEXT_MAX - t->len, n = len < room ? len : room;

		memcpy(text + t->len, data, n);
		t->len += n;
		data += n;
		len -= n;
		if (t->len == LOG_LINE_TEXT_MAX && (len > 0 || !ends))
			cut_tail(l, stream, now);
	}
	if (ends) {
		add_line(l, stream, text, t->len, true, now);
		t->len = 0;
	}
}

void log_file_add(struct log_file *l, enum log_stream stream, const char *data, size_t len,
		  int64_t now)
{
	if (!l->path)
		return;
	while (len > 0) {
		const char *newline = memchr(data, '\n', len);
		size_t n = newline ? (size_t)(newline - data) : len;

		add_piece(l, stream, data, n, newline, now);
		n += newline ? 1 : 0;
		data += n;
		len -= n;
	}
	flush(l);
}

void log_file_end(struct log_file *l, int64_t now)
{
	for (int i = 0; l->path && i < LOG_STREAMS; i++) {
		if (l->tails[i].len > 0)
			add_line(l, (enum log_stream)i, l->room->texts[i], l->tails[i].len, false,
				 now);
		l->tails[i] = (struct log_tail){ 0 };
	}
	flush(l);
}
