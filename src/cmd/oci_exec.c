/*
 * oci_exec.c - one more process in a running container
 */
#include "cmd/oci_bundle.h"
#include "cmd/oci_console.h"
#include "cmd/oci_home.h"
#include "cmd/oci_state.h"

#include "base/own.h"
#include "codec/capability.h"
#include "sys/file.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

enum { PROCESS_MAX = 4 << 20 };

struct exec_opts {
	const char *process, *pid_file, *console_socket, *pidfd_socket, *user, *cwd, *label,
		*apparmor;
	struct strv env, caps, groups, cgroups;
	int64_t preserve_fds;
	bool detach, tty, no_new_privs, ignore_paused, no_subreaper;
};

static const struct opt exec_opts[] = {
	STR(struct exec_opts, process, 'p', "process", "file",
	    "JSON of the process, as in config.json"),
	FLAG(struct exec_opts, detach, 'd', "detach", "Do not wait for the process"),
	FLAG(struct exec_opts, tty, 't', "tty", "Give it a terminal"),
	STR(struct exec_opts, console_socket, 0, "console-socket", "path",
	    "Socket that the terminal's master is sent to"),
	STR(struct exec_opts, pid_file, 0, "pid-file", "path", "File for the process number"),
	STRS(struct exec_opts, env, 'e', "env", "list", "Environment variables, NAME=VALUE"),
	STR(struct exec_opts, user, 'u', "user", "uid[:gid]", "User and group, as numbers"),
	STRS(struct exec_opts, groups, 'g', "additional-gids", "list",
	     "Additional groups, as numbers"),
	STR(struct exec_opts, cwd, 0, "cwd", "dir", "Working directory"),
	STRS(struct exec_opts, caps, 'c', "cap", "list", "Capabilities to add"),
	FLAG(struct exec_opts, no_new_privs, 0, "no-new-privs",
	     "It and its children cannot gain privileges"),
	STR(struct exec_opts, label, 0, "process-label", "label", "SELinux label"),
	STR(struct exec_opts, apparmor, 0, "apparmor", "profile", "AppArmor profile"),
	I64(struct exec_opts, preserve_fds, 0, "preserve-fds", "int",
	    "Pass on this many descriptors, from 3 on"),
	FLAG(struct exec_opts, ignore_paused, 0, "ignore-paused",
	     "In a paused container, wait until it is resumed"),
	STRS(struct exec_opts, cgroups, 0, "cgroup", "path",
	     "Control group beneath the container's own, which must exist; of v1 controllers alone: "
	     "CONTROLLER[,...]:PATH"),
	STR(struct exec_opts, pidfd_socket, 0, "pidfd-socket", "path",
	    "Socket that a descriptor of the process is sent to"),
	FLAG(struct exec_opts, no_subreaper, 0, "no-subreaper",
	     "Leave orphans to the system's init, as exec does anyway"),
	OPT_END,
};

/* A user's number: digits only, never a name, never wrapped around. */
static int parse_id(struct oci_cli *cli, const char *option, const char *text, uint32_t *ret)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || n >= UINT32_MAX)
		return err_set(&cli->err, -EINVAL, "--%s: %s is not a number from 0 to 4294967294",
			       option, text);
	*ret = (uint32_t)n;
	return 0;
}

static int take_user(struct oci_cli *cli, const struct exec_opts *o, struct oci_user *user)
{
	struct strv parts, numbers = { 0 };
	int r = 0;

	if (o->user) {
		parts = strv_split(cli->a, o->user, ':');
		if (parts.n > 2)
			return err_set(&cli->err, -EINVAL, "--user: %s is not UID[:GID]", o->user);
		r = parse_id(cli, "user", parts.items[0], &user->uid);
		if (r == 0 && parts.n == 2)
			r = parse_id(cli, "user", parts.items[1], &user->gid);
	}
	for (size_t i = 0; i < o->groups.n; i++) {
		parts = strv_split(cli->a, o->groups.items[i], ',');
		for (size_t j = 0; j < parts.n; j++)
			strv_add(&numbers, cli->a, parts.items[j]);
	}
	if (r < 0 || numbers.n == 0)
		return r;
	user->additional_gids.items = arena_array(cli->a, numbers.n, sizeof(uint32_t));
	user->additional_gids.n = numbers.n;
	for (size_t i = 0; i < numbers.n && r == 0; i++)
		r = parse_id(cli, "additional-gids", numbers.items[i],
			     &user->additional_gids.items[i]);
	return r;
}

