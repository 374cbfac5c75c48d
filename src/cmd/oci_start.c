/*
 * oci_start.c - create, start, run
 *
 * `create` leaves a process behind that has everything but the program, and waits; `start` lets it
 * go on. `run` is both, without the wait in between. A create that fails, or is killed, leaves
 * either nothing, or a state that `delete --force` can clean up after: the state is written before
 * the process is made, and again when its number is known.
 */
#include "cmd/oci_bundle.h"
#include "cmd/oci_console.h"
#include "cmd/oci_criu.h"
#include "cmd/oci_home.h"
#include "cmd/oci_hooks.h"
#include "cmd/oci_signal.h"
#include "cmd/oci_unit.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "sys/file.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <time.h>

struct start_opts {
	const char *bundle, *config, *pid_file, *console_socket, *pidfd_socket;
	int64_t preserve_fds;
	bool no_pivot, no_new_keyring, detach, keep, no_subreaper;
};

static const struct opt making_opts[] = {
	STR(struct start_opts, bundle, 'b', "bundle", "dir",
	    "Directory of config.json (default \".\")"),
	STR(struct start_opts, config, 'f', "config", "file",
	    "Configuration (default \"config.json\" of the bundle)"),
	STR(struct start_opts, console_socket, 0, "console-socket", "path",
	    "Socket that the terminal's master is sent to"),
	STR(struct start_opts, pid_file, 0, "pid-file", "path", "File for the process number"),
	STR(struct start_opts, pidfd_socket, 0, "pidfd-socket", "path",
	    "Socket that a descriptor of the process is sent to"),
	I64(struct start_opts, preserve_fds, 0, "preserve-fds", "int",
	    "Pass on this many descriptors, from 3 on"),
	FLAG(struct start_opts, no_pivot, 0, "no-pivot",
	     "Leave the old root beneath the new one, for a machine that runs from its initramfs; "
	     "whoever may use chroot in the container can leave it"),
	FLAG(struct start_opts, no_new_keyring, 0, "no-new-keyring",
	     "Stay in the caller's session keyring"),
	OPT_END,
};

static const struct opt create_opts[] = {
	FLAG(struct start_opts, no_subreaper, 0, "no-subreaper",
	     "Leave orphans to the system's init, as create does anyway"),
	OPT_MORE(making_opts),
};

static const struct opt run_opts[] = {
	FLAG(struct start_opts, detach, 'd', "detach", "Do not wait for the container"),
	FLAG(struct start_opts, keep, 0, "keep", "Do not delete the container when it has ended"),
	FLAG(struct start_opts, no_subreaper, 0, "no-subreaper",
	     "Leave orphans of the container to the system's init"),
	OPT_MORE(making_opts),
};

static int64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* A container being made. */
struct making {
	struct oci_cli *cli;
	const struct start_opts *opts;
	struct oci_bundle bundle;
	struct oci_container container;
	struct oci_unit unit;
	struct runtime_process process;
	struct oci_notify notify;
	int console; /* socket, or -1 */
	int listen;  /* where a held one is started, or -1 */
	bool is_made, has_unit;
};

static void making_cleanup(struct making *m)
{
	oci_unit_release(&m->unit);
	oci_container_cleanup(&m->container);
	oci_notify_cleanup(&m->notify);
	fd_cleanup(&m->process.pidfd);
	fd_cleanup(&m->process.console_fd);
	fd_cleanup(&m->process.hold_fd);
	fd_cleanup(&m->console);
	fd_cleanup(&m->listen);
}

/* After a failure; what fails here as well is of no more use to anybody than the first error. */
static void undo(struct making *m)
{
	struct oci_cli quiet = *m->cli;
	bool has_cgroup = !str_is_empty(m->bundle.cgroup);

	if (m->process.pidfd >= 0)
		(void)proc_signal(m->process.pidfd, SIGKILL);

	if (m->process.pidfd >= 0 && has_cgroup)
		(void)cgroup_kill(m->bundle.cgroup, SIGKILL, NULL);
	if (m->has_unit)
		(void)oci_unit_stop(&quiet, m->bundle.unit.name);
	if (has_cgroup && (m->process.pidfd >= 0 || m->has_unit))
		(void)cgroup_teardown(m->bundle.cgroup, NULL);
	if (m->container.state.class)
		(void)cgroup_class_undo(m->container.state.class, NULL);
	if (m->is_made) {
		oci_hooks_poststop(&quiet, &m->container.state, m->bundle.config);
		(void)oci_state_remove(&quiet, &m->container);
	}
}

