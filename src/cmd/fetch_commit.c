/*
 * fetch_commit.c - berth-fetch commit: an image of what a container has become
 */
#include "base/own.h"
#include "cmd/fetch.h"
#include "codec/json.h"
#include "engine/engine.h"

struct commit_opts {
	struct strv change;
	const char *author, *message;
	bool pause;
};

static const struct opt commit_table[] = {
	STR(struct commit_opts, author, 'a', "author", "string", "Author"),
	STRS(struct commit_opts, change, 'c', "change", "list", "Apply Dockerfile instruction"),
	STR(struct commit_opts, message, 'm', "message", "string", "Commit message"),
	FLAG(struct commit_opts, pause, 'p', "pause", "Pause container during commit"),
	OPT_END,
};

/* The members that an image has have the same names. */
static int image_part(const struct container_config *c, struct arena *a,
		      struct image_run_config *ret, struct err *err)
{
	OWN(json) struct json_object *tree =
		schema_tree(&container_config_schema, c, SCHEMA_COMPACT);

	return schema_read_tree(&image_run_config_schema, tree, a, ret, err);
}

static int commit(struct fetch *f, struct image_store *is, const void *opts,
		  const struct strv *args)
{
	const struct commit_opts *o = opts;
	const struct engine_paths paths = { .root = f->root, .state = f->state };
	OWN(engine) struct engine *e = NULL;
	OWN(container_tree) struct container_tree *t = NULL;
	const struct container *c;
	struct image_run_config config;
	const char *id;
	int r = engine_open(&paths, &e, &f->err);

	(void)is;
	if (r == 0)
		r = container_tree_open(e, args->items[0], CONTAINER_TREE_UPPER, o->pause, &t,
					&f->err);
	c = r == 0 ? container_tree_document(t) : NULL;
	if (r == 0)
		r = image_part(&c->config, &f->a, &config, &f->err);
	if (r == 0) {
		const struct image_commit_spec spec = {
			.upper = container_tree_dir(t),
			.below = &c->layers,
			.base = c->image,
			.config = &config,
			.changes = o->change,
			.ref = args->n > 1 ? args->items[1] : NULL,
			.author = o->author,
			.message = o->message,
			.created_by = strv_join(&c->config.cmd, &f->a, " "),
		};

		r = image_commit(engine_images(e), &spec, &f->a, &id, &f->err);
	}
	if (r == 0)
		buf_printf(&f->out, "%s\n", id);
	return r;
}

const struct fetch_cmd fetch_commit_cmd = {
	"commit",
	"commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
	commit_table,
	sizeof(struct commit_opts),
	1,
	2,
	true,
	commit,
};
