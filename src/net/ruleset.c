/*
 * ruleset.c - the rules of all networks
 *
 *	table ip berth {
 *		map pub_any { inet_proto . inet_service : ipv4_addr . inet_service }
 *		map pub_ip  { ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service }
 *		set opened  { ipv4_addr . inet_proto . inet_service }  # containers' own, routed
 *		set bridges, internal, unprotected, routed { ifname }
 *		set within { ifname . ifname }  # (bridge, the same) where containers may talk,
 *		                                # (trusted interface of the host, bridge)
 *		set subnets { ipv4_addr; interval }              # that are masqueraded
 *		map sources { ipv4_addr : ipv4_addr; interval }  # those of them by an address
 *
 *		chain raw   { filter prerouting -300
 *			iifname != "lo" ip daddr 127.0.0.0/8 drop }
 *		chain pre   { nat prerouting -100;  fib daddr type local jump publish }
 *		chain out   { nat output -100;      fib daddr type local jump publish }
 *		chain publish {
 *			dnat to ip daddr . l4proto . dport map @pub_ip
 *			dnat to l4proto . dport map @pub_any }
 *		chain post  { nat postrouting 100
 *			ip saddr 127.0.0.0/8 oifname @bridges masquerade
 *			ct status dnat ip saddr @subnets ip daddr @subnets masquerade
 *			oifname != @bridges snat to ip saddr map @sources
 *			ip saddr @subnets oifname != @bridges masquerade }
 *		chain forwarded { filter forward 0
 *			ct state established,related accept
 *			iifname . oifname @within accept
 *			iifname @internal drop
 *			iifname @bridges ct state invalid drop
 *			oifname @bridges ct status dnat accept
 *			ip daddr . l4proto . dport @opened accept
 *			oifname @routed l4proto icmp accept
 *			oifname @unprotected iifname != @bridges accept
 *			oifname @bridges drop
 *			[ iifname != @bridges oifname != @bridges drop ] }
 *	}
 *	table ip6 berth { the same with addresses of IPv6 }
 *
 * Rules are never added for a network, container or port: those are elements of sets, so a packet
 * costs the same with one and with five thousand, and so does a change. One can be flushed by
 * others (`nft flush ruleset`), so all can be written anew at once, in one transaction; connections
 * go on meanwhile, for what was translated stands in conntrack.
 *
 * - A container is reached from outside its bridge by a published port only: nothing but a packet
 *   whose destination we (or another table of the host) have translated passes "ct status dnat".
 *   That also keeps a port that is published on 127.0.0.1 from other machines, which cannot send to
 *   that address: the first chain sees to it, since the bridges have route_localnet.
 * - Hairpins are masqueraded by address, for with br_netfilter there is no useful interface there.
 * - br_netfilter may be on or off: with it, packets inside a bridge pass "within".
 * - Every bridge is in both tables: one without IPv6 has no way out by it, whatever its containers
 *   give themselves.
 * - What is sent to ::1 cannot be led elsewhere: the kernel takes no answer to it from an interface
 *   but lo. So it is left alone, and refused by the socket that holds the port.
 * - The last rule stands there when forwarding was off before we came: the machine is a router for
 *   its containers then, and for nobody else.
 */
#include "net/net.h"

#include "base/own.h"
#include "net/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>
#include <string.h>

static const char table_name[] = "berth";

enum { PORT_AT = 2, PORT_LEN = 2, REGISTER = 4 };

/* What is not the same for both versions of IP. */
struct version {
	uint8_t family, type; /* NFPROTO_*, of an address in a key */
	uint32_t len, source, destination;
	uint8_t loopback[IP_BYTES];
	uint32_t loopback_len; /* what of an address is compared with it */
	uint8_t ping;          /* the protocol */
};
static const struct version versions[NET_VERSIONS] = {
	[NET_V4] = { NFPROTO_IPV4, NFT_TYPE_IPV4, 4, 12, 16, { 127 }, 1, IPPROTO_ICMP },
	[NET_V6] = { NFPROTO_IPV6,
		     NFT_TYPE_IPV6,
		     IP_BYTES,
		     8,
		     24,
		     { [IP_BYTES - 1] = 1 },
		     IP_BYTES,
		     IPPROTO_ICMPV6 },
};

