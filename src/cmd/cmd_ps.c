/*
 * cmd_ps.c - berth ps
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/cmd_ps.h"
#include "cmd/filter.h"
#include "cmd/format.h"
#include "cmd/ports_text.h"
#include "codec/digest.h"
#include "codec/duration.h"
#include "base/opt.h"
#include "codec/json.h"
#include "codec/port.h"
#include "codec/ref.h"
#include "codec/size.h"
#include "codec/timestamp.h"
#include "image/image.h"

struct ps_flags {
	bool all, latest, no_trunc, quiet, size;
	int64_t last;
	const char *format;
	struct strv filter;
};

static const struct ps_flags ps_defaults = { .last = -1 };

static const char format_help[] =
	"Format output using a custom template:\n"
	"'table':            Print output in table format with column headers (default)\n"
	"'table TEMPLATE':   Print output in table format using the given Go template\n"
	"'json':             Print in JSON format\n"
	"'TEMPLATE':         Print output using the given Go template";

static const struct opt ps_opts[] = {
	FLAG(struct ps_flags, all, 'a', "all", "Show all containers (default shows just running)"),
	STRS(struct ps_flags, filter, 'f', "filter", "filter",
	     "Filter output based on conditions provided"),
	STR(struct ps_flags, format, 0, "format", "string", format_help),
	I64(struct ps_flags, last, 'n', "last", "int",
	    "Show n last created containers (includes all states) (default -1)"),
	FLAG(struct ps_flags, latest, 'l', "latest",
	     "Show the latest created container (includes all states)"),
	FLAG(struct ps_flags, no_trunc, 0, "no-trunc", "Don't truncate output"),
	FLAG(struct ps_flags, quiet, 'q', "quiet", "Only display container IDs"),
	FLAG(struct ps_flags, size, 's', "size", "Display total file sizes"),
	OPT_END,
};

static const struct format_heading headings[] = {
	{ "Command", "COMMAND" },
	{ "CreatedAt", "CREATED AT" },
	{ "ID", "CONTAINER ID" },
	{ "Image", "IMAGE" },
	{ "Labels", "LABELS" },
	{ "LocalVolumes", "LOCAL VOLUMES" },
	{ "Mounts", "MOUNTS" },
	{ "Names", "NAMES" },
	{ "Networks", "NETWORKS" },
	{ "Ports", "PORTS" },
	{ "RunningFor", "CREATED" },
	{ "Size", "SIZE" },
	{ "State", "STATE" },
	{ "Status", "STATUS" },
	{ 0 },
};

static const struct format_kind kind = { "*formatter.ContainerContext", headings };

/* -- which -- */

static const char *const filter_names[] = {
	"ancestor", "before",  "exited",  "expose", "health", "id",     "is-task", "label",
	"name",     "network", "publish", "since",  "status", "volume", NULL,
};

struct query {
	struct cli *cli;
	struct engine *e;
	const struct ps_flags *flags;
	struct filter filter;
	int64_t before, since; /* creation times; 0: none */
	struct strv ancestors; /* image IDs */
	bool all;
};

static int is_status(const char *value)
{
	for (int s = 0; s < CONTAINER_STATUSES; s++)
		if (str_eq(container_status_names[s], value))
			return 0;
	return -EINVAL;
}

static int is_number(const char *value)
{
	char *end;

	(void)strtol(value, &end, 10);
	return *end || end == value ? -EINVAL : 0;
}

static int is_health(const char *value)
{
	static const char *const known[] = { "none", "starting", "healthy", "unhealthy" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(known[i], value))
			return 0;
	return -EINVAL;
}

static int is_bool(const char *value)
{
	bool unused;

	return opt_parse_bool(value, &unused);
}

static int is_ports(const char *value)
{
	struct port_range unused;

	return port_range_parse(value, &unused, NULL);
}

static int check_values(struct query *q)
{
	static const struct {
		const char *name;
		int (*check)(const char *value);
	} checks[] = {
		{ "status", is_status }, { "exited", is_number }, { "health", is_health },
		{ "is-task", is_bool },  { "publish", is_ports }, { "expose", is_ports },
	};
	const char *value;

	for (size_t k = 0; k < sizeof(checks) / sizeof(checks[0]); k++)
		for (size_t i = 0; (i = filter_next(&q->filter, checks[k].name, i, &value));)
			if (checks[k].check(value) < 0)
				return err_set(&q->cli->err, -EINVAL, "invalid filter '%s=%.100s'",
					       checks[k].name, value);
	q->all = q->all || filter_has(&q->filter, "status");
	return 0;
}

/* The creation time of the container that a filter names. */
static int resolve_time(struct query *q, const char *name, int64_t *ret)
{
	const char *value;
	struct container c;
	int r;

	if (!filter_next(&q->filter, name, 0, &value))
		return 0;
	r = container_find(q->e, value, q->cli->a, &c, &q->cli->err);
	if (r == 0)
		*ret = c.created;
	return r;
}

