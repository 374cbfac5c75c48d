/*
 * main_berth_oci.c - the same runtime behind the command line of runc
 *
 * Engines (containerd, podman, docker) start it for each step of a container's life and read its
 * exit status, standard error, and, with --log, the last line of a log file.
 */
#include "base/log.h"
#include "base/own.h"
#include "cmd/man_page.h"
#include "cmd/oci.h"
#include "cmd/oci_state.h"
#include "codec/json.h"
#include "codec/timestamp.h"
#include "sys/exec_sealed.h"
#include "sys/file.h"
#include "sys/userns.h"
#include "sys/std_fds.h"

#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static const char default_root[] = "/run/berth-oci";

static const struct oci_cmd *const tables[] = {
	oci_start_table,  oci_exec_table, oci_signal_table,     oci_show_table,   oci_update_table,
	oci_events_table, oci_spec_table, oci_checkpoint_table, oci_restore_table
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

/* Commands that runc or crun have and this program does not. */
static const struct {
	const char *name, *why;
} refused[] = {
	{ "mounts", "mounts of a running container cannot be changed; create it anew" },
};

struct global_opts {
	const char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless, *criu;
	bool debug, version, usage, systemd;
};

static const struct opt global_opts[] = {
	STR(struct global_opts, root, 0, "root", "dir",
	    "Directory of the containers' states (default \"/run/berth-oci\"; of an ordinary user "
	    "\"$XDG_RUNTIME_DIR/berth-oci\")"),
	STR(struct global_opts, log, 0, "log", "file",
	    "Write errors to this file as well; \"file:\" may stand before it"),
	STR(struct global_opts, log_format, 0, "log-format", "format",
	    "Form of its lines: \"text\" or \"json\" (default \"text\")"),
	STR(struct global_opts, log_level, 0, "log-level", "level",
	    "Least severe that is logged: \"error\", \"warning\", \"info\" or \"debug\" "
	    "(default \"warning\")"),
	FLAG(struct global_opts, debug, 0, "debug",
	     "Log what is done; the same as --log-level debug"),
	STR(struct global_opts, cgroup_manager, 0, "cgroup-manager", "manager",
	    "Who makes control groups: \"cgroupfs\" (we do) or \"systemd\" (default \"cgroupfs\")"),
	FLAG(struct global_opts, systemd, 0, "systemd-cgroup",
	     "The same as --cgroup-manager systemd; cgroupsPath is then slice:prefix:name"),
	FLAG(struct global_opts, usage, 0, "usage", "Print a short usage message and quit"),
	FLAG(struct global_opts, version, 'v', "version", "Print the version and quit"),
	STR(struct global_opts, rootless, 0, "rootless", "bool",
	    "\"true\": a container without limits may go without a control group when none can be "
	    "made; \"false\": never; \"auto\": true unless we are root (default \"auto\")"),
	STR(struct global_opts, criu, 0, "criu", "path",
	    "The program criu, for checkpoint and restore (default: found in PATH)"),
	OPT_END,
};

static int64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* A line of the log file in the form that engines read. */
static void log_to_file(const struct oci_cli *cli, const char *level, const char *text)
{
	OWN(buf) struct buf line = { 0 };
	char now[TIMESTAMP_MAX];
	OWN(fd) int fd = -1;

	if (!cli->log)
		return;
	fd = open(cli->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);
	if (fd < 0)
		return;
	timestamp_write(now_ns(), now);
	buf_printf(&line, cli->log_json ? "{\"level\":\"%s\",\"msg\":" : "level=%s msg=", level);
	json_quote(text, strlen(text), &line);
	buf_printf(&line, cli->log_json ? ",\"time\":\"%s\"}\n" : " time=\"%s\"\n", now);
	(void)file_write_all(fd, line.data, line.len);
}

void oci_warn(const struct oci_cli *cli, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_warn("%s", text);
	if (cli->level != LOG_ERROR)
		log_to_file(cli, "warning", text);
}

void oci_debug(const struct oci_cli *cli, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (cli->level != LOG_DEBUG)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_debug("%s", text);
	log_to_file(cli, "debug", text);
}

int oci_print(struct oci_cli *cli, const char *text, size_t len)
{
	int r = file_write_all(STDOUT_FILENO, text, len);

	return r < 0 ? err_code(&cli->err, r, "writing to standard output") : 0;
}

static int print_usage(struct oci_cli *cli)
{
	static const char text[] = "Usage: berth-oci [OPTIONS] COMMAND [ARGUMENTS]\n";

	return oci_print(cli, text, sizeof(text) - 1);
}

static int fail(struct oci_cli *cli)
{
	log_error("%s", cli->err.msg);
	log_to_file(cli, "error", cli->err.msg);
	return cli->failed_status;
}

static int print_version(struct oci_cli *cli)
{
	static const char commit[] = BERTH_COMMIT;
	const struct scmp_version *v = seccomp_version();
	const char *text = arena_printf(cli->a,
					"berth-oci version " BERTH_VERSION "\n"
					"%s" BERTH_COMMIT "%s"
					"spec: " OCI_RUNTIME_SPEC "\n"
					"libseccomp: %u.%u.%u\n",
					*commit ? "commit: " : "", *commit ? "\n" : "", v->major,
					v->minor, v->micro);

	return oci_print(cli, text, strlen(text));
}

static int print_help(struct oci_cli *cli)
{
	OWN(buf) struct buf out = { 0 };

	buf_adds(&out, "Usage: berth-oci [OPTIONS] COMMAND [ARGUMENTS]\n\n"
		       "Runs containers as the OCI runtime specification describes them.\n\n"
		       "Commands:\n");
	for (size_t t = 0; t < TABLES; t++)
		for (const struct oci_cmd *c = tables[t]; c->name; c++)
			buf_printf(&out, "  %-10s %s\n", c->name, c->summary);
	buf_adds(&out, "\nOptions:\n");
	opt_help(global_opts, 80, &out);
	return oci_print(cli, out.data, out.len);
}

static int print_command_help(struct oci_cli *cli, const struct oci_cmd *c)
{
	OWN(buf) struct buf out = { 0 };

	buf_printf(&out, "Usage: berth-oci %s %s\n\n%s\n", c->name, c->usage, c->summary);
	if (c->opts) {
		buf_adds(&out, "\nOptions:\n");
		opt_help(c->opts, 80, &out);
	}
	return oci_print(cli, out.data, out.len);
}

/* berth-oci(1), which is kept in docs/man. */
static int print_man(struct oci_cli *cli)
{
	OWN(buf) struct buf out = { 0 };

	man_page_head("berth-oci", "runs containers as the OCI runtime specification says", cli->a,
		      &out);
	buf_adds(&out, "\\fBberth\\-oci\\fR [OPTIONS] COMMAND [ARGUMENTS]\n.SH DESCRIPTION\n");
	man_page_text(
		"The runtime of berth behind the command line of runc and crun, for engines "
		"(containerd, podman, docker) and for people. An ordinary user's containers have "
		"a user namespace (spec --rootless writes one); more than one's own number in "
		"it is mapped by newuidmap(1) and newgidmap(1) as /etc/subuid and /etc/subgid "
		"grant it. They are limited only in a subtree of control groups v2 that was "
		"delegated to the user; rules for devices are not set, since nobody can make "
		"device nodes there; the scores and limits that only root may change are "
		"refused. What needs a control group (ps, pause, resume, events, update, kill "
		"--all) is refused for a container without one.\n",
		&out);
	buf_adds(&out, ".SH OPTIONS\n");
	man_page_options(global_opts, &out);
	buf_adds(&out, ".SH COMMANDS\n");
	for (size_t t = 0; t < TABLES; t++) {
		for (const struct oci_cmd *c = tables[t]; c->name; c++) {
			buf_printf(&out, ".SS %s ", c->name);
			man_page_text(c->usage, &out);
			buf_addc(&out, '\n');
			man_page_text(c->summary, &out);
			buf_adds(&out, ".\n");
			man_page_options(c->opts, &out);
		}
	}
	buf_adds(&out, ".SH NOT SUPPORTED\n");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		buf_printf(&out, ".TP\n\\fB%s\\fR\n", refused[i].name);
		man_page_text(refused[i].why, &out);
		buf_adds(&out, ".\n");
	}
	buf_adds(&out, ".SH EXIT STATUS\n"
		       "0, or 1 when something failed. Of run and exec the program's own, 128 and "
		       "the signal's\nnumber when a signal ended it, 127 when it is not found, 126 "
		       "when it cannot be executed,\nand 125 when it could not be set up.\n"
		       ".SH FILES\n.TP\n\\fI/run/berth\\-oci/ID\\fR\n"
		       "What is known of a container, for as long as it exists.\n"
		       ".TP\n\\fI$XDG_RUNTIME_DIR/berth\\-oci/ID\\fR\nThe same of an ordinary "
		       "user's.\n"
		       ".SH SEE ALSO\n.BR berth (1)\n");
	return oci_print(cli, out.data, out.len);
}

