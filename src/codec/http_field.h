/*
 * http_field.h - values of HTTP header fields: challenges, links, warnings
 *
 * RFC 9110 sections 5.6 (tokens, quoted strings, lists) and 11 (challenges), RFC 8288 (Link),
 * RFC 7234 section 5.5 (Warning). The texts come from servers and are hostile; results are the
 * arena's.
 */
#ifndef CODEC_HTTP_FIELD_H
#define CODEC_HTTP_FIELD_H

#include "base/str.h"

#include <stdint.h>

enum { HTTP_FIELD_CHALLENGES_MAX = 16, HTTP_FIELD_PARAMS_MAX = 32 };

struct http_challenge {
	const char *scheme;    /* lower-case */
	struct str_map params; /* names lower-case, values without quotes */
};

struct http_challenges {
	struct http_challenge items[HTTP_FIELD_CHALLENGES_MAX];
	size_t n;
};

/*
 * Adds the challenges of one WWW-Authenticate field, of which there may be several in one field and
 * several fields in an answer. -EINVAL when the field is none, -E2BIG beyond the maxima; the
 * challenges before the fault are kept.
 */
int http_field_challenges(const char *field, struct arena *a, struct http_challenges *into);
/* The first challenge of a scheme, or NULL. */
const struct http_challenge *http_field_challenge(const struct http_challenges *c,
						  const char *scheme);

/* The target of the link with rel="next" in a Link field, or NULL. */
const char *http_field_next_link(const char *field, struct arena *a);

/* The text of a Warning field that is meant for people (code 299), or NULL. */
const char *http_field_warning(const char *field, struct arena *a);

/* A number of digits alone; -1 for anything else, NULL too. */
int64_t http_field_number(const char *field);
/* Content-Range, "bytes 10-99/100" (RFC 9110 section 14.4): the first position, or -1. */
int64_t http_field_range_first(const char *field);
/* Range of an upload, "0-1023" (distribution-spec): how many bytes are there; 0 for anything else.
 */
int64_t http_field_upload_length(const char *field);

/*
 * A text of a server for a terminal: one line of at most max bytes, control characters as blanks,
 * valid UTF-8.
 */
const char *http_field_printable(const char *text, size_t len, size_t max, struct arena *a);

#endif
