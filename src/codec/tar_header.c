/*
 * tar_header.c - the 512 bytes before each member of a tar, and pax's extended records
 */
#include "codec/tar_header.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Of struct posix_header in tar.h of POSIX: where each field begins, and its length. */
enum {
	AT_NAME = 0,
	LEN_NAME = 100,
	AT_MODE = 100,
	AT_UID = 108,
	AT_GID = 116,
	LEN_ID = 8,
	AT_SIZE = 124,
	AT_MTIME = 136,
	LEN_NUMBER = 12,
	AT_SUM = 148,
	LEN_SUM = 8,
	AT_TYPE = 156,
	AT_LINK = 157,
	AT_MAGIC = 257,
	AT_MAJOR = 329,
	AT_MINOR = 337,
	AT_PREFIX = 345,
	LEN_PREFIX = 155,
};

static const int64_t id_max = 07777777, number_max = 077777777777;

/* -- writing -- */

/* Octal digits and a NUL; what does not fit stands in a pax record, and is 0 here. */
static void put_number(char *block, size_t at, size_t len, int64_t value, int64_t max)
{
	char text[32];

	if (value < 0 || value > max)
		value = 0;
	(void)snprintf(text, sizeof(text), "%0*llo", (int)len - 1, (unsigned long long)value);
	memcpy(block + at, text, len);
}

static void put_text(char *block, size_t at, size_t max, const char *s)
{
	size_t len = strlen(s);

	memcpy(block + at, s, len < max ? len : max);
}

static unsigned sum_of(const unsigned char *block)
{
	unsigned sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= AT_SUM && i < AT_SUM + LEN_SUM ? ' ' : block[i];
	return sum;
}

/* The length counts its own digits. */
static void add_pax(struct buf *out, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(key) + len + 3, total = rest + 1, digits;
	char text[24];

	do {
		digits = (size_t)snprintf(text, sizeof(text), "%zu", total);
		if (rest + digits == total)
			break;
		total = rest + digits;
	} while (true);
	buf_printf(out, "%zu %s=", total, key);
	buf_add(out, value, len);
	buf_addc(out, '\n');
}

static void add_pax_number(struct buf *out, const char *key, int64_t value)
{
	char text[24];

	add_pax(out, key, text, (size_t)snprintf(text, sizeof(text), "%lld", (long long)value));
}

static void add_pax_time(struct buf *out, const char *key, const struct timespec *t)
{
	char text[40];
	int len = snprintf(text, sizeof(text), "%lld.%09ld", (long long)t->tv_sec, t->tv_nsec);

	while (len > 0 && text[len - 1] == '0')
		len--;
	/* Before 1970 a fraction counts the other way; whole seconds are exact enough there. */
	if (t->tv_nsec == 0 || t->tv_sec < 0)
		len = snprintf(text, sizeof(text), "%lld", (long long)t->tv_sec);
	add_pax(out, key, text, (size_t)len);
}

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

static void add_sparse(const struct tar_entry *e, const char *path, struct buf *pax)
{
	add_pax_number(pax, "GNU.sparse.major", 1);
	add_pax_number(pax, "GNU.sparse.minor", 0);
	add_pax(pax, "GNU.sparse.name", path, strlen(path));
	add_pax_number(pax, "GNU.sparse.realsize", e->size);
}

/* "COUNT\n" and "OFFSET\nLENGTH\n" for each piece, padded to whole blocks. */
static void write_map(const struct tar_entry *e, struct buf *map)
{
	static const char zeros[TAR_BLOCK];

	if (!e->pieces)
		return;
	buf_printf(map, "%zu\n", e->n_pieces);
	for (size_t i = 0; i < e->n_pieces; i++)
		buf_printf(map, "%lld\n%lld\n", (long long)e->pieces[i].offset,
			   (long long)e->pieces[i].len);
	buf_add(map, zeros, tar_padding((int64_t)map->len));
}