static int prepare(struct making *m, const char *id, bool detached)
{
	struct oci_cli *cli = m->cli;
	struct oci_state *s = &m->container.state;
	int r = oci_bundle_load(cli, m->opts->bundle ? m->opts->bundle : ".", m->opts->config, id,
				&m->bundle);

	if (r == 0)
		r = oci_bundle_preserve_fds(cli, &m->bundle, m->opts->preserve_fds);
	if (r == 0)
		r = oci_console_open(cli, m->opts->console_socket,
				     m->bundle.config->process->terminal, detached, &m->console);
	if (r == 0 && m->bundle.unit.name)
		r = oci_unit_check(cli);
	if (r == 0)
		r = oci_state_make(cli, id, &m->container);
	if (r < 0)
		return r;
	m->is_made = true;
	oci_home_add(cli, m->bundle.rootfs, m->bundle.config->process);
	*s = (struct oci_state){ .id = id,
				 .bundle = m->bundle.path,
				 .rootfs = m->bundle.rootfs,
				 .cgroup = m->bundle.cgroup,
				 .unit = m->bundle.unit.name,
				 .created = now_ns(),
				 .owner = getuid(),
				 .config = m->bundle.text };
	if (!m->bundle.config->process->terminal)
		oci_criu_streams(cli, &s->streams);
	r = runtime_class_find(m->bundle.config, id, cli->a, &s->class, &cli->err);
	if (r == 0)
		r = oci_state_begin(cli, &m->container);
	return r < 0 ? r : oci_notify_prepare(cli, m->container.dir, id, m->bundle.config);
}

static int make_unit(struct making *m)
{
	int r;

	if (!m->bundle.unit.name)
		return 0;
	r = oci_unit_make(m->cli, &m->bundle.unit, m->container.state.id, m->bundle.config,
			  &m->unit);
	m->has_unit = r == 0;
	return r;
}

/* A group that was asked for is not optional. */
static bool has_path(const struct making *m)
{
	return !str_is_empty(m->bundle.config->linux_->cgroups_path);
}

static int start_process(struct making *m, bool hold)
{
	struct runtime_start start = { .config = m->bundle.config,
				       .id = m->container.state.id,
				       .bundle = m->bundle.path,
				       .cgroup = m->bundle.cgroup,
				       .cgroup_is_unit = m->has_unit,
				       .class = m->container.state.class,
				       .stdin_fd = STDIN_FILENO,
				       .stdout_fd = STDOUT_FILENO,
				       .stderr_fd = STDERR_FILENO,
				       .preserve_fds = m->bundle.preserve_fds,
				       .n_preserve_fds = m->bundle.n_preserve_fds,
				       .no_pivot = m->opts->no_pivot,
				       .no_new_keyring = m->opts->no_new_keyring,
				       .cgroup_is_optional =
					       m->cli->lax_cgroup && !m->has_unit && !has_path(m),
				       .listen_fd = m->listen < 0 ? 0 : m->listen,
				       .hold = hold };
	int status = m->cli->failed_status;
	int r = runtime_start(&start, m->cli->a, &m->process, &status, &m->cli->err);

	if (r < 0) {
		m->process =
			(struct runtime_process){ .pidfd = -1, .console_fd = -1, .hold_fd = -1 };
		if (!hold)
			m->cli->failed_status = status;
	}
	if (r == 0 && m->process.has_no_cgroup)
		m->bundle.cgroup = m->container.state.cgroup = "";
	if (r == 0)
		m->container.state.cgroup_is_partial = m->process.has_part_of_cgroup;
	return r;
}

static int announce(struct making *m, bool started)
{
	struct oci_state *s = &m->container.state;
	int r = 0;

	s->pid = m->process.pid;
	s->start_time = m->process.start_time;
	s->started = started;
	s->listens = m->listen >= 0;
	if (m->console >= 0)
		r = oci_console_send(m->cli, m->console, m->process.console_fd);
	if (r == 0 && m->opts->pidfd_socket)
		r = oci_console_send_pidfd(m->cli, m->opts->pidfd_socket, "standard",
					   m->process.pidfd);
	if (r == 0)
		r = oci_state_save(m->cli, &m->container);
	if (r == 0 && m->opts->pid_file)
		r = oci_bundle_pid_file(m->cli, m->opts->pid_file, m->process.pid);
	return r == 0 && started ? oci_hooks_poststart(m->cli, s, m->bundle.config) : r;
}