static const struct oci_cmd *find(const char *name)
{
	for (size_t t = 0; t < TABLES; t++)
		for (const struct oci_cmd *c = tables[t]; c->name; c++)
			if (str_eq(c->name, name))
				return c;
	return NULL;
}

static int unknown(struct oci_cli *cli, const char *name)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (str_eq(refused[i].name, name))
			return err_set(&cli->err, -ENOTSUP, "%s is not supported: %s", name,
				       refused[i].why);
	return err_set(&cli->err, -EINVAL, "unknown command %s; berth-oci --help lists them", name);
}

/* What gets into a container can be reached there as /proc/PID/exe, and must not be overwritten. */
static int seal(struct oci_cli *cli, const struct oci_cmd *c)
{
	static const char *const entering[] = { "create", "run", "exec", "restore" };
	bool enters = false;
	int r;

	for (size_t i = 0; i < sizeof(entering) / sizeof(entering[0]); i++)
		enters = enters || str_eq(c->name, entering[i]);
	r = enters ? exec_sealed_self(cli->argv) : 0;
	if (r < 0)
		return err_code(&cli->err, r, "executing a sealed copy of ourselves");
	/* Older kernels call a program that is executed by descriptor by that number. */
	(void)prctl(PR_SET_NAME, "berth-oci");
	return 0;
}

