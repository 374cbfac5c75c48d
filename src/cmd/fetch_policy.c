/*
 * fetch_policy.c - berth-fetch policy-apply: label policies out of YAML and JSON files
 */
#include "base/own.h"
#include "cmd/cli.h"
#include "cmd/fetch.h"
#include "codec/yaml.h"
#include "engine/engine.h"

#include <errno.h>

struct apply_opts {
	struct strv file;
};

static const struct opt apply_table[] = {
	STRS(struct apply_opts, file, 'f', "file", "list", "File with policies (\"-\" is stdin)"),
	OPT_END,
};

static bool has_policy(const struct network_policy_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->items[i].name, name))
			return true;
	return false;
}

static int add_policies(struct fetch *f, const struct network_policy_list *more,
			struct network_policy_list *all)
{
	struct network_policy *items = arena_array(&f->a, all->n + more->n, sizeof(*items));

	for (size_t i = 0; i < more->n; i++)
		if (has_policy(all, more->items[i].name))
			return err_set(&f->err, -EINVAL, "policy %s stands in another file, too",
				       more->items[i].name);
	if (all->n)
		memcpy(items, all->items, all->n * sizeof(*items));
	memcpy(items + all->n, more->items, more->n * sizeof(*items));
	*all = (struct network_policy_list){ items, all->n + more->n };
	return 0;
}

/* All files are one change. */
static int read_files(struct fetch *f, const struct strv *files, struct network_policy_list *all)
{
	for (size_t i = 0; i < files->n; i++) {
		struct network_policy_list more;
		const char *text;
		size_t len;
		int r = cli_read_file(files->items[i], YAML_TEXT_MAX, &f->a, &text, &len, &f->err);

		if (r < 0)
			return r;
		r = network_policy_read(text, len, &f->a, &more, &f->err);
		if (r == 0)
			r = add_policies(f, &more, all);
		if (r < 0)
			return err_wrap(&f->err, "%s", files->items[i]);
	}
	return 0;
}

static int apply(struct fetch *f, struct image_store *is, const void *opts, const struct strv *args)
{
	static const char *const words[] = {
		[LABEL_POLICY_CREATED] = "created",
		[LABEL_POLICY_CHANGED] = "configured",
		[LABEL_POLICY_UNCHANGED] = "unchanged",
	};
	const struct apply_opts *o = opts;
	const struct engine_paths paths = { .root = f->root, .state = f->state };
	struct network_policy_list list = { 0 };
	enum label_policy_put *what;
	OWN(engine) struct engine *e = NULL;
	int r;

	(void)is;
	(void)args;
	r = read_files(f, &o->file, &list);
	if (r == 0)
		r = engine_open(&paths, &e, &f->err);
	if (r < 0)
		return r;
	what = arena_array(&f->a, list.n, sizeof(*what));
	r = label_policy_put(e, &list, true, what, &f->err);
	for (size_t i = 0; r == 0 && i < list.n; i++)
		buf_printf(&f->out, "policy %s %s\n", list.items[i].name, words[what[i]]);
	return r;
}

const struct fetch_cmd fetch_policy_cmd = {
	"policy-apply", "policy-apply -f FILE", apply_table, sizeof(struct apply_opts), 0, 0, true,
	apply,
};
