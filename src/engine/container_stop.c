/*
 * container_stop.c - stop, restart, kill, pause
 *
 * All of these are requests to the shim, which serves them one after the other, so they need no
 * lock: several stops of one container just wait for the same end. Only a restart of an --rm
 * container holds the lock, lest the container be removed between its end and its start.
 *
 * A paused container cannot act on a signal: it is thawed after the signal has been sent.
 */
#include "engine/clock.h"
#include "engine/container_stop.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "codec/signal_name.h"
#include "engine/container_query.h"
#include "engine/container_start.h"
#include "engine/heal.h"
#include "sys/proc.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

enum {
	CONNECT_ATTEMPTS = 100, /* of 10 ms */
	KILL_WAIT_MS = 10000,
	SHIM_END_MS = 5000,
	TIMEOUT_DEFAULT_S = 10,
	TIMEOUT_MAX_S = 24 * 3600,
};

int container_stop_connect(struct engine *e, const struct container *c, struct shim_client **ret,
			   struct err *err)
{
	OWN(str) char *dir = str_printf("%s/c/%s", e->state, c->id);
	int r = 0;

	for (int i = 0; i < CONNECT_ATTEMPTS; i++) {
		struct shim_status s;
		bool alive = false;

		r = shim_client_connect(dir, ret, err);
		if (r != -ENOENT && r != -ECONNREFUSED)
			return r;
		if (container_dir_peek(e, c->id, &s, &alive) < 0 || !alive)
			break;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	return err_set(err, -ESRCH, "container %s is not running", c->id);
}

int container_stop_await(struct shim_client *client, int timeout_ms, struct shim_status *ret)
{
	int64_t end = clock_steady_ms() + timeout_ms;

	for (;;) {
		struct pollfd p = { .fd = shim_client_fd(client), .events = POLLIN };
		int64_t left = timeout_ms < 0 ? -1 : end - clock_steady_ms();
		enum shim_frame type;
		const void *data;
		size_t len;
		int r = poll(&p, 1, left < -1 ? 0 : (int)left);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -ETIMEDOUT;
		r = shim_client_read(client, &type, &data, &len);
		if (r <= 0)
			return r < 0 && r != -ECONNRESET && r != -EPIPE ? r : 0;
		if (type == SHIM_EXITED && len >= sizeof(*ret)) {
			memcpy(ret, data, sizeof(*ret));
			return 1;
		}
	}
}

static int send_signal(struct shim_client *client, int number, int stop, bool paused)
{
	struct shim_kill kill = { .signal = number, .stop = (uint8_t)stop };
	int r = shim_client_call(client, SHIM_KILL, &kill, sizeof(kill));

	if (r == 0 && paused)
		(void)shim_client_call(client, SHIM_RESUME, NULL, 0);
	return r;
}

/* The shim has ended between two of our steps: that is what was wanted. */
static bool is_gone(int r)
{
	return r == -ESRCH || r == -EPIPE || r == -ECONNRESET || r == -EIO;
}

/*
 * Sends the signal, waits, kills. 1 and *ret: it said how it ended; 0: it is gone, and the record
 * it left says how.
 */
static int stop_shim(struct engine *e, const struct container *c, int number, int timeout_ms,
		     int stop, struct shim_status *ret, struct err *err)
{
	OWN(shim_client) struct shim_client *client = NULL;
	bool paused = c->state.status == CONTAINER_PAUSED;
	int r = container_stop_connect(e, c, &client, err);

	if (r == -ESRCH)
		return 0;
	if (r < 0)
		return r;
	r = send_signal(client, number, stop, paused);
	if (r == 0 || r == -ESRCH) /* the latter: init has ended, and the shim is about to say so */
		r = shim_client_send(client, SHIM_WAIT, NULL, 0);
	if (is_gone(r))
		return 0;
	if (r < 0)
		return err_code(err, r, "stopping container %.12s", c->id);
	r = container_stop_await(client, timeout_ms, ret);
	if (r == -ETIMEDOUT && number != SIGKILL) {
		r = send_signal(client, SIGKILL, stop, false);
		r = r < 0 ? r : container_stop_await(client, KILL_WAIT_MS, ret);
	}
	if (is_gone(r))
		return 0;
	return r < 0 ? err_code(err, r, "stopping container %.12s", c->id) : r;
}

/* The last resort: a shim that does not answer, and with it whatever it supervises. */
static int kill_shim(struct engine *e, const struct container *c, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct shim_status s, again;
	uint64_t start;
	bool alive = false;

	if (container_dir_peek(e, c->id, &s, &alive) == 0 && alive && s.shim_pid > 1 &&
	    proc_start_time(s.shim_pid, &start) == 0) {
		OWN(fd) int pidfd = proc_open(s.shim_pid, start);

		/* It still has the lock, so the handle is of nobody else. */
		if (pidfd >= 0 && container_dir_peek(e, c->id, &again, &alive) == 0 && alive &&
		    again.shim_pid == s.shim_pid)
			(void)proc_signal(pidfd, SIGKILL);
	}
	return cgroup_kill(container_status_cgroup(c, &a), SIGKILL, err);
}

int container_stop_now(struct engine *e, const struct container *c, struct err *err)
{
	struct shim_status end;
	int r = stop_shim(e, c, SIGKILL, KILL_WAIT_MS, SHIM_STOP, &end, err);

	return r < 0 ? kill_shim(e, c, err) : 0;
}

static int stop_signal(const struct container *c, int given)
{
	int number = SIGTERM;

	if (given > 0)
		return given;
	if (!str_is_empty(c->config.stop_signal))
		number = signal_name_parse(c->config.stop_signal);
	return number > 0 ? number : SIGTERM;
}

static int stop_timeout_ms(const struct container *c, const int64_t *given)
{
	int64_t s = given                    ? *given
		    : c->config.stop_timeout ? *c->config.stop_timeout
					     : TIMEOUT_DEFAULT_S;

	return s < 0 ? -1 : (int)(s > TIMEOUT_MAX_S ? TIMEOUT_MAX_S : s) * 1000;
}

/* Takes the end into the store. An --rm container's shim has it removed. */
static int take_end(struct engine *e, const struct container *c, int said,
		    const struct shim_status *end, struct err *err)
{
	if (c->host_config.auto_remove)
		return 0;
	return said ? heal_fold(e, c->id, end, err) : heal_container(e, c->id, err);
}

int container_stop(struct engine *e, const char *name, const int64_t *timeout_s, int signal,
		   struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct container c;
	struct shim_status end;
	int r = container_find(e, name, &a, &c, err);

	if (r < 0 || !container_status_is_up(&c))
		return r;
	r = stop_shim(e, &c, stop_signal(&c, signal), stop_timeout_ms(&c, timeout_s), SHIM_STOP,
		      &end, err);
	return r < 0 ? r : take_end(e, &c, r, &end, err);
}

/*
 * An --rm container is kept over the restart: by the lock against everybody who would remove it, by
 * SHIM_STOP_KEEP against its shim, and by the state "restarting" against the client that ran it.
 */
static int restart_removed(struct engine *e, const char *id, const int64_t *timeout_s, int signal,
			   struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(container_dir) struct container_dir d = CONTAINER_DIR_INIT;
	struct shim_client *none;
	struct shim_status s;
	struct container c;
	bool alive = false;
	int exit_code, r = container_query_locked(e, id, &a, &d, &c, err);

	if (r < 0)
		return r;
	if (container_dir_status(d.dir, &s, &alive) < 0 || !alive || s.state == SHIM_STATE_EXITED)
		return err_set(err, -EINVAL,
			       "container %s is marked for removal and cannot be started", id);
	container_status_merge(&c, &s, &a);

	struct container mark = c;

	mark.state.status = CONTAINER_RESTARTING;
	r = container_query_store_state(e, STATE_NOSYNC, &mark, err);
	if (r == 0)
		r = stop_shim(e, &c, stop_signal(&c, signal), stop_timeout_ms(&c, timeout_s),
			      SHIM_STOP_KEEP, &s, err);
	if (r < 0)
		return r;
	if (!container_dir_wait_shim(d.dir, SHIM_END_MS))
		return err_set(err, -EBUSY, "container %.12s is still ending; try again", id);
	c.restart_count = 0;
	return container_start_locked(e, &d, &c, &(struct start_opts){ 0 }, &none, &exit_code, err);
}

int container_restart(struct engine *e, const char *name, const int64_t *timeout_s, int signal,
		      struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct shim_client *none;
	struct container c;
	int exit_code, r = container_find(e, name, &a, &c, err);

	if (r < 0)
		return r;
	if (container_status_is_up(&c) && c.host_config.auto_remove)
		return restart_removed(e, c.id, timeout_s, signal, err);
	r = container_stop(e, c.id, timeout_s, signal, err);
	return r < 0 ? r
		     : container_start(e, c.id, &(struct start_opts){ 0 }, &none, &exit_code, err);
}

/* docker's rule: a signal that is not the container's own stop signal leaves its policy alone. */
static bool means_stop(const struct container *c, int signal)
{
	if (str_is_empty(c->config.stop_signal) || signal == SIGKILL)
		return true;
	return signal_name_parse(c->config.stop_signal) == signal;
}

int container_kill(struct engine *e, const char *name, int signal, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(shim_client) struct shim_client *client = NULL;
	struct shim_status end;
	struct container c;
	bool stop, paused;
	int r = container_find(e, name, &a, &c, err);

	if (r < 0)
		return r;
	if (!container_status_is_up(&c))
		return err_set(err, -EINVAL,
			       "cannot kill container: %s: container %s is not running", name,
			       c.id);
	if (signal <= 0)
		signal = SIGKILL;
	if (signal == SIGKILL) {
		r = stop_shim(e, &c, SIGKILL, KILL_WAIT_MS, SHIM_STOP, &end, err);
		return r < 0 ? r : take_end(e, &c, r, &end, err);
	}
	stop = means_stop(&c, signal);
	paused = stop && c.state.status == CONTAINER_PAUSED;
	r = container_stop_connect(e, &c, &client, err);
	if (r < 0)
		return r;
	r = send_signal(client, signal, stop ? SHIM_STOP : 0, paused);
	return r < 0 ? err_code(err, r, "cannot kill container: %s", name) : 0;
}

static int freeze(struct engine *e, const char *name, enum shim_frame request, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(shim_client) struct shim_client *client = NULL;
	bool pause = request == SHIM_PAUSE;
	struct container c;
	int r = container_find(e, name, &a, &c, err);

	if (r < 0)
		return r;
	if (pause && c.state.status == CONTAINER_PAUSED)
		return err_set(err, -EINVAL, "Container %s is already paused", c.id);
	if (c.state.status == CONTAINER_RESTARTING)
		return err_set(err, -EINVAL,
			       "Container %s is restarting, wait until the container is running",
			       c.id);
	if (!container_status_is_up(&c))
		return err_set(err, -EINVAL, "Container %s is not running", c.id);
	if (!pause && c.state.status != CONTAINER_PAUSED)
		return err_set(err, -EINVAL, "Container %s is not paused", c.id);
	r = container_stop_connect(e, &c, &client, err);
	if (r < 0)
		return r;
	r = shim_client_call(client, request, NULL, 0);
	return r < 0 ? err_code(err, r, "cannot %s container %.12s", pause ? "pause" : "unpause",
				c.id)
		     : 0;
}

int container_pause(struct engine *e, const char *name, struct err *err)
{
	return freeze(e, name, SHIM_PAUSE, err);
}

int container_unpause(struct engine *e, const char *name, struct err *err)
{
	return freeze(e, name, SHIM_RESUME, err);
}
