/*
 * detach_keys.c - the key sequence that ends an attached session and leaves the container running
 */
#include "cmd/detach_keys.h"

#include "base/str.h"

#include <ctype.h>

/* One key of len characters: its byte, or -1. */
static int key(const char *s, size_t len)
{
	char c;

	if (len == 1)
		return (unsigned char)*s;
	if (len != 6 || strncasecmp(s, "ctrl-", 5) != 0)
		return -1;
	c = (char)toupper((unsigned char)s[5]);
	return c >= '@' && c <= '_' ? c - '@' : -1;
}

int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *err)
{
	const char *s = str_is_empty(text) ? "ctrl-p,ctrl-q" : text;

	*ret = (struct detach_keys){ 0 };
	for (;;) {
		size_t len = strcspn(s, ",");
		int byte = key(s, len);

		if (byte < 0 || ret->n == DETACH_KEYS_MAX)
			return err_set(
				err, -EINVAL,
				"invalid detach keys (%.100s): unknown character '%.*s'; use letters and "
				"ctrl-LETTER, separated by commas",
				text, (int)(len > 32 ? 32 : len), s);
		ret->keys[ret->n++] = (char)byte;
		if (!s[len])
			return 0;
		s += len + 1;
	}
}

bool detach_keys_filter(struct detach_keys *k, const char *in, size_t len, char *out,
			size_t *ret_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (in[i] != k->keys[k->seen] && k->seen) {
			memcpy(out + n, k->keys, k->seen);
			n += k->seen;
			k->seen = 0;
		}
		if (in[i] != k->keys[k->seen])
			out[n++] = in[i];
		else if (++k->seen == k->n) {
			*ret_len = n;
			return true;
		}
	}
	*ret_len = n;
	return false;
}
