/*
 * unpack.c - layers out of an archive into directories, several at once
 *
 * A layer is one pass over its bytes by two threads: one reads, inflates and hashes, the other one
 * takes the tar apart and writes files, which is mostly the kernel's work. So a single large layer
 * keeps two processors busy, and several layers at once fill what gaps there are. Threads get a
 * plan and return a result; between the two of a layer stands a ring of buffers, which libarchive
 * reads in place.
 *
 * All of it must be on the disk in the end. So that the disk does not idle until then, the thread
 * that waits for the others has it written out now and then.
 *
 * What a layer may cost is bounded, since a few kilobytes can describe files without end.
 */
#include "image/unpack.h"

#include "base/mem.h"
#include "base/own.h"
#include "image/growing.h"
#include "image/layer_tree.h"
#include "image/memory_budget.h"
#include "image/ring.h"
#include "codec/hash.h"
#include "image/tar_in.h"
#include "image/tar_record.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	REPORT_MS = 100,
	WORKERS_LEAST = 2,
	WORKERS_MOST = 8,    /* each has its buffers, two megabytes of them */
	FLUSH_SIZE = 8 << 20 /* bytes of the archive */
};
static const int64_t layer_bytes_max = (int64_t)1 << 40, layer_inodes_max = 8 << 20;

/* -- the side that reads -- */

struct feeder {
	struct unpack_job *job;
	const atomic_bool *stop;
	struct memory_budget *budget;
	struct ring *ring;
	int code;
	struct err err;
};

static int check_digest(const char *what, const char *want, const char *got, struct err *err)
{
	if (!want || str_eq(want, got))
		return 0;
	return err_set(err, -EINVAL, "%s has the digest %s, not %s", what, got, want);
}

/* Where the kernel cannot copy between two files by itself: through its pages. */
static ssize_t sendfile_at(int to_fd, int fd, off_t *from, off_t *to, int64_t left)
{
	ssize_t n;

	if (lseek(to_fd, *to, SEEK_SET) < 0)
		return -1;
	n = sendfile(to_fd, fd, from, (size_t)left);
	if (n > 0)
		*to += n;
	return n;
}

static int feed(struct feeder *f, struct decompress *d, struct hash *hash)
{
	ssize_t n;

	do {
		char *slot = ring_slot(f->ring);

		if (!slot || atomic_load(f->stop))
			return -ECANCELED;
		n = decompress_read(d, slot, RING_SLOT_SIZE, &f->err);
		if (n < 0)
			return (int)n;
		hash_add(hash, slot, (size_t)n);
		atomic_store(&f->job->taken, decompress_taken(d));
		if (n > 0)
			ring_push(f->ring, (size_t)n);
	} while (n > 0);
	return 0;
}

/* Where both digests must be the same, one hash tells: either it is plain, or it is wrong. */
static bool is_one_digest(const struct unpack_job *job)
{
	return job->blob_digest && str_eq(job->blob_digest, job->diff_id);
}

bool unpack_keeps(const struct unpack_job *job)
{
	return job->keep && (str_eq(job->packing, "gzip") || str_eq(job->packing, "zstd"));
}

static enum decompress_hash what_to_hash(const struct unpack_job *job)
{
	if (job->blob_digest && !is_one_digest(job))
		return DECOMPRESS_HASH_ALWAYS;
	return job->keep ? DECOMPRESS_HASH_COMPRESSED : DECOMPRESS_HASH_NOT;
}

/* The bytes as they came, within one file system without copying where it can share them. */
static int keep_bytes(const struct unpack_job *job, struct err *err)
{
	off_t from = job->range.offset, to = 0;
	int64_t left = job->range.size;

	while (left > 0) {
		ssize_t n =
			copy_file_range(job->range.fd, &from, job->keep_fd, &to, (size_t)left, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP))
			n = sendfile_at(job->keep_fd, job->range.fd, &from, &to, left);
		if (n < 0)
			return err_sys(err, "keeping it");
		if (n == 0)
			return err_set(err, -EINVAL, "the archive is cut off");
		left -= n;
	}
	return 0;
}