enum { ADDRESS = 255 /* stands for the version's type */ };
static const struct nft_set sets[] = {
	{ "pub_any",
	  { NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE },
	  { ADDRESS, NFT_TYPE_SERVICE },
	  false },
	{ "pub_ip",
	  { ADDRESS, NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE },
	  { ADDRESS, NFT_TYPE_SERVICE },
	  false },
	{ "opened", { ADDRESS, NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE }, { 0 }, false },
	{ "bridges", { NFT_TYPE_IFNAME }, { 0 }, false },
	{ "internal", { NFT_TYPE_IFNAME }, { 0 }, false },
	{ "unprotected", { NFT_TYPE_IFNAME }, { 0 }, false },
	{ "routed", { NFT_TYPE_IFNAME }, { 0 }, false },
	{ "within", { NFT_TYPE_IFNAME, NFT_TYPE_IFNAME }, { 0 }, false },
	{ "subnets", { ADDRESS }, { 0 }, true },
	{ "sources", { ADDRESS }, { ADDRESS }, true },
};

static const struct nft_chain chains[] = {
	{ "publish", NULL, 0, 0 },
	{ "raw", "filter", NF_INET_PRE_ROUTING, -300 },
	{ "pre", "nat", NF_INET_PRE_ROUTING, -100 },
	{ "out", "nat", NF_INET_LOCAL_OUT, -100 },
	{ "post", "nat", NF_INET_POST_ROUTING, 100 },
	{ "forwarded", "filter", NF_INET_FORWARD, 0 },
};

/* -- words of rules -- */

static void interface_in(struct nft *n, uint32_t key, const char *set, bool is_in)
{
	nft_load_meta(n, key, 0);
	nft_in_set(n, 0, set, is_in);
}

static void load_address(struct nft *n, const struct version *v, bool source, unsigned reg)
{
	nft_load_payload(n, NFT_PAYLOAD_NETWORK_HEADER, source ? v->source : v->destination, v->len,
			 reg);
}

static void address_in(struct nft *n, const struct version *v, bool source, const char *set)
{
	load_address(n, v, source, 0);
	nft_in_set(n, 0, set, true);
}

static void is_loopback(struct nft *n, const struct version *v, bool source)
{
	nft_load_payload(n, NFT_PAYLOAD_NETWORK_HEADER, source ? v->source : v->destination,
			 v->loopback_len, 0);
	nft_compare(n, 0, true, v->loopback, v->loopback_len);
}

/* Destination, protocol and port, to registers 0 onwards. */
static void load_target(struct nft *n, const struct version *v)
{
	unsigned words = v->len / REGISTER;

	load_address(n, v, false, 0);
	nft_load_meta(n, NFT_META_L4PROTO, words);
	nft_load_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, PORT_AT, PORT_LEN, words + 1);
}

static void has_bits(struct nft *n, uint32_t key, uint32_t bits)
{
	uint32_t none = 0;

	nft_load_ct(n, key, 0);
	nft_mask(n, 0, bits);
	nft_compare(n, 0, false, &none, sizeof(none));
}

static void is_translated(struct nft *n)
{
	has_bits(n, NFT_CT_STATUS, IPS_DST_NAT);
}

static void accept_or_drop(struct nft *n, int verdict)
{
	nft_verdict(n, verdict, NULL);
	nft_end_rule(n);
}

/* -- chains -- */

static void write_raw(struct nft *n, const struct version *v)
{
	static const char lo[NET_NAME_MAX] = "lo";

	nft_begin_rule(n, "raw");
	nft_load_meta(n, NFT_META_IIFNAME, 0);
	nft_compare(n, 0, false, lo, sizeof(lo));
	is_loopback(n, v, false);
	accept_or_drop(n, NF_DROP);
}

static void write_jump(struct nft *n, const char *chain)
{
	uint32_t local = RTN_LOCAL;

	nft_begin_rule(n, chain);
	nft_load_address_type(n, 0);
	nft_compare(n, 0, true, &local, sizeof(local));
	nft_verdict(n, NFT_JUMP, "publish");
	nft_end_rule(n);
}

static void write_publish(struct nft *n, const struct version *v)
{
	unsigned words = v->len / REGISTER;

	if (v->family == NFPROTO_IPV6) {
		nft_begin_rule(n, "publish");
		is_loopback(n, v, false);
		accept_or_drop(n, NFT_RETURN);
	}
	nft_begin_rule(n, "publish");
	load_target(n, v);
	nft_look_up(n, 0, "pub_ip");
	nft_dnat(n, words);
	nft_end_rule(n);

	nft_begin_rule(n, "publish");
	nft_load_meta(n, NFT_META_L4PROTO, 0);
	nft_load_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, PORT_AT, PORT_LEN, 1);
	nft_look_up(n, 0, "pub_any");
	nft_dnat(n, words);
	nft_end_rule(n);
}

