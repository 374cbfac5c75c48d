/*
 * ruleset.c - the rules of all networks
 *
 *	table ip berth {
 *		map pub_any { inet_proto . inet_service : ipv4_addr . inet_service }
 *		map pub_ip  { ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service }
 *		set bridges, internal { ifname }
 *		set within { ifname . ifname }          # (bridge, the same) where containers may
 *talk set subnets { ipv4_addr; interval }     # that are masqueraded
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
 *			ip saddr @subnets oifname != @bridges masquerade }
 *		chain forwarded { filter forward 0
 *			ct state established,related accept
 *			iifname . oifname @within accept
 *			iifname @internal drop
 *			iifname @bridges ct state invalid drop
 *			oifname @bridges ct status dnat accept
 *			oifname @bridges drop
 *			[ iifname != @bridges oifname != @bridges drop ] }
 *	}
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

enum { SOURCE_ADDRESS = 12, DESTINATION_ADDRESS = 16, ADDRESS_LEN = 4, PORT_AT = 2, PORT_LEN = 2 };

static const struct nft_set sets[] = {
	{ "pub_any",
	  { NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE },
	  { NFT_TYPE_IPV4, NFT_TYPE_SERVICE },
	  false },
	{ "pub_ip",
	  { NFT_TYPE_IPV4, NFT_TYPE_PROTOCOL, NFT_TYPE_SERVICE },
	  { NFT_TYPE_IPV4, NFT_TYPE_SERVICE },
	  false },
	{ "bridges", { NFT_TYPE_IFNAME }, { 0 }, false },
	{ "internal", { NFT_TYPE_IFNAME }, { 0 }, false },
	{ "within", { NFT_TYPE_IFNAME, NFT_TYPE_IFNAME }, { 0 }, false },
	{ "subnets", { NFT_TYPE_IPV4 }, { 0 }, true },
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

static void address_in(struct nft *n, uint32_t offset, const char *set)
{
	nft_load_payload(n, NFT_PAYLOAD_NETWORK_HEADER, offset, ADDRESS_LEN, 0);
	nft_in_set(n, 0, set, true);
}

static void is_loopback(struct nft *n, uint32_t offset)
{
	static const unsigned char first[] = { 127 };

	nft_load_payload(n, NFT_PAYLOAD_NETWORK_HEADER, offset, sizeof(first), 0);
	nft_compare(n, 0, true, first, sizeof(first));
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

static void write_raw(struct nft *n)
{
	static const char lo[NET_NAME_MAX] = "lo";

	nft_begin_rule(n, "raw");
	nft_load_meta(n, NFT_META_IIFNAME, 0);
	nft_compare(n, 0, false, lo, sizeof(lo));
	is_loopback(n, DESTINATION_ADDRESS);
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

static void write_publish(struct nft *n)
{
	nft_begin_rule(n, "publish");
	nft_load_payload(n, NFT_PAYLOAD_NETWORK_HEADER, DESTINATION_ADDRESS, ADDRESS_LEN, 0);
	nft_load_meta(n, NFT_META_L4PROTO, 1);
	nft_load_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, PORT_AT, PORT_LEN, 2);
	nft_look_up(n, 0, "pub_ip");
	nft_dnat(n);
	nft_end_rule(n);

	nft_begin_rule(n, "publish");
	nft_load_meta(n, NFT_META_L4PROTO, 0);
	nft_load_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, PORT_AT, PORT_LEN, 1);
	nft_look_up(n, 0, "pub_any");
	nft_dnat(n);
	nft_end_rule(n);
}

static void write_post(struct nft *n)
{
	nft_begin_rule(n, "post");
	is_loopback(n, SOURCE_ADDRESS);
	interface_in(n, NFT_META_OIFNAME, "bridges", true);
	nft_masquerade(n);
	nft_end_rule(n);

	nft_begin_rule(n, "post");
	is_translated(n);
	address_in(n, SOURCE_ADDRESS, "subnets");
	address_in(n, DESTINATION_ADDRESS, "subnets");
	nft_masquerade(n);
	nft_end_rule(n);

	nft_begin_rule(n, "post");
	address_in(n, SOURCE_ADDRESS, "subnets");
	interface_in(n, NFT_META_OIFNAME, "bridges", false);
	nft_masquerade(n);
	nft_end_rule(n);
}

/* The bits of conntrack's states as rules have them (NF_CT_STATE_BIT() of the kernel). */
enum { STATE_INVALID = 1, STATE_ESTABLISHED = 2, STATE_RELATED = 4 };

