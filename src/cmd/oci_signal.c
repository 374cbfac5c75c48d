/*
 * oci_signal.c - kill, delete, pause, resume
 */
#include "cmd/oci_hooks.h"
#include "cmd/oci_signal.h"
#include "cmd/oci_unit.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "codec/signal_name.h"
#include "sys/proc.h"

#include <poll.h>
#include <regex.h>
#include <signal.h>

enum { DEATH_WAIT_MS = 10000 };

#define REGEX_HELP "ID is an extended regular expression; every container that it matches is meant"

struct kill_opts {
	bool regex, all;
};

static const struct opt kill_opts[] = {
	FLAG(struct kill_opts, all, 'a', "all", "Signal every process of the container"),
	FLAG(struct kill_opts, regex, 'r', "regex", REGEX_HELP),
	OPT_END,
};

struct delete_opts {
	bool regex, force;
};

static const struct opt delete_opts[] = {
	FLAG(struct delete_opts, force, 'f', "force", "Kill the container first if it runs"),
	FLAG(struct delete_opts, regex, 'r', "regex", REGEX_HELP),
	OPT_END,
};

static void regex_cleanup(regex_t *regex)
{
	regfree(regex);
}

/* The IDs that a pattern matches; none is not an error. */
static int matching(struct oci_cli *cli, const char *pattern, struct strv *ret)
{
	OWN(regex) regex_t regex = { 0 };
	struct strv all;
	char why[128];
	int r = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);

	*ret = (struct strv){ 0 };
	if (r != 0) {
		(void)regerror(r, &regex, why, sizeof(why));
		return err_set(&cli->err, -EINVAL, "--regex: %s: %s", pattern, why);
	}
	r = oci_state_ids(cli, &all);
	for (size_t i = 0; r == 0 && i < all.n; i++)
		if (regexec(&regex, all.items[i], 0, NULL, 0) == 0)
			strv_add(ret, cli->a, all.items[i]);
	return r;
}

/* Does it to one container, or to all that match: a failure does not spare the others. */
static int each(struct oci_cli *cli, const char *name, bool is_regex,
		int (*act)(struct oci_cli *cli, const char *id, const void *ctx), const void *ctx)
{
	struct err first = ERR_INIT;
	struct strv ids;
	int r;

	if (!is_regex)
		return act(cli, name, ctx);
	r = matching(cli, name, &ids);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ids.n; i++) {
		cli->err = (struct err)ERR_INIT;
		if (act(cli, ids.items[i], ctx) < 0 && first.code == 0)
			first = cli->err;
		else
			(void)err_also(&first, &cli->err);
	}
	cli->err = first;
	return first.code;
}

static bool has_pid_namespace(struct oci_cli *cli, const struct oci_container *c)
{
	struct oci_config *config;

	return oci_state_config(cli, c, &config) == 0 &&
	       oci_runtime_has_new_namespace(config, "pid");
}

/* Nobody knows the others of a container that has neither a group nor a PID namespace. */
static void warn_of_others(struct oci_cli *cli, const struct oci_container *c)
{
	if (!oci_state_has_cgroup(c) && !has_pid_namespace(cli, c))
		oci_warn(cli,
			 "container %s has no control group and no PID namespace of its own: only "
			 "its first process is killed",
			 c->state.id);
}

/* With a PID namespace the kernel kills everybody when the first process is; without, we do. */
static int send(struct oci_cli *cli, const struct oci_container *c, int signal, bool all)
{
	OWN(fd) int pidfd = oci_state_pidfd(c);
	bool frozen = false;
	int r;

	/* Without a group the kernel does it, when there is a PID namespace to end. */
	if (all && !(signal == SIGKILL && !oci_state_has_cgroup(c) && has_pid_namespace(cli, c)) &&
	    (r = oci_state_need_cgroup(cli, c, "kill --all")) < 0)
		return r;
	if (oci_state_has_cgroup(c) && (all || (signal == SIGKILL && !has_pid_namespace(cli, c))))
		return cgroup_kill(c->state.cgroup, signal, &cli->err);
	r = pidfd < 0 ? pidfd : proc_signal(pidfd, signal);
	if (r == -ESRCH)
		return err_set(&cli->err, r, "container not running: %s", c->state.id);
	if (r < 0)
		return err_code(&cli->err, r, "signalling container %s", c->state.id);
	if (signal == SIGKILL)
		warn_of_others(cli, c);
	/* A frozen process would die of it only when it is resumed. */
	if (signal == SIGKILL && cgroup_is_frozen(c->state.cgroup, &frozen) == 0 && frozen)
		return cgroup_freeze(c->state.cgroup, false, &cli->err);
	return 0;
}

