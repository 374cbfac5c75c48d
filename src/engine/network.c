/*
 * network.c - networks: create, look, remove
 *
 * A network is a document; what its driver has in the kernel is made when its first container
 * starts, and removed with it.
 * A network is in use while an address of it belongs to a container that runs: rows of addresses
 * and documents change in one transaction, so nothing can start in a network that is being removed.
 */
#include "engine/network.h"

#include "base/own.h"
#include "codec/json.h"
#include "codec/timestamp.h"
#include "engine/clock.h"
#include "engine/container_query.h"
#include "engine/label_policy.h"
#include "engine/net_plugins.h"
#include "engine/network_device.h"
#include "engine/network_driver.h"
#include "engine/network_ipam.h"

#include <ctype.h>
#include <sys/random.h>

enum { ID_BYTES = NETWORK_ID_LEN / 2 };

/* -- finding -- */

struct search {
	const char *prefix;
	char id[NETWORK_ID_LEN + 1];
	unsigned found;
};

static int match(void *ctx, const char *key, const void *data, size_t len)
{
	struct search *s = ctx;

	(void)data;
	(void)len;
	(void)snprintf(s->id, sizeof(s->id), "%.64s", key);
	return ++s->found > 1;
}

static int find(struct state_txn *txn, const char *name, struct arena *a, struct network_doc *ret,
		struct err *err)
{
	struct search s = { .prefix = name };
	const char *id = NULL;
	int r;

	if (state_get_doc(txn, STATE_NETWORKS, name, &network_doc_schema, a, ret, NULL) == 0)
		return 0;
	if (state_get_str(txn, STATE_NETWORK_NAMES, name, a, &id) < 0 && *name) {
		r = state_each(txn, STATE_NETWORKS, name, match, &s);
		if (r < 0)
			return err_code(err, r, "reading the networks");
		if (s.found > 1)
			return err_set(err, -EINVAL,
				       "network %.100s is ambiguous (%u matches found based on ID "
				       "prefix)",
				       name, s.found);
		id = s.found ? s.id : NULL;
	}
	if (!id)
		return err_set(err, -ENOENT, "network %.128s not found", name);
	r = state_get_doc(txn, STATE_NETWORKS, id, &network_doc_schema, a, ret, err);
	return r < 0 ? err_wrap(err, "network %.128s", name) : 0;
}

static const char *make_id(struct arena *a)
{
	unsigned char bytes[ID_BYTES];
	OWN(buf) struct buf text = { 0 };

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return NULL;
	for (size_t i = 0; i < sizeof(bytes); i++)
		buf_printf(&text, "%02x", bytes[i]);
	return arena_strdup(a, buf_text(&text));
}

static int put(struct state_txn *txn, struct network_doc *n, struct err *err)
{
	int r = state_put_new(txn, STATE_NETWORK_NAMES, n->name, n->id, NETWORK_ID_LEN, err);

	if (r == -EEXIST)
		return err_set(err, r, "network with name %s already exists", n->name);
	return r < 0 ? r : state_put_doc(txn, STATE_NETWORKS, n->id, &network_doc_schema, n, err);
}

/* Those that docker has from the beginning. */
static int put_predefined(struct state_txn *txn, struct arena *a, struct err *err)
{
	static const struct {
		const char *name, *driver, *device;
	} all[] = {
		{ NETWORK_DEFAULT, "bridge", "berth0" },
		{ "host", "host", NULL },
		{ "none", "null", NULL },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(all) / sizeof(all[0]); i++) {
		struct network_doc n = { .version = NETWORK_DOC_VERSION,
					 .id = make_id(a),
					 .name = all[i].name,
					 .driver = all[i].driver,
					 .device = all[i].device,
					 .created = clock_now_ns(),
					 .ipam = { .driver = "default" } };

		if (!n.id)
			return err_sys(err, "random numbers");
		if (n.device)
			r = network_ipam_choose(txn, &n, a, err);
		if (r == 0)
			r = put(txn, &n, err);
	}
	return r;
}

static bool is_predefined(const char *name)
{
	return str_eq(name, NETWORK_DEFAULT) || str_eq(name, "host") || str_eq(name, "none");
}

int network_find_in(struct state_txn *txn, const char *name, struct arena *a,
		    struct network_doc *ret, struct err *err)
{
	return find(txn, str_eq(name, "default") ? NETWORK_DEFAULT : name, a, ret, err);
}

static bool has_predefined(struct state_txn *txn)
{
	const void *data;
	size_t len;

	return state_get(txn, STATE_NETWORK_NAMES, NETWORK_DEFAULT, &data, &len) == 0;
}

int network_ensure_predefined(struct engine *e, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(e->st, STATE_READ, &txn, err);

	if (r < 0 || has_predefined(txn))
		return r;
	state_abort(&txn);
	r = state_begin(e->st, STATE_WRITE, &txn, err);
	if (r < 0 || has_predefined(txn))
		return r;
	r = put_predefined(txn, &a, err);
	if (r == 0)
		r = label_policy_networks(txn, err);
	return r < 0 ? err_wrap(err, "the default network") : state_commit(&txn, err);
}

