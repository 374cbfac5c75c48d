/*
 * cmd_image.c - berth images, rmi, tag, pull, load, import, save
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/fetch_exec.h"
#include "cmd/filter.h"
#include "cmd/format.h"
#include "cmd/image_users.h"
#include "codec/digest.h"
#include "codec/duration.h"
#include "codec/json.h"
#include "codec/ref.h"
#include "codec/size.h"
#include "codec/timestamp.h"
#include "image/image.h"

#include <limits.h>
#include <unistd.h>

/* -- images -- */

struct images_flags {
	bool all, digests, no_trunc, quiet;
	const char *format;
	struct strv filter;
};

static const struct opt images_opts[] = {
	FLAG(struct images_flags, all, 'a', "all",
	     "Show all images (default hides intermediate images)"),
	FLAG(struct images_flags, digests, 0, "digests", "Show digests"),
	STRS(struct images_flags, filter, 'f', "filter", "filter",
	     "Filter output based on conditions provided"),
	STR(struct images_flags, format, 0, "format", "string",
	    "Format output using a custom template:\n"
	    "'table':            Print output in table format with column headers (default)\n"
	    "'table TEMPLATE':   Print output in table format using the given Go template\n"
	    "'json':             Print in JSON format\n"
	    "'TEMPLATE':         Print output using the given Go template"),
	FLAG(struct images_flags, no_trunc, 0, "no-trunc", "Don't truncate output"),
	FLAG(struct images_flags, quiet, 'q', "quiet", "Only show image IDs"),
	REFUSED_FLAG(0, "tree", "images are of one platform here"),
	OPT_END,
};

static const struct format_heading headings[] = {
	{ "Containers", "CONTAINERS" },
	{ "CreatedAt", "CREATED AT" },
	{ "CreatedSince", "CREATED" },
	{ "Digest", "DIGEST" },
	{ "ID", "IMAGE ID" },
	{ "Repository", "REPOSITORY" },
	{ "SharedSize", "SHARED SIZE" },
	{ "Size", "SIZE" },
	{ "Tag", "TAG" },
	{ "UniqueSize", "UNIQUE SIZE" },
	{ "VirtualSize", "VIRTUAL SIZE" },
	{ 0 },
};

static const struct format_kind kind = { "*formatter.imageContext", headings };

static const char *const filter_names[] = { "before", "dangling", "label", "reference",
					    "since",  "until",    NULL };

struct listing {
	struct cli *cli;
	const struct images_flags *flags;
	struct filter filter;
	struct format format;
	int64_t before, since, until;
};

static void put(struct json_object *row, const char *key, const char *value)
{
	json_object_object_add(row, key, json_object_new_string(value));
}

static const char *short_id(const struct image_doc *doc, bool no_trunc, struct arena *a)
{
	return no_trunc ? doc->id : arena_strndup(a, digest_hex(doc->id), 12);
}

static int print_row(struct listing *l, const struct image_doc *doc, const char *repository,
		     const char *tag, const char *digest)
{
	OWN(json) struct json_object *row = json_object_new_object();
	char created[TIMESTAMP_MAX], since[DURATION_HUMAN_MAX], size[SIZE_HUMAN_MAX];
	struct arena *a = l->cli->a;

	timestamp_write_long(doc->created, cli_zone, created);
	duration_human(cli_now() - doc->created, since);
	size_human(image_size(doc), 3, size);
	put(row, "Containers", "N/A");
	put(row, "CreatedAt", created);
	put(row, "CreatedSince", arena_printf(a, "%s ago", since));
	put(row, "Digest", digest);
	put(row, "ID", short_id(doc, l->flags->no_trunc, a));
	put(row, "Repository", repository);
	put(row, "SharedSize", "N/A");
	put(row, "Size", size);
	put(row, "Tag", tag);
	put(row, "UniqueSize", "N/A");
	put(row, "VirtualSize", size);
	return format_row(&l->format, row, NULL, &l->cli->err);
}

