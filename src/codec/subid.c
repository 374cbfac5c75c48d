/*
 * subid.c - ranges of users or groups that an ordinary user may map, from the text of subuid(5)
 */
#include "codec/subid.h"

#include <stdbool.h>
#include <string.h>

enum { BASE = 10 };

/* A decimal number that ends at the character; moves *at behind that. */
static bool number(const char **at, const char *end, char until, uint32_t *ret)
{
	const char *p = *at;
	uint64_t value = 0;

	if (p == end || *p < '0' || *p > '9')
		return false;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		value = value * BASE + (uint64_t)(*p - '0');
		if (value > UINT32_MAX)
			return false;
	}
	if (p < end && *p != until)
		return false;
	if (p == end && until != '\n')
		return false;
	*at = p < end ? p + 1 : p;
	*ret = (uint32_t)value;
	return true;
}

static bool is_his(const char *field, size_t len, const char *name, uint32_t uid)
{
	const char *at = field, *end = field + len;
	uint32_t value;

	if (name && strlen(name) == len && memcmp(field, name, len) == 0)
		return true;
	return number(&at, end, '\n', &value) && at == end && value == uid;
}

size_t subid_parse(const char *text, const char *name, uint32_t uid,
		   struct subid_range ret[SUBID_RANGES_MAX])
{
	size_t n = 0;

	while (*text && n < SUBID_RANGES_MAX) {
		const char *end = text + strcspn(text, "\n"),
			   *colon = memchr(text, ':', (size_t)(end - text));
		const char *at = colon ? colon + 1 : end;
		struct subid_range r;

		if (colon && is_his(text, (size_t)(colon - text), name, uid) &&
		    number(&at, end, ':', &r.first) && number(&at, end, '\n', &r.count) &&
		    at == end && r.count > 0 && r.count <= UINT32_MAX - r.first)
			ret[n++] = r;
		text = *end ? end + 1 : end;
	}
	return n;
}

size_t subid_user_name(const char *passwd, uint32_t uid, const char **ret)
{
	while (*passwd) {
		const char *end = passwd + strcspn(passwd, "\n");
		const char *name_end = memchr(passwd, ':', (size_t)(end - passwd));
		const char *at =
			name_end ? memchr(name_end + 1, ':', (size_t)(end - name_end - 1)) : NULL;
		uint32_t value;

		if (at && name_end > passwd) {
			at++;
			if (number(&at, end, ':', &value) && value == uid) {
				*ret = passwd;
				return (size_t)(name_end - passwd);
			}
		}
		passwd = *end ? end + 1 : end;
	}
	return 0;
}
