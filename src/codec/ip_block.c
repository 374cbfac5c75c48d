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

int ip_block_parse_within(const char *text, struct ip_block *ret)
{
	const char *slash = strchr(text, '/');
	char address[ADDRESS_TEXT];
	unsigned prefix;
	struct ip_block b;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (ip_block_parse_address(address, &b) < 0 ||
	    parse_prefix(slash + 1, b.prefix, &prefix) < 0)
		return -EINVAL;
	b.prefix = (uint8_t)prefix;
	*ret = b;
	return 0;
}

int ip_block_parse(const char *text, struct ip_block *ret, struct err *err)
{
	char whole[IP_BLOCK_TEXT_MAX];
	uint8_t first[IP_BYTES];
	struct ip_block b;

	if (ip_block_parse_within(text, &b) < 0)
		return err_set(err, -EINVAL, "not ADDRESS/PREFIX: \"%.60s\"", text);
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

static bool begins_with(const struct ip_block *b, const void *bytes, unsigned prefix)
{
	struct ip_block whole = ip_block_of(b->family, bytes), cut = *b;

	whole.prefix = cut.prefix = (uint8_t)prefix;
	whole = ip_block_subnet(&whole);
	cut = ip_block_subnet(&cut);
	return memcmp(whole.bytes, cut.bytes, sizeof(cut.bytes)) == 0;
}

bool ip_block_is_any(const struct ip_block *b)
{
	static const uint8_t none[IP_BYTES];

	return memcmp(b->bytes, none, sizeof(none)) == 0;
}

bool ip_block_is_loopback(const struct ip_block *b)
{
	static const uint8_t v4[4] = { 127 }, v6[IP_BYTES] = { [IP_BYTES - 1] = 1 };

	return b->family == 4 ? begins_with(b, v4, 8) : begins_with(b, v6, 128);
}

bool ip_block_is_link_local(const struct ip_block *b)
{
	static const uint8_t v4[4] = { 169, 254 }, v6[IP_BYTES] = { 0xfe, 0x80 };

	return b->family == 4 ? begins_with(b, v4, 16) : begins_with(b, v6, 10);
}

bool ip_block_has(const struct ip_block *outer, const struct ip_block *inner)
{
	return outer->family == inner->family && inner->prefix >= outer->prefix &&
	       begins_with(inner, outer->bytes, outer->prefix);
}

bool ip_block_overlaps(const struct ip_block *a, const struct ip_block *b)
{
	return ip_block_has(a, b) || ip_block_has(b, a);
}

struct ip_block ip_block_address(const struct ip_block *b)
{
	return ip_block_of(b->family, b->bytes);
}

struct ip_block ip_block_subnet(const struct ip_block *b)
{
	struct ip_block cut = *b;

	ip_block_edge(b, false, cut.bytes);
	return cut;
}

static struct ip_block edge_of(const struct ip_block *b, bool last)
{
	uint8_t bytes[IP_BYTES];

	ip_block_edge(b, last, bytes);
	return ip_block_of(b->family, bytes);
}

struct ip_block ip_block_first(const struct ip_block *b)
{
	return edge_of(b, false);
}

struct ip_block ip_block_last(const struct ip_block *b)
{
	return edge_of(b, true);
}

bool ip_block_next(struct ip_block *b)
{
	struct ip_block next = *b;
	size_t i = next.prefix ? (next.prefix - 1U) / 8 : 0;
	unsigned carry = next.prefix ? 1U << (7 - (next.prefix - 1U) % 8) : 0x100;

	for (;; i--) {
		unsigned sum = next.bytes[i] + carry;

		next.bytes[i] = (uint8_t)sum;
		if (sum <= 0xff) {
			*b = next;
			return true;
		}
		if (i == 0)
			return false;
		carry = 1;
	}
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

static void write_address(const struct ip_block *b, char ret[IP_BLOCK_TEXT_MAX])
{
	if (!inet_ntop(b->family == 4 ? AF_INET : AF_INET6, b->bytes, ret, IP_BLOCK_TEXT_MAX))
		ret[0] = '\0';
}

void ip_block_write_within(const struct ip_block *b, char ret[IP_BLOCK_TEXT_MAX])
{
	size_t len;

	write_address(b, ret);
	len = strlen(ret);
	(void)snprintf(ret + len, IP_BLOCK_TEXT_MAX - len, "/%u", b->prefix);
}

void ip_block_write(const struct ip_block *b, char ret[IP_BLOCK_TEXT_MAX])
{
	if (ip_block_is_address(b))
		write_address(b, ret);
	else
		ip_block_write_within(b, ret);
}
