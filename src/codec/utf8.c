/*
 * utf8.c - is it UTF-8?
 */
#include "codec/utf8.h"

#include <stdint.h>

/* One row per length: the lead byte's fixed bits, and the least character that needs the length. */
static const struct {
	unsigned char mask, lead;
	uint32_t least;
} forms[] = {
	{ 0x80, 0x00, 0 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

size_t utf8_len(const char *s, size_t len)
{
	unsigned char lead = (unsigned char)s[0];
	size_t more = 0;
	uint32_t c;

	while (more < FORMS && (lead & forms[more].mask) != forms[more].lead)
		more++;
	if (more == FORMS || more >= len)
		return 0;
	c = lead & (0xffU ^ forms[more].mask);
	for (size_t i = 1; i <= more; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (c < forms[more].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	return more + 1;
}

bool utf8_is_valid(const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = (unsigned char)s[i] < 0x80 ? 1 : utf8_len(s + i, len - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}