/* The digest by which a repository names the image, or "<none>". */
static const char *digest_of(const struct image_doc *doc, const char *repository, struct arena *a)
{
	for (size_t i = 0; i < doc->repo_digests.n; i++) {
		const char *name = ref_familiar(doc->repo_digests.items[i]),
			   *at = strchr(name, '@');

		if (at && str_eq(arena_strndup(a, name, (size_t)(at - name)), repository))
			return at + 1;
	}
	return "<none>";
}

/* A pattern of --filter reference= or the argument: with a tag or without. */
static bool is_referenced(const struct listing *l, const char *repository, const char *tag)
{
	if (!filter_has(&l->filter, "reference"))
		return true;
	return filter_globs(&l->filter, "reference", repository) ||
	       filter_globs(&l->filter, "reference",
			    arena_printf(l->cli->a, "%s:%s", repository, tag));
}

static int print_image(struct listing *l, const struct image_doc *doc)
{
	struct arena *a = l->cli->a;
	int r = 0;

	for (size_t i = 0; r == 0 && i < doc->repo_tags.n; i++) {
		const char *repository, *tag;

		ref_split(ref_familiar(doc->repo_tags.items[i]), a, &repository, &tag);
		if (!is_referenced(l, repository, tag))
			continue;
		r = print_row(l, doc, repository, tag, digest_of(doc, repository, a));
		if (l->flags->quiet)
			return r;
	}
	if (r == 0 && doc->repo_tags.n == 0 && !filter_has(&l->filter, "reference")) {
		const char *repository = "<none>", *tag;

		if (doc->repo_digests.n)
			ref_split(ref_familiar(doc->repo_digests.items[0]), a, &repository, &tag);
		r = print_row(l, doc, repository, "<none>", digest_of(doc, repository, a));
	}
	return r;
}

static bool is_wanted(const struct listing *l, const struct image_doc *doc)
{
	const char *dangling;
	bool wanted;

	if (l->before && doc->created >= l->before)
		return false;
	if (l->since && doc->created <= l->since)
		return false;
	if (l->until && doc->created >= l->until)
		return false;
	if (filter_next(&l->filter, "dangling", 0, &dangling) &&
	    opt_parse_bool(dangling, &wanted) == 0 && wanted != (doc->repo_tags.n == 0))
		return false;
	return filter_labels(&l->filter, "label", &doc->config.labels);
}

static int check_filters(struct listing *l, struct image_store *is, struct state_txn *txn)
{
	const struct {
		const char *name;
		int64_t *time;
	} times[] = { { "before", &l->before }, { "since", &l->since } };
	struct err *err = &l->cli->err;
	const char *value;
	bool unused;

	for (size_t i = 0; i < 2; i++) {
		struct image_doc doc;

		if (!filter_next(&l->filter, times[i].name, 0, &value))
			continue;
		if (image_find(is, txn, value, l->cli->a, &doc, err) < 0)
			return err->code;
		*times[i].time = doc.created;
	}
	if (filter_next(&l->filter, "dangling", 0, &value) && opt_parse_bool(value, &unused) < 0)
		return err_set(err, -EINVAL, "invalid filter 'dangling=%.100s'", value);
	if (filter_next(&l->filter, "until", 0, &value))
		return timestamp_parse_since(value, cli_now(), cli_zone, &l->until, err);
	return 0;
}

static const char *usual_table(const struct images_flags *f)
{
	if (f->quiet)
		return "{{.ID}}";
	if (f->digests)
		return "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
	return "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
}

static int print_list(struct listing *l, struct engine *e)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct image_doc_list list;
	struct err *err = &l->cli->err;
	int r = state_begin(engine_state(e), STATE_READ, &txn, err);

	if (r == 0)
		r = check_filters(l, engine_images(e), txn);
	if (r == 0)
		r = image_list(engine_images(e), txn, l->cli->a, &list, err);
	for (size_t i = 0; r == 0 && i < list.n; i++)
		if (is_wanted(l, &list.items[i]))
			r = print_image(l, &list.items[i]);
	return r < 0 ? r : format_finish(&l->format, &l->cli->out, err);
}

