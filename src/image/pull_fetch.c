/*
 * pull_fetch.c - the layers of a pull, downloaded and unpacked at once
 *
 * A layer's bytes go into a file below partial/, by several threads at several places of it; behind
 * them follows one that reads the file from the front, hashes, inflates and unpacks what is there.
 * So the network, the processors and the disk work at the same time, a layer is read once, and
 * memory does not depend on its size. What was downloaded before is read before what comes.
 *
 * The calling thread alone decides: which layers are begun, what is done about a failure. The
 * threads that download are told where by it. They and the caller meet at one lock.
 *
 * Two processes never write one file. Who finds it locked waits, and looks again: either the other
 * has brought the layer into the store, or it is dead and what it has downloaded is there. Locks
 * are held until the end, so that one of two equal pulls does all the work; but whoever waits lets
 * go of what it has completed, so that two pulls that wait for each other do not wait for ever.
 *
 * A file that was gone on with may not be what it should be, and so may what a mirror sends. Then
 * it is downloaded again as a whole, which lets the registry's client tell who lied.
 */
#include "image/pull_fetch.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/digest.h"
#include "image/growing.h"
#include "image/partial.h"
#include "sys/rmtree.h"

#include <pthread.h>
#include <sys/stat.h>

enum {
	WAIT_MS = 50,
	ATTEMPTS = 3,
	THREADS_PER_LAYER = 2, /* on the average */
	THREADS_ON_ONE = 4,
	NOTE_SIZE = 1 << 20,
	FLUSH_SIZE = 8 << 20
};

enum blob_state {
	BLOB_WAITING,  /* not begun */
	BLOB_LOCKED,   /* another process is at it */
	BLOB_FETCHING, /* also while it is unpacked */
	BLOB_DONE,
	BLOB_PRESENT, /* another process brought it */
};

struct blob {
	struct add_layer *layer;
	struct unpack_job job;
	struct growing growing;
	struct partial file;
	bool *claimed; /* chunks that a thread is at, or has completed */
	enum blob_state state;
	size_t threads;
	int attempts;
	struct err lie; /* what was wrong at the first one */
	bool whole;     /* in one piece */
	bool bad;       /* its bytes are of no use */
};

struct fetch {
	struct image_add *add;
	const struct pull_fetch_spec *spec;
	struct blob *blobs;
	size_t n;
	struct unpack_pool *unpack;
	/* under the lock: the states, claims and counts of blobs that are being fetched */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool finished;
	bool bad; /* the image is none, and what was downloaded is of no use */
	pthread_t *threads;
	size_t n_threads;
	int64_t flushed;
	struct err *err;
};

/* -- the threads that download -- */

struct piece {
	struct fetch *f;
	struct blob *b;
	size_t chunk;
};

static bool is_whole_fetched(const struct blob *b)
{
	return partial_ready(&b->file) == b->file.size;
}

/* The next chunk of a layer that nobody is at. */
static bool claim_chunk(struct blob *b, size_t *ret)
{
	for (size_t i = 0; i < b->file.n_chunks; i++) {
		if (b->claimed[i] || b->file.done[i] == partial_chunk_size(&b->file, i))
			continue;
		b->claimed[i] = true;
		*ret = i;
		return true;
	}
	return false;
}

/* A chunk of the layer on which the fewest are at work. */
static bool claim(struct fetch *f, struct piece *ret)
{
	for (size_t most = 0; most < THREADS_ON_ONE; most++) {
		for (size_t i = 0; i < f->n; i++) {
			struct blob *b = &f->blobs[i];

			if (b->state != BLOB_FETCHING || b->threads != most ||
			    (b->whole && b->threads) || atomic_load(&b->job.ended))
				continue;
			if (claim_chunk(b, &ret->chunk)) {
				b->threads++;
				ret->b = b;
				return true;
			}
		}
	}
	return false;
}

/* In a file that is fetched as a whole, pieces of a chunk's size follow each other. */
static int take_bytes(void *ctx, const void *bytes, size_t n, struct err *err)
{
	struct piece *p = ctx;
	struct partial *file = &p->b->file;

	while (n > 0) {
		int64_t left = partial_chunk_size(file, p->chunk) - file->done[p->chunk];
		size_t part = (int64_t)n < left ? n : (size_t)left;
		int64_t ready;
		int r;

		if (left == 0 && (!p->b->whole || p->chunk + 1 == file->n_chunks))
			return err_set(err, -EBADMSG, "more bytes than were asked for");
		if (left == 0) {
			p->chunk++;
			continue;
		}
		r = partial_write(file, p->chunk, bytes, part, err);
		if (r < 0)
			return r;
		(void)pthread_mutex_lock(&p->f->lock);
		file->done[p->chunk] += (int64_t)part;
		ready = partial_ready(file);
		(void)pthread_mutex_unlock(&p->f->lock);
		if (file->done[p->chunk] - file->noted[p->chunk] >= NOTE_SIZE)
			partial_note(file, p->chunk);
		growing_advance(&p->b->growing, ready);
		bytes = (const char *)bytes + part;
		n -= part;
	}
	return 0;
}