static void write_post(struct nft *n, const struct version *v)
{
	nft_begin_rule(n, "post");
	is_loopback(n, v, true);
	interface_in(n, NFT_META_OIFNAME, "bridges", true);
	nft_masquerade(n);
	nft_end_rule(n);

	nft_begin_rule(n, "post");
	is_translated(n);
	address_in(n, v, true, "subnets");
	address_in(n, v, false, "subnets");
	nft_masquerade(n);
	nft_end_rule(n);

	nft_begin_rule(n, "post");
	interface_in(n, NFT_META_OIFNAME, "bridges", false);
	load_address(n, v, true, 0);
	nft_look_up(n, 0, "sources");
	nft_snat(n);
	nft_end_rule(n);

	nft_begin_rule(n, "post");
	address_in(n, v, true, "subnets");
	interface_in(n, NFT_META_OIFNAME, "bridges", false);
	nft_masquerade(n);
	nft_end_rule(n);
}

/* The bits of conntrack's states as rules have them (NF_CT_STATE_BIT() of the kernel). */
enum { STATE_INVALID = 1, STATE_ESTABLISHED = 2, STATE_RELATED = 4 };

/* What comes from outside without having been translated. */
static void write_direct(struct nft *n, const struct version *v, const char *chain)
{
	nft_begin_rule(n, chain);
	load_target(n, v);
	nft_in_set(n, 0, "opened", true);
	accept_or_drop(n, NF_ACCEPT);

	nft_begin_rule(n, chain);
	interface_in(n, NFT_META_OIFNAME, "routed", true);
	nft_load_meta(n, NFT_META_L4PROTO, 0);
	nft_compare(n, 0, true, &v->ping, sizeof(v->ping));
	accept_or_drop(n, NF_ACCEPT);

	nft_begin_rule(n, chain);
	interface_in(n, NFT_META_OIFNAME, "unprotected", true);
	interface_in(n, NFT_META_IIFNAME, "bridges", false);
	accept_or_drop(n, NF_ACCEPT);
}

static void write_forwarded(struct nft *n, const struct version *v, bool no_transit)
{
	static const char chain[] = "forwarded";

	nft_begin_rule(n, chain);
	has_bits(n, NFT_CT_STATE, STATE_ESTABLISHED | STATE_RELATED);
	accept_or_drop(n, NF_ACCEPT);

	nft_begin_rule(n, chain);
	nft_load_meta(n, NFT_META_IIFNAME, 0);
	nft_load_meta(n, NFT_META_OIFNAME, NET_NAME_MAX / 4);
	nft_in_set(n, 0, "within", true);
	accept_or_drop(n, NF_ACCEPT);

	nft_begin_rule(n, chain);
	interface_in(n, NFT_META_IIFNAME, "internal", true);
	accept_or_drop(n, NF_DROP);

	nft_begin_rule(n, chain);
	interface_in(n, NFT_META_IIFNAME, "bridges", true);
	has_bits(n, NFT_CT_STATE, STATE_INVALID);
	accept_or_drop(n, NF_DROP);

	nft_begin_rule(n, chain);
	interface_in(n, NFT_META_OIFNAME, "bridges", true);
	is_translated(n);
	accept_or_drop(n, NF_ACCEPT);

	write_direct(n, v, chain);

	nft_begin_rule(n, chain);
	interface_in(n, NFT_META_OIFNAME, "bridges", true);
	accept_or_drop(n, NF_DROP);

	if (!no_transit)
		return;
	nft_begin_rule(n, chain);
	interface_in(n, NFT_META_IIFNAME, "bridges", false);
	interface_in(n, NFT_META_OIFNAME, "bridges", false);
	accept_or_drop(n, NF_DROP);
}

static void set_version(uint8_t types[4], const struct version *v)
{
	for (size_t i = 0; i < 4; i++)
		if (types[i] == ADDRESS)
			types[i] = v->type;
}

