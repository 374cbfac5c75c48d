/*
 * fetch.c - berth-fetch: the program, load, import, pull and save
 *
 * What is large (libarchive, curl, OpenSSL, ISA-L, zstd) is in this program alone; `berth load`,
 * `import`, `pull` and `save` execute it with their arguments. It takes hostile archives apart, so
 * it limits its own memory: what would take more is refused by the kernel, not killed by it.
 */
#include "cmd/fetch.h"

#include "base/log.h"
#include "base/opt.h"
#include "base/own.h"
#include "cmd/fetch_pull.h"
#include "cmd/output_file.h"
#include "codec/ref.h"
#include "sys/file.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

enum { STATUS_FAILED = 1, STATUS_USAGE = 125, STATUS_INTERRUPTED = 130 };

/* -- what both commands need -- */

/* "-" or NULL is stdin. */
static int open_input(struct fetch *f, const char *path, int *ret_opened, int *ret_fd)
{
	*ret_fd = STDIN_FILENO;
	if (!path || str_eq(path, "-"))
		return 0;
	*ret_fd = *ret_opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return *ret_fd < 0 ? err_sys(&f->err, "open %s", path) : 0;
}

static atomic_bool interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	atomic_store(&interrupted, true);
}

atomic_bool *fetch_on_interrupt(void)
{
	static const int signals[] = { SIGINT, SIGTERM };
	const struct sigaction act = { .sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction before;

		if (sigaction(signals[i], &act, &before) == 0 && before.sa_handler == SIG_IGN)
			(void)sigaction(signals[i], &before, NULL);
	}
	return &interrupted;
}

int fetch_flush(struct fetch *f)
{
	int r = file_write_all(STDOUT_FILENO, buf_text(&f->out), f->out.len);

	f->out.len = 0;
	return r < 0 ? err_code(&f->err, r, "write /dev/stdout") : 0;
}

/* -- load -- */

struct load_opts {
	const char *input, *platform;
	bool quiet;
};

static const struct opt load_table[] = {
	STR(struct load_opts, input, 'i', "input", "string",
	    "Read from tar archive file, instead of STDIN"),
	STR(struct load_opts, platform, 0, "platform", "string",
	    "Load only the given platform variant. Formatted as \"os[/arch[/variant]]\""),
	FLAG(struct load_opts, quiet, 'q', "quiet", "Suppress the load output"),
	OPT_END,
};

static void print_loaded(struct fetch *f, const struct image_loaded_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct image_loaded *image = &list->items[i];

		for (size_t k = 0; k < image->moved.n; k++) {
			const char *moved = image->moved.items[k], *blank = strrchr(moved, ' ');

			buf_printf(
				&f->out,
				"The image %.*s already exists, renaming the old one with ID %s to "
				"empty string\n",
				(int)(blank - moved), moved, blank + 1);
		}
		for (size_t k = 0; k < image->names.n; k++)
			buf_printf(&f->out, "Loaded image: %s\n", image->names.items[k]);
		if (image->names.n == 0)
			buf_printf(&f->out, "Loaded image ID: %s\n", image->id);
	}
}

static int load(struct fetch *f, struct image_store *is, const void *opts, const struct strv *args)
{
	const struct load_opts *o = opts;
	struct fetch_progress bars = { .fd = STDERR_FILENO };
	struct image_load_spec spec = { .platform = o->platform };
	struct image_loaded_list list;
	OWN(fd) int opened = -1;
	int r = open_input(f, o->input, &opened, &spec.fd);

	(void)args;
	if (r == 0 && !o->input && isatty(STDIN_FILENO))
		r = err_set(&f->err, -EINVAL, "requested load from stdin, but stdin is empty");
	if (!o->quiet && isatty(STDERR_FILENO))
		spec.progress = (struct image_progress){ fetch_progress_report, &bars };
	if (r == 0)
		r = image_load(is, &spec, &f->a, &list, &f->err);
	if (r == 0)
		print_loaded(f, &list);
	return r;
}

/* -- import -- */

struct import_opts {
	struct strv change;
	const char *message, *platform;
};

static const struct opt import_table[] = {
	STRS(struct import_opts, change, 'c', "change", "list",
	     "Apply Dockerfile instruction to the created image"),
	STR(struct import_opts, message, 'm', "message", "string",
	    "Set commit message for imported image"),
	STR(struct import_opts, platform, 0, "platform", "string",
	    "Set platform if server is multi-platform capable"),
	OPT_END,
};

