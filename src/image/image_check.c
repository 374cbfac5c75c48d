/*
 * image_check.c - holding the store against itself
 *
 * Gather all records, look at all files by several threads, say what is wrong, and, when asked to,
 * put it right: from the bytes that are kept where these are good, else from the registry that the
 * image came from. What can be had from neither is named, with what to do about it.
 */
#include "image/image.h"

#include "base/mem.h"
#include "base/own.h"
#include "codec/digest.h"
#include "codec/ref.h"
#include "image/check_plan.h"
#include "image/check_repair.h"
#include "image/image_sweep.h"
#include "image/memory_budget.h"
#include "codec/hash.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>

enum { BLOCK = 256 << 10, THREADS_MAX = 64 };

static const char repair_advice[] = "berth system check --repair";

/* -- looking, by several threads -- */

struct work {
	struct check_plan *p;
	struct memory_budget budget;
	atomic_size_t next; /* layers first: they take longest */
};

static int hash_file(int fd, enum digest_algo algo, char digest[DIGEST_TEXT])
{
	OWN(mem) char *block = mem_alloc(BLOCK);
	OWN(hash) struct hash hash = { NULL };
	ssize_t n;

	hash_init(&hash, algo);
	while ((n = read(fd, block, BLOCK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		hash_add(&hash, block, (size_t)n);
	}
	hash_end(&hash, digest);
	return 0;
}

static void look_at_blob(const struct check_plan *p, struct checked_blob *b)
{
	OWN(fd) int fd = openat(image_dirs_blobs(&p->dirs, b->digest), digest_hex(b->digest),
				O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char digest[DIGEST_TEXT];

	if (fd < 0)
		b->problem = errno == ENOENT ? "missing" : "unreadable";
	else if (hash_file(fd, digest_algo_or_usual(b->digest), digest) < 0)
		b->problem = "unreadable";
	else if (!str_eq(digest, b->digest))
		b->problem = "damaged";
}

static void look_at_layer(const struct check_plan *p, struct checked_layer *l,
			  struct memory_budget *budget)
{
	char record[LAYER_RECORD_MAX];
	struct layer_verify *v = &l->verify;

	v->doc = &l->doc;
	v->tmp = p->dirs.tmp;
	v->budget = budget;
	v->bytes = v->record = -1;
	v->tree = openat(p->dirs.layers, l->hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	l->has_tree = v->tree >= 0;
	layer_record_name(l->hex, record);
	if (l->doc.blob)
		v->bytes =
			openat(image_dirs_blobs(&p->dirs, l->doc.blob->digest),
			       digest_hex(l->doc.blob->digest), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	else
		v->record = openat(p->dirs.layers, record, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	l->has_bytes = v->bytes >= 0;
	layer_verify(v);
	if (l->doc.blob && !l->has_bytes)
		(void)snprintf(v->bytes_problem, sizeof(v->bytes_problem), "they are missing");
	fd_cleanup(&v->tree);
	fd_cleanup(&v->bytes);
	fd_cleanup(&v->record);
}

static void *work_main(void *ctx)
{
	struct work *w = ctx;
	size_t i;

	while ((i = atomic_fetch_add(&w->next, 1)) < w->p->n_layers + w->p->n_blobs) {
		if (i < w->p->n_layers)
			look_at_layer(w->p, &w->p->layers[i], &w->budget);
		else
			look_at_blob(w->p, &w->p->blobs[i - w->p->n_layers]);
	}
	return NULL;
}

static void look_at_all(struct check_plan *p)
{
	struct work w = { .p = p };
	pthread_t threads[THREADS_MAX];
	cpu_set_t set;
	int n = 0, most = sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);

	memory_budget_init(&w.budget);
	while (n < most - 1 && n < THREADS_MAX &&
	       pthread_create(&threads[n], NULL, work_main, &w) == 0)
		n++;
	(void)work_main(&w);
	while (n > 0)
		(void)pthread_join(threads[--n], NULL);
	memory_budget_done(&w.budget);
}

/* -- saying -- */

static const char *names_of(const struct check_plan *p, const struct checked_layer *l)
{
	return l->images.n ? strv_join(&l->images, p->a, ", ") : "a container alone";
}

/* What to do about a layer: bring one of its images in again. */
static const char *advice_of(const struct check_plan *p, const struct checked_layer *l)
{
	for (size_t i = 0; i < p->n_images; i++)
		if (strv_has(&p->images[i].doc.diff_ids, l->doc.diff_id))
			return p->images[i].advice;
	return "remove the containers that have it";
}

static void blame_images(struct check_plan *p, const struct checked_layer *l)
{
	for (size_t i = 0; i < p->n_images; i++)
		if (strv_has(&p->images[i].doc.diff_ids, l->doc.diff_id))
			p->images[i].damaged = true;
}

static bool is_rebuildable(const struct checked_layer *l)
{
	return l->has_bytes && !l->verify.bytes_problem[0];
}

static bool is_tree_bad(const struct checked_layer *l)
{
	return !l->has_tree || l->verify.tree_problem[0];
}

static void tell_layer(struct check_plan *p, const struct checked_layer *l,
		       struct finding_list *findings)
{
	const struct layer_verify *v = &l->verify;
	bool rebuildable = is_rebuildable(l);

	if (is_tree_bad(l)) {
		(void)finding_addf(findings, "layer", l->doc.diff_id,
				   rebuildable ? repair_advice : advice_of(p, l), "%s (of %s)",
				   l->has_tree ? v->tree_problem : "it is missing", names_of(p, l));
		if (!rebuildable)
			blame_images(p, l);
	}
	if (v->bytes_problem[0]) {
		(void)finding_addf(findings, "blob", l->doc.blob->digest, advice_of(p, l),
				   "the bytes of layer %s (of %s): %s", l->doc.diff_id,
				   names_of(p, l), v->bytes_problem);
		blame_images(p, l);
	}
	if (v->unseen[0])
		(void)finding_addf(findings, "layer", l->doc.diff_id, "berth system check",
				   "its owners, modes and times could not be looked at: %s",
				   v->unseen);
}

/* A layer whose tar was not kept, and whose record of it is not there. */
static void tell_unproved(struct check_plan *p, const struct checked_layer *l,
			  struct finding_list *findings)
{
	char record[LAYER_RECORD_MAX];

	layer_record_name(l->hex, record);
	if (!l->doc.blob && faccessat(p->dirs.layers, record, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		(void)finding_addf(findings, "layer", l->doc.diff_id, advice_of(p, l),
				   "the record of its tar is missing (of %s): it cannot be saved, "
				   "nor its contents be checked",
				   names_of(p, l));
}

static void tell_blob(struct check_plan *p, const struct checked_blob *b,
		      struct finding_list *findings)
{
	struct checked_image *image = &p->images[b->image];

	if (!b->problem)
		return;
	image->damaged = true;
	(void)finding_addf(findings, "image", image->name, image->advice, "%s (blob %s) is %s",
			   b->what, b->digest, b->problem);
}

static void tell_all(struct check_plan *p, struct finding_list *findings)
{
	for (size_t i = 0; i < p->n_layers; i++) {
		tell_layer(p, &p->layers[i], findings);
		tell_unproved(p, &p->layers[i], findings);
	}
	for (size_t i = 0; i < p->n_blobs; i++)
		tell_blob(p, &p->blobs[i], findings);
	for (size_t i = 0; i < p->n_refs; i++)
		(void)finding_addf(findings, "image", ref_familiar(p->refs[i].ref), repair_advice,
				   p->refs[i].drop
					   ? "the name leads to %.19s, which does not have it"
					   : "the name does not lead to %.19s, which has it",
				   p->refs[i].id);
	for (size_t i = 0; i < p->unused.n; i++)
		(void)finding_addf(findings, "file", p->unused.items[i], repair_advice,
				   "nothing needs it");
}

/* -- repairing -- */

/* One that a running container stands on must not change under it. */
static bool is_busy(const struct image_check_spec *spec, const char *diff_id)
{
	return strv_has(&spec->busy, digest_hex(diff_id));
}

static void complain(struct finding_list *findings, const char *kind, const char *name,
		     const char *why)
{
	(void)finding_addf(findings, kind, name, NULL, "it was not repaired: %s", why);
}

static void repair_layers(struct check_plan *p, const struct image_check_spec *spec,
			  struct finding_list *findings)
{
	for (size_t i = 0; i < p->n_layers; i++) {
		struct checked_layer *l = &p->layers[i];
		struct err why = ERR_INIT;
		int r;

		if (!is_tree_bad(l) || !is_rebuildable(l))
			continue;
		if (is_busy(spec, l->doc.diff_id)) {
			complain(findings, "layer", l->doc.diff_id,
				 "stop the containers that run on it first");
			continue;
		}
		l->verify.bytes =
			openat(image_dirs_blobs(&p->dirs, l->doc.blob->digest),
			       digest_hex(l->doc.blob->digest), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		r = l->verify.bytes < 0 ? err_sys(&why, "its bytes")
					: check_repair_layer(p->is, l, &why);
		fd_cleanup(&l->verify.bytes);
		if (r < 0)
			complain(findings, "layer", l->doc.diff_id, why.msg);
	}
}

static void repair_images(struct check_plan *p, const struct image_check_spec *spec,
			  struct finding_list *findings)
{
	for (size_t i = 0; i < p->n_images; i++) {
		struct checked_image *image = &p->images[i];
		struct err why = ERR_INIT;
		bool busy = false;

		if (!image->damaged || !image->fetch || !spec->fetch)
			continue;
		for (size_t k = 0; k < image->doc.diff_ids.n; k++)
			busy |= is_busy(spec, image->doc.diff_ids.items[k]);
		if (busy)
			complain(findings, "image", image->name,
				 "stop the containers that run on it first");
		else if (check_repair_fetch(p, image, spec, &why) < 0)
			complain(findings, "image", image->name, why.msg);
	}
}

static void repair(struct check_plan *p, const struct image_check_spec *spec,
		   struct finding_list *findings)
{
	struct err why = ERR_INIT;

	repair_layers(p, spec, findings);
	repair_images(p, spec, findings);
	if (p->n_refs && check_repair_refs(p, &why) < 0)
		complain(findings, "database", "names of images", why.msg);
}

/* -- all of it -- */

int image_check(struct image_store *is, const struct image_check_spec *spec,
		struct finding_list *findings, struct err *err)
{
	struct check_plan p = { .is = is, .a = findings->a, .dirs = IMAGE_DIRS_INIT };
	int r = image_dirs_open(is, false, &p.dirs, err);

	if (r == -ENOENT)
		return 0; /* no image was ever brought in */
	if (r == 0)
		r = check_plan_make(&p, findings, err);
	if (r == 0) {
		const mode_t mask = umask(0);

		look_at_all(&p);
		(void)umask(mask);
		tell_all(&p, findings);
	}
	if (r == 0 && spec->repair)
		repair(&p, spec, findings);
	image_dirs_cleanup(&p.dirs); /* and with them the lock */
	if (r == 0 && spec->repair && p.unused.n)
		r = image_sweep_all(is, err);
	return r;
}
