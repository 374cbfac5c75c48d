/*
 * cmd_df.c - berth system df
 *
 * An image's size is what its layers' files hold, as in `berth images`. The summary says what is on
 * the disk: each layer once, and with it the compressed bytes in which it came, where they are
 * kept.
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/cmd_ps.h"
#include "cmd/format.h"
#include "codec/digest.h"
#include "codec/duration.h"
#include "codec/json.h"
#include "codec/ref.h"
#include "codec/size.h"
#include "codec/timestamp.h"
#include "image/image.h"

struct df_flags {
	bool verbose;
	const char *format;
};

static const struct opt df_opts[] = {
	STR(struct df_flags, format, 0, "format", "string",
	    "Format output using a custom template:\n"
	    "'table':            Print output in table format with column headers (default)\n"
	    "'table TEMPLATE':   Print output in table format using the given Go template\n"
	    "'json':             Print in JSON format\n"
	    "'TEMPLATE':         Print output using the given Go template"),
	FLAG(struct df_flags, verbose, 'v', "verbose", "Show detailed information on space usage"),
	OPT_END,
};

/* -- gathering -- */

struct layer_use {
	const char *hex;
	int64_t size, cost; /* files' contents; with what is kept beside them */
	size_t images;      /* that have it */
	bool active;        /* a container is made of it */
};

struct container_use {
	struct container c;
	int64_t rw, whole;
};

struct df {
	struct cli *cli;
	struct engine *e;
	struct layer_use *layers; /* by name */
	size_t n_layers;
	struct image_doc_list images;
	struct container_use *containers;
	size_t n_containers;
	size_t n_partial;
	int64_t partial;
};

static int add_layer(void *ctx, const char *key, const void *data, size_t len)
{
	struct df *df = ctx;
	struct layer_doc doc;
	int r = schema_read(&layer_doc_schema, data, len, df->cli->a, &doc, &df->cli->err);

	if (r < 0)
		return r;
	df->layers[df->n_layers++] = (struct layer_use){
		.hex = arena_strdup(df->cli->a, key),
		.size = doc.size,
		.cost = image_layer_cost(&doc),
	};
	return 0;
}

static int by_hex(const void *x, const void *y)
{
	return strcmp(((const struct layer_use *)x)->hex, ((const struct layer_use *)y)->hex);
}

static struct layer_use *find_layer(const struct df *df, const char *hex)
{
	const struct layer_use want = { .hex = hex };

	return df->n_layers ? bsearch(&want, df->layers, df->n_layers, sizeof(want), by_hex) : NULL;
}

static void count_layers(struct df *df)
{
	for (size_t i = 0; i < df->images.n; i++) {
		const struct strv *ids = &df->images.items[i].diff_ids;

		for (size_t k = 0; k < ids->n; k++) {
			struct layer_use *l = find_layer(df, digest_hex(ids->items[k]));

			if (l)
				l->images++;
		}
	}
	for (size_t i = 0; i < df->n_containers; i++) {
		const struct strv *layers = &df->containers[i].c.layers;

		for (size_t k = 0; k < layers->n; k++) {
			struct layer_use *l = find_layer(df, layers->items[k]);

			if (l)
				l->active = true;
		}
	}
}

static int gather_images(struct df *df)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct cli *cli = df->cli;
	int r = state_begin(engine_state(df->e), STATE_READ, &txn, &cli->err);

	if (r == 0)
		r = image_list(engine_images(df->e), txn, cli->a, &df->images, &cli->err);
	if (r < 0)
		return r;
	df->layers = arena_array(cli->a, state_count(txn, STATE_LAYERS) + 1, sizeof(*df->layers));
	r = state_each(txn, STATE_LAYERS, "", add_layer, df);
	if (r < 0)
		return cli->err.code ? r : err_code(&cli->err, r, "reading the list of layers");
	return image_partial_usage(engine_images(df->e), &df->n_partial, &df->partial, &cli->err);
}

static int gather(struct df *df)
{
	struct cli *cli = df->cli;
	struct container_list list;
	int r = cli_engine(cli, &df->e);

	if (r == 0)
		r = engine_heal(df->e, &cli->err);
	if (r == 0)
		r = container_list(df->e, true, cli->a, &list, &cli->err);
	if (r == 0)
		r = gather_images(df);
	if (r < 0)
		return r;
	df->containers = arena_array(cli->a, list.n + 1, sizeof(*df->containers));
	for (size_t i = 0; i < list.n; i++) {
		struct container_use *use = &df->containers[df->n_containers++];

		use->c = list.items[i];
		/* One that is being removed has no size any more. */
		(void)container_size(df->e, &use->c, &use->rw, &use->whole, NULL);
	}
	count_layers(df);
	return 0;
}