static int run_command(struct oci_cli *cli, const struct strv *words)
{
	const struct oci_cmd *c = find(words->items[0]);
	struct strv rest = { words->items + 1, words->n - 1 }, args;
	void *opts;
	int r;

	if (!c)
		return unknown(cli, words->items[0]);
	r = seal(cli, c);
	if (r < 0)
		return r;
	opts = arena_alloc(cli->a, c->opts_size);
	if (c->defaults)
		memcpy(opts, c->defaults, c->opts_size);
	r = opt_parse(c->opts, c->mode, &rest, opts, cli->a, &args, &cli->err);
	if (r == OPT_HELP)
		return print_command_help(cli, c);
	if (r < 0)
		return err_wrap(&cli->err, "%s", c->name);
	if ((int)args.n < c->least || (c->most >= 0 && (int)args.n > c->most))
		return err_set(&cli->err, -EINVAL, "usage: berth-oci %s %s", c->name, c->usage);
	oci_debug(cli, "berth-oci %s", strv_join(words, cli->a, " "));
	return c->run(cli, opts, &args);
}

/* crun names where to log before the name: file, journald, syslog. */
static int take_log(struct oci_cli *cli, const char *log)
{
	const char *path = log ? str_after(log, "file:") : NULL;

	if (log && (str_after(log, "journald:") || str_after(log, "syslog:")))
		return opt_invalid(global_opts, "log", log, "only files are written to", &cli->err);
	cli->log = path ? path : log;
	return 0;
}

/* crun says warning where we say warn. */
static int take_level(struct oci_cli *cli, const struct global_opts *g)
{
	const char *name = g->debug ? "debug" : g->log_level ? g->log_level : "warning";

	if (log_level_parse(str_eq(name, "warning") ? "warn" : name, &cli->level) < 0)
		return opt_invalid(global_opts, "log-level", name,
				   "must be error, warning, info or debug", &cli->err);
	log_init("berth-oci", cli->level);
	return 0;
}

