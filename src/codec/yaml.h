/*
 * yaml.h - reading YAML that people write into the trees that JSON is read into
 *
 * YAML 1.2's core schema, as far as JSON has words for it: plain scalars are null, true, false,
 * numbers or text; quoted ones are text ("yes" and "no" are text, too). Refused: anchors and
 * aliases (a short text could stand for a huge one), tags, members twice, keys that are not text,
 * NULs, numbers that do not fit, more than 64 levels, documents or values without end.
 */
#ifndef CODEC_YAML_H
#define CODEC_YAML_H

#include "base/err.h"

#include <json-c/json.h>
#include <stddef.h>

enum { YAML_TEXT_MAX = 1 << 20, YAML_VALUES_MAX = 200000, YAML_DOCUMENTS_MAX = 1000 };

/*
 * All documents of a text (JSON is YAML, too) as a JSON array, which the caller puts; those without
 * any content are left out. -EINVAL with line and reason; -EFBIG.
 */
int yaml_parse(const char *text, size_t len, struct json_object **ret_list, struct err *err);

#endif
