/*
 * engine_check.c - do the store's containers, their files and the kernel agree?
 *
 * Looks only; engine_heal() and heal_all_files() put right what is found here. A container that
 * another command has its lock on is passed over: what it lacks or has too much is on its way.
 */
#include "engine/room.h"

#include "base/own.h"
#include "cgroup/cgroup.h"
#include "codec/digest.h"
#include "engine/container_query.h"
#include "engine/heal.h"
#include "model/finding.h"
#include "sys/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

enum { DESERTED_S = 60 };

struct check {
	struct engine *e;
	struct finding_list *findings;
	const char *kind; /* the directory that is looked through */
};

static const char advice[] = "berth system check --repair";

static bool is_id(const char *s, size_t len)
{
	return len == CONTAINER_ID_LEN && digest_is_hex(s, len);
}

static void each_in(int at, const char *name, void (*act)(struct check *c, const char *name),
		    struct check *c)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		fd_cleanup(&fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir(dir));)
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			act(c, entry->d_name);
	(void)closedir(dir);
}

/* Whether a command works on the container now. */
static bool is_locked(struct engine *e, const char *id)
{
	OWN(container_dir) struct container_dir d = CONTAINER_DIR_INIT;

	return container_dir_lock(e, id, CONTAINER_DIR_TRY, &d, NULL) == -EWOULDBLOCK;
}

static bool is_known(struct check *c, const char *id)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	const void *doc;
	size_t len;

	return state_begin(c->e->st, STATE_READ, &txn, NULL) < 0 ||
	       state_get(txn, STATE_CONTAINERS, id, &doc, &len) == 0;
}

/* -- STATE/c -- */

static void look_at_live(struct check *c, const char *id)
{
	struct shim_status s;
	bool alive = false;
	int r;

	if (!is_id(id, strlen(id)) || is_locked(c->e, id))
		return;
	r = container_dir_peek(c->e, id, &s, &alive);
	if (r == 0 && alive && s.state != SHIM_STATE_EXITED && !is_known(c, id))
		(void)finding_addf(c->findings, "kernel", id, advice,
				   "a shim runs (process %d) whose container does not exist",
				   s.shim_pid);
	else if (!alive)
		(void)finding_addf(c->findings, "kernel", id, advice,
				   "a killed process left STATE/c/%.12s", id);
}

