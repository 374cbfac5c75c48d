/*
 * schema_pack.c - schema documents as flat bytes, for a program of the same build
 *
 * Members in the order of their rows. Numbers are varints (LEB128, signed ones zigzag), strings
 * are their length plus one (0 is NULL), the bytes, and a NUL, so that an unpacked string can
 * point into the data. Unpacking checks every bound and every number against its member: data of
 * a torn or foreign file fails, it does not crash.
 */
#include "codec/schema.h"

static void put_number(struct buf *out, uint64_t n)
{
	unsigned char bytes[10];
	size_t len = 0;

	do {
		bytes[len++] = (unsigned char)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
		n >>= 7;
	} while (n);
	buf_add(out, bytes, len);
}

static uint64_t zigzag(int64_t n)
{
	return ((uint64_t)n << 1) ^ (n < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t n)
{
	return (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
}

static void put_str(struct buf *out, const char *s)
{
	size_t len = s ? strlen(s) : 0;

	put_number(out, s ? len + 1 : 0);
	if (s)
		buf_add(out, s, len + 1);
}

static void pack_optional(const struct field *f, const void *m, struct buf *out)
{
	const void *value = *(void *const *)m;

	buf_addc(out, value ? 1 : 0);
	if (!value)
		return;
	if (f->kind == FIELD_OPT_BOOL)
		put_number(out, *(const bool *)value);
	else if (f->kind == FIELD_OPT_I64)
		put_number(out, zigzag(*(const int64_t *)value));
	else if (f->kind == FIELD_OPT_U64)
		put_number(out, *(const uint64_t *)value);
	else if (f->kind == FIELD_OPT_U32)
		put_number(out, *(const uint32_t *)value);
	else
		schema_pack(f->sub, value, out);
}

static void pack_items(const struct field *f, const struct list_any *l, struct buf *out)
{
	const char *item = l->items;

	put_number(out, l->n);
	for (size_t i = 0; i < l->n; i++) {
		if (f->kind == FIELD_STRV || f->kind == FIELD_SET) {
			put_str(out, ((const struct strv *)(const void *)l)->items[i]);
		} else if (f->kind == FIELD_MAP) {
			put_str(out, ((const struct str_map *)(const void *)l)->items[i].key);
			put_str(out, ((const struct str_map *)(const void *)l)->items[i].value);
		} else if (f->kind == FIELD_U32V) {
			put_number(out, ((const uint32_t *)l->items)[i]);
		} else {
			if (f->kind == FIELD_DICT)
				put_str(out, *(const char *const *)(const void *)item);
			schema_pack(f->sub, item, out);
			item += f->sub->size;
		}
	}
}

static void pack_field(const struct field *f, const void *m, struct buf *out)
{
	switch ((enum field_kind)f->kind) {
	case FIELD_BOOL:
		put_number(out, *(const bool *)m);
		break;
	case FIELD_INT:
	case FIELD_ENUM:
		put_number(out, zigzag(*(const int *)m));
		break;
	case FIELD_U32:
		put_number(out, *(const uint32_t *)m);
		break;
	case FIELD_I64:
	case FIELD_TIME:
		put_number(out, zigzag(*(const int64_t *)m));
		break;
	case FIELD_U64:
		put_number(out, *(const uint64_t *)m);
		break;
	case FIELD_F64:
		buf_add(out, m, sizeof(double));
		break;
	case FIELD_PAIR:
		put_number(out, zigzag(((const int64_t *)m)[0]));
		put_number(out, zigzag(((const int64_t *)m)[1]));
		break;
	case FIELD_STR:
	case FIELD_RAW:
		put_str(out, *(const char *const *)m);
		break;
	case FIELD_STRV:
	case FIELD_SET:
	case FIELD_MAP:
	case FIELD_LIST:
	case FIELD_DICT:
	case FIELD_U32V:
		pack_items(f, m, out);
		break;
	case FIELD_OBJ:
		schema_pack(f->sub, m, out);
		break;
	case FIELD_PTR:
	case FIELD_OPT_BOOL:
	case FIELD_OPT_I64:
	case FIELD_OPT_U64:
	case FIELD_OPT_U32:
		pack_optional(f, m, out);
		break;
	case FIELD_KINDS:
		break;
	}
}

void schema_pack(const struct schema *s, const void *obj, struct buf *out)
{
	for (size_t i = 0; i < s->n_fields; i++)
		pack_field(&s->fields[i], (const char *)obj + s->fields[i].offset, out);
}

/* -- unpacking -- */

struct input {
	const char *at, *end;
	struct arena *a;
	int depth;
};

enum { DEPTH_MAX = 32 };

static int get_number(struct input *in, uint64_t *ret)
{
	uint64_t n = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		unsigned char byte;

		if (in->at == in->end)
			return -EINVAL;
		byte = (unsigned char)*in->at++;
		if (shift == 63 && byte > 1)
			return -EINVAL;
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = n;
			return 0;
		}
	}
	return -EINVAL;
}

