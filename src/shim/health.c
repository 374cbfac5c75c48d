/*
 * health.c - the health check of a container
 *
 * A check is one more process in the container, so it is what `exec` is: this program in its exec
 * mode, with a plan that was packed before the container ran. That process may allocate and take
 * its time; we only start it, read what it says, and look at how it ended. It sees to the time
 * limit itself, for it alone has the handle of what it has started.
 */
#include "shim/health.h"

#include "base/own.h"
#include "base/str.h"
#include "codec/duration.h"
#include "shim/supervisor.h"
#include "sys/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>

/* FIRST_SPARE_FD: above what a check has as its own. TOO_LONG: as docker has it. */
enum { MS = 1000000, FIRST_SPARE_FD = 100, TOO_LONG = -1, OUTPUT_MAX = 4096 };

/* What is known of the check that is under way; its pages are touched by the first one. */
static struct shim_probe result;

/* -- before the container runs -- */

/* The container's own process, with another command and without a terminal. */
static int pack(const struct shim_plan *plan, struct err *err)
{
	OWN(buf) struct buf packed = { 0 };
	OWN(fd) int fd = -1;
	struct oci_process process = *plan->config.process;
	struct exec_plan exec = {
		.id = plan->id,
		.cgroup = plan->cgroup,
		.timeout = plan->health->timeout,
		.seccomp_cache = plan->seccomp_cache,
		.seccomp_key = plan->seccomp_key,
		.seccomp = plan->config.linux_ ? plan->config.linux_->seccomp : NULL,
	};
	int r;

	process.args = plan->health->args;
	process.terminal = false;
	exec.process = process;
	schema_pack(&exec_plan_schema, &exec, &packed);
	fd = memfd_create("berth-health", MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "memfd for the health check");
	r = file_write_all(fd, packed.data, packed.len);
	if (r < 0)
		return err_code(err, r, "writing the plan of the health check");
	r = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);
	return r < 0 ? err_sys(err, "memfd for the health check") : r;
}

static int open_null(struct err *err)
{
	OWN(fd) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SPARE_FD);

	return high < 0 ? err_sys(err, "/dev/null") : high;
}

int health_prepare(struct supervisor *s, const struct shim_plan *plan, struct err *err)
{
	struct health *h = &s->health;
	const struct health_plan *p = plan->health;

	if (!p || !plan->config.process)
		return 0;
	h->interval = p->interval / MS;
	h->start_interval = p->start_interval / MS;
	h->start_period = p->start_period / MS;
	h->timeout_ns = p->timeout;
	h->retries = (uint32_t)p->retries;
	h->owner = plan->config.process->user.uid;
	h->plan = pack(plan, err);
	if (h->plan < 0)
		return h->plan;
	h->null = open_null(err);
	if (h->null < 0)
		return h->null;
	h->file =
		openat(s->dir, "health", O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (h->file < 0)
		return err_sys(err, "%s/health", s->state_dir);
	h->wanted = true;
	return 0;
}

/* -- what is known -- */

/* As of the status, nobody could be told that this failed. */
static void write_head(struct health *h)
{
	struct iovec head = { &h->head, sizeof(h->head) };

	h->head.version = SHIM_STATUS_VERSION;
	h->head.seq++;
	(void)!pwritev(h->file, &head, 1, 0);
}

static void write_result(struct health *h)
{
	off_t slot = (off_t)sizeof(h->head) +
		     (off_t)(h->head.count % SHIM_PROBES) * (off_t)sizeof(result);
	struct iovec body = { &result, sizeof(result) };

	write_head(h);
	(void)!pwritev(h->file, &body, 1, slot);
	h->head.count++;
	write_head(h);
}

static bool is_in_start_period(const struct health *h)
{
	return supervisor_steady_ms() - h->begun_ms < h->start_period;
}

/* As docker decides it, see the header. Whether it is another than before. */
static bool decide(struct supervisor *s)
{
	struct health *h = &s->health;
	uint8_t *status = &s->status.now.health, before = *status;

	if (result.exit_code == 0) {
		h->head.failing_streak = 0;
		*status = SHIM_HEALTH_HEALTHY;
	} else if (*status != SHIM_HEALTH_STARTING || !h->in_start_period) {
		h->head.failing_streak++;
		if (h->head.failing_streak >= h->retries)
			*status = SHIM_HEALTH_UNHEALTHY;
	}
	return *status != before;
}

/* -- one check -- */

static void schedule(struct supervisor *s)
{
	struct health *h = &s->health;
	bool starting = s->status.now.health == SHIM_HEALTH_STARTING && is_in_start_period(h);

	h->next_ms = supervisor_steady_ms() + (starting ? h->start_interval : h->interval);
}

/* Between vfork() and execve(), in our memory: system calls only. */
static _Noreturn void become_probe(const struct health *h, int output, const char *const *argv)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0 &&
	    dup2(h->null, STDIN_FILENO) >= 0 && dup2(h->plan, SHIM_FD_PLAN) >= 0)
		(void)execve("/proc/self/exe", (char *const *)(uintptr_t)argv, environ);
	_exit(EXIT_FAILURE);
}