static void write_table(struct nft *n, const struct version *v, bool no_transit)
{
	n->family = v->family;
	/* Deleting what is not there would be an error, adding what is there is none. */
	nft_add_table(n);
	nft_del_table(n);
	nft_add_table(n);
	for (uint32_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct nft_set set = sets[i];

		set_version(set.key, v);
		set_version(set.data, v);
		nft_add_set(n, &set, i + 1);
	}
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		nft_add_chain(n, &chains[i]);
	write_raw(n, v);
	write_jump(n, "pre");
	write_jump(n, "out");
	write_publish(n, v);
	write_post(n, v);
	write_forwarded(n, v, no_transit);
}

/* A kernel without IPv6 has no such table. */
static size_t known_versions(void)
{
	return net_has_ipv6() ? NET_VERSIONS : NET_V4 + 1;
}

/* -- elements -- */

typedef void put_element(struct nft *n, const struct nft_element *e);

static void put_names(struct nft *n, put_element *put, const char *set, const char *first,
		      const char *second)
{
	char key[2 * NET_NAME_MAX] = { 0 };

	memcpy(key, first, strnlen(first, NET_NAME_MAX - 1));
	if (second)
		memcpy(key + NET_NAME_MAX, second, strnlen(second, NET_NAME_MAX - 1));
	put(n, &(struct nft_element){
		       .set = set, .key = key, .key_len = NET_NAME_MAX << (second != NULL) });
}

/* source: the value that the subnet has in a map, or NULL. */
static void put_subnet(struct nft *n, put_element *put, const char *set,
		       const struct ip_block *subnet, const struct ip_block *source)
{
	struct ip_block first = ip_block_first(subnet), behind = *subnet;
	size_t len = ip_block_bytes(subnet);
	struct nft_element e = { .set = set, .key = first.bytes, .key_len = len };

	if (source) {
		e.data = source->bytes;
		e.data_len = len;
	}
	put(n, &e);
	if (!ip_block_next(&behind))
		return;
	put(n, &(struct nft_element){
		       .set = set, .key = behind.bytes, .key_len = len, .is_end = true });
}

static void put_nat(struct nft *n, put_element *put, const struct net_member *m, size_t version)
{
	const struct net_nat *nat = &m->nat[version];

	for (size_t i = 0; i < m->n_subnets; i++) {
		if (net_version(&m->subnets[i]) != version || !nat->masquerade)
			continue;
		put_subnet(n, put, "subnets", &m->subnets[i], NULL);
		if (nat->source.family)
			put_subnet(n, put, "sources", &m->subnets[i], &nat->source);
	}
}

/* Where containers have no address of a version they have no way out by it, either. */
static void put_member(struct nft *n, put_element *put, const struct net_member *m, size_t version)
{
	const struct net_nat *nat = &m->nat[version];

	n->family = versions[version].family;
	put_names(n, put, "bridges", m->bridge, NULL);
	if (m->is_internal || !nat->on)
		put_names(n, put, "internal", m->bridge, NULL);
	if (m->icc)
		put_names(n, put, "within", m->bridge, m->bridge);
	for (size_t i = 0; i < m->n_trusted && nat->on; i++)
		put_names(n, put, "within", m->trusted[i], m->bridge);
	if (nat->unprotected)
		put_names(n, put, "unprotected", m->bridge, NULL);
	if (nat->routed)
		put_names(n, put, "routed", m->bridge, NULL);
	put_nat(n, put, m, version);
}

/* Each field of a key or value is padded to four bytes. */
struct fields {
	unsigned char bytes[IP_BYTES + 8];
	size_t len;
};

static void add_field(struct fields *f, const void *value, size_t len)
{
	memcpy(f->bytes + f->len, value, len);
	f->len += (len + 3) / 4 * 4;
}

static void add_address(struct fields *f, const struct ip_block *address)
{
	add_field(f, address->bytes, ip_block_bytes(address));
}

static void put_port(struct nft *n, put_element *put, const struct net_port *p, bool with_data)
{
	bool opened = p->host_port == 0, any = ip_block_is_any(&p->host_address);
	uint16_t host_port = htons(p->host_port), port = htons(p->port);
	struct fields key = { .len = 0 }, data = { .len = 0 };
	struct nft_element e = { .set = opened ? "opened"
					: any  ? "pub_any"
					       : "pub_ip",
				 .key = key.bytes };

	n->family = versions[net_version(&p->address)].family;
	if (opened)
		add_address(&key, &p->address);
	else if (!any)
		add_address(&key, &p->host_address);
	add_field(&key, &p->protocol, sizeof(p->protocol));
	add_field(&key, opened ? &port : &host_port, sizeof(port));
	add_address(&data, &p->address);
	add_field(&data, &port, sizeof(port));
	e.key_len = key.len;
	if (with_data && !opened) {
		e.data = data.bytes;
		e.data_len = data.len;
	}
	put(n, &e);
}

