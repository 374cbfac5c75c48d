/*
 * network_connect.c - other networks for a container that is there
 *
 * One that does not run has them in its document from the next start on. Of one that runs the
 * document is changed first when something is added, and the interface is removed first when
 * something is taken away: so an address never belongs to nobody while an interface has it.
 *
 * Its shim knows only the networks that it was started with, so a container that its shim starts
 * again by policy is not changed while it runs.
 */
#include "engine/container_query.h"
#include "engine/heal.h"
#include "engine/label_policy.h"
#include "engine/net_endpoint.h"
#include "engine/net_names.h"
#include "engine/net_plugins.h"
#include "engine/network.h"
#include "engine/network_option.h"
#include "engine/network_ipam.h"

#include "base/own.h"
#include "net/names.h"
#include "sys/namespace.h"
#include "sys/proc.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/random.h>
#include <sys/syscall.h>

enum { INTERFACES_MAX = 64 };

struct change {
	struct engine *e;
	struct container_dir d;
	struct container c;
	struct network_doc n;
	uint64_t pid_start;
	int links, inside, netns; /* of one that runs */
};

/* -- what is to be changed -- */

static int open_inside(struct change *x, struct err *err)
{
	OWN(fd) int own = namespace_own("net");
	OWN(fd) int pidfd = proc_open(x->c.state.pid, x->pid_start);
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", x->c.state.pid);
	x->netns = pidfd < 0 ? pidfd : namespace_open(path, CLONE_NEWNET);
	if (own < 0 || x->netns < 0 || proc_signal(pidfd, 0) < 0)
		return err_set(err, -ESRCH, "container %s is ending; try again", x->c.name);
	r = net_link_socket(&x->links, err);
	if (r < 0)
		return r;
	if (syscall(SYS_setns, x->netns, CLONE_NEWNET) < 0)
		return err_sys(err, "network of container %s", x->c.name);
	r = net_link_socket(&x->inside, err);
	if (syscall(SYS_setns, own, CLONE_NEWNET) < 0)
		return err_sys(err, "our own network namespace");
	return r;
}

/* Under the lock: with what its shim says, or healed when that is dead. */
static int look(struct change *x, struct arena *a, struct err *err)
{
	struct shim_status s;
	bool alive = false;
	int r;

	if (container_dir_status(x->d.dir, &s, &alive) == 0 && alive &&
	    s.state != SHIM_STATE_EXITED) {
		container_status_merge(&x->c, &s, a);
		x->pid_start = s.pid_start;
		if (!str_eq(x->c.host_config.restart_policy.name, "no"))
			return err_set(err, -EBUSY,
				       "container %s runs with --restart %s; stop it first",
				       x->c.name, x->c.host_config.restart_policy.name);
		return open_inside(x, err);
	}
	r = heal_locked(x->e, &x->d, x->c.id, err);
	return r < 0 ? r : container_query_doc(x->e, x->c.id, a, &x->c, err);
}

static void done(struct change *x)
{
	fd_cleanup(&x->links);
	fd_cleanup(&x->inside);
	fd_cleanup(&x->netns);
	if (container_status_is_up(&x->c))
		container_dir_leave(x->e, x->c.id, &x->d);
	else
		container_dir_settle(x->e, x->c.id, &x->d);
}

static int check_mode(const struct container *c, struct err *err)
{
	const char *mode = c->host_config.network_mode;

	if (str_eq(mode, "host") || net_endpoint_shared(c))
		return err_set(err, -EINVAL,
			       "container sharing network namespace with another container or host "
			       "cannot be connected to any other network");
	if (str_eq(mode, "none"))
		return err_set(err, -EINVAL,
			       "container cannot be connected to multiple networks with one of the "
			       "networks in private (none) mode");
	return 0;
}

static struct endpoint *find(struct container *c, const struct network_doc *n)
{
	for (size_t i = 0; i < c->endpoints.n; i++)
		if (str_eq(c->endpoints.items[i].network_id, n->id))
			return &c->endpoints.items[i];
	return NULL;
}

static int open_change(struct change *x, const char *network, const char *container,
		       struct arena *a, struct err *err)
{
	int r = network_find(x->e, network, a, &x->n, err);

