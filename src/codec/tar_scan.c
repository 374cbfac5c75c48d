/*
 * tar_scan.c - which bytes of a tar are contents of files, and which are everything else
 *
 * A member of the types x, L and K speaks of the next one: it may rename it and give it another
 * size. Its contents are kept until they have been read, and passed on as they are. Sparse files,
 * whose contents in the tar are not those of the file, count as everything else, and so do names
 * that aufs gives a meaning (.wh.…), which become no files.
 */
#include "codec/tar_scan.h"

#include "base/mem.h"
#include "base/own.h"

enum { EXTENSION_MAX = 1 << 20 };

enum scan_state {
	IN_HEADER,
	IN_EXTENSION, /* contents of a member that speaks of the next one */
	IN_OTHER,     /* contents that are handed on */
	IN_FILE,
	IN_REST, /* after the end, or where nothing is understood */
};

struct tar_scan {
	struct tar_scan_sink sink;
	enum scan_state state;
	unsigned char block[TAR_BLOCK];
	size_t filled;
	int64_t left;     /* of the contents */
	size_t padding;   /* behind a file's contents */
	struct buf text;  /* of an extension */
	size_t text_size; /* without padding */
	char extension;
	char *path;        /* what extensions say of the next member */
	int64_t next_size; /* or -1 */
	bool sparse;
};

struct tar_scan *tar_scan_new(const struct tar_scan_sink *sink)
{
	struct tar_scan *s = mem_alloc(sizeof(*s));

	s->sink = *sink;
	s->next_size = -1;
	return s;
}

void tar_scan_free(struct tar_scan *s)
{
	if (!s)
		return;
	buf_done(&s->text);
	free(s->path);
	free(s);
}

static void set_path(struct tar_scan *s, const char *path)
{
	free(s->path);
	s->path = str_dup(path);
}

static void take_pax(void *ctx, const char *key, const char *value, size_t len)
{
	struct tar_scan *s = ctx;
	char *end;

	(void)len;
	if (str_after(key, "GNU.sparse."))
		s->sparse = true;
	if (str_eq(key, "path"))
		set_path(s, value);
	if (!str_eq(key, "size"))
		return;
	s->next_size = strtoll(value, &end, 10);
	if (*end || s->next_size < 0)
		s->sparse = true; /* nobody knows what follows */
}

static void end_extension(struct tar_scan *s)
{
	if (s->extension == TAR_GNU_NAME) {
		char *name = strndup(buf_text(&s->text), s->text_size);

		if (!name)
			mem_exhausted(s->text_size);
		set_path(s, name);
		free(name);
	} else if (s->extension == TAR_PAX &&
		   tar_header_each_pax(s->text.data, s->text_size, take_pax, s) < 0) {
		s->sparse = true;
	}
	s->text.len = 0;
	s->state = IN_HEADER;
}

static bool is_plain_file(const struct tar_scan *s, const struct tar_header *h, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

	return (h->type == TAR_FILE || h->type == '\0' || h->type == '7') && !s->sparse && *base &&
	       !str_after(base, ".wh.");
}

static void begin_contents(struct tar_scan *s, const struct tar_header *h)
{
	const char *path = s->path ? s->path : h->name;
	int64_t size = s->next_size >= 0 ? s->next_size : h->size;

	if (size > INT64_MAX - TAR_BLOCK) {
		s->state = IN_REST;
		return;
	}
	/* Links, devices and directories have no contents, whatever their size says. */
	if (h->type >= TAR_HARDLINK && h->type <= TAR_FIFO)
		size = 0;
	if (size > 0 && is_plain_file(s, h, path)) {
		s->sink.file(s->sink.ctx, path, size);
		s->state = IN_FILE;
		s->left = size;
		s->padding = tar_padding(size);
	} else if (size > 0) {
		s->state = IN_OTHER;
		s->left = size + (int64_t)tar_padding(size);
	}
	free(take(&s->path));
	s->next_size = -1;
	s->sparse = false;
}

static void take_header(struct tar_scan *s)
{
	struct tar_header h;

	s->filled = 0;
	s->sink.raw(s->sink.ctx, s->block, TAR_BLOCK);
	if (tar_header_read(s->block, &h) < 0) {
		s->state = IN_REST;
		return;
	}
	if (h.type != TAR_PAX && h.type != TAR_GNU_NAME && h.type != TAR_GNU_LINK &&
	    h.type != TAR_PAX_GLOBAL) {
		begin_contents(s, &h);
		return;
	}
	if (h.size > EXTENSION_MAX) {
		s->state = IN_REST;
		return;
	}
	s->extension = h.type;
	s->text_size = (size_t)h.size;
	s->left = h.size + (int64_t)tar_padding(h.size);
	if (s->left)
		s->state = IN_EXTENSION;
}

static size_t min_size(size_t len, int64_t left)
{
	return left < (int64_t)len ? (size_t)left : len;
}

/* Takes some of the bytes, one at least. */
static size_t take_some(struct tar_scan *s, const char *data, size_t len)
{
	size_t n = len;

	switch (s->state) {
	case IN_HEADER:
		n = min_size(len, (int64_t)(TAR_BLOCK - s->filled));
		memcpy(s->block + s->filled, data, n);
		s->filled += n;
		if (s->filled == TAR_BLOCK)
			take_header(s);
		return n;
	case IN_REST:
		s->sink.raw(s->sink.ctx, data, len);
		return len;
	case IN_FILE:
		n = min_size(len, s->left);
		s->left -= (int64_t)n;
		if (s->left == 0) {
			s->state = s->padding ? IN_OTHER : IN_HEADER;
			s->left = (int64_t)s->padding;
		}
		return n;
	case IN_EXTENSION:
	case IN_OTHER:
		n = min_size(len, s->left);
		s->left -= (int64_t)n;
		s->sink.raw(s->sink.ctx, data, n);
		if (s->state == IN_EXTENSION)
			buf_add(&s->text, data, n);
		if (s->left == 0 && s->state == IN_EXTENSION)
			end_extension(s);
		else if (s->left == 0)
			s->state = IN_HEADER;
		return n;
	}
	return n;
}

void tar_scan_add(struct tar_scan *s, const void *data, size_t len)
{
	for (const char *at = data; len > 0;) {
		size_t n = take_some(s, at, len);

		at += n;
		len -= n;
	}
}

bool tar_scan_end(struct tar_scan *s)
{
	if (s->filled)
		s->sink.raw(s->sink.ctx, s->block, s->filled);
	s->filled = 0;
	return s->state != IN_FILE;
}
