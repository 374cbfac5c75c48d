/*
 * schema_known.c - documents described by tables: members that no table knows
 */
#include "base/own.h"
#include "codec/json.h"
#include "codec/schema.h"

static const struct field *find(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->n_fields; i++)
		if (str_eq(s->fields[i].name, name))
			return &s->fields[i];
	return NULL;
}

static int check(const struct schema *s, struct json_object *tree, const char *path,
		 struct err *err);

/* What stands below one member; only the kinds that hold structs hold names. */
static int check_member(const struct field *f, struct json_object *value, const char *path,
			struct err *err)
{
	int r = 0;

	if (!f->sub)
		return 0;
	if (f->kind == FIELD_LIST && json_object_is_type(value, json_type_array))
		for (size_t i = 0; r == 0 && i < json_object_array_length(value); i++)
			r = check(f->sub, json_object_array_get_idx(value, i), path, err);
	if (f->kind == FIELD_DICT && json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, item)
		{
			(void)key;
			if (r == 0)
				r = check(f->sub, item, path, err);
		}
	}
	if (f->kind == FIELD_OBJ || f->kind == FIELD_PTR)
		r = check(f->sub, value, path, err);
	return r;
}

static int check(const struct schema *s, struct json_object *tree, const char *path,
		 struct err *err)
{
	if (!json_object_is_type(tree, json_type_object))
		return 0;
	json_object_object_foreach(tree, key, value)
	{
		OWN(str) char *at = str_printf("%.200s%s%.100s", path, *path ? "." : "", key);
		const struct field *f = find(s, key);
		int r = f ? check_member(f, value, at, err)
			  : err_set(err, -EINVAL, "%s: there is no such setting", at);

		if (r < 0)
			return r;
	}
	return 0;
}

int schema_check_known(const struct schema *s, struct json_object *tree, struct err *err)
{
	return check(s, tree, "", err);
}