static int64_t stored_size(const struct tar_entry *e, const struct buf *map)
{
	int64_t size = (int64_t)map->len;

	if (e->type != TAR_FILE)
		return 0;
	if (!e->pieces)
		return e->size;
	for (size_t i = 0; i < e->n_pieces; i++)
		size += e->pieces[i].len;
	return size;
}

static void gather_pax(const struct tar_entry *e, const char *path, int64_t size, bool fractions,
		       struct buf *pax)
{
	bool is_link = e->type == TAR_HARDLINK || e->type == TAR_SYMLINK;

	if (e->pieces)
		add_sparse(e, path, pax);
	else if (strlen(path) > LEN_NAME || !is_ascii(path))
		add_pax(pax, "path", path, strlen(path));
	if (is_link && (strlen(e->link) > LEN_NAME || !is_ascii(e->link)))
		add_pax(pax, "linkpath", e->link, strlen(e->link));
	if (size > number_max)
		add_pax_number(pax, "size", size);
	if (e->uid > id_max)
		add_pax_number(pax, "uid", e->uid);
	if (e->gid > id_max)
		add_pax_number(pax, "gid", e->gid);
	if ((fractions && e->mtime.tv_nsec) || e->mtime.tv_sec < 0 || e->mtime.tv_sec > number_max)
		add_pax_time(pax, "mtime", &e->mtime);
	for (size_t i = 0; i < e->n_xattrs; i++) {
		char key[512];

		(void)snprintf(key, sizeof(key), "SCHILY.xattr.%s", e->xattrs[i].name);
		add_pax(pax, key, e->xattrs[i].value, e->xattrs[i].len);
	}
}

static void finish_block(char *block, struct buf *out)
{
	char text[16];

	memcpy(block + AT_MAGIC, "ustar\00000", 8);
	(void)snprintf(text, sizeof(text), "%06o", sum_of((unsigned char *)block));
	memcpy(block + AT_SUM, text, 7);
	block[AT_SUM + 7] = ' ';
	buf_add(out, block, TAR_BLOCK);
}

/* A member of its own, before the one that it speaks of. */
static void write_pax(const struct buf *pax, const char *path, struct buf *out)
{
	static const char zeros[TAR_BLOCK];
	const char *slash = strrchr(path, '/'), *base = slash && slash[1] ? slash + 1 : path;
	char block[TAR_BLOCK] = { 0 }, name[LEN_NAME + 1];

	(void)snprintf(name, sizeof(name), "PaxHeaders.0/%.80s", base);
	put_text(block, AT_NAME, LEN_NAME, name);
	put_number(block, AT_MODE, LEN_ID, 0644, id_max);
	put_number(block, AT_UID, LEN_ID, 0, id_max);
	put_number(block, AT_GID, LEN_ID, 0, id_max);
	put_number(block, AT_SIZE, LEN_NUMBER, (int64_t)pax->len, number_max);
	put_number(block, AT_MTIME, LEN_NUMBER, 0, number_max);
	block[AT_TYPE] = TAR_PAX;
	finish_block(block, out);
	buf_add(out, pax->data, pax->len);
	buf_add(out, zeros, tar_padding((int64_t)pax->len));
}

