/*
 * oci_show.c - state, list, ps
 */
#include "cmd/oci_state.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "codec/json.h"
#include "codec/timestamp.h"
#include "sys/file.h"

#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/wait.h>

enum { PS_MAX = 16 << 20 };

/* What `state` prints: the specification's members, and those that runc adds. */
struct view {
	const char *oci_version, *id;
	int pid;
	const char *status, *bundle, *rootfs;
	int64_t created;
	struct str_map annotations;
	const char *owner;
};
#define T struct view
SCHEMA_DECLARE(view);
SCHEMA(view, T, F_STR(T, oci_version, "ociVersion", ALWAYS_FULL), F_STR(T, id, "id", ALWAYS_FULL),
       F_INT(T, pid, "pid", ALWAYS_FULL), F_STR(T, status, "status", ALWAYS_FULL),
       F_STR(T, bundle, "bundle", ALWAYS_FULL), F_STR(T, rootfs, "rootfs", ALWAYS_FULL),
       F_TIME(T, created, "created", ALWAYS_FULL), F_MAP(T, annotations, "annotations", OMIT_EMPTY),
       F_STR(T, owner, "owner", ALWAYS_FULL));
#undef T

struct views {
	LIST(struct view) all;
};

/* The line of /etc/passwd; a static program has no name services to ask. */
static const char *owner_name(struct oci_cli *cli, uint32_t uid)
{
	OWN(str) char *text = NULL;

	if (file_read_at(AT_FDCWD, "/etc/passwd", 1 << 20, &text, NULL) < 0)
		return "";
	for (char *line = text, *next; line && *line; line = next) {
		struct strv fields;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		fields = strv_split(cli->a, line, ':');
		if (fields.n > 2 && fields.items[2][0] &&
		    strtoull(fields.items[2], NULL, 10) == uid)
			return fields.items[0];
	}
	return "";
}

static int look(struct oci_cli *cli, const char *id, struct view *ret)
{
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	int r = oci_state_open(cli, id, false, &c);
	struct oci_config *config;
	enum oci_status is;

	if (r == 0)
		r = oci_state_config(cli, &c, &config);
	if (r < 0)
		return r;
	is = oci_state_status(&c);
	*ret = (struct view){ .oci_version = OCI_RUNTIME_SPEC,
			      .id = c.state.id,
			      .pid = is == OCI_STOPPED ? 0 : c.state.pid,
			      .status = oci_status_names[is],
			      .bundle = c.state.bundle,
			      .rootfs = c.state.rootfs,
			      .created = c.state.created,
			      .annotations = config->annotations,
			      .owner = owner_name(cli, c.state.owner) };
	return 0;
}

static int oci_state(struct oci_cli *cli, const void *opts __attribute__((unused)),
		     const struct strv *args)
{
	OWN(buf) struct buf out = { 0 };
	OWN(json) struct json_object *tree = NULL;
	struct view view;
	int r = look(cli, args->items[0], &view);

	if (r < 0)
		return r;
	tree = schema_tree(&view_schema, &view, SCHEMA_FULL);
	json_write_pretty(tree, &out);
	buf_addc(&out, '\n');
	return oci_print(cli, out.data, out.len);
}

struct list_opts {
	const char *format;
	bool quiet;
};

static const struct opt list_opts[] = {
	STR(struct list_opts, format, 'f', "format", "format", "\"table\" or \"json\""),
	FLAG(struct list_opts, quiet, 'q', "quiet", "Only IDs"),
	OPT_END,
};

static int check_format(struct oci_cli *cli, const struct opt *table, const char *format)
{
	if (!format || str_eq(format, "table") || str_eq(format, "json"))
		return 0;
	return opt_invalid(table, "format", format, "must be table or json", &cli->err);
}

static void print_json(const struct views *views, struct buf *out)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < views->all.n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		schema_write(&view_schema, &views->all.items[i], SCHEMA_FULL, out);
	}
	buf_adds(out, "]\n");
}

