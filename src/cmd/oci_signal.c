/*
 * oci_signal.c - kill, delete, pause, resume
 */
#include "cmd/oci_hooks.h"
#include "cmd/oci_state.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "codec/signal_name.h"
#include "sys/proc.h"

#include <poll.h>
#include <signal.h>

enum { DEATH_WAIT_MS = 10000 };

struct kill_opts {
	bool all;
};

static const struct opt kill_opts[] = {
	FLAG(struct kill_opts, all, 'a', "all", "Signal every process of the container"),
	REFUSED('r', "regex", "name the container; list -q shows all"),
	OPT_END,
};

struct delete_opts {
	bool force;
};

static const struct opt delete_opts[] = {
	FLAG(struct delete_opts, force, 'f', "force", "Kill the container first if it runs"),
	REFUSED('r', "regex", "name the container; list -q shows all"),
	OPT_END,
};

static bool has_pid_namespace(struct oci_cli *cli, const struct oci_container *c)
{
	struct oci_config *config;

	return oci_state_config(cli, c, &config) == 0 &&
	       oci_runtime_has_new_namespace(config, "pid");
}

/* With a PID namespace the kernel kills everybody when the first process is; without, we do. */
static int send(struct oci_cli *cli, const struct oci_container *c, int signal, bool all)
{
	OWN(fd) int pidfd = oci_state_pidfd(c);
	bool frozen = false;
	int r;

	if (all || (signal == SIGKILL && !has_pid_namespace(cli, c)))
		return cgroup_kill(c->state.cgroup, signal, &cli->err);
	r = pidfd < 0 ? pidfd : proc_signal(pidfd, signal);
	if (r == -ESRCH)
		return err_set(&cli->err, r, "container not running: %s", c->state.id);
	if (r < 0)
		return err_code(&cli->err, r, "signalling container %s", c->state.id);
	/* A frozen process would die of it only when it is resumed. */
	if (signal == SIGKILL && cgroup_is_frozen(c->state.cgroup, &frozen) == 0 && frozen)
		return cgroup_freeze(c->state.cgroup, false, &cli->err);
	return 0;
}

static int oci_kill(struct oci_cli *cli, const void *opts, const struct strv *args)
{
	const struct kill_opts *o = opts;
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	const char *name = args->n > 1 ? args->items[1] : "TERM";
	int signal = signal_name_parse(name), r;

	if (signal < 0)
		return err_set(&cli->err, -EINVAL, "no signal is called %s", name);
	r = oci_state_open(cli, args->items[0], true, &c);
	if (r < 0)
		return r;
	if (!o->all && oci_state_status(&c) == OCI_STOPPED)
		return err_set(&cli->err, -ESRCH, "container not running: %s", c.state.id);
	return send(cli, &c, signal, o->all);
}

/* Kills what there is, and waits until the first process is seen to be dead. */
static int end_processes(struct oci_cli *cli, const struct oci_container *c)
{
	struct pollfd first = { .fd = oci_state_pidfd(c), .events = POLLIN };
	int r = 0;

	if (first.fd >= 0) {
		(void)proc_signal(first.fd, SIGKILL);
		r = cgroup_kill(c->state.cgroup, SIGKILL, &cli->err);
		if (poll(&first, 1, DEATH_WAIT_MS) == 0)
			r = err_set(&cli->err, -EBUSY, "process %d of container %s does not die",
				    c->state.pid, c->state.id);
		fd_cleanup(&first.fd);
		return r;
	}
	return cgroup_kill(c->state.cgroup, SIGKILL, &cli->err);
}

/* A create that was killed before it could write anything leaves an empty directory. */
static int delete_half_made(struct oci_cli *cli, const struct oci_container *c)
{
	cli->err = (struct err)ERR_INIT;
	return c->dir < 0 ? 0 : oci_state_remove(cli, c);
}

static int oci_delete(struct oci_cli *cli, const void *opts, const struct strv *args)
{
	const struct delete_opts *o = opts;
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	int r = oci_state_open(cli, args->items[0], true, &c);
	struct oci_config *config;
	enum oci_status is;

	if (r == -ENOENT && o->force)
		return delete_half_made(cli, &c);
	if (r < 0)
		return r;
	is = oci_state_status(&c);
	if (!o->force && (is == OCI_RUNNING || is == OCI_PAUSED))
		return err_set(&cli->err, -EBUSY,
			       "cannot delete container %s that is not stopped: %s; end it, or use "
			       "--force",
			       c.state.id, oci_status_names[is]);
	r = end_processes(cli, &c);
	if (r == 0)
		r = cgroup_teardown(c.state.cgroup, &cli->err);
	if (r == 0 && oci_state_config(cli, &c, &config) == 0)
		oci_hooks_poststop(cli, &c.state, config);
	return r < 0 ? r : oci_state_remove(cli, &c);
}

static int set_paused(struct oci_cli *cli, const char *id, bool paused)
{
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	int r = oci_state_open(cli, id, true, &c);
	enum oci_status is;

	if (r < 0)
		return r;
	is = oci_state_status(&c);
	if (paused && is != OCI_RUNNING && is != OCI_CREATED)
		return err_set(&cli->err, -EINVAL,
			       "container %s is %s; only a running or created one can be paused",
			       id, oci_status_names[is]);
	if (!paused && is != OCI_PAUSED)
		return err_set(&cli->err, -EINVAL, "container %s is %s, not paused", id,
			       oci_status_names[is]);
	return cgroup_freeze(c.state.cgroup, paused, &cli->err);
}

static int oci_pause(struct oci_cli *cli, const void *opts __attribute__((unused)),
		     const struct strv *args)
{
	return set_paused(cli, args->items[0], true);
}

static int oci_resume(struct oci_cli *cli, const void *opts __attribute__((unused)),
		      const struct strv *args)
{
	return set_paused(cli, args->items[0], false);
}

const struct oci_cmd oci_signal_table[] = {
	{ "kill", "[OPTIONS] ID [SIGNAL]", "Send a signal to a container (default TERM)", kill_opts,
	  NULL, sizeof(struct kill_opts), oci_kill, 1, 2, OPT_ANYWHERE },
	{ "delete", "[OPTIONS] ID", "Remove a container that has ended", delete_opts, NULL,
	  sizeof(struct delete_opts), oci_delete, 1, 1, OPT_ANYWHERE },
	{ "pause", "ID", "Suspend all processes of a container", NULL, NULL, 0, oci_pause, 1, 1,
	  OPT_ANYWHERE },
	{ "resume", "ID", "Let them run again", NULL, NULL, 0, oci_resume, 1, 1, OPT_ANYWHERE },
	{ 0 },
};