static size_t users_of(const struct df *df, const char *image_id)
{
	size_t n = 0;

	for (size_t i = 0; i < df->n_containers; i++)
		n += str_eq(df->containers[i].c.image, image_id);
	return n;
}

static int64_t shared_size(const struct df *df, const struct image_doc *doc)
{
	int64_t size = 0;

	for (size_t i = 0; i < doc->diff_ids.n; i++) {
		const struct layer_use *l = find_layer(df, digest_hex(doc->diff_ids.items[i]));

		size += l && l->images > 1 ? l->size : 0;
	}
	return size;
}

/* -- the summary -- */

static const struct format_heading summary_headings[] = {
	{ "Active", "ACTIVE" }, { "Reclaimable", "RECLAIMABLE" },
	{ "Size", "SIZE" },     { "TotalCount", "TOTAL" },
	{ "Type", "TYPE" },     { 0 },
};
static const struct format_kind summary_kind = { "*formatter.diskUsageContext", summary_headings };

struct summary {
	const char *type;
	size_t total, active;
	int64_t size, reclaimable;
};

static void put(struct json_object *row, const char *key, const char *value)
{
	json_object_object_add(row, key, json_object_new_string(value));
}

static const char *human(struct arena *a, int64_t bytes, int digits)
{
	char text[SIZE_HUMAN_MAX];

	size_human(bytes, digits, text);
	return arena_strdup(a, text);
}

static int print_summary(struct df *df, struct format *format, const struct summary *s)
{
	OWN(json) struct json_object *row = json_object_new_object();
	struct arena *a = df->cli->a;
	const char *reclaimable = human(a, s->reclaimable, 4);

	if (s->size > 0)
		reclaimable = arena_printf(a, "%s (%lld%%)", reclaimable,
					   (long long)(s->reclaimable * 100 / s->size));
	put(row, "Active", arena_printf(a, "%zu", s->active));
	put(row, "Reclaimable", reclaimable);
	put(row, "Size", human(a, s->size, 4));
	put(row, "TotalCount", arena_printf(a, "%zu", s->total));
	put(row, "Type", s->type);
	return format_row(format, row, NULL, &df->cli->err);
}

static struct summary sum_images(const struct df *df)
{
	struct summary s = { .type = "Images", .total = df->images.n };

	for (size_t i = 0; i < df->images.n; i++)
		s.active += users_of(df, df->images.items[i].id) > 0;
	for (size_t i = 0; i < df->n_layers; i++) {
		s.size += df->layers[i].cost;
		s.reclaimable += df->layers[i].active ? 0 : df->layers[i].cost;
	}
	return s;
}

static struct summary sum_containers(const struct df *df)
{
	struct summary s = { .type = "Containers", .total = df->n_containers };

	for (size_t i = 0; i < df->n_containers; i++) {
		const struct container_use *use = &df->containers[i];
		const struct container_state *state = &use->c.state;
		bool up = state->running || state->paused || state->restarting;

		s.active += up;
		s.size += use->rw;
		s.reclaimable += up ? 0 : use->rw;
	}
	return s;
}

static int summarize(struct df *df, const char *text)
{
	OWN(format) struct format format = { 0 };
	const struct summary rows[] = {
		sum_images(df),
		sum_containers(df),
		{ .type = "Local Volumes" },
		{ .type = "Build Cache" },
		{ "Interrupted Downloads", df->n_partial, 0, df->partial, df->partial },
	};
	size_t n = sizeof(rows) / sizeof(rows[0]);
	int r = format_init(&format, &summary_kind, text,
			    "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
			    df->cli->a, &df->cli->err);

	/* docker's rows; the last one only when there is something to tell. */
	for (size_t i = 0; r == 0 && i < n - (df->n_partial == 0); i++)
		r = print_summary(df, &format, &rows[i]);
	return r < 0 ? r : format_finish(&format, &df->cli->out, &df->cli->err);
}

/* -- in detail -- */

static const struct format_heading image_headings[] = {
	{ "Containers", "CONTAINERS" },
	{ "CreatedSince", "CREATED" },
	{ "ID", "IMAGE ID" },
	{ "Repository", "REPOSITORY" },
	{ "SharedSize", "SHARED SIZE" },
	{ "Size", "SIZE" },
	{ "Tag", "TAG" },
	{ "UniqueSize", "UNIQUE SIZE" },
	{ 0 },
};
static const struct format_kind image_kind = { "*formatter.imageContext", image_headings };

static const struct format_heading container_headings[] = {
	{ "Command", "COMMAND" },
	{ "ID", "CONTAINER ID" },
	{ "Image", "IMAGE" },
	{ "LocalVolumes", "LOCAL VOLUMES" },
	{ "Names", "NAMES" },
	{ "RunningFor", "CREATED" },
	{ "Size", "SIZE" },
	{ "Status", "STATUS" },
	{ 0 },
};
static const struct format_kind container_kind = { "*formatter.ContainerContext",
						   container_headings };

