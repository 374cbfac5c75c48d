/*
 * container_exec.c - one more process in a container that runs
 *
 * The process gets what the container's own would: its environment, filter, capabilities and
 * limits, with what the user of exec adds. In the foreground this process becomes the exec shim, so
 * that descriptors, terminal and exit status are its own; nothing stands between the two.
 */
#include "engine/container_query.h"

#include "base/own.h"
#include "codec/passwd.h"
#include "engine/container_plan.h"
#include "engine/container_spec.h"
#include "engine/container_user.h"
#include "engine/shim_client.h"
#include "engine/shim_spawn.h"
#include "model/seccomp_profile.h"
#include "sys/openat2.h"

#include <fcntl.h>

/* EXIT_NOT_RUN: docker's for what fails once the process is being made. */
enum { EXIT_ENGINE = 125, EXIT_NOT_RUN = 126 };

static int check(const struct container *c, const struct exec_spec *spec, struct err *err)
{
	if (spec->cmd.n == 0 || !*spec->cmd.items[0])
		return err_set(err, -EINVAL, "No exec command specified");
	if (c->state.status == CONTAINER_PAUSED)
		return err_set(err, -EBUSY,
			       "container %s is paused, unpause the container before exec", c->id);
	if (c->state.status == CONTAINER_RESTARTING)
		return err_set(err, -EINVAL,
			       "Container %s is restarting, wait until the container is running",
			       c->id);
	if (c->state.status != CONTAINER_RUNNING)
		return err_set(err, -EINVAL, "container %s is not running", c->id);
	return 0;
}

