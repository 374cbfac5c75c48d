/*
 * container_query.c - finding containers: by what a user types, with the state they are in now
 *
 * The store holds the last state that is final, or "running" while a shim has the container. So
 * only a container that is running there needs a second look: its shim's status, or, when no shim
 * lives, healing, after which the document is final again.
 */
#include "engine/container_query.h"

#include "engine/net_endpoint.h"

#include "base/log.h"
#include "base/own.h"
#include "cgroup/cgroup.h"
#include "codec/digest.h"
#include "engine/heal.h"
#include "engine/tree_size.h"

#include <stdlib.h>

struct prefix_search {
	char *id;
	size_t found;
};

static int count_prefix(void *ctx, const char *key, const void *data, size_t len)
{
	struct prefix_search *s = ctx;

	(void)data;
	(void)len;
	if (s->found == 0)
		(void)snprintf(s->id, CONTAINER_ID_LEN + 1, "%s", key);
	return ++s->found > 1;
}

static int find_by_prefix(struct state_txn *txn, const char *name, char *ret_id, struct err *err)
{
	struct prefix_search s = { .id = ret_id };
	size_t len = strlen(name);

	if (len > 0 && len <= CONTAINER_ID_LEN && digest_is_hex(name, len))
		(void)state_each(txn, STATE_CONTAINERS, name, count_prefix, &s);
	if (s.found > 1)
		return err_set(err, -EINVAL, "multiple IDs found with provided prefix: %s", name);
	if (s.found == 0)
		return err_set(err, -ENOENT, "No such container: %.128s", name);
	return 0;
}

int container_query_id(struct state_txn *txn, const char *name, char ret_id[CONTAINER_ID_LEN + 1],
		       struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *bare = name[0] == '/' ? name + 1 : name, *id;
	const void *data;
	size_t len;

	if (strlen(name) == CONTAINER_ID_LEN &&
	    state_get(txn, STATE_CONTAINERS, name, &data, &len) == 0)
		id = name;
	else if (!*bare || strlen(bare) > CONTAINER_NAME_MAX ||
		 state_get_str(txn, STATE_CONTAINER_NAMES, bare, &a, &id) < 0)
		return find_by_prefix(txn, name, ret_id, err);
	(void)snprintf(ret_id, CONTAINER_ID_LEN + 1, "%s", id);
	return 0;
}

static int load(struct state_txn *txn, const char *id, struct arena *a, struct container *ret,
		struct err *err)
{
	int r = state_get_doc(txn, STATE_CONTAINERS, id, &container_schema, a, ret, err);

	if (r == -ENOENT)
		return err_set(err, r, "No such container: %s", id);
	if (r == 0 && ret->version > CONTAINER_DOC_VERSION)
		return err_set(err, -EPROTO, "container %.12s was written by a newer berth", id);
	return r < 0 ? err_wrap(err, "container %.12s", id) : 0;
}

int container_query_doc(struct engine *e, const char *name, struct arena *a, struct container *ret,
			struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	char id[CONTAINER_ID_LEN + 1];
	int r = state_begin(e->st, STATE_READ, &txn, err);

	if (r == 0)
		r = container_query_id(txn, name, id, err);
	return r < 0 ? r : load(txn, id, a, ret, err);
}

int container_query_locked(struct engine *e, const char *name, struct arena *a,
			   struct container_dir *ret_dir, struct container *ret, struct err *err)
{
	OWN(container_dir) struct container_dir d = CONTAINER_DIR_INIT;
	int r = container_query_doc(e, name, a, ret, err);

	if (r < 0)
		return r;

	const char *id = ret->id;

	r = container_dir_lock(e, id, CONTAINER_DIR_CREATE, &d, err);
	if (r < 0)
		return r;
	/* Whoever had the lock before may have changed or removed it. */
	r = container_query_doc(e, id, a, ret, err);
	if (r < 0) {
		container_dir_remove(e, id, &d);
		return r;
	}
	*ret_dir = d;
	d = (struct container_dir)CONTAINER_DIR_INIT;
	return 0;
}

int container_query_put_state(struct state_txn *txn, const struct container *c, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct container stored;
	int r = load(txn, c->id, &a, &stored, err);

	if (r < 0)
		return r;
	stored.state = c->state;
	stored.restart_count = c->restart_count;
	stored.has_been_manually_stopped = c->has_been_manually_stopped;
	if (!container_status_is_up(&stored))
		r = net_endpoint_release(txn, &stored, err);
	return r < 0 ? r
		     : state_put_doc(txn, STATE_CONTAINERS, c->id, &container_schema, &stored, err);
}

int container_query_store_state(struct engine *e, enum state_mode mode, const struct container *c,
				struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(e->st, mode, &txn, err);

	if (r == 0)
		r = container_query_put_state(txn, c, err);
	return r < 0 ? r : state_commit(&txn, err);
}

int container_query_store_start(struct engine *e, enum state_mode mode, struct container *c,
				struct arena *a, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct container stored;
	int r = state_begin(e->st, mode, &txn, err);

	if (r == 0)
		r = load(txn, c->id, a, &stored, err);
	if (r < 0)
		return r;
	stored.state = c->state;
	stored.restart_count = c->restart_count;
	stored.has_been_manually_stopped = c->has_been_manually_stopped;
	r = net_endpoint_take(e, txn, &stored, a, err);
	if (r == 0)
		r = state_put_doc(txn, STATE_CONTAINERS, c->id, &container_schema, &stored, err);
	if (r == 0)
		r = state_commit(&txn, err);
	if (r < 0)
		return r;
	c->endpoints.items = stored.endpoints.items;
	c->endpoints.n = stored.endpoints.n;
	c->ports.items = stored.ports.items;
	c->ports.n = stored.ports.n;
	return 0;
}

