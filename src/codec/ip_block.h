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
/* An address from the family's bytes. */
struct ip_block ip_block_of(unsigned family, const void *bytes);

/* Whether all of inner is in outer; never across families. */
bool ip_block_has(const struct ip_block *outer, const struct ip_block *inner);
/* By family, bytes, prefix: for sorting. */
int ip_block_compare(const struct ip_block *a, const struct ip_block *b);
/* An address without its prefix. */
void ip_block_write(const struct ip_block *b, char ret[IP_BLOCK_TEXT_MAX]);
/* The first or (last) the last address of the block. */
void ip_block_edge(const struct ip_block *b, bool last, uint8_t ret[IP_BYTES]);

#endif
