/*
 * oci_checkpoint.c - checkpoint
 *
 * A container that was written and is not left running is deleted, as runc does, so that it can be
 * restored under its name. One that could not be written runs on.
 */
#include "cmd/oci_criu.h"
#include "cmd/oci_notify.h"
#include "cmd/oci_signal.h"

#include "base/own.h"
#include "cgroup/cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

static const char log_name[] = "dump.log";

struct checkpoint_opts {
	struct oci_criu_opts common;
	const char *parent_path, *page_server;
	int64_t status_fd;
	bool leave_running, tcp_skip_in_flight, link_remap, pre_dump;
};

static const struct checkpoint_opts defaults = { .status_fd = OPT_UNSET };

static const struct opt checkpoint_opts[] = {
	STR(struct checkpoint_opts, parent_path, 0, "parent-path", "dir",
	    "Images of an earlier --pre-dump, from --image-path on; only what has changed since is "
	    "written"),
	FLAG(struct checkpoint_opts, leave_running, 0, "leave-running",
	     "Let the container run on afterwards"),
	FLAG(struct checkpoint_opts, tcp_skip_in_flight, 0, "tcp-skip-in-flight",
	     "Leave out TCP connections that are just being made"),
	FLAG(struct checkpoint_opts, link_remap, 0, "link-remap",
	     "Keep open files without a name by giving them one"),
	STR(struct checkpoint_opts, page_server, 0, "page-server", "address:port",
	    "Send memory to a page server; with --lazy-pages: be one there"),
	I64(struct checkpoint_opts, status_fd, 0, "status-fd", "int",
	    "With --lazy-pages: descriptor that a NUL is written to when memory can be loaded"),
	FLAG(struct checkpoint_opts, pre_dump, 0, "pre-dump",
	     "Only write the memory, and let the container run on"),
	OPT_MORE(oci_criu_opts),
};

struct checkpoint {
	struct oci_criu criu;
	const struct checkpoint_opts *opts;
	struct oci_container *container;
	int status_fd;
};

/* "address:port", "[address]:port" */
static int take_page_server(struct oci_cli *cli, const char *text, struct criu_options *o)
{
	const char *colon = text ? strrchr(text, ':') : NULL;
	char *address, *end;
	long port;

	if (!text)
		return 0;
	port = colon ? strtol(colon + 1, &end, 10) : 0;
	if (!colon || colon == text || !colon[1] || *end || port < 1 || port > UINT16_MAX)
		return opt_invalid(checkpoint_opts, "page-server", text, "must be ADDRESS:PORT",
				   &cli->err);
	address = arena_strndup(cli->a, text, (size_t)(colon - text));
	if (address[0] == '[' && str_ends(address, "]")) {
		address[strlen(address) - 1] = '\0';
		address++;
	}
	o->page_server = address;
	o->page_server_port = (int)port;
	return 0;
}

static int take_parent(struct oci_cli *cli, const char *path, struct oci_criu *c)
{
	struct stat st;

	if (!path)
		return 0;
	if (path[0] == '/')
		return opt_invalid(checkpoint_opts, "parent-path", path,
				   "must begin at the directory of --image-path", &cli->err);
	if (fstatat(c->images_fd, path, &st, 0) < 0)
		return err_sys(&cli->err, "--parent-path %s, from %s on", path, c->images);
	if (!S_ISDIR(st.st_mode))
		return err_code(&cli->err, -ENOTDIR, "--parent-path %s", path);
	c->options.parent = path;
	return 0;
}

