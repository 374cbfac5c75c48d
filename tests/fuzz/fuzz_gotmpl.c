/* fuzz_gotmpl.c - a template, a NUL, and the JSON it is run over */
#include "base/own.h"
#include "codec/gotmpl.h"
#include "codec/json.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const maps[] = { "Labels", "M", NULL };
	static const struct gotmpl_types types = { .name = "*T", .maps = maps };
	OWN(arena) struct arena a = ARENA_INIT;
	OWN(buf) struct buf out = { 0 };
	OWN(json) struct json_object *tree = NULL;
	const char *text = arena_strndup(&a, (const char *)data, size);
	size_t len = strlen(text);
	struct gotmpl *t;

	if (len < size)
		(void)json_parse(text + len + 1, size - len - 1, &tree, NULL);
	if (gotmpl_parse(text, &a, &t, NULL) == 0)
		(void)gotmpl_run(t, tree, &types, &out, NULL);
	return 0;
}