/* Unlike at a start, a directory that is not there is not made. */
static int check_cwd(const struct container *c, const char *cwd, struct err *err)
{
	OWN(str) char *path = str_printf("/proc/%d/root", c->state.pid);
	OWN(fd) int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (cwd[0] != '/')
		return err_set(err, -EINVAL, "Cwd must be an absolute path");
	if (root < 0)
		return err_sys(err, "root of container %.12s", c->id);

	OWN(fd) int fd = openat2_open(root, cwd, O_PATH | O_DIRECTORY, 0,
				      RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	return fd < 0 ? err_code(err, fd, "chdir to cwd (\"%.200s\") failed", cwd) : 0;
}

static int plan_process(const struct container *c, const struct exec_spec *spec,
			const struct host_facts *host, uint64_t caps,
			const struct security *security, struct arena *a, struct oci_process *p,
			struct err *err)
{
	const char *user = str_is_empty(spec->user) ? c->config.user : spec->user;
	struct passwd_user who;
	int r = container_user_resolve_live(c, user, a, &who, err);

	if (r < 0)
		return r;
	p->terminal = spec->tty;
	p->console_size = (struct oci_box){ spec->console_height, spec->console_width };
	p->user.uid = who.uid;
	p->user.gid = who.gid;
	p->user.additional_gids.items = who.groups;
	p->user.additional_gids.n = who.n_groups;
	p->args = spec->cmd;
	p->env = container_plan_env(c, spec->tty, &spec->env, who.home, a);
	p->cwd = !str_is_empty(spec->working_dir)       ? spec->working_dir
		 : !str_is_empty(c->config.working_dir) ? c->config.working_dir
							: "/";
	r = check_cwd(c, p->cwd, err);
	if (r < 0)
		return r;
	p->capabilities = container_security_sets(caps, who.uid, a);
	p->no_new_privileges = security->no_new_privileges && !spec->privileged;
	/* A privileged process keeps its container's profile, as docker's does. */
	p->apparmor_profile =
		container_security_apparmor(security, c->host_config.privileged, host);
	return container_plan_rlimits(c, host, a, p, err);
}

static bool is_compiled(struct engine *e, uint64_t caps)
{
	char key[SECCOMP_PROFILE_KEY_MAX];
	OWN(str) char *path = NULL;

	seccomp_profile_key(caps, key);
	path = str_printf("%s/seccomp/%s", e->root, key);
	return access(path, F_OK) == 0;
}

static int make_plan(struct engine *e, const struct container *c, const struct shim_status *s,
		     const struct exec_spec *spec, struct arena *a, struct exec_plan *ret,
		     struct err *err)
{
	struct host_config as = c->host_config;
	struct host_facts host;
	struct security security;
	struct security_filter filter = { 0 };
	uint64_t caps, lost;
	int r = container_security_parse(&as, &security, err);

	host_facts_gather(&as, a, &host);
	as.privileged = as.privileged || spec->privileged;
	if (r == 0)
		r = container_security_caps(&as, &host, &caps, &lost, err);
	/* docker loads no filter for a privileged process, whatever the container has. */
	if (spec->privileged)
		security.seccomp = SECURITY_SECCOMP_NONE;
	if (r == 0)
		r = container_security_filter(&security, caps,
					      arena_printf(a, "%s/seccomp", e->root),
					      is_compiled(e, caps), a, &filter, err);
	if (r < 0)
		return r;
	*ret = (struct exec_plan){
		.id = c->id,
		.init_pid = s->pid,
		.init_start = s->pid_start,
		.cgroup = container_status_cgroup(c, a),
		.detach = spec->detach,
		.interactive = spec->interactive,
		.detach_keys = spec->detach_keys,
		.console_height = spec->console_height,
		.console_width = spec->console_width,
		.seccomp_cache = filter.cache,
		.seccomp_key = filter.key,
		.seccomp = filter.rules,
	};
	return plan_process(c, spec, &host, caps, &security, a, &ret->process, err);
}

static int spawn_detached(struct engine *e, int memfd, const char *const *argv, int *ret_exit,
			  struct err *err)
{
	OWN(shim_client) struct shim_client *client = NULL;
	enum shim_frame type;
	struct shim_failure failure;
	const void *data;
	size_t len;
	int fd, r = shim_spawn(e->guest, memfd, argv, &fd, err);

	if (r < 0)
		return r;
	client = shim_client_new(fd);
	r = shim_client_read(client, &type, &data, &len);
	if (r <= 0)
		return err_set(err, r < 0 ? r : -EIO, "the exec shim ended before the command ran");
	if (type == SHIM_STARTED) {
		*ret_exit = 0;
		return 0;
	}
	if (type != SHIM_FAILED || len < sizeof(failure))
		return err_set(err, -EPROTO, "the exec shim said something unexpected (%d)",
			       (int)type);
	memcpy(&failure, data, sizeof(failure));
	*ret_exit = failure.exit_code;
	return err_set(err, failure.error < 0 ? failure.error : -EIO, "%.*s",
		       (int)(len - sizeof(failure)), (const char *)data + sizeof(failure));
}

int container_exec(struct engine *e, const char *name, const struct exec_spec *spec, int *ret_exit,
		   struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(fd) int memfd = -1;
	const char *argv[] = { "berth-shim", "exec", NULL, NULL };
	struct exec_plan plan;
	struct shim_status s;
	struct container c;
	bool alive = false;
	int r = container_find(e, name, &a, &c, err);

	*ret_exit = EXIT_ENGINE;
	if (r == 0)
		r = check(&c, spec, err);
	if (r < 0)
		return r;
	if (container_dir_peek(e, c.id, &s, &alive) < 0 || !alive || s.pid <= 0)
		return err_set(err, -EINVAL, "container %s is not running", c.id);
	c.state.pid = s.pid;
	*ret_exit = EXIT_NOT_RUN;
	r = make_plan(e, &c, &s, spec, &a, &plan, err);
	if (r == 0)
		r = shim_spawn_plan(&exec_plan_schema, &plan, &memfd, err);
	if (r < 0)
		return r;
	argv[2] = c.id;
	return spec->detach ? spawn_detached(e, memfd, argv, ret_exit, err)
			    : shim_spawn_become(memfd, argv, err);
}