/* A transaction in which the networks that are always there are. */
static int begin(struct engine *e, bool write, struct state_txn **ret, struct err *err)
{
	int r = network_ensure_predefined(e, err);

	return r < 0 ? r : state_begin(e->st, write ? STATE_WRITE : STATE_READ, ret, err);
}

int network_find(struct engine *e, const char *name, struct arena *a, struct network_doc *ret,
		 struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = begin(e, false, &txn, err);

	return r < 0 ? r : find(txn, name, a, ret, err);
}

struct listing {
	struct arena *a;
	struct network_list *list;
	size_t cap;
};

static int list_one(void *ctx, const char *key, const void *data, size_t len)
{
	struct listing *l = ctx;

	(void)key;
	if (l->list->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		struct network_doc *items = arena_array(l->a, cap, sizeof(*items));

		if (l->list->n)
			memcpy(items, l->list->items, l->list->n * sizeof(*items));
		l->list->items = items;
		l->cap = cap;
	}
	if (schema_read(&network_doc_schema, data, len, l->a, &l->list->items[l->list->n], NULL) ==
	    0)
		l->list->n++;
	return 0;
}

static int by_name(const void *x, const void *y)
{
	const struct network_doc *a = x, *b = y;

	return strcmp(a->name, b->name);
}

int network_list(struct engine *e, struct arena *a, struct network_list *ret, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct listing l = { .a = a, .list = ret };
	int r = begin(e, false, &txn, err);

	*ret = (struct network_list){ 0 };
	if (r == 0)
		r = state_each(txn, STATE_NETWORKS, "", list_one, &l);
	if (r < 0)
		return err_code(err, r, "reading the networks");
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), by_name);
	return 0;
}

/* -- creating -- */

static int check_spec(const struct network_spec *s, struct err *err)
{
	int r = 0;

	if (!isalnum((unsigned char)s->name[0]) || strlen(s->name) > NETWORK_NAME_MAX)
		r = -EINVAL;
	for (const char *p = s->name; r == 0 && *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.-", *p))
			r = -EINVAL;
	if (r < 0)
		return err_set(err, r,
			       "invalid network name: %.100s: only [a-zA-Z0-9][a-zA-Z0-9_.-] are "
			       "allowed",
			       s->name);
	if (is_predefined(s->name) || str_eq(s->name, "default") ||
	    str_after(s->name, "container:"))
		return err_set(err, -EEXIST, "operation is not permitted on predefined %s network",
			       s->name);
	return 0;
}

/* An interface that somebody else has made is his. */
static int check_device_is_free(struct state_txn *txn, const struct network_doc *n, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct network_list list = { 0 };
	struct listing l = { .a = &a, .list = &list };
	OWN(fd) int fd = -1;
	int index, r = net_link_socket(&fd, err);

	if (r == 0)
		r = state_each(txn, STATE_NETWORKS, "", list_one, &l);
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++)
		if (str_eq(list.items[i].device, n->device))
			return err_set(err, -EEXIST,
				       "network %s uses the bridge %s already; choose another name",
				       list.items[i].name, n->device);
	if (net_link_index(fd, n->device, &index) == 0)
		return err_set(err, -EEXIST,
			       "an interface named %s is there already; choose another name",
			       n->device);
	return 0;
}

int network_create(struct engine *e, const struct network_spec *s, char ret_id[65], struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(state_txn) struct state_txn *txn = NULL;
	struct network_doc n = { .version = NETWORK_DOC_VERSION,
				 .id = make_id(&a),
				 .name = s->name,
				 .driver = str_is_empty(s->driver) ? "bridge" : s->driver,
				 .created = clock_now_ns(),
				 .internal = s->internal,
				 .attachable = s->attachable,
				 .ipv6 = s->ipv6,
				 .no_ipv4 = s->no_ipv4,
				 .options = s->options,
				 .labels = s->labels,
				 .ipam = { .driver = str_is_empty(s->ipam_driver) ? "default"
										  : s->ipam_driver,
					   .options = s->ipam_options } };
	int r = n.id ? check_spec(s, err) : err_sys(err, "random numbers");

	if (s->n_pools)
		n.ipam.config.items = arena_memdup(&a, s->pools, s->n_pools * sizeof(*s->pools));
	n.ipam.config.n = s->n_pools;
	if (r == 0)
		r = network_driver_validate(e, &n, &a, err);
	if (r == 0)
		r = begin(e, true, &txn, err);
	if (r < 0)
		return r;
	if (network_ipam_is_ours(&n))
		r = network_ipam_choose(txn, &n, &a, err);
	if (r == 0 && n.device)
		r = check_device_is_free(txn, &n, err);
	if (r == 0)
		r = put(txn, &n, err);
	if (r == 0)
		r = label_policy_networks(txn, err);
	if (r == 0)
		r = state_commit(&txn, err);
	if (r == 0)
		(void)snprintf(ret_id, NETWORK_ID_LEN + 1, "%s", n.id);
	return r;
}

