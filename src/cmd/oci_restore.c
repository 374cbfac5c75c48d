/*
 * oci_restore.c - restore
 *
 * As for `create` the state is written before there is anything else, so `delete --force` finds
 * what a killed restore left. Mounts that only CRIU needs are made in a mount namespace of its
 * own, which goes with it. CRIU works in the container's control group, where its children stay,
 * and the container's first process is born as its sibling: our child.
 *
 * The hooks of the runtime's namespace (prestart, createRuntime) run when the namespaces are there
 * again, for they may fill the network's; those that would run in the container do not: what they
 * did was in it when it was written.
 */
#include "cmd/oci_bundle.h"
#include "cmd/oci_console.h"
#include "cmd/oci_criu.h"
#include "cmd/oci_hooks.h"
#include "cmd/oci_signal.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "sys/apparmor.h"
#include "sys/file.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static const char log_name[] = "restore.log", root_name[] = "criu-root";

struct restore_opts {
	struct oci_criu_opts common;
	const char *bundle, *console_socket, *pid_file, *lsm_profile, *lsm_mount_context;
	bool detach, no_subreaper, tcp_close;
};

static const struct opt restore_opts[] = {
	STR(struct restore_opts, bundle, 'b', "bundle", "dir",
	    "Directory of config.json (default \".\")"),
	STR(struct restore_opts, console_socket, 0, "console-socket", "path",
	    "Socket that the terminal's master is sent to"),
	STR(struct restore_opts, pid_file, 0, "pid-file", "path", "File for the process number"),
	FLAG(struct restore_opts, detach, 'd', "detach", "Do not wait for the container"),
	FLAG(struct restore_opts, no_subreaper, 0, "no-subreaper",
	     "Leave orphans of the container to the system's init"),
	FLAG(struct restore_opts, tcp_close, 0, "tcp-close", "Bring TCP connections back closed"),
	STR(struct restore_opts, lsm_profile, 0, "lsm-profile", "type:name",
	    "Security profile (\"apparmor\" or \"selinux\") instead of the one it had"),
	STR(struct restore_opts, lsm_mount_context, 0, "lsm-mount-context", "context",
	    "SELinux context of mounts instead of the one they had"),
	REFUSED_FLAG(0, "no-pivot",
		     "criu always leaves the old root; restore where that is possible"),
	OPT_MORE(oci_criu_opts),
};

struct restore {
	struct oci_cli *cli;
	const struct restore_opts *opts;
	struct oci_bundle bundle;
	struct oci_container container;
	struct runtime_process process;
	struct oci_criu criu;
	const char *root;    /* where CRIU finds the root file system */
	const char *cgroups; /* mount of the cgroup v2 hierarchy for its yard, or NULL */
	int joins[CGROUP_CLASS_JOINS + CGROUP_HIERARCHIES_MAX];
	size_t n_joins;
	int console, null, cgroup_dir; /* descriptors, or -1 */
	int spaces[2];                 /* of external namespaces */
	size_t n_spaces;
	bool is_made, has_cgroup;
};

static void restore_cleanup(struct restore *p)
{
	oci_container_cleanup(&p->container);
	oci_criu_cleanup(&p->criu);
	fd_cleanup(&p->process.pidfd);
	fd_cleanup(&p->process.console_fd);
	fd_cleanup(&p->console);
	fd_cleanup(&p->null);
	fd_cleanup(&p->cgroup_dir);
	for (size_t i = 0; i < p->n_joins; i++)
		fd_cleanup(&p->joins[i]);
	for (size_t i = 0; i < p->n_spaces; i++)
		fd_cleanup(&p->spaces[i]);
}

static int64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* -- what is read and made before criu is started -- */

