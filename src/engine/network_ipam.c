/*
 * network_ipam.c - which addresses are whose
 *
 * A network has pools, usually one of each version of IP.
 * The store has one row for each address that is in use, with its owner: the row is written in the
 * transaction that makes the owner run, and deleted in the one that takes its end in, so neither
 * can be there without the other. Addresses are given out in a circle, so that one is used again as
 * late as possible: neighbours and name servers elsewhere remember it for a while. A static
 * address's row lasts as long as its container.
 *
 * Why no bitmap: a /16 has 8 KB of bits, which a copy-on-write store would write anew at each
 * start, it says nothing of owners, and a /64 has none.
 *
 * Subnets of IPv6 that nobody chose are of a prefix of this store's own (RFC 4193): 40 random bits,
 * drawn once.
 */
#include "engine/network_ipam.h"

#include "base/own.h"
#include "net/net.h"

#include <sys/random.h>

enum { KEY_MAX = NETWORK_ID_LEN + 64, JOIN_KEY_MAX = NETWORK_ID_LEN + CONTAINER_ID_LEN + 4 };

/* -- pools -- */

/* docker's first, then the upper half of 10/8, where hardly anybody has networks of this size. */
static const struct {
	const char *base;
	unsigned size;
} pools[] = {
	{ "172.17.0.0/16", 16 }, { "172.18.0.0/15", 16 },  { "172.20.0.0/14", 16 },
	{ "172.24.0.0/13", 16 }, { "192.168.0.0/16", 20 }, { "10.128.0.0/9", 20 },
};

struct subnets {
	struct arena *a;
	struct ip_block *items;
	size_t n;
};

static void add_subnet(struct subnets *all, const struct ip_block *subnet)
{
	struct ip_block *grown = arena_array(all->a, all->n + 1, sizeof(*grown));

	if (all->n)
		memcpy(grown, all->items, all->n * sizeof(*grown));
	grown[all->n++] = *subnet;
	all->items = grown;
}

static int collect(void *ctx, const char *key, const void *data, size_t len)
{
	struct subnets *all = ctx;
	struct network_doc n;
	struct ip_block *subnets;
	size_t count;

	(void)key;
	if (schema_read(&network_doc_schema, data, len, all->a, &n, NULL) < 0)
		return 0;
	count = network_ipam_subnets(&n, all->a, &subnets);
	for (size_t i = 0; i < count; i++)
		add_subnet(all, &subnets[i]);
	return 0;
}

static bool is_taken(const struct subnets *all, const struct ip_block *c)
{
	for (size_t i = 0; i < all->n; i++)
		if (ip_block_overlaps(&all->items[i], c))
			return true;
	return false;
}

/* The first free subnet of so many bits within a block; -ENOSPC. */
static int find_within(int fd, const struct subnets *all, const struct ip_block *base,
		       unsigned prefix, struct ip_block *ret, struct err *err)
{
	struct ip_block c = ip_block_first(base);

	c.prefix = (uint8_t)prefix;
	do {
		bool overlaps;
		int r;

		if (is_taken(all, &c))
			continue;
		r = net_route_overlaps(fd, &c, &overlaps, err);
		if (r < 0)
			return r;
		if (!overlaps) {
			*ret = c;
			return 0;
		}
	} while (ip_block_next(&c) && ip_block_has(base, &c));
	return -ENOSPC;
}

static int find_free(int fd, const struct subnets *all, struct ip_block *ret, struct err *err)
{
	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		struct ip_block base;
		int r;

		(void)ip_block_parse_within(pools[i].base, &base);
		r = find_within(fd, all, &base, pools[i].size, ret, err);
		if (r != -ENOSPC)
			return r;
	}
	return err_set(err, -ENOSPC,
		       "all predefined address pools have been fully subnetted; give "
		       "one with --subnet");
}

enum { ULA_BYTES = 6, ULA_PREFIX = 48, ULA_SUBNET = 64 };
static const char ula_key[] = "ula";

