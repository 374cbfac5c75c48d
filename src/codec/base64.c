/*
 * base64.c - bytes as text, RFC 4648 section 4
 */
#include "codec/base64.h"

#include <errno.h>
#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(const void *data, size_t len, struct buf *out)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)p[i] << 16;

		if (n > 1)
			bits |= (uint32_t)p[i + 1] << 8;
		if (n > 2)
			bits |= p[i + 2];
		for (size_t k = 0; k < 4; k++)
			buf_addc(out, k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=');
	}
}

static int digit_value(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

int base64_read(const char *text, size_t len, struct buf *out)
{
	uint32_t bits = 0;
	unsigned have = 0;

	if (len > 0 && len % 4 == 0)
		for (int pad = 0; pad < 2 && text[len - 1] == '='; pad++)
			len--;
	/* One digit alone is no byte. */
	if (len % 4 == 1)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		int value = digit_value(text[i]);

		if (value < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_addc(out, (char)(bits >> have & 255));
		}
	}
	/* Bits behind the last byte are zero: one text for one content. */
	return bits & ((1U << have) - 1) ? -EINVAL : 0;
}
