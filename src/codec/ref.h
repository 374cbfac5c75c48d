/*
 * ref.h - image references: [domain/]path[:tag][@digest]
 *
 * The grammar and defaults of docker: no domain means docker.io, one path component there means
 * library/, neither tag nor digest means latest.
 */
#ifndef CODEC_REF_H
#define CODEC_REF_H

#include "base/arena.h"
#include "base/err.h"

struct ref {
	char domain[256];
	char path[256];
	char tag[129];    /* "" when only a digest was given */
	char digest[136]; /* "" without one */
};

/* -EINVAL, in docker's words: "invalid reference format…", "… must be lowercase". */
int ref_parse(const char *s, struct ref *ret, struct err *err);
/* "docker.io/library/busybox:latest"; with only a digest "…@sha256:…". Arena's. */
const char *ref_canonical(const struct ref *ref, struct arena *a);
/* The name without tag and digest: "docker.io/library/busybox". */
const char *ref_name(const struct ref *ref, struct arena *a);
/*
 * As people write a canonical reference or name: without docker.io/ and library/, as far as the
 * result is read as the same again. Points into canonical.
 */
const char *ref_familiar(const char *canonical);
/* Splits a familiar or canonical reference into repository and tag ("<none>" where absent). */
void ref_split(const char *s, struct arena *a, const char **ret_repository, const char **ret_tag);

#endif
