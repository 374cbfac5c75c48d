/*
 * program.h - where our own programs are
 */
#ifndef SYS_PROGRAM_H
#define SYS_PROGRAM_H

#include "base/arena.h"
#include "base/err.h"

/* Beside this one, or in BERTH_LIBEXEC. The arena's. */
int program_find(const char *name, struct arena *a, const char **ret_path, struct err *err);
/*
 * Sets BERTH_LIBEXEC, unless it is set, to where this program is. For who is about to lose its
 * name: a sealed copy has none, and one in another mount namespace is named from where its mount
 * begins.
 */
int program_tell_libexec(void);

#endif