static int import(struct fetch *f, struct image_store *is, const void *opts,
		  const struct strv *args)
{
	const struct import_opts *o = opts;
	const char *source = args->items[0], *id;
	struct image_import_spec spec = {
		.ref = args->n > 1 ? args->items[1] : NULL,
		.message =
			o->message ? o->message : arena_printf(&f->a, "Imported from %s", source),
		.platform = o->platform,
		.changes = o->change,
	};
	OWN(fd) int opened = -1;
	int r;

	if (str_after(source, "http://") || str_after(source, "https://"))
		return err_set(&f->err, -ENOTSUP,
			       "import from a URL is not supported: fetch it and give the file, as "
			       "in `curl URL | berth import -`");
	r = open_input(f, source, &opened, &spec.fd);
	if (r == 0)
		r = image_import(is, &spec, &f->a, &id, &f->err);
	if (r == 0)
		buf_printf(&f->out, "%s\n", id);
	return r;
}

/* -- pull -- */

static const struct opt pull_table[] = {
	FLAG(struct fetch_pull_opts, all_tags, 'a', "all-tags",
	     "Download all tagged images in the repository"),
	STR(struct fetch_pull_opts, platform, 0, "platform", "string",
	    "Set platform if server is multi-platform capable"),
	FLAG(struct fetch_pull_opts, quiet, 'q', "quiet", "Suppress verbose output"),
	OPT_END,
};

static int pull(struct fetch *f, struct image_store *is, const void *opts, const struct strv *args)
{
	return fetch_pull(is, opts, args->items[0], &f->a, &f->err);
}

/* -- save -- */

struct save_opts {
	const char *output, *platform;
};

static const struct opt save_table[] = {
	STR(struct save_opts, output, 'o', "output", "string",
	    "Write to a file, instead of STDOUT"),
	STR(struct save_opts, platform, 0, "platform", "string",
	    "Save only the given platform variant. Formatted as \"os[/arch[/variant]]\""),
	OPT_END,
};

static int save(struct fetch *f, struct image_store *is, const void *opts, const struct strv *args)
{
	const struct save_opts *o = opts;
	OWN(output_file) struct output_file out;
	struct image_save_spec spec = { .names = *args, .platform = o->platform };
	int r = output_file_open(&out, o->output, "save", &f->err);

	spec.fd = out.fd;
	if (r == 0)
		r = image_save(is, &spec, &f->a, &f->err);
	return r < 0 ? r : output_file_commit(&out, &f->err);
}

/* -- the program -- */

static const struct fetch_cmd load_cmd = {
	"load", "load [OPTIONS]", load_table, sizeof(struct load_opts), 0, 0, false, load,
};
static const struct fetch_cmd import_cmd = {
	"import",
	"import [OPTIONS] file|- [REPOSITORY[:TAG]]",
	import_table,
	sizeof(struct import_opts),
	1,
	2,
	false,
	import,
};

static const struct fetch_cmd pull_cmd = {
	"pull",     "pull [OPTIONS] NAME[:TAG|@DIGEST]",
	pull_table, sizeof(struct fetch_pull_opts),
	1,          1,
	false,      pull,
};

static const struct fetch_cmd save_cmd = {
	"save",     "save [OPTIONS] IMAGE [IMAGE...]",
	save_table, sizeof(struct save_opts),
	1,          SIZE_MAX,
	false,      save,
};