static int check_packed(struct feeder *f, struct decompress *d)
{
	struct unpack_job *job = f->job;
	enum decompress_hash what = what_to_hash(job);
	int r;

	if (what == DECOMPRESS_HASH_NOT ||
	    (what == DECOMPRESS_HASH_COMPRESSED && decompress_is_plain(d)))
		return 0;
	r = decompress_digest(d, job->packed, &f->err);
	if (r == 0)
		r = check_digest("it", job->blob_digest, job->packed, &f->err);
	if (decompress_is_plain(d))
		job->packed[0] = '\0';
	else if (r == 0 && job->keep_fd >= 0)
		r = keep_bytes(job, &f->err);
	return r;
}

static int feed_and_check(struct feeder *f)
{
	struct unpack_job *job = f->job;
	OWN(decompress) struct decompress *d = NULL;
	OWN(hash) struct hash hash = { NULL };
	const struct decompress_spec spec = { job->range, what_to_hash(job),
					      digest_algo_or_usual(job->blob_digest), f->budget };
	int r = decompress_open(&spec, &d, &f->err);

	if (r < 0)
		return r;
	job->packing = decompress_name(d);
	hash_init(&hash, DIGEST_SHA256);
	r = feed(f, d, &hash);
	if (r < 0)
		return r;
	hash_end(&hash, job->digest);
	r = check_digest("its content", job->diff_id, job->digest, &f->err);
	return r == 0 ? check_packed(f, d) : r;
}

static void *feeder_main(void *ctx)
{
	struct feeder *f = ctx;

	f->code = feed_and_check(f);
	/* A failure stops the other side; the end lets it finish. */
	if (f->code < 0)
		ring_stop(f->ring);
	ring_end(f->ring);
	return NULL;
}

/* -- the side that writes -- */

/* What libarchive reads passes by the record, if there is one. */
struct input {
	const struct unpack_job *job;
	struct ring *ring;
	bool begun;
	struct tar_record *record; /* or NULL */
};

static void input_cleanup(struct input *in)
{
	tar_record_cleanup(&in->record);
}

static la_ssize_t next_input(struct archive *a, void *ctx, const void **ret)
{
	struct input *in = ctx;
	size_t len = 0;

	(void)a;
	*ret = ring_next(in->ring, &len);
	/* Only when it has given something, or the end, does the other side know what it reads. */
	if (!in->begun && in->job->record_fd >= 0 && !unpack_keeps(in->job))
		in->record = tar_record_new(in->job->record_fd);
	in->begun = true;
	if (*ret && in->record)
		tar_record_add(in->record, *ret, len);
	return (la_ssize_t)len;
}

static int check_limits(const struct layer_tree *t, struct err *err)
{
	if (layer_tree_size(t) > layer_bytes_max)
		return err_set(err, -EFBIG, "more than %lld bytes in one layer",
			       (long long)layer_bytes_max);
	if (layer_tree_inodes(t) > layer_inodes_max)
		return err_set(err, -EFBIG, "more than %lld files in one layer",
			       (long long)layer_inodes_max);
	return 0;
}

static int unpack_entry(struct archive *a, struct archive_entry *ae, struct layer_tree *t,
			const struct input *in, struct err *err)
{
	struct layer_xattr xattrs[TAR_IN_XATTRS_MAX];
	struct layer_entry e;
	struct err other = ERR_INIT;
	OWN(fd) int fd = -1;
	int r = tar_in_entry(ae, xattrs, &e, err);

	if (r == 0 && S_ISREG(e.mode) && !e.hardlink && e.size > layer_bytes_max)
		return err_set(err, -EFBIG, "%.200s: too large", e.path);
	if (r == 0)
		r = layer_tree_add(t, &e, &fd, err);
	if (r == 0)
		r = check_limits(t, err);
	if (r < 0 || fd < 0)
		return r;
	if (e.size > 0)
		r = tar_in_contents(a, &e, fd, err);
	if (layer_tree_close(t, &e, &fd, &other) < 0 && r == 0) {
		r = other.code;
		*err = other;
	}
	if (r == 0 && in->record)
		tar_record_wrote(in->record, e.path, e.size);
	return r;
}