/* What is no image has no container. */
static int resolve_ancestors(struct query *q)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	const char *value;
	int r;

	if (!filter_has(&q->filter, "ancestor"))
		return 0;
	r = state_begin(engine_state(q->e), STATE_READ, &txn, &q->cli->err);
	for (size_t i = 0; r == 0 && (i = filter_next(&q->filter, "ancestor", i, &value));) {
		struct image_doc doc;

		if (image_find(engine_images(q->e), txn, value, q->cli->a, &doc, NULL) == 0)
			strv_add(&q->ancestors, q->cli->a, arena_strdup(q->cli->a, doc.id));
	}
	return r;
}

/* Volumes are found by source or by where they are mounted. */
static bool has_volume(const struct query *q, const struct container *c)
{
	if (!filter_has(&q->filter, "volume"))
		return true;
	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct mount_point *m = &c->mounts.items[i];

		if (filter_equals(&q->filter, "volume", m->source ? m->source : "") ||
		    filter_equals(&q->filter, "volume", m->destination ? m->destination : ""))
			return true;
	}
	return false;
}

static bool has_exited(const struct query *q, const struct container *c)
{
	char code[16];

	if (!filter_has(&q->filter, "exited"))
		return true;
	(void)snprintf(code, sizeof(code), "%d", c->state.exit_code);
	return !c->state.running && c->state.status != CONTAINER_CREATED &&
	       filter_equals(&q->filter, "exited", code);
}

/* Is any exposed port, the image's or the user's, within a filter's range? */
static bool has_exposed(const struct query *q, const struct container *c)
{
	const char *value;

	if (!filter_has(&q->filter, "expose"))
		return true;
	for (size_t i = 0; (i = filter_next(&q->filter, "expose", i, &value));) {
		struct port_range wanted, port;

		(void)port_range_parse(value, &wanted, NULL);
		for (size_t k = 0; k < c->config.exposed_ports.n; k++)
			if (port_range_parse(c->config.exposed_ports.items[k], &port, NULL) == 0 &&
			    str_eq(port.protocol, wanted.protocol) && port.first <= wanted.last &&
			    port.last >= wanted.first)
				return true;
	}
	return false;
}

/* Is any published port of the container's within a filter's range? */
static bool has_published(const struct query *q, const struct container *c)
{
	const char *value;

	if (!filter_has(&q->filter, "publish"))
		return true;
	for (size_t i = 0; (i = filter_next(&q->filter, "publish", i, &value));) {
		struct port_range wanted, port;

		(void)port_range_parse(value, &wanted, NULL);
		for (size_t k = 0; k < c->ports.n; k++)
			if (port_range_parse(c->ports.items[k].port, &port, NULL) == 0 &&
			    str_eq(port.protocol, wanted.protocol) && port.first <= wanted.last &&
			    port.last >= wanted.first)
				return true;
	}
	return false;
}

/* By the name of a network, or the ID. */
static bool has_network(const struct query *q, const struct container *c)
{
	bool found = c->endpoints.n == 0 &&
		     filter_equals(&q->filter, "network", c->host_config.network_mode);

	for (size_t i = 0; i < c->endpoints.n; i++)
		found = found ||
			filter_equals(&q->filter, "network", c->endpoints.items[i].network) ||
			filter_equals(&q->filter, "network", c->endpoints.items[i].network_id);
	return found;
}

/* Nothing is a task of a cluster. */
static bool is_task_as_wanted(const struct query *q)
{
	const char *value;
	bool task = false, any = false;

	for (size_t i = 0; (i = filter_next(&q->filter, "is-task", i, &value));) {
		(void)opt_parse_bool(value, &task);
		any = any || !task;
	}
	return any || !filter_has(&q->filter, "is-task");
}

/* docker's names begin with a slash, and a pattern may say so. */
static bool has_name(const struct query *q, const struct container *c)
{
	return filter_matches(&q->filter, "name", c->name) ||
	       filter_matches(&q->filter, "name", arena_printf(q->cli->a, "/%s", c->name));
}

static const char *health_of(const struct container *c)
{
	return c->state.health ? c->state.health->status : "none";
}

static bool is_wanted(const struct query *q, const struct container *c)
{
	const struct filter *f = &q->filter;

	if (q->before && c->created >= q->before)
		return false;
	if (q->since && c->created <= q->since)
		return false;
	if (filter_has(f, "ancestor") && !strv_has(&q->ancestors, c->image))
		return false;
	return filter_matches(f, "id", c->id) && has_name(q, c) &&
	       filter_labels(f, "label", &c->config.labels) &&
	       filter_equals(f, "status", container_status_names[c->state.status]) &&
	       filter_equals(f, "health", health_of(c)) && has_network(q, c) &&
	       has_published(q, c) && has_exposed(q, c) && is_task_as_wanted(q) &&
	       has_exited(q, c) && has_volume(q, c);
}

