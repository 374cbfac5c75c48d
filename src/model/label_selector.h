/*
 * label_selector.h - which containers are meant, by their labels
 *
 * Kubernetes' LabelSelector: all requirements must hold; a selector without any is met by all.
 */
#ifndef MODEL_LABEL_SELECTOR_H
#define MODEL_LABEL_SELECTOR_H

#include "codec/schema.h"

enum selector_operator {
	SELECTOR_IN,
	SELECTOR_NOT_IN, /* also met by who does not have the label */
	SELECTOR_EXISTS,
	SELECTOR_DOES_NOT_EXIST,
	SELECTOR_OPERATORS
};

struct label_requirement {
	const char *key;
	int op; /* enum selector_operator */
	struct strv values;
};
SCHEMA_DECLARE(label_requirement);

struct label_selector {
	struct str_map match_labels;
	LIST(struct label_requirement) match_expressions;
};
SCHEMA_DECLARE(label_selector);

/* -EINVAL with the member: In and NotIn need values, the others have none. */
int label_selector_check(const struct label_selector *s, struct err *err);
bool label_selector_matches(const struct label_selector *s, const struct str_map *labels);

/*
 * The same text for selectors of the same requirements, in whatever order and form, and for no
 * others. For programs: names and values are quoted.
 */
const char *label_selector_key(const struct label_selector *s, struct arena *a);
/* As kubectl writes it: "app=db,tier in (a,b),!old"; "*" for all. */
const char *label_selector_text(const struct label_selector *s, struct arena *a);
/*
 * Reads that text: KEY=VALUE, KEY==VALUE, KEY!=VALUE, KEY in (A,B), KEY notin (A,B), KEY, !KEY,
 * joined by commas; "*" or "" is all. Strings are the arena's. -EINVAL.
 */
int label_selector_parse(const char *text, struct arena *a, struct label_selector *ret,
			 struct err *err);

#endif