/* Into every set that a program run as this user can have them from, as runc does. */
static int add_caps(struct oci_cli *cli, const struct exec_opts *o, struct oci_process *process)
{
	struct oci_capabilities *caps = arena_new(cli->a, struct oci_capabilities);
	const char *unknown;
	uint64_t mask = capability_mask(&o->caps, &unknown);
	struct strv *sets[] = { &caps->bounding, &caps->effective, &caps->permitted };

	if (unknown)
		return err_set(&cli->err, -EINVAL, "--cap: no capability is called %s", unknown);
	if (mask == 0)
		return 0;
	if (process->capabilities)
		*caps = *process->capabilities;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		*sets[i] = capability_names(mask | capability_mask(sets[i], NULL), cli->a);
	process->capabilities = caps;
	return 0;
}

static int process_from_file(struct oci_cli *cli, const char *path, struct oci_process *ret)
{
	OWN(str) char *text = NULL;
	size_t len;
	int r = file_read_at(AT_FDCWD, path, PROCESS_MAX, &text, &len);

	if (r < 0)
		return err_code(&cli->err, r, "--process %s", path);
	r = schema_read(&oci_process_schema, text, len, cli->a, ret, &cli->err);
	return r < 0 ? err_wrap(&cli->err, "--process %s", path) : 0;
}

/* What differs from the container's own process. */
static int process_from_options(struct oci_cli *cli, const struct exec_opts *o,
				const struct strv *command, struct oci_process *p)
{
	int r;

	p->args = *command;
	p->terminal = o->tty;
	p->console_size = (struct oci_box){ 0 };
	if (o->cwd)
		p->cwd = o->cwd;
	if (o->label)
		p->selinux_label = o->label;
	if (o->apparmor)
		p->apparmor_profile = o->apparmor;
	if (o->no_new_privs)
		p->no_new_privileges = true;
	for (size_t i = 0; i < o->env.n; i++) {
		if (!strchr(o->env.items[i], '='))
			return err_set(&cli->err, -EINVAL, "--env: %s is not NAME=VALUE",
				       o->env.items[i]);
		strv_add(&p->env, cli->a, o->env.items[i]);
	}
	r = take_user(cli, o, &p->user);
	return r < 0 ? r : add_caps(cli, o, p);
}

static int find_process(struct oci_cli *cli, const struct exec_opts *o, const struct strv *args,
			struct oci_process *p)
{
	struct strv command = { args->items + 1, args->n - 1 };
	int r;

	if (o->process && command.n > 0)
		return err_set(&cli->err, -EINVAL,
			       "the command is given twice: by --process and as arguments");
	if (!o->process && command.n == 0)
		return err_set(&cli->err, -EINVAL, "give a command, or --process");
	r = o->process ? process_from_file(cli, o->process, p)
		       : process_from_options(cli, o, &command, p);
	if (r == 0 && o->process && o->tty)
		p->terminal = true;
	return r < 0 ? r : oci_runtime_check_process(p, &cli->err);
}

static int check_status(struct oci_cli *cli, const struct oci_container *c, bool ignore_paused)
{
	enum oci_status is = oci_state_status(c);

	if (is == OCI_PAUSED && !ignore_paused)
		return err_set(&cli->err, -EBUSY,
			       "container %s is paused; resume it first, or use --ignore-paused",
			       c->state.id);
	if (is == OCI_PAUSED || is == OCI_RUNNING || is == OCI_CREATED)
		return 0;
	return err_set(&cli->err, -ESRCH, "container %s is not running", c->state.id);
}

static int add_cgroup(struct oci_cli *cli, const char *option, const char *controller,
		      const char *path, struct str_map *ret)
{
	if (str_map_get(ret, controller))
		return err_set(&cli->err, -EINVAL, "--cgroup %s: %s is given twice", option,
			       *controller ? controller : "a path");
	str_map_set(ret, cli->a, controller, path[0] == '/' ? path + 1 : path);
	return 0;
}

/* "PATH", or "CONTROLLER[,...]:PATH" any number of times, as runc has it. */
static int find_cgroups(struct oci_cli *cli, const struct strv *options, struct str_map *ret)
{
	int r = 0;

	for (size_t i = 0; i < options->n && r == 0; i++) {
		const char *option = options->items[i];
		struct strv parts = strv_split(cli->a, option, ':'), names;

		if (parts.n > 2 || (parts.n == 1 && options->n > 1))
			return err_set(&cli->err, -EINVAL,
				       "--cgroup %s: must be one PATH, or CONTROLLER[,...]:PATH",
				       option);
		names = strv_split(cli->a, parts.n == 2 ? parts.items[0] : "", ',');
		for (size_t j = 0; j < names.n && r == 0; j++)
			r = parts.n == 2 && !*names.items[j]
				    ? err_set(&cli->err, -EINVAL,
					      "--cgroup %s: a controller is missing", option)
				    : add_cgroup(cli, option, names.items[j],
						 parts.items[parts.n - 1], ret);
	}
	return r;
}

