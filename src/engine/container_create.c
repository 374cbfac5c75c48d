/*
 * container_create.c - from what the user said to a container in the store
 *
 * Order: STATE/c/ID first, so that whatever happens afterwards is found and removed; then the
 * directories of the overlay; the document last, in one transaction with the name. Before the
 * commit nothing exists for anybody else. `run` keeps the lock and the document for the start.
 */
#include "engine/clock.h"
#include "engine/container_query.h"
#include "engine/container_spec.h"
#include "engine/container_validate.h"
#include "engine/net_endpoint.h"
#include "engine/heal.h"
#include "engine/names.h"
#include "engine/network.h"

#include "base/mem.h"
#include "base/own.h"
#include "engine/container_devices.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

enum { ID_BYTES = CONTAINER_ID_LEN / 2, NAME_ATTEMPTS = 16 };

static int random_bytes(void *to, size_t len, struct err *err)
{
	return getrandom(to, len, 0) == (ssize_t)len ? 0 : err_sys(err, "random numbers");
}

static int make_id(char id[CONTAINER_ID_LEN + 1], struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[ID_BYTES];
	int r = random_bytes(bytes, sizeof(bytes), err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ID_BYTES; i++) {
		id[2 * i] = digits[bytes[i] >> 4];
		id[2 * i + 1] = digits[bytes[i] & 15];
	}
	id[CONTAINER_ID_LEN] = '\0';
	return 0;
}

static int check_name(const char *name, struct err *err)
{
	if (!container_name_is_valid(name) || strlen(name) > CONTAINER_NAME_MAX)
		return err_set(
			err, -EINVAL,
			"Invalid container name (%.64s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
			name);
	return 0;
}

static int find_image(struct engine *e, const char *name, struct arena *a, struct image_doc *ret,
		      struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(e->st, STATE_READ, &txn, err);

	return r < 0 ? r : image_find(e->images, txn, name, a, ret, err);
}

static int check_device_rules(const struct host_config *h, struct arena *a, struct err *err)
{
	struct oci_device_rule rule;
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->device_cgroup_rules.n; i++)
		r = container_devices_parse_rule(h->device_cgroup_rules.items[i], a, &rule, err);
	return r;
}

/* Everything that needs no trace: image, merged document, checks. */
static int decide(struct engine *e, const struct create_spec *spec, struct arena *a,
		  struct container *ret, struct err *err)
{
	char id[CONTAINER_ID_LEN + 1];
	struct image_doc image;
	struct host_facts facts;
	const char *name = spec->name && spec->name[0] == '/' ? spec->name + 1 : spec->name;
	int r = name ? check_name(name, err) : 0;

	if (r == 0)
		r = find_image(e, spec->image, a, &image, err);
	if (r == 0)
		r = make_id(id, err);
	if (r < 0)
		return r;
	if (!str_eq(spec->host.network_mode, "none"))
		r = network_ensure_predefined(e, err);
	if (r < 0)
		return r;
	host_facts_gather(&spec->host, a, &facts);
	r = container_spec_merge(spec, &image, &facts, id, a, ret, err);
	if (r == 0)
		r = container_validate(ret, &facts, a, err);
	if (r == 0)
		r = check_device_rules(&ret->host_config, a, err);
	ret->name = name;
	ret->created = clock_now_ns();
	if (spec->will_start) {
		ret->state.status = CONTAINER_RUNNING;
		ret->state.running = true;
		ret->state.started_at = ret->created;
	}
	return r;
}

static int make_dirs(struct engine *e, const char *id, struct err *err)
{
	static const char *const kinds[] = { "upper", "work" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		OWN(str) char *path = str_printf("%s/%s", kinds[i], id);

		/* upper/ID becomes the container's "/": 0755 as docker has it. */
		if (mkdirat(e->root_fd, path, i == 0 ? 0755 : 0700) < 0)
			return err_sys(err, "creating %s/%s", e->root, path);
	}
	return 0;
}

static void remove_dirs(struct engine *e, const char *id)
{
	OWN(str) char *upper = str_printf("upper/%s", id);
	OWN(str) char *work = str_printf("work/%s", id);

	(void)unlinkat(e->root_fd, upper, AT_REMOVEDIR);
	(void)unlinkat(e->root_fd, work, AT_REMOVEDIR);
}

