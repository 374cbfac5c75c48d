/*
 * fetch_check.c - berth-fetch check: the store held against itself
 *
 * Here and not in berth, since digests, compressed layers and registries are. After a repair all is
 * looked at once more: what is not found any more has been repaired.
 */
#include "base/own.h"
#include "cmd/fetch.h"
#include "cmd/fetch_pull.h"
#include "engine/engine.h"
#include "model/finding.h"

#include <fcntl.h>

struct check_opts {
	bool repair, json;
};

static const struct opt check_table[] = {
	FLAG(struct check_opts, json, 0, "json", "Print what was found as JSON"),
	FLAG(struct check_opts, repair, 0, "repair", "Put right what can be"),
	OPT_END,
};

struct check {
	struct fetch *f;
	struct engine *e;
	struct image_store *images;
};

/* A pull says what it does on stdout, which is not its own here. */
static int fetch_again(void *ctx, const char *ref, struct err *err)
{
	static const struct fetch_pull_opts quiet = { .quiet = true };
	struct check *c = ctx;
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), r;

	if (saved < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return err_sys(err, "stdout");
	r = fetch_pull(c->images, &quiet, ref, &c->f->a, err);
	(void)dup2(saved, STDOUT_FILENO);
	(void)close(saved);
	return r;
}

static int look(struct check *c, bool repair, struct finding_list *findings)
{
	struct image_check_spec spec = { .repair = repair, .fetch = fetch_again, .ctx = c };
	struct err *err = &c->f->err;
	int r = engine_check(c->e, repair, findings, err);

	if (r == 0 && repair)
		r = engine_busy_layers(c->e, &c->f->a, &spec.busy, err);
	return r < 0 ? r : image_check(c->images, &spec, findings, err);
}

/* The engine trusts the database, so that comes first. */
static int look_at_all(struct check *c, bool repair, struct finding_list *findings)
{
	struct fetch *f = c->f;
	const struct engine_paths paths = { .root = f->root, .state = f->state };
	int r = state_check(f->root, repair, findings, &f->err);

	if (r < 0 || (finding_open(findings) && !repair))
		return r;
	r = engine_open(&paths, &c->e, &f->err);
	if (r < 0)
		return r;
	c->images = engine_images(c->e);
	r = look(c, repair, findings);
	engine_close(c->e);
	return r;
}

static bool has(const struct finding_list *list, const struct finding *f)
{
	for (size_t i = 0; i < list->found.n; i++) {
		const struct finding *other = &list->found.items[i];

		if (str_eq(f->kind, other->kind) && str_eq(f->name, other->name))
			return true;
	}
	return false;
}

/* Once more: what is left, and what came to light by it. */
static int look_again(struct check *c, struct finding_list *findings)
{
	struct finding_list left = { .a = &c->f->a };
	size_t n = findings->found.n;
	int r = look_at_all(c, false, &left);

	for (size_t i = 0; r == 0 && i < n; i++)
		findings->found.items[i].repaired = !has(&left, &findings->found.items[i]);
	for (size_t i = 0; r == 0 && i < left.found.n; i++)
		if (!has(findings, &left.found.items[i]))
			(void)finding_add(findings, &left.found.items[i]);
	return r;
}

static void print_text(struct fetch *f, const struct finding_list *findings)
{
	size_t n = findings->found.n, open_ones = finding_open(findings);

	for (size_t i = 0; i < n; i++) {
		const struct finding *found = &findings->found.items[i];

		buf_printf(&f->out, "%s %s: %s", found->kind, found->name, found->problem);
		if (found->repaired)
			buf_adds(&f->out, " [repaired]");
		else if (found->advice)
			buf_printf(&f->out, "\n\twhat to do: %s", found->advice);
		buf_addc(&f->out, '\n');
	}
	if (n == 0)
		buf_adds(&f->out, "Nothing is wrong\n");
	else
		buf_printf(&f->out, "%zu found, %zu repaired\n", n, n - open_ones);
}

static int check(struct fetch *f, struct image_store *is, const void *opts, const struct strv *args)
{
	const struct check_opts *o = opts;
	struct finding_list findings = { .a = &f->a };
	struct check c = { .f = f };
	int r = look_at_all(&c, o->repair, &findings);

	(void)is;
	(void)args;
	if (r == 0 && o->repair && findings.found.n)
		r = look_again(&c, &findings);
	if (r < 0)
		return r;
	if (o->json) {
		schema_write(&finding_list_schema, &findings, SCHEMA_FULL, &f->out);
		buf_addc(&f->out, '\n');
	} else {
		print_text(f, &findings);
	}
	r = fetch_flush(f);
	return r < 0 ? r : finding_open(&findings) > 0;
}

const struct fetch_cmd fetch_check_cmd = {
	"check", "check [OPTIONS]", check_table, sizeof(struct check_opts), 0, 0, true, check,
};
