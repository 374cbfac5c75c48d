/*
 * fuzz_schema.c - documents by table: hostile JSON and hostile packed bytes
 *
 * The first byte chooses the table and the form. Whatever is accepted must be written, read again
 * and packed without a difference.
 */
#include "base/own.h"
#include "codec/json.h"
#include "model/container.h"
#include "model/image_doc.h"
#include "model/shim_plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct schema *s, const void *obj, struct arena *a)
{
	OWN(buf) struct buf first = { 0 }, second = { 0 };
	const void *copy = schema_clone(s, obj, a);

	if (!copy)
		__builtin_trap();
	schema_write(s, obj, SCHEMA_FULL, &first);
	schema_write(s, copy, SCHEMA_FULL, &second);
	if (strcmp(buf_text(&first), buf_text(&second)) != 0)
		__builtin_trap();
}

static void read_again(const struct schema *s, const void *obj, struct arena *a)
{
	OWN(buf) struct buf first = { 0 }, second = { 0 };
	void *again = arena_alloc(a, s->size);
	struct err err = ERR_INIT;

	schema_write(s, obj, SCHEMA_COMPACT, &first);
	if (schema_read(s, buf_text(&first), first.len, a, again, &err) < 0)
		__builtin_trap();
	schema_write(s, again, SCHEMA_COMPACT, &second);
	if (strcmp(buf_text(&first), buf_text(&second)) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct schema *const schemas[] = { &container_schema, &image_config_schema,
							&image_doc_schema, &shim_plan_schema,
							&exec_plan_schema };
	OWN(arena) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	const struct schema *s;
	size_t used;
	void *obj;

	if (size == 0)
		return 0;
	s = schemas[data[0] / 2 % (sizeof(schemas) / sizeof(schemas[0]))];
	obj = arena_alloc(&a, s->size);
	if (data[0] % 2) {
		if (schema_unpack(s, data + 1, size - 1, &a, obj, &used) == 0)
			write_again(s, obj, &a);
	} else if (schema_read(s, (const char *)data + 1, size - 1, &a, obj, &err) == 0) {
		write_again(s, obj, &a);
		read_again(s, obj, &a);
	}
	return 0;
}