static struct json_object *image_row(const struct df *df, const struct image_doc *doc,
				     const char *name)
{
	struct json_object *row = json_object_new_object();
	struct arena *a = df->cli->a;
	const char *repository = "<none>", *tag = "<none>";
	char created[TIMESTAMP_MAX], since[DURATION_HUMAN_MAX];
	int64_t shared = shared_size(df, doc);

	if (name)
		ref_split(ref_familiar(name), a, &repository, &tag);
	timestamp_write_long(doc->created, cli_zone, created);
	duration_human(cli_now() - doc->created, since);
	put(row, "Containers", arena_printf(a, "%zu", users_of(df, doc->id)));
	put(row, "CreatedAt", created);
	put(row, "CreatedSince", arena_printf(a, "%s ago", since));
	put(row, "ID", arena_strndup(a, digest_hex(doc->id), 12));
	put(row, "Repository", repository);
	put(row, "SharedSize", human(a, shared, 3));
	put(row, "Size", human(a, image_size(doc), 3));
	put(row, "Tag", tag);
	put(row, "UniqueSize", human(a, image_size(doc) - shared, 3));
	return row;
}

/* One row a name, as `berth images` has them. */
static struct json_object *list_images(const struct df *df)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < df->images.n; i++) {
		const struct image_doc *doc = &df->images.items[i];
		size_t names = doc->repo_tags.n;

		for (size_t k = 0; k < (names ? names : 1); k++)
			json_object_array_add(list,
					      image_row(df, doc,
							names ? doc->repo_tags.items[k] : NULL));
	}
	return list;
}

static struct json_object *list_containers(const struct df *df)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < df->n_containers; i++) {
		const struct container_use *use = &df->containers[i];

		json_object_array_add(list, cmd_ps_row(&use->c, false,
						       human(df->cli->a, use->rw, 3), df->cli->a));
	}
	return list;
}

static int print_table(struct df *df, const struct format_kind *kind, const char *table,
		       struct json_object *rows)
{
	OWN(format) struct format format = { 0 };
	OWN(json) struct json_object *owned = rows;
	struct cli *cli = df->cli;
	int r = format_init(&format, kind, NULL, table, cli->a, &cli->err);

	for (size_t i = 0; r == 0 && i < json_object_array_length(owned); i++)
		r = format_row(&format, json_object_array_get_idx(owned, i), NULL, &cli->err);
	return r < 0 ? r : format_finish(&format, &cli->out, &cli->err);
}

static int print_details(struct df *df)
{
	struct cli *cli = df->cli;
	int r;

	cli_print(cli, "Images space usage:\n\n");
	r = print_table(
		df, &image_kind,
		"{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}",
		list_images(df));
	cli_print(cli, "\nContainers space usage:\n\n");
	if (r == 0)
		r = print_table(
			df, &container_kind,
			"{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}",
			list_containers(df));
	cli_print(cli,
		  "\nLocal Volumes space usage:\n\nVOLUME NAME   LINKS     SIZE\n"
		  "\nBuild cache usage: 0B\n\n"
		  "CACHE ID   CACHE TYPE   SIZE      CREATED   LAST USED   USAGE     SHARED\n");
	if (df->n_partial)
		cli_print(cli, "\nInterrupted downloads: %zu, %s\n", df->n_partial,
			  human(cli->a, df->partial, 4));
	return r;
}

/* With a format, all of it is one document, as docker has it. */
static int print_document(struct df *df, const char *text)
{
	OWN(json) struct json_object *doc = json_object_new_object();
	json_object_object_add(doc, "BuildCache", json_object_new_array());
	json_object_object_add(doc, "Containers", list_containers(df));
	json_object_object_add(doc, "Images", list_images(df));
	json_object_object_add(doc, "Volumes", json_object_new_array());
	return format_document(text, doc, df->cli->a, &df->cli->out, &df->cli->err);
}

static int df_command(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct df_flags *f = opts;
	struct df df = { .cli = cli };
	int r = gather(&df);

	(void)args;
	if (r < 0)
		return r;
	if (!f->verbose)
		return summarize(&df, f->format);
	if (str_is_empty(f->format) || str_eq(f->format, "table"))
		return print_details(&df);
	if (str_after(f->format, "table"))
		return err_set(&cli->err, -EINVAL,
			       "a table's template and --verbose do not go together: there are "
			       "several tables");
	return print_document(&df, f->format);
}

const struct cmd cmd_df_table[] = {
	{ NULL, "system", "df", "[OPTIONS]", "Show disk usage", df_opts, NULL,
	  sizeof(struct df_flags), df_command, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE, 0 },
	{ 0 },
};