/* This store's own prefix of IPv6. */
static int own_prefix(struct state_txn *txn, struct ip_block *ret, struct err *err)
{
	uint8_t bytes[IP_BYTES] = { 0xfd };
	const void *data;
	size_t len;
	int r = 0;

	if (state_get(txn, STATE_META, ula_key, &data, &len) == 0 && len == ULA_BYTES) {
		memcpy(bytes, data, ULA_BYTES);
	} else {
		if (getrandom(bytes + 1, ULA_BYTES - 1, 0) != ULA_BYTES - 1)
			return err_sys(err, "random numbers");
		r = state_put(txn, STATE_META, ula_key, bytes, ULA_BYTES, err);
	}
	*ret = ip_block_of(6, bytes);
	ret->prefix = ULA_PREFIX;
	return r;
}

static int find_free6(int fd, struct state_txn *txn, const struct subnets *all,
		      struct ip_block *ret, struct err *err)
{
	struct ip_block base;
	int r = own_prefix(txn, &base, err);

	if (r == 0)
		r = find_within(fd, all, &base, ULA_SUBNET, ret, err);
	return r == -ENOSPC ? err_set(err, r,
				      "all subnets of IPv6 are in use; give one with "
				      "--subnet")
			    : r;
}

static const char *address_text(const struct ip_block *address, struct arena *a)
{
	char text[IP_BLOCK_TEXT_MAX];

	ip_block_write(address, text);
	return arena_strdup(a, text);
}

static bool is_inside(const struct ip_block *subnet, const char *address)
{
	struct ip_block one;

	return ip_block_parse_address(address, &one) == 0 && ip_block_has(subnet, &one);
}

/* The addresses that the user names must be of the subnet. */
static int check_inside(const struct ipam_config *c, const struct ip_block *subnet, struct err *err)
{
	struct ip_block range;

	if (c->ip_range &&
	    (ip_block_parse_within(c->ip_range, &range) < 0 || !ip_block_has(subnet, &range)))
		return err_set(err, -EINVAL, "invalid ip-range %s: it is not within the subnet %s",
			       c->ip_range, c->subnet);
	if (c->gateway && !is_inside(subnet, c->gateway))
		return err_set(err, -EINVAL, "invalid gateway %s: it is not within the subnet %s",
			       c->gateway, c->subnet);
	for (size_t i = 0; i < c->reserved.n; i++)
		if (!is_inside(subnet, c->reserved.items[i].value))
			return err_set(err, -EINVAL, "no matching subnet for aux-address %s",
				       c->reserved.items[i].value);
	return 0;
}

/* What is left out of a pool whose subnet is known. */
static int fill(struct ipam_config *c, const struct ip_block *subnet, struct arena *a,
		struct err *err)
{
	struct ip_block gateway = ip_block_first(subnet);

	c->subnet = address_text(subnet, a);
	if (!c->gateway && ip_block_next(&gateway))
		c->gateway = address_text(&gateway, a);
	return check_inside(c, subnet, err);
}

static int check_form(const struct network_doc *n, const char *text, struct ip_block *ret,
		      struct err *err)
{
	char right[IP_BLOCK_TEXT_MAX];
	struct ip_block subnet;

	if (ip_block_parse_within(text, ret) < 0 || ret->prefix == 0 ||
	    ret->prefix > 8 * ip_block_bytes(ret) - 2)
		return err_set(err, -EINVAL,
			       "invalid subnet %s: write 10.5.0.0/24 or fd00:5::/64, with a prefix "
			       "of 1 to 30 or, for IPv6, 126",
			       text);
	subnet = ip_block_subnet(ret);
	if (ip_block_compare(&subnet, ret) != 0) {
		ip_block_write(&subnet, right);
		return err_set(err, -EINVAL,
			       "invalid network config: invalid subnet %s: it should be %s", text,
			       right);
	}
	if (ret->family == 6 && !n->ipv6)
		return err_set(err, -EINVAL, "subnet %s is of IPv6: add --ipv6", text);
	if (ret->family == 4 && n->no_ipv4)
		return err_set(err, -EINVAL, "subnet %s is of IPv4: leave --ipv4=false out", text);
	return 0;
}

/* The network is that of an interface of the host: so is its subnet. */
static bool is_hosts_own(const struct network_doc *n)
{
	return str_eq(n->driver, "macvlan") || str_eq(n->driver, "ipvlan");
}

