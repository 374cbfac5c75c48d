/*
 * heal.c - bringing store, files and kernel together again after killed processes
 *
 * Any process may die at any instant, so three things can disagree: what the store says, what is in
 * the kernel, and what lies in directories. What makes repairing cheap is STATE/c/ID, which exists
 * exactly while there may be something of ID besides a final document: so only what is running or
 * torn is looked at, and not every container.
 *
 * A shim that lives is always right, and a lock that is taken means that somebody is at work: in
 * both cases nothing is touched. The exception is a shim that no document knows of: it came up
 * while its container was being removed, by a start that was killed, and is ended. Otherwise facts
 * are gathered, heal_decide() says what follows, and it is done under the container's lock, in an
 * order that begins again when this process dies too.
 */
#include "engine/clock.h"
#include "engine/heal.h"

#include "base/log.h"
#include "base/own.h"
#include "cgroup/cgroup.h"
#include "codec/digest.h"
#include "engine/container_query.h"
#include "engine/container_remove.h"
#include "engine/container_start.h"
#include "engine/heal_decide.h"
#include "engine/net_plugins.h"
#include "engine/network_device.h"
#include "engine/network_driver.h"
#include "net/names.h"
#include "sys/file.h"
#include "sys/rmtree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

/* Directories of ROOT in which each container has something of its own. */
static const char *const kinds[] = { "upper", "work", "logs", "exits" };
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

enum { STALE_S = 10, CGROUP_PATH_MAX = 4096, ORPHAN_END_MS = 5000 };

int heal_fold(struct engine *e, const char *id, const struct shim_status *end, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	OWN(arena) struct arena a = ARENA_INIT;
	struct container c;
	struct shim_status record;
	int r = state_begin(e->st, STATE_WRITE, &txn, err);

	if (r < 0)
		return r;
	r = state_get_doc(txn, STATE_CONTAINERS, id, &container_schema, &a, &c, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_wrap(err, "container %.12s", id);
	/* A start after that end has written a later time. */
	if (end->finished_at && c.state.started_at > end->finished_at && container_status_is_up(&c))
		return 0;
	container_status_merge(&c, end, &a);
	r = container_query_put_state(txn, &c, err);
	if (r == 0)
		r = state_commit(&txn, err);
	if (r == 0 && container_dir_exit_record(e, id, &record) == 0 &&
	    record.finished_at <= end->finished_at)
		(void)unlinkat(e->root_fd, arena_printf(&a, "exits/%s", id), 0);
	return r;
}

/* Where its group is, when no document says so. */
static const char *noted_cgroup(const struct container_dir *d, const char *id, struct arena *a)
{
	char path[CGROUP_PATH_MAX];
	ssize_t n = file_read_into(d->dir, "cgroup", path, sizeof(path));

	if (n > 0 && path[0] == '/' && !strstr(path, ".."))
		return arena_strdup(a, path);
	return arena_printf(a, "/berth/%s", id);
}

void heal_leftovers(struct engine *e, struct container_dir *d, const char *id,
		    const struct container *c, struct arena *a)
{
	const char *cgroup = c ? container_status_cgroup(c, a) : noted_cgroup(d, id, a);
	struct err why = ERR_INIT;

	if (c && faccessat(d->dir, "status", F_OK, 0) < 0)
		return; /* a shim that ended in order has seen to it, or there was none */
	(void)cgroup_kill(cgroup, SIGKILL, NULL);
	network_device_unpublish(d->dir);
	if (net_plugins_leave_all(e->state, id, d->dir, &why) < 0)
		log_warn("container %.12s: %s", id, why.msg);
	(void)names_withdraw_all(e->state, id, NULL);
	(void)unlinkat(d->dir, "network", 0);
	if (cgroup_teardown(cgroup, &why) < 0)
		log_debug("container %.12s: %s", id, why.msg);
	(void)unlinkat(d->dir, "status", 0);
	(void)unlinkat(d->dir, "shim.sock", 0);
}

struct gathered {
	struct container c;
	struct shim_status exit, last;
	struct heal_facts facts;
};

static int gather(struct engine *e, struct container_dir *d, const char *id, bool rebooted,
		  struct arena *a, struct gathered *g, struct err *err)
{
	bool alive;
	int r = container_query_doc(e, id, a, &g->c, err);

	if (r < 0 && r != -ENOENT)
		log_debug("container %.12s: %s", id, err ? err->msg : "unreadable");
	g->facts = (struct heal_facts){
		.known = r == 0,
		.unreadable = r < 0 && r != -ENOENT,
		.rebooted = rebooted,
	};
	if (r == 0) {
		g->facts.status = g->c.state.status;
		g->facts.auto_remove = g->c.host_config.auto_remove;
		g->facts.restart_policy = g->c.host_config.restart_policy.name;
		g->facts.restart_max = g->c.host_config.restart_policy.maximum_retry_count;
		g->facts.restart_count = g->c.restart_count;
	}
	if (container_dir_exit_record(e, id, &g->exit) == 0)
		g->facts.exit = &g->exit;
	if (container_dir_status(d->dir, &g->last, &alive) == 0)
		g->facts.last = &g->last;
	return 0;
}

static int act(struct engine *e, const char *id, const struct gathered *g,
	       const struct heal_plan *plan, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	int r;

	switch (plan->verdict) {
	case HEAL_SWEEP:
		r = container_remove_files(e, id);
		return r < 0 ? err_code(err, r, "removing the files of container %.12s", id) : 0;
	case HEAL_KEEP:
		/* A record that is still there was folded by one who died before removing it. */
		if (!g->facts.unreadable)
			(void)unlinkat(e->root_fd, arena_printf(&a, "exits/%s", id), 0);
		return 0;
	case HEAL_EXITED:
	case HEAL_RESTART:
		return heal_fold(e, id, &plan->end, err);
	case HEAL_REMOVE:
		r = container_remove_doc(e, &g->c, err);
		if (r < 0)
			return r;
		r = container_remove_files(e, id);
		return r < 0 ? err_code(err, r, "removing the files of container %.12s", id) : 0;
	}
	return 0;
}

static int heal_one(struct engine *e, struct container_dir *d, const char *id, bool rebooted,
		    enum heal_verdict *ret_verdict, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct err ignored = ERR_INIT;
	struct gathered g = { 0 };
	struct heal_plan plan;
	int r = gather(e, d, id, rebooted, &a, &g, &ignored);

	if (r < 0)
		return r;
	heal_decide(&g.facts, clock_now_ns(), &plan);
	heal_leftovers(e, d, id, g.facts.known ? &g.c : NULL, &a);
	*ret_verdict = plan.verdict;
	return act(e, id, &g, &plan, err);
}

int heal_locked(struct engine *e, struct container_dir *d, const char *id, struct err *err)
{
	enum heal_verdict verdict;

	return heal_one(e, d, id, false, &verdict, err);
}

/* By its policy, as its shim would have done. What goes wrong stands in its document. */
static void start_again(struct engine *e, struct container_dir *d, const char *id)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct err why = ERR_INIT;
	struct shim_client *none;
	struct container c;
	int exit_code, r = container_query_doc(e, id, &a, &c, &why);

	if (r < 0) {
		container_dir_remove(e, id, d);
		return;
	}
	c.restart_count++;
	r = container_start_locked(e, d, &c, &(struct start_opts){ 0 }, &none, &exit_code, &why);
	if (r < 0)
		log_warn("container %.12s: not started again: %s", id, why.msg);
}

