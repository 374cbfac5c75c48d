/*
 * digest.c - content digests as text
 */
#include "codec/digest.h"

#include "base/str.h"

#include <errno.h>

static const char prefix[] = "sha256:";

static const struct {
	const char *prefix;
	size_t hex;
} algos[] = {
	[DIGEST_SHA256] = { prefix, DIGEST_HEX },
	[DIGEST_SHA512] = { "sha512:", 2 * DIGEST_HEX },
};

bool digest_is_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return true;
}

int digest_algo(const char *s)
{
	for (size_t i = 0; i < sizeof(algos) / sizeof(algos[0]); i++) {
		const char *hex = str_after(s, algos[i].prefix);

		if (hex && strlen(hex) == algos[i].hex && digest_is_hex(hex, algos[i].hex))
			return (int)i;
	}
	return -EINVAL;
}

bool digest_is_valid(const char *s)
{
	return digest_algo(s) == DIGEST_SHA256;
}

const char *digest_hex(const char *s)
{
	return s + sizeof(prefix) - 1;
}

void digest_write(const unsigned char hash[DIGEST_SIZE], char out[DIGEST_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	char *p = out + sizeof(prefix) - 1;

	memcpy(out, prefix, sizeof(prefix) - 1);
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		*p++ = digits[hash[i] >> 4];
		*p++ = digits[hash[i] & 15];
	}
	*p = '\0';
}