struct killing {
	int signal;
	bool all;
};

static int kill_one(struct oci_cli *cli, const char *id, const void *ctx)
{
	const struct killing *k = ctx;
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	int r = oci_state_open(cli, id, true, &c);

	if (r < 0)
		return r;
	if (!k->all && oci_state_status(&c) == OCI_STOPPED)
		return err_set(&cli->err, -ESRCH, "container not running: %s", c.state.id);
	return send(cli, &c, k->signal, k->all);
}

static int oci_kill(struct oci_cli *cli, const void *opts, const struct strv *args)
{
	const struct kill_opts *o = opts;
	const char *name = args->n > 1 ? args->items[1] : "TERM";
	struct killing k = { .signal = signal_name_parse(name), .all = o->all };

	if (k.signal < 0)
		return err_set(&cli->err, -EINVAL, "no signal is called %s", name);
	return each(cli, args->items[0], o->regex, kill_one, &k);
}

static int kill_cgroup(struct oci_cli *cli, const struct oci_container *c)
{
	return oci_state_has_cgroup(c) ? cgroup_kill(c->state.cgroup, SIGKILL, &cli->err) : 0;
}

/* Kills what there is, and waits until the first process is seen to be dead. */
static int end_processes(struct oci_cli *cli, const struct oci_container *c)
{
	struct pollfd first = { .fd = oci_state_pidfd(c), .events = POLLIN };
	int r = 0;

	if (first.fd >= 0) {
		warn_of_others(cli, c);
		(void)proc_signal(first.fd, SIGKILL);
		r = kill_cgroup(cli, c);
		if (poll(&first, 1, DEATH_WAIT_MS) == 0)
			r = err_set(&cli->err, -EBUSY, "process %d of container %s does not die",
				    c->state.pid, c->state.id);
		fd_cleanup(&first.fd);
		return r;
	}
	return oci_state_has_cgroup(c) && cgroup_remove_empty(c->state.cgroup)
		       ? 0
		       : kill_cgroup(cli, c);
}

/* A create that was killed before it could write anything leaves an empty directory. */
static int delete_half_made(struct oci_cli *cli, const struct oci_container *c)
{
	cli->err = (struct err)ERR_INIT;
	return c->dir < 0 ? 0 : oci_state_remove(cli, c);
}

int oci_signal_delete(struct oci_cli *cli, const struct oci_container *c)
{
	const struct oci_config *hooks;
	int r = end_processes(cli, c);

	if (r == 0 || r == -ENOENT)
		r = oci_unit_stop(cli, c->state.unit);
	if (r == 0 && oci_state_has_cgroup(c))
		r = cgroup_teardown(c->state.cgroup, &cli->err);
	if (r == 0 && c->state.class)
		r = cgroup_class_teardown(c->state.class, &cli->err);
	if (r == 0 && (hooks = oci_state_hooks(cli, c)) != NULL)
		oci_hooks_poststop(cli, &c->state, hooks);
	return r < 0 ? r : oci_state_remove(cli, c);
}

int oci_signal_delete_ended(struct oci_cli *cli, struct oci_container *c)
{
	int r = oci_state_relock(cli, c);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : oci_signal_delete(cli, c);
}

static int delete_one(struct oci_cli *cli, const char *id, const void *ctx)
{
	const struct delete_opts *o = ctx;
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	int r = oci_state_open(cli, id, true, &c);
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
	return oci_signal_delete(cli, &c);
}

static int oci_delete(struct oci_cli *cli, const void *opts, const struct strv *args)
{
	const struct delete_opts *o = opts;

	return each(cli, args->items[0], o->regex, delete_one, o);
}

static int set_paused(struct oci_cli *cli, const char *id, bool paused)
{
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	int r = oci_state_open(cli, id, true, &c);
	enum oci_status is;

	if (r == 0)
		r = oci_state_need_cgroup(cli, &c, paused ? "pause" : "resume");
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
