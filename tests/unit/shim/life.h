/*
 * life.h - containers under the berth-shim of this build, without an engine
 *
 * With a busybox root in a directory of its own. Tests begin with NEEDS_ROOT() and are skipped
 * where there is no root or no busybox. One container at a time.
 */
#ifndef TESTS_UNIT_SHIM_LIFE_H
#define TESTS_UNIT_SHIM_LIFE_H

#include "base/mem.h"
#include "base/own.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "engine/shim_client.h"
#include "engine/shim_spawn.h"
#include "model/shim_plan.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"

#pragma GCC diagnostic ignored "-Wunused-function"

#define ID "feedfacefeedfacefeedfacefeedfacefeedfacefeedfacefeedfacefeedface"

static char scratch[64];
static int scratch_fd = -1;
static const char *program; /* NULL: cannot run here */

/* One container and the connection that started it. */
struct life {
	struct arena a;
	struct shim_plan plan;
	struct shim_client *client;
	struct buf out, errors;
	struct shim_status last; /* of SHIM_STARTED or SHIM_EXITED */
	struct shim_failure failure;
	char message[512];
};

static const char *in_scratch(struct arena *a, const char *name)
{
	return arena_printf(a, "%s/%s", scratch, name);
}

static void make_dir(const char *name)
{
	CHECK(mkdirat(scratch_fd, name, 0755) == 0 || errno == EEXIST);
}

/* Directories of a container that has not run yet. */
static void make_dirs(void)
{
	static const char *const dirs[] = { "upper", "upper/" ID, "work",    "work/" ID,   "logs",
					    "exits", "state",     "state/c", "state/c/" ID };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		make_dir(dirs[i]);
	fd_cleanup(&(int){
		openat(scratch_fd, "state/c/" ID "/lock", O_CREAT | O_RDWR | O_CLOEXEC, 0600) });
}

static void add_mount(struct oci_config *c, const char *type, const char *at, struct arena *a,
		      const char *option)
{
	struct oci_mount *m = &c->mounts.items[c->mounts.n++];

	*m = (struct oci_mount){ .destination = at, .type = type, .source = type };
	if (option)
		strv_add(&m->options, a, option);
}

static void fill_config(struct oci_config *c, struct arena *a)
{
	static struct oci_namespace namespaces[] = { { "mount", NULL },
						     { "pid", NULL },
						     { "ipc", NULL },
						     { "uts", NULL },
						     { "network", NULL } };

	c->oci_version = "1.2.0";
	c->root = arena_new(a, struct oci_root);
	c->root->path = "rootfs";
	c->linux_ = arena_new(a, struct oci_linux);
	c->linux_->namespaces.items = namespaces;
	c->linux_->namespaces.n = sizeof(namespaces) / sizeof(namespaces[0]);
	c->mounts.items = arena_array(a, 3, sizeof(*c->mounts.items));
	add_mount(c, "proc", "/proc", a, NULL);
	add_mount(c, "tmpfs", "/dev", a, "mode=755");
	add_mount(c, "devpts", "/dev/pts", a, "newinstance");
	c->process = arena_new(a, struct oci_process);
	c->process->cwd = "/";
	strv_add(&c->process->env, a, "PATH=/bin");
}

static struct life *prepare(const char *command)
{
	struct life *l = mem_alloc(sizeof(*l));
	struct shim_plan *p = &l->plan;
	struct strv *args;

	make_dirs();
	fill_config(&p->config, &l->a);
	args = &p->config.process->args;
	strv_add(args, &l->a, "sh");
	strv_add(args, &l->a, "-c");
	strv_add(args, &l->a, command);
	p->id = ID;
	p->root_dir = scratch;
	p->state_root = in_scratch(&l->a, "state");
	p->state_dir = in_scratch(&l->a, "state/c/" ID);
	p->log_path = in_scratch(&l->a, "logs/" ID ".log");
	p->cgroup = arena_printf(&l->a, "/berth-test-%d/" ID, (int)getpid());
	strv_add(&p->lower, &l->a, in_scratch(&l->a, "lower"));
	p->upper = in_scratch(&l->a, "upper/" ID);
	p->work = in_scratch(&l->a, "work/" ID);
	p->attach = SHIM_ATTACH_STDOUT | SHIM_ATTACH_STDERR;
	return l;
}

static void with_stdin(struct life *l)
{
	l->plan.open_stdin = l->plan.stdin_once = true;
	l->plan.attach |= SHIM_ATTACH_STDIN;
}

static void with_terminal(struct life *l)
{
	l->plan.terminal = l->plan.config.process->terminal = true;
	l->plan.open_stdin = true;
	l->plan.attach |= SHIM_ATTACH_STDIN;
	l->plan.config.process->console_size = (struct oci_box){ 20, 70 };
}

/* One frame: 1, or 0 at the end. */
static int next(struct life *l, struct shim_client *c, enum shim_frame *ret_type)
{
	const void *data;
	size_t len;
	int r = shim_client_read(c, ret_type, &data, &len);

	if (r <= 0)
		return 0;
	if (*ret_type == SHIM_STDOUT)
		buf_add(&l->out, data, len);
	if (*ret_type == SHIM_STDERR)
		buf_add(&l->errors, data, len);
	if (*ret_type == SHIM_STARTED || *ret_type == SHIM_EXITED)
		memcpy(&l->last, data, sizeof(l->last));
	if (*ret_type == SHIM_FAILED) {
		memcpy(&l->failure, data, sizeof(l->failure));
		(void)snprintf(l->message, sizeof(l->message), "%.*s",
			       (int)(len - sizeof(l->failure)),
			       (const char *)data + sizeof(l->failure));
	}
	return 1;
}

