/*
 * network_ipam.c - which addresses are whose
 *
 * The store has one row for each address that is in use, with its owner: the row is written in the
 * transaction that makes the owner run, and deleted in the one that takes its end in, so neither
 * can be there without the other. Addresses are given out in a circle, so that one is used again as
 * late as possible: neighbours and name servers elsewhere remember it for a while. A static
 * address's row lasts as long as its container.
 *
 * Why no bitmap: a /16 has 8 KB of bits, which a copy-on-write store would write anew at each
 * start, and it says nothing of owners.
 */
#include "engine/network_ipam.h"

#include "base/own.h"
#include "net/net.h"

enum { KEY_MAX = NETWORK_ID_LEN + 16 };

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
	struct cidr *items;
	size_t n;
};

static int collect(void *ctx, const char *key, const void *data, size_t len)
{
	struct subnets *all = ctx;
	struct network_doc n;
	struct cidr *grown;

	(void)key;
	if (schema_read(&network_doc_schema, data, len, all->a, &n, NULL) < 0)
		return 0;
	grown = arena_array(all->a, all->n + n.ipam.config.n, sizeof(*grown));
	if (all->n)
		memcpy(grown, all->items, all->n * sizeof(*grown));
	all->items = grown;
	for (size_t i = 0; i < n.ipam.config.n; i++)
		if (cidr_parse(n.ipam.config.items[i].subnet, &all->items[all->n]) == 0)
			all->n++;
	return 0;
}

static bool is_taken(const struct subnets *all, const struct cidr *c)
{
	for (size_t i = 0; i < all->n; i++)
		if (cidr_overlaps(&all->items[i], c))
			return true;
	return false;
}

static int find_free(int fd, const struct subnets *all, struct cidr *ret, struct err *err)
{
	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		struct cidr base, c;

		(void)cidr_parse(pools[i].base, &base);
		c = (struct cidr){ cidr_first(&base), pools[i].size };
		for (; cidr_has(&base, c.address); c.address += 1U << (32 - c.prefix)) {
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
		}
	}
	return err_set(err, -ENOSPC,
		       "all predefined address pools have been fully subnetted; give "
		       "one with --subnet");
}

static const char *address_text(uint32_t address, struct arena *a)
{
	char text[CIDR_TEXT_MAX];

	cidr_write_address(address, text);
	return arena_strdup(a, text);
}

/* The addresses that the user names must be of the subnet. */
static int check_inside(const struct ipam_config *c, const struct cidr *subnet, struct err *err)
{
	struct cidr range;
	uint32_t address;

	if (c->ip_range &&
	    (cidr_parse(c->ip_range, &range) < 0 || !cidr_has(subnet, cidr_first(&range)) ||
	     !cidr_has(subnet, cidr_last(&range))))
		return err_set(err, -EINVAL, "invalid ip-range %s: it is not within the subnet %s",
			       c->ip_range, c->subnet);
	if (c->gateway &&
	    (cidr_parse_address(c->gateway, &address) < 0 || !cidr_has(subnet, address)))
		return err_set(err, -EINVAL, "invalid gateway %s: it is not within the subnet %s",
			       c->gateway, c->subnet);
	for (size_t i = 0; i < c->reserved.n; i++)
		if (cidr_parse_address(c->reserved.items[i].value, &address) < 0 ||
		    !cidr_has(subnet, address))
			return err_set(err, -EINVAL, "no matching subnet for aux-address %s",
				       c->reserved.items[i].value);
	return 0;
}

static int check_given(int fd, const struct subnets *all, struct ipam_config *c, struct arena *a,
		       struct cidr *ret, struct err *err)
{
	char text[CIDR_TEXT_MAX];
	bool overlaps;
	int r;

	if (cidr_parse(c->subnet, ret) < 0 || ret->prefix == 0 || ret->prefix > 30)
		return err_set(err, -EINVAL,
			       "invalid subnet %s: use IPv4 as in 10.5.0.0/24, with a prefix of 1 "
			       "to 30",
			       c->subnet);
	if (cidr_first(ret) != ret->address) {
		ret->address = cidr_first(ret);
		cidr_write(ret, text);
		return err_set(err, -EINVAL,
			       "invalid network config: invalid subnet %s: it should be %s",
			       c->subnet, text);
	}
	if (is_taken(all, ret))
		return err_set(err, -EEXIST,
			       "invalid pool request: Pool overlaps with other one on this address "
			       "space");
	r = net_route_overlaps(fd, ret, &overlaps, err);
	if (r == 0 && overlaps)
		return err_set(err, -EEXIST,
			       "invalid pool request: %s overlaps with a route of the host; choose "
			       "another subnet",
			       c->subnet);
	cidr_write(ret, text);
	c->subnet = arena_strdup(a, text);
	return r;
}

int network_ipam_choose(struct state_txn *txn, struct network_doc *n, struct arena *a,
			struct err *err)
{
	struct subnets all = { .a = a };
	struct ipam_config *c;
	char text[CIDR_TEXT_MAX];
	struct cidr subnet;
	OWN(fd) int fd = -1;
	int r = net_link_socket(&fd, err);