/*
 * Gives a document that says "running" its live state. Returns 0, or 1 when no shim lives and
 * nobody is at work on it: then it has to be healed.
 */
static int look(struct engine *e, struct container *c, struct arena *a)
{
	struct shim_status s;
	bool alive;

	if (!container_status_is_up(c))
		return 0;
	if (container_dir_peek(e, c->id, &s, &alive) < 0 || !alive)
		return 1;
	container_status_merge(c, &s, a);
	return 0;
}

/*
 * A shim that takes its traces away behind its end has said all in its record. The record of an end
 * before this start does not count.
 */
static bool take_exit_record(struct engine *e, struct container *c, struct arena *a)
{
	struct shim_status end;

	if (container_dir_exit_record(e, c->id, &end) < 0 || end.finished_at < c->state.started_at)
		return false;
	container_status_merge(c, &end, a);
	return true;
}

int container_find(struct engine *e, const char *name, struct arena *a, struct container *ret,
		   struct err *err)
{
	struct err why = ERR_INIT;
	int r = container_query_doc(e, name, a, ret, err);

	if (r < 0 || look(e, ret, a) == 0)
		return r;

	const char *id = ret->id;

	if (heal_container(e, id, &why) < 0)
		log_debug("container %.12s: %s", id, why.msg);
	r = container_query_doc(e, id, a, ret, err);
	if (r == -ENOENT)
		return err_set(err, r, "No such container: %.128s", name);
	if (r < 0 || look(e, ret, a) == 0 || take_exit_record(e, ret, a))
		return r;
	/* Another command has taken the record into the store since, or is between "running" in the
	 * store and a shim. */
	r = container_query_doc(e, id, a, ret, err);
	if (r == 0 && look(e, ret, a) == 1)
		container_status_starting(&ret->state, false);
	return r;
}

struct gather {
	struct arena *a;
	struct container_list *list;
	size_t cap;
};

static int gather_one(void *ctx, const char *key, const void *data, size_t len)
{
	struct gather *g = ctx;
	struct container *c;
	OWN(arena) struct arena scratch = ARENA_INIT;

	(void)key;
	if (g->list->n == g->cap) {
		size_t cap = g->cap ? g->cap * 2 : 16;
		struct container *items = arena_array(g->a, cap, sizeof(*items));

		if (g->list->n)
			memcpy(items, g->list->items, g->list->n * sizeof(*items));
		g->list->items = items;
		g->cap = cap;
	}
	c = &g->list->items[g->list->n];
	/* One document that cannot be read must not hide the others. */
	if (schema_read(&container_schema, data, len, g->a, c, NULL) == 0)
		g->list->n++;
	return 0;
}

static int newest_first(const void *x, const void *y)
{
	const struct container *a = x, *b = y;

	return a->created < b->created ? 1 : a->created > b->created ? -1 : strcmp(a->id, b->id);
}

int container_query_all(struct engine *e, struct arena *a, struct container_list *ret,
			struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct gather g = { .a = a, .list = ret };
	int r = state_begin(e->st, STATE_READ, &txn, err);

	*ret = (struct container_list){ 0 };
	if (r < 0)
		return r;
	r = state_each(txn, STATE_CONTAINERS, "", gather_one, &g);
	return r < 0 ? err_code(err, r, "reading the containers") : 0;
}

int container_list(struct engine *e, bool all, struct arena *a, struct container_list *ret,
		   struct err *err)
{
	size_t kept = 0;
	int r = container_query_all(e, a, ret, err);

	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		struct container c = ret->items[i];

		if (look(e, &c, a) == 1) {
			struct err gone = ERR_INIT;

			if (container_find(e, ret->items[i].id, a, &c, &gone) < 0)
				continue; /* removed meanwhile, or by healing */
		}
		if (all || container_status_is_up(&c))
			ret->items[kept++] = c;
	}
	if (r < 0)
		return r;
	ret->n = kept;
	if (kept)
		qsort(ret->items, kept, sizeof(*ret->items), newest_first);
	return 0;
}

int container_size(struct engine *e, const struct container *c, int64_t *ret_rw, int64_t *ret_root,
		   struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	OWN(arena) struct arena a = ARENA_INIT;
	int64_t rw = 0, layers = 0;
	int r = tree_size(e->root_fd, arena_printf(&a, "upper/%s", c->id), &rw);

	if (r < 0 && r != -ENOENT)
		return err_code(err, r, "size of container %.12s", c->id);
	r = state_begin(e->st, STATE_READ, &txn, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < c->layers.n; i++) {
		struct layer_doc layer;

		if (state_get_doc(txn, STATE_LAYERS, c->layers.items[i], &layer_doc_schema, &a,
				  &layer, NULL) == 0)
			layers += layer.size;
	}
	*ret_rw = rw;
	*ret_root = rw + layers;
	return 0;
}

const char *container_log_path(struct engine *e, const struct container *c, struct arena *a)
{
	if (str_eq(c->host_config.log_config.type, "none"))
		return NULL;
	return arena_printf(a, "%s/logs/%s.log", e->root, c->id);
}

int container_pids(struct engine *e, const char *name, struct arena *a, int **ret_pids,
		   size_t *ret_n, struct err *err)
{
	struct container c;
	int r = container_find(e, name, a, &c, err);

	if (r < 0)
		return r;
	if (c.state.pid == 0)
		return err_set(err, -EINVAL, "container %s is not running", c.id);
	_Static_assert(sizeof(pid_t) == sizeof(int), "a PID is an int");
	return cgroup_pids(container_status_cgroup(&c, a), a, ret_pids, ret_n, err);
}