static int get_number_up_to(struct input *in, uint64_t most, uint64_t *ret)
{
	return get_number(in, ret) < 0 || *ret > most ? -EINVAL : 0;
}

static int get_str(struct input *in, const char **ret)
{
	uint64_t len;

	if (get_number(in, &len) < 0 || len > (uint64_t)(in->end - in->at))
		return -EINVAL;
	if (len == 0) {
		*ret = NULL;
		return 0;
	}
	if (in->at[len - 1] != '\0')
		return -EINVAL;
	*ret = in->at;
	in->at += len;
	return 0;
}

static int unpack_object(struct input *in, const struct schema *s, void *obj);

/* The largest number, as it is packed, that the member can hold. */
static uint64_t most_of(const struct field *f)
{
	uint64_t names = 0;

	switch ((enum field_kind)f->kind) {
	case FIELD_BOOL:
	case FIELD_OPT_BOOL:
		return 1;
	case FIELD_INT: /* zigzag has INT_MIN as the largest */
	case FIELD_U32:
	case FIELD_U32V:
	case FIELD_OPT_U32:
		return UINT32_MAX;
	case FIELD_ENUM:
		while (f->names[names])
			names++;
		return zigzag((int64_t)names - 1);
	case FIELD_I64:
	case FIELD_U64:
	case FIELD_F64:
	case FIELD_STR:
	case FIELD_STRV:
	case FIELD_MAP:
	case FIELD_TIME:
	case FIELD_OBJ:
	case FIELD_PTR:
	case FIELD_LIST:
	case FIELD_DICT:
	case FIELD_SET:
	case FIELD_OPT_I64:
	case FIELD_OPT_U64:
	case FIELD_RAW:
	case FIELD_PAIR:
	case FIELD_KINDS:
		break;
	}
	return UINT64_MAX;
}

static int unpack_optional(struct input *in, const struct field *f, void *m)
{
	uint64_t present, n = 0;
	void *value;

	if (get_number_up_to(in, 1, &present) < 0)
		return -EINVAL;
	if (!present)
		return 0;
	value = arena_alloc(in->a, f->kind == FIELD_PTR ? f->sub->size : sizeof(uint64_t));
	*(void **)m = value;
	if (f->kind == FIELD_PTR)
		return unpack_object(in, f->sub, value);
	if (get_number_up_to(in, most_of(f), &n) < 0)
		return -EINVAL;
	if (f->kind == FIELD_OPT_BOOL)
		*(bool *)value = n != 0;
	else if (f->kind == FIELD_OPT_I64)
		*(int64_t *)value = unzigzag(n);
	else if (f->kind == FIELD_OPT_U64)
		*(uint64_t *)value = n;
	else
		*(uint32_t *)value = (uint32_t)n;
	return 0;
}

static int unpack_strings(struct input *in, const struct field *f, size_t n, struct list_any *l)
{
	size_t per = f->kind == FIELD_MAP ? 2 : 1;
	/*
	 * Twice the room and one: strv_add() and str_map_set() expect a power of two and may
	 * append; behind the last item is a NULL, so that the array serves as argv.
	 */
	const char **items = arena_array(in->a, n * per * 2 + 1, sizeof(*items));

	for (size_t i = 0; i < n * per; i++) {
		/* Only a map's value may be NULL: in a list it would look like the end. */
		if (get_str(in, &items[i]) < 0 || (!items[i] && (per == 1 || i % 2 == 0)))
			return -EINVAL;
	}
	*l = (struct list_any){ n ? items : NULL, n };
	return 0;
}

static int unpack_numbers(struct input *in, const struct field *f, size_t n, struct list_any *l)
{
	uint32_t *items = arena_array(in->a, n, sizeof(*items));
	uint64_t number;

	for (size_t i = 0; i < n; i++) {
		if (get_number_up_to(in, most_of(f), &number) < 0)
			return -EINVAL;
		items[i] = (uint32_t)number;
	}
	*l = (struct list_any){ n ? items : NULL, n };
	return 0;
}

