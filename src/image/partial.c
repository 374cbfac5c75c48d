/*
 * partial.c - a blob of which a part is there, to be gone on with
 *
 * Bytes are written before they are counted, so a killed process leaves a count that is true. After
 * a power cut it may not be: the digest tells. The lock (flock(2)) belongs to the file, not to its
 * name: whoever gets it looks whether the file still has the name.
 */
#include "image/partial.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/digest.h"
#include "sys/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

enum { PAGE = 4096 };

/* What stands behind the blob, from the next page on; the counts of chunks follow. */
struct trailer {
	char magic[8];
	int64_t size;
};
static const struct trailer trailer_of_this_version = { .magic = "berth 1" };

static off_t trailer_start(const struct partial *p)
{
	return (p->size + PAGE - 1) / PAGE * PAGE;
}

static off_t counts_start(const struct partial *p)
{
	return trailer_start(p) + (off_t)sizeof(struct trailer);
}

int64_t partial_chunk_start(size_t chunk)
{
	return (int64_t)chunk * PARTIAL_CHUNK;
}

int64_t partial_chunk_size(const struct partial *p, size_t chunk)
{
	int64_t left = p->size - partial_chunk_start(chunk);

	return left < PARTIAL_CHUNK ? left : PARTIAL_CHUNK;
}

static void mark_complete(struct partial *p)
{
	for (size_t i = 0; i < p->n_chunks; i++)
		p->done[i] = p->noted[i] = partial_chunk_size(p, i);
}

static bool is_sound(const struct partial *p)
{
	for (size_t i = 0; i < p->n_chunks; i++)
		if (p->done[i] < 0 || p->done[i] > partial_chunk_size(p, i))
			return false;
	return true;
}

int partial_reset(struct partial *p, struct err *err)
{
	struct trailer t = trailer_of_this_version;
	ssize_t counts = (ssize_t)(p->n_chunks * sizeof(*p->done));

	t.size = p->size;
	memset(p->done, 0, (size_t)counts);
	memset(p->noted, 0, (size_t)counts);
	if (ftruncate(p->fd, 0) < 0 ||
	    pwrite(p->fd, &t, sizeof(t), trailer_start(p)) != (ssize_t)sizeof(t) ||
	    pwrite(p->fd, p->done, (size_t)counts, counts_start(p)) != counts)
		return err_code(err, errno ? -errno : -ENOSPC, "partial/%s", p->name);
	return 0;
}

/* What is there already; a file that says nothing sound says nothing. */
static int read_state(struct partial *p, off_t length, struct err *err)
{
	struct trailer t;
	ssize_t counts = (ssize_t)(p->n_chunks * sizeof(*p->done));

	if (length == p->size && length > 0) { /* complete, and not yet a blob */
		mark_complete(p);
		return 0;
	}
	if (length == counts_start(p) + counts &&
	    pread(p->fd, &t, sizeof(t), trailer_start(p)) == (ssize_t)sizeof(t) &&
	    memcmp(t.magic, trailer_of_this_version.magic, sizeof(t.magic)) == 0 &&
	    t.size == p->size && pread(p->fd, p->done, (size_t)counts, counts_start(p)) == counts &&
	    is_sound(p)) {
		memcpy(p->noted, p->done, (size_t)counts);
		return 0;
	}
	return partial_reset(p, err);
}