static int fetch_piece(struct fetch *f, struct piece *p, struct err *err)
{
	struct partial *file = &p->b->file;
	int64_t done = file->done[p->chunk];
	struct image_remote_blob want = {
		.digest = p->b->layer->blob_digest,
		.size = file->size,
		.offset = p->b->whole ? 0 : partial_chunk_start(p->chunk) + done,
		.length = p->b->whole ? -1 : partial_chunk_size(file, p->chunk) - done,
		.sink = take_bytes,
		.ctx = p,
	};
	int r = f->spec->remote->blob(f->spec->remote->ctx, &want, err);

	for (size_t i = p->b->whole ? 0 : p->chunk; i <= p->chunk; i++)
		partial_note(file, i);
	return r;
}

static void *fetch_main(void *ctx)
{
	struct fetch *f = ctx;

	(void)pthread_mutex_lock(&f->lock);
	while (!f->finished) {
		struct piece p = { .f = f };
		struct err err = ERR_INIT;
		int r;

		if (!claim(f, &p)) {
			(void)pthread_cond_wait(&f->changed, &f->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&f->lock);
		r = fetch_piece(f, &p, &err);
		if (r < 0 && !err.code)
			(void)err_code(&err, r, "downloading it");
		if (r < 0)
			growing_fail(&p.b->growing, &err);
		(void)pthread_mutex_lock(&f->lock);
		p.b->threads--;
		unpack_wake(f->unpack);
	}
	(void)pthread_mutex_unlock(&f->lock);
	return NULL;
}

/* -- the caller's thread: beginning layers -- */

static bool is_in_store(struct fetch *f, struct add_layer *l)
{
	OWN(state_txn) struct state_txn *txn = NULL;

	return state_begin(f->add->is->st, STATE_READ, &txn, NULL) == 0 &&
	       image_add_has(f->add, txn, l);
}

static void set_state(struct fetch *f, struct blob *b, enum blob_state state)
{
	(void)pthread_mutex_lock(&f->lock);
	b->state = state;
	(void)pthread_cond_broadcast(&f->changed);
	(void)pthread_mutex_unlock(&f->lock);
}

static int begin(struct fetch *f, struct blob *b)
{
	struct add_layer *l = b->layer;
	int r = partial_open(&f->add->dirs, l->blob_digest, l->range.size, &b->file, f->err);

	if (r == -EWOULDBLOCK) {
		set_state(f, b, BLOB_LOCKED);
		return 0;
	}
	if (r < 0)
		return r;
	if (is_in_store(f, l)) { /* since somebody let go of the file */
		partial_remove(&f->add->dirs, &b->file);
		l->unpacked = false;
		set_state(f, b, BLOB_PRESENT);
		return 0;
	}
	l->range.fd = b->file.fd;
	l->range.growing = &b->growing;
	b->claimed = mem_alloc((b->file.n_chunks + 1) * sizeof(*b->claimed));
	growing_advance(&b->growing, partial_ready(&b->file));
	r = image_add_prepare(f->add, l, &b->job, f->err);
	if (r < 0)
		return r;
	set_state(f, b, BLOB_FETCHING);
	unpack_offer(f->unpack, &b->job);
	return 0;
}

static size_t count_state(struct fetch *f, enum blob_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->blobs[i].state == state;
	return n;
}

static size_t count_downloads(struct fetch *f)
{
	size_t n = 0;

	(void)pthread_mutex_lock(&f->lock);
	for (size_t i = 0; i < f->n; i++)
		n += f->blobs[i].state == BLOB_FETCHING && !is_whole_fetched(&f->blobs[i]);
	(void)pthread_mutex_unlock(&f->lock);
	return n;
}

static int begin_some(struct fetch *f)
{
	size_t under_way = count_downloads(f);
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->n; i++) {
		struct blob *b = &f->blobs[i];
		bool waits = b->state == BLOB_WAITING || b->state == BLOB_LOCKED;

		if (!waits ||
		    (b->state == BLOB_WAITING && under_way >= (size_t)f->spec->most_layers))
			continue;
		r = begin(f, b);
		under_way += b->state == BLOB_FETCHING;
	}
	return r;
}

/* -- the caller's thread: layers that end -- */

