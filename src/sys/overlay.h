/*
 * overlay.h - what overlayfs notes about files, and under which names
 */
#ifndef SYS_OVERLAY_H
#define SYS_OVERLAY_H

#include <stdbool.h>

/*
 * The trusted attributes, where overlayfs has its notes, are the machine's root's. An overlay of a
 * user namespace is mounted with the option `userxattr`, and has them among the user's.
 */
bool overlay_is_users(void);

enum overlay_attribute { OVERLAY_OPAQUE, OVERLAY_REDIRECT, OVERLAY_METACOPY };
/* The name of the extended attribute, for us. */
const char *overlay_attribute(enum overlay_attribute which);

#endif
