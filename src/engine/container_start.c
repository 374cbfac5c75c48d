/*
 * container_start.c - from a document to a running shim
 *
 * Gather (user, devices, host), decide (container_plan.c), act: three small files, the plan in a
 * memfd, one vfork and execveat. The store says "running" before the shim exists; whoever looks
 * meanwhile finds the lock taken and believes nothing else. A start that fails takes all of it
 * back.
 */
#include "engine/clock.h"
#include "engine/container_start.h"

#include "base/mem.h"
#include "base/own.h"
#include "cgroup/cgroup.h"
#include "engine/container_files.h"
#include "engine/container_mounts.h"
#include "engine/container_plan.h"
#include "engine/container_query.h"
#include "engine/container_remove.h"
#include "engine/container_user.h"
#include "engine/net_endpoint.h"
#include "engine/net_names.h"
#include "engine/net_plugins.h"
#include "engine/heal.h"
#include "engine/network_device.h"
#include "engine/shim_client.h"
#include "engine/shim_spawn.h"
#include "model/keeper.h"
#include "model/seccomp_profile.h"
#include "sys/rmtree.h"
#include "sys/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

enum { EXIT_ENGINE = 125, SHIM_END_MS = 5000 };

static bool is_filter_compiled(struct engine *e, uint64_t caps, const struct security *security)
{
	char key[SECCOMP_PROFILE_KEY_MAX], path[SECCOMP_PROFILE_KEY_MAX + 16];

	if (security->seccomp != SECURITY_SECCOMP_DEFAULT)
		return false;
	seccomp_profile_key(caps, key);
	(void)snprintf(path, sizeof(path), "seccomp/%s", key);
	return faccessat(e->root_fd, path, F_OK, 0) == 0;
}

static int gather_security(struct engine *e, const struct host_config *h, struct arena *a,
			   struct plan_facts *f, struct err *err)
{
	uint64_t lost;
	int r = container_security_parse(h, &f->security, err);

	if (r == 0)
		r = container_security_caps(h, f->host, &f->caps, &lost, err);
	if (r < 0)
		return r;
	return container_security_filter(&f->security, f->caps,
					 arena_printf(a, "%s/seccomp", e->root),
					 is_filter_compiled(e, f->caps, &f->security), a,
					 &f->filter, err);
}

/* It is mounted into the container, so it has to be there. */
static int find_init(struct arena *a, const char **ret, struct err *err)
{
	int r = program_find("berth-init", a, ret, err);

	if (r == 0 && access(*ret, X_OK) < 0)
		return err_sys(err, "--init: %s", *ret);
	return r;
}

static int gather(struct engine *e, const struct container *c, bool fresh, struct arena *a,
		  struct plan_facts *f, struct err *err)
{
	struct host_facts *host = arena_new(a, struct host_facts);
	int r;

	host_facts_gather(&c->host_config, a, host);
	f->host = host;
	f->root = e->root;
	f->state = e->state;
	r = program_find("berth", a, &f->berth, err);
	if (r == 0 && c->host_config.init && *c->host_config.init)
		r = find_init(a, &f->init, err);
	if (r == 0)
		r = gather_security(e, &c->host_config, a, f, err);
	if (r == 0)
		r = container_devices_gather(&c->host_config, a, &f->devices, err);
	if (r == 0)
		r = container_user_resolve(e, c, fresh, a, &f->user, err);
	return r;
}

static int make_sources(const struct container *c, struct arena *a, struct err *err)
{
	struct user_mounts mounts;
	int r = container_mounts_parse(&c->host_config, a, &mounts, err);

	if (r == 0)
		r = container_mounts_check_sources(&mounts, err);
	return r < 0 ? r : container_mounts_make_sources(&mounts, err);
}

/* Another parent than the default is written down for whoever has to clean up without a document.
 */
static int note_cgroup(const struct container_dir *d, const struct container *c, struct arena *a,
		       struct err *err)
{
	const char *path = container_status_cgroup(c, a);

	if (str_is_empty(c->host_config.cgroup_parent))
		return 0;

	OWN(fd) int fd = openat(d->dir, "cgroup", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, path, strlen(path)) != (ssize_t)strlen(path))
		return err_sys(err, "noting the cgroup of container %.12s", c->id);
	return 0;
}

/* What the shim says first: it runs, or why not. */
static int read_answer(struct shim_client *client, int *ret_exit, struct err *err)
{
	enum shim_frame type;
	const void *data;
	size_t len;
	struct shim_failure failure;
	int r = shim_client_read(client, &type, &data, &len);

	if (r < 0)
		return err_code(err, r, "waiting for the container's shim");
	if (r == 0)
		return err_set(err, -EIO, "the container's shim ended before the container ran");
	if (type == SHIM_STARTED)
		return 0;
	if (type != SHIM_FAILED || len < sizeof(failure))
		return err_set(err, -EPROTO, "the container's shim said something unexpected (%d)",
			       type);
	memcpy(&failure, data, sizeof(failure));
	*ret_exit = failure.exit_code ? failure.exit_code : EXIT_ENGINE;
	return err_set(err, failure.error < 0 ? failure.error : -EIO, "%.*s",
		       (int)(len - sizeof(failure)), (const char *)data + sizeof(failure));
}