static int images(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct images_flags *f = opts;
	struct listing l = { .cli = cli, .flags = f };
	struct strv filters = { 0 };
	struct engine *e;
	const char *text = f->quiet && (str_is_empty(f->format) || str_after(f->format, "table"))
				   ? "{{.ID}}"
				   : f->format;
	int r = format_init(&l.format, &kind, text, usual_table(f), cli->a, &cli->err);

	for (size_t i = 0; i < f->filter.n; i++)
		strv_add(&filters, cli->a, f->filter.items[i]);
	if (args->n)
		strv_add(&filters, cli->a, arena_printf(cli->a, "reference=%s", args->items[0]));
	if (r == 0)
		r = filter_parse(&filters, filter_names, cli->a, &l.filter, &cli->err);
	if (r == 0)
		r = cli_engine(cli, &e);
	if (r == 0)
		r = print_list(&l, e);
	format_cleanup(&l.format);
	return r;
}

/* -- rmi, tag -- */

struct rmi_flags {
	bool force, no_prune;
};

static const struct opt rmi_opts[] = {
	FLAG(struct rmi_flags, force, 'f', "force", "Force removal of the image"),
	FLAG(struct rmi_flags, no_prune, 0, "no-prune", "Do not delete untagged parents"),
	REFUSED(0, "platform", "images are of one platform here"),
	OPT_END,
};

static int remove_image(struct cli *cli, struct engine *e, const char *name,
			const struct rmi_flags *f)
{
	const struct image_users users = image_users_in(cli->a);
	struct image_removed removed = { 0 };
	int r = image_remove(engine_images(e), name, f->force, f->no_prune, &users, cli->a,
			     &removed, &cli->err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < removed.untagged.n; i++)
		cli_print(cli, "Untagged: %s\n", removed.untagged.items[i]);
	for (size_t i = 0; i < removed.deleted.n; i++)
		cli_print(cli, "Deleted: %s\n", removed.deleted.items[i]);
	return cli_flush(cli);
}

static int rmi(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct rmi_flags *f = opts;
	struct engine *e;
	int status = 0, r = cli_engine(cli, &e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < args->n; i++) {
		r = remove_image(cli, e, args->items[i], f);
		if (r == 0)
			continue;
		(void)cli_fail(cli);
		status = r == -ENOENT && f->force ? status : 1;
	}
	return status;
}

static int tag(struct cli *cli, const void *opts, const struct strv *args)
{
	struct engine *e;
	int r = cli_engine(cli, &e);

	(void)opts;
	return r < 0 ? r : image_tag(engine_images(e), args->items[0], args->items[1], &cli->err);
}

/* -- load, import, pull, save: berth-fetch does it -- */

struct load_flags {
	const char *input, *platform;
	bool quiet;
};

static const struct opt load_opts[] = {
	STR(struct load_flags, input, 'i', "input", "string",
	    "Read from tar archive file, instead of STDIN"),
	STR(struct load_flags, platform, 0, "platform", "string",
	    "Load only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")"),
	FLAG(struct load_flags, quiet, 'q', "quiet", "Suppress the load output"),
	OPT_END,
};

struct import_flags {
	struct strv change;
	const char *message, *platform;
};

static const struct opt import_opts[] = {
	STRS(struct import_flags, change, 'c', "change", "list",
	     "Apply Dockerfile instruction to the created image"),
	STR(struct import_flags, message, 'm', "message", "string",
	    "Set commit message for imported image"),
	STR(struct import_flags, platform, 0, "platform", "string", "Set platform of the image"),
	OPT_END,
};

static int load(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct load_flags *f = opts;
	struct strv words = { 0 };

	(void)args;
	if (!f->input && isatty(STDIN_FILENO))
		return err_set(&cli->err, -EINVAL, "requested load from stdin, but stdin is empty");
	strv_add(&words, cli->a, "load");
	fetch_flag(&words, cli->a, "--quiet", f->quiet);
	fetch_option(&words, cli->a, "--platform", f->platform);
	fetch_option(&words, cli->a, "--input", f->input);
	return fetch_exec(cli, &words);
}

