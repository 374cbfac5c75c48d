/*
 * nft.h - what a transaction with nf_tables is made of
 *
 * The messages of linux/netfilter/nf_tables.h: libraries exist, but a fixed set of rules needs few
 * of them, and a static program of 50 KB less starts sooner. Everything between nft_begin() and
 * nft_commit() happens at once or not at all.
 */
#ifndef NET_NFT_H
#define NET_NFT_H

#include "net/netlink.h"

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>

/* A transaction on tables of one name; each message is for the family that is set by then. */
struct nft {
	struct netlink_batch batch;
	const char *table;
	uint8_t family;          /* NFPROTO_* */
	size_t list, expr, data; /* open nests */
};

void nft_begin(struct nft *n, uint8_t family, const char *table);
void nft_done(struct nft *n);
static inline void nft_cleanup(struct nft *n)
{
	nft_done(n);
}
/* Closes the transaction; its bytes can be kept and sent more than once. */
void nft_end(struct nft *n);
/*
 * Sends it. A negative errno as the kernel gave it; then nothing was changed, and *ret_failed is
 * the number (from 1) of the first message that failed, 0 when it is none of them.
 */
int nft_commit(int fd, const struct nft *n, uint32_t *ret_failed);
/* -ENOENT when there is no such table. */
int nft_find_table(int fd, uint8_t family, const char *table);

void nft_add_table(struct nft *n);
void nft_del_table(struct nft *n); /* an error when it is not there */

/* The numbers by which nft(8) knows types; several make one key. */
enum nft_type {
	NFT_TYPE_IPV4 = 7,
	NFT_TYPE_IPV6 = 8,
	NFT_TYPE_PROTOCOL = 12,
	NFT_TYPE_SERVICE = 13,
	NFT_TYPE_IFNAME = 41,
};
struct nft_set {
	const char *name;
	uint8_t key[4], data[4]; /* enum nft_type, ended by 0; no data: a set, otherwise a map */
	bool interval;
};
void nft_add_set(struct nft *n, const struct nft_set *set, uint32_t id);

/* One element. NULL: a set has no data. is_end: the address behind an interval's last. */
struct nft_element {
	const char *set;
	const void *key, *data;
	size_t key_len, data_len;
	bool is_end;
};
void nft_add_element(struct nft *n, const struct nft_element *e);
void nft_del_element(struct nft *n,
		     const struct nft_element *e); /* an error when it is not there */

struct nft_chain {
	const char *name, *type; /* "nat", "filter"; NULL: not a base chain */
	uint32_t hook;           /* NF_INET_* */
	int32_t priority;
};
void nft_add_chain(struct nft *n, const struct nft_chain *chain);

/* A rule is a run of expressions between these two. */
void nft_begin_rule(struct nft *n, const char *chain);
void nft_end_rule(struct nft *n);

/* Registers of 4 bytes: a key of several fields takes as many in a row. */
void nft_load_meta(struct nft *n, uint32_t key, unsigned reg);
void nft_load_payload(struct nft *n, uint32_t base, uint32_t offset, uint32_t len, unsigned reg);
void nft_load_ct(struct nft *n, uint32_t key, unsigned reg);
/* The type of the destination address, RTN_LOCAL and so on. */
void nft_load_address_type(struct nft *n, unsigned reg);
void nft_mask(struct nft *n, unsigned reg, uint32_t mask);
void nft_compare(struct nft *n, unsigned reg, bool equal, const void *value, size_t len);
/* Goes on when the key is in the set, or is not. */
void nft_in_set(struct nft *n, unsigned reg, const char *set, bool is_in);
/* The map's value to register 0 onwards. */
void nft_look_up(struct nft *n, unsigned reg, const char *map);
void nft_verdict(struct nft *n, int verdict, const char *chain);
void nft_dnat(struct nft *n, unsigned port_reg); /* to the address in register 0, and that port */
void nft_snat(struct nft *n);                    /* to the address in register 0 */
void nft_masquerade(struct nft *n);

#endif
