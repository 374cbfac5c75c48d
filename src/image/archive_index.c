/*
 * archive_index.c - where the members of a tar file are
 *
 * Image archives have their directory at the end, so they are read by place, not in order: the
 * headers once, and then each member with pread(2), several at the same time. libarchive is given
 * the whole file as one mapped buffer, of which it only touches headers; where a member's contents
 * begin is where in that buffer it points to.
 */
#include "image/archive_index.h"

#include "base/own.h"
#include "base/str.h"
#include "image/tree_walk.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { MEMBERS_MAX = 100000, LINKS_MAX = 8 };

struct mapping {
	const char *start;
	size_t len;
	bool given;
};

static void mapping_cleanup(struct mapping *m)
{
	if (m->len)
		(void)munmap((void *)m->start, m->len);
}

static la_ssize_t give_all(struct archive *a, void *ctx, const void **ret)
{
	struct mapping *m = ctx;

	(void)a;
	if (m->given)
		return 0;
	m->given = true;
	*ret = m->start;
	return (la_ssize_t)m->len;
}

static int failed(struct archive *a, struct err *err)
{
	const char *why = archive_error_string(a);

	return err_set(err, -EINVAL, "the archive is damaged, or no tar: %s",
		       why ? why : "unknown error");
}

static int locate(struct archive *a, const struct mapping *map, struct archive_member *m,
		  struct err *err)
{
	const void *data;
	const char *at;
	size_t len;
	int64_t in_member;

	if (m->size == 0 || m->link)
		return 0;
	if (archive_read_data_block(a, &data, &len, &in_member) != ARCHIVE_OK)
		return failed(a, err);
	at = data;
	if (in_member != 0 || at < map->start || at > map->start + map->len)
		return err_set(err, -EINVAL, "the archive has a sparse member: %.100s", m->name);
	m->offset = at - map->start;
	if (m->size > (int64_t)map->len - m->offset)
		return err_set(err, -EINVAL, "the archive is cut off in %.100s", m->name);
	return 0;
}

/* "a/b" and "../c/d" give "c/d"; NULL when it leads out of the archive. */
static const char *resolve(const char *from, const char *link, struct arena *a)
{
	const char *slash = strrchr(from, '/');
	struct strv parts = { 0 }, names;

	if (link[0] == '/')
		return NULL;
	if (slash)
		parts = strv_split(a, arena_strndup(a, from, (size_t)(slash - from)), '/');
	names = strv_split(a, link, '/');
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.items[i];

		if (str_eq(name, "..")) {
			if (parts.n == 0)
				return NULL;
			parts.items[--parts.n] = NULL;
		} else if (*name && !str_eq(name, ".")) {
			strv_add(&parts, a, name);
		}
	}
	return strv_join(&parts, a, "/");
}

static int read_member(struct archive *a, struct archive_entry *ae, const struct mapping *map,
		       struct arena *arena, struct archive_member *m, struct err *err)
{
	const char *path = archive_entry_pathname(ae), *hard = archive_entry_hardlink(ae);
	const char *soft = archive_entry_symlink(ae);
	char name[PATH_MAX];

	if (!path || tree_walk_normalize(path, name) < 0)
		return err_set(err, -EINVAL, "the archive has a member with a bad name: %.100s",
			       path ? path : "");
	m->name = arena_strdup(arena, name);
	m->size = archive_entry_size(ae);
	if (hard && tree_walk_normalize(hard, name) == 0)
		m->link = arena_strdup(arena, name);
	else if (soft)
		m->link = resolve(m->name, soft, arena);
	else if (archive_entry_filetype(ae) != AE_IFREG)
		m->name = NULL; /* directories and the like say nothing */
	if ((hard || soft) && !m->link)
		return err_set(err, -EINVAL, "%.100s: a link to %.100s, out of the archive",
			       m->name, hard ? hard : soft);
	return m->name ? locate(a, map, m, err) : 0;
}

static int by_name(const void *x, const void *y)
{
	const struct archive_member *a = x, *b = y;
	int r = strcmp(a->name, b->name);

	return r ? r : a->order < b->order ? -1 : a->order > b->order;
}