static void look_at_containers(struct check *c)
{
	struct container_list list = { 0 };

	/* container_list() heals what it sees, so the documents are read as they stand. */
	if (container_query_all(c->e, c->findings->a, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.n; i++) {
		const struct container *doc = &list.items[i];
		struct shim_status s;
		bool alive = false;

		if (!container_status_is_up(doc) || is_locked(c->e, doc->id))
			continue;
		if (container_dir_peek(c->e, doc->id, &s, &alive) < 0 || !alive)
			(void)finding_addf(c->findings, "container", doc->name, advice,
					   "it is said to be running, and has no shim");
	}
}

/* -- files of containers -- */

static void look_at_file(struct check *c, const char *name)
{
	char id[CONTAINER_ID_LEN + 1];
	size_t len = strcspn(name, ".");

	if (!is_id(name, len)) {
		(void)finding_addf(c->findings, "file",
				   arena_printf(c->findings->a, "%s/%s", c->kind, name),
				   "look what it is and remove it by hand", "it is no container's");
		return;
	}
	(void)snprintf(id, sizeof(id), "%.64s", name);
	if (is_known(c, id) || is_locked(c->e, id))
		return;
	/* It may have been made, or have gone, since. */
	if (!is_known(c, id) && faccessat(c->e->c_fd, id, F_OK, 0) < 0)
		(void)finding_addf(c->findings, "file",
				   arena_printf(c->findings->a, "%s/%s", c->kind, name), advice,
				   "its container does not exist");
}

static void look_at_files(struct check *c)
{
	static const char *const kinds[] = { "upper", "work", "logs", "exits" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		c->kind = kinds[i];
		each_in(c->e->root_fd, kinds[i], look_at_file, c);
	}
}

/* A container without its own directories cannot be started any more. */
static void look_at_missing(struct check *c)
{
	struct container_list list = { 0 };

	if (container_query_all(c->e, c->findings->a, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.n; i++) {
		const char *id = list.items[i].id;
		bool there = faccessat(c->e->root_fd, arena_printf(c->findings->a, "upper/%s", id),
				       F_OK, 0) == 0 &&
			     faccessat(c->e->root_fd, arena_printf(c->findings->a, "work/%s", id),
				       F_OK, 0) == 0;

		if (!there && is_known(c, id) && !is_locked(c->e, id))
			(void)finding_addf(c->findings, "container", list.items[i].name,
					   arena_printf(c->findings->a, "berth rm -f %s",
							list.items[i].name),
					   "its own layer (upper/%.12s) is missing", id);
	}
}

/* -- the kernel -- */

/*
 * Other stores have their groups beside ours, and each is empty before its first process comes. So
 * only one that has long been without any is nobody's.
 */
static bool is_deserted(const struct cgroup_tree *tree, const char *group, struct arena *a)
{
	struct stat st;
	int *pids;
	size_t n;

	if (stat(arena_printf(a, "%s/%s", tree->dir, strrchr(group, '/') + 1), &st) < 0 ||
	    time(NULL) - st.st_mtime < DESERTED_S)
		return false;
	_Static_assert(sizeof(pid_t) == sizeof(int), "a PID is an int");
	return cgroup_pids(group, a, &pids, &n, NULL) == 0 && n == 0;
}

static void look_at_groups(struct check *c, bool repair)
{
	struct arena *a = c->findings->a;
	struct cgroup_tree *trees;
	struct strv groups = { 0 };
	size_t n;

	if (cgroup_trees("/berth", a, &trees, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		DIR *dir = opendir(trees[i].dir);

		for (struct dirent *entry; dir && (entry = readdir(dir));) {
			const char *id = entry->d_name, *group;

			if (!is_id(id, strlen(id)) || faccessat(c->e->c_fd, id, F_OK, 0) == 0)
				continue;
			group = arena_printf(a, "/berth/%s", id);
			if (!strv_has(&groups, group) && is_deserted(&trees[i], group, a))
				strv_add(&groups, a, group);
		}
		if (dir)
			(void)closedir(dir);
	}
	for (size_t i = 0; i < groups.n; i++) {
		(void)finding_addf(c->findings, "kernel", groups.items[i], advice,
				   "a control group that nothing is in");
		if (repair)
			(void)cgroup_teardown(groups.items[i], NULL);
	}
}

/* Beneath the directories of the store there is nothing mounted, but in containers. */
static void look_at_mounts(struct check *c)
{
	static const char *const own[] = { "upper", "work", "layers", "blobs", "tmp", "skeleton" };
	OWN(str) char *text = NULL;
	char *rest, *line;

	if (file_read_path(AT_FDCWD, "/proc/self/mountinfo", 16 << 20, &text, NULL) < 0)
		return;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		char at[4096];

		if (sscanf(line, "%*s %*s %*s %*s %4095s", at) != 1)
			continue;
		for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
			const char *beneath = str_after(at, arena_printf(c->findings->a, "%s/%s/",
									 c->e->root, own[i]));

			if (beneath)
				(void)finding_addf(c->findings, "kernel", at,
						   arena_printf(c->findings->a, "umount %s", at),
						   "something is mounted in the store");
		}
	}
}

int engine_check(struct engine *e, bool repair, struct finding_list *findings, struct err *err)
{
	struct check c = { .e = e, .findings = findings };

	each_in(e->c_fd, ".", look_at_live, &c);
	look_at_containers(&c);
	look_at_files(&c);
	look_at_missing(&c);
	look_at_mounts(&c);
	look_at_groups(&c, repair);
	return repair ? heal_all_files(e, err) : 0;
}

int engine_busy_layers(struct engine *e, struct arena *a, struct strv *ret, struct err *err)
{
	struct container_list list;
	int r = container_list(e, false, a, &list, err);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		for (size_t k = 0; k < list.items[i].layers.n; k++)
			if (!strv_has(ret, list.items[i].layers.items[k]))
				strv_add(ret, a, list.items[i].layers.items[k]);
	return r;
}