static int unpack_items(struct input *in, const struct field *f, struct list_any *l)
{
	size_t rows = f->sub && f->sub->n_fields ? f->sub->n_fields : 1;
	uint64_t n;
	char *item;

	/* Every row takes a byte at least, so a lying count cannot make us allocate much. */
	if (get_number_up_to(in, (uint64_t)(in->end - in->at) / rows, &n) < 0)
		return -EINVAL;
	if (f->kind == FIELD_STRV || f->kind == FIELD_SET || f->kind == FIELD_MAP)
		return unpack_strings(in, f, n, l);
	if (f->kind == FIELD_U32V)
		return unpack_numbers(in, f, n, l);
	item = arena_array(in->a, n, f->sub->size);
	*l = (struct list_any){ n ? item : NULL, n };
	for (uint64_t i = 0; i < n; i++, item += f->sub->size) {
		if (f->kind == FIELD_DICT && get_str(in, (const char **)(void *)item) < 0)
			return -EINVAL;
		if (unpack_object(in, f->sub, item) < 0)
			return -EINVAL;
	}
	return 0;
}

static int unpack_number(struct input *in, const struct field *f, void *m)
{
	uint64_t n;

	if (get_number_up_to(in, most_of(f), &n) < 0)
		return -EINVAL;
	if (f->kind == FIELD_ENUM && unzigzag(n) < 0)
		return -EINVAL;
	if (f->kind == FIELD_BOOL)
		*(bool *)m = n != 0;
	else if (f->kind == FIELD_INT || f->kind == FIELD_ENUM)
		*(int *)m = (int)unzigzag(n);
	else if (f->kind == FIELD_U32)
		*(uint32_t *)m = (uint32_t)n;
	else if (f->kind == FIELD_U64)
		*(uint64_t *)m = n;
	else
		*(int64_t *)m = unzigzag(n);
	return 0;
}

static int unpack_pair(struct input *in, int64_t *m)
{
	uint64_t a, b;

	if (get_number(in, &a) < 0 || get_number(in, &b) < 0)
		return -EINVAL;
	m[0] = unzigzag(a);
	m[1] = unzigzag(b);
	return 0;
}

static int unpack_field(struct input *in, const struct field *f, void *m)
{
	switch ((enum field_kind)f->kind) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_ENUM:
	case FIELD_U32:
	case FIELD_I64:
	case FIELD_U64:
	case FIELD_TIME:
		return unpack_number(in, f, m);
	case FIELD_F64:
		if ((size_t)(in->end - in->at) < sizeof(double))
			return -EINVAL;
		memcpy(m, in->at, sizeof(double));
		in->at += sizeof(double);
		return 0;
	case FIELD_PAIR:
		return unpack_pair(in, m);
	case FIELD_STR:
	case FIELD_RAW:
		return get_str(in, m);
	case FIELD_STRV:
	case FIELD_SET:
	case FIELD_MAP:
	case FIELD_LIST:
	case FIELD_DICT:
	case FIELD_U32V:
		return unpack_items(in, f, m);
	case FIELD_OBJ:
		return unpack_object(in, f->sub, m);
	case FIELD_PTR:
	case FIELD_OPT_BOOL:
	case FIELD_OPT_I64:
	case FIELD_OPT_U64:
	case FIELD_OPT_U32:
		return unpack_optional(in, f, m);
	case FIELD_KINDS:
		break;
	}
	return -EINVAL;
}

static int unpack_object(struct input *in, const struct schema *s, void *obj)
{
	int res = 0;

	if (++in->depth > DEPTH_MAX)
		return -EINVAL;
	for (size_t i = 0; i < s->n_fields && res == 0; i++)
		res = unpack_field(in, &s->fields[i], (char *)obj + s->fields[i].offset);
	in->depth--;
	return res;
}

int schema_unpack(const struct schema *s, const void *data, size_t len, struct arena *a, void *obj,
		  size_t *ret_used)
{
	struct input in = { data, (const char *)data + len, a, 0 };

	memset(obj, 0, s->size);
	if (unpack_object(&in, s, obj) < 0) {
		memset(obj, 0, s->size);
		return -EINVAL;
	}
	*ret_used = (size_t)(in.at - (const char *)data);
	return 0;
}

void *schema_clone(const struct schema *s, const void *obj, struct arena *a)
{
	struct buf packed = { 0 };
	void *copy = arena_alloc(a, s->size);
	size_t used;

	schema_pack(s, obj, &packed);
	if (schema_unpack(s, arena_memdup(a, buf_text(&packed), packed.len + 1), packed.len, a,
			  copy, &used) < 0)
		copy = NULL;
	buf_done(&packed);
	return copy;
}