	if (r == 0)
		r = state_each(txn, STATE_NETWORKS, "", collect, &all);
	if (r < 0)
		return err_code(err, r, "reading the networks");
	if (n->ipam.config.n > 1)
		return err_set(err, -ENOTSUP,
			       "a network has one IPv4 subnet here; leave the others out");
	if (n->ipam.config.n == 0) {
		n->ipam.config.items = arena_new(a, struct ipam_config);
		n->ipam.config.n = 1;
	}
	c = &n->ipam.config.items[0];
	if (c->subnet)
		r = check_given(fd, &all, c, a, &subnet, err);
	else
		r = find_free(fd, &all, &subnet, err);
	if (r < 0)
		return r;
	cidr_write(&subnet, text);
	c->subnet = arena_strdup(a, text);
	if (!c->gateway)
		c->gateway = address_text(cidr_first(&subnet) + 1, a);
	return check_inside(c, &subnet, err);
}

struct cidr network_ipam_subnet(const struct network_doc *n)
{
	struct cidr c = { 0, 0 };

	if (n->ipam.config.n && n->ipam.config.items[0].subnet)
		(void)cidr_parse(n->ipam.config.items[0].subnet, &c);
	return c;
}

uint32_t network_ipam_gateway(const struct network_doc *n)
{
	uint32_t gateway = 0;

	if (n->ipam.config.n && n->ipam.config.items[0].gateway)
		(void)cidr_parse_address(n->ipam.config.items[0].gateway, &gateway);
	return gateway;
}

/* -- addresses -- */

static void make_key(const char *network_id, uint32_t address, char ret[KEY_MAX])
{
	(void)snprintf(ret, KEY_MAX, "%.64s/%08x", network_id, address);
}

static bool is_reserved(const struct network_doc *n, const struct cidr *subnet, uint32_t address)
{
	const struct str_map *reserved = &n->ipam.config.items[0].reserved;
	uint32_t other;

	if (address == cidr_first(subnet) || address == cidr_last(subnet) ||
	    address == network_ipam_gateway(n))
		return true;
	for (size_t i = 0; i < reserved->n; i++)
		if (cidr_parse_address(reserved->items[i].value, &other) == 0 && other == address)
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

static int take_wanted(struct state_txn *txn, const struct network_doc *n, const char *wanted,
		       const char *container_id, uint32_t *ret, struct err *err)
{
	struct cidr subnet = network_ipam_subnet(n);
	char key[KEY_MAX];
	uint32_t address;
	int r;

	if (cidr_parse_address(wanted, &address) < 0)
		return err_set(err, -EINVAL, "invalid IPv4 address: %.100s", wanted);
	if (!cidr_has(&subnet, address))
		return err_set(err, -EINVAL,
			       "invalid endpoint settings: no configured subnet contains IP "
			       "address %s",
			       wanted);
	make_key(n->id, address, key);
	if (is_owned(txn, key, container_id)) {
		*ret = address;
		return 0;
	}
	if (is_reserved(n, &subnet, address))
		return err_set(err, -EADDRINUSE, "Address already in use: %s of network %s", wanted,
			       n->name);
	r = state_put_new(txn, STATE_ADDRESSES, key, container_id, CONTAINER_ID_LEN, err);
	if (r == -EEXIST)
		return err_set(err, -EADDRINUSE, "Address already in use: %s of network %s", wanted,
			       n->name);
	if (r == 0)
		*ret = address;
	return r;
}

/* Where the last one was given out; before the first one at the beginning. */
static uint32_t read_cursor(struct state_txn *txn, const char *key, const struct cidr *range)
{
	const void *data;
	uint32_t cursor;
	size_t len;

	if (state_get(txn, STATE_ADDRESSES, key, &data, &len) < 0 || len != sizeof(cursor))
		return cidr_first(range);
	memcpy(&cursor, data, sizeof(cursor));
	return cidr_has(range, cursor) ? cursor : cidr_first(range);
}

static int take_next(struct state_txn *txn, const struct network_doc *n, const char *container_id,
		     uint32_t *ret, struct err *err)
{
	struct cidr subnet = network_ipam_subnet(n), range = subnet;
	char key[KEY_MAX], cursor_key[KEY_MAX];
	uint32_t address, last;

	if (n->ipam.config.items[0].ip_range)
		(void)cidr_parse(n->ipam.config.items[0].ip_range, &range);
	(void)snprintf(cursor_key, sizeof(cursor_key), "%.64s/next", n->id);
	last = address = read_cursor(txn, cursor_key, &range);
	do {
		int r;

		address = address == cidr_last(&range) ? cidr_first(&range) : address + 1;
		if (is_reserved(n, &subnet, address))
			continue;
		make_key(n->id, address, key);
		r = state_put_new(txn, STATE_ADDRESSES, key, container_id, CONTAINER_ID_LEN, err);
		if (r == -EEXIST)
			continue;
		if (r == 0)
			*ret = address;
		return r < 0 ? r
			     : state_put(txn, STATE_ADDRESSES, cursor_key, &address,
					 sizeof(address), err);
	} while (address != last);
	return err_set(err, -ENOSPC,
		       "no available IPv4 addresses on this network's address pools: %s (%s)",
		       n->name, n->id);
}

int network_ipam_take(struct state_txn *txn, const struct network_doc *n, const char *wanted,
		      const char *container_id, uint32_t *ret, struct err *err)
{
	return wanted ? take_wanted(txn, n, wanted, container_id, ret, err)
		      : take_next(txn, n, container_id, ret, err);
}

int network_ipam_release(struct state_txn *txn, const char *network_id, const char *address,
			 const char *container_id, struct err *err)
{
	char key[KEY_MAX];
	uint32_t number;

	if (str_is_empty(address) || cidr_parse_address(address, &number) < 0)
		return 0;
	make_key(network_id, number, key);
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