static int name_taken(struct state_txn *txn, const char *name, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	const char *id = "";

	(void)state_get_str(txn, STATE_CONTAINER_NAMES, name, &a, &id);
	return err_set(
		err, -EEXIST,
		"Conflict. The container name \"/%s\" is already in use by container \"%s\". You "
		"have to remove (or rename) that container to be able to reuse that name.",
		name, id);
}

/* Takes the user's name, or makes one up that is free. */
static int put_name(struct state_txn *txn, struct container *c, struct arena *a, struct err *err)
{
	char name[NAMES_MAX];
	uint64_t random;
	int r;

	if (c->name) {
		r = state_put_new(txn, STATE_CONTAINER_NAMES, c->name, c->id, CONTAINER_ID_LEN,
				  err);
		return r == -EEXIST ? name_taken(txn, c->name, err) : r;
	}
	for (unsigned attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
		r = random_bytes(&random, sizeof(random), err);
		if (r < 0)
			return r;
		names_make(random, attempt, name);
		r = state_put_new(txn, STATE_CONTAINER_NAMES, name, c->id, CONTAINER_ID_LEN, err);
		if (r == 0)
			c->name = arena_strdup(a, name);
		if (r != -EEXIST)
			return r;
	}
	return err_set(err, -EEXIST, "no made-up name is free; give one with --name");
}

static int store(struct engine *e, struct container *c, struct arena *a, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	const void *image;
	size_t len;
	/* What goes with the container needs no sync. */
	int r = state_begin(e->st, c->host_config.auto_remove ? STATE_NOSYNC : STATE_WRITE, &txn,
			    err);

	if (r < 0)
		return r;
	/* It was there when we read it; now it cannot go any more. */
	if (state_get(txn, STATE_IMAGES, c->image, &image, &len) < 0)
		return err_set(err, -ENOENT, "No such image: %s", c->config.image);
	r = put_name(txn, c, a, err);
	if (r == 0)
		r = net_endpoint_resolve(txn, c, a, err);
	if (r == 0 && c->state.running)
		r = net_endpoint_take(e, txn, c, a, err);
	if (r == 0)
		r = state_put_doc(txn, STATE_CONTAINERS, c->id, &container_schema, c, err);
	return r < 0 ? r : state_commit(&txn, err);
}

static void prepared_free(struct prepared *p)
{
	fd_cleanup(&p->lock);
	fd_cleanup(&p->dir);
	arena_done(&p->arena);
	free(p);
}

static int make(struct engine *e, struct prepared *p, struct err *err)
{
	struct container *c = &p->container;
	struct container_dir d = CONTAINER_DIR_INIT;
	int r = container_dir_lock(e, c->id, CONTAINER_DIR_CREATE, &d, err);

	if (r < 0) {
		container_dir_drop(e, c->id);
		return r;
	}
	r = make_dirs(e, c->id, err);
	if (r == 0)
		r = store(e, c, &p->arena, err);
	if (r < 0) {
		remove_dirs(e, c->id);
		container_dir_remove(e, c->id, &d);
	}
	p->dir = d.dir;
	p->lock = d.lock;
	return r;
}

static void keep_notes(struct engine *e, const struct container *c)
{
	arena_done(&e->notes_arena);
	e->notes = (struct strv){ 0 };
	for (size_t i = 0; i < c->notes.n; i++)
		strv_add(&e->notes, &e->notes_arena,
			 arena_strdup(&e->notes_arena, c->notes.items[i]));
}

const struct strv *container_create_notes(const struct engine *e)
{
	return &e->notes;
}

int container_create(struct engine *e, const struct create_spec *spec, char ret_id[65],
		     struct err *err)
{
	struct prepared *p = mem_alloc(sizeof(*p));
	int r = heal_if_stale(e, err);

	p->dir = p->lock = -1;
	if (r == 0)
		r = decide(e, spec, &p->arena, &p->container, err);
	if (r == 0 && spec->host.port_bindings.n)
		heal_dead(e);
	if (r == 0)
		r = make(e, p, err);
	if (r < 0) {
		prepared_free(p);
		return r;
	}
	(void)snprintf(ret_id, CONTAINER_ID_LEN + 1, "%s", p->container.id);
	keep_notes(e, &p->container);
	if (spec->will_start) {
		e->prepared = p;
		return 0;
	}

	struct container_dir d = { p->dir, p->lock };

	p->dir = p->lock = -1;
	container_dir_remove(e, ret_id, &d);
	prepared_free(p);
	return 0;
}