static int take_status_fd(struct oci_cli *cli, const struct checkpoint_opts *opts, int *ret)
{
	int flags;

	*ret = -1;
	if (opts->status_fd == OPT_UNSET || opts->status_fd == -1)
		return 0;
	if (!opts->common.lazy_pages)
		return err_set(&cli->err, -EINVAL, "--status-fd goes with --lazy-pages");
	flags = opts->status_fd < 0 || opts->status_fd > INT_MAX
			? -1
			: fcntl((int)opts->status_fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
		return err_set(&cli->err, -EINVAL,
			       "--status-fd %lld: is not open, or cannot be written to",
			       (long long)opts->status_fd);
	*ret = (int)opts->status_fd;
	/* Whoever waits at its other end should not wait for criu's copy. */
	(void)fcntl(*ret, F_SETFD, FD_CLOEXEC);
	return 0;
}

static int take_options(struct checkpoint *p, const struct oci_config *config)
{
	const struct checkpoint_opts *opts = p->opts;
	struct oci_cli *cli = p->criu.cli;
	struct criu_options *o = &p->criu.options;
	int r = take_status_fd(cli, opts, &p->status_fd);

	if (r == 0)
		r = oci_criu_init(cli, &opts->common, config, false, log_name, &p->criu);
	if (r == 0)
		r = take_page_server(cli, opts->page_server, o);
	if (r == 0)
		r = take_parent(cli, opts->parent_path, &p->criu);
	o->leave_running = opts->leave_running;
	o->tcp_skip_in_flight = opts->tcp_skip_in_flight;
	o->link_remap = opts->link_remap;
	o->root = p->container->state.rootfs;
	o->pid = p->container->state.pid;
	return r;
}

/* The freezer stops everything at once; without it each process is stopped by itself. */
static int find_freezer(struct checkpoint *p)
{
	struct oci_cli *cli = p->criu.cli;
	struct cgroup_tree *trees;
	size_t n;
	int r = cgroup_trees(p->container->state.cgroup, cli->a, &trees, &n, &cli->err);

	for (size_t i = 0; r == 0 && i < n; i++)
		if (strv_has(&trees[i].controllers, "freezer") || (trees[i].is_v2 && n == 1))
			p->criu.options.freeze_cgroup = trees[i].dir;
	return r;
}

/* A link is enough: nobody looks at it from another root. */
static int link_cgroups(struct checkpoint *p)
{
	struct oci_cli *cli = p->criu.cli;
	const char *mount, *place;
	int r = oci_criu_cgroup_yard(&p->criu, p->container, &mount);

	if (r < 0 || !mount)
		return r;
	place = arena_printf(cli->a, "%s/unified", p->criu.options.cgroup_yard);
	return symlink(mount, place) < 0 ? err_sys(&cli->err, "making %s", place) : 0;
}

/* Namespaces of others stay as they are; the restored container joins them again. */
static int name_namespaces(struct oci_criu *c)
{
	static const struct {
		const char *type, *kind;
	} kinds[] = { { "network", "net" }, { "pid", "pid" } };
	struct oci_cli *cli = c->cli;
	struct stat st;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct oci_namespace *ns = oci_runtime_namespace(c->config, kinds[i].type);

		if (!ns || str_is_empty(ns->path))
			continue;
		if (stat(ns->path, &st) < 0)
			return err_sys(&cli->err, "namespace %s", ns->path);
		strv_add(&c->options.external, cli->a,
			 arena_printf(cli->a, "%s[%llu]:%s", kinds[i].kind,
				      (unsigned long long)st.st_ino,
				      oci_criu_namespace_key(kinds[i].type)));
	}
	return 0;
}

