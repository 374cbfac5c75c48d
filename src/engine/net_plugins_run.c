/*
 * net_plugins_run.c - a container that starts joins its plugins' networks
 *
 * Its shim has made the namespace and waits for us: `berth network join ID` is executed by it, also
 * when it starts the container again by policy. So addresses that a plugin gives are in the store,
 * in the container's hosts file and in the names of its networks before anything in it runs. The
 * container's lock is with whoever starts it; we touch nothing but what is the endpoints'.
 */
#include "engine/container_query.h"
#include "engine/container_dir.h"
#include "engine/label_policy.h"
#include "engine/net_endpoint.h"
#include "engine/net_names.h"
#include "engine/net_plugins.h"
#include "engine/network.h"
#include "engine/network_driver.h"

#include "base/log.h"
#include "base/own.h"

#include <fcntl.h>

struct joining {
	struct engine *e;
	struct container c;
	int dir, netns;
	struct arena *a;
	struct strv *servers;
};

static int read_network(struct engine *e, const struct endpoint *ep, struct arena *a,
			struct network_doc *ret, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(e->st, STATE_READ, &txn, err);

	if (r == 0)
		r = state_get_doc(txn, STATE_NETWORKS, ep->network_id, &network_doc_schema, a, ret,
				  err);
	return r == -ENOENT ? err_set(err, r, "network %s not found", ep->network) : r;
}

int net_plugins_store(struct engine *e, struct container *c, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	OWN(arena) struct arena a = ARENA_INIT;
	struct container stored;
	int r = state_begin(e->st, STATE_NOSYNC, &txn, err);

	if (r == 0)
		r = state_get_doc(txn, STATE_CONTAINERS, c->id, &container_schema, &a, &stored,
				  err);
	/* The policies know it by its addresses: all old ones go, and all of now come. */
	if (r == 0)
		r = label_policy_stop(txn, &stored, err);
	if (r < 0)
		return r;
	stored.endpoints.items = c->endpoints.items;
	stored.endpoints.n = c->endpoints.n;
	r = label_policy_start(txn, &stored, err);
	if (r == 0)
		r = state_put_doc(txn, STATE_CONTAINERS, c->id, &container_schema, &stored, err);
	return r < 0 ? r : state_commit(&txn, err);
}

/* The file is mounted in the container, so it stays the same one. */
void net_plugins_note_host(int dir, const struct container *c, const struct endpoint *ep)
{
	OWN(fd) int fd = openat(dir, "hosts", O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	const char *const all[] = { ep->ip, ep->ip6 };
	OWN(buf) struct buf lines = { 0 };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!str_is_empty(all[i]))
			buf_printf(&lines, "%s\t%s\n", all[i], c->config.hostname);
	if (fd >= 0 && lines.len)
		(void)!write(fd, lines.data, lines.len);
}

static int join_one(struct joining *j, struct endpoint *ep, bool *ret_joined, struct err *err)
{
	bool had_address = !str_is_empty(ep->ip);
	struct network_doc n;
	int r = read_network(j->e, ep, j->a, &n, err);

	*ret_joined = false;
	if (r < 0 || !net_plugins_has(&n))
		return r;
	r = net_plugins_join(j->e, &n, &j->c, ep, ep == net_endpoint_way(&j->c, NET_V4), j->dir,
			     j->netns, j->a, j->servers, err);
	if (r < 0)
		return r;
	*ret_joined = true;
	if (!had_address)
		net_plugins_note_host(j->dir, &j->c, ep);
	return 0;
}

static int join_all(struct joining *j, struct err *err)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->c.endpoints.n; i++) {
		bool joined;

		r = join_one(j, &j->c.endpoints.items[i], &joined, err);
		any = any || joined;
	}
	if (r == 0 && any)
		r = net_plugins_store(j->e, &j->c, err);
	return r < 0 ? r : net_names_publish(j->e, &j->c, err);
}

int network_join(struct engine *e, const char *id, int netns, struct arena *a, struct strv *servers,
		 struct err *err)
{
	struct joining j = { .e = e, .netns = netns, .a = a, .servers = servers };
	OWN(fd) int dir = openat(e->c_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct err other = ERR_INIT;
	int r;

	if (dir < 0)
		return err_sys(err, "%s/c/%s", e->state, id);
	j.dir = dir;
	r = container_query_doc(e, id, a, &j.c, err);
	if (r == 0)
		r = join_all(&j, err);
	if (r < 0 && net_plugins_leave_all(e->state, id, dir, &other) < 0)
		(void)err_also(err, &other);
	return r;
}

void net_plugins_check_all(struct engine *e)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct container_list list;

	if (container_list(e, false, &a, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.n; i++) {
		const char *id = list.items[i].id;
		OWN(fd) int dir = openat(e->c_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct err why = ERR_INIT;

		if (dir >= 0 && net_plugins_check(e->state, id, dir, &why) < 0)
			log_warn("container %s: %s; restart it to have its network made anew",
				 list.items[i].name, why.msg);
	}
}

int network_leave(struct engine *e, const char *id, struct err *err)
{
	OWN(fd) int dir = openat(e->c_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? 0 : err_sys(err, "%s/c/%s", e->state, id);
	return net_plugins_leave_all(e->state, id, dir, err);
}