static int unpack_entries(struct archive *a, struct layer_tree *t, const struct input *in,
			  const atomic_bool *stop, struct err *err)
{
	struct archive_entry *ae;
	int r;

	while ((r = archive_read_next_header(a, &ae)) != ARCHIVE_EOF) {
		if (r < ARCHIVE_WARN)
			return tar_in_failed(a, err);
		r = atomic_load(stop) ? -ECANCELED : unpack_entry(a, ae, t, in, err);
		if (r < 0)
			return r;
	}
	return layer_tree_finish(t, err);
}

static void free_archive(struct archive **a)
{
	(void)archive_read_free(*a);
}

static int write_layer(struct unpack_job *job, struct ring *ring, const atomic_bool *stop,
		       struct err *err)
{
	__attribute__((cleanup(free_archive))) struct archive *a = archive_read_new();
	OWN(layer_tree) struct layer_tree *t = layer_tree_new(job->dirfd);
	__attribute__((cleanup(input_cleanup))) struct input in = { .job = job, .ring = ring };
	const void *rest;
	int r;

	if (!a)
		mem_exhausted(0);
	(void)archive_read_support_format_tar(a);
	(void)archive_read_support_format_empty(a);
	r = archive_read_open(a, &in, NULL, next_input, NULL);
	r = r < ARCHIVE_WARN ? tar_in_failed(a, err) : unpack_entries(a, t, &in, stop, err);
	if (r < 0)
		return r;
	/* What follows the tar's end counts for the digest. */
	while (next_input(a, &in, &rest) > 0)
		;
	/* Without a record the layer is as good as any, but its tar cannot be had again. */
	r = in.record ? tar_record_end(in.record, layer_tree_has_lost(t)) : 0;
	if (r < 0 && r != -ENODATA)
		return err_code(err, r, "recording it");
	job->size = layer_tree_size(t);
	job->inodes = layer_tree_inodes(t);
	return 0;
}

/* What is damaged may not be what was asked for: then that is the message. */
static int blame_bytes(struct unpack_job *job, int r)
{
	struct err err = ERR_INIT;
	OWN(mem) char *block = NULL;
	OWN(hash) struct hash hash = { NULL };
	struct byte_range at = job->range;
	char digest[DIGEST_TEXT];

	block = mem_alloc(RING_SLOT_SIZE);
	hash_init(&hash, digest_algo_or_usual(job->blob_digest));
	for (const int64_t end = at.offset + at.size; at.offset < end;) {
		int64_t ready = growing_wait(at.growing, at.offset, &err);
		size_t size = ready - at.offset > RING_SLOT_SIZE ? RING_SLOT_SIZE
								 : (size_t)(ready - at.offset);
		ssize_t n = ready < 0 ? -1 : pread(at.fd, block, size, at.offset);

		if (n <= 0)
			return r;
		hash_add(&hash, block, (size_t)n);
		at.offset += n;
	}
	hash_end(&hash, digest);
	if (str_eq(digest, job->blob_digest))
		return r;
	return err_set(&job->err, -EBADMSG, "it has the digest %s, not %s", digest,
		       job->blob_digest);
}

static bool is_damage(int r)
{
	return r == -EINVAL || r == -EFBIG;
}

static int unpack_one(struct unpack_job *job, struct ring *ring, const atomic_bool *stop,
		      struct memory_budget *budget)
{
	struct feeder feeder = { .job = job, .stop = stop, .budget = budget, .ring = ring };
	pthread_t thread;
	int r = -pthread_create(&thread, NULL, feeder_main, &feeder);

