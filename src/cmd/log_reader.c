/*
 * log_reader.c - a container's json-file log, line by line, across rotated files
 *
 * Files are opened before anything is read, oldest first, so that a rotation meanwhile renames
 * what we hold and loses nothing. At the end of the last one its name is looked at again: when it
 * means another file by now, that one is next.
 */
#include "cmd/log_reader.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/log_line.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 1001, BLOCK = 65536, LINE_MAX_BYTES = 16 << 20 };

struct log_reader {
	char *path;
	int *fds; /* oldest first; the last one is the live file */
	size_t n, at;
	int watch; /* inotify */
	struct buf line;
	char block[BLOCK];
	size_t filled, used;
};

/* -- files -- */

static void add_file(struct log_reader *l, int fd)
{
	l->fds = mem_resize(l->fds, l->n + 1, sizeof(*l->fds));
	l->fds[l->n++] = fd;
}

static int open_files(struct log_reader *l, struct err *err)
{
	int n = 0;

	while (n < FILES_MAX) {
		OWN(str) char *name = str_printf("%s.%d", l->path, n + 1);

		if (access(name, F_OK) < 0)
			break;
		n++;
	}
	for (; n >= 0; n--) {
		OWN(str) char *name = n ? str_printf("%s.%d", l->path, n) : str_dup(l->path);
		int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

		if (fd < 0 && errno != ENOENT)
			return err_sys(err, "open %s", name);
		if (fd >= 0)
			add_file(l, fd);
	}
	return 0;
}

/* Is there a newer file by the log's name than the last one we hold? Then it is opened. */
static bool open_newer(struct log_reader *l)
{
	struct stat held, named;
	int fd;

	if (stat(l->path, &named) < 0)
		return false;
	if (l->n && fstat(l->fds[l->n - 1], &held) == 0 && held.st_ino == named.st_ino &&
	    held.st_dev == named.st_dev)
		return false;
	fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	add_file(l, fd);
	return true;
}

/* -- tail -- */

/*
 * The offset in a file from which on it has *lines lines, reading backwards; *lines becomes what is
 * still missing.
 */
static off_t find_tail(struct log_reader *l, int fd, int64_t *lines)
{
	off_t end = lseek(fd, 0, SEEK_END);
	bool last = true;

	while (end > 0) {
		size_t want = end > BLOCK ? BLOCK : (size_t)end;
		ssize_t n = pread(fd, l->block, want, end - (off_t)want);

		if (n != (ssize_t)want)
			return 0;
		for (size_t i = want; i-- > 0;) {
			/* The newline at the very end ends the last line, it begins none. */
			bool is_end = l->block[i] == '\n' && !last;

			last = false;
			if (is_end && --*lines == 0)
				return end - (off_t)want + (off_t)i + 1;
		}
		end -= (off_t)want;
	}
	if (!last)
		--*lines;
	return 0;
}

static void seek_tail(struct log_reader *l, int64_t lines)
{
	l->at = l->n;
	while (l->at > 0 && lines > 0) {
		off_t from = find_tail(l, l->fds[--l->at], &lines);

		(void)lseek(l->fds[l->at], from, SEEK_SET);
	}
	if (l->n && l->at == l->n) {
		l->at = l->n - 1;
		(void)lseek(l->fds[l->at], 0, SEEK_END);
	}
}

int log_reader_open(const char *path, int64_t tail, struct log_reader **ret, struct err *err)
{
	OWN(log_reader) struct log_reader *l = mem_alloc(sizeof(*l));
	int r;

	l->watch = -1;
	l->path = str_dup(path);
	r = open_files(l, err);
	if (r < 0)
		return r;
	if (tail >= 0)
		seek_tail(l, tail);
	*ret = take(&l);
	return 0;
}

void log_reader_close(struct log_reader *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++)
		(void)close(l->fds[i]);
	if (l->watch >= 0)
		(void)close(l->watch);
	buf_done(&l->line);
	free(l->fds);
	free(l->path);
	free(l);
}

int log_reader_watch(struct log_reader *l)
{
	OWN(str) char *dir = NULL;
	char *slash;

	if (l->watch >= 0)
		return l->watch;
	l->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	dir = str_dup(l->path);
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	/* The file for its growth; its directory for the day when it is rotated or first made. */
	(void)inotify_add_watch(l->watch, dir, IN_CREATE | IN_MOVED_TO);
	(void)inotify_add_watch(l->watch, l->path, IN_MODIFY);
	return l->watch;
}

/* -- lines -- */

/* Up to the next newline into l->line: 1, or 0 when the line is not complete yet. */
static int read_line(struct log_reader *l, struct err *err)
{
	for (;;) {
		char *start = l->block + l->used;
		char *newline = memchr(start, '\n', l->filled - l->used);
		size_t len = newline ? (size_t)(newline - start) : l->filled - l->used;
		ssize_t n;

		/* Nobody writes lines that long: it is no log, and what is kept of it is enough. */
		if (l->line.len + len <= LINE_MAX_BYTES)
			buf_add(&l->line, start, len);
		l->used += len;
		if (newline) {
			l->used++;
			return 1;
		}
		n = l->at < l->n ? read(l->fds[l->at], l->block, BLOCK) : 0;
		if (n < 0)
			return err_sys(err, "read %s", l->path);
		if (n == 0)
			return 0;
		l->filled = (size_t)n;
		l->used = 0;
	}
}

static bool parse_entry(struct log_reader *l, struct log_entry *ret)
{
	struct log_line line;

	if (!l->line.data || log_line_read(l->line.data, l->line.len, &line) < 0)
		return false;
	*ret = (struct log_entry){
		.text = line.text,
		.len = line.len + line.ends, /* with its newline, which is decoded there as well */
		.is_stderr = str_eq(line.stream, "stderr"),
		.time = line.time,
	};
	return true;
}

int log_reader_next(struct log_reader *l, struct log_entry *ret, struct err *err)
{
	for (;;) {
		int r = read_line(l, err);
		bool whole;

		if (r < 0)
			return r;
		if (r == 0) {
			if (l->at + 1 >= l->n && !open_newer(l))
				return 0;
			/* A line that the end of a rotated file tore apart will not go on. */
			l->line.len = 0;
			l->at += l->at + 1 < l->n;
			continue;
		}
		whole = parse_entry(l, ret);
		l->line.len = 0;
		if (whole)
			return 1;
	}
}
