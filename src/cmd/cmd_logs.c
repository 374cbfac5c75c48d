/*
 * cmd_logs.c - berth logs
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/log_reader.h"
#include "codec/json.h"
#include "codec/timestamp.h"
#include "engine/shim_client.h"

#include <poll.h>
#include <unistd.h>

enum { FLUSH_AT = 65536, LOOK_EVERY_MS = 500 };

struct logs_flags {
	bool details, follow, timestamps;
	const char *since, *until, *tail;
};

static const struct opt logs_opts[] = {
	FLAG(struct logs_flags, details, 0, "details", "Show extra details provided to logs"),
	FLAG(struct logs_flags, follow, 'f', "follow", "Follow log output"),
	STR(struct logs_flags, since, 0, "since", "string",
	    "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
	STR(struct logs_flags, tail, 'n', "tail", "string",
	    "Number of lines to show from the end of the logs (default \"all\")"),
	FLAG(struct logs_flags, timestamps, 't', "timestamps", "Show timestamps"),
	STR(struct logs_flags, until, 0, "until", "string",
	    "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" for 42 minutes)"),
	OPT_END,
};

struct tailer {
	struct cli *cli;
	const struct logs_flags *flags;
	struct log_reader *reader;
	int64_t since, until; /* ns; 0: none */
	struct buf errors;    /* for stderr */
	bool past_until;
};

static void tailer_cleanup(struct tailer *t)
{
	log_reader_close(t->reader);
	buf_done(&t->errors);
}

/* What is not a number is "all", as docker has it. */
static int64_t tail_lines(const char *text)
{
	int64_t n;
	char *end;

	if (str_is_empty(text))
		return -1;
	errno = 0;
	n = strtoll(text, &end, 10);
	return *end || errno || n < 0 ? -1 : n;
}

static int read_time(struct cli *cli, const char *option, const char *text, int64_t *ret)
{
	struct err why = ERR_INIT;

	*ret = 0;
	if (str_is_empty(text) || timestamp_parse_since(text, cli_now(), cli_zone, ret, &why) == 0)
		return 0;
	return err_set(&cli->err, -EINVAL, "invalid value for \"%s\": %s", option, why.msg);
}

static int flush(struct tailer *t)
{
	int r = cli_flush(t->cli);
	const char *text = buf_text(&t->errors);
	size_t len = t->errors.len;

	while (r == 0 && len > 0) {
		ssize_t n = write(STDERR_FILENO, text, len);

		if (n < 0 && errno != EINTR)
			return err_sys(&t->cli->err, "write /dev/stderr");
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	t->errors.len = 0;
	return r;
}

/* "key=value,…" of the labels and variables that the log was asked to carry, and a blank, as docker
 * has it also where there are none. */
static void print_details(struct json_object *attrs, struct buf *out)
{
	bool first = true;

	if (attrs) {
		json_object_object_foreach(attrs, key, value)
		{
			buf_printf(out, "%s%s=%s", first ? "" : ",", key,
				   json_object_get_string(value));
			first = false;
		}
	}
	buf_addc(out, ' ');
}

/* Order between the two streams is kept: what waits for one is written before the other grows. */
static int print_entry(struct tailer *t, const struct log_entry *e)
{
	struct buf *out = e->is_stderr ? &t->errors : &t->cli->out;
	struct buf *other = e->is_stderr ? &t->cli->out : &t->errors;
	char time[TIMESTAMP_MAX];
	int r = other->len || out->len > FLUSH_AT ? flush(t) : 0;

	if (r < 0)
		return r;
	if (t->flags->timestamps) {
		timestamp_write_fixed(e->time, time);
		buf_printf(out, "%s ", time);
	}
	if (t->flags->details)
		print_details(e->attrs, out);
	buf_add(out, e->text, e->len);
	return 0;
}

/* Everything that is there now. */
static int print_new(struct tailer *t)
{
	struct log_entry e;
	int r;

	while ((r = log_reader_next(t->reader, &e, &t->cli->err)) > 0) {
		if (t->since && e.time < t->since)
			continue;
		if (t->until && e.time > t->until) {
			t->past_until = true;
			break;
		}
		r = print_entry(t, &e);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : flush(t);
}

/* Does the container still run? The shim's socket tells it at once, else we look. */
static bool has_ended(struct tailer *t, struct engine *e, const char *id,
		      struct shim_client *client, bool readable)
{
	OWN(arena) struct arena scratch = ARENA_INIT;
	enum shim_frame type;
	const void *data;
	struct container c;
	size_t len;

	(void)t;
	if (client)
		return readable &&
		       (shim_client_read(client, &type, &data, &len) <= 0 || type == SHIM_EXITED);
	return container_find(e, id, &scratch, &c, NULL) < 0 ||
	       !(c.state.running || c.state.restarting);
}

static int follow(struct tailer *t, struct engine *e, const char *id)
{
	OWN(shim_client) struct shim_client *client = NULL;
	bool ended = false;
	int r;

	/* Attached to nothing, but told of the end. A paused container has to be looked at. */
	if (container_attach(e, id, 0, &client, NULL) < 0)
		client = NULL;
	r = print_new(t);
	while (r == 0 && !t->past_until && !ended) {
		struct pollfd p[] = {
			{ .fd = log_reader_watch(t->reader), .events = POLLIN },
			{ .fd = client ? shim_client_fd(client) : -1, .events = POLLIN },
		};
		char events[4096];

		if (poll(p, 2, client ? -1 : LOOK_EVERY_MS) < 0 && errno != EINTR)
			return err_sys(&t->cli->err, "poll");
		if (p[0].revents)
			(void)!read(p[0].fd, events, sizeof(events));
		ended = has_ended(t, e, id, client, p[1].revents != 0);
		r = print_new(t);
	}
	return r;
}

static int logs(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct logs_flags *f = opts;
	OWN(tailer) struct tailer t = { .cli = cli, .flags = f };
	struct container c;
	struct engine *e;
	const char *path;
	int r = read_time(cli, "since", f->since, &t.since);

	if (r == 0)
		r = read_time(cli, "until", f->until, &t.until);
	if (r == 0)
		r = cli_engine(cli, &e);
	if (r == 0)
		r = container_find(e, args->items[0], cli->a, &c, &cli->err);
	if (r < 0)
		return r;
	path = container_log_path(e, &c, cli->a);
	if (!path)
		return err_set(&cli->err, -ENOTSUP,
			       "configured logging driver does not support reading");
	r = log_reader_open(path, tail_lines(f->tail), &t.reader, &cli->err);
	if (r < 0)
		return r;
	return f->follow && (c.state.running || c.state.restarting) ? follow(&t, e, c.id)
								    : print_new(&t);
}

const struct cmd cmd_logs_table[] = {
	{ "logs", "container", "logs", "[OPTIONS] CONTAINER", "Fetch the logs of a container",
	  logs_opts, NULL, sizeof(struct logs_flags), logs, 1, 1, OPT_ANYWHERE, CMD_ARGS_CONTAINERS,
	  0 },
	{ 0 },
};
