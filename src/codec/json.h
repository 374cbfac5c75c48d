/*
 * json.h - reading untrusted JSON into json-c trees
 *
 * RFC 8259 to the letter, with limits: at most 64 levels, valid UTF-8, no NUL in strings, whole
 * numbers that fit 64 bits, no two members of one name, nothing after the value.
 */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "base/err.h"
#include "base/str.h"

#include <json-c/json.h>
#include <stddef.h>

#define JSON_DEPTH_MAX 64

static inline void json_cleanup(struct json_object **tree)
{
	json_object_put(*tree);
	*tree = NULL;
}

/* A tree that the caller puts (OWN(json)). -EINVAL with the offset and the reason. */
int json_parse(const char *text, size_t len, struct json_object **ret_tree, struct err *err);
/* Appends compact text (no spaces, slashes not escaped), HTML characters as they are. */
void json_write(struct json_object *tree, struct buf *out);
/* Indented by four spaces, as `docker inspect` prints. */
void json_write_pretty(struct json_object *tree, struct buf *out);
/* Appends s as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD. Needs no json-c. */
void json_quote(const char *s, size_t len, struct buf *out);

#endif
