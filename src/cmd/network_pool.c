/*
 * network_pool.c - --subnet, --gateway, --ip-range and --aux-address as pools
 *
 * docker's command line puts each gateway, range and address to the subnet that it lies in.
 */
#include "cmd/network_pool.h"

#include "codec/ip_block.h"

#include <errno.h>

static int find(struct ipam_config *pools, size_t n, const char *what, const char *text,
		struct ipam_config **ret, struct err *err)
{
	struct ip_block block, subnet;

	if (ip_block_parse_address(text, &block) < 0 && ip_block_parse_within(text, &block) < 0)
		return err_set(err, -EINVAL, "invalid %s address: %.100s", what, text);
	for (size_t i = 0; i < n; i++) {
		if (ip_block_parse_within(pools[i].subnet, &subnet) < 0 ||
		    !ip_block_has(&subnet, &block))
			continue;
		*ret = &pools[i];
		return 0;
	}
	return err_set(err, -EINVAL, "no matching subnet for %s %s", what, text);
}

static int set_once(const char **member, const char *what, const char *text,
		    const struct ipam_config *pool, struct err *err)
{
	if (*member)
		return err_set(err, -EINVAL,
			       "cannot configure multiple %ss (%s, %s) on the same subnet (%s)",
			       what, text, *member, pool->subnet);
	*member = text;
	return 0;
}

static int add_reserved(struct ipam_config *pools, size_t n, const char *text, struct arena *a,
			struct err *err)
{
	const char *equals = strchr(text, '=');
	struct ipam_config *pool;
	int r;

	if (!equals)
		return err_set(err, -EINVAL, "invalid aux-address %.100s: use NAME=ADDRESS", text);
	r = find(pools, n, "aux-address", equals + 1, &pool, err);
	if (r == 0)
		str_map_set(&pool->reserved, a, arena_strndup(a, text, (size_t)(equals - text)),
			    equals + 1);
	return r;
}

static int check_overlaps(const struct ipam_config *pools, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++) {
			struct ip_block one, other;

			if (ip_block_parse_within(pools[i].subnet, &one) == 0 &&
			    ip_block_parse_within(pools[k].subnet, &other) == 0 &&
			    ip_block_overlaps(&one, &other))
				return err_set(err, -EINVAL,
					       "multiple overlapping subnet configuration is not "
					       "supported: %s and %s",
					       pools[k].subnet, pools[i].subnet);
		}
	}
	return 0;
}

int network_pool_build(const struct network_pool_flags *f, struct arena *a,
		       struct ipam_config **ret, size_t *ret_n, struct err *err)
{
	size_t n = f->subnet.n;
	struct ipam_config *pools = arena_array(a, n, sizeof(*pools)), *pool;
	int r;

	if (n == 0 && (f->gateway.n || f->ip_range.n || f->aux_address.n))
		return err_set(err, -EINVAL,
			       "every ip-range, gateway or aux-address must have a corresponding "
			       "subnet");
	for (size_t i = 0; i < n; i++)
		pools[i] = (struct ipam_config){ .subnet = f->subnet.items[i] };
	r = check_overlaps(pools, n, err);
	for (size_t i = 0; r == 0 && i < f->ip_range.n; i++) {
		r = find(pools, n, "ip-range", f->ip_range.items[i], &pool, err);
		if (r == 0)
			r = set_once(&pool->ip_range, "range", f->ip_range.items[i], pool, err);
	}
	for (size_t i = 0; r == 0 && i < f->gateway.n; i++) {
		r = find(pools, n, "gateway", f->gateway.items[i], &pool, err);
		if (r == 0)
			r = set_once(&pool->gateway, "gateway", f->gateway.items[i], pool, err);
	}
	for (size_t i = 0; r == 0 && i < f->aux_address.n; i++)
		r = add_reserved(pools, n, f->aux_address.items[i], a, err);
	*ret = pools;
	*ret_n = n;
	return r;
}
