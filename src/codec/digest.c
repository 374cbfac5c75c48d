/*
 * digest.c - content digests as text
 */
#include "codec/digest.h"

#include "base/str.h"

#include <errno.h>

static const struct {
	const char *name;
	size_t hex;
} algos[] = {
	[DIGEST_SHA256] = { "sha256", DIGEST_HEX },
	[DIGEST_SHA512] = { "sha512", DIGEST_HEX_MAX },
};
_Static_assert(sizeof(algos) / sizeof(algos[0]) == DIGEST_ALGOS, "an algorithm without its name");

enum { PREFIX = sizeof("sha256:") - 1 }; /* all names are as long */

bool digest_is_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return true;
}

int digest_algo(const char *s)
{
	for (size_t i = 0; i < DIGEST_ALGOS; i++) {
		const char *hex = str_after(s, algos[i].name);

		if (hex && *hex++ == ':' && strlen(hex) == algos[i].hex &&
		    digest_is_hex(hex, algos[i].hex))
			return (int)i;
	}
	return -EINVAL;
}

enum digest_algo digest_algo_or_usual(const char *s)
{
	int algo = s ? digest_algo(s) : -EINVAL;

	return algo < 0 ? DIGEST_SHA256 : (enum digest_algo)algo;
}

const char *digest_algo_name(enum digest_algo algo)
{
	return algos[algo].name;
}

bool digest_is_valid(const char *s)
{
	return digest_algo(s) >= 0;
}

bool digest_is_sha256(const char *s)
{
	return digest_algo(s) == DIGEST_SHA256;
}

const char *digest_hex(const char *s)
{
	return s + PREFIX;
}

void digest_write(enum digest_algo algo, const unsigned char *hash, char out[DIGEST_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	char *p = out + PREFIX;

	memcpy(out, algos[algo].name, PREFIX - 1);
	out[PREFIX - 1] = ':';
	for (size_t i = 0; i < algos[algo].hex / 2; i++) {
		*p++ = digits[hash[i] >> 4];
		*p++ = digits[hash[i] & 15];
	}
	*p = '\0';
}