static int import(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct import_flags *f = opts;
	struct strv words = { 0 };

	if (str_after(args->items[0], "http://") || str_after(args->items[0], "https://"))
		return err_set(&cli->err, -ENOTSUP,
			       "importing from a URL is not supported; fetch it and give the file");
	strv_add(&words, cli->a, "import");
	for (size_t i = 0; i < f->change.n; i++)
		fetch_option(&words, cli->a, "--change", f->change.items[i]);
	fetch_option(&words, cli->a, "--message", f->message);
	fetch_option(&words, cli->a, "--platform", f->platform);
	fetch_operands(&words, cli->a, args);
	return fetch_exec(cli, &words);
}

struct pull_flags {
	bool all_tags, quiet;
	const char *platform;
};

static const struct opt pull_opts[] = {
	FLAG(struct pull_flags, all_tags, 'a', "all-tags",
	     "Download all tagged images in the repository"),
	REFUSED_FLAG(0, "disable-content-trust",
		     "there is no content trust; every digest is checked"),
	STR(struct pull_flags, platform, 0, "platform", "string",
	    "Set platform if server is multi-platform capable"),
	FLAG(struct pull_flags, quiet, 'q', "quiet", "Suppress verbose output"),
	OPT_END,
};

static int pull(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct pull_flags *f = opts;
	struct strv words = { 0 };

	strv_add(&words, cli->a, "pull");
	fetch_flag(&words, cli->a, "--all-tags", f->all_tags);
	fetch_flag(&words, cli->a, "--quiet", f->quiet);
	fetch_option(&words, cli->a, "--platform", f->platform);
	fetch_operands(&words, cli->a, args);
	return fetch_exec(cli, &words);
}

struct save_flags {
	const char *output, *platform;
};

static const struct opt save_opts[] = {
	STR(struct save_flags, output, 'o', "output", "string",
	    "Write to a file, instead of STDOUT"),
	STR(struct save_flags, platform, 0, "platform", "string",
	    "Save only the given platform variant. Formatted as \"os[/arch[/variant]]\" (e.g., \"linux/amd64\")"),
	OPT_END,
};

static int save(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct save_flags *f = opts;
	struct strv words = { 0 };

	strv_add(&words, cli->a, "save");
	fetch_option(&words, cli->a, "--output", f->output);
	fetch_option(&words, cli->a, "--platform", f->platform);
	fetch_operands(&words, cli->a, args);
	return fetch_exec(cli, &words);
}

const struct cmd cmd_image_table[] = {
	{ "images", "image", "ls list", "[OPTIONS] [REPOSITORY[:TAG]]", "List images", images_opts,
	  NULL, sizeof(struct images_flags), images, 0, 1, OPT_ANYWHERE, CMD_ARGS_IMAGES,
	  CMD_COMMON },
	{ "rmi", "image", "rm remove", "[OPTIONS] IMAGE [IMAGE...]", "Remove one or more images",
	  rmi_opts, NULL, sizeof(struct rmi_flags), rmi, 1, -1, OPT_ANYWHERE, CMD_ARGS_IMAGES, 0 },
	{ "tag", "image", "tag", "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
	  "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE", NULL, NULL, 0, tag, 2, 2,
	  OPT_ANYWHERE, CMD_ARGS_IMAGES, 0 },
	{ "pull", "image", "pull", "[OPTIONS] NAME[:TAG|@DIGEST]",
	  "Download an image from a registry", pull_opts, NULL, sizeof(struct pull_flags), pull, 1,
	  1, OPT_ANYWHERE, CMD_ARGS_IMAGES, CMD_COMMON },
	{ "load", "image", "load", "[OPTIONS]", "Load an image from a tar archive or STDIN",
	  load_opts, NULL, sizeof(struct load_flags), load, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE,
	  CMD_COMMON },
	{ "import", "image", "import", "[OPTIONS] file|- [REPOSITORY[:TAG]]",
	  "Import the contents from a tarball to create a filesystem image", import_opts, NULL,
	  sizeof(struct import_flags), import, 1, 2, OPT_ANYWHERE, CMD_ARGS_FILES, 0 },
	{ "save", "image", "save", "[OPTIONS] IMAGE [IMAGE...]",
	  "Save one or more images to a tar archive (streamed to STDOUT by default)", save_opts,
	  NULL, sizeof(struct save_flags), save, 1, -1, OPT_ANYWHERE, CMD_ARGS_IMAGES, 0 },
	{ 0 },
};