static void print_table(const struct views *views, struct buf *out)
{
	size_t id = strlen("ID"), bundle = strlen("BUNDLE");

	for (size_t i = 0; i < views->all.n; i++) {
		size_t len = strlen(views->all.items[i].id);

		id = len > id ? len : id;
		len = strlen(views->all.items[i].bundle);
		bundle = len > bundle ? len : bundle;
	}
	buf_printf(out, "%-*s  %-10s  %-9s  %-*s  %-30s  %s\n", (int)id, "ID", "PID", "STATUS",
		   (int)bundle, "BUNDLE", "CREATED", "OWNER");
	for (size_t i = 0; i < views->all.n; i++) {
		const struct view *v = &views->all.items[i];
		char created[TIMESTAMP_MAX];

		timestamp_write(v->created, created);
		buf_printf(out, "%-*s  %-10d  %-9s  %-*s  %-30s  %s\n", (int)id, v->id, v->pid,
			   v->status, (int)bundle, v->bundle, created, v->owner);
	}
}

static int oci_list(struct oci_cli *cli, const void *opts,
		    const struct strv *args __attribute__((unused)))
{
	const struct list_opts *o = opts;
	OWN(buf) struct buf out = { 0 };
	struct views views = { 0 };
	struct strv ids;
	int r = check_format(cli, list_opts, o->format);

	if (r == 0)
		r = oci_state_ids(cli, &ids);
	if (r < 0)
		return r;
	views.all.items = arena_array(cli->a, ids.n, sizeof(struct view));
	for (size_t i = 0; i < ids.n; i++) {
		r = look(cli, ids.items[i], &views.all.items[views.all.n]);
		if (r == 0)
			views.all.n++;
		else if (r != -ENOENT) /* half-made, or deleted meanwhile */
			oci_warn(cli, "%s", cli->err.msg);
	}
	for (size_t i = 0; o->quiet && i < views.all.n; i++)
		buf_printf(&out, "%s\n", views.all.items[i].id);
	if (!o->quiet && str_eq(o->format, "json"))
		print_json(&views, &out);
	else if (!o->quiet)
		print_table(&views, &out);
	return oci_print(cli, buf_text(&out), out.len);
}

static const struct opt ps_opts[] = {
	STR(struct list_opts, format, 'f', "format", "format", "\"table\" or \"json\""),
	OPT_END,
};

/* One line of ps: owner, number, parent, state, command. */
static void print_process(struct oci_cli *cli, pid_t pid, struct buf *out)
{
	char path[64], text[4096], state = '?';
	int parent = 0;
	unsigned uid = 0;
	ssize_t len;
	const char *at;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (file_read_into(AT_FDCWD, path, text, sizeof(text)) < 0)
		return;
	if ((at = strstr(text, "\nState:")))
		(void)sscanf(at, "\nState: %c", &state);
	if ((at = strstr(text, "\nPPid:")))
		(void)sscanf(at, "\nPPid: %d", &parent);
	if ((at = strstr(text, "\nUid:")))
		(void)sscanf(at, "\nUid: %*u %u", &uid);
	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	len = file_read_into(AT_FDCWD, path, text, sizeof(text));
	for (ssize_t i = 0; i + 1 < len; i++)
		if ((unsigned char)text[i] < ' ')
			text[i] = ' ';
	buf_printf(out, "%-8s  %-8d  %-8d  %c  %s\n", owner_name(cli, uid), (int)pid, parent, state,
		   len > 0 ? text : "");
}

