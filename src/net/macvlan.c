/*
 * macvlan.c - containers' interfaces that share one of the host's: macvlan and ipvlan
 *
 * Such an interface is made by one message, directly in the container's namespace with its name,
 * and goes with that namespace: nothing of it is ever seen on the host.
 *
 * The interface that is shared is the host's own, or one that is made for a network: a VLAN's, or
 * one with nobody behind it. What we have made says so by its alias, which is set by the system
 * call that makes it; so nobody's interface of the same name is ever taken for ours, however we
 * end.
 *
 * For the isolated one a dummy is the obvious choice. Where the kernel has none, an ifb serves:
 * what is sent into it without having been redirected there it drops, as a dummy does.
 */
#include "base/own.h"
#include "base/str.h"
#include "net/link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { VLAN_MAX = 4094, ALIAS_MAX = 255, RETRY_MS = 10, RETRY_MAX_MS = 2000 };

/* -- kinds, modes, flags -- */

struct word {
	const char *name;
	uint32_t value;
};

static const struct word macvlan_modes[] = {
	{ "bridge", MACVLAN_MODE_BRIDGE },
	{ "private", MACVLAN_MODE_PRIVATE },
	{ "vepa", MACVLAN_MODE_VEPA },
	{ "passthru", MACVLAN_MODE_PASSTHRU },
	{ 0 },
};
static const struct word ipvlan_modes[] = {
	{ "l2", IPVLAN_MODE_L2 },
	{ "l3", IPVLAN_MODE_L3 },
	{ "l3s", IPVLAN_MODE_L3S },
	{ 0 },
};
static const struct word ipvlan_flags[] = {
	{ "bridge", 0 },
	{ "private", IPVLAN_F_PRIVATE },
	{ "vepa", IPVLAN_F_VEPA },
	{ 0 },
};

static const struct kind {
	const char *name;
	const struct word *modes, *flags;
} kinds[] = {
	{ "macvlan", macvlan_modes, NULL },
	{ "ipvlan", ipvlan_modes, ipvlan_flags },
};

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_eq(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

/* NULL and "" are the first one. */
static const struct word *find_word(const struct word *all, const char *name)
{
	if (!all || str_is_empty(name))
		return all;
	for (; all->name; all++)
		if (str_eq(all->name, name))
			return all;
	return NULL;
}

bool net_share_has_mode(const char *kind, const char *mode)
{
	const struct kind *k = find_kind(kind);

	return k && find_word(k->modes, mode);
}

bool net_share_has_flag(const char *kind, const char *flag)
{
	const struct kind *k = find_kind(kind);

	return k && (str_is_empty(flag) || find_word(k->flags, flag));
}

/* Without an interface to share it is never made; what is missing then differs. */
bool net_link_has_kind(int fd, const char *kind)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	size_t info;

	link_begin(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, false);
	info = netlink_nest(&b, IFLA_LINKINFO);
	netlink_put_str(&b, IFLA_INFO_KIND, kind);
	netlink_unnest(&b, info);
	return netlink_send(fd, &b, NULL, NULL, NULL) != -EOPNOTSUPP;
}

/* -- the interface that is shared -- */

int net_parent_parse_vlan(const char *name, char ret_parent[NET_NAME_MAX], uint16_t *ret_id)
{
	const char *dot = strrchr(name, '.');
	char *end;
	unsigned long id;

	if (!dot || dot == name || (size_t)(dot - name) >= NET_NAME_MAX ||
	    strlen(name) >= NET_NAME_MAX || dot[1] < '1' || dot[1] > '9')
		return -EINVAL;
	id = strtoul(dot + 1, &end, 10);
	if (*end || id > VLAN_MAX)
		return -EINVAL;
	(void)snprintf(ret_parent, NET_NAME_MAX, "%.*s", (int)(dot - name), name);
	*ret_id = (uint16_t)id;
	return 0;
}

