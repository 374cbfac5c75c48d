/*
 * cidr.h - IPv4 addresses and subnets as numbers: "172.17.0.0/16"
 *
 * Numbers are in the host's byte order, so that they can be counted up and compared.
 */
#ifndef CODEC_CIDR_H
#define CODEC_CIDR_H

#include <stdbool.h>
#include <stdint.h>

enum { CIDR_TEXT_MAX = 19 /* "255.255.255.255/32" and a NUL */ };

struct cidr {
	uint32_t address; /* as given: bits behind the prefix may be set */
	unsigned prefix;  /* 0 to 32 */
};

/* Four decimal numbers without leading zeros, as inet_pton(3). -EINVAL. */
int cidr_parse_address(const char *text, uint32_t *ret);
/* "ADDRESS/PREFIX". -EINVAL. */
int cidr_parse(const char *text, struct cidr *ret);

/* The mask of so many bits. */
uint32_t cidr_mask(unsigned prefix);
/* First and last address of the subnet: the network's and the broadcast address. */
uint32_t cidr_first(const struct cidr *c);
uint32_t cidr_last(const struct cidr *c);
bool cidr_has(const struct cidr *c, uint32_t address);
/* Whether they have an address in common. */
bool cidr_overlaps(const struct cidr *a, const struct cidr *b);

void cidr_write_address(uint32_t address, char ret[CIDR_TEXT_MAX]);
/* With the bits behind the prefix as they are. */
void cidr_write(const struct cidr *c, char ret[CIDR_TEXT_MAX]);

#endif