static int spawn(struct engine *e, const struct shim_plan *plan, struct shim_client **ret_client,
		 int *ret_exit, struct err *err)
{
	const char *argv[] = { "berth-shim", plan->id, NULL };
	OWN(fd) int memfd = -1;
	OWN(shim_client) struct shim_client *client = NULL;
	int fd, r = shim_spawn_plan(&shim_plan_schema, plan, &memfd, err);

	if (r == 0)
		r = shim_spawn(e->guest, memfd, argv, &fd, err);
	if (r < 0)
		return r;
	client = shim_client_new(fd);
	r = read_answer(client, ret_exit, err);
	if (r == 0)
		*ret_client = take(&client);
	return r;
}

/* Noted before the shim has it: whoever comes after a killed one takes back what it had. */
static int make_network(struct engine *e, const struct container_dir *d, const struct container *c,
			struct arena *a, struct shim_plan *plan, struct err *err)
{
	int r = net_endpoint_plan(e, c, a, &plan->net, err);

	if (r < 0 || !plan->net)
		return r;
	plan->resolver = net_names_plan(c, a);
	r = network_device_note(d->dir, plan->net, err);
	return r < 0 ? r : net_names_publish(e, c, err);
}

static int run(struct engine *e, const struct container_dir *d, const struct container *c,
	       bool fresh, const struct start_opts *opts, struct shim_client **ret_client,
	       int *ret_exit, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct plan_facts facts = { .opts = opts };
	struct shim_plan plan;
	int r = gather(e, c, fresh, &a, &facts, err);

	if (r == 0)
		r = container_plan_make(c, &facts, &a, &plan, err);
	if (r == 0)
		r = make_sources(c, &a, err);
	if (r == 0)
		r = note_cgroup(d, c, &a, err);
	if (r == 0)
		r = make_network(e, d, c, &a, &plan, err);
	if (e->guest)
		plan.keeper = arena_printf(&a, "%s/" KEEPER_FIFO, e->state);
	if (r == 0)
		r = container_files_write(e, d->dir, c, err);
	return r < 0 ? r : spawn(e, &plan, ret_client, ret_exit, err);
}

/* Takes back what a failed start left: processes, group, "running" in the store, c/ID. */
static void take_back(struct engine *e, struct container_dir *d, struct container *c, int exit_code,
		      const struct err *why)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *cgroup = container_status_cgroup(c, &a);

	(void)container_dir_wait_shim(d->dir, SHIM_END_MS);
	(void)cgroup_kill(cgroup, SIGKILL, NULL);
	(void)cgroup_teardown(cgroup, NULL);
	(void)net_plugins_leave_all(e->state, c->id, d->dir, NULL);
	if (c->host_config.auto_remove) {
		(void)container_remove_doc(e, c, NULL);
		container_remove_traces(e, c->id, d);
	} else {
		c->state = (struct container_state){
			.status = c->state.finished_at ? CONTAINER_EXITED : CONTAINER_CREATED,
			.exit_code = exit_code,
			.error = why->msg,
			.started_at = c->state.finished_at ? c->state.started_at : 0,
			.finished_at = c->state.finished_at,
		};
		(void)container_query_store_state(e, STATE_WRITE, c, NULL);
		container_dir_remove(e, c->id, d);
	}
}

static int start(struct engine *e, struct container_dir *d, struct container *c, bool fresh,
		 const struct start_opts *opts, struct shim_client **ret_client, int *ret_exit,
		 struct err *err)
{
	OWN(shim_client) struct shim_client *client = NULL;
	struct err why = ERR_INIT;
	int r;

	*ret_exit = EXIT_ENGINE;
	r = run(e, d, c, fresh, opts, &client, ret_exit, &why);
	if (r < 0) {
		take_back(e, d, c, *ret_exit, &why);
		return err_set(err, r, "%s", why.msg);
	}
	container_dir_leave(e, c->id, d);
	if (container_plan_attach(opts))
		*ret_client = take(&client);
	return 0;
}

/*
 * A container that is started again has its directories, but for one with --rm: overlayfs refuses a
 * work directory that was once mounted `volatile`, for fear of a crash in between. There was none.
 */