static int check_given(int fd, const struct subnets *all, const struct network_doc *n,
		       const char *text, const struct ip_block *subnet, struct err *err)
{
	bool overlaps = false;
	int r;

	if (is_taken(all, subnet))
		return err_set(err, -EEXIST,
			       "invalid pool request: Pool overlaps with other one on this address "
			       "space");
	r = is_hosts_own(n) ? 0 : net_route_overlaps(fd, subnet, &overlaps, err);
	if (r == 0 && overlaps)
		return err_set(err, -EEXIST,
			       "invalid pool request: %s overlaps with a route of the host; choose "
			       "another subnet",
			       text);
	return r;
}

static int choose_given(int fd, struct subnets *all, struct network_doc *n, struct arena *a,
			struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n->ipam.config.n; i++) {
		struct ipam_config *c = &n->ipam.config.items[i];
		struct ip_block subnet;

		r = check_form(n, c->subnet, &subnet, err);
		if (r == 0)
			r = check_given(fd, all, n, c->subnet, &subnet, err);
		if (r == 0)
			r = fill(c, &subnet, a, err);
		if (r == 0)
			add_subnet(all, &subnet);
	}
	return r;
}

static int append(struct network_doc *n, const struct ip_block *subnet, struct arena *a,
		  struct err *err)
{
	struct ipam_config *items = arena_array(a, n->ipam.config.n + 1, sizeof(*items));

	if (n->ipam.config.n)
		memcpy(items, n->ipam.config.items, n->ipam.config.n * sizeof(*items));
	items[n->ipam.config.n] = (struct ipam_config){ 0 };
	n->ipam.config.items = items;
	return fill(&items[n->ipam.config.n++], subnet, a, err);
}

int network_ipam_choose(struct state_txn *txn, struct network_doc *n, struct arena *a,
			struct err *err)
{
	struct subnets all = { .a = a };
	struct ip_block subnet;
	OWN(fd) int fd = -1;
	int r = net_link_socket(&fd, err);

	if (r == 0)
		r = state_each(txn, STATE_NETWORKS, "", collect, &all);
	if (r < 0)
		return err_code(err, r, "reading the networks");
	r = choose_given(fd, &all, n, a, err);
	if (r == 0 && !n->no_ipv4 && !network_ipam_has(n, 4)) {
		r = find_free(fd, &all, &subnet, err);
		if (r == 0)
			r = append(n, &subnet, a, err);
	}
	if (r == 0 && n->ipv6 && !network_ipam_has(n, 6)) {
		r = find_free6(fd, txn, &all, &subnet, err);
		if (r == 0)
			r = append(n, &subnet, a, err);
	}
	return r;
}

/* -- looking -- */

static bool read_subnet(const struct ipam_config *c, struct ip_block *ret)
{
	return c->subnet && ip_block_parse_within(c->subnet, ret) == 0;
}

const struct ipam_config *network_ipam_pool(const struct network_doc *n,
					    const struct ip_block *address)
{
	struct ip_block subnet;

	for (size_t i = 0; i < n->ipam.config.n; i++)
		if (read_subnet(&n->ipam.config.items[i], &subnet) &&
		    ip_block_has(&subnet, address))
			return &n->ipam.config.items[i];
	return NULL;
}

size_t network_ipam_subnets(const struct network_doc *n, struct arena *a, struct ip_block **ret)
{
	size_t count = 0;

	*ret = arena_array(a, n->ipam.config.n, sizeof(**ret));
	for (size_t i = 0; i < n->ipam.config.n; i++)
		if (read_subnet(&n->ipam.config.items[i], &(*ret)[count]))
			count++;
	return count;
}

bool network_ipam_has(const struct network_doc *n, unsigned family)
{
	struct ip_block subnet;

	for (size_t i = 0; i < n->ipam.config.n; i++)
		if (read_subnet(&n->ipam.config.items[i], &subnet) && subnet.family == family)
			return true;
	return false;
}

