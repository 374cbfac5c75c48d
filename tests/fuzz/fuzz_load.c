/*
 * fuzz_load.c - hostile archives: what load finds in them and plans to unpack
 *
 * Raw bytes after a 't' are an archive. Anything else is a list of members that a tar is made of,
 * each NAME, a newline and contents, with the byte 30 between: in contents @N and #N become digest
 * and size of the Nth member, and a member without a name is a blob, named by its own. So the
 * documents may hang together as they must, without the fuzzer computing a digest.
 */
#include "base/mem.h"
#include "base/own.h"
#include "codec/hash.h"
#include "codec/tar_header.h"
#include "image/load_plan.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMBERS_MAX = 10, SEPARATOR = 30 };

struct members {
	char digests[MEMBERS_MAX][DIGEST_TEXT];
	size_t sizes[MEMBERS_MAX];
	size_t n;
};

static void add_contents(const struct members *m, const char *p, const char *end, struct buf *out)
{
	for (; p < end; p++) {
		size_t at = p + 1 < end && p[1] >= '0' && p[1] <= '9' ? (size_t)(p[1] - '0') : m->n;

		if ((*p != '@' && *p != '#') || at >= m->n) {
			buf_addc(out, *p);
			continue;
		}
		if (*p == '@')
			buf_adds(out, m->digests[at]);
		else
			buf_printf(out, "%zu", m->sizes[at]);
		p++;
	}
}

static void add_file(const char *name, const struct buf *contents, struct buf *tar)
{
	static const char zeros[TAR_BLOCK];
	char header[TAR_BLOCK] = "";
	unsigned sum = 0;

	(void)snprintf(header, 100, "%s", name);
	(void)snprintf(header + 100, 8, "%07o", 0644U);
	(void)snprintf(header + 108, 8, "%07o", 0U);
	(void)snprintf(header + 116, 8, "%07o", 0U);
	(void)snprintf(header + 124, 12, "%011zo", contents->len);
	(void)snprintf(header + 136, 12, "%011o", 0U);
	memcpy(header + 148, "        ", 8);
	header[156] = '0';
	memcpy(header + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	(void)snprintf(header + 148, 8, "%06o", sum);
	buf_add(tar, header, sizeof(header));
	buf_add(tar, buf_text(contents), contents->len);
	buf_add(tar, zeros, (TAR_BLOCK - contents->len % TAR_BLOCK) % TAR_BLOCK);
}

static void make_tar(const char *p, const char *end, struct buf *tar)
{
	struct members m = { 0 };

	while (p < end && m.n < MEMBERS_MAX) {
		OWN(buf) struct buf contents = { 0 };
		const char *stop = memchr(p, SEPARATOR, (size_t)(end - p));
		const char *line = NULL;
		char name[100];

		stop = stop ? stop : end;
		line = memchr(p, '\n', (size_t)(stop - p));
		line = line ? line : stop;
		add_contents(&m, line < stop ? line + 1 : stop, stop, &contents);
		(void)snprintf(name, sizeof(name), "%.*s", (int)(line - p), p);
		hash_of(DIGEST_SHA256, buf_text(&contents), contents.len, m.digests[m.n]);
		m.sizes[m.n] = contents.len;
		if (!name[0])
			(void)snprintf(name, sizeof(name), "blobs/sha256/%s",
				       digest_hex(m.digests[m.n]));
		m.n++;
		add_file(name, &contents, tar);
		p = stop + 1;
	}
}

/* What a plan says must be within the archive, and each layer in it once. */
static void check(const struct load_plan *plan, off_t size)
{
	for (size_t i = 0; i < plan->n_layers; i++) {
		const struct byte_range *at = &plan->layers[i].range;

		if (!digest_is_sha256(plan->layers[i].diff_id) || at->offset < 0 || at->size < 0 ||
		    at->offset + at->size > size)
			__builtin_trap();
	}
	for (size_t i = 0; i < plan->n_images; i++)
		if (!digest_is_sha256(plan->images[i].doc.id))
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(fd) int fd = memfd_create("archive", MFD_CLOEXEC);
	OWN(buf) struct buf tar = { 0 };
	struct archive_index index;
	struct load_plan plan = { .a = &a, .index = &index };
	struct err err = ERR_INIT;

	if (size && data[0] == 't')
		buf_add(&tar, data + 1, size - 1);
	else
		make_tar((const char *)data, (const char *)data + size, &tar);
	if (fd < 0 || write(fd, buf_text(&tar), tar.len) != (ssize_t)tar.len ||
	    lseek(fd, 0, SEEK_SET) != 0)
		return 0;
	if (archive_index_read(fd, &a, &index, &err) == 0 && load_plan_make(&plan, &err) == 0)
		check(&plan, (off_t)tar.len);
	else if (!err.msg[0])
		__builtin_trap();
	return 0;
}
