/*
 * subid.h - ranges of users or groups that an ordinary user may map, from the text of subuid(5)
 */
#ifndef CODEC_SUBID_H
#define CODEC_SUBID_H

#include <stddef.h>
#include <stdint.h>

enum { SUBID_RANGES_MAX = 32 /* the kernel takes 340 lines of a map; nobody has that many */ };

struct subid_range {
	uint32_t first, count;
};

/*
 * The ranges of lines "NAME:FIRST:COUNT" whose name is the user's or his number in digits; name may
 * be NULL. Lines that are malformed, and ranges beyond 32 bits, are passed over. Their number.
 */
size_t subid_parse(const char *text, const char *name, uint32_t uid,
		   struct subid_range ret[SUBID_RANGES_MAX]);
/* The name of a user in the text of a passwd(5): its length in text, 0: he is not in there. */
size_t subid_user_name(const char *passwd, uint32_t uid, const char **ret);

#endif
