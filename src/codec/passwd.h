/*
 * passwd.h - users and groups of a container, from the text of its passwd(5) and group(5)
 *
 * The texts are an image's: hostile. Lines that are malformed are passed over; nothing is trusted
 * but digits in range. A name of digits only is a number, never looked up as a name.
 */
#ifndef CODEC_PASSWD_H
#define CODEC_PASSWD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

enum { PASSWD_FILE_MAX = 1 << 20 /* bytes of either file that a caller should read */ };

struct passwd_user {
	uint32_t uid, gid;
	uint32_t *groups; /* additional, arena's */
	size_t n_groups;
	const char *home; /* "/" when the user has no entry */
};

/*
 * Resolves what docker's --user takes: "" (root), "name", "uid", "name:group", "uid:gid". passwd
 * and group may be "" for files that are absent. extra names or numbers are --group-add. -EINVAL
 * "unable to find user …".
 */
int passwd_resolve(const char *spec, const char *passwd, const char *group,
		   const struct strv *extra, struct arena *a, struct passwd_user *ret,
		   struct err *err);

#endif