/* Made, named as ours and brought up in one system call. vlan 0: none. */
static int create(int fd, const struct net_parent *p, const char *kind, int below, uint16_t vlan)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	size_t info, data;

	link_begin(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, false);
	netlink_put_str(&b, IFLA_IFNAME, p->name);
	if (below)
		netlink_put_u32(&b, IFLA_LINK, (uint32_t)below);
	info = netlink_nest(&b, IFLA_LINKINFO);
	netlink_put_str(&b, IFLA_INFO_KIND, kind);
	if (vlan) {
		data = netlink_nest(&b, IFLA_INFO_DATA);
		netlink_put(&b, IFLA_VLAN_ID, &vlan, sizeof(vlan));
		netlink_unnest(&b, data);
	}
	netlink_unnest(&b, info);
	link_begin(&b, RTM_NEWLINK, 0, 0, true);
	netlink_put_str(&b, IFLA_IFNAME, p->name);
	netlink_put_str(&b, IFLA_IFALIAS, p->owner);
	return netlink_send(fd, &b, NULL, NULL, NULL);
}

static int create_isolated(int fd, const struct net_parent *p, struct err *err)
{
	static const char *const choices[] = { "dummy", "ifb" };
	int r = -EOPNOTSUPP;

	for (size_t i = 0; r == -EOPNOTSUPP && i < sizeof(choices) / sizeof(choices[0]); i++)
		r = create(fd, p, choices[i], 0, 0);
	if (r == -EOPNOTSUPP)
		return err_set(err, r,
			       "the kernel has neither dummy nor ifb interfaces, one of which a "
			       "network without a parent needs; name one with -o parent=");
	return r < 0 ? err_code(err, r, "creating the interface %s", p->name) : 0;
}

static int create_vlan(int fd, const struct net_parent *p, struct err *err)
{
	char below[NET_NAME_MAX];
	int index, r;
	uint16_t id;

	if (net_parent_parse_vlan(p->name, below, &id) < 0)
		return err_set(err, -ENODEV,
			       "there is no interface %s; name one of the host's, or a VLAN of one "
			       "as in eth0.10",
			       p->name);
	r = net_link_index(fd, below, &index);
	if (r < 0)
		return err_code(err, r, "interface %s, of which %s is to be a VLAN", below,
				p->name);
	r = create(fd, p, "vlan", index, id);
	if (r == -EOPNOTSUPP)
		return err_set(err, r,
			       "the kernel has no VLANs (8021q), so %s cannot be made; name an "
			       "interface that is there",
			       p->name);
	return r < 0 ? err_code(err, r, "creating the VLAN interface %s", p->name) : 0;
}

int net_parent_setup(int fd, const struct net_parent *p, struct err *err)
{
	int index;

	if (net_link_index(fd, p->name, &index) == 0)
		return 0;
	return p->is_isolated ? create_isolated(fd, p, err) : create_vlan(fd, p, err);
}

static int take_alias(void *ctx, const struct nlmsghdr *h)
{
	char *alias = ctx;
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
		return 0;
	a = netlink_find(IFLA_RTA((const struct ifinfomsg *)NLMSG_DATA(h)),
			 h->nlmsg_len - NLMSG_LENGTH(sizeof(struct ifinfomsg)), IFLA_IFALIAS);
	if (a)
		(void)snprintf(alias, ALIAS_MAX + 1, "%.*s", (int)netlink_len(a),
			       (const char *)netlink_data(a));
	return 0;
}

int net_parent_teardown(int fd, const struct net_parent *p, struct err *err)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	char alias[ALIAS_MAX + 1] = "";
	int r;

	link_begin(&b, RTM_GETLINK, 0, 0, false);
	netlink_put_str(&b, IFLA_IFNAME, p->name);
	r = netlink_send(fd, &b, take_alias, alias, NULL);
	if (r == -ENODEV || (r == 0 && !str_eq(alias, p->owner)))
		return 0;
	return r < 0 ? err_code(err, r, "interface %s", p->name)
		     : net_link_remove(fd, p->name, err);
}

/* -- interfaces of containers -- */