static int prepare_state(struct restore *p, const char *id)
{
	struct oci_cli *cli = p->cli;
	struct oci_state *s = &p->container.state;
	int r = oci_state_make(cli, id, &p->container);

	if (r < 0)
		return r;
	p->is_made = true;
	*s = (struct oci_state){ .id = id,
				 .bundle = p->bundle.path,
				 .rootfs = p->bundle.rootfs,
				 .cgroup = p->bundle.cgroup,
				 .created = now_ns(),
				 .owner = getuid(),
				 .config = p->bundle.text };
	if (!p->bundle.config->process->terminal)
		oci_criu_streams(cli, &s->streams);
	r = runtime_class_find(p->bundle.config, id, cli->a, &s->class, &cli->err);
	return r < 0 ? r : oci_state_begin(cli, &p->container);
}

static int open_namespace(struct restore *p, const struct oci_namespace *ns)
{
	struct criu_options *o = &p->criu.options;
	int fd = open(ns->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return err_sys(&p->cli->err, "namespace %s", ns->path);
	p->spaces[p->n_spaces++] = fd;
	o->inherit[o->n_inherit++] =
		(struct criu_inherit_fd){ oci_criu_namespace_key(ns->type), fd };
	return 0;
}

static int join_namespaces(struct restore *p)
{
	static const struct {
		const char *type, *kind;
	} kinds[] = { { "mount", "mnt" }, { "ipc", "ipc" }, { "uts", "uts" }, { "user", "user" } };
	const struct oci_config *config = p->bundle.config;
	int r = 0;

	for (size_t i = 0; r == 0 && i < config->linux_->namespaces.n; i++) {
		const struct oci_namespace *ns = &config->linux_->namespaces.items[i];
		const char *kind = NULL;

		if (str_is_empty(ns->path))
			continue;
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			if (str_eq(kinds[k].type, ns->type))
				kind = kinds[k].kind;
		if (oci_criu_namespace_key(ns->type) && p->n_spaces < 2)
			r = open_namespace(p, ns);
		else if (kind)
			str_map_set(&p->criu.options.joins, p->cli->a, kind, ns->path);
		else
			r = err_set(&p->cli->err, -ENOTSUP,
				    "linux.namespaces: criu cannot join a namespace of type %s; "
				    "leave its path out",
				    ns->type);
	}
	return r;
}

/* CRIU passes over what the kernel cannot do, without a word. */
static int check_lsm(struct oci_cli *cli, const struct restore_opts *opts)
{
	const bool selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
	const char *profile = opts->lsm_profile;

	if (profile && !str_after(profile, "apparmor:") && !str_after(profile, "selinux:"))
		return opt_invalid(restore_opts, "lsm-profile", profile,
				   "must be apparmor:PROFILE or selinux:LABEL", &cli->err);
	if (profile && str_after(profile, "apparmor:") && !apparmor_runs())
		return err_set(&cli->err, -ENOTSUP,
			       "--lsm-profile %s: this kernel does not run AppArmor", profile);
	if (profile && str_after(profile, "selinux:") && !selinux)
		return err_set(&cli->err, -ENOTSUP,
			       "--lsm-profile %s: this kernel does not run SELinux", profile);
	if (opts->lsm_mount_context && !selinux)
		return err_set(&cli->err, -ENOTSUP,
			       "--lsm-mount-context %s: this kernel does not run SELinux",
			       opts->lsm_mount_context);
	return 0;
}

static int take_options(struct restore *p)
{
	struct oci_cli *cli = p->cli;
	struct criu_options *o = &p->criu.options;
	OWN(fd) int root = open(p->bundle.rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = root < 0 ? err_sys(&cli->err, "%s", p->bundle.rootfs) : 0;

	p->root = oci_criu_place(cli, &p->container, root_name);
	o->root = p->root;
	o->tcp_close = p->opts->tcp_close;
	o->lsm_profile = p->opts->lsm_profile;
	o->lsm_mount_context = p->opts->lsm_mount_context;
	if (r == 0)
		r = oci_criu_streams_read(&p->criu, &p->null);
	if (r == 0)
		r = join_namespaces(p);
	if (r == 0)
		r = oci_criu_mounts(&p->criu, root, p->bundle.cgroup, p->bundle.path, true);
	return r;
}

static int make_cgroup(struct restore *p)
{
	struct err *err = &p->cli->err;
	struct cgroup_class *class = p->container.state.class;
	size_t n = 0;
	int r = runtime_restore_cgroup(p->bundle.config, p->bundle.cgroup, p->cli->a, err);

	if (r < 0)
		return r;
	p->has_cgroup = true;
	r = runtime_restore_class(p->bundle.config, class, p->container.state.id, err);
	if (r == 0 && class)
		r = cgroup_class_open_joins(class, p->joins, &p->n_joins, err);
	if (r == 0)
		r = cgroup_open_joins(&(struct cgroup_place){ .path = p->bundle.cgroup },
				      p->joins + p->n_joins, &n, &p->cgroup_dir, err);
	p->n_joins += n;
	return r;
}

static int prepare(struct restore *p, const char *id)
{
	struct oci_cli *cli = p->cli;
	int r = check_lsm(cli, p->opts);

	if (r == 0)
		r = oci_bundle_load(cli, p->opts->bundle ? p->opts->bundle : ".", NULL, id,
				    &p->bundle);

	if (r == 0 && p->bundle.unit.name)
		r = err_set(
			&cli->err, -ENOTSUP,
			"a container whose control group is a unit of systemd cannot be restored; "
			"restore without --systemd-cgroup, and with a path in linux.cgroupsPath");
	if (r == 0)
		r = oci_console_open(cli, p->opts->console_socket,
				     p->bundle.config->process->terminal, p->opts->detach,
				     &p->console);
	if (r == 0)
		r = oci_criu_init(cli, &p->opts->common, p->bundle.config, true, log_name,
				  &p->criu);
	if (r == 0)
		r = prepare_state(p, id);
	if (r == 0)
		r = oci_notify_read(cli, p->container.dir, id,
				    oci_criu_place(cli, &p->container, "."), p->criu.images_fd,
				    p->bundle.config);
	if (r == 0)
		r = make_cgroup(p);
	if (r == 0)
		r = oci_criu_cgroup_yard(&p->criu, &p->container, &p->cgroups);
	return r < 0 ? r : take_options(p);
}

/* -- in the child that becomes criu -- */

static int join_cgroup(const struct restore *p, struct err *err)
{
	for (size_t i = 0; i < p->n_joins; i++)
		if (write(p->joins[i], "0", 1) < 0)
			return err_sys(err, "joining control group %s", p->bundle.cgroup);
	return 0;
}

/* CRIU wants the root to be a mount, and its parent not to be covered. */
static int mount_root(const struct restore *p, struct err *err)
{
	const char *root = p->root;

	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(err, "making a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_sys(err, "making mounts private");
	if (mkdirat(p->container.dir, root_name, 0700) < 0)
		return err_sys(err, "making %s", root);
	if (mount(p->bundle.rootfs, root, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_sys(err, "mounting %s on %s", p->bundle.rootfs, root);
	if (mount(NULL, root, NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, "making %s private", root);
	return 0;
}

/* A mount of the hierarchy that there is: processes that are made have the container's root. */
static int mount_cgroups(const struct restore *p, struct err *err)
{
	const char *yard = p->criu.options.cgroup_yard;
	OWN(str) char *place = str_printf("%s/unified", yard ? yard : "");

	if (!p->cgroups)
		return 0;
	if (mkdir(place, 0700) < 0 && errno != EEXIST)
		return err_sys(err, "making %s", place);
	return mount(p->cgroups, place, NULL, MS_BIND, NULL) < 0
		       ? err_sys(err, "mounting %s on %s", p->cgroups, place)
		       : 0;
}

static int become_criu(void *ctx, struct err *err)
{
	const struct restore *p = ctx;
	int r = join_cgroup(p, err);

	if (r == 0)
		r = mount_root(p, err);
	if (r == 0)
		r = mount_cgroups(p, err);
	if (r == 0)
		r = runtime_restore_mount_points(p->bundle.config, p->bundle.path, p->root, err);
	return r;
}

/* -- while criu works -- */

/* Restored processes belong where criu is, whatever group they were in. */
static int name_cgroups(struct restore *p, pid_t criu)
{
	struct oci_cli *cli = p->cli;
	char path[64], text[8192];
	struct strv lines;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)criu);
	if (file_read_into(AT_FDCWD, path, text, sizeof(text)) < 0)
		return err_sys(&cli->err, "%s", path);
	lines = strv_split(cli->a, arena_strdup(cli->a, text), '\n');
	for (size_t i = 0; i < lines.n; i++) {
		char *controllers = strchr(lines.items[i], ':');
		char *group = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!group)
			continue;
		*group++ = '\0';
		str_map_set(&p->criu.options.cgroup_roots, cli->a, controllers + 1, group);
	}
	return 0;
}

static int on_namespaces(struct restore *p, pid_t pid, struct err *err)
{
	const struct oci_config *config = p->bundle.config;
	int r = 0;

	if (oci_runtime_has_new_namespace(config, "network"))
		r = runtime_restore_loopback(pid, err);
	return r < 0 ? r : oci_hooks_create(&p->container.state, config, pid, err);
}

static int on_terminal(struct restore *p, int *fd, struct err *err)
{
	struct oci_cli *cli = p->cli;

	if (*fd < 0)
		return err_set(err, -EPROTO, "criu sent no terminal");
	if (p->console >= 0)
		return oci_console_send(cli, p->console, *fd);
	if (p->opts->detach)
		return err_set(err, -EINVAL,
			       "the container has a terminal and nobody would hold it: set "
			       "process.terminal and give --console-socket");
	fd_cleanup(&p->process.console_fd);
	p->process.console_fd = take_fd(fd);
	return 0;
}

static int on_restored(struct restore *p, pid_t pid, struct err *err)
{
	struct oci_state *s = &p->container.state;
	struct runtime_process *process = &p->process;
	const struct oci_config *config = p->bundle.config;
	int r = proc_start_time(pid, &process->start_time);

	if (r < 0)
		return err_code(err, r, "process %d", (int)pid);
	process->pid = pid;
	process->pidfd = proc_open(pid, process->start_time);
	if (process->pidfd < 0)
		return err_code(err, process->pidfd, "process %d", (int)pid);
	/* Its processes do not run yet. */
	if (config->root->readonly && oci_runtime_has_new_namespace(config, "mount"))
		r = runtime_restore_readonly(pid, err);
	if (r < 0)
		return r;
	s->pid = pid;
	s->start_time = process->start_time;
	s->started = true;
	return oci_state_save(p->cli, &p->container);
}

static int at_point(void *ctx, const char *point, pid_t pid, int *fd, struct err *err)
{
	struct restore *p = ctx;

	oci_debug(p->cli, "criu: %s", point);
	if (str_eq(point, "setup-namespaces"))
		return on_namespaces(p, pid, err);
	if (str_eq(point, "orphan-pts-master"))
		return on_terminal(p, fd, err);
	return str_eq(point, "post-restore") ? on_restored(p, pid, err) : 0;
}

static int check_criu(struct restore *p, struct criu *criu)
{
	struct err *err = &p->cli->err;
	int r = 0;

	if (p->criu.options.network_lock == CRIU_LOCK_SKIP)
		r = criu_require(criu, 31800, "--network-lock skip", err);
	if (r == 0 && (p->opts->lsm_profile || p->opts->lsm_mount_context))
		r = criu_require(criu, 31600, "--lsm-profile or --lsm-mount-context", err);
	return r;
}

static int work(struct restore *p)
{
	struct oci_cli *cli = p->cli;
	struct criu_options *o = &p->criu.options;
	OWN(criu) struct criu criu = CRIU_INIT;
	struct criu_start start = { .program = cli->criu,
				    .prepare = become_criu,
				    .ctx = p,
				    .work = p->criu.work,
				    .inherit = o->inherit,
				    .n_inherit = o->n_inherit };
	int r = criu_open(&start, &criu, &cli->err);

	if (r == 0)
		r = check_criu(p, &criu);
	o->work_fd = criu.work_fd;
	if (r == 0)
		r = name_cgroups(p, criu.pid);
	if (r < 0)
		return r;
	(void)unlinkat(p->criu.work_fd, log_name, 0);
	r = criu_run(&criu, CRIU_RESTORE, o, at_point, p, &cli->err);
	if (r == 0 && p->process.pid == 0)
		r = err_set(&cli->err, -EPROTO, "criu did not say which process it made");
	return r < 0 ? oci_criu_failed(&p->criu) : 0;
}

static int announce(struct restore *p)
{
	struct oci_cli *cli = p->cli;
	int r = 0;

	(void)unlinkat(p->container.dir, root_name, AT_REMOVEDIR);
	oci_criu_cgroup_yard_remove(&p->container);
	if (p->opts->pid_file)
		r = oci_bundle_pid_file(cli, p->opts->pid_file, p->process.pid);
	if (r == 0)
		r = oci_hooks_poststart(cli, &p->container.state, p->bundle.config);
	if (r == 0)
		oci_notify_restored(cli, p->opts->detach ? p->process.pid : 0);
	return r;
}

/* What fails here as well is of no more use to anybody than the first error. */
static void undo(struct restore *p)
{
	struct oci_cli quiet = *p->cli;

	if (p->has_cgroup)
		(void)oci_signal_delete(&quiet, &p->container);
	else if (p->is_made)
		(void)oci_state_remove(&quiet, &p->container);
	if (p->process.pidfd >= 0)
		(void)waitid(P_PIDFD, (id_t)p->process.pidfd, &(siginfo_t){ 0 }, WEXITED);
}

static int restore(struct restore *p, const char *id)
{
	int r = prepare(p, id);

	if (r == 0)
		r = work(p);
	if (r == 0)
		r = announce(p);
	if (r < 0) {
		undo(p);
		(void)err_wrap(&p->cli->err, "restore of container %s", id);
	}
	oci_state_unlock(&p->container);
	return r;
}

static int oci_restore(struct oci_cli *cli, const void *opts_, const struct strv *args)
{
	const struct restore_opts *opts = opts_;
	OWN(restore) struct restore p = {
		.cli = cli,
		.opts = opts,
		.container = OCI_CONTAINER_INIT,
		.console = -1,
		.null = -1,
		.process = { .pidfd = -1, .console_fd = -1, .hold_fd = -1 },
		.cgroup_dir = -1,
		.criu = OCI_CRIU_INIT
	};
	OWN(oci_notify) struct oci_notify notify = OCI_NOTIFY_INIT; /* it has been said already */
	OWN(fd) int signals = opts->detach ? -1 : oci_console_signals();
	int status, r = opts->detach || opts->no_subreaper ? 0 : oci_console_adopt(cli);

	if (r == 0)
		r = restore(&p, args->items[0]);
	if (r < 0 || opts->detach)
		return r;
	status = oci_console_wait(cli, signals, &p.process, &notify);
	r = oci_signal_delete_ended(cli, &p.container);
	if (r < 0)
		oci_warn(cli, "cleaning up container %s: %s", args->items[0], cli->err.msg);
	return status;
}

const struct oci_cmd oci_restore_table[] = {
	{ "restore", "[OPTIONS] ID", "Make a container of what a checkpoint has written",
	  restore_opts, NULL, sizeof(struct restore_opts), oci_restore, 1, 1, OPT_ANYWHERE },
	{ 0 },
};
