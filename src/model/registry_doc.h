/*
 * registry_doc.h - what registries and token servers answer, as JSON
 *
 * OCI distribution-spec 1.1 (errors, tags), Docker's token specification. The texts are hostile.
 */
#ifndef MODEL_REGISTRY_DOC_H
#define MODEL_REGISTRY_DOC_H

#include "codec/schema.h"

enum { REGISTRY_DOC_MAX = 4 << 20, REGISTRY_DOC_TOKEN_MAX = 1 << 20 }; /* bytes of text */

struct registry_token {
	const char *token;   /* what a request carries; never empty */
	const char *refresh; /* an identity token, or NULL */
	int64_t lifetime;    /* seconds; 60 when the server does not say */
};

/* -EINVAL when there is no token, or one that does not fit into a header field. */
int registry_doc_token(const char *text, size_t len, struct arena *a, struct registry_token *ret,
		       struct err *err);

/*
 * The errors of an answer as one line, "manifest unknown: …; …", for people: no control characters.
 * NULL when the text is no list of errors. *ret_code is the first one's code ("MANIFEST_UNKNOWN").
 */
const char *registry_doc_errors(const char *text, size_t len, struct arena *a,
				const char **ret_code);

/* Adds one page of tags; those that are no tags by the grammar are left out. -EINVAL. */
int registry_doc_tags(const char *text, size_t len, struct arena *a, struct strv *into,
		      struct err *err);

#endif
