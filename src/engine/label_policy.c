/*
 * label_policy.c - label policies: in the store, and from there into the kernel
 *
 * The store's writing transaction is the lock: what a change of policies reads, and makes of the
 * kernel, happens between its begin and its commit, as does what a container brings and takes. So
 * nothing is computed from what is no longer true. The kernel's transaction comes before the
 * store's: one that fails leaves both as they were. A process killed between the two leaves the
 * kernel ahead, until the next change or heal.
 */
#include "engine/label_policy.h"

#include "base/log.h"
#include "base/own.h"
#include "engine/clock.h"
#include "engine/network_device.h"
#include "engine/network_option.h"
#include "net/net.h"

/* -- into the kernel -- */

/* The kernel has another state than the store says: somebody has flushed it, or was killed. */
static bool is_astray(int r)
{
	return r == -ENOENT || r == -EEXIST || r == -EBUSY;
}

static int write_all(int fd, const struct policy_world *w, struct arena *a, struct err *err)
{
	struct policy_items items;
	int r;

	if (w->n_policies == 0)
		return policy_nft_remove(fd, err);
	r = policy_compile(w, a, &items, err);
	return r < 0 ? r : policy_nft_write(fd, &items, err);
}

static int change_kernel(int fd, const struct policy_world *from, const struct policy_world *to,
			 struct arena *a, struct err *err)
{
	struct policy_items before, after;
	struct policy_ops ops;
	int r;

	/* The first policy brings the table, and the last one takes it along. */
	if (from->n_policies == 0 || to->n_policies == 0)
		return write_all(fd, to, a, err);
	r = policy_compile(from, a, &before, err);
	if (r == 0)
		r = policy_compile(to, a, &after, err);
	if (r < 0)
		return r;
	policy_items_diff(&before, &after, a, &ops);
	r = policy_nft_apply(fd, &ops, err);
	return is_astray(r) ? policy_nft_write(fd, &after, err) : r;
}

/* The addresses that containers have in one network. */
static size_t addresses_in(const struct policy_world *w, const char *network, struct arena *a,
			   struct ip_block **ret)
{
	size_t n = 0, room = 0;

	for (size_t i = 0; i < w->n_containers; i++)
		room += w->containers[i].n_addresses;
	*ret = arena_array(a, room, sizeof(**ret));
	for (size_t i = 0; i < w->n_containers; i++)
		for (size_t k = 0; k < w->containers[i].n_addresses; k++)
			if (str_eq(w->containers[i].addresses[k].network, network))
				(*ret)[n++] = w->containers[i].addresses[k].address;
	return n;
}

struct routing {
	const struct policy_world *w;
	struct arena *a;
	struct err *err;
	bool on;
};

static int route_one(void *ctx, const char *key, const void *data, size_t len)
{
	struct routing *to = ctx;
	struct ip_block *addresses;
	struct network_doc n;
	size_t count;
	int r = schema_read(&network_doc_schema, data, len, to->a, &n, to->err);

	if (r < 0)
		return err_wrap(to->err, "network %.64s in the store", key);
	if (!n.device)
		return 0;
	count = addresses_in(to->w, n.name, to->a, &addresses);
	return policy_bridge_route(n.device, to->on, to->on || !network_option_icc(&n), addresses,
				   count, to->err);
}

/* The bridges that are there answer for their containers from the first policy on. */
static int route_bridges(struct state_txn *txn, const struct policy_world *w, struct arena *a,
			 struct err *err)
{
	struct routing to = { w, a, err, w->n_policies > 0 };

	return state_each(txn, STATE_NETWORKS, "", route_one, &to);
}

/* -- containers -- */

bool label_policy_any(struct state_txn *txn)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct network_policy_list all;

	return label_policy_read(txn, &a, &all, NULL) < 0 || all.n > 0;
}

/* In place of what the store says of it, which may be older. */
static void put_container(struct policy_world *w, const struct policy_container *c, struct arena *a)
{
	struct policy_container *all = arena_array(a, w->n_containers + 1, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < w->n_containers; i++)
		if (!str_eq(w->containers[i].id, c->id))
			all[n++] = w->containers[i];
	all[n++] = *c;
	w->containers = all;
	w->n_containers = n;
}

/* What one container brings, by the policies of now; base is what is there without it. */
struct bringing {
	struct arena a;
	struct policy_container c;
	struct policy_items base, own;
	bool any; /* there are policies, and it has an address that they can know it by */
};