static int begin_again(struct fetch *f, struct blob *b)
{
	int r = rmtree_contents(b->job.dirfd);

	if (r == 0 &&
	    (ftruncate(b->job.record_fd, 0) < 0 || lseek(b->job.record_fd, 0, SEEK_SET) < 0))
		r = -errno;
	if (r < 0)
		return err_code(f->err, r, "%s/tmp", f->add->is->root);
	r = partial_reset(&b->file, f->err);
	if (r < 0)
		return r;
	(void)pthread_mutex_lock(&f->lock);
	growing_reset(&b->growing);
	b->whole = true;
	memset(b->claimed, 0, b->file.n_chunks * sizeof(*b->claimed));
	(void)pthread_mutex_unlock(&f->lock);
	unpack_offer(f->unpack, &b->job);
	set_state(f, b, BLOB_FETCHING); /* now it can be claimed */
	return 0;
}

/* Whether the file is to blame, and not the disk, the network, or the user. */
static bool is_to_blame(int r)
{
	return r == -EINVAL || r == -EBADMSG || r == -EFBIG || r == -ENOTSUP;
}

static int end(struct fetch *f, struct blob *b)
{
	int r = b->job.code;

	if (r == -EBADMSG && b->attempts == 0)
		b->lie = b->job.err;
	if (r == -EBADMSG && ++b->attempts < ATTEMPTS)
		return begin_again(f, b);
	if (r < 0 && r != -ECANCELED && b->attempts)
		r = b->lie.code; /* later ones only say that nobody is left to ask */
	if (r < 0) {
		f->bad = is_to_blame(r) || image_add_is_full(r);
		if (f->err)
			*f->err = b->attempts ? b->lie : b->job.err;
		return r;
	}
	r = partial_complete(&b->file, f->err);
	if (r < 0)
		return r;
	image_add_close(&b->job);
	image_add_note(f->add, b->layer, &b->job);
	if (!b->layer->doc.blob) /* a plain tar is not kept */
		partial_remove(&f->add->dirs, &b->file);
	set_state(f, b, BLOB_DONE);
	return 0;
}

/* A thread that downloads may still be in its last call. */
static bool has_ended(struct fetch *f, struct blob *b)
{
	bool idle;

	(void)pthread_mutex_lock(&f->lock);
	idle = b->threads == 0;
	(void)pthread_mutex_unlock(&f->lock);
	if (b->state != BLOB_FETCHING || !atomic_load(&b->job.ended))
		return false;
	return idle || (b->job.code < 0 && b->job.code != -EBADMSG);
}

static int end_some(struct fetch *f)
{
	bool others_wait = count_state(f, BLOB_LOCKED) > 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->n; i++) {
		struct blob *b = &f->blobs[i];

		if (has_ended(f, b))
			r = end(f, b);
		if (b->state == BLOB_DONE && others_wait)
			partial_close(&b->file);
	}
	return r;
}

/* -- the caller's thread: all -- */

static int64_t fetched_of(struct blob *b)
{
	int64_t sum = 0;

	for (size_t i = 0; b->file.done && i < b->file.n_chunks; i++)
		sum += b->file.done[i];
	return sum;
}

static void describe(struct fetch *f, struct blob *b, struct image_progress_layer *ret)
{
	static const enum image_layer_state states[] = {
		[BLOB_WAITING] = IMAGE_LAYER_WAITING,   [BLOB_LOCKED] = IMAGE_LAYER_WAITING,
		[BLOB_FETCHING] = IMAGE_LAYER_FETCHING, [BLOB_DONE] = IMAGE_LAYER_ENDED,
		[BLOB_PRESENT] = IMAGE_LAYER_PRESENT,
	};

	*ret = (struct image_progress_layer){ .digest = b->layer->blob_digest,
					      .total = b->layer->range.size };
	(void)pthread_mutex_lock(&f->lock);
	ret->state = states[b->state];
	ret->fetched = b->state == BLOB_DONE ? ret->total : fetched_of(b);
	(void)pthread_mutex_unlock(&f->lock);
	if (b->state == BLOB_FETCHING && ret->fetched == ret->total)
		ret->state = IMAGE_LAYER_UNPACKING;
	ret->taken = b->state == BLOB_DONE ? ret->total : atomic_load(&b->job.taken);
	ret->ended = b->state == BLOB_DONE || b->state == BLOB_PRESENT;
}

/* Tells how far it is, and keeps the disk from idling until the end. */
static void look(struct fetch *f)
{
	const struct image_progress *progress = f->spec->progress;
	OWN(mem) struct image_progress_layer *layers = mem_alloc((f->n + 1) * sizeof(*layers));
	int64_t moved = 0;

	for (size_t i = 0; i < f->n; i++) {
		describe(f, &f->blobs[i], &layers[i]);
		moved += layers[i].fetched + layers[i].taken;
	}
	if (progress && progress->report)
		progress->report(progress->ctx, layers, f->n);
	if (moved - f->flushed >= FLUSH_SIZE) {
		/* What fails here fails again, and is reported, when the layers are placed. */
		(void)syncfs(f->add->tmp);
		f->flushed = moved;
	}
}

