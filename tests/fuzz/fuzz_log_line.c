/*
 * fuzz_log_line.c - whatever a container prints becomes one entry that fits its buffer and is read
 * back; and no entry, however broken, is read beyond its end
 */
#include "codec/log_line.h"

#include "base/own.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read(const uint8_t *data, size_t size)
{
	static char out[LOG_LINE_MAX];
	struct log_line line = { .text = (const char *)data, .stream = "stderr", .time = 1 }, back;
	size_t n;

	line.len = log_line_cut((const char *)data, size);
	line.ends = size % 2;
	n = log_line_write(&line, out);
	if (n > sizeof(out) || memchr(out, '\n', n) != out + n - 1)
		abort();
	if (log_line_read(out, n, &back) < 0 || back.time != 1 || strcmp(back.stream, "stderr"))
		abort();
	if (back.len < line.len - (line.ends ? 0 : line.len > 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct log_line line;

	if (size <= LOG_LINE_TEXT_MAX)
		write_and_read(data, size);
	memcpy(copy, data, size);
	(void)log_line_read(copy, size, &line);
	free(copy);
	return 0;
}