	x->links = x->inside = x->netns = -1;
	if (r == 0)
		r = container_query_locked(x->e, container, a, &x->d, &x->c, err);
	if (r < 0)
		return r;
	r = look(x, a, err);
	if (r == 0)
		r = check_mode(&x->c, err);
	if (r < 0)
		done(x);
	return r;
}

static int store(struct change *x, struct state_txn **txn, struct err *err)
{
	struct container *c = &x->c;
	struct container stored;
	OWN(arena) struct arena a = ARENA_INIT;
	int r = state_get_doc(*txn, STATE_CONTAINERS, c->id, &container_schema, &a, &stored, err);

	if (r < 0)
		return err_wrap(err, "container %.12s", c->id);
	stored.endpoints.items = c->endpoints.items;
	stored.endpoints.n = c->endpoints.n;
	r = state_put_doc(*txn, STATE_CONTAINERS, c->id, &container_schema, &stored, err);
	return r < 0 ? r : state_commit(txn, err);
}

/* -- connect -- */

static void append(struct container *c, const struct endpoint *ep, struct arena *a)
{
	struct endpoint *items = arena_array(a, c->endpoints.n + 1, sizeof(*items));

	if (c->endpoints.n)
		memcpy(items, c->endpoints.items, c->endpoints.n * sizeof(*items));
	items[c->endpoints.n] = *ep;
	c->endpoints.items = items;
	c->endpoints.n++;
}

static int choose_interface(struct change *x, struct endpoint *ep, struct arena *a, struct err *err)
{
	const char *prefix = network_option_prefix(&x->n);
	int index;

	ep->interface = network_option_interface(ep);
	if (ep->interface)
		return net_link_index(x->inside, ep->interface, &index) == -ENODEV
			       ? 0
			       : err_set(err, -EEXIST, "container %s has an interface %s already",
					 x->c.name, ep->interface);
	for (int i = 0; i < INTERFACES_MAX; i++) {
		ep->interface = arena_printf(a, "%s%d", prefix, i);
		if (net_link_index(x->inside, ep->interface, &index) == -ENODEV)
			return 0;
	}
	return err_set(err, -ENOSPC, "container %s has %d interfaces already", x->c.name,
		       INTERFACES_MAX);
}

static int add_to_document(struct change *x, struct endpoint *ep, struct arena *a, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(x->e->st, STATE_WRITE, &txn, err);

	if (r == 0)
		r = net_endpoint_join(txn, &x->c, ep, a, err);
	if (r == 0 && x->netns >= 0)
		r = net_endpoint_address(txn, &x->c, ep, a, err);
	/* The policies know it by its addresses: all old ones go, and all of now come. */
	if (r == 0)
		r = label_policy_stop(txn, &x->c, err);
	if (r < 0)
		return r;
	append(&x->c, ep, a);
	r = label_policy_start(txn, &x->c, err);
	return r < 0 ? r : store(x, &txn, err);
}

static int remove_from_document(struct change *x, struct endpoint *ep, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	struct endpoint gone = *ep, *end = x->c.endpoints.items + x->c.endpoints.n;
	int r = state_begin(x->e->st, STATE_WRITE, &txn, err);

	if (r == 0)
		r = label_policy_stop(txn, &x->c, err);
	if (r == 0)
		r = net_endpoint_give_back(txn, x->c.id, &gone, err);
	if (r < 0)
		return r;
	memmove(ep, ep + 1, (size_t)(end - ep - 1) * sizeof(*ep));
	x->c.endpoints.n--;
	r = label_policy_start(txn, &x->c, err);
	return r < 0 ? r : store(x, &txn, err);
}

/* The ways to the world may lead through other networks now; a link takes its routes along.
 * An ordinary user's has its uplink. */
static int set_routes(struct change *x, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < NET_VERSIONS && !x->e->guest; i++) {
		const struct endpoint *way = net_endpoint_way(&x->c, i);
		struct ip_block gateway;

		if (way && ip_block_parse_address(net_endpoint_gateway(way, i), &gateway) == 0)
			r = net_default_route(x->inside, way->interface, &gateway, err);
	}
	return r;
}