static void until(struct life *l, struct shim_client *c, enum shim_frame wanted)
{
	enum shim_frame type = SHIM_STDIN;

	while (type != wanted)
		CHECK_INT(next(l, c, &type), 1);
}

/* Starts it and returns the first word of its shim. */
static enum shim_frame start(struct life *l)
{
	const char *argv[] = { "berth-shim", ID, NULL };
	OWN(fd) int memfd = -1;
	enum shim_frame type;
	int fd;

	CHECK_OK(shim_spawn_plan(&shim_plan_schema, &l->plan, &memfd, NULL));
	CHECK_OK(shim_spawn(NULL, memfd, argv, &fd, NULL));
	l->client = shim_client_new(fd);
	CHECK_INT(next(l, l->client, &type), 1);
	return type;
}

static struct life *run(const char *command)
{
	struct life *l = prepare(command);

	CHECK_INT(start(l), SHIM_STARTED);
	return l;
}

static struct shim_client *connect_shim(struct life *l)
{
	struct shim_client *c;

	CHECK_OK(shim_client_connect(l->plan.state_dir, &c, NULL));
	return c;
}

static void nap_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static bool exists(const char *name)
{
	return faccessat(scratch_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What comes sooner or later does so within these, however busy the machine is. */
enum { PATIENCE_MS = 30000 };

static void wait_gone(const char *name)
{
	for (int ms = 0; ms < PATIENCE_MS && exists(name); ms += 10)
		nap_ms(10);
	CHECK(!exists(name));
}

static void wait_there(const char *name)
{
	for (int ms = 0; ms < PATIENCE_MS && !exists(name); ms += 10)
		nap_ms(10);
	CHECK(exists(name));
}

/* The shim is our child: when it is reaped nothing of it runs any more. */
static void done(struct life *l)
{
	shim_client_close(l->client);
	CHECK(wait(NULL) > 0 || errno == ECHILD);
	/* A killed shim leaves it. */
	CHECK_OK(cgroup_teardown(l->plan.cgroup, NULL));
	(void)unlinkat(scratch_fd, "exits/" ID, 0);
	(void)unlinkat(scratch_fd, "logs/" ID ".log", 0);
	(void)unlinkat(scratch_fd, "upper/" ID "/seen", 0);
	buf_done(&l->out);
	buf_done(&l->errors);
	arena_done(&l->a);
	free(l);
}

static char *read_log(void)
{
	char *text = NULL;

	if (file_read_at(scratch_fd, "logs/" ID ".log", 1 << 20, &text, NULL) < 0)
		return str_dup("");
	return text;
}

static void kill_with(struct shim_client *c, int number, int stop)
{
	struct shim_kill kill = { .signal = number, .stop = (uint8_t)stop };

	CHECK_OK(shim_client_call(c, SHIM_KILL, &kill, sizeof(kill)));
}

#define NEEDS_ROOT()                                                                               \
	do {                                                                                       \
		if (!program)                                                                      \
			skip();                                                                    \
	} while (0)

/* -- the surroundings -- */

static int copy_program(const char *from_path, const char *to_name)
{
	OWN(fd) int from = open(from_path, O_RDONLY | O_CLOEXEC);
	OWN(fd) int to = openat(scratch_fd, to_name, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	char block[65536];
	ssize_t n;

	if (from < 0 || to < 0)
		return -errno;
	while ((n = read(from, block, sizeof(block))) > 0)
		if (write(to, block, (size_t)n) != n)
			return -EIO;
	return n < 0 ? -errno : 0;
}

static int make_root(void)
{
	static const char *const dirs[] = { "lower", "lower/bin", "lower/proc", "lower/dev" };
	static const char *const applets[] = { "sh", "cat",  "sleep", "seq",  "stty",
					       "wc", "test", "touch", "echo", "grep" };
	OWN(str) char *init =
		str_printf("%.*s-init", (int)(strrchr(program, '-') - program), program);

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (mkdirat(scratch_fd, dirs[i], 0755) < 0)
			return -errno;
	for (size_t i = 0; i < sizeof(applets) / sizeof(applets[0]); i++) {
		OWN(str) char *name = str_printf("lower/bin/%s", applets[i]);

		if (symlinkat("busybox", scratch_fd, name) < 0)
			return -errno;
	}
	/* Without it the tests that need it fail, which says more than to skip all. */
	(void)copy_program(init, "lower/bin/berth-init");
	return copy_program("/bin/busybox", "lower/bin/busybox");
}

/* berth-shim is in the build's folder, two above unit tests. */
static const char *find_program(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);

	if (n < 0 || geteuid() != 0)
		return NULL;
	path[n] = '\0';
	for (int up = 0; up < 3; up++)
		*strrchr(path, '/') = '\0';
	if (setenv("BERTH_LIBEXEC", path, 1) < 0)
		return NULL;
	(void)snprintf(path + strlen(path), 64, "/berth-shim");
	return access(path, X_OK) == 0 ? path : NULL;
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(scratch, sizeof(scratch), "/tmp/life.XXXXXX");
	if (!mkdtemp(scratch))
		return -1;
	scratch_fd = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	program = find_program();
	if (program && make_root() < 0)
		program = NULL;
	return scratch_fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	OWN(str) char *cgroup = str_printf("/berth-test-%d", (int)getpid());

	(void)state;
	(void)cgroup_teardown(cgroup, NULL);
	return rmtree_contents(scratch_fd) == 0 ? rmdir(scratch) : -1;
}

#endif