/* 1: locked, and the file has still the name; 0: it has not; or a negative errno. */
static int lock_file(const struct image_dirs *dirs, const struct partial *p, off_t *ret_length)
{
	struct stat ours, named;
	int r = file_lock(p->fd, false);

	if (r < 0)
		return r;
	if (fstat(p->fd, &ours) < 0)
		return -errno;
	if (fstatat(dirs->partial, p->name, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	*ret_length = ours.st_size;
	return ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

/* ALGORITHM-HEX, since a digest's colon is no good in a file's name everywhere. */
static void name_of(const char *digest, char name[DIGEST_TEXT])
{
	(void)snprintf(name, DIGEST_TEXT, "%s-%s", digest_algo_name(digest_algo_or_usual(digest)),
		       digest_hex(digest));
}

int partial_open(const struct image_dirs *dirs, const char *digest, int64_t size,
		 struct partial *ret, struct err *err)
{
	struct partial p = { .fd = -1, .size = size };
	off_t length = 0;
	int r = 0;

	if (size < 0 || size > partial_size_max)
		return err_set(err, -EFBIG, "%s has %lld bytes; at most %lld are taken", digest,
			       (long long)size, (long long)partial_size_max);
	name_of(digest, p.name);
	while (r == 0) {
		fd_cleanup(&p.fd);
		p.fd = openat(dirs->partial, p.name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			      0600);
		r = p.fd < 0 ? -errno : lock_file(dirs, &p, &length);
	}
	if (r > 0) {
		p.n_chunks = (size_t)((size + PARTIAL_CHUNK - 1) / PARTIAL_CHUNK);
		p.done = mem_alloc((p.n_chunks + 1) * sizeof(*p.done));
		p.noted = mem_alloc((p.n_chunks + 1) * sizeof(*p.noted));
		r = read_state(&p, length, err);
	} else if (r != -EWOULDBLOCK) {
		(void)err_code(err, r, "partial/%s", p.name);
	}
	if (r < 0)
		partial_close(&p);
	else
		*ret = p;
	return r;
}

void partial_close(struct partial *p)
{
	fd_cleanup(&p->fd);
	free(p->done);
	free(p->noted);
	p->done = p->noted = NULL;
}

void partial_remove(const struct image_dirs *dirs, struct partial *p)
{
	/* While we have the lock. */
	if (p->fd >= 0)
		(void)unlinkat(dirs->partial, p->name, 0);
	partial_close(p);
}

int partial_write(struct partial *p, size_t chunk, const void *bytes, size_t n, struct err *err)
{
	off_t at = partial_chunk_start(chunk) + p->done[chunk];

	if ((int64_t)n > partial_chunk_size(p, chunk) - p->done[chunk])
		return err_set(err, -EBADMSG, "more bytes than were asked for");
	while (n > 0) {
		ssize_t w = pwrite(p->fd, bytes, n, at);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_sys(err, "partial/%s", p->name);
		bytes = (const char *)bytes + w;
		n -= (size_t)w;
		at += w;
	}
	return 0;
}

void partial_note(struct partial *p, size_t chunk)
{
	/* Without it, more is downloaded again: no failure. */
	if (p->noted[chunk] == p->done[chunk] ||
	    pwrite(p->fd, &p->done[chunk], sizeof(p->done[chunk]),
		   counts_start(p) + (off_t)(chunk * sizeof(*p->done))) < 0)
		return;
	p->noted[chunk] = p->done[chunk];
}

int64_t partial_ready(const struct partial *p)
{
	for (size_t i = 0; i < p->n_chunks; i++)
		if (p->done[i] < partial_chunk_size(p, i))
			return partial_chunk_start(i) + p->done[i];
	return p->size;
}

int partial_complete(struct partial *p, struct err *err)
{
	return ftruncate(p->fd, p->size) < 0 ? err_sys(err, "partial/%s", p->name) : 0;
}

int partial_place(const struct image_dirs *dirs, const char *digest)
{
	char name[DIGEST_TEXT];
	const char *hex = digest_hex(digest);
	int blobs = image_dirs_blobs(dirs, digest);

	name_of(digest, name);
	if (linkat(dirs->partial, name, blobs, hex, 0) == 0 || errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -errno;
	return faccessat(blobs, hex, F_OK, 0) < 0 ? -errno : 0;
}

void partial_forget(const struct image_dirs *dirs, const char *digest)
{
	char name[DIGEST_TEXT];

	name_of(digest, name);
	(void)unlinkat(dirs->partial, name, 0);
}

struct walk {
	const struct image_dirs *dirs;
	int64_t age_s; /* these are removed; -1: none */
	size_t n;
	int64_t bytes;
};

/* What has a name among the blobs, too, is complete, and nobody needs it here. */
static bool is_blob(const struct stat *st)
{
	return st->st_nlink > 1;
}

static void look_at(struct walk *w, const char *name)
{
	struct stat st;

	if (name[0] == '.' || fstatat(w->dirs->partial, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (w->age_s >= 0 && !is_blob(&st) && time(NULL) - st.st_mtime < w->age_s)
		return;
	if (w->age_s >= 0 && unlinkat(w->dirs->partial, name, 0) < 0)
		return;
	if (is_blob(&st))
		return; /* its space is the blob's */
	w->n++;
	w->bytes += (int64_t)st.st_blocks * 512;
}

static void walk(struct walk *w)
{
	int fd = w->dirs->partial < 0
			 ? -1
			 : openat(w->dirs->partial, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		fd_cleanup(&fd);
		return;
	}
	while ((e = readdir(dir)))
		look_at(w, e->d_name);
	(void)closedir(dir);
}

void partial_sweep(const struct image_dirs *dirs, int64_t age_s, int64_t *ret_freed)
{
	struct walk w = { .dirs = dirs, .age_s = age_s };

	walk(&w);
	if (ret_freed)
		*ret_freed += w.bytes;
}

void partial_usage(const struct image_dirs *dirs, size_t *ret_n, int64_t *ret_bytes)
{
	struct walk w = { .dirs = dirs, .age_s = -1 };

	walk(&w);
	*ret_n = w.n;
	*ret_bytes = w.bytes;
}
