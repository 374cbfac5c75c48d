/*
 * ending.c - from the end of a container's init to nothing left, or to the next run
 *
 * Answers come first: the end is written down and told, and only then anything is removed. Whatever
 * a killed shim leaves undone here is found by STATE/c/ID, which goes last.
 *
 * Who removes what: a container without --rm loses its control group and STATE/c/ID. One with --rm
 * whose starter is still attached loses its files too, while the starter takes the document out of
 * the store; if it has no such client any more, `berth container reap` does all of that.
 *
 * What cannot be removed stays as if we had been killed: with the status file and STATE/c/ID, by
 * which the next command finds it and tries again.
 *
 * A command that holds the container's lock may be waiting for us to be gone, so we never wait for
 * it while the status file is ours: that goes first, and the directory when the lock is free and no
 * new status has appeared.
 */
#include "shim/ending.h"

#include "base/own.h"
#include "base/str.h"
#include "cgroup/cgroup.h"
#include "net/names.h"
#include "shim/plugins.h"
#include "shim/restart.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { STALL_MS = 2000, LOG_FILES_MAX = 1000 };

/* -- the end of init -- */

static bool was_oom_killed(const struct supervisor *s, int wait_status)
{
	bool killed = WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;

	return (killed || s->memory_limited) && cgroup_oom_killed(s->cgroup);
}

void ending_begin(struct supervisor *s, int wait_status)
{
	struct shim_status *now = &s->status.now;

	now->exit_code =
		WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
	now->finished_at = supervisor_now_ns();
	now->oom_killed = was_oom_killed(s, wait_status);
	now->pid = 0;
	s->pid = 0;
	health_end(s);
	resolver_close(&s->resolver);
	fd_cleanup(&s->pidfd);
	/* With a PID namespace of its own the kernel has killed all of them by now. */
	if (!s->own_pid_ns)
		(void)cgroup_kill(s->cgroup, SIGKILL, NULL);
	streams_end(&s->streams);
	s->phase = PHASE_DRAINING;
	ending_note_progress(s);
}

void ending_note_progress(struct supervisor *s)
{
	if (s->phase == PHASE_DRAINING || s->phase == PHASE_LINGERING)
		s->deadline_ms = supervisor_steady_ms() + STALL_MS;
}

bool ending_is_drained(const struct supervisor *s)
{
	return s->streams.output[0] < 0 && s->streams.output[1] < 0 && s->clients.owed == 0;
}

/* -- telling -- */

/* Whoever is still owed output is told behind it. */
static void tell(struct supervisor *s, bool for_good)
{
	struct clients *all = &s->clients;
	bool drained = ending_is_drained(s);

	for (size_t i = 0; i < all->top; i++) {
		struct client *c = &all->items[i];
		bool waits =
			c->waits == CLIENT_WAITS_NEXT || (for_good && c->waits == CLIENT_WAITS_END);

		if (!c->used || !(c->attached || waits) || (c->output && !drained))
			continue;
		c->attached = false;
		c->output = 0;
		c->waits = CLIENT_WAITS_NOT;
		c->pending |= CLIENT_EXITED;
		client_send(all, c);
	}
}

static bool is_unsent(const struct clients *all)
{
	for (size_t i = 0; i < all->top; i++)
		if (all->items[i].used && !all->items[i].gone &&
		    (all->items[i].owed || all->items[i].pending || all->items[i].output))
			return true;
	return false;
}

/* Nothing can be kept for them where we become another program. */
static void drop_stuck(struct clients *all)
{
	for (size_t i = all->top; i-- > 0;)
		if (all->items[i].used && (all->items[i].owed || all->items[i].output))
			client_drop(all, &all->items[i]);
}

/* -- removing -- */

