/*
 * ip_block.h - addresses of both families, and blocks of them: "10.0.0.0/8", "fd00::/8"
 */
#ifndef CODEC_IP_BLOCK_H
#define CODEC_IP_BLOCK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IP_BYTES = 16, IP_BLOCK_TEXT_MAX = 50 /* an address, "/128" and a NUL */ };

/* A whole address has the longest prefix. Bytes behind those of the family are 0. */
struct ip_block {
	uint8_t family; /* 4 or 6; 0: none */
	uint8_t prefix; /* bits */
	uint8_t bytes[IP_BYTES];
};

/* 4 or 16. */
size_t ip_block_bytes(const struct ip_block *b);
/* Whether it is one address. */
bool ip_block_is_address(const struct ip_block *b);

/* An address alone, as inet_pton(3). -EINVAL. */
int ip_block_parse_address(const char *text, struct ip_block *ret);
/* "ADDRESS/PREFIX" without bits behind the prefix. -EINVAL with the reason. */
int ip_block_parse(const char *text, struct ip_block *ret, struct err *err);
/* The same with them: an address, and the prefix of the subnet that it is in. -EINVAL. */
int ip_block_parse_within(const char *text, struct ip_block *ret);
/* An address from the family's bytes. */
struct ip_block ip_block_of(unsigned family, const void *bytes);

/* 0.0.0.0 or ::, whatever its prefix. */
bool ip_block_is_any(const struct ip_block *b);
bool ip_block_is_loopback(const struct ip_block *b);
/* Of one link alone: 169.254.0.0/16, fe80::/10. */
bool ip_block_is_link_local(const struct ip_block *b);

/* Whether all of inner is in outer; never across families. */
bool ip_block_has(const struct ip_block *outer, const struct ip_block *inner);
/* Whether they have an address in common. */
bool ip_block_overlaps(const struct ip_block *a, const struct ip_block *b);
/* The address alone, without its subnet; the subnet alone, without bits behind the prefix. */
struct ip_block ip_block_address(const struct ip_block *b);
struct ip_block ip_block_subnet(const struct ip_block *b);
/* Its first and last address. */
struct ip_block ip_block_first(const struct ip_block *b);
struct ip_block ip_block_last(const struct ip_block *b);
/* The block of the same size behind it, of an address the next one; false: it is the last. */
bool ip_block_next(struct ip_block *b);
/* By family, bytes, prefix: for sorting. */
int ip_block_compare(const struct ip_block *a, const struct ip_block *b);
/* An address without its prefix. */
void ip_block_write(const struct ip_block *b, char ret[IP_BLOCK_TEXT_MAX]);
/* "ADDRESS/PREFIX" always, with the bits behind the prefix. */
void ip_block_write_within(const struct ip_block *b, char ret[IP_BLOCK_TEXT_MAX]);
/* The first or (last) the last address of the block. */
void ip_block_edge(const struct ip_block *b, bool last, uint8_t ret[IP_BYTES]);

#endif