static void bringing_cleanup(struct bringing *b)
{
	arena_done(&b->a);
}

static int compile_one(struct state_txn *txn, const struct container *c, struct bringing *b,
		       struct err *err)
{
	struct network_policy_list policies;
	struct policy_world w = { 0 };
	int r = label_policy_read(txn, &b->a, &policies, err);

	b->c = label_policy_container(c, &b->a);
	b->any = r == 0 && policies.n > 0 && b->c.n_addresses > 0;
	if (!b->any)
		return r;
	w.policies = policies.items;
	w.n_policies = policies.n;
	r = policy_compile_base(&w, &b->a, &b->base, err);
	return r < 0 ? r : policy_compile_container(&w, &b->c, &b->a, &b->own, err);
}

/* Neighbours find its addresses of IPv6 by the bridge, while it has them. */
static int answer_for(struct state_txn *txn, const struct container *c, bool on, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->endpoints.n; i++) {
		const struct endpoint *ep = &c->endpoints.items[i];
		struct ip_block address;
		struct network_doc n;

		if (str_is_empty(ep->ip6) || ip_block_parse_address(ep->ip6, &address) < 0 ||
		    state_get_doc(txn, STATE_NETWORKS, ep->network_id, &network_doc_schema, &a, &n,
				  NULL) < 0 ||
		    !n.device)
			continue;
		r = policy_bridge_answer_for(n.device, &address, on, err);
	}
	return r;
}

int label_policy_start(struct state_txn *txn, const struct container *c, struct err *err)
{
	OWN(bringing) struct bringing b = { .a = ARENA_INIT };
	struct policy_world w;
	OWN(fd) int fd = -1;
	int r = compile_one(txn, c, &b, err);

	if (r < 0 || !b.any)
		return r;
	r = answer_for(txn, c, true, err);
	if (r == 0)
		r = net_rules_socket(&fd, err);
	if (r == 0)
		r = policy_nft_start(fd, &b.base, &b.c, &b.own, err);
	if (!is_astray(r))
		return r;
	r = label_policy_gather(txn, &b.a, &w, err);
	if (r < 0)
		return r;
	put_container(&w, &b.c, &b.a);
	return write_all(fd, &w, &b.a, err);
}

int label_policy_stop(struct state_txn *txn, const struct container *c, struct err *err)
{
	OWN(bringing) struct bringing b = { .a = ARENA_INIT };
	OWN(fd) int fd = -1;
	int r = compile_one(txn, c, &b, err);

	if (r < 0 || !b.any)
		return r;
	r = net_rules_socket(&fd, err);
	if (r == 0)
		r = policy_nft_stop(fd, &b.own, err);
	return r < 0 ? r : answer_for(txn, c, false, err);
}

int label_policy_networks(struct state_txn *txn, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct policy_world w;
	OWN(fd) int fd = -1;
	int r;

	if (!label_policy_any(txn))
		return 0;
	r = label_policy_gather(txn, &a, &w, err);
	if (r == 0)
		r = net_rules_socket(&fd, err);
	return r < 0 ? r : write_all(fd, &w, &a, err);
}

int label_policy_heal(struct engine *e, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	OWN(arena) struct arena a = ARENA_INIT;
	struct policy_world w;
	OWN(fd) int fd = -1;
	int r = state_begin(e->st, STATE_NOSYNC, &txn, err);

	if (r == 0)
		r = label_policy_gather(txn, &a, &w, err);
	if (r == 0)
		r = net_rules_socket(&fd, err);
	if (r == 0)
		r = write_all(fd, &w, &a, err);
	return r < 0 ? r : route_bridges(txn, &w, &a, err);
}

/* -- changing policies -- */

/* What a transaction that changes policies began from, and goes on to. */
struct change {
	struct arena a;
	struct state_txn *txn;
	struct policy_world before, after;
};

static void change_cleanup(struct change *ch)
{
	state_abort(&ch->txn);
	arena_done(&ch->a);
}

static int begin_change(struct engine *e, struct change *ch, struct err *err)
{
	int r = state_begin(e->st, STATE_WRITE, &ch->txn, err);

	return r < 0 ? r : label_policy_gather(ch->txn, &ch->a, &ch->before, err);
}