static int check_cancelled(struct fetch *f)
{
	const atomic_bool *cancel = f->spec->remote->cancel;

	if (!cancel || !atomic_load(cancel))
		return 0;
	return err_set(f->err, -ECANCELED, "interrupted");
}

static int run(struct fetch *f)
{
	int r = 0;

	while (r == 0 && count_state(f, BLOB_DONE) + count_state(f, BLOB_PRESENT) < f->n) {
		r = begin_some(f);
		if (r == 0)
			(void)unpack_wait(f->unpack, WAIT_MS);
		if (r == 0)
			r = end_some(f);
		if (r == 0)
			r = check_cancelled(f);
		look(f);
	}
	return r;
}

/* All threads end: those that wait for the network, and those that wait for them. */
static void stop(struct fetch *f, int r)
{
	struct err why = ERR_INIT;

	if (r < 0) {
		(void)err_set(&why, -ECANCELED, "cancelled");
		unpack_stop(f->unpack);
		if (f->spec->remote->cancel)
			atomic_store(f->spec->remote->cancel, true);
		for (size_t i = 0; i < f->n; i++)
			growing_fail(&f->blobs[i].growing, &why);
	}
	(void)pthread_mutex_lock(&f->lock);
	f->finished = true;
	(void)pthread_cond_broadcast(&f->changed);
	(void)pthread_mutex_unlock(&f->lock);
	for (size_t i = 0; i < f->n_threads; i++)
		(void)pthread_join(f->threads[i], NULL);
}

static void start(struct fetch *f)
{
	size_t most = (size_t)f->spec->most_layers * THREADS_PER_LAYER;

	f->unpack = unpack_start(f->n);
	f->threads = mem_alloc((most + 1) * sizeof(*f->threads));
	while (f->n_threads < most &&
	       pthread_create(&f->threads[f->n_threads], NULL, fetch_main, f) == 0)
		f->n_threads++;
}

/* The files stay locked until all is in the store; those that are of no use go. */
static void drop(struct fetch *f, struct blob *b, int r)
{
	image_add_close(&b->job);
	if (r < 0 && b->file.done && (f->bad || fetched_of(b) == 0))
		partial_remove(&f->add->dirs, &b->file);
	if (r == 0 && b->file.fd >= 0)
		f->add->held[f->add->n_held++] = take_fd(&b->file.fd);
	partial_close(&b->file);
	growing_done(&b->growing);
	free(b->claimed);
}

static int largest_first(const void *x, const void *y)
{
	const struct blob *a = x, *b = y;
	int64_t sizes[2] = { a->layer->range.size, b->layer->range.size };

	return sizes[0] < sizes[1] ? 1 : sizes[0] > sizes[1] ? -1 : 0;
}

static void list_blobs(struct fetch *f)
{
	for (size_t i = 0; i < f->add->n_layers; i++)
		if (f->add->layers[i].unpacked)
			f->blobs[f->n++].layer = &f->add->layers[i];
	if (f->n)
		qsort(f->blobs, f->n, sizeof(*f->blobs), largest_first);
	for (size_t i = 0; i < f->n; i++) {
		struct unpack_job *job = &f->blobs[i].job;

		f->blobs[i].file.fd = job->dirfd = job->keep_fd = job->record_fd = -1;
		growing_init(&f->blobs[i].growing);
	}
}

int pull_fetch(struct image_add *add, const struct pull_fetch_spec *spec, struct err *err)
{
	OWN(mem) struct blob *blobs = mem_alloc((add->n_layers + 1) * sizeof(*blobs));
	struct fetch f = { .add = add,
			   .spec = spec,
			   .blobs = blobs,
			   .lock = PTHREAD_MUTEX_INITIALIZER,
			   .changed = PTHREAD_COND_INITIALIZER,
			   .err = err };
	mode_t mask = umask(0);
	int r;

	list_blobs(&f);
	add->held = arena_array(add->a, f.n, sizeof(*add->held));
	start(&f);
	r = f.n && f.n_threads == 0 ? err_set(err, -EAGAIN, "no thread to download with") : run(&f);
	f.bad |= image_add_is_full(r);
	stop(&f, r);
	unpack_finish(f.unpack);
	for (size_t i = 0; i < f.n; i++)
		drop(&f, &f.blobs[i], r);
	free(f.threads);
	(void)umask(mask);
	return r;
}