/* Up to the point where the container is there and others may work on it. */
static int make(struct making *m, const char *id, bool detached, bool hold)
{
	int r = prepare(m, id, detached);

	if (r == 0 && !hold)
		r = oci_notify_listen(m->cli, m->container.dir, id, &m->notify);
	if (r == 0)
		r = make_unit(m);
	if (r == 0 && hold && m->cli->rootless)
		r = oci_state_listen(m->cli, &m->container, &m->listen);
	if (r == 0)
		r = start_process(m, hold);
	oci_unit_release(&m->unit);
	if (r == 0)
		r = announce(m, !hold);
	if (r < 0)
		undo(m);
	oci_state_unlock(&m->container);
	return r;
}

#define MAKING(cli_, opts_)                                                                        \
	{                                                                                          \
		.cli = (cli_), .opts = (opts_), .container = OCI_CONTAINER_INIT,                   \
		.unit = { .socket = -1 },                                                          \
		.process = { .pidfd = -1, .console_fd = -1, .hold_fd = -1 },                       \
		.notify = OCI_NOTIFY_INIT, .console = -1, .listen = -1                             \
	}

static int oci_create(struct oci_cli *cli, const void *opts, const struct strv *args)
{
	OWN(making) struct making m = MAKING(cli, opts);

	return make(&m, args->items[0], true, true);
}

static int oci_run(struct oci_cli *cli, const void *opts_, const struct strv *args)
{
	const struct start_opts *opts = opts_;
	OWN(making) struct making m = MAKING(cli, opts);
	OWN(fd) int signals = opts->detach ? -1 : oci_console_signals();
	int status, r = opts->detach || opts->no_subreaper ? 0 : oci_console_adopt(cli);

	if (r == 0)
		r = make(&m, args->items[0], opts->detach, false);
	if (r == 0 && opts->detach)
		oci_notify_wait(cli, &m.notify, m.process.pidfd, m.process.pid);
	if (r < 0 || opts->detach)
		return r;
	status = oci_console_wait(cli, signals, &m.process, &m.notify);
	if (!opts->keep) {
		r = oci_signal_delete_ended(cli, &m.container);
		if (r < 0)
			oci_warn(cli, "cleaning up container %s: %s", args->items[0], cli->err.msg);
	}
	return status;
}

static int oci_start(struct oci_cli *cli, const void *opts __attribute__((unused)),
		     const struct strv *args)
{
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	OWN(oci_notify) struct oci_notify notify = OCI_NOTIFY_INIT;
	struct runtime_process process = { .pidfd = -1, .console_fd = -1, .hold_fd = -1 };
	int call, status = 1, r = oci_state_open(cli, args->items[0], true, &c);
	const struct oci_config *hooks;
	enum oci_status is;

	if (r < 0)
		return r;
	is = oci_state_status(&c);
	if (is != OCI_CREATED)
		return err_set(&cli->err, -EINVAL,
			       "container %s is %s; only one that is created can be started",
			       c.state.id, oci_status_names[is]);
	r = oci_notify_listen(cli, c.dir, c.state.id, &notify);
	if (r == 0)
		r = oci_state_call(cli, &c, &call);
	if (r == 0)
		r = runtime_reattach(c.state.pid, c.state.start_time, call, &process, &cli->err);
	if (r == 0)
		r = runtime_release(&process, &status, &cli->err);
	fd_cleanup(&process.hold_fd);
	if (r < 0) {
		fd_cleanup(&process.pidfd);
		cli->failed_status = status;
		return r;
	}
	r = oci_state_started(cli, &c);
	if (r == 0 && (hooks = oci_state_hooks(cli, &c)) != NULL)
		r = oci_hooks_poststart(cli, &c.state, hooks);
	/* It stays, stopped, for delete to clean up after, as one whose program is not found. */
	if (r < 0)
		(void)proc_signal(process.pidfd, SIGKILL);
	/* Others may work on it while we wait. */
	oci_state_unlock(&c);
	if (r == 0)
		oci_notify_wait(cli, &notify, process.pidfd, c.state.pid);
	fd_cleanup(&process.pidfd);
	return r;
}

const struct oci_cmd oci_start_table[] = {
	{ "create", "[OPTIONS] ID", "Make a container that waits for start", create_opts, NULL,
	  sizeof(struct start_opts), oci_create, 1, 1, OPT_ANYWHERE },
	{ "start", "ID", "Let a created container run its program", NULL, NULL, 0, oci_start, 1, 1,
	  OPT_ANYWHERE },
	{ "run", "[OPTIONS] ID", "Create a container, start it and wait for it", run_opts, NULL,
	  sizeof(struct start_opts), oci_run, 1, 1, OPT_ANYWHERE },
	{ 0 },
};