/* The document is there before the shim; one that has ended is only still cleaning up. */
static bool is_orphan(struct engine *e, const char *id, const struct shim_status *s)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct err ignored = ERR_INIT;
	struct container c;

	return s->state != SHIM_STATE_EXITED &&
	       container_query_doc(e, id, &a, &c, &ignored) == -ENOENT;
}

/* Under the lock. Is there a shim that may go on? */
static bool is_supervised(struct engine *e, struct container_dir *d, const char *id)
{
	struct shim_status s;
	bool alive = false;

	if (container_dir_status(d->dir, &s, &alive) < 0 || !alive)
		return false;
	if (!is_orphan(e, id, &s))
		return true;
	/* Its init dies with it; the rest is healed as after any killed shim. */
	if (s.shim_pid > 1)
		(void)kill(s.shim_pid, SIGKILL);
	return !container_dir_wait_shim(d->dir, ORPHAN_END_MS);
}

static int heal_unless_alive(struct engine *e, const char *id, bool rebooted, struct err *err)
{
	OWN(container_dir) struct container_dir d = CONTAINER_DIR_INIT;
	struct shim_status s;
	bool alive = false;
	enum heal_verdict verdict;
	int r;

	if (container_dir_peek(e, id, &s, &alive) == 0 && alive && !is_orphan(e, id, &s))
		return 0;
	r = container_dir_lock(e, id, CONTAINER_DIR_CREATE | CONTAINER_DIR_TRY, &d, err);
	if (r == -EWOULDBLOCK)
		return 0;
	if (r < 0)
		return r;
	if (is_supervised(e, &d, id)) {
		container_dir_leave(e, id, &d);
		return 0;
	}
	r = heal_one(e, &d, id, rebooted, &verdict, err);
	if (r < 0) /* c/ID stays, so that it is tried again */
		container_dir_unlock(&d);
	else if (verdict == HEAL_RESTART)
		start_again(e, &d, id);
	else
		container_dir_remove(e, id, &d);
	return r;
}

int heal_container(struct engine *e, const char *id, struct err *err)
{
	return heal_unless_alive(e, id, false, err);
}

