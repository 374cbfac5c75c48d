/*
 * attach.c - a container's interface as its plan says
 */
#include "base/own.h"
#include "net/link.h"
#include "net/net.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

enum { NAME_ATTEMPTS = 8 };

static int parse_mac(const char *text, unsigned char ret[NET_MAC_LEN])
{
	unsigned b[NET_MAC_LEN];

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) !=
	    NET_MAC_LEN)
		return -EINVAL;
	for (int i = 0; i < NET_MAC_LEN; i++)
		ret[i] = (unsigned char)b[i];
	return 0;
}

/* A name that no link has, also none that the kernel is still taking down. */
static int make_veth(int host, int inside, const struct net_veth *v, char name[NET_NAME_MAX],
		     struct err *err)
{
	int r = -EEXIST;

	for (int i = 0; i < NAME_ATTEMPTS && r == -EEXIST; i++) {
		uint64_t random;

		if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
			return err_sys(err, "random numbers");
		(void)snprintf(name, NET_NAME_MAX, "bv%012llx",
			       (unsigned long long)(random & 0xffffffffffffULL));
		r = net_veth_setup(host, inside, v, err);
	}
	return r;
}

static struct net_setting *read_settings(const struct net_link_plan *l, struct arena *a)
{
	struct net_setting *all = arena_array(a, l->settings.n, sizeof(*all));

	for (size_t i = 0; i < l->settings.n; i++) {
		const char *text = l->settings.items[i], *equals = strchr(text, '=');

		all[i].path = equals ? arena_strndup(a, text, (size_t)(equals - text)) : text;
		all[i].value = equals ? equals + 1 : "";
	}
	return all;
}

static bool read_addresses(const struct net_link_plan *l, struct net_veth *v, struct arena *a)
{
	struct ip_block *all = arena_array(a, l->addresses.n, sizeof(*all));
	const char *const gateways[NET_VERSIONS] = { l->gateway, l->gateway6 };

	for (size_t i = 0; i < l->addresses.n; i++)
		if (ip_block_parse_within(l->addresses.items[i], &all[i]) < 0)
			return false;
	for (size_t i = 0; i < NET_VERSIONS; i++)
		if (gateways[i] && ip_block_parse_address(gateways[i], &v->gateways[i]) < 0)
			return false;
	v->addresses = all;
	v->n_addresses = l->addresses.n;
	return true;
}

int net_attach(int host, int inside, int netns, const struct net_link_plan *l,
	       char ret_name[NET_NAME_MAX], struct err *err)
{
	OWN(arena) struct arena a = ARENA_INIT;
	struct net_share s = {
		.kind = l->kind,
		.mode = l->mode,
		.flag = l->flag,
		.has_mac = l->mac,
		.link = { .bridge = l->bridge,
			  .host_name = ret_name,
			  .netns = netns,
			  .name = l->name,
			  .mtu = l->mtu,
			  .isolated = l->isolated,
			  .settings = read_settings(l, &a),
			  .n_settings = l->settings.n },
	};

	if (!read_addresses(l, &s.link, &a) || (l->mac && parse_mac(l->mac, s.link.mac) < 0))
		return err_set(err, -EINVAL, "plan of interface %s: its addresses, or %s", l->name,
			       l->mac ? l->mac : "-");
	return l->kind ? net_share_setup(host, inside, &s, err)
		       : make_veth(host, inside, &s.link, ret_name, err);
}
