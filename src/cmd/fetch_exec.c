/*
 * fetch_exec.c - from berth to berth-fetch, which brings images in
 */
#include "cmd/fetch_exec.h"

#include "base/own.h"
#include "cmd/rootless.h"
#include "codec/ref.h"
#include "image/image.h"
#include "model/image_platform.h"
#include "sys/program.h"
#include "sys/visit.h"

#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

void fetch_option(struct strv *words, struct arena *a, const char *option, const char *value)
{
	if (!value)
		return;
	strv_add(words, a, option);
	strv_add(words, a, value);
}

void fetch_flag(struct strv *words, struct arena *a, const char *option, bool on)
{
	if (on)
		strv_add(words, a, option);
}

void fetch_operands(struct strv *words, struct arena *a, const struct strv *args)
{
	strv_add(words, a, "--");
	for (size_t i = 0; i < args->n; i++)
		strv_add(words, a, args->items[i]);
}

/* Its path, and argv with the options that both programs have. */
static int prepare(struct cli *cli, const struct strv *words, const char **ret_path,
		   struct strv *ret_argv)
{
	int r = program_find("berth-fetch", cli->a, ret_path, &cli->err);

	if (r < 0)
		return r;
	strv_add(ret_argv, cli->a, "berth-fetch");
	fetch_option(ret_argv, cli->a, "--root", cli->paths.root);
	fetch_option(ret_argv, cli->a, "--state", cli->paths.state);
	for (size_t i = 0; i < words->n; i++)
		strv_add(ret_argv, cli->a, words->items[i]);
	return 0;
}

static struct visit_home *home(const struct cli *cli)
{
	return cli->paths.guest ? cli->paths.guest->home : NULL;
}

struct execution {
	const char *path;
	char *const *argv;
};

struct spawning {
	struct execution what;
	pid_t pid;
};

static int execute(void *arg)
{
	const struct execution *x = arg;

	(void)execv(x->path, x->argv);
	return -errno;
}

static int become(struct cli *cli, struct visit_home *where, const struct strv *words)
{
	struct strv argv = { 0 };
	struct execution x;
	int r = prepare(cli, words, &x.path, &argv);

	if (r < 0)
		return r;
	x.argv = (char *const *)argv.items;
	r = visit_call_home(where, execute, &x);
	return err_code(&cli->err, r, "executing %s, which should stand beside berth", x.path);
}

int fetch_exec(struct cli *cli, const struct strv *words)
{
	int r = rootless_enter(cli);

	return r < 0 ? r : become(cli, home(cli), words);
}

int fetch_exec_inside(struct cli *cli, const struct strv *words)
{
	int r = rootless_enter(cli);

	if (r == 0)
		r = rootless_enter_network(cli);
	return r < 0 ? r : become(cli, NULL, words);
}

/* The child is whoever's waits for it, not only the thread's that made it. */
static int spawn(void *arg)
{
	struct spawning *s = arg;
	posix_spawn_file_actions_t actions;
	int r;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	r = -posix_spawn(&s->pid, s->what.path, &actions, NULL, s->what.argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* Runs it to its end, its output on stderr. It has said what went wrong. */
static int run(struct cli *cli, const struct strv *words, const char *image)
{
	struct strv argv = { 0 };
	struct spawning s = { .pid = -1 };
	int status = 0, r = rootless_enter(cli);

	if (r == 0)
		r = prepare(cli, words, &s.what.path, &argv);
	if (r < 0)
		return r;
	s.what.argv = (char *const *)argv.items;
	r = visit_call_home(home(cli), spawn, &s);
	if (r < 0)
		return err_code(&cli->err, r, "executing %s, which should stand beside berth",
				s.what.path);
	while (waitpid(s.pid, &status, 0) < 0 && errno == EINTR)
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

static int find(struct cli *cli, const char *name, struct image_doc *ret)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct engine *e;
	int r = cli_engine(cli, &e);

	if (r == 0)
		r = state_begin(engine_state(e), STATE_READ, &txn, &cli->err);
	return r < 0 ? r : image_find(engine_images(e), txn, name, cli->a, ret, &cli->err);
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

/* 1: an image is here, for another platform. */
static int is_for_another(struct cli *cli, const struct fetch_exec_pull *p,
			  const struct image_platform *want, struct image_platform *ret)
{
	struct image_doc doc;
	int r = find(cli, p->image, &doc);

	if (r == -ENOENT) { /* whoever needs it says so */
		cli->err = (struct err)ERR_INIT;
		return 0;
	}
	if (r < 0)
		return r;
	*ret = (struct image_platform){ doc.os, doc.architecture, doc.variant, NULL };
	return !image_platform_fits(want, ret);
}

static bool is_name(const struct fetch_exec_pull *p)
{
	struct ref ref;

	return ref_parse(p->image, &ref, NULL) == 0;
}

int fetch_exec_platform(struct cli *cli, const struct fetch_exec_pull *p)
{
	struct image_platform want, have;
	int r;

	if (str_is_empty(p->platform))
		return 0;
	r = image_platform_parse(p->platform, cli->a, &want, &cli->err);
	if (r == 0)
		r = is_for_another(cli, p, &want, &have);
	if (r > 0 && is_name(p) && !str_eq(p->policy, "never") && !str_eq(p->policy, "always")) {
		r = pull(cli, p);
		if (r == 0)
			r = is_for_another(cli, p, &want, &have);
	}
	if (r <= 0)
		return r;
	return err_set(&cli->err, -ENOENT,
		       "image with reference %.200s was found but its platform (%s) does not match "
		       "the specified platform (%s)",
		       p->image, image_platform_text(&have, cli->a),
		       image_platform_text(&want, cli->a));
}

int fetch_exec_missing(struct cli *cli, const struct fetch_exec_pull *p)
{
	const struct err failure = cli->err;
	struct image_doc doc;
	struct ref ref;
	int r;

	/* A name that is none was meant as an identifier. */
	if (str_eq(p->policy, "never") || ref_parse(p->image, &ref, NULL) < 0 ||
	    find(cli, p->image, &doc) != -ENOENT) {
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