static void put_mode(struct netlink_batch *b, const struct kind *k, const struct net_share *s)
{
	const struct word *mode = find_word(k->modes, s->mode);
	const struct word *flag = find_word(k->flags, s->flag);
	uint16_t mode16 = mode ? (uint16_t)mode->value : 0;

	if (!k->flags) {
		netlink_put_u32(b, IFLA_MACVLAN_MODE, mode ? mode->value : MACVLAN_MODE_BRIDGE);
		return;
	}
	netlink_put(b, IFLA_IPVLAN_MODE, &mode16, sizeof(mode16));
	/* Before Linux 4.15 there are none. */
	if (flag && flag->value) {
		uint16_t value = (uint16_t)flag->value;

		netlink_put(b, IFLA_IPVLAN_FLAGS, &value, sizeof(value));
	}
}

static int create_share(int host, const struct kind *k, const struct net_share *s, int parent)
{
	OWN(netlink_batch) struct netlink_batch b = { 0 };
	size_t info, data;

	link_begin(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, false);
	netlink_put_str(&b, IFLA_IFNAME, s->link.name);
	netlink_put_u32(&b, IFLA_LINK, (uint32_t)parent);
	netlink_put_u32(&b, IFLA_NET_NS_FD, (uint32_t)s->link.netns);
	if (s->has_mac)
		netlink_put(&b, IFLA_ADDRESS, s->link.mac, NET_MAC_LEN);
	if (s->link.mtu)
		netlink_put_u32(&b, IFLA_MTU, s->link.mtu);
	info = netlink_nest(&b, IFLA_LINKINFO);
	netlink_put_str(&b, IFLA_INFO_KIND, k->name);
	data = netlink_nest(&b, IFLA_INFO_DATA);
	put_mode(&b, k, s);
	netlink_unnest(&b, data);
	netlink_unnest(&b, info);
	return netlink_send(host, &b, NULL, NULL, NULL);
}

static int explain(const struct net_share *s, int code, struct err *err)
{
	if (code == -EOPNOTSUPP)
		return err_set(err, code, "the kernel has no %s; use another driver", s->kind);
	if (code == -EBUSY || code == -EINVAL)
		return err_set(err, code,
			       "the interface %s cannot be shared by another %s (%s): it is a "
			       "bridge's, has an exclusive one (passthru), or one of another kind "
			       "or mode",
			       s->link.bridge, s->kind,
			       str_is_empty(s->mode) ? find_kind(s->kind)->modes->name : s->mode);
	return err_code(err, code, "creating %s in the container on %s", s->link.name,
			s->link.bridge);
}

static int try(int host, int inside, const struct kind *k, const struct net_share *s,
	       struct err *err)
{
	struct err ignored = ERR_INIT;
	int parent, r = net_link_index(host, s->link.bridge, &parent);

	if (r < 0)
		return err_code(err, r, "the network's parent interface %s", s->link.bridge);
	r = create_share(host, k, s, parent);
	if (r < 0)
		return explain(s, r, err);
	r = link_configure(inside, &s->link, err);
	if (r < 0)
		(void)net_link_remove(inside, s->link.name, &ignored);
	return r;
}

/* The parent is not free for it, or its MAC address is another's there. */
static bool is_taken(int code)
{
	return code == -EBUSY || code == -EINVAL || code == -EADDRINUSE;
}

/*
 * The kernel takes down a little later what a namespace had that is gone; a container that is
 * started again must not fail because of what it had itself.
 */
int net_share_setup(int host, int inside, const struct net_share *s, struct err *err)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000000L };
	const struct kind *k = find_kind(s->kind);
	int r;

	if (!k || !net_share_has_mode(s->kind, s->mode) || !net_share_has_flag(s->kind, s->flag))
		return err_set(err, -EINVAL, "no interfaces of kind %s, mode %s", s->kind,
			       s->mode ? s->mode : "");
	r = try(host, inside, k, s, err);
	for (int ms = 0; is_taken(r) && ms < RETRY_MAX_MS; ms += RETRY_MS) {
		(void)nanosleep(&pause, NULL);
		r = try(host, inside, k, s, err);
	}
	return r;
}