static void sort(struct archive_index *index)
{
	size_t kept = 0;

	if (index->n)
		qsort(index->members, index->n, sizeof(*index->members), by_name);
	for (size_t i = 0; i < index->n; i++) {
		bool again = i + 1 < index->n &&
			     str_eq(index->members[i].name, index->members[i + 1].name);

		if (!again)
			index->members[kept++] = index->members[i];
	}
	index->n = kept;
}

static int read_members(struct archive *a, const struct mapping *map, struct arena *arena,
			struct archive_index *index, struct err *err)
{
	struct archive_entry *ae;
	size_t cap = 0;
	int r;

	while ((r = archive_read_next_header(a, &ae)) != ARCHIVE_EOF) {
		struct archive_member m = { .order = index->n };

		if (r < ARCHIVE_WARN)
			return failed(a, err);
		r = read_member(a, ae, map, arena, &m, err);
		if (r < 0)
			return r;
		if (!m.name)
			continue;
		if (index->n == MEMBERS_MAX)
			return err_set(err, -EFBIG, "the archive has more than %d members",
				       MEMBERS_MAX);
		if (index->n == cap) {
			struct archive_member *grown;

			cap = cap ? cap * 2 : 64;
			grown = arena_array(arena, cap, sizeof(*grown));
			if (index->n)
				memcpy(grown, index->members, index->n * sizeof(*grown));
			index->members = grown;
		}
		index->members[index->n++] = m;
	}
	sort(index);
	return 0;
}

static void free_archive(struct archive **a)
{
	(void)archive_read_free(*a);
}

int archive_index_read(int fd, struct arena *a, struct archive_index *ret, struct err *err)
{
	__attribute__((cleanup(free_archive))) struct archive *ar = archive_read_new();
	OWN(mapping) struct mapping map = { 0 };
	struct archive_index index = { .fd = fd };
	struct stat st;
	void *start;
	int r;

	if (fstat(fd, &st) < 0)
		return err_sys(err, "the archive");
	if (st.st_size == 0)
		return err_set(err, -EINVAL, "the archive is empty");
	start = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (start == MAP_FAILED)
		return err_sys(err, "mapping the archive");
	map.start = start;
	map.len = (size_t)st.st_size;
	(void)archive_read_support_format_tar(ar);
	if (archive_read_open(ar, &map, NULL, give_all, NULL) < ARCHIVE_WARN)
		return failed(ar, err);
	r = read_members(ar, &map, a, &index, err);
	if (r == 0)
		*ret = index;
	return r;
}

/* -- looking up -- */

static int to_name(const void *key, const void *member)
{
	return strcmp(key, ((const struct archive_member *)member)->name);
}

static const struct archive_member *find(const struct archive_index *index, const char *name)
{
	char normal[PATH_MAX];

	if (index->n == 0 || tree_walk_normalize(name, normal) < 0)
		return NULL;
	return bsearch(normal, index->members, index->n, sizeof(*index->members), to_name);
}

bool archive_index_has(const struct archive_index *index, const char *name)
{
	return find(index, name) != NULL;
}

int archive_index_find(const struct archive_index *index, const char *name, struct byte_range *ret,
		       struct err *err)
{
	const struct archive_member *m = find(index, name);

	for (int i = 0; m && m->link; i++)
		m = i < LINKS_MAX ? find(index, m->link) : NULL;
	if (!m)
		return err_set(err, -ENOENT, "the archive has no %.200s", name);
	*ret = (struct byte_range){ .fd = index->fd, .offset = m->offset, .size = m->size };
	return 0;
}

int archive_index_text(const struct archive_index *index, const char *name, size_t max,
		       struct arena *a, const char **ret, size_t *ret_len, struct err *err)
{
	struct byte_range range;
	size_t got = 0;
	char *text;
	int r = archive_index_find(index, name, &range, err);

	if (r < 0)
		return r;
	if (range.size > (int64_t)max)
		return err_set(err, -EFBIG, "%.200s: longer than %zu bytes", name, max);
	text = arena_alloc(a, (size_t)range.size + 1);
	while (got < (size_t)range.size) {
		ssize_t n = pread(range.fd, text + got, (size_t)range.size - got,
				  range.offset + (off_t)got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "reading %.200s", name);
		if (n == 0)
			return err_set(err, -EINVAL, "%.200s is cut off", name);
		got += (size_t)n;
	}
	*ret = text;
	*ret_len = got;
	return 0;
}