static int take_rootless(struct oci_cli *cli, const struct global_opts *g)
{
	const char *is = g->rootless ? g->rootless : "auto";

	cli->rootless = !userns_is_roots();
	if (!str_eq(is, "auto") && !str_eq(is, "true") && !str_eq(is, "false"))
		return opt_invalid(global_opts, "rootless", is, "must be true, false or auto",
				   &cli->err);
	cli->lax_cgroup = str_eq(is, "true") || (str_eq(is, "auto") && cli->rootless);
	return 0;
}

/*
 * Root of a user namespace is an ordinary user's engine, or root of a container. The latter is
 * called root and has no business in a directory that came with its environment; so does runc tell.
 */
static int take_root(struct oci_cli *cli, const struct global_opts *g)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	bool has_own = cli->rootless && (geteuid() != 0 || !str_eq(getenv("USER"), "root"));

	cli->root = g->root ? g->root : default_root;
	if (g->root || !has_own)
		return 0;
	/* Relative ones are to be ignored: XDG Base Directory Specification. */
	if (!str_is_empty(runtime_dir) && runtime_dir[0] == '/') {
		cli->root = arena_printf(cli->a, "%s/berth-oci", runtime_dir);
		return 0;
	}
	return geteuid() == 0
		       ? 0
		       : err_set(&cli->err, -EACCES,
				 "XDG_RUNTIME_DIR is not set, so an ordinary user has no directory for the "
				 "states of containers; set it, or give --root");
}

static int take_globals(struct oci_cli *cli, const struct global_opts *g)
{
	int r = take_log(cli, g->log);

	cli->criu = g->criu ? g->criu : "criu";
	if (r == 0)
		r = take_level(cli, g);
	if (r == 0)
		r = take_rootless(cli, g);
	if (r == 0)
		r = take_root(cli, g);
	if (r < 0)
		return r;
	if (g->cgroup_manager && !str_eq(g->cgroup_manager, "cgroupfs") &&
	    !str_eq(g->cgroup_manager, "systemd"))
		return opt_invalid(global_opts, "cgroup-manager", g->cgroup_manager,
				   "must be cgroupfs or systemd", &cli->err);
	if (g->systemd && str_eq(g->cgroup_manager, "cgroupfs"))
		return opt_invalid(global_opts, "cgroup-manager", g->cgroup_manager,
				   "--systemd-cgroup says otherwise", &cli->err);
	cli->systemd = g->systemd || str_eq(g->cgroup_manager, "systemd");
	if (g->log_format && !str_eq(g->log_format, "text") && !str_eq(g->log_format, "json"))
		return opt_invalid(global_opts, "log-format", g->log_format, "must be text or json",
				   &cli->err);
	cli->log_json = str_eq(g->log_format, "json");
	return 0;
}

static int run(struct oci_cli *cli, int argc, char **argv)
{
	struct global_opts g = { 0 };
	struct strv words = { 0 }, args;
	int r;

	for (int i = 1; i < argc; i++)
		strv_add(&words, cli->a, argv[i]);
	r = opt_parse(global_opts, OPT_BEFORE_ARGUMENTS, &words, &g, cli->a, &args, &cli->err);
	if (r == OPT_HELP)
		return print_help(cli);
	if (r == 0)
		r = take_globals(cli, &g);
	if (r < 0)
		return r;
	if (g.usage)
		return print_usage(cli);
	if (g.version)
		return print_version(cli);
	if (args.n == 0 || str_eq(args.items[0], "help"))
		return print_help(cli);
	if (str_eq(args.items[0], "__man"))
		return print_man(cli);
	return run_command(cli, &args);
}

/*
 * Nothing is freed at the end, and no destructor runs: a held container lives on in this memory
 * (its stack and its plan are the arena's) until it executes its program.
 */
int main(int argc, char **argv)
{
	struct arena a = ARENA_INIT;
	struct oci_cli cli = { .argv = argv, .a = &a, .level = LOG_WARN, .failed_status = 1 };
	int r;

	log_init("berth-oci", LOG_WARN);
	if (std_fds_ensure() < 0)
		_exit(1);
	r = run(&cli, argc, argv);
	_exit(r < 0 ? fail(&cli) : r);
}
