/*
 * number_list.c - sets of small numbers as the kernel writes them: "0-3,5"
 */
#include "codec/number_list.h"

#include <errno.h>

enum { WORD_BITS = 8 * sizeof(unsigned long) };

/* Digits only; NULL when there are none, or too many. */
static const char *read_number(const char *at, unsigned *ret)
{
	const char *first = at;
	unsigned n = 0;

	for (; *at >= '0' && *at <= '9'; at++) {
		n = n * 10 + (unsigned)(*at - '0');
		if (n >= NUMBER_LIST_MAX)
			return NULL;
	}
	*ret = n;
	return at == first ? NULL : at;
}

int number_list_parse(const char *text, struct number_set *ret)
{
	struct number_set set = { { 0 } };
	const char *at = text;

	for (;;) {
		unsigned first, last;

		at = read_number(at, &first);
		last = first;
		if (at && *at == '-')
			at = read_number(at + 1, &last);
		if (!at || last < first)
			return -EINVAL;
		for (unsigned n = first; n <= last; n++)
			set.words[n / WORD_BITS] |= 1UL << n % WORD_BITS;
		if (!*at)
			break;
		if (*at++ != ',')
			return -EINVAL;
	}
	*ret = set;
	return 0;
}