/* -- removing -- */

struct using
{
	struct state_txn *txn;
	struct arena *a;
	struct container user;
	bool found;
};

static int look_for_user(void *ctx, const char *key, const void *data, size_t len)
{
	struct using *u = ctx;
	const char *id;

	(void)key;
	if (len != CONTAINER_ID_LEN)
		return 0;
	id = arena_strndup(u->a, data, len);
	if (state_get_doc(u->txn, STATE_CONTAINERS, id, &container_schema, u->a, &u->user, NULL) <
	    0)
		return 0;
	u->found = container_status_is_up(&u->user);
	return u->found;
}

static int check_unused(struct state_txn *txn, const struct network_doc *n, struct arena *a,
			struct err *err)
{
	struct using u = { .txn = txn, .a = a };
	int r = state_each(txn, STATE_ADDRESSES, arena_printf(a, "%s/", n->id), look_for_user, &u);

	if (r < 0)
		return err_code(err, r, "addresses of network %s", n->name);
	if (u.found)
		return err_set(err, -EBUSY,
			       "error while removing network: network %s has active endpoints "
			       "(name:\"%s\" id:\"%.12s\")",
			       n->name, u.user.name, u.user.id);
	return 0;
}

static int remove_doc(struct engine *e, const char *name, struct arena *a, struct network_doc *ret,
		      struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = begin(e, true, &txn, err);

	if (r == 0)
		r = find(txn, name, a, ret, err);
	if (r == 0 && is_predefined(ret->name))
		r = err_set(err, -EPERM, "%s is a pre-defined network and cannot be removed",
			    ret->name);
	if (r == 0)
		r = check_unused(txn, ret, a, err);
	if (r == 0)
		r = network_ipam_forget(txn, ret->id, err);
	if (r == 0)
		r = state_del(txn, STATE_NETWORK_NAMES, ret->name, err);
	if (r == 0)
		r = state_del(txn, STATE_NETWORKS, ret->id, err);
	if (r == 0)
		r = label_policy_networks(txn, err);
	return r < 0 ? r : state_commit(&txn, err);
}

int network_remove(struct engine *e, const char *name, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct network_doc n = { 0 };
	int r = engine_heal(e, err);

	if (r == 0)
		r = remove_doc(e, name, &a, &n, err);
	if (r == 0 && network_driver_of(&n)->teardown)
		r = network_driver_of(&n)->teardown(e, &n, err);
	return r;
}

bool network_is_predefined(const struct network_doc *n)
{
	return is_predefined(n->name);
}

const char *network_scope(const struct network_doc *n)
{
	return network_driver_scope(n);
}

int network_heal(struct engine *e, struct err *err)
{
	int r = network_device_heal(e, true, err);

	if (r == 0)
		net_plugins_check_all(e);
	return r < 0 ? r : label_policy_heal(e, err);
}

/* -- showing -- */

static void add_str(struct json_object *tree, const char *key, const char *value)
{
	json_object_object_add(tree, key, json_object_new_string(value ? value : ""));
}

static const char *within(const char *address, int prefix, struct arena *a)
{
	return str_is_empty(address) ? "" : arena_printf(a, "%s/%d", address, prefix);
}

static struct json_object *containers(struct engine *e, const struct network_doc *n)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct json_object *all = json_object_new_object();
	struct container_list list;

	if (container_list(e, false, &a, &list, NULL) < 0)
		return all;
	for (size_t i = 0; i < list.n; i++) {
		for (size_t k = 0; k < list.items[i].endpoints.n; k++) {
			const struct endpoint *ep = &list.items[i].endpoints.items[k];
			struct json_object *one;

			if (!str_eq(ep->network_id, n->id) || str_is_empty(ep->endpoint_id))
				continue;
			one = json_object_new_object();
			add_str(one, "Name", list.items[i].name);
			add_str(one, "EndpointID", ep->endpoint_id);
			add_str(one, "MacAddress", ep->mac);
			add_str(one, "IPv4Address", within(ep->ip, ep->prefix, &a));
			add_str(one, "IPv6Address", within(ep->ip6, ep->prefix6, &a));
			json_object_object_add(all, list.items[i].id, one);
		}
	}
	return all;
}

struct json_object *network_inspect(struct engine *e, const struct network_doc *n)
{
	struct json_object *tree = schema_tree(&network_doc_schema, n, SCHEMA_FULL);
	struct json_object *from = json_object_new_object();

	json_object_object_del(tree, "Version");
	json_object_object_del(tree, "Device");
	add_str(tree, "Scope", network_driver_scope(n));
	json_object_object_del(tree, "NoIPv4");
	json_object_object_add(tree, "EnableIPv4", json_object_new_boolean(!n->no_ipv4));
	json_object_object_add(tree, "Ingress", json_object_new_boolean(false));
	add_str(from, "Network", "");
	json_object_object_add(tree, "ConfigFrom", from);
	json_object_object_add(tree, "ConfigOnly", json_object_new_boolean(false));
	json_object_object_add(tree, "Containers", containers(e, n));
	return tree;
}