/* Its resolver knows the name servers that it was started with. */
static int join_by_plugin(struct change *x, struct endpoint *ep, struct arena *a, struct err *err)
{
	struct strv unused = { 0 };
	int r = net_plugins_join(x->e, &x->n, &x->c, ep, ep == net_endpoint_way(&x->c, NET_V4),
				 x->d.dir, x->netns, a, &unused, err);

	return r < 0 ? r : net_plugins_store(x->e, &x->c, err);
}

static int make_link(struct change *x, struct endpoint *ep, struct arena *a, struct err *err)
{
	char unused[NET_NAME_MAX];
	struct net_link_plan link;
	int r = net_endpoint_link(x->e, &x->c, ep, a, &link, err);

	link.gateway = link.gateway6 = NULL;
	if (r == 0 && net_plugins_has(&x->n))
		r = join_by_plugin(x, ep, a, err);
	else if (r == 0)
		r = net_attach(x->links, x->inside, x->netns, &link, unused, err);
	return r < 0 ? r : set_routes(x, err);
}

static int connect_one(struct change *x, struct endpoint *ep, struct arena *a, struct err *err)
{
	struct err other = ERR_INIT;
	int r;

	if (find(&x->c, &x->n))
		return err_set(err, -EEXIST, "endpoint with name %s already exists in network %s",
			       x->c.name, x->n.name);
	r = x->netns >= 0 ? choose_interface(x, ep, a, err) : 0;
	if (r == 0)
		r = add_to_document(x, ep, a, err);
	if (r < 0 || x->netns < 0)
		return r;
	r = make_link(x, find(&x->c, &x->n), a, err);
	if (r == 0)
		r = net_names_publish(x->e, &x->c, err);
	if (r == 0)
		net_plugins_note_host(x->d.dir, &x->c, find(&x->c, &x->n));
	else if (remove_from_document(x, find(&x->c, &x->n), &other) < 0)
		(void)err_also(err, &other);
	return r;
}

int network_connect(struct engine *e, const char *container, const struct endpoint *wanted,
		    struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct change x = { .e = e, .d = CONTAINER_DIR_INIT };
	struct endpoint ep = *wanted;
	int r = open_change(&x, ep.network, container, &a, err);

	if (r < 0)
		return r;
	r = connect_one(&x, &ep, &a, err);
	done(&x);
	return r;
}

/* -- disconnect -- */

/* What knew it there: the others' resolvers, and the host's tracking of its connections. */
static void forget(struct change *x, const struct endpoint *ep)
{
	const char *const texts[] = { ep->ip, ep->ip6 };
	struct ip_block address;

	(void)names_withdraw(x->e->state, ep->network_id, x->c.id, NULL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!str_is_empty(texts[i]) && ip_block_parse_address(texts[i], &address) == 0)
			(void)net_conntrack_forget(&address);
}

static int disconnect_one(struct change *x, struct err *err)
{
	struct endpoint *ep = find(&x->c, &x->n);
	int r;

	if (!ep)
		return err_set(err, -ENOENT, "container %s is not connected to network %s",
			       x->c.name, x->n.name);
	if (x->netns < 0)
		return remove_from_document(x, ep, err);
	if (x->c.ports.n &&
	    (ep == net_endpoint_way(&x->c, NET_V4) || ep == net_endpoint_way(&x->c, NET_V6)))
		return err_set(
			err, -EBUSY,
			"the published ports of container %s lead through network %s; stop it "
			"first",
			x->c.name, x->n.name);
	r = net_plugins_leave(x->e->state, x->c.id, ep->network_id, x->d.dir, err);
	if (r == 0)
		r = net_link_remove(x->inside, ep->interface, err);
	if (r == 0)
		forget(x, ep);
	if (r == 0)
		r = remove_from_document(x, ep, err);
	return r < 0 ? r : set_routes(x, err);
}

int network_disconnect(struct engine *e, const char *network, const char *container,
		       struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct change x = { .e = e, .d = CONTAINER_DIR_INIT };
	int r = open_change(&x, network, container, &a, err);

	if (r < 0)
		return r;
	r = disconnect_one(&x, err);
	done(&x);
	return r;
}
