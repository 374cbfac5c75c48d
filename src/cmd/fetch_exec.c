/*
 * fetch_exec.c - from berth to berth-fetch, which brings images in
 */
#include "cmd/fetch_exec.h"

#include "base/own.h"
#include "codec/ref.h"
#include "image/image.h"

#include <limits.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

/* Its path, and argv with the options that both programs have. */
static int prepare(struct cli *cli, const struct strv *words, char path[PATH_MAX],
		   struct strv *ret_argv)
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - sizeof("berth-fetch"));
	char *slash;

	if (n < 0)
		return err_sys(&cli->err, "finding this program");
	path[n] = '\0';
	slash = strrchr(path, '/');
	(void)snprintf(slash + 1, (size_t)(PATH_MAX - (slash + 1 - path)), "berth-fetch");
	strv_add(ret_argv, cli->a, "berth-fetch");
	if (cli->paths.root) {
		strv_add(ret_argv, cli->a, "--root");
		strv_add(ret_argv, cli->a, cli->paths.root);
	}
	if (cli->paths.state) {
		strv_add(ret_argv, cli->a, "--state");
		strv_add(ret_argv, cli->a, cli->paths.state);
	}
	for (size_t i = 0; i < words->n; i++)
		strv_add(ret_argv, cli->a, words->items[i]);
	return 0;
}

int fetch_exec(struct cli *cli, const struct strv *words)
{
	struct strv argv = { 0 };
	char path[PATH_MAX];
	int r = prepare(cli, words, path, &argv);

	if (r < 0)
		return r;
	(void)execv(path, (char *const *)argv.items);
	return err_sys(&cli->err, "executing %s, which should stand beside berth", path);
}

/* Runs it to its end, its output on stderr. It has said what went wrong. */
static int run(struct cli *cli, const struct strv *words, const char *image)
{
	posix_spawn_file_actions_t actions;
	struct strv argv = { 0 };
	char path[PATH_MAX];
	int status = 0, r = prepare(cli, words, path, &argv);
	pid_t pid;

	if (r < 0)
		return r;
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	r = -posix_spawn(&pid, path, &actions, NULL, (char *const *)argv.items, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r < 0)
		return err_code(&cli->err, r, "executing %s, which should stand beside berth",
				path);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(&cli->err, -EIO, "pulling %.300s failed", image);
}

static int pull(struct cli *cli, const struct fetch_exec_pull *p)
{
	struct strv words = { 0 };

	strv_add(&words, cli->a, "pull");
	if (p->quiet)
		strv_add(&words, cli->a, "--quiet");
	if (p->platform) {
		strv_add(&words, cli->a, "--platform");
		strv_add(&words, cli->a, p->platform);
	}
	strv_add(&words, cli->a, "--");
	strv_add(&words, cli->a, p->image);
	return run(cli, &words, p->image);
}

static int find(struct cli *cli, const char *name)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct image_doc doc;
	struct engine *e;
	int r = cli_engine(cli, &e);

	if (r == 0)
		r = state_begin(engine_state(e), STATE_READ, &txn, &cli->err);
	return r < 0 ? r : image_find(engine_images(e), txn, name, cli->a, &doc, &cli->err);
}

int fetch_exec_always(struct cli *cli, const struct fetch_exec_pull *p)
{
	const char *policy = p->policy;

	if (str_eq(policy, "always"))
		return pull(cli, p);
	if (str_is_empty(policy) || str_eq(policy, "missing") || str_eq(policy, "never"))
		return 0;
	return err_set(&cli->err, -EINVAL,
		       "invalid pull option: '%.100s': must be one of \"always\", \"missing\" or "
		       "\"never\"",
		       policy);
}

int fetch_exec_missing(struct cli *cli, const struct fetch_exec_pull *p)
{
	const struct err failure = cli->err;
	struct ref ref;
	int r;

	/* A name that is none was meant as an identifier. */
	if (str_eq(p->policy, "never") || ref_parse(p->image, &ref, NULL) < 0 ||
	    find(cli, p->image) != -ENOENT) {
		cli->err = failure;
		return 0;
	}
	cli->err = (struct err)ERR_INIT;
	if (!p->quiet) {
		OWN(str) char *line = str_printf("Unable to find image '%s' locally\n",
						 ref_familiar(ref_canonical(&ref, cli->a)));

		(void)!write(STDERR_FILENO, line, strlen(line));
	}
	r = pull(cli, p);
	return r < 0 ? r : 1;
}