static int end_change(struct change *ch, struct err *err)
{
	OWN(fd) int fd = -1;
	size_t cut = 0;
	int r = label_policy_gather(ch->txn, &ch->a, &ch->after, err);

	if (r == 0)
		r = net_rules_socket(&fd, err);
	if (r == 0)
		r = change_kernel(fd, &ch->before, &ch->after, &ch->a, err);
	if (r < 0)
		return r;
	if (!ch->before.n_policies != !ch->after.n_policies)
		r = route_bridges(ch->txn, &ch->after, &ch->a, err);
	if (r == 0)
		r = state_commit(&ch->txn, err);
	if (r < 0) {
		(void)change_kernel(fd, &ch->after, &ch->before, &ch->a, NULL);
		return r;
	}
	r = policy_flows_cut(fd, &ch->after, &cut, err);
	log_debug("policies: %zu connections cut", cut);
	return r;
}

static const struct network_policy *named(const struct policy_world *w, const char *name)
{
	for (size_t i = 0; i < w->n_policies; i++)
		if (str_eq(w->policies[i].name, name))
			return &w->policies[i];
	return NULL;
}

/* But for when they were changed. */
static bool is_same(const struct network_policy *x, const struct network_policy *y)
{
	struct network_policy one = *x, two = *y;
	OWN(buf) struct buf a = { 0 }, b = { 0 };

	one.created = two.created = 0;
	schema_write(&network_policy_schema, &one, SCHEMA_COMPACT, &a);
	schema_write(&network_policy_schema, &two, SCHEMA_COMPACT, &b);
	return str_eq(buf_text(&a), buf_text(&b));
}

static int put_one(struct change *ch, const struct network_policy *p, bool replace,
		   enum label_policy_put *ret, struct err *err)
{
	const struct network_policy *old = named(&ch->before, p->name);
	struct network_policy stamped = *p;

	if (old && !replace)
		return err_set(err, -EEXIST,
			       "policy %s exists already; change it with 'berth network policy "
			       "apply'",
			       p->name);
	*ret = !old              ? LABEL_POLICY_CREATED
	       : is_same(old, p) ? LABEL_POLICY_UNCHANGED
				 : LABEL_POLICY_CHANGED;
	if (*ret == LABEL_POLICY_UNCHANGED)
		return 0;
	stamped.created = clock_now_ns();
	return state_put_doc(ch->txn, STATE_POLICIES, p->name, &network_policy_schema, &stamped,
			     err);
}

int label_policy_put(struct engine *e, const struct network_policy_list *policies, bool replace,
		     enum label_policy_put *ret_what, struct err *err)
{
	OWN(change) struct change ch = { .a = ARENA_INIT };
	int r = begin_change(e, &ch, err);

	for (size_t i = 0; r == 0 && i < policies->n; i++)
		r = put_one(&ch, &policies->items[i], replace, &ret_what[i], err);
	return r < 0 ? r : end_change(&ch, err);
}

static int not_found(const char *name, struct err *err)
{
	return err_set(err, -ENOENT, "No such network policy: %.128s", name);
}

int label_policy_remove(struct engine *e, const char *name, struct err *err)
{
	OWN(change) struct change ch = { .a = ARENA_INIT };
	int r = begin_change(e, &ch, err);

	if (r == 0 && !named(&ch.before, name))
		return not_found(name, err);
	if (r == 0)
		r = state_del(ch.txn, STATE_POLICIES, name, err);
	return r < 0 ? r : end_change(&ch, err);
}

/* -- looking -- */

int label_policy_list(struct engine *e, struct arena *a, struct network_policy_list *ret,
		      struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = state_begin(e->st, STATE_READ, &txn, err);

	return r < 0 ? r : label_policy_read(txn, a, ret, err);
}

int label_policy_find(struct engine *e, const char *name, struct arena *a,
		      struct network_policy *ret, struct err *err)
{
	struct network_policy_list all;
	int r = label_policy_list(e, a, &all, err);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		if (str_eq(all.items[i].name, name)) {
			*ret = all.items[i];
			return 0;
		}
	}
	return r < 0 ? r : not_found(name, err);
}

int label_policy_world(struct engine *e, struct arena *a, struct policy_world *ret, struct err *err)
{
	OWN(state_txn) struct state_txn *txn = NULL;
	int r = engine_heal(e, err);

	if (r == 0)
		r = state_begin(e->st, STATE_READ, &txn, err);
	return r < 0 ? r : label_policy_gather(txn, a, ret, err);
}
