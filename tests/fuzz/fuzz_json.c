/*
 * fuzz_json.c - untrusted JSON: what is read is written in a form that reads as the same
 */
#include "base/own.h"
#include "codec/json.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN(json) struct json_object *tree = NULL, *again = NULL;
	OWN(buf) struct buf text = { 0 }, pretty = { 0 }, quoted = { 0 };
	struct err err = ERR_INIT;

	json_quote((const char *)data, size, &quoted);
	if (size && !memchr(data, '\0', size)) {
		OWN(json) struct json_object *string = NULL;

		if (json_parse(buf_text(&quoted), quoted.len, &string, &err) < 0)
			__builtin_trap();
	}
	if (json_parse((const char *)data, size, &tree, &err) < 0)
		return 0;
	json_write(tree, &text);
	json_write_pretty(tree, &pretty);
	if (json_parse(buf_text(&pretty), pretty.len, &again, &err) < 0 ||
	    !json_object_equal(tree, again))
		__builtin_trap();
	return 0;
}
