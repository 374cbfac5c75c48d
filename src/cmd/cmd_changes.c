/*
 * cmd_changes.c - what became of a container's files: berth diff, export, commit, cp
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/fetch_exec.h"
#include "cmd/output_file.h"
#include "image/image.h"

/* -- diff -- */

static int print_changes(struct cli *cli, const struct container_tree *t)
{
	OWN(fd) int lower = container_tree_lower(t, &cli->err);
	struct layer_change *changes;
	size_t n;
	int r = lower < 0 ? lower
			  : layer_changes(container_tree_dir(t), lower, cli->a, &changes, &n,
					  &cli->err);

	for (size_t i = 0; r == 0 && i < n; i++)
		cli_print(cli, "%c %s\n", changes[i].kind, changes[i].path);
	return r;
}

static int diff(struct cli *cli, const void *opts, const struct strv *args)
{
	OWN(container_tree) struct container_tree *t = NULL;
	struct engine *e;
	int r = cli_engine(cli, &e);

	(void)opts;
	if (r == 0)
		r = container_tree_open(e, args->items[0], CONTAINER_TREE_UPPER, false, &t,
					&cli->err);
	return r < 0 ? r : print_changes(cli, t);
}

/* -- export -- */

struct export_flags {
	const char *output;
};

static const struct opt export_opts[] = {
	STR(struct export_flags, output, 'o', "output", "string",
	    "Write to a file, instead of STDOUT"),
	OPT_END,
};

static int export(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct export_flags *f = opts;
	OWN(container_tree) struct container_tree *t = NULL;
	OWN(output_file) struct output_file out;
	struct engine *e;
	int r = output_file_open(&out, f->output, "save", &cli->err);

	if (r == 0)
		r = cli_engine(cli, &e);
	if (r == 0)
		r = container_tree_open(e, args->items[0], CONTAINER_TREE_ROOT, false, &t,
					&cli->err);
	if (r == 0)
		r = tree_tar_export(container_tree_dir(t), out.fd, &cli->err);
	return r < 0 ? r : output_file_commit(&out, &cli->err);
}

/* -- commit and cp: berth-fetch does it -- */

struct commit_flags {
	struct strv change;
	const char *author, *message;
	bool pause;
};

static const struct commit_flags commit_defaults = { .pause = true };

static const struct opt commit_opts[] = {
	STR(struct commit_flags, author, 'a', "author", "string",
	    "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")"),
	STRS(struct commit_flags, change, 'c', "change", "list",
	     "Apply Dockerfile instruction to the created image"),
	STR(struct commit_flags, message, 'm', "message", "string", "Commit message"),
	FLAG(struct commit_flags, pause, 'p', "pause",
	     "Pause container during commit (default true)"),
	OPT_END,
};

static int commit(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct commit_flags *f = opts;
	struct strv words = { 0 };

	strv_add(&words, cli->a, "commit");
	fetch_option(&words, cli->a, "--author", f->author);
	fetch_option(&words, cli->a, "--message", f->message);
	for (size_t i = 0; i < f->change.n; i++)
		fetch_option(&words, cli->a, "--change", f->change.items[i]);
	fetch_flag(&words, cli->a, "--pause", f->pause);
	fetch_operands(&words, cli->a, args);
	return fetch_exec(cli, &words);
}

/* -- cp -- */

struct cp_flags {
	bool archive, follow_link, quiet;
};

static const struct opt cp_opts[] = {
	FLAG(struct cp_flags, archive, 'a', "archive",
	     "Archive mode (copy all uid/gid information)"),
	FLAG(struct cp_flags, follow_link, 'L', "follow-link",
	     "Always follow symbol link in SRC_PATH"),
	FLAG(struct cp_flags, quiet, 'q', "quiet",
	     "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached"),
	OPT_END,
};

static int cp(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct cp_flags *f = opts;
	struct strv words = { 0 };

	strv_add(&words, cli->a, "cp");
	fetch_flag(&words, cli->a, "--archive", f->archive);
	fetch_flag(&words, cli->a, "--follow-link", f->follow_link);
	fetch_flag(&words, cli->a, "--quiet", f->quiet);
	fetch_operands(&words, cli->a, args);
	return fetch_exec(cli, &words);
}

const struct cmd cmd_changes_table[] = {
	{ "cp", "container", "cp",
	  "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|- or SRC_PATH|- CONTAINER:DEST_PATH",
	  "Copy files/folders between a container and the local filesystem", cp_opts, NULL,
	  sizeof(struct cp_flags), cp, 2, 2, OPT_ANYWHERE, CMD_ARGS_CONTAINERS, 0 },
	{ "diff", "container", "diff", "CONTAINER",
	  "Inspect changes to files or directories on a container's filesystem", NULL, NULL, 0,
	  diff, 1, 1, OPT_ANYWHERE, CMD_ARGS_CONTAINERS, 0 },
	{ "export", "container", "export", "[OPTIONS] CONTAINER",
	  "Export a container's filesystem as a tar archive", export_opts, NULL,
	  sizeof(struct export_flags), export, 1, 1, OPT_ANYWHERE, CMD_ARGS_CONTAINERS, 0 },
	{ "commit", "container", "commit", "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
	  "Create a new image from a container's changes", commit_opts, &commit_defaults,
	  sizeof(struct commit_flags), commit, 1, 2, OPT_ANYWHERE, CMD_ARGS_CONTAINERS, 0 },
	{ 0 },
};