void tar_header_write(const struct tar_entry *e, bool fractions, struct buf *out)
{
	struct buf pax = { 0 }, map = { 0 };
	char *path = str_printf("%s%s", e->path, e->type == TAR_DIRECTORY ? "/" : "");
	char block[TAR_BLOCK] = { 0 };
	int64_t size;

	write_map(e, &map);
	size = stored_size(e, &map);
	gather_pax(e, path, size, fractions, &pax);
	if (pax.len)
		write_pax(&pax, path, out);
	put_text(block, AT_NAME, LEN_NAME, path);
	put_number(block, AT_MODE, LEN_ID, e->mode & 07777, id_max);
	put_number(block, AT_UID, LEN_ID, e->uid, id_max);
	put_number(block, AT_GID, LEN_ID, e->gid, id_max);
	put_number(block, AT_SIZE, LEN_NUMBER, size, number_max);
	put_number(block, AT_MTIME, LEN_NUMBER, e->mtime.tv_sec, number_max);
	block[AT_TYPE] = (char)e->type;
	if (e->type == TAR_HARDLINK || e->type == TAR_SYMLINK)
		put_text(block, AT_LINK, LEN_NAME, e->link);
	if (e->type == TAR_CHAR || e->type == TAR_BLOCK_DEVICE) {
		put_number(block, AT_MAJOR, LEN_ID, e->major, id_max);
		put_number(block, AT_MINOR, LEN_ID, e->minor, id_max);
	}
	finish_block(block, out);
	if (map.len)
		buf_add(out, map.data, map.len);
	buf_done(&pax);
	buf_done(&map);
	free(path);
}

/* -- reading -- */

/* Octal digits among blanks and NULs, or GNU's base-256 with the highest bit set. */
static int get_number(const unsigned char *p, size_t len, int64_t *ret)
{
	uint64_t value = 0;
	size_t i = 0;

	if (p[0] & 0x80) {
		value = p[0] & 0x3f;
		for (i = 1; i < len; i++) {
			if (value >> 55)
				return -EINVAL;
			value = value << 8 | p[i];
		}
		*ret = (int64_t)value;
		return (p[0] & 0x40) ? -EINVAL : 0; /* negative */
	}
	while (i < len && (p[i] == ' ' || p[i] == '\0'))
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(p[i] - '0');
	if (i < len && p[i] != ' ' && p[i] != '\0')
		return -EINVAL;
	*ret = (int64_t)value;
	return 0;
}

static bool is_zero(const unsigned char *block)
{
	return block[0] == 0 && memcmp(block, block + 1, TAR_BLOCK - 1) == 0;
}

int tar_header_read(const unsigned char block[TAR_BLOCK], struct tar_header *ret)
{
	const char *text = (const char *)block;
	int64_t sum, size;

	if (is_zero(block))
		return -ENODATA;
	if (get_number(block + AT_SUM, LEN_SUM, &sum) < 0 || sum != (int64_t)sum_of(block) ||
	    get_number(block + AT_SIZE, LEN_NUMBER, &size) < 0)
		return -EINVAL;
	ret->type = text[AT_TYPE];
	ret->size = size;
	ret->name[0] = '\0';
	/* GNU's own format has other things where ustar has the prefix. */
	if (memcmp(text + AT_MAGIC, "ustar", 6) == 0 && text[AT_PREFIX])
		(void)snprintf(ret->name, sizeof(ret->name), "%.*s/%.*s", LEN_PREFIX,
			       text + AT_PREFIX, LEN_NAME, text + AT_NAME);
	else
		(void)snprintf(ret->name, sizeof(ret->name), "%.*s", LEN_NAME, text + AT_NAME);
	return 0;
}

int tar_header_each_pax(char *text, size_t len,
			void (*each)(void *ctx, const char *key, const char *value, size_t len),
			void *ctx)
{
	char *at = text, *end = text + len;

	while (at < end) {
		char *key, *equals, *record = at;
		size_t n = 0;

		while (at < end && isdigit((unsigned char)*at) && n < len)
			n = n * 10 + (size_t)(*at++ - '0');
		if (at == end || *at != ' ' || n > (size_t)(end - record) || record + n < at + 3 ||
		    record[n - 1] != '\n')
			return -EINVAL;
		key = at + 1;
		equals = memchr(key, '=', (size_t)(record + n - key));
		if (!equals)
			return -EINVAL;
		*equals = '\0';
		record[n - 1] = '\0';
		each(ctx, key, equals + 1, (size_t)(record + n - 1 - (equals + 1)));
		at = record + n;
	}
	return 0;
}
