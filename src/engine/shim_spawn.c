/*
 * shim_spawn.c - executing berth-shim with a plan
 *
 * One vfork and one execveat: nothing of this process is copied. Between the two the child shares
 * our memory, so it makes system calls only, with everything prepared before. The program is opened
 * through exec_sealed_open(), because whoever is in a container can reach its supervisor's program.
 */
#include "engine/shim_spawn.h"

#include "base/own.h"
#include "model/shim_plan.h"
#include "sys/exec_sealed.h"
#include "sys/file.h"
#include "sys/program.h"
#include "sys/visit.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

enum { FIRST_SPARE_FD = 10 }; /* above every number that a shim expects */

int shim_spawn_plan(const struct schema *s, const void *plan, int *ret_fd, struct err *err)
{
	OWN(buf) struct buf packed = { 0 };
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	OWN(fd) int fd = memfd_create("berth-plan", flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create("berth-plan", flags);
	if (fd < 0)
		return err_sys(err, "memfd for the container's plan");
	schema_pack(s, plan, &packed);

	int r = file_write_all(fd, packed.data, packed.len);

	if (r < 0)
		return err_code(err, r, "writing the container's plan");
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_sys(err, "sealing the container's plan");
	*ret_fd = take_fd(&fd);
	return 0;
}

/* All that the child needs, decided and opened. */
struct child {
	int null, plan, client, program;
	const char *const *argv;
	const char *env[2];
	volatile int error; /* the child's errno */
};

static int open_program(int *ret_fd, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *path;
	int r = program_find("berth-shim", &a, &path, err), fd;

	if (r < 0)
		return r;
	fd = exec_sealed_open(path);
	if (fd < 0)
		return err_code(err, fd, "%s", path);
	*ret_fd = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
	r = *ret_fd < 0 ? err_sys(err, "%s", path) : 0;
	(void)close(fd);
	return r;
}

/* The shim's environment is nobody's business but ours. */
static void choose_env(const char *env[2])
{
	static char libexec[PATH_MAX + sizeof("BERTH_LIBEXEC=")];
	const char *dir = getenv("BERTH_LIBEXEC");

	if (!str_is_empty(dir)) {
		(void)snprintf(libexec, sizeof(libexec), "BERTH_LIBEXEC=%s", dir);
		*env++ = libexec;
	}
	*env = NULL;
}

static void execute(const struct child *c)
{
	(void)syscall(SYS_execveat, c->program, "", (char *const *)(uintptr_t)c->argv,
		      (char *const *)(uintptr_t)c->env, AT_EMPTY_PATH);
}

static _Noreturn void run_child(struct child *c)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)setsid();
	if (dup2(c->null, 0) >= 0 && dup2(c->null, 1) >= 0 && dup2(c->null, 2) >= 0 &&
	    dup2(c->plan, SHIM_FD_PLAN) >= 0 && dup2(c->client, SHIM_FD_CLIENT) >= 0 &&
	    syscall(SYS_close_range, SHIM_FD_CLIENT + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		execute(c);
	c->error = errno;
	_exit(127);
}

/* Signals stay blocked until the child has its own memory: its handlers would be ours. */
static int vfork_child(void *arg)
{
	struct child *c = arg;
	sigset_t all, old;
	pid_t pid;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = vfork();
	if (pid == 0)
		run_child(c);
	if (pid < 0)
		c->error = errno;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return c->error ? -c->error : 0;
}

static int raise_fd(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
}

int shim_spawn(const struct engine_guest *guest, int plan_fd, const char *const *argv,
	       int *ret_client, struct err *err)
{
	int pair[2];
	OWN(fd) int program = -1;
	int r = open_program(&program, err);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(err, "socket pair for the shim");

	OWN(fd) int ours = pair[0];
	OWN(fd) int theirs = raise_fd(pair[1]);
	OWN(fd) int plan = raise_fd(plan_fd);
	OWN(fd) int low_null = open("/dev/null", O_RDWR | O_CLOEXEC);
	OWN(fd) int null = raise_fd(low_null);

	(void)close(pair[1]);
	if (theirs < 0 || plan < 0 || null < 0)
		return err_sys(err, "descriptors for the shim");

	struct child child = {
		.null = null,
		.plan = plan,
		.client = theirs,
		.program = program,
		.argv = argv,
	};

	choose_env(child.env);
	r = visit_call_home(guest ? guest->home : NULL, vfork_child, &child);
	if (r < 0)
		return err_code(err, r, "starting berth-shim");
	*ret_client = take_fd(&ours);
	return 0;
}

int shim_spawn_become(int plan_fd, const char *const *argv, struct err *err)
{
	struct child child = { .argv = argv };
	OWN(fd) int program = -1;
	sigset_t none;
	int r = open_program(&program, err);

	if (r < 0)
		return r;
	child.program = program;
	choose_env(child.env);

	OWN(fd) int plan = raise_fd(plan_fd);

	if (plan < 0 || dup2(plan, SHIM_FD_PLAN) < 0 ||
	    syscall(SYS_close_range, SHIM_FD_PLAN + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return err_sys(err, "descriptors for the shim");
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	execute(&child);
	return err_sys(err, "executing berth-shim");
}