static int ensure_dirs(struct engine *e, const struct container *c, struct err *err)
{
	OWN(str) char *upper = str_printf("upper/%s", c->id);
	OWN(str) char *work = str_printf("work/%s", c->id);

	if (c->host_config.auto_remove) {
		OWN(fd) int dir = openat(e->root_fd, "work", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		(void)rmtree_at(dir, c->id);
	}
	if ((mkdirat(e->root_fd, upper, 0755) < 0 && errno != EEXIST) ||
	    (mkdirat(e->root_fd, work, 0700) < 0 && errno != EEXIST))
		return err_sys(err, "creating %s/%s", e->root, upper);
	return 0;
}

int container_start_locked(struct engine *e, struct container_dir *d, struct container *c,
			   const struct start_opts *opts, struct shim_client **ret_client,
			   int *ret_exit, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	bool lasts = !str_eq(c->host_config.restart_policy.name, "no");
	struct container_state before = c->state;
	int r;

	*ret_client = NULL;
	*ret_exit = EXIT_ENGINE;
	c->state = (struct container_state){
		.status = CONTAINER_RUNNING,
		.running = true,
		.started_at = clock_now_ns(),
		.finished_at = before.finished_at,
	};
	c->has_been_manually_stopped = false;
	r = ensure_dirs(e, c, err);
	/* That it runs need not outlast the boot, unless it is to be started again then. */
	if (r == 0)
		r = container_query_store_start(e, lasts ? STATE_WRITE : STATE_NOSYNC, c, &a, err);
	if (r < 0) {
		container_dir_remove(e, c->id, d);
		return r;
	}
	return start(e, d, c, false, opts, ret_client, ret_exit, err);
}

static struct prepared *take_prepared(struct engine *e, const char *name)
{
	struct prepared *p = e->prepared;

	if (!p || (!str_eq(name, p->container.id) && !str_eq(name, p->container.name)))
		return NULL;
	e->prepared = NULL;
	return p;
}

static int start_prepared(struct engine *e, struct prepared *p, const struct start_opts *opts,
			  struct shim_client **ret_client, int *ret_exit, struct err *err)
{
	struct container_dir d = { p->dir, p->lock };
	int r = start(e, &d, &p->container, true, opts, ret_client, ret_exit, err);

	arena_done(&p->arena);
	free(p);
	return r;
}

/* It runs already: nothing to do but, with an attach flag, to attach. */
static int already_up(struct engine *e, const struct container *c, const struct start_opts *opts,
		      struct shim_client **ret_client, struct err *err)
{
	uint32_t flags = container_plan_attach(opts);

	if (c->state.status == CONTAINER_PAUSED)
		return err_set(err, -EINVAL,
			       "cannot start a paused container, try unpause instead");
	return flags ? container_attach(e, c->id, flags, ret_client, err) : 0;
}

/* Under the lock: is it up? Otherwise whatever a dead shim left is taken care of first. */
static int look_locked(struct engine *e, struct container_dir *d, struct container *c,
		       struct arena *a, bool *ret_up, struct err *err)
{
	struct shim_status s;
	bool alive = false;
	int r;

	*ret_up = false;
	if (container_dir_status(d->dir, &s, &alive) == 0 && alive &&
	    s.state != SHIM_STATE_EXITED) {
		container_status_merge(c, &s, a);
		*ret_up = true;
		return 0;
	}
	if (alive && !container_dir_wait_shim(d->dir, SHIM_END_MS))
		return err_set(err, -EBUSY, "container %.12s is still ending; try again", c->id);

	/* heal_locked() may remove the document, and this string with it. */
	const char *id = arena_strdup(a, c->id);

	r = heal_locked(e, d, id, err);
	return r < 0 ? r : container_query_doc(e, id, a, c, err);
}

int container_start(struct engine *e, const char *name, const struct start_opts *opts,
		    struct shim_client **ret_client, int *ret_exit, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(container_dir) struct container_dir d = CONTAINER_DIR_INIT;
	struct prepared *p = take_prepared(e, name);
	struct container c;
	bool up;
	int r;

	*ret_client = NULL;
	*ret_exit = EXIT_ENGINE;
	if (p)
		return start_prepared(e, p, opts, ret_client, ret_exit, err);
	r = heal_if_stale(e, err);
	if (r == 0)
		r = container_query_locked(e, name, &a, &d, &c, err);
	if (r < 0)
		return r;
	r = look_locked(e, &d, &c, &a, &up, err);
	if (r == 0 && up) {
		container_dir_leave(e, c.id, &d);
		return already_up(e, &c, opts, ret_client, err);
	}
	if (r < 0) {
		container_dir_settle(e, c.id, &d);
		return r;
	}
	c.restart_count = 0;
	if (c.host_config.port_bindings.n)
		heal_dead(e);
	return container_start_locked(e, &d, &c, opts, ret_client, ret_exit, err);
}

int container_attach(struct engine *e, const char *name, uint32_t flags,
		     struct shim_client **ret_client, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(shim_client) struct shim_client *client = NULL;
	struct shim_attach attach = { .flags = flags };
	struct container c;
	int r = container_find(e, name, &a, &c, err);

	if (r < 0)
		return r;
	if (c.state.status == CONTAINER_PAUSED)
		return err_set(err, -EBUSY,
			       "You cannot attach to a paused container, unpause it first");
	if (c.state.status == CONTAINER_RESTARTING)
		return err_set(
			err, -EINVAL,
			"You cannot attach to a restarting container, wait until it is running");
	if (c.state.status != CONTAINER_RUNNING)
		return err_set(err, -EINVAL,
			       "You cannot attach to a stopped container, start it first");
	r = shim_client_connect(arena_printf(&a, "%s/c/%s", e->state, c.id), &client, err);
	if (r < 0)
		return r;
	r = shim_client_send(client, SHIM_ATTACH, &attach, sizeof(attach));
	if (r < 0)
		return err_code(err, r, "attaching to %.12s", c.id);
	*ret_client = take(&client);
	return 0;
}