/* What the host's ps(1) prints with these options; -1 in *ret_status when it was killed. */
static int run_ps(struct oci_cli *cli, const struct strv *options, struct buf *ret, int *ret_status)
{
	struct strv argv = { 0 };
	posix_spawn_file_actions_t actions;
	char chunk[4096];
	int fds[2], r, status;
	ssize_t n;
	pid_t pid;

	strv_add(&argv, cli->a, "ps");
	for (size_t i = 0; i < options->n; i++)
		strv_add(&argv, cli->a, options->items[i]);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(&cli->err, "pipe");
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	r = posix_spawnp(&pid, "ps", &actions, NULL, (char *const *)argv.items, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(fds[1]);
	while (r == 0 && (n = read(fds[0], chunk, sizeof(chunk))) > 0 && ret->len < PS_MAX)
		buf_add(ret, chunk, (size_t)n);
	(void)close(fds[0]);
	if (r != 0)
		return err_code(&cli->err, -r, "running ps; use --format json");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	*ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return 0;
}

/* The word in this column: where it begins, or NULL. */
static const char *word(const char *line, size_t column)
{
	for (;;) {
		line += strspn(line, " ");
		if (!*line || column-- == 0)
			return *line ? line : NULL;
		line += strcspn(line, " ");
	}
}

static bool pid_column(const char *header, size_t *ret)
{
	const char *at;

	for (*ret = 0; (at = word(header, *ret)); (*ret)++)
		if (strcspn(at, " ") == 3 && strncmp(at, "PID", 3) == 0)
			return true;
	return false;
}

static bool has_pid(const pid_t *pids, size_t n, const char *text)
{
	long pid = text ? strtol(text, NULL, 10) : 0;

	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* Of what ps prints, the container's lines. */
static int filter_ps(struct oci_cli *cli, const struct strv *options, const pid_t *pids, size_t n,
		     struct buf *out)
{
	OWN(buf) struct buf all = { 0 };
	struct strv lines;
	int status = 0, r = run_ps(cli, options, &all, &status);
	size_t column;

	if (r < 0)
		return r;
	if (status != 0)
		return err_set(&cli->err, -EINVAL, "ps %s: ended with status %d",
			       strv_join(options, cli->a, " "), status);
	lines = strv_split(cli->a, buf_text(&all), '\n');
	if (!pid_column(lines.items[0], &column))
		return err_set(&cli->err, -EINVAL, "ps %s: prints no column PID; ask for one",
			       strv_join(options, cli->a, " "));
	for (size_t i = 0; i < lines.n; i++)
		if (i == 0 || has_pid(pids, n, word(lines.items[i], column)))
			buf_printf(out, "%s\n", lines.items[i]);
	return 0;
}

static void print_processes(struct oci_cli *cli, const pid_t *pids, size_t n, bool json,
			    struct buf *out)
{
	if (!json)
		buf_printf(out, "%-8s  %-8s  %-8s  %s  %s\n", "UID", "PID", "PPID", "S", "CMD");
	for (size_t i = 0; i < n; i++) {
		if (json)
			buf_printf(out, "%s%d", i ? "," : "[", (int)pids[i]);
		else
			print_process(cli, pids[i], out);
	}
	if (json)
		buf_adds(out, n ? "]\n" : "[]\n");
}

static int oci_ps(struct oci_cli *cli, const void *opts, const struct strv *args)
{
	const struct list_opts *o = opts;
	struct strv options = { args->items + 1, args->n - 1 };
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	OWN(buf) struct buf out = { 0 };
	bool json = str_eq(o->format, "json");
	pid_t *pids = NULL;
	size_t n = 0;
	int r = check_format(cli, ps_opts, o->format);

	if (r == 0)
		r = oci_state_open(cli, args->items[0], false, &c);
	if (r == 0)
		r = oci_state_need_cgroup(cli, &c, "ps");
	if (r == 0)
		r = cgroup_pids(c.state.cgroup, cli->a, &pids, &n, &cli->err);
	if (r == 0 && !json && options.n > 0)
		r = filter_ps(cli, &options, pids, n, &out);
	else if (r == 0)
		print_processes(cli, pids, n, json, &out);
	if (r < 0)
		return r;
	return oci_print(cli, buf_text(&out), out.len);
}

const struct oci_cmd oci_show_table[] = {
	{ "state", "ID", "Print a container's state as JSON", NULL, NULL, 0, oci_state, 1, 1,
	  OPT_ANYWHERE },
	{ "list", "[OPTIONS]", "List containers", list_opts, NULL, sizeof(struct list_opts),
	  oci_list, 0, 0, OPT_ANYWHERE },
	{ "ps", "[OPTIONS] ID [OPTION OF PS]...", "List a container's processes", ps_opts, NULL,
	  sizeof(struct list_opts), oci_ps, 1, -1, OPT_BEFORE_ARGUMENTS },
	{ 0 },
};