size_t network_ipam_gateways(const struct network_doc *n, struct arena *a, struct ip_block **ret)
{
	size_t count = 0;

	*ret = arena_array(a, n->ipam.config.n, sizeof(**ret));
	for (size_t i = 0; i < n->ipam.config.n; i++) {
		const struct ipam_config *c = &n->ipam.config.items[i];
		struct ip_block subnet;

		if (!read_subnet(c, &subnet) || !c->gateway ||
		    ip_block_parse_address(c->gateway, &(*ret)[count]) < 0)
			continue;
		(*ret)[count++].prefix = subnet.prefix;
	}
	return count;
}

/* -- addresses -- */

/* "NETWORK/ac110002", or 32 digits. */
static void make_key(const char *network_id, const struct ip_block *address, char ret[KEY_MAX])
{
	int len = snprintf(ret, KEY_MAX, "%.64s/", network_id);

	for (size_t i = 0; i < ip_block_bytes(address); i++)
		len += snprintf(ret + len, (size_t)(KEY_MAX - len), "%02x", address->bytes[i]);
}

/* In IPv4 the last one is everybody. */
static bool is_reserved(const struct ipam_config *c, const struct ip_block *subnet,
			const struct ip_block *address)
{
	struct ip_block first = ip_block_first(subnet), last = ip_block_last(subnet), other;

	if (ip_block_compare(address, &first) == 0 ||
	    (address->family == 4 && ip_block_compare(address, &last) == 0))
		return true;
	if (c->gateway && ip_block_parse_address(c->gateway, &other) == 0 &&
	    ip_block_compare(address, &other) == 0)
		return true;
	for (size_t i = 0; i < c->reserved.n; i++)
		if (ip_block_parse_address(c->reserved.items[i].value, &other) == 0 &&
		    ip_block_compare(address, &other) == 0)
			return true;
	return false;
}

static bool is_owned(struct state_txn *txn, const char *key, const char *container_id)
{
	const void *owner;
	size_t len;

	return state_get(txn, STATE_ADDRESSES, key, &owner, &len) == 0 && len == CONTAINER_ID_LEN &&
	       memcmp(owner, container_id, len) == 0;
}

static int take_wanted(struct state_txn *txn, const struct network_doc *n, unsigned family,
		       const char *wanted, const char *container_id, struct ip_block *ret,
		       struct err *err)
{
	const struct ipam_config *pool;
	char key[KEY_MAX];
	struct ip_block address, subnet;
	int r;

	if (ip_block_parse_address(wanted, &address) < 0 || address.family != family)
		return err_set(err, -EINVAL, "invalid IPv%u address: %.100s", family, wanted);
	pool = network_ipam_pool(n, &address);
	if (!pool || !read_subnet(pool, &subnet))
		return err_set(err, -EINVAL,
			       "invalid endpoint settings: no configured subnet contains IP "
			       "address %s",
			       wanted);
	make_key(n->id, &address, key);
	*ret = address;
	ret->prefix = subnet.prefix;
	if (is_owned(txn, key, container_id))
		return 0;
	r = is_reserved(pool, &subnet, &address)
		    ? -EEXIST
		    : state_put_new(txn, STATE_ADDRESSES, key, container_id, CONTAINER_ID_LEN, err);
	return r == -EEXIST ? err_set(err, -EADDRINUSE, "Address already in use: %s of network %s",
				      wanted, n->name)
			    : r;
}

/* Where the last one was given out; before the first one at the beginning. */
static struct ip_block read_cursor(struct state_txn *txn, const char *key,
				   const struct ip_block *range)
{
	struct ip_block cursor, first = ip_block_first(range);
	const void *data;
	size_t len;

	if (state_get(txn, STATE_ADDRESSES, key, &data, &len) < 0 || len != ip_block_bytes(range))
		return first;
	cursor = ip_block_of(range->family, data);
	return ip_block_has(range, &cursor) ? cursor : first;
}