/* -- sweeping -- */

static bool is_id(const char *s)
{
	return strlen(s) == CONTAINER_ID_LEN && digest_is_hex(s, CONTAINER_ID_LEN);
}

/* One container that cannot be healed must not keep everybody from using the others. */
static void heal_or_warn(struct engine *e, const char *id, bool rebooted)
{
	struct err why = ERR_INIT;

	if (heal_unless_alive(e, id, rebooted, &why) < 0)
		log_warn("container %.12s: what a killed process left is still there: %s", id,
			 why.msg);
}

/* Heals the container of every entry whose name begins with an ID and then ends or has a dot. */
static void heal_each_in(struct engine *e, int at, const char *name, bool rebooted)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		fd_cleanup(&fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		char id[CONTAINER_ID_LEN + 1];

		if (strcspn(entry->d_name, ".") != CONTAINER_ID_LEN)
			continue;
		(void)snprintf(id, sizeof(id), "%.64s", entry->d_name);
		if (is_id(id))
			heal_or_warn(e, id, rebooted);
	}
	(void)closedir(dir);
}

/* ".ID.…" in exits/ is a record whose shim died while it wrote it. */
static void sweep_torn_records(struct engine *e)
{
	int fd = openat(e->root_fd, "exits", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		fd_cleanup(&fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));) {
		char id[CONTAINER_ID_LEN + 1];
		struct shim_status s;
		bool alive = false;

		if (entry->d_name[0] != '.' || strcspn(entry->d_name + 1, ".") != CONTAINER_ID_LEN)
			continue;
		(void)snprintf(id, sizeof(id), "%.64s", entry->d_name + 1);
		if (is_id(id) && (container_dir_peek(e, id, &s, &alive) < 0 || !alive))
			(void)unlinkat(fd, entry->d_name, 0);
	}
	(void)closedir(dir);
}

static void touch_healed(struct engine *e)
{
	OWN(fd) int fd = openat(e->state_fd, "healed", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		(void)futimens(fd, NULL);
}

int engine_heal(struct engine *e, struct err *err)
{
	int r;

	heal_each_in(e, e->state_fd, "c", false);
	heal_each_in(e, e->root_fd, "exits", false);
	sweep_torn_records(e);
	r = network_device_heal(e, false, err);
	if (r == 0)
		r = network_driver_heal(e, err);
	if (r == 0)
		r = image_sweep(e->images, err);
	if (r == 0)
		touch_healed(e);
	return r;
}

int heal_all_files(struct engine *e, struct err *err)
{
	for (size_t i = 0; i < KINDS; i++)
		heal_each_in(e, e->root_fd, kinds[i], false);
	return engine_heal(e, err);
}

/* A living one's document, which may have thousands of ports, is not read. */
static void heal_if_dead(struct engine *e, const char *id)
{
	struct shim_status s;
	bool alive = false;

	if (container_dir_peek(e, id, &s, &alive) == 0 && !alive)
		heal_or_warn(e, id, false);
}

void heal_dead(struct engine *e)
{
	int fd = openat(e->state_fd, "c", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		fd_cleanup(&fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));)
		if (is_id(entry->d_name))
			heal_if_dead(e, entry->d_name);
	(void)closedir(dir);
}

int heal_if_stale(struct engine *e, struct err *err)
{
	struct stat st;

	if (fstatat(e->state_fd, "healed", &st, 0) == 0 && time(NULL) - st.st_mtime < STALE_S &&
	    st.st_mtime <= time(NULL))
		return 0;
	return engine_heal(e, err);
}

struct ids {
	struct arena *a;
	struct strv up;
};

static int collect_up(void *ctx, const char *key, const void *data, size_t len)
{
	struct ids *ids = ctx;
	OWN(arena) struct arena a = ARENA_INIT;
	struct container c;

	if (schema_read(&container_schema, data, len, &a, &c, NULL) == 0 &&
	    container_status_is_up(&c))
		strv_add(&ids->up, ids->a, arena_strdup(ids->a, key));
	return 0;
}

int heal_after_boot(struct engine *e, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(state_txn) struct state_txn *txn = NULL;
	struct ids ids = { .a = &a };
	int r = state_begin(e->st, STATE_READ, &txn, err);

	if (r < 0)
		return r;
	r = state_each(txn, STATE_CONTAINERS, "", collect_up, &ids);
	state_abort(&txn);
	if (r < 0)
		return err_code(err, r, "reading the containers");
	for (size_t i = 0; i < ids.up.n; i++)
		heal_or_warn(e, ids.up.items[i], true);
	heal_each_in(e, e->state_fd, "c", true);
	/* Directories of a container whose c/ID the reboot took away. */
	for (size_t i = 0; i < KINDS; i++)
		heal_each_in(e, e->root_fd, kinds[i], true);
	return 0;
}