static int name_externals(struct checkpoint *p)
{
	struct oci_cli *cli = p->criu.cli;
	const struct oci_state *s = &p->container->state;
	OWN(fd) int root = open(arena_printf(cli->a, "/proc/%d/root", s->pid),
				O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (root < 0)
		return err_sys(&cli->err, "the root of container %s", s->id);
	r = find_freezer(p);
	if (r == 0)
		r = link_cgroups(p);
	if (r == 0)
		r = name_namespaces(&p->criu);
	/* A pre-dump is memory alone. */
	if (r == 0 && !p->opts->pre_dump)
		r = oci_criu_mounts(&p->criu, root, s->cgroup, s->bundle, false);
	if (r == 0 && !p->opts->pre_dump)
		r = oci_criu_streams_write(&p->criu, &s->streams);
	return r;
}

static int at_point(void *ctx, const char *point, pid_t pid __attribute__((unused)),
		    int *fd __attribute__((unused)), struct err *err)
{
	struct checkpoint *p = ctx;

	oci_debug(p->criu.cli, "criu: %s", point);
	if (!str_eq(point, "status-ready") || p->status_fd < 0)
		return 0;
	if (write(p->status_fd, "", 1) < 0)
		return err_sys(err, "--status-fd %d", p->status_fd);
	fd_cleanup(&p->status_fd);
	return 0;
}

static int check_criu(struct checkpoint *p, struct criu *criu)
{
	struct err *err = &p->criu.cli->err;
	int r = 0;

	if (p->criu.options.network_lock == CRIU_LOCK_SKIP)
		r = criu_require(criu, 31800, "--network-lock skip", err);
	if (r == 0 && (p->opts->pre_dump || p->opts->common.lazy_pages))
		r = criu_check_features(criu, p->opts->pre_dump, p->opts->common.lazy_pages, err);
	return r;
}

static int dump(struct checkpoint *p)
{
	struct oci_cli *cli = p->criu.cli;
	OWN(criu) struct criu criu = CRIU_INIT;
	int r = criu_open(&(struct criu_start){ .program = cli->criu }, &criu, &cli->err);

	if (r == 0)
		r = check_criu(p, &criu);
	if (r < 0)
		return r;
	(void)unlinkat(p->criu.work_fd, log_name, 0);
	r = criu_run(&criu, p->opts->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP, &p->criu.options,
		     at_point, p, &cli->err);
	oci_criu_cgroup_yard_remove(p->container);
	return r < 0 ? oci_criu_failed(&p->criu) : 0;
}

static void checkpoint_cleanup(struct checkpoint *p)
{
	oci_criu_cleanup(&p->criu);
	fd_cleanup(&p->status_fd);
}

static int write_container(struct oci_cli *cli, struct oci_container *c,
			   const struct checkpoint_opts *opts)
{
	OWN(checkpoint) struct checkpoint p = {
		.criu = OCI_CRIU_INIT, .opts = opts, .container = c, .status_fd = -1
	};
	struct oci_config *config;
	int r = oci_state_config(cli, c, &config);

	p.criu.cli = cli;
	if (r == 0)
		r = take_options(&p, config);
	if (r == 0)
		r = oci_notify_write(cli, c->dir, p.criu.images_fd, config);
	if (r == 0)
		r = name_externals(&p);
	return r < 0 ? r : dump(&p);
}

/* What a restore could not make again. */
static int refuse_what_is_shared(struct oci_cli *cli, const struct oci_container *c)
{
	if (c->state.unit)
		return err_set(
			&cli->err, -ENOTSUP,
			"the control group of container %s is a unit of systemd, which cannot "
			"be restored; create it without --systemd-cgroup",
			c->state.id);
	return 0;
}

static int oci_checkpoint(struct oci_cli *cli, const void *opts_, const struct strv *args)
{
	const struct checkpoint_opts *opts = opts_;
	OWN(oci_container) struct oci_container c = OCI_CONTAINER_INIT;
	int r = oci_state_open(cli, args->items[0], true, &c);
	enum oci_status is;

	if (r < 0)
		return r;
	is = oci_state_status(&c);
	if (is != OCI_RUNNING && is != OCI_PAUSED)
		return err_set(&cli->err, -EINVAL,
			       "container %s is %s; only one that runs or is paused can be "
			       "checkpointed",
			       c.state.id, oci_status_names[is]);
	r = refuse_what_is_shared(cli, &c);
	if (r == 0)
		r = write_container(cli, &c, opts);
	if (r < 0)
		return err_wrap(&cli->err, "checkpoint of container %s", c.state.id);
	return opts->leave_running || opts->pre_dump ? 0 : oci_signal_delete(cli, &c);
}

const struct oci_cmd oci_checkpoint_table[] = {
	{ "checkpoint", "[OPTIONS] ID",
	  "Write a running container into files (with criu) and delete it", checkpoint_opts,
	  &defaults, sizeof(struct checkpoint_opts), oci_checkpoint, 1, 1, OPT_ANYWHERE },
	{ 0 },
};