/* -ENOSPC: none of this pool is free. */
static int take_of_pool(struct state_txn *txn, const struct network_doc *n,
			const struct ipam_config *pool, const struct ip_block *subnet,
			const char *container_id, struct ip_block *ret, struct err *err)
{
	struct ip_block range = *subnet, address, last;
	char key[KEY_MAX], cursor_key[KEY_MAX];

	if (pool->ip_range)
		(void)ip_block_parse_within(pool->ip_range, &range);
	(void)snprintf(cursor_key, sizeof(cursor_key), "%.64s/next %.50s", n->id, pool->subnet);
	last = address = read_cursor(txn, cursor_key, &range);
	do {
		int r;

		if (!ip_block_next(&address) || !ip_block_has(&range, &address))
			address = ip_block_first(&range);
		if (is_reserved(pool, subnet, &address))
			continue;
		make_key(n->id, &address, key);
		r = state_put_new(txn, STATE_ADDRESSES, key, container_id, CONTAINER_ID_LEN, err);
		if (r == -EEXIST)
			continue;
		if (r < 0)
			return r;
		*ret = address;
		ret->prefix = subnet->prefix;
		return state_put(txn, STATE_ADDRESSES, cursor_key, address.bytes,
				 ip_block_bytes(&address), err);
	} while (ip_block_compare(&address, &last) != 0);
	return -ENOSPC;
}

static int take_next(struct state_txn *txn, const struct network_doc *n, unsigned family,
		     const char *container_id, struct ip_block *ret, struct err *err)
{
	for (size_t i = 0; i < n->ipam.config.n; i++) {
		struct ip_block subnet;
		int r;

		if (!read_subnet(&n->ipam.config.items[i], &subnet) || subnet.family != family)
			continue;
		r = take_of_pool(txn, n, &n->ipam.config.items[i], &subnet, container_id, ret, err);
		if (r != -ENOSPC)
			return r;
	}
	return err_set(err, -ENOSPC,
		       "no available IPv%u addresses on this network's address pools: %s (%s)",
		       family, n->name, n->id);
}

int network_ipam_take(struct state_txn *txn, const struct network_doc *n, unsigned family,
		      const char *wanted, const char *container_id, struct ip_block *ret,
		      struct err *err)
{
	return wanted ? take_wanted(txn, n, family, wanted, container_id, ret, err)
		      : take_next(txn, n, family, container_id, ret, err);
}

int network_ipam_release(struct state_txn *txn, const char *network_id, const char *address,
			 const char *container_id, struct err *err)
{
	struct ip_block block;
	char key[KEY_MAX];

	if (str_is_empty(address) || ip_block_parse_address(address, &block) < 0)
		return 0;
	make_key(network_id, &block, key);
	return is_owned(txn, key, container_id) ? state_del(txn, STATE_ADDRESSES, key, err) : 0;
}

bool network_ipam_is_ours(const struct network_doc *n)
{
	return str_eq(n->ipam.driver, "default");
}

static void make_join_key(const char *network_id, const char *container_id, char ret[JOIN_KEY_MAX])
{
	(void)snprintf(ret, JOIN_KEY_MAX, "%.64s/c%.64s", network_id, container_id);
}

int network_ipam_join(struct state_txn *txn, const char *network_id, const char *container_id,
		      struct err *err)
{
	char key[JOIN_KEY_MAX];

	make_join_key(network_id, container_id, key);
	return state_put(txn, STATE_ADDRESSES, key, container_id, CONTAINER_ID_LEN, err);
}

int network_ipam_leave(struct state_txn *txn, const char *network_id, const char *container_id,
		       struct err *err)
{
	char key[JOIN_KEY_MAX];

	make_join_key(network_id, container_id, key);
	return is_owned(txn, key, container_id) ? state_del(txn, STATE_ADDRESSES, key, err) : 0;
}

struct keys {
	struct arena *a;
	struct strv list;
};

static int note_key(void *ctx, const char *key, const void *data, size_t len)
{
	struct keys *k = ctx;

	(void)data;
	(void)len;
	strv_add(&k->list, k->a, arena_strdup(k->a, key));
	return 0;
}

int network_ipam_forget(struct state_txn *txn, const char *network_id, struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct keys k = { .a = &a };
	int r = state_each(txn, STATE_ADDRESSES, arena_printf(&a, "%s/", network_id), note_key, &k);

	for (size_t i = 0; r == 0 && i < k.list.n; i++)
		r = state_del(txn, STATE_ADDRESSES, k.list.items[i], err);
	return r < 0 ? err_code(err, r, "addresses of network %.12s", network_id) : 0;
}
