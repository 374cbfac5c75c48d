/*
 * program.h - where our own programs are
 */
#ifndef SYS_PROGRAM_H
#define SYS_PROGRAM_H

#include "base/arena.h"
#include "base/err.h"

/* Beside this one, or in BERTH_LIBEXEC. The arena's. */
int program_find(const char *name, struct arena *a, const char **ret_path, struct err *err);
/* This program itself. */
int program_self(struct arena *a, const char **ret_path, struct err *err);

#endif