	if (r < 0)
		return err_code(&job->err, r, "%s: making a thread", job->name);
	r = write_layer(job, ring, stop, &job->err);
	if (r < 0)
		ring_stop(ring);
	(void)pthread_join(thread, NULL);
	/* When both failed, the writer has only seen that its input ended. */
	if (feeder.code < 0 && (r == 0 || feeder.err.code || atomic_load(stop))) {
		job->err = feeder.err;
		r = feeder.code;
	}
	if (is_damage(r) && job->range.growing && job->blob_digest && !atomic_load(stop))
		r = blame_bytes(job, r);
	return r < 0 && job->err.code ? err_wrap(&job->err, "%s", job->name) : r;
}

/* -- many -- */

struct unpack_pool {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* for the threads: a job, or the end */
	pthread_cond_t noticed; /* for who waits for them */
	struct unpack_job **queue;
	size_t offered, taken, done, cap;
	bool finished, woken;
	atomic_bool stop;
	struct memory_budget budget;
	pthread_t *threads;
	size_t n_threads;
};

static size_t count_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : (size_t)CPU_COUNT(&set);
}

/* The next job, or NULL when no more comes. */
static struct unpack_job *next_job(struct unpack_pool *p)
{
	struct unpack_job *job = NULL;

	(void)pthread_mutex_lock(&p->lock);
	while (!p->finished && p->taken == p->offered)
		(void)pthread_cond_wait(&p->changed, &p->lock);
	if (p->taken < p->offered)
		job = p->queue[p->taken++];
	(void)pthread_mutex_unlock(&p->lock);
	return job;
}

static void end_job(struct unpack_pool *p, struct unpack_job *job)
{
	(void)pthread_mutex_lock(&p->lock);
	atomic_store(&job->ended, true);
	p->done++;
	p->woken = true;
	(void)pthread_cond_signal(&p->noticed);
	(void)pthread_mutex_unlock(&p->lock);
}

static void *worker_main(void *ctx)
{
	struct unpack_pool *p = ctx;
	struct unpack_job *job;
	struct ring ring;

	ring_init(&ring);
	while ((job = next_job(p))) {
		ring_reset(&ring);
		job->code = atomic_load(&p->stop) ? -ECANCELED
						  : unpack_one(job, &ring, &p->stop, &p->budget);
		end_job(p, job);
	}
	ring_done(&ring);
	return NULL;
}

struct unpack_pool *unpack_start(size_t most)
{
	struct unpack_pool *p = mem_alloc(sizeof(*p));
	size_t threads = count_processors();

	threads = threads < WORKERS_LEAST ? WORKERS_LEAST : threads;
	threads = threads > WORKERS_MOST ? WORKERS_MOST : threads;
	threads = threads > most ? most : threads;
	(void)pthread_mutex_init(&p->lock, NULL);
	(void)pthread_cond_init(&p->changed, NULL);
	(void)pthread_cond_init(&p->noticed, NULL);
	memory_budget_init(&p->budget);
	p->threads = mem_alloc((threads ? threads : 1) * sizeof(*p->threads));
	while (p->n_threads < threads &&
	       pthread_create(&p->threads[p->n_threads], NULL, worker_main, p) == 0)
		p->n_threads++;
	return p;
}

void unpack_offer(struct unpack_pool *p, struct unpack_job *job)
{
	job->code = 0;
	job->err = (struct err)ERR_INIT;
	atomic_store(&job->taken, 0);
	atomic_store(&job->ended, false);
	if (p->n_threads == 0) { /* no thread is to be had */
		p->offered++;
		p->done++;
		job->code = err_set(&job->err, -EAGAIN, "%s: no thread to unpack it", job->name);
		atomic_store(&job->ended, true);
		return;
	}
	(void)pthread_mutex_lock(&p->lock);
	if (p->offered == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 16;
		p->queue = mem_resize(p->queue, p->cap, sizeof(*p->queue));
	}
	p->queue[p->offered++] = job;
	(void)pthread_cond_signal(&p->changed);
	(void)pthread_mutex_unlock(&p->lock);
}

bool unpack_wait(struct unpack_pool *p, int wait_ms)
{
	struct timespec until;
	bool all;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += wait_ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&p->lock);
	if (!p->woken)
		(void)pthread_cond_clockwait(&p->noticed, &p->lock, CLOCK_MONOTONIC, &until);
	p->woken = false;
	all = p->done == p->offered;
	(void)pthread_mutex_unlock(&p->lock);
	return all;
}