/* -- how -- */

static void put(struct json_object *row, const char *key, const char *value)
{
	json_object_object_add(row, key, json_object_new_string(value ? value : ""));
}

static const char *ago(int64_t ns, struct arena *a)
{
	char text[DURATION_HUMAN_MAX];

	duration_human(cli_now() - ns, text);
	return arena_strdup(a, text);
}

static const char *networks_text(const struct container *c, struct arena *a)
{
	struct strv names = { 0 };

	for (size_t i = 0; i < c->endpoints.n; i++)
		strv_add(&names, a, c->endpoints.items[i].network);
	if (names.n)
		return strv_join(&names, a, ",");
	return str_after(c->host_config.network_mode, "container:") ? ""
								    : c->host_config.network_mode;
}

/* docker's words for a state. */
static const char *status_text(const struct container *c, struct arena *a)
{
	const struct container_state *s = &c->state;

	switch ((enum container_status)s->status) {
	case CONTAINER_RUNNING:
		if (!s->health)
			return arena_printf(a, "Up %s", ago(s->started_at, a));
		return arena_printf(a, "Up %s (%s%s)", ago(s->started_at, a),
				    str_eq(s->health->status, "starting") ? "health: " : "",
				    s->health->status);
	case CONTAINER_PAUSED:
		return arena_printf(a, "Up %s (Paused)", ago(s->started_at, a));
	case CONTAINER_RESTARTING:
		return arena_printf(a, "Restarting (%d) %s ago", s->exit_code,
				    ago(s->finished_at, a));
	case CONTAINER_REMOVING:
		return "Removal In Progress";
	case CONTAINER_DEAD:
		return "Dead";
	case CONTAINER_CREATED:
		return "Created";
	case CONTAINER_EXITED:
		return arena_printf(a, "Exited (%d) %s ago", s->exit_code, ago(s->finished_at, a));
	case CONTAINER_STATUSES:
		break;
	}
	return "";
}

/* At most n characters, the last one an ellipsis when something was cut. */
static const char *ellipsis(const char *s, size_t n, struct arena *a)
{
	size_t bytes = 0, cut = 0, seen = 0;

	for (; s[bytes]; bytes++) {
		if (((unsigned char)s[bytes] & 0xc0) == 0x80)
			continue;
		if (seen == n - 1)
			cut = bytes;
		if (seen++ == n)
			return arena_printf(a, "%.*s…", (int)cut, s);
	}
	return s;
}

/* As docker's: an argument with a space is between apostrophes, whatever else is in it. */
static const char *command_text(const struct container *c, bool no_trunc, struct arena *a)
{
	OWN(buf) struct buf text = { 0 }, quoted = { 0 };
	const char *whole;

	buf_adds(&text, c->path ? c->path : "");
	for (size_t i = 0; i < c->args.n; i++)
		buf_printf(&text, strchr(c->args.items[i], ' ') ? " '%s'" : " %s",
			   c->args.items[i]);
	whole = no_trunc ? buf_text(&text) : ellipsis(buf_text(&text), 20, a);
	json_quote(whole, strlen(whole), &quoted);
	return arena_strdup(a, buf_text(&quoted));
}

static const char *image_text(const struct container *c, bool no_trunc, struct arena *a)
{
	const char *hex = str_after(c->config.image, "sha256:");

	if (hex && !no_trunc)
		return arena_strndup(a, hex, 12);
	return c->config.image;
}

static const char *labels_text(const struct container *c, struct arena *a)
{
	struct strv parts = { 0 };

	for (size_t i = 0; i < c->config.labels.n; i++)
		strv_add(&parts, a,
			 arena_printf(a, "%s=%s", c->config.labels.items[i].key,
				      c->config.labels.items[i].value));
	return strv_join(&parts, a, ",");
}

static const char *mounts_text(const struct container *c, bool no_trunc, struct arena *a)
{
	struct strv parts = { 0 };

	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct mount_point *m = &c->mounts.items[i];
		const char *name = str_is_empty(m->name) ? m->source : m->name;

		if (!str_is_empty(name))
			strv_add(&parts, a, no_trunc ? name : ellipsis(name, 15, a));
	}
	return strv_join(&parts, a, ",");
}

static int size_text(struct query *q, const struct container *c, const char **ret)
{
	char rw[SIZE_HUMAN_MAX], whole[SIZE_HUMAN_MAX];
	int64_t bytes_rw, bytes_whole;
	int r = container_size(q->e, c, &bytes_rw, &bytes_whole, &q->cli->err);

	if (r < 0)
		return r;
	size_human(bytes_rw, 3, rw);
	size_human(bytes_whole, 3, whole);
	*ret = bytes_whole > 0 ? arena_printf(q->cli->a, "%s (virtual %s)", rw, whole)
			       : arena_strdup(q->cli->a, rw);
	return 0;
}