/* Started: hands out the terminal and the number, and waits unless it is to be left alone. */
static int follow(struct oci_cli *cli, const struct exec_opts *o, int socket, int signals,
		  struct runtime_process *process)
{
	int r = 0;

	if (socket >= 0)
		r = oci_console_send(cli, socket, process->console_fd);
	if (r == 0 && o->pidfd_socket)
		r = oci_console_send_pidfd(cli, o->pidfd_socket, "setns", process->pidfd);
	if (r == 0 && o->pid_file)
		r = oci_bundle_pid_file(cli, o->pid_file, process->pid);
	/* Nobody would know of it. */
	if (r < 0)
		(void)proc_signal(process->pidfd, SIGKILL);
	return r < 0 || o->detach ? r : oci_console_wait(cli, signals, process, NULL);
}

/* One that is held by an ordinary user gives the way in itself. */
static int find_entry(struct oci_cli *cli, const struct oci_container *c, struct runtime_entry *ret)
{
	OWN(fd) int call = -1;
	int r;

	if (!c->state.listens || oci_state_status(c) != OCI_CREATED)
		return 0;
	r = oci_state_call(cli, c, &call);
	return r < 0 ? r : runtime_entry_ask(call, ret, &cli->err);
}

static int oci_exec(struct oci_cli *cli, const void *opts, const struct strv *args)
{
	const struct exec_opts *o = opts;
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	OWN(fd) int socket = -1, signals = -1;
	OWN(runtime_entry) struct runtime_entry entry = RUNTIME_ENTRY_INIT;
	struct runtime_process process = { .pidfd = -1, .console_fd = -1, .hold_fd = -1 };
	struct str_map beneath = { 0 };
	struct oci_config *config;
	struct runtime_exec exec = { .stdout_fd = STDOUT_FILENO, .stderr_fd = STDERR_FILENO };
	int status, r = oci_state_open(cli, args->items[0], false, &c);

	if (r == 0)
		r = check_status(cli, &c, o->ignore_paused);
	if (r == 0)
		r = oci_state_config(cli, &c, &config);
	if (r == 0)
		r = find_cgroups(cli, &o->cgroups, &beneath);
	if (r == 0 && beneath.n)
		r = oci_state_need_cgroup(cli, &c, "exec --cgroup");
	if (r == 0)
		r = find_process(cli, o, args, config->process);
	if (r == 0)
		r = oci_bundle_fds(cli, o->preserve_fds, config->process, &exec.preserve_fds,
				   &exec.n_preserve_fds);
	if (r == 0)
		r = oci_console_open(cli, o->console_socket, config->process->terminal, o->detach,
				     &socket);
	if (r < 0)
		return r;
	r = find_entry(cli, &c, &entry);
	if (r < 0)
		return r;
	oci_home_add(cli,
		     entry.root < 0 ? arena_printf(cli->a, "/proc/%d/root", c.state.pid)
				    : arena_printf(cli->a, "/proc/self/fd/%d", entry.root),
		     config->process);
	if (!o->detach)
		signals = oci_console_signals();
	exec.cgroup = oci_state_has_cgroup(&c) ? c.state.cgroup : NULL;
	exec.cgroup_is_partial = c.state.cgroup_is_partial;
	exec.class = c.state.class;
	exec.beneath_cgroup = &beneath;
	exec.init_pid = c.state.pid;
	exec.init_start = c.state.start_time;
	exec.entry = entry.root < 0 ? NULL : &entry;
	exec.wait_thawed = o->ignore_paused;
	exec.process = config->process;
	exec.seccomp = config->linux_->seccomp;
	exec.id = c.state.id;
	exec.bundle = c.state.bundle;
	exec.annotations = &config->annotations;
	r = runtime_exec(&exec, cli->a, &process, &status, &cli->err);
	if (r < 0) {
		cli->failed_status = status;
		return r;
	}
	r = follow(cli, o, socket, signals, &process);
	fd_cleanup(&process.pidfd);
	fd_cleanup(&process.console_fd);
	return r;
}

const struct oci_cmd oci_exec_table[] = {
	{ "exec", "[OPTIONS] ID COMMAND [ARGUMENT]...", "Run a process in a running container",
	  exec_opts, NULL, sizeof(struct exec_opts), oci_exec, 1, -1, OPT_BEFORE_ARGUMENTS },
	{ 0 },
};