void unpack_wake(struct unpack_pool *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->woken = true;
	(void)pthread_cond_signal(&p->noticed);
	(void)pthread_mutex_unlock(&p->lock);
}

void unpack_stop(struct unpack_pool *p)
{
	atomic_store(&p->stop, true);
}

void unpack_finish(struct unpack_pool *p)
{
	(void)pthread_mutex_lock(&p->lock);
	p->finished = true;
	(void)pthread_cond_broadcast(&p->changed);
	(void)pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->n_threads; i++)
		(void)pthread_join(p->threads[i], NULL);
	(void)pthread_cond_destroy(&p->noticed);
	(void)pthread_cond_destroy(&p->changed);
	(void)pthread_mutex_destroy(&p->lock);
	memory_budget_done(&p->budget);
	free(p->threads);
	free(p->queue);
	free(p);
}

/* -- all of an archive -- */

static int largest_first(const void *x, const void *y)
{
	const struct unpack_job *a = *(struct unpack_job *const *)x,
				*b = *(struct unpack_job *const *)y;

	return a->range.size < b->range.size ? 1 : a->range.size > b->range.size ? -1 : 0;
}

static void report(const struct image_progress *progress, struct unpack_job *jobs, size_t n)
{
	OWN(mem) struct image_progress_layer *layers = mem_alloc(n * sizeof(*layers));

	for (size_t i = 0; i < n; i++)
		layers[i] = (struct image_progress_layer){
			.digest = jobs[i].diff_id ? jobs[i].diff_id : jobs[i].name,
			.taken = atomic_load(&jobs[i].taken),
			.total = jobs[i].range.size,
			.ended = atomic_load(&jobs[i].ended),
		};
	progress->report(progress->ctx, layers, n);
}

static int64_t taken_by_all(struct unpack_job *jobs, size_t n)
{
	int64_t taken = 0;

	for (size_t i = 0; i < n; i++)
		taken += atomic_load(&jobs[i].taken);
	return taken;
}

static bool has_failed(const struct unpack_job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (atomic_load(&jobs[i].ended) && jobs[i].code < 0)
			return true;
	return false;
}

/* While others unpack: reports, and a disk that is not idle until the end. */
static void watch(struct unpack_pool *p, const struct image_progress *progress,
		  struct unpack_job *jobs, size_t n)
{
	int64_t flushed = 0;
	bool all;

	do {
		int64_t taken = taken_by_all(jobs, n);

		all = unpack_wait(p, REPORT_MS);
		if (progress && progress->report)
			report(progress, jobs, n);
		if (has_failed(jobs, n))
			unpack_stop(p);
		if (!all && taken - flushed >= FLUSH_SIZE) {
			/* What fails here fails again, and is reported, when the layers are placed.
			 */
			(void)syncfs(jobs[0].dirfd);
			flushed = taken;
		}
	} while (!all);
}

static int first_failure(struct unpack_job *const *jobs, size_t n, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		const struct unpack_job *job = jobs[i];

		/* Those that were stopped have nothing to say. */
		if (job->code < 0 && (r == 0 || r == -ECANCELED)) {
			r = job->code;
			if (err && job->err.code)
				*err = job->err;
		}
	}
	return r;
}

int unpack_all(struct unpack_job *jobs, size_t n, const struct image_progress *progress,
	       struct err *err)
{
	OWN(mem) struct unpack_job **order = mem_alloc(n * sizeof(*order));
	OWN(unpack_pool) struct unpack_pool *p = NULL;

	if (n == 0)
		return 0;
	p = unpack_start(n);
	for (size_t i = 0; i < n; i++)
		order[i] = &jobs[i];
	qsort(order, n, sizeof(*order), largest_first);
	for (size_t i = 0; i < n; i++)
		unpack_offer(p, order[i]);
	watch(p, progress, jobs, n);
	return first_failure(order, n, err);
}
