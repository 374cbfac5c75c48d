/*
 * ip_block.c - addresses of both families, and blocks of them
 */
#include "codec/ip_block.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { ADDRESS_TEXT = INET6_ADDRSTRLEN };

size_t ip_block_bytes(const struct ip_block *b)
{
	return b->family == 4 ? 4 : IP_BYTES;
}

bool ip_block_is_address(const struct ip_block *b)
{
	return b->prefix == 8 * ip_block_bytes(b);
}

struct ip_block ip_block_of(unsigned family, const void *bytes)
{
	struct ip_block b = { .family = (uint8_t)family };

	b.prefix = (uint8_t)(8 * ip_block_bytes(&b));
	memcpy(b.bytes, bytes, ip_block_bytes(&b));
	return b;
}

int ip_block_parse_address(const char *text, struct ip_block *ret)
{
	unsigned char bytes[IP_BYTES];

	if (inet_pton(AF_INET, text, bytes) == 1)
		*ret = ip_block_of(4, bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*ret = ip_block_of(6, bytes);
	else
		return -EINVAL;
	return 0;
}

/* One to three digits, no sign, no leading zero. */
static int parse_prefix(const char *text, unsigned most, unsigned *ret)
{
	size_t len = strlen(text);
	unsigned value = 0;

	if (len == 0 || len > 3 || (len > 1 && text[0] == '0'))
		return -EINVAL;
	for (const char *s = text; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		value = value * 10 + (unsigned)(*s - '0');
	}
	*ret = value;
	return value > most ? -EINVAL : 0;
}

void ip_block_edge(const struct ip_block *b, bool last, uint8_t ret[IP_BYTES])
{
	size_t n = ip_block_bytes(b);

	memset(ret, 0, IP_BYTES);
	for (size_t i = 0; i < n; i++) {
		unsigned bits = b->prefix > 8 * i ? b->prefix - 8 * (unsigned)i : 0;
		uint8_t mask = bits >= 8 ? 0xff : (uint8_t)(0xff << (8 - bits));

		ret[i] = (uint8_t)(b->bytes[i] & mask);
		if (last)
			ret[i] |= (uint8_t)~mask;
	}
}

int ip_block_parse(const char *text, struct ip_block *ret, struct err *err)
{
	const char *slash = strchr(text, '/');
	char address[ADDRESS_TEXT], whole[IP_BLOCK_TEXT_MAX];
	uint8_t first[IP_BYTES];
	unsigned prefix;
	struct ip_block b;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return err_set(err, -EINVAL, "not ADDRESS/PREFIX: \"%.60s\"", text);
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (ip_block_parse_address(address, &b) < 0 ||
	    parse_prefix(slash + 1, b.prefix, &prefix) < 0)
		return err_set(err, -EINVAL, "not ADDRESS/PREFIX: \"%.60s\"", text);
	b.prefix = (uint8_t)prefix;
	ip_block_edge(&b, false, first);
	if (memcmp(first, b.bytes, sizeof(first)) != 0) {
		memcpy(b.bytes, first, sizeof(first));
		ip_block_write(&b, whole);
		return err_set(err, -EINVAL, "\"%.60s\" has bits behind its prefix: write \"%s\"",
			       text, whole);
	}
	*ret = b;
	return 0;
}

bool ip_block_has(const struct ip_block *outer, const struct ip_block *inner)
{
	struct ip_block cut = *inner;
	uint8_t first[IP_BYTES];

	if (outer->family != inner->family || inner->prefix < outer->prefix)
		return false;
	cut.prefix = outer->prefix;
	ip_block_edge(&cut, false, first);
	return memcmp(first, outer->bytes, sizeof(first)) == 0;
}

int ip_block_compare(const struct ip_block *a, const struct ip_block *b)
{
	int r;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	r = memcmp(a->bytes, b->bytes, sizeof(a->bytes));
	if (r != 0)
		return r;
	return a->prefix == b->prefix ? 0 : a->prefix < b->prefix ? -1 : 1;
}

void ip_block_write(const struct ip_block *b, char ret[IP_BLOCK_TEXT_MAX])
{
	size_t len;

	if (!inet_ntop(b->family == 4 ? AF_INET : AF_INET6, b->bytes, ret, IP_BLOCK_TEXT_MAX))
		ret[0] = '\0';
	len = strlen(ret);
	if (!ip_block_is_address(b))
		(void)snprintf(ret + len, IP_BLOCK_TEXT_MAX - len, "/%u", b->prefix);
}
