/*
 * fuzz_tar_record.c - hostile tars (first byte 't') and hostile records of tars
 *
 * What the scan hands on and what it counts as contents are together as long as the tar.
 */
#include "base/own.h"
#include "codec/tar_ops.h"
#include "codec/tar_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct count {
	size_t raw, contents;
};

static void count_raw(void *ctx, const void *data, size_t len)
{
	(void)data;
	((struct count *)ctx)->raw += len;
}

static void count_file(void *ctx, const char *path, int64_t size)
{
	if (size <= 0 || !*path)
		__builtin_trap();
	((struct count *)ctx)->contents += (size_t)size;
}

static void scan(const uint8_t *data, size_t size)
{
	struct count c = { 0 };
	const struct tar_scan_sink sink = { count_raw, count_file, &c };
	OWN(tar_scan) struct tar_scan *s = tar_scan_new(&sink);

	for (size_t at = 0; at < size; at += 100)
		tar_scan_add(s, data + at, size - at < 100 ? size - at : 100);
	if (tar_scan_end(s) && c.raw + c.contents != size)
		__builtin_trap();
}

struct source {
	const uint8_t *data;
	size_t left;
};

static ssize_t read_source(void *ctx, void *buf, size_t size)
{
	struct source *s = ctx;
	size_t n = s->left < size ? s->left : size;

	memcpy(buf, s->data, n);
	s->data += n;
	s->left -= n;
	return (ssize_t)n;
}

static void read_ops(const uint8_t *data, size_t size)
{
	static struct tar_op op;
	struct source source = { data, size };
	struct tar_ops_reader r = { .read = read_source, .ctx = &source };
	char text[64];

	while (tar_ops_next(&r, &op) == 0 && op.kind != TAR_OP_END) {
		if (op.size < 0 || (op.kind == TAR_OP_FILE && !op.path[0]))
			__builtin_trap();
		(void)tar_ops_raw(&r, text, sizeof(text));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && data[0] == 't')
		scan(data + 1, size - 1);
	else
		read_ops(data, size);
	return 0;
}
