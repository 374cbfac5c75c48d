/*
 * cidr.c - IPv4 addresses and subnets as numbers
 */
#include "codec/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BITS = 32 };

int cidr_parse_address(const char *text, uint32_t *ret)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		return -EINVAL;
	*ret = ntohl(a.s_addr);
	return 0;
}

/* One or two digits, no sign, no leading zero. */
static int parse_prefix(const char *text, unsigned *ret)
{
	unsigned value = 0;
	size_t len = strlen(text);

	if (len == 0 || len > 2 || (len == 2 && text[0] == '0'))
		return -EINVAL;
	for (const char *s = text; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		value = value * 10 + (unsigned)(*s - '0');
	}
	if (value > BITS)
		return -EINVAL;
	*ret = value;
	return 0;
}

int cidr_parse(const char *text, struct cidr *ret)
{
	const char *slash = strchr(text, '/');
	char address[INET_ADDRSTRLEN];
	struct cidr c;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (cidr_parse_address(address, &c.address) < 0 || parse_prefix(slash + 1, &c.prefix) < 0)
		return -EINVAL;
	*ret = c;
	return 0;
}

uint32_t cidr_mask(unsigned prefix)
{
	return prefix ? UINT32_MAX << (BITS - prefix) : 0;
}

uint32_t cidr_first(const struct cidr *c)
{
	return c->address & cidr_mask(c->prefix);
}

uint32_t cidr_last(const struct cidr *c)
{
	return c->address | ~cidr_mask(c->prefix);
}

bool cidr_has(const struct cidr *c, uint32_t address)
{
	return address >= cidr_first(c) && address <= cidr_last(c);
}

bool cidr_overlaps(const struct cidr *a, const struct cidr *b)
{
	return cidr_first(a) <= cidr_last(b) && cidr_first(b) <= cidr_last(a);
}

void cidr_write_address(uint32_t address, char ret[CIDR_TEXT_MAX])
{
	(void)snprintf(ret, CIDR_TEXT_MAX, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
		       address >> 8 & 255, address & 255);
}

void cidr_write(const struct cidr *c, char ret[CIDR_TEXT_MAX])
{
	size_t len;

	cidr_write_address(c->address, ret);
	len = strlen(ret);
	(void)snprintf(ret + len, CIDR_TEXT_MAX - len, "/%u", c->prefix);
}
