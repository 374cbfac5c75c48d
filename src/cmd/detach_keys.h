/*
 * detach_keys.h - the key sequence that ends an attached session and leaves the container running
 */
#ifndef CMD_DETACH_KEYS_H
#define CMD_DETACH_KEYS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { DETACH_KEYS_MAX = 32 };

struct detach_keys {
	char keys[DETACH_KEYS_MAX + 1]; /* bytes; NUL-terminated unless ctrl-@ is among them */
	size_t n;
	size_t seen; /* how many of them were just typed */
};

/*
 * "ctrl-p,ctrl-q", "a,ctrl-]": characters and ctrl-@ to ctrl-_, separated by commas. NULL or "" is
 * docker's ctrl-p,ctrl-q. -EINVAL "invalid detach keys …".
 */
int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *err);

/*
 * Takes typed bytes and leaves in out (len + DETACH_KEYS_MAX bytes) those that are for the
 * container; a beginning of the sequence is held back. Returns true when the sequence is complete.
 */
bool detach_keys_filter(struct detach_keys *k, const char *in, size_t len, char *out,
			size_t *ret_len);

#endif