static __attribute__((noinline)) pid_t spawn(const struct health *h, int output,
					     const char *const *argv)
{
	pid_t pid = vfork();

	if (pid == 0)
		become_probe(h, output, argv);
	return pid;
}

/* Programs open /dev/stdout again by its path, which asks for its owner. */
static int open_output(const struct health *h, int *ret_theirs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ||
	    (h->owner != 0 && fchown(ends[0], h->owner, (gid_t)-1) < 0)) {
		int r = -errno;

		(void)close(ends[0]);
		(void)close(ends[1]);
		return r;
	}
	*ret_theirs = ends[1];
	return ends[0];
}

static void start_probe(struct supervisor *s)
{
	struct health *h = &s->health;
	char pid[16], start[24];
	const char *argv[] = { "berth-shim", "probe", s->id, pid, start, NULL };
	OWN(fd) int theirs = -1;

	(void)snprintf(pid, sizeof(pid), "%d", (int)s->pid);
	(void)snprintf(start, sizeof(start), "%llu", (unsigned long long)s->status.now.pid_start);
	result.len = 0;
	result.start = supervisor_now_ns();
	h->in_start_period = is_in_start_period(h);
	h->output = open_output(h, &theirs);
	h->probe = h->output < 0 ? -1 : spawn(h, theirs, argv);
	if (h->probe > 0)
		return;
	/* No descriptor or process could be had: try again when the next one is due. */
	h->probe = 0;
	fd_cleanup(&h->output);
	schedule(s);
}

void health_read(struct supervisor *s)
{
	struct health *h = &s->health;
	char rest[512];

	while (h->output >= 0) {
		bool full = result.len >= OUTPUT_MAX;
		ssize_t n =
			full ? read(h->output, rest, sizeof(rest))
			     : read(h->output, result.output + result.len, OUTPUT_MAX - result.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			fd_cleanup(&h->output);
		} else if (!full) {
			result.len += (uint32_t)n;
		} else { /* more than is kept: what goes on is read, and not shown */
			memcpy(result.output + OUTPUT_MAX, "...", 3);
			result.len = OUTPUT_MAX + 3;
		}
	}
}

/* Docker's sentence, before what the check has said. */
static void say_too_long(const struct health *h)
{
	char limit[DURATION_HUMAN_MAX], text[96];
	size_t len, kept = result.len < OUTPUT_MAX ? result.len : OUTPUT_MAX;

	duration_write(h->timeout_ns, limit);
	len = (size_t)snprintf(text, sizeof(text), "Health check exceeded timeout (%s)%s", limit,
			       kept ? ": " : "");
	if (kept > OUTPUT_MAX - len)
		kept = OUTPUT_MAX - len;
	memmove(result.output + len, result.output, kept);
	memcpy(result.output, text, len);
	result.len = (uint32_t)(len + kept);
	result.exit_code = TOO_LONG;
}

bool health_reap(struct supervisor *s, pid_t pid, int wait_status)
{
	struct health *h = &s->health;

	if (h->probe == 0 || pid != h->probe)
		return false;
	h->probe = 0;
	health_read(s);
	/* Somebody in the container may hold on to it. */
	fd_cleanup(&h->output);
	if (s->pid == 0) /* it ended with the container, and says nothing of its health */
		return true;
	result.end = supervisor_now_ns();
	result.exit_code =
		WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
	if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGALRM)
		say_too_long(h);
	if (s->status.now.state != SHIM_STATE_PAUSED) {
		bool changed = decide(s);

		write_result(h);
		if (changed)
			status_record_write(&s->status);
	}
	schedule(s);
	s->gave_back = false; /* it has cost us pages */
	return true;
}

/* -- the container's life -- */

void health_begin(struct supervisor *s)
{
	struct health *h = &s->health;

	if (!h->wanted)
		return;
	s->status.now.health = SHIM_HEALTH_STARTING;
	h->begun_ms = supervisor_steady_ms();
	h->head = (struct shim_health_head){ .seq = 1 };
	write_head(h);
	schedule(s);
}

/* What is not checked counts as unhealthy, as docker has it, until the next check says otherwise.
 */
void health_pause(struct supervisor *s, bool paused)
{
	if (!s->health.wanted)
		return;
	if (paused)
		s->status.now.health = SHIM_HEALTH_UNHEALTHY;
	schedule(s);
}

void health_end(struct supervisor *s)
{
	struct health *h = &s->health;

	if (!h->wanted)
		return;
	h->wanted = false;
	s->status.now.health = SHIM_HEALTH_UNHEALTHY;
	if (h->probe > 0)
		(void)kill(h->probe, SIGKILL);
	fd_cleanup(&h->output);
	fd_cleanup(&h->file);
}

static bool is_idle(const struct supervisor *s)
{
	const struct health *h = &s->health;

	return h->wanted && h->probe == 0 && s->phase == PHASE_RUNNING &&
	       s->status.now.state == SHIM_STATE_RUNNING;
}

int64_t health_wait_ms(const struct supervisor *s)
{
	int64_t left;

	if (!is_idle(s))
		return -1;
	left = s->health.next_ms - supervisor_steady_ms();
	return left > 0 ? left : 0;
}

void health_turn(struct supervisor *s)
{
	if (health_wait_ms(s) == 0)
		start_probe(s);
}
