/*
 * cmd_run.c - berth run, berth create
 */
#include "base/own.h"
#include "cmd/cmd.h"
#include "cmd/container_flags.h"
#include "cmd/fetch_exec.h"
#include "cmd/session.h"
#include "cmd/terminal.h"

#include <fcntl.h>
#include <unistd.h>

struct run_opts {
	struct container_flags container;
	bool detach, sig_proxy;
	const char *detach_keys;
};

static const struct run_opts run_defaults = {
	.container = CONTAINER_FLAGS_DEFAULTS,
	.sig_proxy = true,
};
static const struct container_flags create_defaults = CONTAINER_FLAGS_DEFAULTS;

static const struct opt run_opts[] = {
	FLAG(struct run_opts, detach, 'd', "detach",
	     "Run container in background and print container ID"),
	STR(struct run_opts, detach_keys, 0, "detach-keys", "string",
	    "Override the key sequence for detaching a container"),
	FLAG(struct run_opts, sig_proxy, 0, "sig-proxy",
	     "Proxy received signals to the process (default true)"),
	OPT_MORE(container_flags_opts),
};

/* -- the file with the container's ID -- */

static int check_cidfile(struct cli *cli, const char *path)
{
	if (path && access(path, F_OK) == 0)
		return err_set(
			&cli->err, -EEXIST,
			"container ID file found, make sure the other container isn't running "
			"or delete %s",
			path);
	return 0;
}

static int write_cidfile(struct cli *cli, const char *path, const char *id)
{
	OWN(fd) int fd = -1;

	if (!path)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(&cli->err, "failed to create the container ID file %s", path);
	if (write(fd, id, strlen(id)) != (ssize_t)strlen(id))
		return err_sys(&cli->err, "failed to write the container ID to %s", path);
	return 0;
}

/* -- create -- */

/* What was left out or clamped on this machine. */
static void say_notes(const struct strv *notes)
{
	for (size_t i = 0; i < notes->n; i++) {
		OWN(str) char *line = str_printf("WARNING: %s\n", notes->items[i]);

		(void)!write(STDERR_FILENO, line, strlen(line));
	}
}

static int create_container(struct cli *cli, const struct container_flags *f, const char *image,
			    struct create_spec *spec, struct engine **ret_engine, char ret_id[65])
{
	const struct fetch_exec_pull pull = { image, f->platform, f->pull, f->quiet };
	int r = check_cidfile(cli, f->cidfile);

	if (r == 0)
		r = fetch_exec_always(cli, &pull);
	if (r == 0)
		r = fetch_exec_platform(cli, &pull);
	if (r == 0)
		r = cli_engine(cli, ret_engine);
	if (r == 0)
		r = container_volumes_from(*ret_engine, &spec->host, cli->a, &cli->err);
	if (r == 0)
		r = container_create(*ret_engine, spec, ret_id, &cli->err);
	if (r == -ENOENT) {
		int pulled = fetch_exec_missing(cli, &pull);

		if (pulled)
			r = pulled < 0 ? pulled
				       : container_create(*ret_engine, spec, ret_id, &cli->err);
	}
	if (r == 0)
		r = write_cidfile(cli, f->cidfile, ret_id);
	if (r == 0)
		say_notes(container_create_notes(*ret_engine));
	return r;
}

static int create(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct container_flags *f = opts;
	struct create_spec spec;
	struct engine *e;
	char id[65];
	int r = container_flags_spec(cli, f, args, &spec);

	if (r == 0)
		r = create_container(cli, f, args->items[0], &spec, &e, id);
	if (r == 0)
		cli_print(cli, "%s\n", id);
	return r;
}

/* -- run -- */

/* Docker attaches to nothing when detached, and refuses to be asked for both. */
static int detach(struct cli *cli, const struct run_opts *o, struct create_spec *spec)
{
	if (o->container.attach.n)
		return err_set(&cli->err, -EINVAL,
			       "conflicting options: cannot specify both --attach and --detach");
	spec->config.attach_stdin = spec->config.attach_stdout = spec->config.attach_stderr = false;
	spec->config.stdin_once = false;
	return 0;
}

static struct start_opts start_options(const struct create_spec *spec)
{
	const struct container_config *c = &spec->config;
	struct start_opts s = { .attach_stdin = c->attach_stdin,
				.attach_stdout = c->attach_stdout,
				.attach_stderr = c->attach_stderr };

	if (c->tty)
		terminal_size(&s.console_height, &s.console_width);
	return s;
}

/* What cannot be started is reported with docker's status; with --rm nothing is left of it. */
static int start_failed(struct cli *cli, struct engine *e, const struct run_opts *o, const char *id,
			int status)
{
	(void)cli_fail(cli);
	if (o->container.rm)
		(void)container_remove(e, id, true, true, NULL);
	return status > 0 ? status : 125;
}

static int run(struct cli *cli, const void *opts, const struct strv *args)
{
	const struct run_opts *o = opts;
	OWN(shim_client) struct shim_client *client = NULL;
	struct relay_opts relay = { .tty = o->container.tty,
				    .sig_proxy = o->sig_proxy,
				    .detach_keys = o->detach_keys };
	struct create_spec spec;
	struct start_opts start;
	struct engine *e;
	char id[65];
	int status = 125, r;

	r = container_flags_spec(cli, &o->container, args, &spec);
	if (r == 0 && o->detach)
		r = detach(cli, o, &spec);
	if (r < 0)
		return r;
	if (terminal_check(spec.config.tty, spec.config.attach_stdin, &cli->err) < 0)
		return cli_fail(cli);
	spec.will_start = true;
	r = create_container(cli, &o->container, args->items[0], &spec, &e, id);
	if (r < 0)
		return r;
	start = start_options(&spec);
	if (container_start(e, id, &start, &client, &status, &cli->err) < 0)
		return start_failed(cli, e, o, id, status);
	if (!client) {
		cli_print(cli, "%s\n", id);
		return 0;
	}
	relay.stdin_open = start.attach_stdin;
	return session_run(cli, e, id, client, &relay, true);
}

const struct cmd cmd_run_table[] = {
	{ "run", "container", "run", "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	  "Create and run a new container from an image", run_opts, &run_defaults,
	  sizeof(struct run_opts), run, 1, -1, OPT_BEFORE_ARGUMENTS, CMD_ARGS_IMAGES,
	  CMD_COMMON | CMD_STATUS_125 },
	{ "create", "container", "create", "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	  "Create a new container", container_flags_opts, &create_defaults,
	  sizeof(struct container_flags), create, 1, -1, OPT_BEFORE_ARGUMENTS, CMD_ARGS_IMAGES, 0 },
	{ 0 },
};