/* Members in the order of their names, as {{json .}} has them. */
struct json_object *cmd_ps_row(const struct container *c, bool no_trunc, const char *size,
			       struct arena *a)
{
	struct json_object *row = json_object_new_object();
	char created[TIMESTAMP_MAX];

	timestamp_write_long(c->created, cli_zone, created);
	put(row, "Command", command_text(c, no_trunc, a));
	put(row, "CreatedAt", created);
	put(row, "ID", no_trunc ? c->id : arena_strndup(a, c->id, 12));
	put(row, "Image", image_text(c, no_trunc, a));
	put(row, "Labels", labels_text(c, a));
	put(row, "LocalVolumes", "0");
	put(row, "Mounts", mounts_text(c, no_trunc, a));
	put(row, "Names", c->name);
	put(row, "Networks", networks_text(c, a));
	put(row, "Ports", ports_text(c, a));
	put(row, "RunningFor", arena_printf(a, "%s ago", ago(c->created, a)));
	put(row, "Size", size);
	put(row, "State", container_status_names[c->state.status]);
	put(row, "Status", status_text(c, a));
	return row;
}

static const char *usual_table(const struct ps_flags *f)
{
	if (f->quiet)
		return "{{.ID}}";
	if (f->size)
		return "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}\t{{.Size}}";
	return "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
}

/* A name that leads to another image by now, or to none, is not what the container is made of. */
static int check_images(struct query *q, struct container_list *list)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(engine_state(q->e), STATE_READ, &txn, &q->cli->err);

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		struct container *c = &list->items[i];
		struct ref ref;
		const char *id = NULL;

		if (str_after(c->config.image, "sha256:") ||
		    ref_parse(c->config.image, &ref, NULL) < 0)
			continue;
		(void)state_get_str(txn, STATE_IMAGE_REFS, ref_canonical(&ref, q->cli->a),
				    q->cli->a, &id);
		/* What is no name may be the beginning of an ID. */
		if (!str_eq(id, c->image) && !str_after(digest_hex(c->image), c->config.image))
			c->config.image = c->image;
	}
	return r;
}

static int print_list(struct query *q, const struct container_list *list, struct format *format,
		      int64_t limit)
{
	bool sizes = q->flags->size || format_uses(format, "Size");
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n && limit != 0; i++) {
		OWN(json) struct json_object *row = NULL;
		const struct container *c = &list->items[i];
		const char *size = "0B";

		if (!is_wanted(q, c))
			continue;
		limit--;
		if (sizes)
			r = size_text(q, c, &size);
		if (r < 0)
			break;
		row = cmd_ps_row(c, q->flags->no_trunc, size, q->cli->a);
		r = format_row(format, row, &c->config.labels, &q->cli->err);
	}
	return r < 0 ? r : format_finish(format, &q->cli->out, &q->cli->err);
}

static int ps(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct ps_flags *f = opts;
	struct query q = { .cli = cli, .flags = f, .all = f->all || f->latest || f->last > 0 };
	OWN(format) struct format format = { 0 };
	struct container_list list;
	const char *text = f->quiet && (str_is_empty(f->format) || str_after(f->format, "table"))
				   ? "{{.ID}}"
				   : f->format;
	int r = format_init(&format, &kind, text, usual_table(f), cli->a, &cli->err);

	(void)args;
	if (r == 0)
		r = filter_parse(&f->filter, filter_names, cli->a, &q.filter, &cli->err);
	if (r == 0)
		r = check_values(&q);
	if (r == 0)
		r = cli_engine(cli, &q.e);
	if (r == 0)
		r = engine_heal(q.e, &cli->err);
	if (r == 0)
		r = resolve_time(&q, "before", &q.before);
	if (r == 0)
		r = resolve_time(&q, "since", &q.since);
	if (r == 0)
		r = resolve_ancestors(&q);
	if (r == 0)
		r = container_list(q.e, q.all, cli->a, &list, &cli->err);
	if (r == 0)
		r = check_images(&q, &list);
	return r < 0 ? r
		     : print_list(&q, &list, &format,
				  f->latest     ? 1
				  : f->last > 0 ? f->last
						: -1);
}

const struct cmd cmd_ps_table[] = {
	{ "ps", "container", "ls list ps", "[OPTIONS]", "List containers", ps_opts, &ps_defaults,
	  sizeof(struct ps_flags), ps, 0, 0, OPT_ANYWHERE, CMD_ARGS_NONE, CMD_COMMON },
	{ 0 },
};