static void write_forwarded(struct nft *n, bool no_transit)
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

static void write_table(struct nft *n, bool no_transit)
{
	/* Deleting what is not there would be an error, adding what is there is none. */
	nft_add_table(n);
	nft_del_table(n);
	nft_add_table(n);
	for (uint32_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		nft_add_set(n, &sets[i], i + 1);
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		nft_add_chain(n, &chains[i]);
	write_raw(n);
	write_jump(n, "pre");
	write_jump(n, "out");
	write_publish(n);
	write_post(n);
	write_forwarded(n, no_transit);
}

/* -- elements -- */

typedef void put_element(struct nft *n, const struct nft_element *e);

static void put_name(struct nft *n, put_element *put, const char *set, const char *name,
		     size_t times)
{
	char key[2 * NET_NAME_MAX] = { 0 };

	for (size_t i = 0; i < times; i++)
		memcpy(key + i * NET_NAME_MAX, name, strnlen(name, NET_NAME_MAX - 1));
	put(n, &(struct nft_element){ .set = set, .key = key, .key_len = times * NET_NAME_MAX });
}

static void put_subnet(struct nft *n, put_element *put, const struct cidr *subnet)
{
	uint32_t first = htonl(cidr_first(subnet)), behind = htonl(cidr_last(subnet) + 1);
	struct nft_element e = { .set = "subnets", .key = &first, .key_len = sizeof(first) };

	put(n, &e);
	e.key = &behind;
	e.is_end = true;
	put(n, &e);
}

static void put_member(struct nft *n, put_element *put, const struct net_member *m)
{
	put_name(n, put, "bridges", m->bridge, 1);
	if (m->is_internal)
		put_name(n, put, "internal", m->bridge, 1);
	if (m->icc)
		put_name(n, put, "within", m->bridge, 2);
	if (m->masquerade)
		put_subnet(n, put, &m->subnet);
}

/* Each field of a key or value is padded to four bytes. */
struct fields {
	unsigned char bytes[12];
	size_t len;
};

static void add_field(struct fields *f, const void *value, size_t len)
{
	memcpy(f->bytes + f->len, value, len);
	f->len += 4;
}

static void put_port(struct nft *n, put_element *put, const struct net_port *p, bool with_data)
{
	uint32_t host = htonl(p->host_address), address = htonl(p->address);
	uint16_t host_port = htons(p->host_port), port = htons(p->port);
	struct fields key = { .len = 0 }, data = { .len = 0 };
	struct nft_element e = { .set = host ? "pub_ip" : "pub_any", .key = key.bytes };

	if (host)
		add_field(&key, &host, sizeof(host));
	add_field(&key, &p->protocol, sizeof(p->protocol));
	add_field(&key, &host_port, sizeof(host_port));
	add_field(&data, &address, sizeof(address));
	add_field(&data, &port, sizeof(port));
	e.key_len = key.len;
	if (with_data) {
		e.data = data.bytes;
		e.data_len = data.len;
	}
	put(n, &e);
}

static void put_all(struct nft *n, put_element *put, const struct net_rules *r, bool with_data)
{
	for (size_t i = 0; i < r->n_members; i++)
		put_member(n, put, &r->members[i]);
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
	return nft_find_table(fd, NFPROTO_IPV4, table_name);
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
	write_table(&n, rules->no_transit);
	put_all(&n, nft_add_element, rules, true);
	return commit(fd, &n, "writing the rules of networks", err);
}

int net_rules_remove(int fd, struct err *err)
{
	OWN(nft) struct nft n;

	nft_begin(&n, NFPROTO_IPV4, table_name);
	nft_add_table(&n);
	nft_del_table(&n);
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