static int remove_in(const struct supervisor *s, int root, const char *kind)
{
	OWN(fd) int dir = openat(root, kind, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -errno : rmtree_at(dir, s->id);
}

static int remove_log(const struct supervisor *s)
{
	int r = 0;

	if (!s->log_path)
		return 0;
	if (unlink(s->log_path) < 0 && errno != ENOENT)
		r = -errno;
	for (int i = 1; i < LOG_FILES_MAX; i++) {
		char name[4096];

		(void)snprintf(name, sizeof(name), "%s.%d", s->log_path, i);
		if (unlink(name) < 0)
			break;
	}
	return r;
}

/* Goes through all of them; false when anything is left. */
static bool remove_files(const struct supervisor *s)
{
	OWN(fd) int root = open(s->root_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int upper, work, log;

	if (root < 0)
		return false;
	upper = remove_in(s, root, "upper");
	work = remove_in(s, root, "work");
	log = remove_log(s);
	return upper == 0 && work == 0 && log == 0;
}

/* Others see no shim from here on. */
static void remove_traces(struct supervisor *s)
{
	(void)unlinkat(s->dir, "shim.sock", 0);
	(void)unlinkat(s->dir, "status", 0);
}

/*
 * The lock's file is the last in the directory: until then others wait for it. Who comes between
 * the two last calls makes a lock of his own: then the directory is not empty, and his. It also
 * stays when a killed process has left something else in it, for the next command to heal.
 */
static void remove_directory(const struct supervisor *s)
{
	static const char *const names[] = { "hosts",    "resolv.conf", "hostname", "cgroup",
					     "health",   "network",     "plugins",  "netns",
					     NAMES_LIST, "lock" };
	OWN(fd) int parent = openat(s->dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlinkat(s->dir, names[i], 0);
	(void)unlinkat(parent, s->id, AT_REMOVEDIR);
}

/* The directory is still the container's and another shim has not come: with the lock, it is idle.
 */
static bool is_idle(const struct supervisor *s, int lock)
{
	struct stat held, named;

	return fstat(lock, &held) == 0 &&
	       fstatat(s->dir, "lock", &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_ino == named.st_ino && held.st_dev == named.st_dev &&
	       faccessat(s->dir, "status", F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

/* False when somebody has the lock. */
static bool try_remove_directory(const struct supervisor *s, bool wait)
{
	OWN(fd) int lock = openat(s->dir, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (lock >= 0 && file_lock(lock, wait) < 0)
		return false;
	if (lock < 0 || is_idle(s, lock))
		remove_directory(s);
	return true;
}

/* -- what follows -- */

/* The client that is there for as long as the container is, and takes its document away. */
static bool has_attached_starter(const struct clients *all)
{
	for (size_t i = 0; i < all->top; i++)
		if (all->items[i].used && all->items[i].starter && all->items[i].attached)
			return true;
	return false;
}

static bool is_starter_told(const struct clients *all)
{
	for (size_t i = 0; i < all->top; i++)
		if (all->items[i].used && all->items[i].starter)
			return !all->items[i].gone;
	return false;
}

static void release(struct supervisor *s)
{
	fd_cleanup(&s->listener);
	fd_cleanup(&s->status.fd); /* and with it the lock */
}

static void end_for_good(struct supervisor *s)
{
	bool starter = has_attached_starter(&s->clients), removes;

	(void)names_withdraw_all(s->state_root, s->id, NULL);
	s->status.now.state = SHIM_STATE_EXITED;
	status_record_write(&s->status);
	/* The record of what is removed at once would be of use to nobody. */
	if (!s->auto_remove)
		(void)status_record_leave(&s->status, s->root_dir, s->id);
	s->clients.exited = s->status.now;
	/* Whoever is told may want to have the ports at once. */
	netns_unpublish(&s->netns);
	tell(s, true);
	netns_forget(&s->netns);
	plugins_leave(s);
	removes = s->auto_remove && !s->keeps_files;
	s->torn = cgroup_teardown(s->cgroup, NULL) < 0;
	s->reaps = removes && !(starter && is_starter_told(&s->clients));
	if (removes && !s->reaps && !remove_files(s))
		s->torn = true;
	if (!s->torn)
		remove_traces(s);
	if (!s->torn && !s->reaps && try_remove_directory(s, false))
		fd_cleanup(&s->dir);
	release(s);
	if (s->reaps)
		drop_stuck(&s->clients);
	s->phase = is_unsent(&s->clients) ? PHASE_LINGERING : PHASE_DONE;
}

static void wait_for_restart(struct supervisor *s)
{
	s->status.now.state = SHIM_STATE_RESTARTING;
	s->status.now.restart_count++;
	status_record_write(&s->status);
	netns_unpublish(&s->netns);
	s->clients.exited = s->status.now;
	tell(s, false);
	plugins_leave(s);
	drop_stuck(&s->clients);
	streams_close(&s->streams);
	(void)cgroup_teardown(s->cgroup, NULL);
	s->phase = PHASE_RESTARTING;
	s->deadline_ms = supervisor_steady_ms() + s->delay_ms;
}

void ending_decide(struct supervisor *s)
{
	const struct shim_status *now = &s->status.now;
	struct restart_facts facts = {
		.policy = s->restart,
		.max = s->restart_max,
		.count = now->restart_count,
		.exit_code = now->exit_code,
		.stopped = now->stopped_by_user,
		.ran_ns = now->finished_at - now->started_at,
		.delay_ms = s->delay_ms,
	};

	/* Nobody is slow, but somebody outside of the container has got hold of its output. */
	if (s->clients.owed == 0)
		streams_close(&s->streams);
	log_file_end(&s->log, supervisor_now_ns());
	if (restart_decide(&facts, &s->delay_ms))
		wait_for_restart(s);
	else
		end_for_good(s);
}

void ending_cancel_restart(struct supervisor *s)
{
	end_for_good(s);
}

void ending_restart_failed(struct supervisor *s, int exit_code, const struct err *err)
{
	struct shim_status *now = &s->status.now;

	now->exit_code = exit_code;
	now->finished_at = supervisor_now_ns();
	now->pid = 0;
	(void)snprintf(now->error, sizeof(now->error), "%.*s", (int)sizeof(now->error) - 1,
		       err->msg);
	streams_close(&s->streams);
	end_for_good(s);
}

void ending_linger(struct supervisor *s, bool late)
{
	if (late && s->clients.owed == 0)
		streams_close(&s->streams);
	if (late)
		s->deadline_ms = supervisor_steady_ms() + STALL_MS;
	if (ending_is_drained(s)) {
		log_file_end(&s->log, supervisor_now_ns());
		tell(s, true);
	}
	if (!is_unsent(&s->clients))
		s->phase = PHASE_DONE;
}

void ending_leave(struct supervisor *s)
{
	const char *argv[] = { s->berth,    "--root", s->root_dir, "--state", s->state_root,
			       "container", "reap",   s->id,       NULL };
	sigset_t none;

	/* A command has the lock, perhaps the very one that started us: it need not clean up after
	 * us. */
	if (!s->reaps && !s->torn && s->dir >= 0)
		(void)try_remove_directory(s, true);
	if (!s->reaps || !s->berth)
		return;
	/* A pipe that broke meanwhile must not end the next program. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)execve(s->berth, (char *const *)(uintptr_t)argv, environ);
}
