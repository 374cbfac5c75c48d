/*
 * envfile.h - docker's --env-file and --label-file, and what -e KEY means
 */
#ifndef CODEC_ENVFILE_H
#define CODEC_ENVFILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* The value of a variable of the caller's own environment, or NULL; NULL function: never any. */
typedef const char *envfile_lookup(const char *key);

/*
 * Appends the lines of text: "KEY=VALUE" as it is, "KEY" with the caller's value or nothing when
 * it has none, "#" comments and empty lines passed over. name is the file's, for messages; -EINVAL
 * with the line's number.
 */
int envfile_parse(const char *name, const char *text, envfile_lookup *lookup, struct arena *a,
		  struct strv *out, struct err *err);
/* One -e argument, by the same rules. */
int envfile_add(const char *item, envfile_lookup *lookup, struct arena *a, struct strv *out,
		struct err *err);
/* Puts KEY=VALUE into env, replacing an entry of the same KEY. */
void envfile_set(struct strv *env, struct arena *a, const char *item);

#endif