static const struct fetch_cmd *const commands[] = {
	&load_cmd,         &import_cmd,       &pull_cmd,         &save_cmd,
	&fetch_login_cmd,  &fetch_logout_cmd, &fetch_push_cmd,   &fetch_check_cmd,
	&fetch_commit_cmd, &fetch_cp_cmd,     &fetch_policy_cmd,
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

struct global_opts {
	const char *root, *state;
};

static const struct opt global_table[] = {
	STR(struct global_opts, root, 0, "root", "string",
	    "Directory of images and containers (default BERTH_ROOT or \"/var/lib/berth\"; not root: \"~/.local/share/berth\")"),
	STR(struct global_opts, state, 0, "state", "string",
	    "Directory of what runs (default BERTH_STATE or \"/run/berth\"; not root: \"$XDG_RUNTIME_DIR/berth\")"),
	OPT_END,
};

static const char *root_of(const struct global_opts *g)
{
	const char *env = getenv("BERTH_ROOT");

	if (!str_is_empty(g->root))
		return g->root;
	return str_is_empty(env) ? "/var/lib/berth" : env;
}

static int run(struct fetch *f, const struct fetch_cmd *c, const void *opts,
	       const struct strv *args)
{
	OWN(state) struct state *st = NULL;
	OWN(image_store) struct image_store *is = NULL;
	int r = c->no_images ? 0 : state_open(f->root, &st, &f->err);

	if (r == 0 && !c->no_images)
		r = image_store_open(f->root, st, &is, &f->err);
	if (r == 0)
		r = c->run(f, is, opts, args);
	return r == 0 ? fetch_flush(f) : r;
}

/* Memory that honest archives stay far below; and descriptors for deep trees in several threads. */
static void set_limits(void)
{
	const rlim_t base = (rlim_t)1536 << 20, each = (rlim_t)256 << 20;
	struct rlimit data, files;
	cpu_set_t set;
	rlim_t most =
		base +
		each * (sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : (rlim_t)CPU_COUNT(&set));

	/* The tables of the sanitizers would not fit. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	most = RLIM_INFINITY;
#endif
	if (getrlimit(RLIMIT_DATA, &data) == 0 && data.rlim_cur > most) {
		data.rlim_cur = most;
		(void)setrlimit(RLIMIT_DATA, &data);
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int usage(const struct fetch *f)
{
	(void)fprintf(stderr, "berth-fetch: %s\n", f->err.msg);
	for (size_t i = 0; i < COMMANDS; i++)
		(void)fprintf(stderr, "Usage:  berth-fetch [--root DIR] %s\n", commands[i]->usage);
	return STATUS_USAGE;
}

static int help(struct fetch *f, const struct fetch_cmd *c)
{
	buf_printf(&f->out, "Usage:  berth-fetch [--root DIR] %s\n\nOptions:\n", c->usage);
	opt_help(c->opts, 80, &f->out);
	return fetch_flush(f) < 0 ? STATUS_FAILED : 0;
}

static const struct fetch_cmd *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (str_eq(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static int parse_and_run(struct fetch *f, const struct strv *all)
{
	struct global_opts g = { 0 };
	struct strv words = { 0 }, args = { 0 }, rest;
	const struct fetch_cmd *c;
	void *opts;
	int r = opt_parse(global_table, OPT_BEFORE_ARGUMENTS, all, &g, &f->a, &words, &f->err);

	if (r == 0 && words.n == 0)
		r = err_set(&f->err, -EINVAL, "a command is missing");
	if (r != 0)
		return usage(f);
	c = find(words.items[0]);
	if (!c) {
		(void)err_set(&f->err, -EINVAL, "unknown command: %.100s", words.items[0]);
		return usage(f);
	}
	rest = (struct strv){ words.items + 1, words.n - 1 };
	opts = arena_alloc(&f->a, c->opts_size);
	r = opt_parse(c->opts, OPT_ANYWHERE, &rest, opts, &f->a, &args, &f->err);
	if (r == OPT_HELP)
		return help(f, c);
	if (r == 0 && (args.n < c->least || args.n > c->most))
		r = err_set(&f->err, -EINVAL, "%s: wrong number of arguments", c->name);
	if (r < 0)
		return usage(f);
	f->root = root_of(&g);
	f->state = g.state;
	r = run(f, c, opts, &args);
	if (r >= 0)
		return r;
	(void)fprintf(stderr, "berth: %s\n", f->err.msg);
	return f->err.code == -ECANCELED ? STATUS_INTERRUPTED : STATUS_FAILED;
}

int fetch_main(int argc, char **argv)
{
	struct fetch f = { .a = ARENA_INIT };
	struct strv all = { 0 };
	int status;

	log_init("berth", LOG_WARN);
	(void)signal(SIGPIPE, SIG_IGN);
	/* A file size limit is an error of write(), too. */
	(void)signal(SIGXFSZ, SIG_IGN);
	set_limits();
	for (int i = 1; i < argc; i++)
		strv_add(&all, &f.a, argv[i]);
	status = parse_and_run(&f, &all);
	buf_done(&f.out);
	arena_done(&f.a);
	return status;
}
