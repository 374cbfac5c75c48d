/*
 * finding.h - what a check of the store has found
 */
#ifndef MODEL_FINDING_H
#define MODEL_FINDING_H

#include "base/arena.h"
#include "codec/schema.h"

#include <stdbool.h>

struct finding {
	const char *kind; /* "database", "image", "layer", "blob", "container", "kernel", "file" */
	const char *name; /* of what */
	const char *problem; /* a sentence without its subject: "its configuration is missing" */
	const char *advice;  /* what to do when it is not repaired; or NULL */
	bool repaired;
};
SCHEMA_DECLARE(finding);

struct finding_list {
	LIST(struct finding) found;
	size_t cap;
	struct arena *a; /* the strings are its */
};
SCHEMA_DECLARE(finding_list);

/* Copies the strings, and returns the list's own, valid until the next one is added. */
struct finding *finding_add(struct finding_list *list, const struct finding *f);
/* The same with a problem that is put together. */
struct finding *finding_addf(struct finding_list *list, const char *kind, const char *name,
			     const char *advice, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* How many have not been repaired. */
size_t finding_open(const struct finding_list *list);

#endif
