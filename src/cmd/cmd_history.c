/*
 * cmd_history.c - berth history
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/format.h"
#include "codec/digest.h"
#include "codec/duration.h"
#include "codec/json.h"
#include "codec/size.h"
#include "codec/timestamp.h"
#include "image/image.h"

struct history_flags {
	bool human, no_trunc, quiet;
	const char *format;
};

static const struct history_flags history_defaults = { .human = true };

static const struct opt history_opts[] = {
	STR(struct history_flags, format, 0, "format", "string",
	    "Format output using a custom template:\n"
	    "'table':            Print output in table format with column headers (default)\n"
	    "'table TEMPLATE':   Print output in table format using the given Go template\n"
	    "'json':             Print in JSON format\n"
	    "'TEMPLATE':         Print output using the given Go template"),
	FLAG(struct history_flags, human, 'H', "human",
	     "Print sizes and dates in human readable format (default true)"),
	FLAG(struct history_flags, no_trunc, 0, "no-trunc", "Don't truncate output"),
	FLAG(struct history_flags, quiet, 'q', "quiet", "Only show image IDs"),
	REFUSED(0, "platform", "images are of one platform here"),
	OPT_END,
};

static const struct format_heading headings[] = {
	{ "Comment", "COMMENT" },
	{ "CreatedAt", "CREATED AT" },
	{ "CreatedBy", "CREATED BY" },
	{ "CreatedSince", "CREATED" },
	{ "ID", "IMAGE" },
	{ "Size", "SIZE" },
	{ 0 },
};
static const struct format_kind kind = { "*formatter.historyContext", headings };

struct listing {
	struct cli *cli;
	const struct history_flags *flags;
	struct format format;
	struct image_doc doc;
	struct image_config config;
	int64_t *sizes; /* of each entry of the history */
};

/* Entries and layers are in one order; entries that made no layer have none. */
static void find_sizes(struct listing *l, struct state_txn *txn)
{
	size_t layer = 0;

	l->sizes = arena_array(l->cli->a, l->config.history.n + 1, sizeof(*l->sizes));
	for (size_t i = 0; i < l->config.history.n; i++) {
		struct layer_doc doc;

		if (l->config.history.items[i].empty_layer || layer >= l->doc.diff_ids.n)
			continue;
		if (state_get_doc(txn, STATE_LAYERS, digest_hex(l->doc.diff_ids.items[layer++]),
				  &layer_doc_schema, l->cli->a, &doc, NULL) == 0)
			l->sizes[i] = doc.size;
	}
}

static int read_image(struct listing *l, struct engine *e, const char *name)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct cli *cli = l->cli;
	const char *text;
	size_t len;
	int r = state_begin(engine_state(e), STATE_READ, &txn, &cli->err);

	if (r == 0)
		r = image_find(engine_images(e), txn, name, cli->a, &l->doc, &cli->err);
	if (r == 0)
		r = image_layer_text(engine_images(e), l->doc.id, cli->a, &text, &len, &cli->err);
	if (r == 0)
		r = schema_read(&image_config_schema, text, len, cli->a, &l->config, &cli->err);
	if (r == 0)
		find_sizes(l, txn);
	return r;
}

static void put(struct json_object *row, const char *key, const char *value)
{
	json_object_object_add(row, key, json_object_new_string(value));
}

/* On one line, and no longer than docker shows it. */
static const char *created_by(const struct listing *l, const struct image_history *h)
{
	enum { LONGEST = 45 };
	struct arena *a = l->cli->a;
	char *text = arena_strdup(a, h->created_by ? h->created_by : "");

	for (char *s = text; *s; s++)
		if (*s == '\t')
			*s = ' ';
	if (l->flags->no_trunc || strlen(text) <= LONGEST)
		return text;
	return arena_printf(a, "%.*s…", LONGEST - 1, text);
}

static int print_row(struct listing *l, size_t i)
{
	OWN(json) struct json_object *row = json_object_new_object();
	const struct image_history *h = &l->config.history.items[i];
	struct arena *a = l->cli->a;
	char at[TIMESTAMP_MAX], since[DURATION_HUMAN_MAX], size[SIZE_HUMAN_MAX];
	bool top = i == l->config.history.n - 1;
	const char *id =
		l->flags->no_trunc ? l->doc.id : arena_strndup(a, digest_hex(l->doc.id), 12);

	timestamp_write(h->created / 1000000000 * 1000000000, at);
	duration_human(cli_now() - h->created, since);
	size_human(l->sizes[i], 3, size);
	put(row, "Comment", h->comment ? h->comment : "");
	put(row, "CreatedAt", at);
	put(row, "CreatedBy", created_by(l, h));
	put(row, "CreatedSince",
	    !l->flags->human ? at
	    : h->created     ? arena_printf(a, "%s ago", since)
			     : "N/A");
	put(row, "ID", top ? id : "<missing>");
	put(row, "Size", l->flags->human ? size : arena_printf(a, "%lld", (long long)l->sizes[i]));
	return format_row(&l->format, row, NULL, &l->cli->err);
}

static const char *usual_table(const struct history_flags *f)
{
	if (f->quiet)
		return "{{.ID}}";
	return f->human ? "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"
			: "{{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";
}

static int history(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct history_flags *f = opts;
	struct listing l = { .cli = cli, .flags = f };
	const char *text = f->quiet && (str_is_empty(f->format) || str_after(f->format, "table"))
				   ? "{{.ID}}"
				   : f->format;
	struct engine *e;
	int r = format_init(&l.format, &kind, text, usual_table(f), cli->a, &cli->err);

	if (r == 0)
		r = cli_engine(cli, &e);
	if (r == 0)
		r = read_image(&l, e, args->items[0]);
	for (size_t i = l.config.history.n; r == 0 && i-- > 0;) /* the newest first */
		r = print_row(&l, i);
	if (r == 0)
		r = format_finish(&l.format, &cli->out, &cli->err);
	format_cleanup(&l.format);
	return r;
}

const struct cmd cmd_history_table[] = {
	{ "history", "image", "history", "[OPTIONS] IMAGE", "Show the history of an image",
	  history_opts, &history_defaults, sizeof(struct history_flags), history, 1, 1,
	  OPT_ANYWHERE, CMD_ARGS_IMAGES, 0 },
	{ 0 },
};