static void put_all(struct nft *n, put_element *put, const struct net_rules *r, bool with_data)
{
	for (size_t i = 0; i < r->n_members; i++)
		for (size_t v = 0; v < known_versions(); v++)
			put_member(n, put, &r->members[i], v);
	for (size_t i = 0; i < r->n_ports; i++)
		put_port(n, put, &r->ports[i], with_data);
}

/* -- transactions -- */

int net_rules_socket(int *ret_fd, struct err *err)
{
	int r = netlink_open(NETLINK_NETFILTER, ret_fd);

	return r < 0 ? err_code(err, r, "netfilter of the kernel (nf_tables)") : 0;
}

int net_rules_find(int fd)
{
	int r = 0;

	for (size_t v = 0; r == 0 && v < known_versions(); v++)
		r = nft_find_table(fd, versions[v].family, table_name);
	return r;
}

static int commit(int fd, struct nft *n, const char *what, struct err *err)
{
	uint32_t failed;
	int r;

	nft_end(n);
	r = nft_commit(fd, n, &failed);
	return r < 0 ? err_code(err, r, "%s (nf_tables, message %u)", what, failed) : 0;
}

int net_rules_write(int fd, const struct net_rules *rules, struct err *err)
{
	OWN(nft) struct nft n;

	nft_begin(&n, NFPROTO_IPV4, table_name);
	for (size_t v = 0; v < known_versions(); v++)
		write_table(&n, &versions[v], rules->no_transit[v]);
	put_all(&n, nft_add_element, rules, true);
	return commit(fd, &n, "writing the rules of networks", err);
}

int net_rules_remove(int fd, struct err *err)
{
	OWN(nft) struct nft n;

	nft_begin(&n, NFPROTO_IPV4, table_name);
	for (size_t v = 0; v < known_versions(); v++) {
		n.family = versions[v].family;
		nft_add_table(&n);
		nft_del_table(&n);
	}
	return commit(fd, &n, "removing the rules of networks", err);
}

/* "8080/tcp" of the message that failed: one a port, when there are no members. */
static int port_error(const struct net_rules *rules, uint32_t failed, int r, struct err *err)
{
	const struct net_port *p;

	if (rules->n_members || failed == 0 || failed > rules->n_ports)
		return err_code(err, r, "adding to the rules of networks");
	p = &rules->ports[failed - 1];
	if (r != -EEXIST && r != -EBUSY)
		return err_code(err, r, "publishing port %u", p->host_port);
	return err_set(err, -EADDRINUSE, "port %u is published already by another container",
		       p->host_port);
}

int net_rules_add(int fd, const struct net_rules *rules, struct err *err)
{
	OWN(nft) struct nft n;
	uint32_t failed;
	int r;

	nft_begin(&n, NFPROTO_IPV4, table_name);
	put_all(&n, nft_add_element, rules, true);
	nft_end(&n);
	r = nft_commit(fd, &n, &failed);
	return r < 0 ? port_error(rules, failed, r, err) : 0;
}

static int drop_one(int fd, const struct net_member *m, const struct net_port *p)
{
	OWN(nft) struct nft n;

	nft_begin(&n, NFPROTO_IPV4, table_name);
	put_all(&n, nft_del_element,
		&(struct net_rules){
			.members = m, .n_members = m != NULL, .ports = p, .n_ports = p != NULL },
		false);
	nft_end(&n);
	return nft_commit(fd, &n, NULL);
}

int net_rules_drop(int fd, const struct net_rules *rules)
{
	OWN(nft) struct nft n;
	int r;

	nft_begin(&n, NFPROTO_IPV4, table_name);
	put_all(&n, nft_del_element, rules, false);
	nft_end(&n);
	r = nft_commit(fd, &n, NULL);
	/* One that is not there keeps the others: each on its own then. */
	for (size_t i = 0; r < 0 && i < rules->n_members; i++)
		(void)drop_one(fd, &rules->members[i], NULL);
	for (size_t i = 0; r < 0 && i < rules->n_ports; i++)
		(void)drop_one(fd, NULL, &rules->ports[i]);
	return r;
}
